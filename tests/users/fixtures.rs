//! Accounts as releases have stored them: one file for each version, with every item of a user. This release reads each of them, and
//! stores what the latest one contains.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use adapters::{
    aws, now,
    store::{
        Key, Meter,
        accounts::{SERVED, SHAPES},
    },
    tokens::{FamilyId, RefreshToken},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::accounts::UserId;
use http::Method;
use serde_json::{Map, Value, json};
use tests::{PASSWORD, SampleUsers, ring, root, some_event};

use crate::accounts::{LOGIN, PROFILE, REFRESH, post};

/// The tables of a user's items.
const TABLES: [&str; 2] = ["app", "ephemeral"];
const LATEST: u32 = *SERVED.end();
/// The id of the user of the files.
const MISTY: &str = "018bcfe5-6800-7606-8606-060606060606";
const FAMILY: &str = "BwcHBwcHBwcHBwcHBwcHBw";

fn path(version: u32) -> PathBuf {
    root().join(format!("tests/users/version-{version}.json"))
}

/// The items of a version, by table.
fn items_of(version: u32) -> BTreeMap<String, Vec<Value>> {
    let text = fs::read_to_string(path(version)).expect("a file for each version");
    serde_json::from_str(&text).expect("items by table")
}

/// An attribute as DynamoDB spells it in JSON.
fn spelled(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::Bool(flag) => json!({"BOOL": flag}),
        AttributeValue::M(values) => {
            let values: Map<_, _> =
                values.iter().map(|(name, value)| (name.clone(), spelled(value))).collect();
            json!({"M": values})
        }
        other => panic!("{other:?}"),
    }
}

fn parsed(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().and_then(|kinds| kinds.iter().next()).expect("an attribute");
    let text = || value.as_str().expect("a text").to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "BOOL" => AttributeValue::Bool(value.as_bool().expect("a flag")),
        "M" => {
            let values = value.as_object().expect("values").iter();
            AttributeValue::M(values.map(|(name, value)| (name.clone(), parsed(value))).collect())
        }
        other => panic!("{other}"),
    }
}

/// The attributes of an item and their kinds.
fn shape(item: &Value) -> BTreeMap<&str, BTreeSet<&str>> {
    let attributes = item.as_object().expect("an item").iter();
    attributes
        .map(|(name, value)| {
            (name.as_str(), value.as_object().expect("an attribute").keys().map(String::as_str).collect())
        })
        .collect()
}

fn misty() -> UserId {
    MISTY.parse().expect("an id")
}

fn family() -> FamilyId {
    FAMILY.parse().expect("a family")
}

/// Stores the items of `version` beside the sample users, whose accounts have the latest version.
async fn load(users: &SampleUsers, version: u32) {
    for (table, items) in items_of(version) {
        let table = if table == "app" { &users.tables.app } else { &users.tables.ephemeral };
        for item in items {
            let mut item: BTreeMap<_, _> = item
                .as_object()
                .expect("an item")
                .iter()
                .map(|(name, value)| (name.as_str(), parsed(value)))
                .collect();
            // As if the session had begun just now.
            for (moment, after) in [("rotated_at", 0), ("expires_at", 24 * 3600)] {
                item.entry(moment)
                    .and_modify(|at| *at = AttributeValue::N((now().unix() + after).to_string()));
            }
            let part = |name: &str| item[name].as_s().expect("a text").clone();
            let rest = item.iter().filter(|(name, _)| !["pk", "sk"].contains(name));
            let rest: Vec<_> = rest.map(|(name, value)| (*name, value.clone())).collect();
            users.put(table, &Key { pk: part("pk"), sk: part("sk") }, &rest).await;
        }
    }
}

/// An item in JSON, its attributes in alphabetical order.
fn sorted(item: &HashMap<String, AttributeValue>) -> Value {
    let attributes: BTreeMap<_, _> = item.iter().map(|(name, value)| (name, spelled(value))).collect();
    json!(attributes)
}

/// The text of a file: a line for each item.
fn text(items: &BTreeMap<String, Vec<Value>>) -> String {
    let lines =
        |items: &[Value]| items.iter().map(|item| format!("    {item}")).collect::<Vec<_>>().join(",\n");
    let tables: Vec<_> =
        items.iter().map(|(table, items)| format!("  {table:?}: [\n{}\n  ]", lines(items))).collect();
    format!("{{\n{}\n}}\n", tables.join(",\n"))
}

/// Every item of the user of the files, by table.
async fn stored(users: &SampleUsers) -> BTreeMap<String, Vec<Value>> {
    let mut found = BTreeMap::new();
    for name in TABLES {
        let table = if name == "app" { &users.tables.app } else { &users.tables.ephemeral };
        let scan = aws::at(&users.url).scan().table_name(table).consistent_read(true);
        let items = scan.send().await.expect("items").items.unwrap_or_default();
        let is_of_user = |item: &HashMap<String, AttributeValue>| {
            item["pk"].as_s().is_ok_and(|pk| pk.ends_with(MISTY))
                || item.get("user").and_then(|user| user.as_s().ok()).is_some_and(|user| user == MISTY)
        };
        let mut items: Vec<Value> = items.iter().filter(|item| is_of_user(item)).map(sorted).collect();
        items.sort_by_key(|item| format!("{} {}", item["pk"], item["sk"]));
        found.insert(name.to_owned(), items);
    }
    found
}

