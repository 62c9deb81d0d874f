//! The rights of the jobs.

use std::time::Duration;

use adapters::{
    aws, now,
    pokeapi::{Config as PokeApiConfig, PokeApi},
    store::{CatalogStore, Key, Meter, Tables, accounts::AccountStore},
    sync::{self, Settings},
    tokens::KeySource,
};
use api::{
    Config,
    jobs::{
        self, DELETIONS, INVALIDATION, MIGRATION, MIRROR, ORPHANS, PROBE, ROTATION, SYNC, VERIFICATION,
        journeys::Memory,
    },
    sync::SyncFunction,
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Timestamp, accounts::UserId, assets::Pictures};
use door::telemetry::Telemetry;
use infra::accesses::{self, Rights};
use serde_json::json;
use tests::{Distribution, SampleUsers, Tap, empty_store, engine_url, put_raw, root, some_event};

use super::{check, done, is_named, transactions, unnamed};
use crate::{
    assets::support::Studio,
    probe::support::Stage,
    stand_in::{StandIn, World},
};

/// Actions that only the sync may do without naming a key: it writes every kind of item.
const UNNAMED: [&str; 3] = ["Scan", "PutItem", "BatchWriteItem"];

#[tokio::test]
async fn the_sync_has_exactly_the_rights_that_it_uses() {
    let source = StandIn::start(World::small()).await;
    let empty = empty_store().await;
    let tap = Tap::on(&engine_url()).await;
    let client = aws::at(&tap.url);
    // With mirrored pictures, the publication reads the manifest.
    let pictures = Pictures::Mirrored { base: "/".to_owned() };
    let store = CatalogStore::new(client, &Tables::beside(empty.table())).with_pictures(pictures);
    let meter = Meter::default();
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
        // The second run has a record of each kind to remove.
        for (kind, id) in
            [("pokemon", 10001), ("pokemon-form", 10031), ("type", 10001), ("ability", 181), ("move", 165)]
        {
            source.remove(kind, id);
        }
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

/// The mirror reads the facts and the manifest, and writes the manifest and its state. The deletion of orphans reads the same manifest.
#[tokio::test]
async fn a_job_of_the_mirror_has_exactly_the_rights_that_it_uses() {
    let studio = Studio::new().await;
    let tables = Tables::beside(studio.store.table());
    for job in [MIRROR.name, ORPHANS.name] {
        let tap = Tap::on(&engine_url()).await;
        let pictures = Pictures::Mirrored { base: "/".to_owned() };
        let store = CatalogStore::new(aws::at(&tap.url), &tables).with_pictures(pictures);
        let (bucket, source, meter) = (studio.bucket.assets(), studio.source(), Meter::default());
        for (event, outcomes) in
            [(json!({"task": "check"}), ["checked", "checked"]), (json!({}), ["finished", "done"])]
        {
            let (done, outcome) = match job {
                job if job == MIRROR.name => {
                    (jobs::mirror::mirror(&store, &source, &bucket, 0, &event, &meter).await, outcomes[0])
                }
                _ => (jobs::orphans::delete(&store, &bucket, &event, &meter).await, outcomes[1]),
            };
            assert_eq!(done.expect("no error")["outcome"], outcome, "{job}");
        }
        let calls = tap.take();
        let done = done(&tables, &calls);
        assert!(is_named(&done), "{job}: {done:?}");
        let mut kinds = transactions(&tables, &calls);
        kinds.dedup();
        check(job, done, kinds);
        sync::republish(&store, &meter, "test", now()).await.expect("a publication");
    }
}

/// The probe takes its turn in the store, and does everything else as a client.
#[tokio::test]
async fn the_probe_has_exactly_the_rights_that_it_uses() {
    let stage = Stage::new().await;
    let tap = Tap::on(&stage.users.url).await;
    let accounts = AccountStore::new(aws::at(&tap.url), stage.users.tables.clone());
    let checked = stage.invoke(&accounts, &Memory::default(), &json!({"task": "check"})).await;
    assert_eq!(checked.expect("a check")["outcome"], "checked");
    for _ in 0..2 {
        assert_eq!(stage.run_with(&accounts, &Memory::default()).await["outcome"], "passed");
    }
    let calls = tap.take();
    let done = done(&stage.users.tables, &calls);
    assert!(is_named(&done), "{done:?}");
    check(PROBE.name, done, transactions(&stage.users.tables, &calls));
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
