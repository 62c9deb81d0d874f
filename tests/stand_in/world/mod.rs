//! A small world, written by hand: it is complete, and has the special cases of the real one.
//!
//! Names and numbers are those of the games, except where a special case needed an example: `charizard-mega-x` has
//! no abilities, `deoxys-attack` no moves, `unown` no base experience, `deoxys-normal` weighs 10000 and `flabebe`
//! 0, `moonblast` has no meta, and the third way to `espeon` is invented. No Pokémon has the type `unknown` or the
//! ability `tough-claws`, and none learns `struggle`.

mod abilities;
mod chains;
mod form_documents;
mod forms;
mod games;
mod learnsets;
mod moves;
mod pokemon;
mod prose;
mod register;
mod species;
mod sprites;
mod types;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) use register::absolute;

/// PokeAPI's data: documents by kind and id.
#[derive(Clone, Debug, Default)]
pub struct World {
    kinds: BTreeMap<String, BTreeMap<u32, Resource>>,
}

#[derive(Clone, Debug)]
struct Resource {
    /// The name in the list. Chains have no name; an edited document may have a different name, or none.
    name: Option<String>,
    document: Value,
}

impl World {
    /// 15 Pokémon of 13 species, with all related resources of the nine kinds that a sync reads.
    #[must_use]
    pub fn small() -> Self {
        let mut world = Self::default();
        let mut add = |kind: &str, documents: Vec<Value>| {
            documents.into_iter().for_each(|document| world.insert(kind, document));
        };
        add("version-group", games::version_groups());
        add("generation", games::generations());
        add("type", types::documents());
        add("ability", abilities::documents());
        add("move", moves::documents());
        add("pokemon-species", species::documents());
        add("pokemon-form", form_documents::documents());
        add("pokemon", pokemon::documents());
        add("evolution-chain", chains::documents());
        world
    }

    /// Adds a resource or replaces the one with its `id`; the list shows it under its `name`.
    ///
    /// # Panics
    /// If the document has no `id`.
    pub fn insert(&mut self, kind: &str, document: Value) {
        let id = document["id"].as_u64().and_then(|id| u32::try_from(id).ok()).expect("a resource has an id");
        let name = document["name"].as_str().map(str::to_owned);
        self.kinds.entry(kind.to_owned()).or_default().insert(id, Resource { name, document });
    }

    /// Removes a resource and its row.
    pub fn remove(&mut self, kind: &str, id: u32) {
        if let Some(resources) = self.kinds.get_mut(kind) {
            resources.remove(&id);
        }
    }

    /// The document with that id or listed name.
    #[must_use]
    pub fn get(&self, kind: &str, key: &str) -> Option<&Value> {
        Some(&self.kinds.get(kind)?.get(&self.id(kind, key)?)?.document)
    }

    /// The ids and listed names of a kind.
    pub fn listed(&self, kind: &str) -> impl Iterator<Item = (u32, Option<&str>)> {
        self.kinds.get(kind).into_iter().flatten().map(|(id, resource)| (*id, resource.name.as_deref()))
    }

    pub(super) fn replace(&mut self, kind: &str, key: &str, document: Value) {
        let Some(id) = self.id(kind, key) else { return };
        if let Some(resource) = self.kinds.get_mut(kind).and_then(|resources| resources.get_mut(&id)) {
            resource.document = document;
        }
    }

    pub(super) fn for_each(&mut self, mut change: impl FnMut(&mut Value)) {
        self.kinds
            .values_mut()
            .flat_map(BTreeMap::values_mut)
            .for_each(|resource| change(&mut resource.document));
    }

    /// The rows of the list; `None` for an unknown kind.
    pub(super) fn rows(&self, kind: &str, origin: &str) -> Option<Vec<Value>> {
        let row = |(id, resource): (&u32, &Resource)| {
            let url = format!("{origin}/api/v2/{kind}/{id}/");
            match &resource.name {
                Some(name) => json!({ "name": name, "url": url }),
                None => json!({ "url": url }),
            }
        };
        Some(self.kinds.get(kind)?.iter().map(row).collect())
    }

    fn id(&self, kind: &str, key: &str) -> Option<u32> {
        let named = || self.listed(kind).find(|(_, name)| *name == Some(key)).map(|(id, _)| id);
        key.parse().ok().or_else(named)
    }
}
