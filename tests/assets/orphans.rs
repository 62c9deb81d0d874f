//! Files that no asset has any more.

use std::{collections::BTreeMap, time::Duration};

use adapters::{
    now,
    store::{CatalogStore, Key, Meter, Pointer},
    sync::{self, Settings},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Timestamp, assets::Pictures};
use mirror::{Collected, MirrorError, collect};
use tests::put_raw;
use tokio::time::timeout;

use super::support::Studio;

const DAY: i64 = 86_400;

fn in_days(days: i64) -> Timestamp {
    now().plus(days * DAY)
}

/// A mirror whose published catalogue has the addresses of its files.
struct Published {
    studio: Studio,
    store: CatalogStore,
}

impl Published {
    async fn new() -> Self {
        let studio = Studio::new().await;
        studio.run().await;
        let store = studio.store.clone().with_pictures(Pictures::Mirrored { base: "/".to_owned() });
        let published = Self { studio, store };
        published.publish().await;
        published
    }

    async fn publish(&self) {
        let done = sync::republish(&self.store, &Meter::default(), "test", now()).await;
        done.expect("a publication").expect("something to publish");
    }

    /// Replaces the files of `count` assets at the source, and mirrors the new ones. Returns the former files.
    async fn replace(&self, count: usize) -> Vec<String> {
        let before = self.studio.named().await;
        let paths: Vec<String> = self.studio.manifest().await.keys().map(|id| id.path.clone()).collect();
        let sprites = paths.iter().filter(|path| path.ends_with(".png") && !path.contains("other/"));
        for (nth, path) in sprites.take(count).enumerate() {
            let other = media::fixtures::sprite(40 + u32::try_from(nth).expect("few"), 40);
            self.studio.pokeapi.put_file(&format!("/sprites/{path}"), Some(other));
        }
        self.studio.age().await;
        self.studio.run().await;
        let after = self.studio.named().await;
        before.into_keys().filter(|key| !after.contains_key(key)).collect()
    }

    async fn collect(&self, at: Timestamp) -> Result<Collected, MirrorError> {
        collect(&self.store, &Meter::default(), &self.studio.bucket.assets(), "test", at).await
    }

    async fn assert_whole(&self) {
        let stored = self.studio.stored();
        let named = self.studio.named().await;
        assert!(named.keys().all(|key| stored.contains_key(key)), "a file that is named is gone");
    }
}

#[tokio::test]
async fn a_file_that_no_asset_has_is_deleted_after_thirty_days() {
    let world = Published::new().await;
    let files = world.studio.stored().len();
    assert_eq!(
        world.collect(in_days(400)).await.expect("no error"),
        Collected::Done { files, orphans: 0, deleted: 0 },
        "files that are named never become old"
    );
    let former = world.replace(3).await;
    assert!(former.len() >= 3, "{former:?}");
    assert_eq!(world.collect(in_days(100)).await.expect("no error"), Collected::Waiting);
    world.publish().await;
    let (files, orphans) = (world.studio.stored().len(), former.len());
    for days in [0, 29] {
        let collected = world.collect(in_days(days)).await.expect("no error");
        assert_eq!(collected, Collected::Done { files, orphans, deleted: 0 }, "after {days} days");
    }
    let collected = world.collect(in_days(30)).await.expect("no error");
    assert_eq!(collected, Collected::Done { files, orphans: 0, deleted: orphans });
    assert_eq!(world.studio.stored(), world.studio.named().await);
    let again = world.collect(in_days(31)).await.expect("no error");
    assert_eq!(again, Collected::Done { files: files - orphans, orphans: 0, deleted: 0 });
}

#[tokio::test]
async fn a_file_that_is_named_again_is_no_orphan_any_more() {
    let world = Published::new().await;
    let manifest = world.studio.manifest().await;
    world.studio.edit(|_, asset| asset.files.clear()).await;
    world.publish().await;
    world.collect(now()).await.expect("no error");
    world.studio.edit(|id, asset| asset.files = manifest[id].files.clone()).await;
    world.publish().await;
    let files = world.studio.stored().len();
    let done = |orphans| Collected::Done { files, orphans, deleted: 0 };
    assert_eq!(world.collect(in_days(40)).await.expect("no error"), done(0));
    world.studio.edit(|_, asset| asset.files.clear()).await;
    world.publish().await;
    assert_eq!(world.collect(in_days(41)).await.expect("no error"), done(files), "its time begins again");
}

