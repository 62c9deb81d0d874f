//! Changes at the source that are improbable. A run that finds one publishes nothing: the catalogue stays as it is until the source
//! corrects itself, or until an administrator approves exactly these changes.

use std::collections::BTreeSet;

use domain::{
    Timestamp,
    facts::{Doubt, Fact, Facts, Kind},
};
use serde::{Deserialize, Serialize};

use crate::{
    publish::{Loss, is_suspicious},
    store::content_hash,
};

/// The maximum number of changes that a state holds. An approval covers these; a run that finds more holds the rest.
pub(super) const MOST_HELD: usize = 200;

/// A publication that waits for an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Identifies exactly these changes.
    pub publication: String,
    pub since: Timestamp,
    pub changes: Vec<HeldChange>,
    pub removals: Vec<HeldRemoval>,
}

/// A fetched fact that is improbable. The known fact stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldChange {
    pub kind: Kind,
    pub id: u32,
    /// The hash of the fact.
    pub hash: String,
    pub reason: String,
}

/// Resources of one kind that the source no longer lists, or whose records would vanish with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRemoval {
    pub kind: Kind,
    pub ids: Vec<u32>,
    pub reason: String,
}

impl HeldChange {
    pub(super) fn new(fact: &Fact, doubt: &Doubt) -> Self {
        Self { kind: fact.kind(), id: fact.id(), hash: hash(fact), reason: doubt.to_string() }
    }

    pub(super) fn is_of(&self, fact: &Fact) -> bool {
        (self.kind, self.id) == (fact.kind(), fact.id()) && self.hash == hash(fact)
    }
}

fn hash(fact: &Fact) -> String {
    content_hash(&serde_json::to_vec(fact).unwrap_or_default())
}

impl HeldRemoval {
    /// Returns the removals of the records that would vanish with a publication, by kind.
    pub(super) fn of(loss: &Loss) -> Vec<Self> {
        let of_kind = |kind: Kind| {
            let records = loss.records.iter().filter(|(of, _)| *of == kind);
            let ids: Vec<u32> = records.map(|(_, id)| *id).collect();
            let reason = format!("the publication would remove {} records of {}", ids.len(), kind.endpoint());
            (!ids.is_empty()).then_some(Self { kind, ids, reason })
        };
        Kind::ALL.into_iter().filter_map(of_kind).collect()
    }
}

impl Held {
    /// Returns the publication that waits for an approval since the time of `before`, if the changes are the same, or since `now`; `None`
    /// if there is nothing to approve.
    pub(super) fn new(
        mut changes: Vec<HeldChange>,
        removals: Vec<HeldRemoval>,
        before: Option<&Self>,
        now: Timestamp,
    ) -> Option<Self> {
        if changes.is_empty() && removals.is_empty() {
            return None;
        }
        changes.sort_by_key(|change| (change.kind, change.id));
        changes.truncate(MOST_HELD);
        let identity = serde_json::to_vec(&(&changes, &removals)).unwrap_or_default();
        let publication = content_hash(&identity);
        let same = before.filter(|before| before.publication == publication);
        Some(Self { since: same.map_or(now, |before| before.since), publication, changes, removals })
    }

    /// Whether this very fact was approved with the publication.
    pub(super) fn includes(&self, fact: &Fact) -> bool {
        self.changes.iter().any(|change| change.is_of(fact))
    }

    /// Whether exactly this removal was approved with the publication.
    pub(super) fn includes_removal(&self, kind: Kind, ids: &[u32]) -> bool {
        self.removals.iter().any(|removal| removal.kind == kind && removal.ids == ids)
    }

    /// Returns a sentence for each change, the removals first.
    pub fn reasons(&self) -> impl Iterator<Item = String> {
        let removals = self.removals.iter().map(|removal| removal.reason.clone());
        let changes = self.changes.iter();
        removals.chain(changes.map(|change| {
            let HeldChange { kind, id, reason, .. } = change;
            format!("{}/{id} is improbable: {reason}", kind.endpoint())
        }))
    }
}

/// Returns the reason to doubt that the resources `gone` of `kind` were removed: so many are gone that the list is more likely to be wrong,
/// or one of them is still in use.
pub(super) fn doubtful_removal(facts: &Facts, kind: Kind, gone: &[u32], is_empty: bool) -> Option<String> {
    let known = facts.count(kind);
    let name = kind.endpoint();
    if is_empty || is_suspicious(gone.len(), known) {
        return Some(format!("the source no longer lists {} of {known} of {name}", gone.len()));
    }
    let gone: BTreeSet<&str> = (gone.iter())
        .filter(|_| kind == Kind::Type)
        .filter_map(|id| facts.types.get(id).map(|fact| fact.name.as_str()))
        .collect();
    let uses = |name: &str| facts.pokemon.values().filter(|p| p.types.iter().any(|t| t == name)).count();
    gone.into_iter().map(|name| (name, uses(name))).find(|(_, uses)| *uses > 0).map(|(type_name, uses)| {
        format!("the source no longer lists the type {type_name}, which {uses} Pokémon have")
    })
}
