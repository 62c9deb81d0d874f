//! The names of types and abilities that filters accept, as text that needs no preparation.

use std::{collections::BTreeMap, fmt::Write as _};

use memchr::memmem;

use super::{
    bytes::{Reader, Writer},
    error::BadIndex,
};
use crate::{
    catalog::{Claims, NameTable},
    normalise,
};

/// The keys that a filter may use (ids and normalised names), ascending, each with the positions of the types or abilities that it names:
/// several if they share a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterNames(pub Vec<(String, Vec<u16>)>);

impl FilterNames {
    /// Builds the keys of `names` (sorted slugs); `claims` are the names of their records.
    pub(super) fn build(names: &[&str], claims: &[Claims]) -> Self {
        let table = NameTable::new(claims);
        let place = |slug: &String| Some(names.binary_search(&slug.as_str()).ok()? as u16);
        let mut keys: BTreeMap<String, Vec<u16>> = BTreeMap::new();
        // A name without a record has only its slug as key.
        for (nth, name) in (0..).zip(names) {
            keys.insert(normalise(name), vec![nth]);
        }
        for claim in claims {
            let Some(nth) = place(&claim.slug) else { continue };
            let keys_of_one = table.keys.get(&claim.id).into_iter().flatten();
            let keys_of_one = keys_of_one.map(|key| normalise(key)).chain([claim.id.to_string()]);
            keys.extend(keys_of_one.map(|key| (key, vec![nth])));
        }
        keys.extend(
            table.shared.into_iter().map(|(key, slugs)| (key, slugs.iter().filter_map(place).collect())),
        );
        Self(keys.into_iter().collect())
    }
}

/// Writes the `slugs`, and the keys for them: a line for each slug, and a line for each key, which a tab separates from its positions.
pub(super) fn write(writer: &mut Writer, slugs: &[&str], FilterNames(keys): &FilterNames) {
    let slugs: String = slugs.iter().map(|slug| format!("\n{slug}")).collect();
    writer.bytes(format!("{slugs}\n").as_bytes());
    let mut lines = String::new();
    for (key, places) in keys.iter().filter(|(key, _)| is_plain(key)) {
        let places: Vec<String> = places.iter().map(u16::to_string).collect();
        let _ = write!(lines, "\n{key}\t{}", places.join(","));
    }
    writer.bytes(format!("{lines}\n").as_bytes());
}

/// Whether `key` can be in a line.
pub(super) fn is_plain(key: &str) -> bool {
    !key.contains(['\n', '\t'])
}

/// The types, or the abilities, and the names by which filters find them.
#[derive(Debug)]
pub(super) struct Named {
    slugs: String,
    keys: String,
}

impl Named {
    /// # Errors
    /// [`BadIndex`] if the sections are malformed.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, BadIndex> {
        let (slugs, keys) = (reader.text()?, reader.text()?);
        if [slugs, keys].iter().any(|lines| !lines.starts_with('\n') || !lines.ends_with('\n')) {
            return Err(BadIndex::Malformed("its names are not lines"));
        }
        Ok(Self { slugs: slugs.to_owned(), keys: keys.to_owned() })
    }

    /// Whether `slug` is one of the slugs.
    pub(super) fn has(&self, slug: &str) -> bool {
        is_plain(slug) && memmem::find(self.slugs.as_bytes(), format!("\n{slug}\n").as_bytes()).is_some()
    }

    /// The slug at `place`.
    pub(super) fn slug(&self, place: u16) -> Option<&str> {
        self.slugs[1..].lines().nth(place.into())
    }

    /// The positions of the entries that `key` names; empty if the key is not known.
    pub(super) fn find(&self, key: &str) -> Vec<u16> {
        if !is_plain(key) {
            return Vec::new();
        }
        let start = format!("\n{key}\t");
        let found = memmem::find(self.keys.as_bytes(), start.as_bytes())
            .and_then(|at| self.keys.get(at + start.len()..));
        let places = found.and_then(|rest| rest.lines().next()).unwrap_or_default();
        places.split(',').filter_map(|place| place.parse().ok()).collect()
    }
}
