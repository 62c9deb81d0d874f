//! Syncs for tests: a stand-in with the small world, a client without long pauses, a separate table.

use std::{collections::BTreeMap, time::Duration};

use adapters::{
    aws,
    pokeapi::{Config, PokeApi},
    publish::Published,
    store::{CatalogStore, Key, Ledger, Meter, StoredState, Tables},
    sync::{self, Failure, Finished, Outcome, Settings, State, SyncError},
};
use domain::{
    Slug, Timestamp,
    catalog::StoredPokemon,
    dex::{Dex, ListQuery},
    facts::{Facts, Kind},
};
use serde_json::{Value, json};
use tests::{Call, Tap, empty_store, engine_url, publish_facts};

use crate::stand_in::{StandIn, World};

/// The rows of all Pokémon, in id order.
pub fn rows(dex: &Dex) -> Vec<Value> {
    let query = |page| ListQuery { page, per_page: 100, all_forms: true, ..ListQuery::default() };
    let pages = (1..).map(|page| dex.page_json(&query(page)).expect("a page"));
    let pages = pages.map(|page| serde_json::from_slice::<Value>(&page).expect("JSON")["pokemon"].take());
    let pages = pages.map(|rows| rows.as_array().cloned().expect("rows")).take_while(|rows| !rows.is_empty());
    pages.flatten().collect()
}

/// The id and the slug of every listed Pokémon.
pub fn listed(dex: &Dex) -> Vec<(u32, String)> {
    let rows = rows(dex).into_iter();
    rows.map(|row| {
        (row["id"].as_u64().expect("an id") as u32, row["name"].as_str().expect("a name").to_owned())
    })
    .collect()
}

/// `created_at` and `updated_at` of the listed Pokémon `id`.
pub fn listed_times(dex: &Dex, id: u32) -> (Timestamp, Timestamp) {
    let row = dex.pokemon_json(id).expect("it is listed");
    let row: Value = serde_json::from_slice(&row).expect("JSON");
    let time = |name: &str| row[name].as_str().expect("a time").parse().expect("a time");
    (time("created_at"), time("updated_at"))
}

/// The number of resources that the small world lists, of all kinds together.
pub const RESOURCES: usize = 95;
pub const POKEMON: [(u32, &str); 15] = [
    (1, "bulbasaur"),
    (2, "ivysaur"),
    (3, "venusaur"),
    (4, "charmander"),
    (5, "charmeleon"),
    (6, "charizard"),
    (29, "nidoran-f"),
    (133, "eevee"),
    (196, "espeon"),
    (201, "unown"),
    (386, "deoxys-normal"),
    (669, "flabebe"),
    (700, "sylveon"),
    (10001, "deoxys-attack"),
    (10034, "charizard-mega-x"),
];
/// A time long before any test ran.
pub const LONG_AGO: Timestamp = Timestamp::from_unix(1_000_000_000);

/// The current index.
pub async fn dex(store: &CatalogStore) -> Dex {
    let meter = Meter::default();
    let pointer = store.index_pointer(&meter).await.expect("it is readable").expect("it is there");
    let index = store.index(&meter, &pointer.version, 0).await.expect("it is there");
    Dex::load(&index, &pointer.version, "").expect("it is readable")
}

pub async fn small() -> StandIn {
    StandIn::start(World::small()).await
}

/// A configuration without a pace, with three attempts and pauses of milliseconds.
pub fn config(pokeapi: &StandIn) -> Config {
    let mut config = Config::new(pokeapi.base_url());
    config.per_minute = 0;
    config.attempts = 3;
    config.backoff = Duration::from_millis(2);
    config.timeout = Duration::from_secs(5);
    config
}

pub fn client(config: Config) -> PokeApi {
    PokeApi::new(config).expect("an address that is usable")
}

/// A run whose owner is always the same, as on one machine.
pub async fn run(store: &CatalogStore, api: &PokeApi, settings: &Settings) -> Result<Outcome, SyncError> {
    sync::run(store, &Meter::default(), api, settings, &mut |_| {}).await
}

pub async fn try_sync(store: &CatalogStore, pokeapi: &StandIn) -> Result<Outcome, SyncError> {
    run(store, &client(config(pokeapi)), &Settings::new("test")).await
}

/// A sync that completes.
pub async fn sync(store: &CatalogStore, pokeapi: &StandIn) -> (Finished, Published) {
    sync_as(store, config(pokeapi)).await
}

pub async fn sync_as(store: &CatalogStore, config: Config) -> (Finished, Published) {
    finished(run(store, &client(config), &Settings::new("test")).await)
}

pub fn finished(outcome: Result<Outcome, SyncError>) -> (Finished, Published) {
    match outcome.expect("the sync ends well") {
        Outcome::Finished { finished, published } => (*finished, published),
        other => panic!("the sync did not finish: {other:?}"),
    }
}

