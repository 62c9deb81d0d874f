//! Undisturbed runs.

use std::{collections::BTreeSet, time::Duration};

use adapters::{
    now,
    store::{CatalogStore, Key, Meter},
    sync::Settings,
};
use api::jobs;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    assets::{AssetId, Format, Pictures},
    facts::AssetKind,
};
use mirror::{IMMUTABLE, MirrorError, Outcome};
use serde_json::{Value, json};
use tests::put_raw;

use super::support::{Studio, sprite, timeless};

#[tokio::test]
async fn a_run_stores_every_file_and_the_next_one_asks_for_nothing() {
    let studio = Studio::new().await;
    let tally = studio.run().await;
    let facts = studio.store.facts(&Meter::default()).await.expect("facts").facts;
    let wanted: BTreeSet<AssetId> = AssetId::of(&facts).collect();
    let manifest = studio.manifest().await;
    assert!(wanted.len() > 100, "the small world has {} assets", wanted.len());
    assert_eq!(manifest.keys().cloned().collect::<BTreeSet<_>>(), wanted);
    assert_eq!((tally.stored, tally.failed, tally.rejected, tally.gone), (wanted.len(), 0, 0, 0));
    assert_eq!(
        studio.stored(),
        studio.named().await,
        "the bucket has what the manifest names, and nothing else"
    );
    assert_eq!(tally.files, studio.bucket.puts());
    let kinds = [AssetKind::FrontDefault, AssetKind::OfficialArtwork, AssetKind::Home, AssetKind::Cry];
    for kind in kinds {
        assert!(manifest.iter().any(|(id, asset)| id.kind == kind && !asset.files.is_empty()), "{kind:?}");
    }

    studio.pokeapi.reset_log();
    let again = studio.run().await;
    assert_eq!((again.stored, again.unchanged), (0, 0));
    assert_eq!(studio.pokeapi.requests(), []);
    assert_eq!(studio.bucket.puts(), tally.files);
}

#[tokio::test]
async fn a_file_has_its_media_type_and_never_changes() {
    let studio = Studio::new().await;
    studio.run().await;
    let manifest = studio.manifest().await;
    let bucket = studio.bucket.assets();
    let mut formats = BTreeSet::new();
    for (id, file) in manifest.iter().flat_map(|(id, asset)| asset.files.iter().map(move |file| (id, file))) {
        if !formats.insert(file.format) {
            continue;
        }
        let head = bucket
            .client
            .head_object()
            .bucket(&bucket.name)
            .key(file.key(id))
            .send()
            .await
            .expect("an object");
        assert_eq!(head.content_type(), Some(file.format.media_type()));
        assert_eq!(head.cache_control(), Some(IMMUTABLE));
    }
    assert!(formats.is_superset(&[Format::Png, Format::WebP, Format::Ogg].into()), "{formats:?}");
}

#[tokio::test]
async fn after_a_week_each_asset_is_asked_for_once_and_only_changes_are_stored() {
    let studio = Studio::new().await;
    let first = studio.run().await;
    let before = studio.manifest().await;
    studio.age().await;
    let changed = sprite("pokemon/1.png");
    studio.pokeapi.put_file("/sprites/pokemon/1.png", Some(media::fixtures::sprite(96, 96)));
    studio.pokeapi.reset_log();
    let tally = studio.run().await;
    assert_eq!((tally.stored, tally.unchanged), (1, first.stored - 1));
    let requests = studio.pokeapi.requests();
    assert_eq!(requests.len(), first.stored);
    assert!(requests.iter().all(|seen| seen.if_none_match.is_some()), "every request is conditional");
    let after = studio.manifest().await;
    assert_ne!(after[&changed].files, before[&changed].files);
    for file in &before[&changed].files {
        assert!(
            studio.stored().contains_key(&file.key(&changed)),
            "a page may still show the former picture"
        );
    }
    let (mut before, mut after) = (timeless(before), timeless(after));
    assert!(before.remove(&changed).is_some() && after.remove(&changed).is_some());
    assert_eq!(after, before);
}

#[tokio::test]
async fn an_asset_that_disappears_stays_for_thirty_days() {
    let studio = Studio::new().await;
    studio.run().await;
    let gone = sprite("pokemon/1.png");
    let files = studio.manifest().await[&gone].files.clone();
    studio.pokeapi.put_file("/sprites/pokemon/1.png", None);
    studio.age().await;
    let tally = studio.run().await;
    assert_eq!((tally.gone, tally.failed), (1, 0));
    let asset = studio.manifest().await[&gone].clone();
    assert_eq!(asset.files, files);
    let since = asset.gone_since.expect("it is marked");
    studio
        .edit(|id, asset| {
            if *id == gone {
                asset.gone_since = Some(since.plus(-31 * 86_400));
            }
        })
        .await;
    studio.age().await;
    studio.run().await;
    let asset = studio.manifest().await[&gone].clone();
    assert_eq!(asset.files, [], "its files are not published any more");

    studio.pokeapi.put_file("/sprites/pokemon/1.png", Some(media::fixtures::sprite(40, 40)));
    studio.age().await;
    assert_eq!(studio.run().await.stored, 1, "it may come back");
    assert_eq!(studio.manifest().await[&gone].gone_since, None);
}

