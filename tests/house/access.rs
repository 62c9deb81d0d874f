//! Each function's rights in DynamoDB are exactly its calls: compares the accesses that the policies follow with the calls that a
//! tap recorded.

mod jobs;

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use adapters::{
    now,
    store::{Meter, Tables, accounts::StoredFavorite},
    tokens::FamilyId,
};
use api::{Route, routes};
use door::route::{DEFAULT, Idempotency};
use http::Method;
use infra::{
    accesses::{self, Rights},
    transactions,
};
use serde_json::{Value, json};
use tests::{Call, PASSWORD, SampleUsers, Tap, event, invoke_event, root, some_event};

use super::authorization::of_an_unknown_key;
use crate::workshop::Home;

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
            "BatchGetItem" => {
                for (table, wanted) in body["RequestItems"].as_object().expect("tables") {
                    for key in wanted["Keys"].as_array().expect("keys") {
                        note(operation, parameter(&json!({"TableName": table})), &key["pk"]["S"]);
                    }
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
        if route.spec.name == "list-favorites" {
            let gone = StoredFavorite { pokemon: 99_999, created_at: now() };
            let record = some_event(users.ash).into();
            let added = users.accounts.add_favorite(&Meter::default(), users.ash, gone, &record).await;
            added.expect("a favorite");
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

/// Whether every action names its keys.
fn is_named(done: &Rights) -> bool {
    done.values().flatten().all(|(_, keys)| keys.as_ref().is_some_and(|keys| !keys.is_empty()))
}
