//! The manifest of mirrored assets, 64 numbers of a kind per item.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    assets::{Addresses, Asset, AssetId, Manifest, Pictures},
    facts::AssetKind,
};

use super::{
    keys::block,
    record::{Body, body},
    state::Lease,
    store::CatalogStore,
};
use crate::store::{
    error::{StoreError, malformed},
    item::{Item, keyed, text},
    key::Key,
    meter::Meter,
};

/// The greatest number of items that one call of [`CatalogStore::put_assets`] can write.
pub const MOST_BLOCKS: usize = 99;

/// The manifest, and the parts of it that differ from what is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssetLedger {
    manifest: Manifest,
    dirty: BTreeSet<(AssetKind, u32)>,
    /// Whether files differ from what is stored, so that addresses change.
    has_new_files: bool,
    /// Whether an item could not be read, so that its assets are missing here.
    has_gaps: bool,
}

fn block_of(id: &AssetId) -> (AssetKind, u32) {
    (id.kind, block(id.number()))
}

impl AssetLedger {
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Records the state of an asset.
    pub fn record(&mut self, id: AssetId, asset: Asset) {
        let before = self.manifest.get(&id);
        if before != Some(&asset) {
            let files = before.map_or(&[][..], |before| &before.files);
            self.has_new_files |= files != asset.files;
            self.dirty.insert(block_of(&id));
            self.manifest.insert(id, asset);
        }
    }

    pub fn remove(&mut self, id: &AssetId) {
        if let Some(removed) = self.manifest.remove(id) {
            self.has_new_files |= !removed.files.is_empty();
            self.dirty.insert(block_of(id));
        }
    }

    /// Whether assets are missing because an item could not be read.
    #[must_use]
    pub const fn has_gaps(&self) -> bool {
        self.has_gaps
    }

    /// The number of items that [`CatalogStore::put_assets`] would write.
    #[must_use]
    pub fn dirty(&self) -> usize {
        self.dirty.len()
    }
}

impl CatalogStore {
    /// Reads the manifest. An item that cannot be read is reported and left out: its assets are mirrored again.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn assets(&self, meter: &Meter) -> Result<AssetLedger, StoreError> {
        let mut ledger = AssetLedger::default();
        for item in &self.database.partition(meter, self.table(), Key::ASSETS, "").await? {
            match entries(item) {
                Ok(entries) => ledger.manifest.extend(entries),
                Err(error) => {
                    ledger.has_gaps = true;
                    tracing::warn!(%error, "assets are lost from the manifest; they are mirrored again");
                }
            }
        }
        Ok(ledger)
    }

    /// Writes the parts of the manifest that differ from what is stored, at most [`MOST_BLOCKS`] of them, and a new identity of the
    /// manifest if addresses change: all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the lease was lost, or another error if the engine does not answer; the parts stay marked.
    pub async fn put_assets(
        &self,
        meter: &Meter,
        lease: &Lease,
        ledger: &mut AssetLedger,
    ) -> Result<(), StoreError> {
        if ledger.dirty.is_empty() {
            return Ok(());
        }
        let mut group = Vec::new();
        for (kind, number) in ledger.dirty.iter().take(MOST_BLOCKS) {
            let key = Key::assets_block(*kind, *number);
            let entries = ledger.manifest.iter().filter(|(id, _)| block_of(id) == (*kind, *number));
            let entries: BTreeMap<&str, &Asset> =
                entries.map(|(id, asset)| (id.path.as_str(), asset)).collect();
            let json = serde_json::to_vec(&entries).map_err(|error| malformed(&key, error))?;
            let body = Body::packed(&json).map_err(|error| malformed(&key, error))?;
            let (size, mut item) = (body.size() + 200, keyed(&key));
            item.insert("body".to_owned(), body.into_attribute());
            group.push((item, size));
        }
        if ledger.has_new_files {
            let mut revision = keyed(&Key::mirror_revision());
            let identity = format!("{:016x}", fastrand::u64(..));
            revision.insert("revision".to_owned(), AttributeValue::S(identity));
            group.push((revision, 200));
        }
        self.transact(meter, lease, vec![group]).await?;
        ledger.dirty = ledger.dirty.iter().skip(MOST_BLOCKS).copied().collect();
        ledger.has_new_files &= !ledger.dirty.is_empty();
        Ok(())
    }

    /// Returns the name of the pictures that a publication with this store has now: equal names mean equal addresses. Empty for PokeAPI's
    /// own.
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn pictures_now(&self, meter: &Meter) -> Result<String, StoreError> {
        match &self.pictures {
            Pictures::Source => Ok(String::new()),
            Pictures::None => Ok("none".to_owned()),
            Pictures::Mirrored { base } => {
                let item = self.get(meter, &Key::mirror_revision(), true).await?.unwrap_or_default();
                Ok(format!("{} {base}", text(&item, "revision").unwrap_or("empty")))
            }
        }
    }

    /// Returns the addresses of pictures for a publication, and their [name](Self::pictures_now).
    ///
    /// # Errors
    /// [`StoreError`] if the engine does not answer.
    pub async fn addresses(&self, meter: &Meter) -> Result<(Addresses, String), StoreError> {
        // The name first: a manifest that changes meanwhile has another name, and is published again.
        let name = self.pictures_now(meter).await?;
        let manifest = match self.pictures {
            Pictures::Mirrored { .. } => self.assets(meter).await?.manifest,
            Pictures::Source | Pictures::None => Manifest::new(),
        };
        Ok((Addresses { pictures: self.pictures.clone(), manifest }, name))
    }
}

fn entries(item: &Item) -> Result<Manifest, StoreError> {
    let key = Key { pk: Key::ASSETS.to_owned(), sk: text(item, "sk").unwrap_or_default().to_owned() };
    let name = key.sk.split('#').next().unwrap_or_default();
    let kind = AssetKind::ALL.into_iter().find(|kind| kind.name() == name);
    let kind = kind.ok_or_else(|| malformed(&key, "its kind of assets is not known"))?;
    let entries: BTreeMap<String, Asset> =
        serde_json::from_slice(&body(&key, item)?).map_err(|error| malformed(&key, error))?;
    Ok(entries.into_iter().map(|(path, asset)| (AssetId { kind, path }, asset)).collect())
}
