//! Expired items are removed on one machine, as DynamoDB does on AWS.

use std::path::Path;

use adapters::{
    milliseconds,
    store::{
        Meter, Tables,
        accounts::{AccountStore, Bucket},
    },
};
use aws_sdk_dynamodb::Client;
use local::{engine::Engine, tables::CATALOG};

use super::{
    catalogue::filled,
    process::{Process, served},
};

const BUCKET: Bucket = Bucket { name: "login", capacity: 5, refill: 60_000 };
const DAY: u64 = 86_400_000;

async fn on<T>(folder: &Path, ask: impl AsyncFnOnce(&Client, &Tables) -> T) -> T {
    let engine = Engine::open(&folder.join("dynamodb.sqlite")).expect("the folder's database");
    let answer = ask(&engine.client(), &Tables::beside(CATALOG)).await;
    engine.stop();
    answer
}

async fn count(client: &Client, tables: &Tables) -> i32 {
    let scan = client.scan().table_name(&tables.ephemeral).send().await;
    scan.expect("the engine answers").count()
}

#[tokio::test]
async fn expired_rate_limits_are_removed_and_others_stay() {
    let folder = filled().await;
    let kept = on(folder.path(), async |client, tables| {
        let accounts = AccountStore::new(client.clone(), tables.clone());
        let before = count(client, tables).await;
        for nth in 0..20_u64 {
            let at = milliseconds() - if nth < 15 { DAY } else { 0 };
            let subject = format!("192.0.2.{nth}");
            // Buckets in use expire in an hour.
            let bucket = Bucket { refill: 3_600_000, ..BUCKET };
            accounts.take(&Meter::default(), bucket, &subject, at).await.expect("an answer");
        }
        assert_eq!(count(client, tables).await, before + 20);
        before + 5
    })
    .await;
    let mut left = 0;
    // The sweep begins when the server is ready.
    for _ in 0..10 {
        let mut process = Process::on(folder.path(), &[]);
        let base = process.ready().await;
        assert_eq!(served(&base).await, 1351);
        process.interrupt().await;
        left = on(folder.path(), count).await;
        if left == kept {
            break;
        }
    }
    assert_eq!(left, kept);
}
