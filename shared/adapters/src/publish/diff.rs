//! The comparison of the stored items with the derived ones.

use std::collections::{HashMap, HashSet};

use domain::{
    Timestamp,
    catalog::{Claims, NameTable, Problem},
    facts::Kind,
};

use super::outcome::{PublishError, Published};
use crate::store::{Body, Head, Key, Named, NewItem, content_hash};

/// A comparison of the stored items with the derived ones.
pub(super) struct Diff {
    pub(super) heads: HashMap<Key, Head>,
    pub(super) now: Timestamp,
    /// The keys of all items that the catalogue has after this publication.
    pub(super) derived: HashSet<Key>,
    /// The slugs of the current records.
    pub(super) slugs: HashMap<Key, String>,
    pub(super) done: Published,
}

impl Diff {
    pub(super) fn new(heads: HashMap<Key, Head>, now: Timestamp) -> Self {
        let (derived, slugs, done) = Default::default();
        Self { heads, now, derived, slugs, done }
    }

    /// The keys of stored items that the catalogue no longer has.
    pub(super) fn stale(&self) -> Vec<Key> {
        let stale = self.heads.keys().filter(|key| key.is_record() && !self.derived.contains(*key));
        stale.cloned().collect()
    }

    /// Reports the slugs that another record keeps: two records with one key would make every write fail, permanently.
    pub(super) fn refuse(&mut self, kind: Kind, names: &NameTable) {
        self.done.problems.extend(names.refused.iter().map(|(id, name)| Problem {
            resource: format!("{}/{id}", kind.endpoint()),
            reason: format!("its name {name} is another's"),
        }));
    }

    /// The keys of the record `id` with the slug `slug`: the id, then its names.
    pub(super) fn keys(&mut self, kind: Named, id: u32, slug: &str, names: &NameTable) -> Vec<Key> {
        self.slugs.insert(Key::named(kind, id), slug.to_owned());
        let names = names.keys.get(&id).into_iter().flatten();
        std::iter::once(Key::named(kind, id)).chain(names.map(|name| Key::named(kind, name))).collect()
    }

    /// The items that list the records sharing a name, each a group of its own.
    pub(super) fn shared(&mut self, kind: Named, names: &NameTable) -> Result<Vec<Group>, PublishError> {
        let groups = names.shared.iter().map(|(key, slugs)| {
            Ok(self.items(vec![Key::shared(kind, key)], serde_json::to_vec(slugs)?, Form::Plain)?.group)
        });
        groups.collect()
    }

    /// The names of the records of `kind`; adds the items for shared names to `groups`.
    pub(super) fn named(
        &mut self,
        kind: Kind,
        named: Named,
        claims: &[Claims],
        groups: &mut Vec<Group>,
    ) -> Result<NameTable, PublishError> {
        let names = NameTable::new(claims);
        self.refuse(kind, &names);
        groups.extend(self.shared(named, &names)?);
        Ok(names)
    }

    /// The items under `keys` for `json`, if any of them differs, and the record's times.
    pub(super) fn items(&mut self, keys: Vec<Key>, json: Vec<u8>, form: Form) -> Result<Items, PublishError> {
        let hash = content_hash(&json);
        let stored = self.heads.get(&keys[0]);
        let created_at = stored.map_or(self.now, |head| head.created_at);
        let same = keys.iter().all(|key| self.heads.get(key).is_some_and(|head| head.hash == hash));
        let updated_at = match stored {
            // Only another key of the same record differs: the record itself has not changed.
            Some(head) if head.hash == hash => head.updated_at,
            _ => self.now,
        };
        self.derived.extend(keys.iter().cloned());
        if same {
            self.done.unchanged += keys.len();
            return Ok(Items { group: Vec::new(), created_at, updated_at });
        }
        self.done.written += keys.len();
        let body = match form {
            Form::Plain => Body::Plain(String::from_utf8(json).map_err(std::io::Error::other)?),
            Form::Packed => Body::packed(&json)?,
        };
        let item =
            |key| NewItem { key, body: body.clone(), hash: hash.clone(), created_at, updated_at, past: None };
        Ok(Items { group: keys.into_iter().map(item).collect(), created_at, updated_at })
    }
}

/// The storage form of a record's JSON.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// Stores the JSON uncompressed, for the records that are read most often.
    Plain,
    Packed,
}

/// The items of a record, empty if all are stored already, and its times.
pub(super) struct Items {
    pub(super) group: Group,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// Items that are written together or not at all.
pub(super) type Group = Vec<NewItem>;
