//! Records that the source removed or renamed, so that favorites and bookmarks keep leading somewhere: a removed record keeps its last
//! state under its id and its slug, and a former slug leads to the record that had it.

use std::collections::HashSet;

use domain::{Name, dex::is_address, name};
use serde_json::Value;

use super::{
    diff::{Diff, Form, Group},
    outcome::PublishError,
};
use crate::store::{CatalogStore, Key, Meter, Named, NewItem, Past, StoreError};

/// Returns the items that remain of records that are no longer derived, except those whose partition is `hidden`. Reads each such record
/// once, when it was removed or renamed; later publications know its items by their heads.
///
/// # Errors
/// [`PublishError::Store`] if the engine does not answer.
pub(super) async fn keep(
    store: &CatalogStore,
    meter: &Meter,
    hidden: &HashSet<String>,
    diff: &mut Diff,
) -> Result<Vec<Group>, PublishError> {
    let mut groups = Vec::new();
    for (key, kind, text) in diff.remaining(hidden) {
        if Name::parse(&text).is_some_and(|name| name.is_id()) {
            groups.extend(keep_removed(store, meter, kind, &key, diff).await?);
        }
    }
    // The names come last: a name that leads to a removed record is not a former name.
    for (key, kind, text) in diff.remaining(hidden) {
        match diff.heads.get(&key).and_then(|head| head.past) {
            Some(Past::Renamed(id)) if hidden.contains(&Key::named(kind, id).pk) => {
                // An administrator may show the record again.
                diff.derived.insert(key);
            }
            Some(Past::Renamed(id)) => groups.extend(diff.keep_renamed(kind, &text, id)?),
            // A removed record that is served again may have another slug.
            Some(Past::Removed) | None => {
                groups.extend(keep_slug(store, meter, kind, &key, &text, diff).await?);
            }
        }
    }
    Ok(groups)
}

