//! A plain implementation of `GET /api/v1/pokemon`, to compare the product's responses with.
//!
//! It shares no code with the product and is written in the slow, obvious way everywhere: only then does a
//! disagreement between the two say something.

mod answers;
pub mod collisions;
mod facts;
pub mod hand_rows;
mod query;
mod search;

use std::cmp::Reverse;

use serde_json::Value;

use facts::{Facts, number, slug};
use query::{Query, Sort};

pub use query::{decode, page};
pub use search::normalise;

/// All Pokémon, as the snapshot contains them.
pub struct Reference {
    facts: Facts,
    /// The search keys of every Pokémon, in id order.
    search_keys: Vec<search::Keys>,
}

impl Reference {
    /// Reads a snapshot: zstd, a header line, then one fact per line.
    ///
    /// # Panics
    ///
    /// The place at which the snapshot is malformed.
    pub fn read(snapshot_zst: &[u8]) -> Self {
        let facts = Facts::read(snapshot_zst);
        let spelled = |names: Vec<String>| names.iter().flat_map(|name| search::spellings(name)).collect();
        let search_keys = facts.all("pokemon").keys().map(|&id| search::Keys {
            id,
            names: spelled(facts.names(id)),
            of_forms: spelled(facts.form_names(id)),
        });
        let search_keys = search_keys.collect();
        Self { facts, search_keys }
    }

    /// The ids of all Pokémon that match, in the order of the answer, before paging.
    ///
    /// # Errors
    ///
    /// The name of the offending field.
    pub fn list(&self, query: &[(String, String)]) -> Result<Vec<u32>, String> {
        self.find(query).map(|(ids, _)| ids)
    }

    /// Like [`Self::list`], and also returns the rank of the best match.
    ///
    /// # Errors
    ///
    /// As [`Self::list`].
    pub fn find(&self, query: &[(String, String)]) -> Result<(Vec<u32>, Option<&'static str>), String> {
        let mut wanted = query::parse(query)?;
        self.resolve_names(&mut wanted)?;
        let mut ids: Vec<u32> = self.facts.all("pokemon").keys().copied().collect();
        ids.sort_unstable();
        let mut best = None;
        if let Some(text) = &wanted.search {
            // The search covers the forms that may be listed: a part of a hidden form's name must not prevent
            // the correction of a typing error. The other filters apply later: they never make a valid name
            // look like an error.
            let mut listed: Vec<_> = self.search_keys.iter().collect();
            listed.retain(|keys| self.may_be_listed(keys.id, &wanted));
            let with_forms = wanted.all_forms || wanted.ids.is_some();
            let (ranks, is_named) = search::ranks(&self.search_keys, &listed, text, with_forms);
            wanted.all_forms |= is_named;
            ids.retain(|id| ranks.contains_key(id) && self.passes(*id, &wanted));
            ids.sort_by_key(|id| (ranks[id], *id));
            best = ids.first().map(|id| search::FITS[usize::from(ranks[id])]);
        } else {
            ids.retain(|&id| self.passes(id, &wanted));
        }
        if let Some(sort) = &wanted.sort {
            self.sort(&mut ids, sort);
        }
        Ok((ids, best))
    }

    /// Replaces other names in the query by slugs.
    fn resolve_names(&self, wanted: &mut Query) -> Result<(), String> {
        for name in &mut wanted.types {
            *name = self.facts.meant("type", name).ok_or("type")?;
        }
        if let Some(name) = &mut wanted.ability {
            *name = self.facts.meant("ability", name).ok_or("ability")?;
        }
        if !wanted.generation.iter().all(|id| self.facts.all("generation").contains_key(id)) {
            return Err("generation".to_owned());
        }
        Ok(())
    }

    fn passes(&self, id: u32, wanted: &Query) -> bool {
        self.may_be_listed(id, wanted)
            && wanted.ids.iter().all(|ids| ids.contains(&id))
            && wanted.types.iter().all(|name| self.facts.types_of(id).contains(name))
            && wanted.ability.iter().all(|name| self.facts.abilities_of(id).contains(name))
            && wanted.generation.iter().all(|&generation| self.generation_of(id) == generation)
    }

    /// Default forms, and every form if all are requested or ids are given.
    fn may_be_listed(&self, id: u32, wanted: &Query) -> bool {
        wanted.ids.is_some() || wanted.all_forms || self.facts.get("pokemon", id)["is_default"] == true
    }

    fn sort(&self, ids: &mut [u32], Sort { by, descending }: &Sort) {
        ids.sort_unstable();
        // Stable sorts keep equal values in id order in both directions.
        match (by.as_str(), descending) {
            ("name", false) => ids.sort_by_key(|&id| slug(self.facts.get("pokemon", id))),
            ("name", true) => ids.sort_by_key(|&id| Reverse(slug(self.facts.get("pokemon", id)))),
            (_, false) => ids.sort_by_key(|&id| self.measure(id, by)),
            (_, true) => ids.sort_by_key(|&id| Reverse(self.measure(id, by))),
        }
    }

    fn measure(&self, id: u32, by: &str) -> u32 {
        let pokemon = self.facts.get("pokemon", id);
        match by {
            // An anonymous caller has no favorites.
            "id" | "favorites" => id,
            "height" | "weight" => number(&pokemon[by]),
            "total" => query::STATS.iter().map(|stat| number(&pokemon["stats"][stat])).sum(),
            stat => number(&pokemon["stats"][stat]),
        }
    }

    /// The generation that introduced this Pokémon: a Mega came long after its species.
    pub fn generation_of(&self, id: u32) -> u32 {
        let version_group = number(&self.facts.first_form(id)["version_group"]);
        number(&self.facts.get("version-group", version_group)["generation"])
    }

    /// The list's row, except `created_at` and `updated_at`.
    pub fn row(&self, id: u32) -> Value {
        answers::row(&self.facts, id, self.generation_of(id))
    }

    /// `GET /api/v1/pokemon/types`.
    pub fn types(&self) -> Vec<String> {
        answers::types(&self.facts)
    }

    /// `GET /api/v1/pokemon/generations`, except the `year`, `color` and `description` of each generation.
    pub fn generations(&self) -> Value {
        answers::generations(&self.facts)
    }
}
