//! Mirrors for tests: the stand-in's files, a separate table and bucket.

use std::{collections::BTreeMap, time::Duration};

use adapters::{
    pokeapi::{AssetSource, Config},
    store::{AssetLedger, CatalogStore, Meter},
    sync::Settings,
};
use domain::{
    Timestamp,
    assets::{Asset, AssetId, Manifest},
    facts::AssetKind,
};
use mirror::{MirrorError, MirrorState, Outcome, Tally};
use tests::Bucket;

use crate::{
    stand_in::StandIn,
    sync::support::{small, synced},
};

/// A catalogue of the small world, and an empty bucket.
pub struct Studio {
    pub pokeapi: StandIn,
    pub store: CatalogStore,
    pub bucket: Bucket,
}

impl Studio {
    pub async fn new() -> Self {
        let pokeapi = small().await;
        let store = synced(&pokeapi).await;
        pokeapi.reset_log();
        Self { pokeapi, store, bucket: Bucket::new().await }
    }

    pub fn source(&self) -> AssetSource {
        let mut config = Config::new(self.pokeapi.origin());
        config.per_minute = 0;
        config.attempts = 2;
        config.backoff = Duration::from_millis(2);
        config.timeout = Duration::from_secs(5);
        AssetSource::new(config).expect("an address on this machine")
    }

    pub async fn try_run(&self, settings: &Settings) -> Result<Outcome, MirrorError> {
        let (meter, source, bucket) = (Meter::default(), self.source(), self.bucket.assets());
        mirror::run(&self.store, &meter, &source, &bucket, settings, &mut |_| {}).await
    }

    /// A run that asks for everything that is due.
    pub async fn run(&self) -> Tally {
        match self.try_run(&Settings::new("test")).await.expect("the run ends well") {
            Outcome::Finished { tally } => tally,
            paused => panic!("the run did not finish: {paused:?}"),
        }
    }

    pub async fn manifest(&self) -> Manifest {
        self.store.assets(&Meter::default()).await.expect("the manifest is readable").manifest().clone()
    }

    pub async fn state(&self) -> MirrorState {
        let stored = self.store.mirror_state(&Meter::default()).await.expect("the state is readable");
        MirrorState::read(&stored.body)
    }

    /// Changes every entry of the manifest.
    pub async fn edit(&self, change: impl Fn(&AssetId, &mut Asset)) {
        self.edit_ledger(|ledger| {
            for (id, mut asset) in ledger.manifest().clone() {
                change(&id, &mut asset);
                ledger.record(id, asset);
            }
        })
        .await;
    }

    async fn edit_ledger(&self, change: impl FnOnce(&mut AssetLedger)) {
        let meter = Meter::default();
        let mut ledger = self.store.assets(&meter).await.expect("the manifest is readable");
        change(&mut ledger);
        let now = adapters::now();
        let lease = self.store.take_mirror_lease(&meter, "an edit".to_owned(), 60, now).await;
        let lease = lease.expect("no run is under way");
        self.store.put_assets(&meter, &lease, &mut ledger).await.expect("a write");
        self.store.end_lease(&meter, &lease).await.expect("the lease is given back");
    }

    /// Removes every asset from the manifest.
    pub async fn forget(&self) {
        self.edit_ledger(|ledger| {
            for id in ledger.manifest().keys().cloned().collect::<Vec<_>>() {
                ledger.remove(&id);
            }
        })
        .await;
    }

    /// Makes every asset due.
    pub async fn age(&self) {
        self.edit(|_, asset| asset.checked_at = Timestamp::from_unix(1_000_000_000)).await;
    }

    /// The keys of the files that the manifest names, with their sizes.
    pub async fn named(&self) -> BTreeMap<String, usize> {
        named(&self.manifest().await)
    }

    /// The objects of the bucket, with their sizes.
    pub fn stored(&self) -> BTreeMap<String, usize> {
        self.bucket
            .files()
            .into_iter()
            .filter(|(key, _)| key.starts_with("assets/"))
            .map(|(key, bytes)| (key, bytes.len()))
            .collect()
    }
}

/// The front sprite at `path`.
pub fn sprite(path: &str) -> AssetId {
    AssetId { kind: AssetKind::FrontDefault, path: path.to_owned() }
}

pub fn named(manifest: &Manifest) -> BTreeMap<String, usize> {
    let files = manifest
        .iter()
        .flat_map(|(id, asset)| asset.files.iter().map(move |file| (file.key(id), file.bytes as usize)));
    files.collect()
}

/// The manifest without the times of its requests.
pub fn timeless(mut manifest: Manifest) -> Manifest {
    manifest.values_mut().for_each(|asset| asset.checked_at = Timestamp::default());
    manifest
}
