//! Orders of administrators to the single writer: to publish their changes, and to fetch a Pokémon from PokeAPI first.

use std::{collections::BTreeSet, time::Duration};

use domain::{Timestamp, facts::Kind};
use serde::{Deserialize, Serialize};

use super::{
    lease::{SHORT_LEASE, under_lease, whole},
    outcome::SyncError,
};
use crate::{
    now,
    pokeapi::{FetchError, Fetched, PokeApi},
    publish::publish,
    store::{CatalogStore, Lease, Ledger, Meter},
};

/// The order, as the event of the sync function represents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Publishes the manual changes.
    Publish,
    /// Fetches this Pokémon as PokeAPI has it now, and publishes.
    Fetch { pokemon: u32 },
}

/// The result of an order, as the sync function returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Amended {
    Published {
        source: Source,
    },
    /// Another writer is at work; its lease ends at this moment at the latest.
    Busy {
        until: Timestamp,
    },
    /// The facts are not complete: nothing is published until a sync has completed them.
    Incomplete,
}

/// PokeAPI's part in the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "kebab-case")]
pub enum Source {
    NotAsked,
    Answered,
    /// PokeAPI does not have the Pokémon.
    Unknown,
    /// PokeAPI could not be reached, so the known facts stay.
    Failed {
        reason: String,
    },
    /// PokeAPI answered, but the answer is not usable. Another request does not help until PokeAPI changes it. The known facts stay.
    Refused {
        /// The resource whose document was rejected: `pokemon-species/25`.
        resource: String,
        /// The first wrong field, if the document was read that far: `varieties[0].pokemon.url`.
        field: Option<String>,
        /// The reason, which may quote the document.
        reason: String,
    },
}

/// The time limit for fetching one Pokémon. The waiting administrator gives up earlier, and a scheduled sync must not wait for long.
const LONGEST_ERRAND: Duration = Duration::from_secs(60);

impl Order {
    /// The length of the lease in seconds: longer than the fetch by the time that a publication takes.
    const fn lease(self) -> i64 {
        match self {
            Self::Publish => SHORT_LEASE,
            Self::Fetch { .. } => 90,
        }
    }
}

/// Carries out `order`. If it is interrupted, the next publication publishes stored changes, and the next sync repeats a fetch.
///
/// # Errors
/// [`SyncError`] except [`SyncError::Busy`], which is a regular result.
pub async fn amend(
    store: &CatalogStore,
    meter: &Meter,
    api: &PokeApi,
    owner: &str,
    order: Order,
) -> Result<Amended, SyncError> {
    let amended = under_lease(store, meter, owner, order.lease(), async |store, lease| {
        let Some(mut ledger) = whole(store, meter).await? else { return Ok(Amended::Incomplete) };
        let source = match order {
            Order::Publish => Source::NotAsked,
            Order::Fetch { pokemon } => {
                let mut errand = Errand { store, meter, lease, api, ledger: &mut ledger };
                let fetched = tokio::time::timeout(LONGEST_ERRAND, errand.fetch(pokemon)).await;
                let reason = || format!("it took longer than {} seconds", LONGEST_ERRAND.as_secs());
                fetched.unwrap_or_else(|_| Ok(Source::Failed { reason: reason() }))?
            }
        };
        match source {
            Source::Answered => drop(store.put_facts(meter, lease, &mut ledger).await?),
            // A partially fetched Pokémon is not usable, so none of it counts.
            Source::Failed { .. } | Source::Refused { .. } => match whole(store, meter).await? {
                Some(as_it_was) => ledger = as_it_was,
                None => return Ok(Amended::Incomplete),
            },
            Source::NotAsked | Source::Unknown => {}
        }
        publish(store, meter, lease, &ledger.facts, now(), &BTreeSet::new()).await?;
        Ok(Amended::Published { source })
    })
    .await;
    match amended {
        Err(SyncError::Busy(until)) => Ok(Amended::Busy { until }),
        other => other,
    }
}

struct Errand<'a> {
    store: &'a CatalogStore,
    meter: &'a Meter,
    lease: &'a Lease,
    api: &'a PokeApi,
    ledger: &'a mut Ledger,
}

impl Errand<'_> {
    /// Fetches the Pokémon, its species, forms and evolutions, and whatever they refer to by id that is not known yet.
    async fn fetch(&mut self, id: u32) -> Result<Source, SyncError> {
        match self.take(Kind::Pokemon, id).await? {
            Ok(()) => {}
            Err(FetchError::Status(status, _)) if status.as_u16() == 404 => return Ok(Source::Unknown),
            Err(error) => return Ok(failed(Kind::Pokemon, id, &error)),
        }
        let mut requested = BTreeSet::new();
        loop {
            let next = self.wanted(id).into_iter().find(|(kind, id)| requested.insert((*kind, *id)));
            let Some((kind, id)) = next else { return Ok(Source::Answered) };
            if let Err(error) = self.take(kind, id).await? {
                return Ok(failed(kind, id, &error));
            }
        }
    }

    /// The resources that make up the Pokémon, as far as they are known.
    fn wanted(&self, id: u32) -> Vec<(Kind, u32)> {
        let facts = &self.ledger.facts;
        let Some(pokemon) = facts.pokemon.get(&id) else { return Vec::new() };
        let mut wanted = vec![(Kind::PokemonSpecies, pokemon.species)];
        wanted.extend(pokemon.forms.iter().map(|id| (Kind::PokemonForm, *id)));
        let mut unless_known = Vec::new();
        if let Some(species) = facts.species.get(&pokemon.species) {
            wanted.extend(species.evolution_chain.map(|id| (Kind::EvolutionChain, id)));
            unless_known.push((Kind::Generation, species.generation));
        }
        for form in pokemon.forms.iter().filter_map(|id| facts.forms.get(id)) {
            unless_known.push((Kind::VersionGroup, form.version_group));
        }
        for (id, ways) in pokemon.learnset.moves().flatten() {
            unless_known.push((Kind::Move, id));
            unless_known
                .extend(ways.iter().flat_map(|way| &way.version_groups).map(|id| (Kind::VersionGroup, *id)));
        }
        wanted.extend(unless_known.into_iter().filter(|(kind, id)| facts.get(*kind, *id).is_none()));
        wanted
    }

    async fn take(&mut self, kind: Kind, id: u32) -> Result<Result<(), FetchError>, SyncError> {
        self.store.renew_lease(self.meter, self.lease, now()).await?;
        match self.api.fetch(kind, id, self.ledger.etag(kind, id)).await {
            Ok(Fetched::Unchanged) => {}
            Ok(Fetched::Changed { fact, etag }) => {
                let is_known = self.ledger.facts.get(kind, id).as_ref() == Some(&*fact);
                if let Some(doubt) = fact.doubt().filter(|_| !is_known) {
                    return Ok(Err(FetchError::Invalid(doubt.into())));
                }
                self.ledger.record(*fact, etag);
            }
            Err(error) => return Ok(Err(error)),
        }
        Ok(Ok(()))
    }
}

fn failed(kind: Kind, id: u32, error: &FetchError) -> Source {
    let resource = format!("{}/{id}", kind.endpoint());
    let reason = format!("{resource} {error}");
    if error.is_passing() {
        return Source::Failed { reason };
    }
    let field =
        if let FetchError::Invalid(invalid) = error { Some(invalid.field().to_owned()) } else { None };
    Source::Refused { resource, field, reason }
}
