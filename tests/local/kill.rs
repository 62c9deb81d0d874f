//! `kill -9` at any moment of the first load, and the next start from the remaining data.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use tests::{House, catalogue_samples};
use tokio::time::sleep;

use super::{
    catalogue::assert_whole,
    process::{Process, served},
};

const KILLS: u32 = 12;
/// The range of delays before a kill, measured from the start.
const WITHIN: Duration = Duration::from_secs(2);

#[tokio::test]
async fn twelve_kills_during_the_first_load_lose_nothing() {
    let mut folder = TempDir::new().unwrap();
    let mut within = WITHIN;
    let mut moments = Vec::new();
    let mut hits = 0;
    for nth in 0..KILLS {
        // The moment is random within each twelfth, so that every phase of the load is hit.
        let moment = within.mul_f64((f64::from(nth) + chance()) / f64::from(KILLS));
        moments.push(moment);
        let mut process = Process::on(folder.path(), &[]);
        sleep(moment).await;
        let was_ready = !process.out().is_empty();
        process.kill().await;
        assert!(process.err().len() <= 1, "killed at {moments:?}, it complains: {:?}", process.err());
        if was_ready {
            // The load is faster than that here, and must be complete once it is ready. Start again, and kill
            // earlier.
            assert_whole(folder.path()).await;
            folder = TempDir::new().unwrap();
            within /= 2;
        } else {
            hits += 1;
        }
    }
    assert!(hits >= 8, "only {hits} of the kills came before the load was done: {moments:?}");

    let mut process = Process::on(folder.path(), &[]);
    let base = process.ready().await;
    assert_eq!(served(&base).await, 1351, "killed at {moments:?}");
    let (local, house) = (House::already_at(&base), House::seeded().await);
    for path in catalogue_samples() {
        assert_eq!(local.get(path).await.body, house.get(path).await.body, "{path}, killed at {moments:?}");
    }
    assert_eq!(local.get("/api/v1/health/ready").await.status, 200);
    process.interrupt().await;
    assert_whole(folder.path()).await;
}

/// A number from 0 to 1 that differs in every run.
fn chance() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    f64::from(now.subsec_nanos() % 1_000_003) / 1_000_003.0
}
