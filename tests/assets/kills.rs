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
    let (mut killed, mut partial, whole) = (0, 0, undisturbed.named().await.len());
    for _ in 0..50 {
        let until = studio.bucket.puts() + rng.usize(1..20);
        let moment = async {
            while studio.bucket.puts() < until {
                tokio::time::sleep(Duration::from_micros(rng.u64(1..1_000))).await;
            }
        };
        let ended = tokio::select! {
            () = moment => None,
            ended = studio.try_run(&settings) => Some(ended),
        };
        match ended {
            None => killed += 1,
            Some(ended) => {
                ended.expect("the run ends well");
                // The rest of the runs would find nothing to do.
                studio.bucket.empty();
                studio.forget().await;
            }
        }
        let (stored, named) = (studio.stored(), studio.named().await);
        if !stored.is_empty() {
            assert!(named.iter().all(|file| stored.get(file.0) == Some(file.1)), "a named file is stored");
        }
        partial += usize::from(!named.is_empty() && named.len() < whole);
    }
    println!("{killed} of 50 runs were killed, {partial} left a part of the manifest");
    assert!(killed > 25 && partial > 10, "{killed}, {partial}");
    studio.run().await;
    assert_eq!(timeless(studio.manifest().await), timeless(undisturbed.manifest().await));
    assert_eq!(studio.bucket.files(), undisturbed.bucket.files());
}
