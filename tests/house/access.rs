//! Each function's rights in DynamoDB are exactly its calls: compares the accesses that the policies follow with the calls that a
//! tap recorded.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use adapters::{
    aws, now,
    pokeapi::{Config as PokeApiConfig, PokeApi},
    store::{CatalogStore, Key, Meter, Tables, accounts::AccountStore},
    sync::{self, Settings},
    tokens::{FamilyId, KeySource},
};
use api::{
    Config, Route,
    jobs::{self, DELETIONS, INVALIDATION, MIGRATION, ROTATION, SYNC, VERIFICATION},
    routes::{self},
    sync::SyncFunction,
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Timestamp, accounts::UserId};
use door::route::{DEFAULT, Idempotency};
use door::telemetry::Telemetry;
use http::Method;
use infra::{
    accesses::{self, Rights},
    transactions,
};
use serde_json::{Value, json};
use tests::{
    Call, Distribution, PASSWORD, SampleUsers, Tap, empty_store, engine_url, event, invoke_event, put_raw,
    root, some_event,
};

use super::authorization::of_an_unknown_key;
use crate::{
    stand_in::{StandIn, World},
    workshop::Home,
};

/// Actions that only the sync may do without naming a key: it writes every kind of item.
const UNNAMED: [&str; 3] = ["Scan", "PutItem", "BatchWriteItem"];

/// The parameters that name tables.
const TABLES: [&str; 4] = ["CatalogTableName", "AppTableName", "EphemeralTableName", "AuditTableName"];

/// The variable that `cargo xtask generate --record` sets: the tests then write the accesses to their file instead of comparing them.
const RECORD: &str = "POKEDEX_RECORD";

/// The actions of `calls` on `tables`.
fn done(tables: &Tables, calls: &[Call]) -> Rights {
    let names = [&tables.catalog, &tables.app, &tables.ephemeral, &tables.audit];
    let parameter = |request: &Value| -> String {
        let name = request["TableName"].as_str().expect("a table");
        let place = names.iter().position(|known| *known == name).unwrap_or_else(|| panic!("{name}"));
        TABLES[place].to_owned()
    };
    let mut done = Rights::new();
    let mut note = |action: &str, table: String, key: &Value| {
        let keys = done.entry(table).or_default().entry(action.to_owned());
        keys.or_insert_with(|| Some(BTreeSet::new()))
            .iter_mut()
            .for_each(|keys| keys.extend(key.as_str().map(pattern)));
    };
    for Call { operation, body } in calls {
        match operation.as_str() {
            // This action does not exist: IAM checks the actions of the items.
            "TransactWriteItems" => {
                for item in body["TransactItems"].as_array().expect("items") {
                    let (kind, request) = item.as_object().and_then(|item| item.iter().next()).expect("one");
                    let (action, key) = match kind.as_str() {
                        "Put" => ("PutItem", &request["Item"]["pk"]["S"]),
                        "Update" => ("UpdateItem", &request["Key"]["pk"]["S"]),
                        "Delete" => ("DeleteItem", &request["Key"]["pk"]["S"]),
                        "ConditionCheck" => ("ConditionCheckItem", &request["Key"]["pk"]["S"]),
                        other => panic!("{other} in a transaction"),
                    };
                    note(action, parameter(request), key);
                }
            }
            "BatchWriteItem" => {
                for table in body["RequestItems"].as_object().expect("tables").keys() {
                    note(operation, parameter(&json!({"TableName": table})), &Value::Null);
                }
            }
            "Scan" => note(operation, parameter(body), &Value::Null),
            "PutItem" => note(operation, parameter(body), &body["Item"]["pk"]["S"]),
            "Query" => {
                let values = &body["ExpressionAttributeValues"];
                let key =
                    [&values[":pk"]["S"], &values[":facts"]["S"]].into_iter().find(|key| key.is_string());
                let index = body["IndexName"].as_str().map(|name| format!("/index/{name}"));
                let of = parameter(body) + &index.unwrap_or_default();
                note(operation, of, key.expect("a partition key"));
            }
            other => note(other, parameter(body), &body["Key"]["pk"]["S"]),
        }
    }
    done
}

/// The family of a key: of `POKEMON#25` it is `POKEMON#*`.
fn pattern(key: &str) -> String {
    // A day of this century: `2026-11-23#07`.
    if key.starts_with('2') {
        return "2*".to_owned();
    }
    key.split_once('#').map_or_else(|| key.to_owned(), |(family, _)| format!("{family}#*"))
}

