//! `--sync --assets`: mirrored pictures on one machine.

use std::time::{Duration, Instant};

use domain::assets::AssetId;
use mirror::IMMUTABLE;
use tests::facts;
use tokio::time::sleep;

use super::{
    catalogue::filled,
    process::{Process, get},
    sync::source,
};

#[tokio::test]
async fn an_interrupted_mirror_keeps_its_pictures_and_the_next_start_serves_them() {
    let source = source().await;
    let folder = filled().await;
    let arguments = [
        "--sync",
        "--assets",
        "--sync-rate",
        "0",
        "--pokeapi",
        &source.base_url(),
        "--assets-source",
        source.origin(),
    ];
    let process = Process::on(folder.path(), &arguments);
    let wanted: Vec<AssetId> = AssetId::of(facts()).collect();
    assert!(wanted.len() > 5000);
    let asked = || source.requests().iter().filter(|seen| seen.path.starts_with("/sprites/")).count();
    let begun = Instant::now();
    while asked() < 400 {
        assert!(begun.elapsed() < Duration::from_secs(300), "the mirror does not begin: {:?}", process.err());
        sleep(Duration::from_millis(20)).await;
    }
    let err = process.interrupt().await.err;
    assert!(err.iter().any(|line| line.starts_with("assets: stopped with ")), "{err:?}");

    let mut process = Process::on(folder.path(), &[]);
    let base = process.ready().await;
    let bulbasaur = get(&base, "/api/v1/pokemon/1").await.json();
    let front = bulbasaur["sprites"]["front_default"].as_str().expect("an address");
    assert!(front.starts_with("/assets/front_default/1-"), "{front}");
    let files = bulbasaur["images"]["front_default"].as_array().expect("files");
    assert_eq!(files[0]["url"], front);
    assert_eq!(files[1]["type"], "image/webp");
    let listed = get(&base, "/api/v1/pokemon?ids=1").await.json();
    assert_eq!(listed["pokemon"][0]["images"]["front_default"][0], files[1], "a list has small pictures");

    let png = get(&base, front).await;
    assert_eq!(png.status, 200);
    assert_eq!(png.headers["content-type"], "image/png");
    assert_eq!(png.headers["cache-control"], IMMUTABLE);
    assert!(png.body.starts_with(b"\x89PNG"));
    let policy = png.headers["content-security-policy"].to_str().expect("text");
    assert!(policy.contains("default-src 'none'"));
    let head = reqwest::Client::new().head(format!("{base}{front}")).send().await.expect("an answer");
    assert_eq!(head.status(), 200);
    assert_eq!(head.bytes().await.expect("a body").len(), 0);
    let missing = get(&base, "/assets/front_default/1-0000000000.png").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["code"], "not_found");
    assert_eq!(get(&base, "/assets/front_default/.1.png").await.status, 404);
    assert_eq!(get(&base, "/config.json").await.json()["assets"], "/assets/");
    process.interrupt().await;
}
