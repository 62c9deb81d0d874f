//! The stored form of the index.

use sha2::{Digest, Sha256};

use super::{
    bytes::Writer,
    columns::{Columns, type_bit},
    error::BadIndex,
    filter_names,
    index::DexIndex,
    pieces::pieces,
    rows, search,
};

/// Rows and abilities have positions of 16 bits.
const MOST: usize = u16::MAX as usize;
/// The maximum number of types: filters compare one bit for each.
const MOST_TYPES: usize = 64;

impl DexIndex<'_> {
    /// Returns the bytes to store, before compression, and their version: the format and the first 16 hexadecimal digits of their SHA-256,
    /// so that equal catalogues have equal versions.
    ///
    /// # Errors
    /// [`BadIndex::TooMany`], or [`BadIndex::Name`] for a name of a type or ability that cannot be stored.
    pub fn encode(&self) -> Result<(Vec<u8>, String), BadIndex> {
        let (rows, types, abilities) = (self.rows.len(), self.types.len(), self.abilities.len());
        if rows >= MOST || types > MOST_TYPES || abilities >= MOST {
            return Err(BadIndex::TooMany { rows, types, abilities });
        }
        if let Some(name) =
            self.types.iter().chain(&self.abilities).find(|name| !filter_names::is_plain(name))
        {
            return Err(BadIndex::Name((*name).to_owned()));
        }
        let columns = Columns::new(self);
        let used_types: u64 = columns.types.iter().fold(0, |all, bits| all | bits);
        let types: Vec<_> =
            (0..).zip(&self.types).filter(|(nth, _)| used_types & type_bit(*nth) != 0).collect();
        let types: Vec<_> = types.into_iter().map(|(_, name)| name).collect();
        let rows: Result<Vec<_>, _> = self.rows.iter().map(|row| pieces(&row.row, row.row.id)).collect();
        let mut writer = Writer::new(Self::FORMAT);
        columns.write(&mut writer);
        rows::write(&mut writer, &rows?);
        search::write(&mut writer, &self.rows);
        filter_names::write(&mut writer, &self.types, &self.type_names);
        filter_names::write(&mut writer, &self.abilities, &self.ability_names);
        writer.bytes(&serde_json::to_vec(&types)?);
        writer.u32s(&self.generations.iter().map(|generation| generation.id).collect::<Vec<_>>());
        writer.bytes(&serde_json::to_vec(&self.generations)?);
        let bytes = writer.finish();
        let hash: String = Sha256::digest(&bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((bytes, format!("{}-{hash}", Self::FORMAT)))
    }
}
