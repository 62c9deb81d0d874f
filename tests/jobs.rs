//! The events of the scheduled functions.

use std::time::Duration;

use adapters::{
    aws,
    pokeapi::{AssetSource, Config as SourceConfig, PokeApi},
    secrets::Secret,
    store::{CatalogStore, Meter, accounts::AccountStore},
    tokens::KeySource,
};
use api::{
    Config,
    jobs::{self, JOBS, journeys::Memory},
    sync::SyncFunction,
};
use door::telemetry::Telemetry;
use serde_json::{Value, json};
use tests::{Bucket, SampleUsers, Tap, sample_event, some_event};

use crate::{
    stand_in::{StandIn, World},
    sync::support::config,
};

/// The scheduled functions of a deployment whose database is behind a tap.
struct Deployment {
    users: SampleUsers,
    source: StandIn,
    tap: Tap,
    bucket: Bucket,
    folder: tempfile::TempDir,
}

impl Deployment {
    async fn new() -> Self {
        let users = SampleUsers::new().await;
        let tap = Tap::on(&users.url).await;
        let source = StandIn::start(World::small()).await;
        let folder = tempfile::tempdir().expect("a folder");
        Self { users, source, tap, bucket: Bucket::new().await, folder }
    }

    fn assets(&self) -> AssetSource {
        AssetSource::new(SourceConfig::new(self.source.origin())).expect("an address on this machine")
    }

    fn config(&self) -> Config {
        let keys = self.folder.path().join("keys.json");
        let mut config = self.users.config();
        config.door.signing_keys = Some(KeySource::File(keys));
        config.probe_account = Some(Secret::File(self.folder.path().join("probe.json")));
        config
    }

    async fn invoke(&self, job: &str, event: &Value) -> Result<Value, String> {
        let (client, meter) = (aws::at(&self.tap.url), Meter::default());
        let accounts = AccountStore::new(client.clone(), self.users.tables.clone());
        let answer = match job {
            "sync-pokeapi" => {
                let function = SyncFunction {
                    store: CatalogStore::new(client, &self.users.tables),
                    api: PokeApi::new(config(&self.source)).expect("an address"),
                    min_age: 3600,
                    notices: None,
                    telemetry: Telemetry::default(),
                };
                function.answer(event, Duration::from_secs(60)).await
            }
            "rotate-signing-key" => jobs::rotation::rotate(&accounts, &self.config(), event, &meter).await,
            "invalidate-edge" => {
                let store = CatalogStore::new(client, &self.users.tables);
                let distributions = aws::cloudfront_at("http://127.0.0.1:1");
                jobs::invalidation::invalidate(&store, &distributions, &self.config(), event, &meter).await
            }
            "mirror-assets" => {
                let (store, source) = (CatalogStore::new(client, &self.users.tables), self.assets());
                jobs::mirror::mirror(&store, &source, &self.bucket.assets(), 3600, event, &meter).await
            }
            "delete-orphans" => {
                let store = CatalogStore::new(client, &self.users.tables);
                jobs::orphans::delete(&store, &self.bucket.assets(), event, &meter).await
            }
            "probe-api" => {
                let memory = Memory::default();
                jobs::journeys::probe(&memory, &accounts, &self.config(), event, &meter).await
            }
            "migrate-accounts" => jobs::migration::migrate(&accounts, &self.config(), event, &meter).await,
            _ => jobs::deletions::delete(&accounts, &self.config(), event, &meter).await,
        };
        answer.map_err(|error| error.to_string())
    }
}

/// The names of the scheduled functions.
fn scheduled() -> impl Iterator<Item = &'static str> {
    JOBS.iter().filter(|job| job.schedule.is_some()).map(|job| job.name)
}

