//! Runs that are killed at random.

use std::time::Duration;

use adapters::sync::Settings;

use super::support::{Studio, timeless};

#[tokio::test]
async fn fifty_killed_runs_end_with_the_same_bytes() {
    let undisturbed = Studio::new().await;
    undisturbed.run().await;
    let studio = Studio::new().await;
    let mut settings = Settings::new("test");
    settings.checkpoint_every = Duration::ZERO;
    let mut rng = fastrand::Rng::with_seed(14);
    let mut killed = 0;
    for _ in 0..50 {
        let moment = Duration::from_micros(rng.u64(1_000..80_000));
        match tokio::time::timeout(moment, studio.try_run(&settings)).await {
            Err(_) => killed += 1,
            // Everything is done: the rest of the runs find nothing to do, unless all is due again.
            Ok(ended) => {
                ended.expect("the run ends well");
                studio.age().await;
            }
        }
        let (stored, named) = (studio.stored(), studio.named().await);
        assert!(named.iter().all(|file| stored.get(file.0) == Some(file.1)), "a named file is stored");
    }
    println!("{killed} of 50 runs were killed");
    assert!(killed > 10);
    studio.run().await;
    assert_eq!(timeless(studio.manifest().await), timeless(undisturbed.manifest().await));
    assert_eq!(studio.bucket.files(), undisturbed.bucket.files());
}
