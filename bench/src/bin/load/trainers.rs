//! The accounts of a load. Each request has an account for itself, so the expected answer is always known.

use std::{
    collections::BTreeSet,
    sync::{
        PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::{Result, anyhow};
use fastrand::Rng;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::client::{Ask, Checked, Http, Reply, wrong};

const PASSWORD: &str = "pallet town, route 1";
/// The greatest id of the Pokémon that become favorites: all up to it exist.
const FAVORITES: u32 = 1000;
/// The number of favorites from which on an account only removes some.
const MOST: usize = 500;

/// A number of changes in the server's trail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub acknowledged: usize,
    /// Changes whose answer is missing or a fault: each may have been made.
    pub uncertain: usize,
}

/// An account, with the changes that the server has acknowledged.
#[derive(Debug)]
pub struct Trainer {
    pub id: String,
    pub name: String,
    access: String,
    refresh: String,
    pub favorites: BTreeSet<u32>,
    /// Pokémon of uncertain changes.
    pub uncertain: BTreeSet<u32>,
    pub added: Changes,
    pub removed: Changes,
    keys: usize,
}

impl Trainer {
    pub async fn register(http: &Http, name: String) -> Checked<(Self, Instant)> {
        let email = format!("{name}@example.com");
        let body = json!({"username": name, "email": email, "password": PASSWORD});
        let reply = http.send(Ask::post("/api/v1/auth/register", body)).await?.expect(StatusCode::CREATED)?;
        let answer = reply.json()?;
        let mut trainer = Self {
            id: text(&answer["user"]["id"])?,
            name,
            access: String::new(),
            refresh: String::new(),
            favorites: BTreeSet::new(),
            uncertain: BTreeSet::new(),
            added: Changes::default(),
            removed: Changes::default(),
            keys: 0,
        };
        trainer.adopt(&answer)?;
        Ok((trainer, reply.at))
    }

    fn adopt(&mut self, answer: &Value) -> Checked<()> {
        self.access = text(&answer["access_token"])?;
        self.refresh = text(&answer["refresh_token"])?;
        Ok(())
    }

    pub fn access(&self) -> &str {
        &self.access
    }

    pub async fn sign_in(&mut self, http: &Http) -> Checked<Instant> {
        let body = json!({"username": self.name, "password": PASSWORD});
        let reply = http.send(Ask::post("/api/v1/auth/login", body)).await?.expect(StatusCode::OK)?;
        let answer = reply.json()?;
        if answer["user"]["id"] != self.id {
            return wrong(format!("{} signed in as {}", self.name, answer["user"]));
        }
        self.adopt(&answer)?;
        Ok(reply.at)
    }

    pub async fn refresh(&mut self, http: &Http) -> Checked<Instant> {
        let body = json!({"refresh_token": self.refresh});
        let reply = http.send(Ask::post("/api/v1/auth/refresh", body)).await?.expect(StatusCode::OK)?;
        let before = self.refresh.clone();
        self.adopt(&reply.json()?)?;
        if self.refresh == before {
            return wrong(format!("{} received the same refresh token again", self.name));
        }
        Ok(reply.at)
    }

    pub async fn profile(&self, http: &Http) -> Checked<Instant> {
        let reply =
            http.send(Ask::get("/api/v1/auth/profile").by(&self.access)).await?.expect(StatusCode::OK)?;
        let profile = reply.json()?;
        if profile["id"] != self.id || profile["username"] != self.name {
            return wrong(format!("the profile of {} is {profile}", self.name));
        }
        Ok(reply.at)
    }

    /// The favorites that the server lists.
    pub async fn listed(&self, http: &Http) -> Checked<(BTreeSet<u32>, Instant)> {
        let ask = Ask::get(format!("/api/v1/users/{}/favorites", self.id)).by(&self.access);
        let reply = http.send(ask).await?.expect(StatusCode::OK)?;
        let answer = reply.json()?;
        let Some(rows) = answer["favorites"].as_array() else { return wrong("a list without favorites") };
        let ids = rows.iter().filter_map(|row| u32::try_from(row["pokemon_id"].as_u64()?).ok());
        Ok((ids.collect(), reply.at))
    }

    /// Returns the acknowledged favorites that are missing, and listed ones that were never acknowledged.
    pub fn differences(&self, listed: &BTreeSet<u32>) -> (Vec<u32>, Vec<u32>) {
        let certain = |id: &&u32| !self.uncertain.contains(*id);
        let missing = self.favorites.difference(listed).filter(certain).copied().collect();
        let unknown = listed.difference(&self.favorites).filter(certain).copied().collect();
        (missing, unknown)
    }

    pub async fn favorites(&self, http: &Http) -> Checked<Instant> {
        let (listed, at) = self.listed(http).await?;
        let (missing, unknown) = self.differences(&listed);
        if missing.is_empty() && unknown.is_empty() {
            return Ok(at);
        }
        wrong(format!("{}: the favorites {missing:?} are missing, {unknown:?} are unknown", self.name))
    }

    /// Adds a favorite or removes one, and repeats half of the requests with the same `Idempotency-Key`. An account without favorites adds
    /// one in any case, and an account with many removes one.
    pub async fn change(&mut self, http: &Http, adds: bool, random: &mut Rng) -> Checked<Instant> {
        let has_room = self.favorites.len() + self.uncertain.len() < MOST;
        if self.favorites.is_empty() || (adds && has_room) {
            self.add(http, random).await
        } else {
            self.remove(http, random).await
        }
    }

    async fn add(&mut self, http: &Http, random: &mut Rng) -> Checked<Instant> {
        if self.favorites.len() + self.uncertain.len() >= FAVORITES as usize {
            return wrong(format!("{}: the outcome of every possible change is uncertain", self.name));
        }
        let pokemon = loop {
            let pokemon = random.u32(1..=FAVORITES);
            if !self.favorites.contains(&pokemon) && !self.uncertain.contains(&pokemon) {
                break pokemon;
            }
        };
        let path = format!("/api/v1/users/{}/favorites", self.id);
        let ask = self.keyed(Ask::post(path, json!({"pokemon_id": pokemon})));
        match http.send(ask.clone()).await.and_then(|reply| reply.expect(StatusCode::CREATED)) {
            Ok(reply) => {
                self.favorites.insert(pokemon);
                self.added.acknowledged += 1;
                if reply.json()?["pokemon_id"] != pokemon {
                    return wrong(format!("Pokémon {pokemon} was added as {:?}", reply.json()?));
                }
                repeat(http, ask, &reply, random).await
            }
            Err(fault) => {
                self.uncertain.insert(pokemon);
                self.added.uncertain += 1;
                Err(fault)
            }
        }
    }

    async fn remove(&mut self, http: &Http, random: &mut Rng) -> Checked<Instant> {
        let Some(pokemon) = random.choice(&self.favorites).copied() else {
            return wrong(format!("{} has no favorites", self.name));
        };
        let ask = self.keyed(Ask::delete(format!("/api/v1/users/{}/favorites/{pokemon}", self.id)));
        self.favorites.remove(&pokemon);
        match http.send(ask.clone()).await.and_then(|reply| reply.expect(StatusCode::OK)) {
            Ok(reply) => {
                self.removed.acknowledged += 1;
                repeat(http, ask, &reply, random).await
            }
            Err(fault) => {
                self.uncertain.insert(pokemon);
                self.removed.uncertain += 1;
                Err(fault)
            }
        }
    }

    fn keyed(&mut self, ask: Ask) -> Ask {
        self.keys += 1;
        ask.by(&self.access).with("idempotency-key", format!("{}-{}", self.name, self.keys))
    }

    pub async fn export(&self, http: &Http) -> Checked<Instant> {
        let ask = Ask::post("/api/v1/auth/export", json!({"password": PASSWORD})).by(&self.access);
        let reply = http.send(ask).await?.expect(StatusCode::OK)?;
        if !reply.body.starts_with(b"PK\x03\x04") {
            return wrong(format!("{}: the export is not a zip file", self.name));
        }
        Ok(reply.at)
    }
}

/// Repeats half of the requests: the answer must be the same, and marked as a replay.
async fn repeat(http: &Http, ask: Ask, first: &Reply, random: &mut Rng) -> Checked<Instant> {
    if random.bool() {
        let again = http.send(ask).await?.expect(first.status)?;
        if again.body != first.body || again.header("idempotency-replayed") != Some("true") {
            return wrong("a repeated change has another answer, or is not a replay");
        }
    }
    Ok(first.at)
}

fn text(value: &Value) -> Checked<String> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => wrong(format!("{value} is not a text")),
    }
}

