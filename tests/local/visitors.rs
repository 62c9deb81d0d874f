//! Visitors who go on while something fails around the program: every answer must be a success or an explained refusal, and every
//! acknowledged change must be there in the end.

use std::collections::BTreeSet;

use adapters::store::{Meter, Tables, accounts::AccountStore};
use aws_sdk_dynamodb::Client;
use domain::{accounts::UserId, audit::Action};
use futures_util::future::join_all;
use http::Method;
use local::tables::CATALOG;
use serde_json::json;
use tests::{Answer, House, PASSWORD, problem};

/// A user, and the favorites that the server has acknowledged.
pub struct Visitor {
    house: House,
    name: String,
    id: UserId,
    token: String,
    acknowledged: BTreeSet<u32>,
    /// The Pokémon whose addition was refused, and may have been stored.
    pending: BTreeSet<u32>,
}

/// Asserts that an answer is a success, or a complete problem whose status is 4xx or 503. Returns whether it is a refusal.
fn is_refused(answer: &Answer, what: &str) -> bool {
    let status = answer.status.as_u16();
    if status < 400 {
        return false;
    }
    assert!(status < 500 || status == 503, "{what}: {answer:?}");
    assert!(problem(answer, what)["code"].is_string(), "{what}: {answer:?}");
    assert!(status != 503 || answer.header("retry-after").is_some(), "{what}: {answer:?}");
    true
}

impl Visitor {
    /// Registers an account.
    pub async fn register(base: &str, name: &str) -> Self {
        let house = House::already_at(base);
        let body = json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
        let answer = house.call(Method::POST, "/api/v1/auth/register", None, Some(&body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let account = answer.json();
        Self {
            name: name.to_owned(),
            id: account["user"]["id"].as_str().expect("an id").parse().expect("a user's id"),
            token: account["access_token"].as_str().expect("a token").to_owned(),
            acknowledged: BTreeSet::new(),
            pending: BTreeSet::new(),
            house,
        }
    }

    /// Continues at another address of the same data.
    pub fn move_to(&mut self, base: &str) {
        self.house = House::already_at(base);
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// Signs in again, which must succeed.
    pub async fn sign_in(&mut self) {
        let body = json!({"username": self.name, "password": PASSWORD});
        let answer = self.house.call(Method::POST, "/api/v1/auth/login", None, Some(&body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.token = answer.json()["access_token"].as_str().expect("a token").to_owned();
    }

    fn favorites(&self) -> String {
        format!("/api/v1/users/{}/favorites", self.id)
    }

    /// Reads a list, a Pokémon and the favorites, and adds one more favorite. Returns the number of refusals.
    async fn round(&mut self, what: &str) -> usize {
        let mut refusals = 0;
        for path in ["/api/v1/pokemon?search=char", "/api/v1/pokemon/25", "/api/v1/pokemon/eevee/evolutions"]
        {
            refusals += usize::from(is_refused(&self.house.get(path).await, &format!("{what}: {path}")));
        }
        let listed = self.house.call(Method::GET, &self.favorites(), Some(&self.token), None).await;
        refusals += usize::from(is_refused(&listed, &format!("{what}: favorites")));
        let next = 1 + (self.acknowledged.len() + self.pending.len()) as u32;
        refusals + usize::from(!self.add(next, what).await)
    }

    /// Adds a favorite, always with the same key for the same Pokémon. Returns whether it was acknowledged.
    async fn add(&mut self, pokemon: u32, what: &str) -> bool {
        let (bearer, key) = (format!("Bearer {}", self.token), format!("{}-{pokemon}", self.name));
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", key.as_str()),
        ];
        let body = json!({"pokemon_id": pokemon}).to_string();
        let answer = self.house.send_body(Method::POST, &self.favorites(), &headers, body).await;
        if is_refused(&answer, &format!("{what}: favorite {pokemon}")) {
            self.pending.insert(pokemon);
            return false;
        }
        assert_eq!(answer.status, 201, "{what}: {answer:?}");
        self.pending.remove(&pokemon);
        self.acknowledged.insert(pokemon);
        true
    }

    /// Repeats every refused addition, which must succeed now.
    async fn settle(&mut self) {
        for pokemon in self.pending.clone() {
            assert!(self.add(pokemon, "afterwards").await, "favorite {pokemon} is refused afterwards");
        }
    }

    /// Asserts that the server lists exactly the acknowledged favorites.
    async fn assert_listed(&self) {
        let answer = self.house.call(Method::GET, &self.favorites(), Some(&self.token), None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let answer = answer.json();
        let rows = answer["favorites"].as_array().expect("rows").iter();
        let ids: BTreeSet<u32> = rows.map(|row| row["pokemon_id"].as_u64().expect("an id") as u32).collect();
        assert_eq!(ids, self.acknowledged, "{}", self.name);
    }
}

/// Registers visitors.
pub async fn visitors<const N: usize>(base: &str, names: [&str; N]) -> Vec<Visitor> {
    join_all(names.map(|name| Visitor::register(base, name))).await
}

/// All visitors act at the same time. Returns the number of refusals.
pub async fn act(visitors: &mut [Visitor], what: &str) -> usize {
    join_all(visitors.iter_mut().map(|visitor| visitor.round(what))).await.into_iter().sum()
}

/// Repeats every refused change, and asserts that all changes are there.
pub async fn settle(visitors: &mut [Visitor]) {
    for visitor in visitors {
        visitor.settle().await;
        visitor.assert_listed().await;
    }
}

/// Asserts that the database has exactly the acknowledged favorites, and one event for each.
pub async fn assert_stored(client: Client, visitors: &[Visitor]) {
    let (accounts, meter) = (AccountStore::new(client, Tables::beside(CATALOG)), Meter::default());
    for Visitor { id, name, acknowledged, .. } in visitors {
        let stored = accounts.favorites(&meter, *id).await.expect("favorites");
        let stored: BTreeSet<u32> = stored.iter().map(|favorite| favorite.pokemon).collect();
        assert_eq!(&stored, acknowledged, "{name}");
        let trail = accounts.trail_of(&meter, *id, None, 1000).await.expect("a trail").events;
        let added = trail.iter().filter(|event| event.action == Action::AddFavorite).count();
        assert_eq!(added, acknowledged.len(), "{name}: one event for each change");
    }
}
