//! Sources and buckets that fail.

use adapters::{
    aws,
    store::Meter,
    sync::{Pause, Settings},
};
use domain::assets::AssetId;
use mirror::{Bucket, MirrorError, Outcome};
use tests::free_address;

use super::support::{Studio, sprite, timeless};
use crate::stand_in::Fault;

#[tokio::test]
async fn a_bad_picture_is_reported_and_its_neighbours_are_stored() {
    let studio = Studio::new().await;
    for (path, bytes) in [
        ("/sprites/pokemon/1.png", b"<html>not a picture</html>".to_vec()),
        ("/sprites/pokemon/2.png", vec![0; 5 << 20]),
        ("/cries/pokemon/latest/1.ogg", media::fixtures::sprite(40, 40)),
    ] {
        studio.pokeapi.put_file(path, Some(bytes));
    }
    let tally = studio.run().await;
    assert_eq!((tally.rejected, tally.failed), (3, 0));
    let failures = studio.state().await.failures;
    let reasons: Vec<(&str, &str)> = failures.iter().map(|f| (f.path.as_str(), f.reason.as_str())).collect();
    assert_eq!(failures.len(), 3, "{reasons:?}");
    assert!(reasons.contains(&("pokemon/2.png", "it is larger than 4194304 bytes")), "{reasons:?}");
    let manifest = studio.manifest().await;
    let rejected = &manifest[&sprite("pokemon/1.png")];
    assert!(rejected.files.is_empty() && rejected.rejected.is_some());
    assert_eq!(studio.stored(), studio.named().await);

    studio.pokeapi.reset_log();
    studio.run().await;
    assert_eq!(studio.pokeapi.requests(), [], "it is asked for again with the others, after a week");
}

#[tokio::test]
async fn a_bad_version_does_not_replace_a_good_one() {
    let studio = Studio::new().await;
    studio.run().await;
    let files = studio.manifest().await[&sprite("pokemon/1.png")].files.clone();
    studio.pokeapi.put_file("/sprites/pokemon/1.png", Some(b"GIF89a".to_vec()));
    studio.age().await;
    assert_eq!(studio.run().await.rejected, 1);
    let asset = studio.manifest().await[&sprite("pokemon/1.png")].clone();
    assert_eq!(asset.files, files);
    assert!(asset.rejected.is_some());
}

#[tokio::test]
async fn a_redirect_is_not_followed_to_another_host() {
    let studio = Studio::new().await;
    let elsewhere = Studio::new().await;
    let to = format!("{}/sprites/pokemon/1.png", elsewhere.pokeapi.origin());
    studio.pokeapi.always("/sprites/pokemon/1.png", Fault::Redirect(to));
    assert_eq!(studio.run().await.rejected, 1);
    assert_eq!(elsewhere.pokeapi.requests(), []);
}

#[tokio::test]
async fn transient_errors_are_repeated_and_what_fails_is_left_to_the_next_run() {
    let studio = Studio::new().await;
    let broken = [Fault::Status(500), Fault::DropConnection, Fault::CutBody, Fault::Status(503)];
    studio.pokeapi.script("/sprites/pokemon/1.png", broken[..1].to_vec());
    studio.pokeapi.script("/sprites/pokemon/2.png", broken.to_vec());
    studio.pokeapi.script("/sprites/pokemon/3.png", vec![Fault::RetryAfter(429, "0".to_owned())]);
    let tally = studio.run().await;
    assert_eq!((tally.failed, tally.rejected), (1, 0));
    assert_eq!(studio.state().await.failures[0].path, "pokemon/2.png");
    let undisturbed = Studio::new().await;
    undisturbed.run().await;
    assert_eq!(studio.run().await.failed, 1, "two more attempts meet the last two faults");
    assert_eq!(studio.run().await.stored, 1);
    assert_eq!(timeless(studio.manifest().await), timeless(undisturbed.manifest().await));
}

#[tokio::test]
async fn a_refused_request_is_repeated_by_the_next_run() {
    let studio = Studio::new().await;
    studio.pokeapi.script("/sprites/pokemon/1.png", vec![Fault::Status(403)]);
    let tally = studio.run().await;
    assert_eq!((tally.failed, tally.rejected, tally.gone), (1, 0, 0));
    assert_eq!(studio.run().await.stored, 1);
}

#[tokio::test]
async fn a_bucket_that_was_emptied_is_filled_again() {
    let studio = Studio::new().await;
    let first = studio.run().await;
    let files = studio.bucket.files();
    studio.bucket.empty();
    assert_eq!(studio.stored().len(), 0);
    let again = studio.run().await;
    assert_eq!((again.stored, again.files), (first.stored, first.files));
    assert_eq!(studio.bucket.files(), files);
}

#[tokio::test]
async fn a_source_that_is_down_pauses_the_run() {
    let studio = Studio::new().await;
    let facts = studio.store.facts(&Meter::default()).await.expect("facts").facts;
    for id in AssetId::of(&facts) {
        studio.pokeapi.always(&format!("/{}/{}", id.kind.folder(), id.path), Fault::Status(503));
    }
    match studio.try_run(&Settings::new("test")).await.expect("a pause is not an error") {
        Outcome::Paused { because: Pause::SourceDown, tally, .. } => assert_eq!(tally.failed, 10),
        other => panic!("{other:?}"),
    }
    studio.pokeapi.behave();
    studio.run().await;
    assert_eq!(studio.stored(), studio.named().await);
}

#[tokio::test]
async fn a_source_that_asks_for_a_long_pause_is_left_alone_by_the_next_runs() {
    let studio = Studio::new().await;
    studio.pokeapi.always("/sprites/pokemon/1.png", Fault::RetryAfter(429, "3600".to_owned()));
    for _ in 0..2 {
        match studio.try_run(&Settings::new("test")).await.expect("a pause is not an error") {
            Outcome::Paused { because: Pause::RetryAfter { until }, .. } => {
                assert!(until.seconds_from(adapters::now()) > 3500);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(studio.pokeapi.count("/sprites/pokemon/1.png"), 1);
}

#[tokio::test]
async fn a_bucket_that_fails_ends_the_run_and_the_next_one_completes_it() {
    let studio = Studio::new().await;
    let nowhere = aws::s3_at(&format!("http://{}", free_address()));
    let missing = Bucket { client: nowhere, ..studio.bucket.assets() };
    let (meter, source) = (Meter::default(), studio.source());
    let settings = Settings::new("test");
    let ended = mirror::run(&studio.store, &meter, &source, &missing, &settings, &mut |_| {}).await;
    match ended {
        Err(MirrorError::Bucket(error)) => assert!(error.to_string().contains("PutObject"), "{error}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(studio.named().await.len(), 0);
    let reason = studio.state().await.error.expect("administrators see the error").reason;
    assert!(reason.contains("PutObject"), "{reason}");
    studio.run().await;
    assert_eq!(studio.stored(), studio.named().await);
    let good = studio.state().await;
    assert_eq!(good.error, None, "a good run clears it");
    studio.age().await;
    let missing =
        Bucket { client: aws::s3_at(&format!("http://{}", free_address())), ..studio.bucket.assets() };
    let ended = mirror::run(&studio.store, &meter, &source, &missing, &settings, &mut |_| {}).await;
    assert!(ended.is_err());
    let failed = studio.state().await;
    assert!(failed.error.is_some());
    assert_eq!((failed.last, failed.totals), (good.last, good.totals), "an error replaces nothing else");
}
