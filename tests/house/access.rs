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
use serde_json::Value;
use tests::{Call, SeededEngine, Tap, empty_store, engine_url, event, invoke_event, template};

use super::{SYNC, camel};
use crate::stand_in::{StandIn, World};

/// Actions, each with the partition keys that it is for; none where it is for the whole table.
type Access = BTreeMap<String, Option<BTreeSet<String>>>;

/// What the role of the function `name` allows.
fn allowed(name: &str) -> Access {
    let template = template("template.yaml");
    let role = &template["Resources"][format!("{}Role", camel(name))]["Properties"];
    let mut access = Access::new();
    for policy in role["Policies"].as_array().expect("policies") {
        for statement in policy["PolicyDocument"]["Statement"].as_array().expect("statements") {
            assert_eq!(statement["Effect"], "Allow", "{name}");
            let actions = match &statement["Action"] {
                Value::Array(actions) => actions.iter().filter_map(Value::as_str).collect(),
                action => vec![action.as_str().expect("an action")],
            };
            let actions: Vec<_> =
                actions.into_iter().filter_map(|action| action.strip_prefix("dynamodb:")).collect();
            if actions.is_empty() {
                continue;
            }
            let table =
                "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${CatalogTableName}";
            assert_eq!(statement["Resource"]["Fn::Sub"], table, "{name}: one table, and no index of it");
            let keys = keys(name, &statement["Condition"]);
            for action in actions {
                let before = access.insert(action.to_owned(), keys.clone());
                assert!(before.is_none(), "{name} has two statements for {action}");
            }
        }
    }
    access
}

fn keys(name: &str, condition: &Value) -> Option<BTreeSet<String>> {
    let condition = condition.as_object()?;
    // ForAllValues holds where a request names no key at all: only with this does it refuse such a one.
    assert_eq!(condition["Null"]["dynamodb:LeadingKeys"], "false", "{name}");
    let patterns = condition.iter().filter(|(operator, _)| operator.starts_with("ForAllValues:String"));
    let patterns =
        patterns.flat_map(|(_, operands)| operands["dynamodb:LeadingKeys"].as_array().expect("keys"));
    Some(patterns.map(|key| key.as_str().expect("a key").to_owned()).collect())
}

/// What `calls` did.
fn done(calls: &[Call]) -> BTreeMap<String, BTreeSet<String>> {
    let mut done: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for call in calls {
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
        assert_same(route.spec.name, &allowed(route.spec.name), &done(&tap.take()));
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
    assert_same(SYNC, &allowed(SYNC), &done(&tap.take()));
}