/// Registers the user of the files with a session, a favorite and a former name, as this release does it.
async fn register(users: &SampleUsers) {
    let (meter, id) = (Meter::default(), misty());
    users.add_user(id, "misty", family()).await;
    let record = |_: &[u32]| some_event(id).into();
    users.accounts.add_favorites(&meter, id, &[25, 120].into(), record).await.expect("favorites");
    let house = users.house().await;
    let token = users.token_of(id, family());
    let new = json!({"username": "misty_williams"});
    assert_eq!(house.call(Method::PUT, PROFILE, Some(&token), Some(&new)).await.status, 200);
}

/// A release that stores another shape needs another version, or, if an older release ignores what is new, new files: run this test with
/// `POKEDEX_RECORD=1`.
#[tokio::test]
async fn accounts_are_stored_as_in_the_file_of_their_version() {
    let users = SampleUsers::new().await;
    register(&users).await;
    for shape in SHAPES.iter().rev() {
        let end = Instant::now() + Duration::from_secs(60);
        users.accounts.bring(&Meter::default(), shape.version, end).await.expect("a version");
        let items = stored(&users).await;
        if std::env::var_os("POKEDEX_RECORD").is_some() {
            fs::write(path(shape.version), text(&items)).expect("the file is written");
        }
        let shapes = |items: &BTreeMap<String, Vec<Value>>| {
            let kinds = items.iter().flat_map(|(table, items)| {
                items.iter().map(move |item| {
                    let sk = item["sk"]["S"].as_str().expect("a text");
                    let kind = sk.split('#').next().expect("a kind").to_owned();
                    (format!("{table} {kind}"), format!("{:?}", self::shape(item)))
                })
            });
            kinds.collect::<BTreeSet<_>>()
        };
        assert_eq!(shapes(&items), shapes(&items_of(shape.version)), "version {}", shape.version);
    }
}

#[tokio::test]
async fn this_release_serves_accounts_of_every_version() {
    let passes = (1..=LATEST).map(|version| (version, LATEST)).chain([(2, 2), (LATEST, 2)]);
    for (version, served) in passes {
        assert!(SERVED.contains(&served));
        let users = SampleUsers::new().await;
        let (meter, end) = (Meter::default(), Instant::now() + Duration::from_secs(60));
        users.accounts.bring(&meter, version, end).await.expect("a version");
        load(&users, version).await;
        if version > 1 {
            count_misty(&users).await;
        }
        users.accounts.bring(&meter, served, end).await.expect("a version");
        let house = users.house().await;
        let login = json!({"username": "misty_williams", "password": PASSWORD});
        let signed_in = post(&house, LOGIN, &login).await;
        assert_eq!(signed_in.status, 200, "version {version}: {signed_in:?}");
        let token = signed_in.json()["access_token"].as_str().expect("a token").to_owned();
        let old = RefreshToken { user: misty(), family: family(), counter: 0 };
        let refresh = json!({"refresh_token": old.seal(ring().refresh())});
        let refreshed = post(&house, REFRESH, &refresh).await;
        assert_eq!(refreshed.status, 200, "version {version}: {refreshed:?}");
        let call = async |method, path: &str, body: Option<&Value>, token: &str| {
            let answer = house.call(method, path, Some(token), body).await;
            assert!(answer.status.is_success(), "version {version}, {path}: {answer:?}");
            answer.json()
        };
        let favorites = call(Method::GET, &format!("/api/v1/users/{MISTY}/favorites"), None, &token).await;
        let ids: Vec<_> =
            favorites["favorites"].as_array().expect("rows").iter().map(|row| &row["pokemon_id"]).collect();
        assert_eq!(ids, [25, 120], "version {version}");
        let listed = call(Method::GET, "/api/v1/users?per_page=100", None, &users.admin_token()).await;
        let names: Vec<_> =
            listed["users"].as_array().expect("users").iter().map(|user| &user["username"]).collect();
        assert!(names.contains(&&json!("misty_williams")), "version {version}: {names:?}");
        assert_eq!(listed["pagination"]["total"], 4, "version {version}");
        call(Method::PUT, PROFILE, Some(&json!({"username": "misty"})), &token).await;
        call(Method::DELETE, PROFILE, Some(&json!({"password": PASSWORD})), &token).await;
        assert_eq!(users.accounts.user(&meter, misty()).await.expect("no error"), None, "version {version}");
        assert_eq!(users.accounts.user_count(&meter).await.expect("a number"), 3, "version {version}");
    }
}

/// Counts the user of the files, as its release has done when it registered: counters are shared, and therefore not in the files.
async fn count_misty(users: &SampleUsers) {
    let update = aws::at(&users.url).update_item().table_name(&users.tables.app);
    let update = update
        .key("pk", AttributeValue::S("USERS".to_owned()))
        .key("sk", AttributeValue::S(format!("COUNT#{:02}", misty().as_bytes()[15] % 16)))
        .update_expression("ADD user_count :one")
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    update.send().await.expect("the counter is changed");
}
