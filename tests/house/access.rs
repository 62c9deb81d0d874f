//! What each function may do in DynamoDB is what it does, no more and no less: the templates' policies against the calls
//! that a tap has seen.

use std::collections::{BTreeMap, BTreeSet};

use adapters::{
    aws, now,
    pokeapi::{Config as PokeApiConfig, PokeApi},
    store::{Meter, Store},
    sync::{self, Settings},
};
use api::{App, Config, routes};
use serde_json::{Value, json};
use tests::{Call, SeededEngine, Tap, empty_store, engine_url, event, invoke_event, template};

use super::{SYNC, camel};
use crate::stand_in::{StandIn, World};

/// Actions, each with the partition keys that it is for; none where it is for the whole table.
type Access = BTreeMap<String, Option<BTreeSet<String>>>;

/// What only the sync may do without naming a key: it writes every kind of item there is.
const UNNAMED: [&str; 3] = ["Scan", "PutItem", "BatchWriteItem"];

/// What the role of the function `name` allows.
fn allowed(name: &str) -> Access {
    let template = template("template.yaml");
    let role = &template["Resources"][format!("{}Role", camel(name))]["Properties"];
    let mut access = Access::new();
    // The first is about its log; `templates.rs` holds all the rest of the role.
    let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_array().expect("statements");
    for statement in &statements[1..] {
        for (action, keys) in grants(name, statement) {
            let before = access.insert(action.clone(), keys);
            assert!(before.is_none(), "{name} has two statements for {action}");
        }
    }
    access
}

/// What a statement of the role of `name` allows: actions of DynamoDB, on the one table, on keys that it names, and
/// nothing else at all.
pub(super) fn grants(name: &str, statement: &Value) -> Vec<(String, Option<BTreeSet<String>>)> {
    let fields: Vec<_> = statement.as_object().expect("a statement").keys().map(String::as_str).collect();
    assert!(
        fields == ["Effect", "Action", "Resource"] || fields == ["Effect", "Action", "Resource", "Condition"],
        "{name}: {statement}"
    );
    assert_eq!(statement["Effect"], "Allow", "{name}");
    let table = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${CatalogTableName}";
    assert_eq!(statement["Resource"], json!({ "Fn::Sub": table }), "{name}: one table, and no index of it");
    let actions = match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        action => vec![action.clone()],
    };
    let keys = keys(name, &statement["Condition"]);
    let action = |action: Value| {
        let action = action.as_str().and_then(|action| action.strip_prefix("dynamodb:")).map(str::to_owned);
        let action = action.unwrap_or_else(|| panic!("{name} may do something beside DynamoDB: {statement}"));
        let needs_none = name == SYNC && UNNAMED.contains(&action.as_str());
        assert!(keys.is_some() || needs_none, "{name} may do {action} to any key");
        (action, keys.clone())
    };
    actions.into_iter().map(action).collect()
}

fn keys(name: &str, condition: &Value) -> Option<BTreeSet<String>> {
    let condition = condition.as_object()?;
    assert_eq!(condition.len(), 2, "{name}");
    // ForAllValues holds where a request names no key at all: only with this does it refuse such a one.
    assert_eq!(condition["Null"], json!({"dynamodb:LeadingKeys": "false"}), "{name}");
    let (operator, operands) = condition.iter().find(|(name, _)| *name != "Null").expect("another");
    assert!(
        ["ForAllValues:StringEquals", "ForAllValues:StringLike"].contains(&operator.as_str()),
        "{name}: {operator}"
    );
    let patterns = operands["dynamodb:LeadingKeys"].as_array().expect("keys");
    let patterns: BTreeSet<_> = patterns.iter().map(|key| key.as_str().expect("a key").to_owned()).collect();
    let has_star = patterns.iter().any(|pattern| pattern.contains('*'));
    assert_eq!(has_star, operator.ends_with("Like"), "{name}: {operator} {patterns:?}");
    Some(patterns)
}