#[tokio::test]
async fn a_part_of_the_manifest_that_cannot_be_read_keeps_every_file() {
    let world = Published::new().await;
    let former = world.replace(2).await;
    world.publish().await;
    world.collect(now()).await.expect("no error");
    let block = Key { pk: "ASSETS".to_owned(), sk: "front_default#00001".to_owned() };
    put_raw(&world.store, &block, &[("body", AttributeValue::S("not JSON".to_owned()))]).await;
    assert_eq!(world.collect(in_days(40)).await.expect("no error"), Collected::Waiting);
    let stored = world.studio.stored();
    assert!(former.iter().all(|key| stored.contains_key(key)));
}

#[tokio::test]
async fn a_list_of_orphans_that_cannot_be_read_begins_again() {
    let world = Published::new().await;
    let orphans = world.replace(2).await.len();
    world.publish().await;
    world.collect(now()).await.expect("no error");
    let bucket = world.studio.bucket.assets();
    let body = b"not JSON".to_vec().into();
    let put = bucket.client.put_object().bucket(&bucket.name).key("orphans.json").body(body).send().await;
    put.expect("it is stored");
    let files = world.studio.stored().len();
    let done = |orphans, deleted| Collected::Done { files, orphans, deleted };
    assert_eq!(world.collect(in_days(40)).await.expect("no error"), done(orphans, 0));
    assert_eq!(world.collect(in_days(70)).await.expect("no error"), done(0, orphans));
}

#[tokio::test]
async fn a_time_in_the_future_is_not_used() {
    let world = Published::new().await;
    let orphans = world.replace(2).await.len();
    world.publish().await;
    world.collect(in_days(400)).await.expect("no error");
    let files = world.studio.stored().len();
    let done = |orphans, deleted| Collected::Done { files, orphans, deleted };
    assert_eq!(world.collect(now()).await.expect("no error"), done(orphans, 0), "the clock was corrected");
    assert_eq!(world.collect(in_days(29)).await.expect("no error"), done(orphans, 0));
    assert_eq!(world.collect(in_days(31)).await.expect("no error"), done(0, orphans));
}

#[tokio::test]
async fn nothing_is_deleted_while_a_publication_or_a_run_is_not_complete() {
    let world = Published::new().await;
    world.replace(2).await;
    world.publish().await;
    world.collect(now()).await.expect("no error");
    let meter = Meter::default();
    let pointer = world.store.index_pointer(&meter).await.expect("a read").expect("a pointer");
    let partial = Pointer { is_partial: true, ..pointer.clone() };
    world.store.swap_index(&meter, Some(&pointer.version), &partial).await.expect("no error");
    assert_eq!(world.collect(in_days(40)).await.expect("no error"), Collected::Waiting);
    world.store.swap_index(&meter, Some(&pointer.version), &pointer).await.expect("no error");
    world.studio.age().await;
    let stopped = Settings { deadline: Some(tokio::time::Instant::now()), ..Settings::new("test") };
    world.studio.try_run(&stopped).await.expect("no error");
    assert_eq!(world.collect(in_days(40)).await.expect("no error"), Collected::Waiting);
    world.studio.run().await;
    assert!(matches!(
        world.collect(in_days(40)).await.expect("no error"),
        Collected::Done { deleted: 1.., .. }
    ));
}

#[tokio::test]
async fn more_files_than_have_an_asset_are_not_deleted() {
    let world = Published::new().await;
    world.studio.edit(|_, asset| asset.files.clear()).await;
    world.publish().await;
    world.collect(now()).await.expect("no error");
    let before = world.studio.stored();
    let refused = world.collect(in_days(40)).await.expect_err("too many").to_string();
    assert!(refused.ends_with("files would be deleted, and only 0 have an asset"), "{refused}");
    assert_eq!(world.studio.stored(), before);
}

#[tokio::test]
async fn a_run_of_the_mirror_and_a_collection_exclude_each_other() {
    let world = Published::new().await;
    let lease = world.store.take_mirror_lease(&Meter::default(), "a run".to_owned(), 60, now()).await;
    assert!(lease.is_ok());
    assert!(matches!(world.collect(now()).await, Err(MirrorError::Busy(_))));
}

#[tokio::test]
async fn a_killed_collection_is_completed_by_the_next() {
    let world = Published::new().await;
    let former = world.replace(3).await;
    world.publish().await;
    world.collect(now()).await.expect("no error");
    let mut kills = 0;
    for millis in 0.. {
        let attempt = timeout(Duration::from_millis(millis), world.collect(in_days(31))).await;
        world.assert_whole().await;
        if let Ok(collected) = attempt {
            collected.expect("no error");
            break;
        }
        kills += 1;
    }
    assert!(kills > 1, "{kills} attempts were ended early");
    let stored: BTreeMap<String, usize> = world.studio.stored();
    assert!(former.iter().all(|key| !stored.contains_key(key)));
    assert_eq!(stored, world.studio.named().await);
}