#[tokio::test]
async fn a_check_reports_what_a_job_needs_and_changes_nothing() {
    let deployment = Deployment::new().await;
    let ash = deployment.users.ash;
    let accounts = &deployment.users.accounts;
    accounts
        .begin_deletion(&Meter::default(), ash, ash, false, &some_event(ash).into())
        .await
        .expect("a beginning");
    let tables = &deployment.users.tables;
    let public = tests::ring().jwks().keys.len();
    for job in scheduled() {
        let checked = deployment.invoke(job, &sample_event(&format!("check-{job}"))).await.expect(job);
        assert_eq!(checked["outcome"], "checked", "{job}");
        match job {
            "sync-pokeapi" => {
                assert_eq!(checked["tables"], json!([tables.catalog, tables.app]));
                assert_eq!(checked["pokeapi"], deployment.source.base_url());
            }
            "invalidate-edge" => assert_eq!(checked["tables"], json!([tables.catalog])),
            "mirror-assets" => {
                assert_eq!(checked["tables"], json!([tables.catalog]));
                assert_eq!(
                    (&checked["files"], &checked["source"]),
                    (&json!(0), &json!(deployment.source.origin()))
                );
            }
            "delete-orphans" => {
                assert_eq!(checked["tables"], json!([tables.catalog]));
                assert_eq!((&checked["files"], &checked["pictures"]), (&json!(0), &json!("")));
            }
            "probe-api" => {
                assert_eq!(checked["tables"], json!([tables.ephemeral]));
                assert_eq!((&checked["account"], &checked["signed_in_at"]), (&json!(false), &Value::Null));
            }
            "rotate-signing-key" => {
                assert_eq!(checked["tables"], json!([tables.app]));
                assert_eq!(
                    (&checked["signing_keys"], &checked["public_keys"]),
                    (&json!(false), &json!(public))
                );
            }
            _ => {
                assert_eq!(checked["tables"], json!([tables.app, tables.ephemeral]));
                assert_eq!((&checked["accounts"], &checked["exports"]), (&json!(1), &Value::Null));
            }
        }
        let calls = deployment.tap.take();
        assert!(!calls.is_empty(), "{job} has read nothing");
        for call in calls {
            assert!(["GetItem", "Query"].contains(&call.operation.as_str()), "{job}: {}", call.operation);
        }
    }
    assert_eq!(deployment.source.requests().len(), 0, "PokeAPI was asked");
    assert!(!deployment.folder.path().join("keys.json").exists(), "keys were made");
    assert!(!deployment.folder.path().join("probe.json").exists(), "an account was made");
    assert_eq!(accounts.deletions(&Meter::default()).await.expect("deletions"), [ash]);
}

#[tokio::test]
async fn an_unknown_task_is_refused_by_name_and_does_nothing() {
    let deployment = Deployment::new().await;
    for job in scheduled() {
        for task in [json!("chekc"), json!("sync"), json!(1), Value::Null] {
            let refused = deployment.invoke(job, &json!({"task": task})).await.expect_err(job);
            assert!(refused.contains(&format!("task {task} is unknown")), "{job}: {refused}");
            assert!(refused.contains("\"check\""), "{job}: {refused}");
        }
        let refused = deployment.invoke(job, &json!(["check"])).await.expect_err(job);
        assert!(refused.contains("JSON object"), "{job}: {refused}");
        let refused = deployment.invoke(job, &json!({"task": "check", "now": true})).await.expect_err(job);
        assert!(refused.contains("\"now\""), "{job}: {refused}");
    }
    let refused = deployment.invoke("rotate-signing-key", &json!({"emergency": "yes"})).await;
    assert!(refused.expect_err("no boolean").contains("\"emergency\""));
    assert_eq!(deployment.tap.take().len(), 0, "the database was asked");
}

#[tokio::test]
async fn a_migration_names_a_version_with_which_the_functions_serve() {
    let deployment = Deployment::new().await;
    for (event, reason) in [
        (json!({}), "must name a task: \"migrate\""),
        (json!({"task": "migrates"}), "task \"migrates\" is unknown"),
        (json!({"task": "migrate"}), "field \"to\" must be one of 2, 3"),
        (json!({"task": "migrate", "to": 1}), "field \"to\" must be one of 2, 3"),
        (json!({"task": "migrate", "to": "3"}), "field \"to\" must be one of 2, 3"),
        (json!({"task": "check", "to": 3}), "field \"to\" is unknown"),
    ] {
        let refused = deployment.invoke("migrate-accounts", &event).await.expect_err("a bad event");
        assert!(refused.contains(reason), "{event}: {refused}");
    }
    assert_eq!(deployment.tap.take().len(), 0, "the database was asked");
    let checked = deployment.invoke("migrate-accounts", &sample_event("check-migrate-accounts")).await;
    let expected = json!({"outcome": "checked", "version": 3, "tables": [deployment.users.tables.app]});
    assert_eq!(checked.expect("a version"), expected);
    let migrated = deployment.invoke("migrate-accounts", &sample_event("migrate-accounts")).await;
    assert_eq!(migrated.expect("a pass"), json!({"outcome": "migrated", "version": 3, "steps": 0}));
}

#[tokio::test]
async fn a_check_fails_where_a_table_is_out_of_reach() {
    let deployment = Deployment::new().await;
    deployment.tap.set_down(true);
    for job in scheduled() {
        let failed = deployment.invoke(job, &sample_event(&format!("check-{job}"))).await.expect_err(job);
        assert!(failed.contains("DynamoDB"), "{job}: {failed}");
    }
}