/// The tables, actions and keys of each kind of transaction among `calls`.
fn transactions(tables: &Tables, calls: &[Call]) -> Vec<Rights> {
    let transactions = calls.iter().filter(|call| call.operation == "TransactWriteItems");
    let mut kinds: Vec<_> = transactions.map(|call| done(tables, std::slice::from_ref(call))).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The same rights, with `actions` on whole tables.
fn unnamed(mut done: Rights, actions: &[&str]) -> Rights {
    for (action, keys) in done.values_mut().flatten() {
        if actions.contains(&action.as_str()) {
            *keys = None;
        }
    }
    done
}

/// Compares the accesses and transactions of the function `name` with the committed ones, which its policy follows, or records them.
fn check(name: &str, done: Rights, transactions: Vec<Rights>) {
    static FILE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut accesses = accesses::read(&root()).expect("the recorded accesses");
    let mut kinds = transactions::read(&root()).expect("the recorded transactions");
    if std::env::var_os(RECORD).is_some() {
        accesses.insert(name.to_owned(), done);
        kinds.insert(name.to_owned(), transactions);
        kinds.retain(|_, transactions| !transactions.is_empty());
        for (path, text) in
            [(accesses::PATH, accesses::text(&accesses)), (transactions::PATH, transactions::text(&kinds))]
        {
            std::fs::write(root().join(path), text).expect("the file can be written");
        }
    } else {
        let cure = "run `cargo xtask generate --record`";
        assert_eq!(accesses.get(name), Some(&done), "{name}: {cure}");
        assert_eq!(kinds.remove(name).unwrap_or_default(), transactions, "{name}: {cure}");
    }
}

/// The additional requests of a route that make it use all of its rights.
fn variations(route: &Route, users: &Home) -> Vec<Value> {
    let event = users.fill(&event(route));
    let with = |field: &str, value: Value| {
        let mut event = event.clone();
        event[field] = value;
        event
    };
    let mut unknown = event.clone();
    unknown["headers"]["authorization"] = format!("Bearer {}", of_an_unknown_key(users)).into();
    let body = |body: Value| with("body", body.to_string().into());
    let mut all = match route.spec.name {
        "get-pokemon" => vec![with("rawQueryString", "include=moves,forms".into())],
        "login-user" => vec![
            body(json!({"username": "ash_ketchum@example.com", "password": PASSWORD})),
            body(json!({"username": "nobody", "password": PASSWORD})),
        ],
        "refresh-session" => vec![
            // Issued again, used, presented again: this ends the session.
            event.clone(),
            body(json!({"refresh_token": users.refresh_token_of(1)})),
            event.clone(),
            // A token that nobody sealed.
            body(json!({"refresh_token": format!("rt_{}", "A".repeat(80))})),
        ],
        "update-profile" => vec![body(json!({
            "username": "misty", "email": "misty@example.com", "password": "cerulean city, route 24",
            "current_password": PASSWORD,
        }))],
        "list-pokemon" => {
            let mut mine = with("rawQueryString", "sort=favorites".into());
            mine["headers"]["authorization"] = format!("Bearer {}", users.token()).into();
            unknown["rawQueryString"] = "sort=favorites".into();
            vec![mine]
        }
        "get-user" => {
            let mut of_another = event.clone();
            of_another["headers"]["authorization"] = format!("Bearer {}", users.admin_token()).into();
            of_another["pathParameters"] = json!({"id": users.ash.to_string()});
            vec![of_another]
        }
        "update-user" => {
            let mut of_another = body(json!({"is_admin": true}));
            of_another["headers"]["authorization"] = format!("Bearer {}", users.admin_token()).into();
            of_another["headers"]["idempotency-key"] = "of another".into();
            vec![
                body(json!({
                    "username": "misty", "email": "misty@example.com", "password": "cerulean city, route 24",
                    "current_password": PASSWORD,
                })),
                of_another,
            ]
        }
        "delete-user" | "delete-profile" => {
            let mut admins = event.clone();
            admins["headers"]["authorization"] = format!("Bearer {}", users.admin_token()).into();
            admins["pathParameters"] = json!({"id": users.oak.to_string()});
            let mut of_another = admins.clone();
            of_another["pathParameters"] = json!({"id": users.elm.to_string()});
            of_another["headers"]["idempotency-key"] = "of another".into();
            if route.spec.name == "delete-profile" { vec![admins] } else { vec![of_another, admins] }
        }
        "list-audit" => vec![with("rawQueryString", format!("actor={}", users.ash).into())],
        _ => Vec::new(),
    };
    if route.spec.idempotency != Idempotency::Ignored {
        let mut keyed = event.clone();
        keyed["headers"]["idempotency-key"] = "key".into();
        // This comes before the others, which leave nothing to do.
        all.insert(0, keyed);
    }
    all.push(unknown);
    let mut ended = event.clone();
    ended["headers"]["authorization"] =
        format!("Bearer {}", users.token_of(users.ash, FamilyId::random())).into();
    all.push(ended);
    all
}

/// Leaves Ash with an expired reservation of a former name and one of a former address: the next change removes them.
async fn give_up_names(users: &SampleUsers) {
    let house = users.house().await;
    let body = json!({"username": "ash_again", "email": "again@example.com"});
    let path = "/api/v1/auth/profile";
    let changed = house.call(Method::PUT, path, Some(&users.token()), Some(&body)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    users.end_reservations(now().unix()).await;
}

#[tokio::test]
async fn a_route_has_exactly_the_rights_that_it_uses() {
    for route in routes::all() {
        let users = Home::of(&route.spec).await;
        if route.spec.name == "login-user" {
            users.weaken_hash(PASSWORD).await;
        }
        if let (Home::Own(workshop), "fetch-pokemon") = (&users, route.spec.name) {
            // The request shows the hidden Pokémon again.
            workshop.hide_quietly(1).await;
        }
        if ["update-profile", "update-user"].contains(&route.spec.name) {
            give_up_names(&users).await;
        }
        let tap = Tap::on(&users.url).await;
        let mut statuses = Vec::new();
        for event in variations(&route, &users).into_iter().chain([users.fill(&event(&route))]) {
            // Each request uses a new app: one that has the data in memory would not read it.
            statuses.push(invoke_event(&users.app(&tap.url), &route, &event).await.status.as_u16());
        }
        let is_answered = statuses.iter().any(|status| [200, 201, 202].contains(status));
        assert!(is_answered || route.spec.path == DEFAULT, "{}: {statuses:?}", route.spec.name);
        let calls = tap.take();
        let done = done(&users.tables, &calls);
        assert!(is_named(&done), "{} acts on a whole table: {done:?}", route.spec.name);
        check(route.spec.name, done, transactions(&users.tables, &calls));
    }
}

#[tokio::test]
async fn the_sync_has_exactly_the_rights_that_it_uses() {
    let source = StandIn::start(World::small()).await;
    let empty = empty_store().await;
    let tap = Tap::on(&engine_url()).await;
    let client = aws::at(&tap.url);
    let (store, meter) = (CatalogStore::new(client, &Tables::beside(empty.table())), Meter::default());
    let mut config = PokeApiConfig::new(source.base_url());
    config.per_minute = 0;
    let api = PokeApi::new(config).expect("an address");
    let request = sync::Request { scope: sync::Scope::Everything, requested_at: now() };
    let body = AttributeValue::S(json!(request).to_string());
    let at = AttributeValue::N(request.requested_at.unix().to_string());
    put_raw(&empty, &Key::sync_request(), &[("body", body), ("requested_at", at)]).await;
    for round in 0..2 {
        let request = sync::request(&store, &meter).await.expect("it is readable");
        sync::republish(&store, &meter, "test", now()).await.expect("no error");
        let settings = Settings::new("test");
        sync::run(&store, &meter, &api, &settings, &mut |_| {})
            .await
            .unwrap_or_else(|error| panic!("{round}: {error}"));
        if let Some(request) = request {
            sync::carried_out(&store, &meter, &request).await.expect("no error");
        }
        // The second run has something to remove.
        source.remove("move", 22);
    }
    let (tables, calls) = (Tables::beside(empty.table()), tap.take());
    let kinds = transactions(&tables, &calls).into_iter().map(|kind| unnamed(kind, &UNNAMED));
    let mut kinds: Vec<_> = kinds.collect();
    kinds.dedup();
    check(SYNC.name, unnamed(done(&tables, &calls), &UNNAMED), kinds);
}

#[tokio::test]
async fn a_job_has_exactly_the_rights_that_it_uses() {
    for job in [ROTATION.name, DELETIONS.name] {
        let users = SampleUsers::new().await;
        let (tap, meter, folder) =
            (Tap::on(&users.url).await, Meter::default(), tempfile::tempdir().expect("a folder"));
        let accounts = AccountStore::new(aws::at(&tap.url), users.tables.clone());
        let mut config = users.config();
        config.door.signing_keys = Some(KeySource::File(folder.path().join("keys.json")));
        let record = some_event(users.ash).into();
        let begun = users.accounts.begin_deletion(&meter, users.ash, users.ash, false, &record).await;
        begun.expect("a beginning");
        for event in [json!({"task": "check"}), json!({}), json!({"emergency": true})] {
            let done = match job {
                job if job == ROTATION.name => {
                    jobs::rotation::rotate(&accounts, &config, &event, &meter).await
                }
                _ => jobs::deletions::delete(&accounts, &config, &event, &meter).await,
            };
            done.unwrap_or_else(|error| panic!("{job}, {event}: {error}"));
        }
        let calls = tap.take();
        let done = done(&users.tables, &calls);
        assert!(is_named(&done), "{job} acts on a whole table: {done:?}");
        check(job, done, transactions(&users.tables, &calls));
    }
}

/// The removal of stored responses reads the state of the sync and its own item, and writes the latter.
#[tokio::test]
async fn the_invalidation_has_exactly_the_rights_that_it_uses() {
    let (empty, edge) = (empty_store().await, Distribution::new().await);
    let (tap, meter, tables) =
        (Tap::on(&engine_url()).await, Meter::default(), Tables::beside(empty.table()));
    let lease = empty.take_lease(&meter, "a sync".to_owned(), 30, now()).await.expect("it is free");
    empty.mark_changed(&meter, &lease, Timestamp::from_unix(now().unix() - 60)).await.expect("no error");
    empty.end_lease(&meter, &lease).await.expect("no error");
    let store = CatalogStore::new(aws::at(&tap.url), &tables);
    let (client, config) = (aws::cloudfront_at(&edge.url), Config::new(store.table()));
    for (event, outcome) in [
        (json!({"task": "check"}), "checked"),
        (json!({"distribution": "E123"}), "invalidated"),
        (json!({"distribution": "E123"}), "current"),
    ] {
        let done = jobs::invalidation::invalidate(&store, &client, &config, &event, &meter).await;
        assert_eq!(done.expect("no error")["outcome"], outcome);
    }
    let calls = tap.take();
    let done = done(&tables, &calls);
    assert!(is_named(&done), "{done:?}");
    check(INVALIDATION.name, done, transactions(&tables, &calls));
}

/// A migration walks through the whole table of accounts, and writes profiles, counters and its position.
#[tokio::test]
async fn the_migration_has_exactly_the_rights_that_it_uses() {
    let users = SampleUsers::new().await;
    // A new table, which has no version yet.
    let new = Tables { app: format!("{}-new", users.tables.app), ..users.tables.clone() };
    local::tables::create_overrides(&aws::at(&users.url), &new.app).await.expect("a table");
    // A user whom a function of an earlier release has registered is not counted yet.
    let former = Key { pk: format!("USER#{}", UserId::new(0, [1; 10])), sk: "PROFILE".to_owned() };
    let version = [("version", AttributeValue::N("1".to_owned()))];
    users.put(&users.tables.app, &former, &version).await;
    let (mut rights, mut kinds) = (Rights::new(), Vec::new());
    for tables in [&new, &users.tables] {
        let tap = Tap::on(&users.url).await;
        let (accounts, meter) = (AccountStore::new(aws::at(&tap.url), tables.clone()), Meter::default());
        for event in [
            json!({"task": "check"}),
            json!({"task": "migrate", "to": 2}),
            json!({"task": "migrate", "to": 3}),
        ] {
            let done = jobs::migration::migrate(&accounts, &users.config(), &event, &meter).await;
            done.unwrap_or_else(|error| panic!("{event}: {error}"));
        }
        let calls = tap.take();
        kinds.extend(transactions(tables, &calls));
        for (table, actions) in unnamed(done(tables, &calls), &["Scan"]) {
            let all = rights.entry(table).or_default();
            for (action, keys) in actions {
                let known = all.entry(action).or_insert_with(|| keys.clone());
                *known = known.take().zip(keys).map(|(known, keys)| &known | &keys);
            }
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    check(MIGRATION.name, rights, kinds);
}

/// The verification of releases has no client of the database.
#[test]
fn the_verification_has_exactly_the_rights_that_it_uses() {
    check(VERIFICATION.name, Rights::new(), Vec::new());
}

/// Whether every action names its keys.
fn is_named(done: &Rights) -> bool {
    done.values().flatten().all(|(_, keys)| keys.as_ref().is_some_and(|keys| !keys.is_empty()))
}

/// The check of the sync reads only what the sync reads: its role grants it.
#[tokio::test]
async fn a_check_of_the_sync_reads_only_what_the_sync_may_read() {
    let users = SampleUsers::new().await;
    let tap = Tap::on(&users.url).await;
    let function = SyncFunction {
        store: CatalogStore::new(aws::at(&tap.url), &users.tables),
        api: PokeApi::new(PokeApiConfig::new("http://127.0.0.1:1")).expect("an address"),
        min_age: 0,
        notices: None,
        telemetry: Telemetry::default(),
    };
    let checked = function.answer(&json!({"task": "check"}), Duration::from_secs(60)).await;
    assert_eq!(checked.expect("an answer")["outcome"], "checked");
    let accesses = accesses::read(&root()).expect("the recorded accesses");
    for (table, actions) in done(&users.tables, &tap.take()) {
        for (action, keys) in actions {
            assert!(["GetItem", "Query"].contains(&action.as_str()), "{table}: {action}");
            let granted = accesses[SYNC.name].get(&table).and_then(|actions| actions.get(&action)?.as_ref());
            let granted = granted.unwrap_or_else(|| panic!("the sync may not do {action} in {table}"));
            assert!(keys.expect("keys").is_subset(granted), "{table}: {action}");
        }
    }
}