/// All accounts of a load.
#[derive(Debug)]
pub struct Trainers {
    all: Vec<Mutex<Trainer>>,
    turn: AtomicUsize,
    /// The accounts that were registered under load.
    registered: std::sync::Mutex<Vec<Trainer>>,
    names: AtomicUsize,
}

impl Trainers {
    /// Registers `number` accounts, eight at a time: the server then has hashed on every core, and uses the memory for it.
    ///
    /// # Errors
    /// If a registration is refused.
    pub async fn register(http: &Http, number: usize) -> Result<Self> {
        let mut all = Vec::new();
        for first in (0..number).step_by(8) {
            let last = number.min(first + 8);
            let some = (first..last).map(|nth| Trainer::register(http, format!("trainer_{nth}")));
            for registered in futures_util::future::join_all(some).await {
                let (trainer, _) = registered.map_err(|fault| anyhow!("a registration: {fault}"))?;
                all.push(Mutex::new(trainer));
            }
        }
        Ok(Self {
            all,
            turn: AtomicUsize::new(0),
            registered: std::sync::Mutex::default(),
            names: AtomicUsize::new(0),
        })
    }

    /// Returns an account that no other request uses, each in its turn.
    pub async fn free(&self) -> MutexGuard<'_, Trainer> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..self.all.len()).map(|step| &self.all[(first + step) % self.all.len()]);
        for trainer in in_turn {
            if let Ok(trainer) = trainer.try_lock() {
                return trainer;
            }
        }
        self.all[first % self.all.len()].lock().await
    }

    /// Registers another account, which is compared at the end like all others.
    pub async fn register_another(&self, http: &Http) -> Checked<Instant> {
        let nth = self.names.fetch_add(1, Ordering::Relaxed);
        let (trainer, at) = Trainer::register(http, format!("newcomer_{nth}")).await?;
        self.registered.lock().unwrap_or_else(PoisonError::into_inner).push(trainer);
        Ok(at)
    }

    /// Returns every account. The first one is that of [`Self::register`].
    pub fn into_all(self) -> Vec<Trainer> {
        let registered = self.registered.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.all.into_iter().map(Mutex::into_inner).chain(registered).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_favorite_and_an_unknown_one_are_found_unless_they_are_uncertain() {
        let trainer = Trainer {
            id: "1".to_owned(),
            name: "ash".to_owned(),
            access: String::new(),
            refresh: String::new(),
            favorites: [1, 2, 3].into(),
            uncertain: [3, 9].into(),
            added: Changes::default(),
            removed: Changes::default(),
            keys: 0,
        };
        assert_eq!(trainer.differences(&[1, 2].into()), (vec![], vec![]));
        assert_eq!(trainer.differences(&[1, 2, 3, 9].into()), (vec![], vec![]));
        assert_eq!(trainer.differences(&[2, 4].into()), (vec![1], vec![4]));
    }
}