/// An empty table after one undisturbed sync.
pub async fn synced(pokeapi: &StandIn) -> CatalogStore {
    let store = empty_store().await;
    let (finished, _) = sync(&store, pokeapi).await;
    assert_eq!(finished.failures, Vec::new());
    store
}

/// A table that was filled long ago with the stand-in's current data, ETags included.
pub async fn synced_long_ago(pokeapi: &StandIn) -> CatalogStore {
    let store = empty_store().await;
    publish_facts(&store, &facts(pokeapi).await, LONG_AGO).await;
    sync(&store, pokeapi).await;
    store
}

/// Every fact of the stand-in.
pub async fn facts(pokeapi: &StandIn) -> Facts {
    let store = synced(pokeapi).await;
    store.facts(&Meter::default()).await.expect("the facts are readable").facts
}

pub async fn ledger(store: &CatalogStore) -> Ledger {
    store.facts(&Meter::default()).await.expect("the facts are readable")
}

/// The same table, accessed through a tap.
pub async fn tapped(store: &CatalogStore) -> (CatalogStore, Tap) {
    let tap = Tap::on(&engine_url()).await;
    (through(store, &tap.url).await, tap)
}

/// The same table, accessed at another address.
pub async fn through(store: &CatalogStore, url: &str) -> CatalogStore {
    CatalogStore::new(aws::at(url), &Tables::beside(store.table()))
}

pub async fn state(store: &CatalogStore) -> State {
    sync::state(store, &Meter::default()).await.expect("the state is readable")
}

/// The item of the state, with the lease.
pub async fn state_item(store: &CatalogStore) -> StoredState {
    store.sync_state(&Meter::default()).await.expect("the item is readable")
}

/// A published Pokémon with the times of its item.
pub async fn pokemon(store: &CatalogStore, key: &str) -> Option<(StoredPokemon, Timestamp, Timestamp)> {
    let slug = Slug::parse(key).expect("a slug");
    let record = store.pokemon(&Meter::default(), &slug).await.expect("the item is readable")?;
    let stored = record.parse(&Key::pokemon(key)).expect("a Pokémon");
    Some((stored, record.created_at, record.updated_at))
}

/// Deoxys' attack form, with its form.
pub const ATTACK: [(&str, u32); 2] = [("pokemon", 10001), ("pokemon-form", 10031)];
/// Unown, with its species, its chain and its forms.
pub const UNOWN: [(&str, u32); 6] = [
    ("pokemon", 201),
    ("pokemon-species", 201),
    ("evolution-chain", 99),
    ("pokemon-form", 201),
    ("pokemon-form", 10001),
    ("pokemon-form", 10002),
];

/// Renames Deoxys' attack form with its form, which has the same slug.
pub fn rename_attack(pokeapi: &StandIn, slug: &str) {
    for (kind, id) in ATTACK {
        pokeapi.edit(&format!("/api/v2/{kind}/{id}/"), |document| document["name"] = json!(slug));
    }
}

/// Whether the source still has the Pokémon.
pub async fn is_current(store: &CatalogStore, key: &str) -> bool {
    pokemon(store, key).await.is_some_and(|(stored, ..)| stored.pokemon.removed_at.is_none())
}

/// Kind, id, reason and whether a retry may help, of each failure.
pub fn summaries(failures: &[Failure]) -> Vec<(Kind, u32, &str, bool)> {
    failures.iter().map(|f| (f.kind, f.id, f.reason.as_str(), f.passing)).collect()
}

/// The items that the calls wrote, and how often: `UpdateItem SYNC/STATE`.
pub fn writes(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut written = BTreeMap::new();
    for call in calls {
        for key in written_by(call) {
            *written.entry(key).or_default() += 1;
        }
    }
    written
}

fn written_by(call: &Call) -> Vec<String> {
    let name = |verb: &str, keys: &Value| {
        let part = |name: &str| keys[name]["S"].as_str().unwrap_or("?").to_owned();
        format!("{verb} {}/{}", part("pk"), part("sk"))
    };
    match call.operation.as_str() {
        "GetItem" | "Query" | "Scan" | "BatchGetItem" => Vec::new(),
        "PutItem" => vec![name("put", &call.body["Item"])],
        "UpdateItem" => vec![name("update", &call.body["Key"])],
        "DeleteItem" => vec![name("delete", &call.body["Key"])],
        "TransactWriteItems" => {
            let items = call.body["TransactItems"].as_array().expect("items");
            items.iter().map(|item| name("put", &item["Put"]["Item"])).collect()
        }
        "BatchWriteItem" => {
            let tables = call.body["RequestItems"].as_object().expect("tables");
            let requests = tables.values().flat_map(|requests| requests.as_array().expect("requests"));
            let written = requests.map(|request| match request.get("PutRequest") {
                Some(put) => name("put", &put["Item"]),
                None => name("delete", &request["DeleteRequest"]["Key"]),
            });
            written.collect()
        }
        other => panic!("{other} is an operation that this test does not know"),
    }
}