#[tokio::test]
async fn another_version_of_the_processing_fetches_everything_again() {
    let studio = Studio::new().await;
    let first = studio.run().await;
    studio.edit(|_, asset| asset.version -= 1).await;
    studio.pokeapi.reset_log();
    let tally = studio.run().await;
    assert_eq!((tally.stored, tally.files), (first.stored, 0), "the same content is stored already");
    assert!(studio.pokeapi.requests().iter().all(|seen| seen.if_none_match.is_none()));
}

#[tokio::test]
async fn a_deadline_pauses_a_run_and_the_next_one_continues() {
    let studio = Studio::new().await;
    let mut settings = Settings::new("test");
    settings.deadline = Some(tokio::time::Instant::now());
    match studio.try_run(&settings).await.expect("a pause is not an error") {
        Outcome::Paused { left, tally, .. } => assert!(left > Some(100) && tally.stored == 0, "{left:?}"),
        finished => panic!("the run finished: {finished:?}"),
    }
    assert_eq!(studio.pokeapi.requests(), []);
    assert!(!studio.state().await.last.expect("it is recorded").is_complete);
    studio.run().await;
    assert!(studio.state().await.last.expect("it is recorded").is_complete);
}

#[tokio::test]
async fn only_one_run_works_at_a_time() {
    let studio = Studio::new().await;
    studio.pokeapi.slow_down(Duration::from_millis(20));
    let (one, two) = (Settings::new("one"), Settings::new("two"));
    let (one, two) = tokio::join!(studio.try_run(&one), studio.try_run(&two));
    let busy = [&one, &two].into_iter().filter(|run| matches!(run, Err(MirrorError::Busy(_)))).count();
    assert_eq!(busy, 1, "{one:?} {two:?}");
    assert_eq!(studio.stored(), studio.named().await);
}

#[tokio::test]
async fn a_lost_part_of_the_manifest_is_mirrored_again() {
    let studio = Studio::new().await;
    studio.run().await;
    let (puts, whole) = (studio.bucket.puts(), studio.manifest().await);
    let key = Key::assets_block(AssetKind::FrontDefault, 0);
    put_raw(&studio.store, &key, &[("body", AttributeValue::S("{".to_owned()))]).await;
    let lost = whole.len() - studio.manifest().await.len();
    assert!(lost > 0);
    assert_eq!(studio.run().await.stored, lost);
    assert!(studio.bucket.puts() > puts);
    assert_eq!(timeless(studio.manifest().await), timeless(whole));
}

#[tokio::test]
async fn the_job_does_nothing_while_pictures_are_not_mirrored_or_a_run_was_recent() {
    let studio = Studio::new().await;
    let meter = Meter::default();
    let mirrored = studio.store.clone().with_pictures(Pictures::Mirrored { base: "/".to_owned() });
    let (source, bucket) = (studio.source(), studio.bucket.assets());
    let job = async |store: &CatalogStore, event: Value| {
        let done = jobs::mirror::mirror(store, &source, &bucket, 3600, &event, &meter).await;
        done.expect("no error")["outcome"].clone()
    };
    assert_eq!(job(&studio.store, json!({})).await, "off");
    assert_eq!(job(&studio.store, json!({"task": "mirror"})).await, "off");
    let orphans = jobs::orphans::delete(&studio.store, &bucket, &json!({}), &meter).await.expect("no error");
    assert_eq!(orphans["outcome"], "off");
    assert_eq!((studio.pokeapi.requests().len(), studio.stored().len()), (0, 0));
    assert_eq!(job(&mirrored, json!({})).await, "finished");
    studio.bucket.empty();
    assert_eq!(job(&mirrored, json!({})).await, "fresh");
    assert_eq!(studio.stored().len(), 0);
    assert_eq!(job(&mirrored, json!({"task": "mirror"})).await, "finished");
    assert_eq!(studio.stored(), studio.named().await, "lost files are stored again at once");
    let lease = studio.store.take_mirror_lease(&meter, "another run".to_owned(), 60, now()).await;
    assert!(lease.is_ok());
    assert_eq!(job(&mirrored, json!({"task": "mirror"})).await, "busy");
}