/// Keeps the record under `key`, an id, as a removed one.
async fn keep_removed(
    store: &CatalogStore,
    meter: &Meter,
    kind: Named,
    key: &Key,
    diff: &mut Diff,
) -> Result<Option<Group>, PublishError> {
    let Some(head) = diff.heads.get(key).cloned() else { return Ok(None) };
    if head.past == Some(Past::Removed) {
        let is_same =
            |other: &Key| diff.heads[other].hash == head.hash && diff.heads[other].past == head.past;
        let same = diff.heads.keys().filter(|other| other.sk == key.sk && is_same(other));
        let same: Vec<Key> = same.filter(|other| !diff.derived.contains(*other)).cloned().collect();
        diff.derived.extend(same);
        diff.keep_parts(key);
        return Ok(None);
    }
    let Some(mut record) = read(store, meter, kind, key).await? else { return Ok(None) };
    let moment = serde_json::to_value(diff.now)?;
    let Some(fields) = fields(kind, &mut record).as_object_mut() else { return Ok(None) };
    fields.insert("removed_at".to_owned(), moment);
    let slug = fields.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let names = std::iter::once(slug.clone()).chain(name::keys(&slug));
    let mut keys = vec![key.clone()];
    for name in names.filter(|name| diff.is_free(kind, name)) {
        let key = Key::named(kind, &name);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let form = if kind == Named::Pokemon { Form::Plain } else { Form::Packed };
    forget_pictures(&mut record);
    let mut group = marked(diff.items(keys, serde_json::to_vec(&record)?, form)?.group, Past::Removed);
    group.extend(forms_without_pictures(store, meter, key, diff).await?);
    diff.keep_parts(key);
    Ok(Some(group))
}

/// Removes the addresses of mirrored files: the mirror deletes those of a Pokémon that the source no longer has. Paths of the source stay.
fn forget_pictures(record: &mut Value) {
    let Some(fields) = record.as_object_mut() else { return };
    fields.remove("images");
    if let Some(sprites) = fields.get_mut("sprites").and_then(Value::as_object_mut) {
        sprites.retain(|_, path| path.as_str().is_some_and(|path| !is_address(path)));
    }
}

/// The item of the forms of the Pokémon under `key`, if they have addresses of mirrored files.
async fn forms_without_pictures(
    store: &CatalogStore,
    meter: &Meter,
    key: &Key,
    diff: &mut Diff,
) -> Result<Group, PublishError> {
    let forms = Key { sk: Key::forms(0).sk, ..key.clone() };
    if !diff.heads.contains_key(&forms) {
        return Ok(Group::new());
    }
    let Some(mut all) = json(store, meter, &forms).await? else { return Ok(Group::new()) };
    all.as_array_mut().into_iter().flatten().for_each(forget_pictures);
    Ok(diff.items(vec![forms], serde_json::to_vec(&all)?, Form::Packed)?.group)
}

/// Keeps the name `text` under `key`, if it was the slug of a record that has another one now.
async fn keep_slug(
    store: &CatalogStore,
    meter: &Meter,
    kind: Named,
    key: &Key,
    text: &str,
    diff: &mut Diff,
) -> Result<Vec<Group>, PublishError> {
    let is_name = key.sk == kind.prefix() && Name::parse(text).is_some_and(|name| !name.is_id());
    if !is_name {
        return Ok(Vec::new());
    }
    let Some(mut record) = read(store, meter, kind, key).await? else { return Ok(Vec::new()) };
    let fields = fields(kind, &mut record);
    let id = fields["id"].as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
    let slug = fields["name"].as_str().unwrap_or_default();
    let keys = name::keys(slug);
    if slug != text && !keys.iter().any(|key| key == text) {
        return Ok(Vec::new());
    }
    let groups = keys.iter().map(|key| diff.keep_renamed(kind, key, id));
    Ok(groups.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

impl Diff {
    /// The stored items under an id or a name that are not derived and whose partition is not `hidden`, in the order of their keys.
    fn remaining(&self, hidden: &HashSet<String>) -> Vec<(Key, Named, String)> {
        let gone = self.heads.keys().filter(|key| !self.derived.contains(*key) && !hidden.contains(&key.pk));
        let named = gone.filter_map(|key| {
            let (kind, text) = key.name()?;
            Some((key.clone(), kind, text.to_owned()))
        });
        let mut remaining: Vec<_> = named.collect();
        remaining.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        remaining
    }

    /// Whether `name` leads to no record and to no list of records.
    fn is_free(&self, kind: Named, name: &str) -> bool {
        let keys = [Key::named(kind, name), Key::shared(kind, name)];
        keys.iter().all(|key| !self.derived.contains(key))
    }

    /// Keeps the learnset and the forms of a removed Pokémon.
    fn keep_parts(&mut self, key: &Key) {
        let parts = self.heads.keys().filter(|part| part.pk == key.pk && part.sk != key.sk);
        let parts: Vec<Key> = parts.filter(|part| part.name().is_none()).cloned().collect();
        self.derived.extend(parts);
    }

    /// Lets `name`, a normalised former slug, lead to the record `id`, unless it leads to another record now or `id` has gone.
    fn keep_renamed(&mut self, kind: Named, name: &str, id: u32) -> Result<Option<Group>, PublishError> {
        let (record, key) = (Key::named(kind, id), Key::shared(kind, name));
        if !self.is_free(kind, name) {
            return Ok(None);
        }
        let Some(slug) = self.slugs.get(&record).cloned() else {
            if self.derived.contains(&record) && self.heads.contains_key(&key) {
                self.derived.insert(key);
            }
            return Ok(None);
        };
        let group = self.items(vec![key], serde_json::to_vec(&[slug])?, Form::Plain)?.group;
        Ok((!group.is_empty()).then(|| marked(group, Past::Renamed(id))))
    }
}

fn marked(group: Group, past: Past) -> Group {
    group.into_iter().map(|item| NewItem { past: Some(past), ..item }).collect()
}

/// Reads the record under `key`; `None` if it is not readable: then nothing of it remains.
async fn read(
    store: &CatalogStore,
    meter: &Meter,
    kind: Named,
    key: &Key,
) -> Result<Option<Value>, PublishError> {
    let Some(mut value) = json(store, meter, key).await? else { return Ok(None) };
    Ok(if fields(kind, &mut value).is_object() { Some(value) } else { unreadable(key) })
}

/// Reads the JSON of the item under `key`; `None` if it is not readable.
async fn json(store: &CatalogStore, meter: &Meter, key: &Key) -> Result<Option<Value>, PublishError> {
    match store.latest(meter, key).await {
        Ok(Some(record)) => Ok(serde_json::from_slice(&record.body).ok().or_else(|| unreadable(key))),
        Ok(None) => Ok(None),
        Err(StoreError::Malformed { .. }) => Ok(unreadable(key)),
        Err(error) => Err(error.into()),
    }
}

fn unreadable(key: &Key) -> Option<Value> {
    tracing::warn!(%key, "a removed or renamed record is not readable: nothing of it remains");
    None
}

/// The fields of a stored record.
fn fields(kind: Named, record: &mut Value) -> &mut Value {
    match kind {
        Named::Pokemon => &mut record["pokemon"],
        Named::Type | Named::Ability | Named::Move => record,
    }
}