/// What `calls` did.
fn done(table: &str, calls: &[Call]) -> BTreeMap<String, BTreeSet<String>> {
    let mut done: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for call in calls {
        // One table, and no index of it.
        let tables: Vec<_> = tables(&call.body).collect();
        assert!(
            !tables.is_empty() && tables.iter().all(|name| *name == table),
            "{tables:?} instead of {table}"
        );
        assert_eq!(call.body.get("IndexName"), None, "{}", call.operation);
        let (action, keys) = match call.operation.as_str() {
            // There is no such action: IAM asks for those of the items.
            "TransactWriteItems" => {
                let items = call.body["TransactItems"].as_array().expect("items");
                ("PutItem", items.iter().map(|item| &item["Put"]["Item"]["pk"]["S"]).collect())
            }
            "PutItem" => ("PutItem", vec![&call.body["Item"]["pk"]["S"]]),
            "Query" => ("Query", vec![&call.body["ExpressionAttributeValues"][":facts"]["S"]]),
            "BatchWriteItem" | "Scan" => (call.operation.as_str(), Vec::new()),
            other => (other, vec![&call.body["Key"]["pk"]["S"]]),
        };
        let keys = keys.into_iter().map(|key| pattern(key.as_str().expect("a partition key")));
        done.entry(action.to_owned()).or_default().extend(keys);
    }
    done
}

/// Every table that a call names.
fn tables(body: &Value) -> impl Iterator<Item = &str> {
    let one = body["TableName"].as_str();
    let many = body["TransactItems"].as_array().into_iter().flatten();
    let many = many.filter_map(|item| item.as_object()?.values().next()?["TableName"].as_str());
    let batch =
        body["RequestItems"].as_object().into_iter().flat_map(|tables| tables.keys().map(String::as_str));
    one.into_iter().chain(many).chain(batch)
}

/// The family of a key: of `POKEMON#25` it is `POKEMON#*`.
fn pattern(key: &str) -> String {
    key.split_once('#').map_or_else(|| key.to_owned(), |(family, _)| format!("{family}#*"))
}

fn assert_same(name: &str, allowed: &Access, done: &BTreeMap<String, BTreeSet<String>>) {
    assert_eq!(allowed.keys().collect::<Vec<_>>(), done.keys().collect::<Vec<_>>(), "actions of {name}");
    for (action, keys) in allowed {
        if let Some(keys) = keys {
            assert_eq!(keys, &done[action], "keys of {name} for {action}");
        }
    }
}

#[tokio::test]
async fn each_route_lets_in_whom_the_table_says() {
    let app = App::new(Config::new(local::tables::CATALOG), || aws::at(&SeededEngine::get().url));
    for route in routes::all() {
        let stranger = invoke_event(&app, &route, &event(&route)).await.status.as_u16();
        match route.spec.access {
            routes::Access::Public => {
                let expected = if route.spec.path == routes::DEFAULT { 404 } else { 200 };
                assert_eq!(stranger, expected, "{}", route.spec.name);
            }
        }
        // Nobody is let in by a bad token, not even where nobody is kept out.
        let mut forged = event(&route);
        forged["headers"]["authorization"] = "Bearer forged".into();
        assert_eq!(invoke_event(&app, &route, &forged).await.status, 401, "{}", route.spec.name);
    }
}

#[tokio::test]
async fn a_route_may_read_what_it_reads_and_nothing_else() {
    let tap = Tap::on(&SeededEngine::get().url).await;
    for route in routes::all() {
        let client = aws::at(&tap.url);
        let app = App::new(Config::new(local::tables::CATALOG), || client);
        let mut event = event(&route);
        if route.spec.name == "get-pokemon" {
            event["rawQueryString"] = "include=moves,forms".into();
        }
        invoke_event(&app, &route, &event).await;
        assert_same(route.spec.name, &allowed(route.spec.name), &done(local::tables::CATALOG, &tap.take()));
    }
}

#[tokio::test]
async fn the_sync_may_do_what_it_does_and_nothing_else() {
    let source = StandIn::start(World::small()).await;
    let own = empty_store().await;
    let tap = Tap::on(&engine_url()).await;
    let client = aws::at(&tap.url);
    let (store, meter) = (Store::new(client, own.table()), Meter::default());
    let mut config = PokeApiConfig::new(source.base_url());
    config.per_minute = 0;
    let api = PokeApi::new(config).expect("an address");
    for round in 0..2 {
        sync::republish(&store, &meter, "test", now()).await.expect("no error");
        let settings = Settings::new("test");
        sync::run(&store, &meter, &api, &settings, &mut |_| {})
            .await
            .unwrap_or_else(|error| panic!("{round}: {error}"));
        // The second run has something to remove.
        source.remove("move", 22);
    }
    assert_same(SYNC, &allowed(SYNC), &done(own.table(), &tap.take()));
}
