//! The sync's requests: user agent, concurrency, pace, and the reaction to a Retry-After.

use std::time::{Duration, Instant};

use domain::facts::Kind;
use tests::empty_store;

use super::support::{RESOURCES, client, config, small, sync_as};
use crate::stand_in::{Fault, StandIn};

const BULBASAUR: &str = "/api/v2/pokemon/1/";

fn user_agents(pokeapi: &StandIn) -> Vec<String> {
    let mut user_agents: Vec<_> = pokeapi.requests().into_iter().filter_map(|seen| seen.user_agent).collect();
    assert_eq!(user_agents.len(), pokeapi.requests().len(), "every request has one");
    user_agents.dedup();
    user_agents
}

#[tokio::test]
async fn every_request_has_a_user_agent_with_a_contact() {
    let (pokeapi, store) = (small().await, empty_store().await);
    sync_as(&store, config(&pokeapi)).await;
    let plain = format!("pokedex-sync/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(user_agents(&pokeapi), [plain.as_str()]);
    pokeapi.reset_log();
    let mut config = config(&pokeapi);
    config.contact = Some("keeper@example.test".to_owned());
    sync_as(&store, config).await;
    assert_eq!(user_agents(&pokeapi), [format!("{plain} (keeper@example.test)")]);
}

#[tokio::test]
async fn at_most_four_requests_are_in_flight_whatever_is_configured() {
    let pokeapi = small().await;
    pokeapi.slow_down(Duration::from_millis(4));
    for (concurrency, most) in [(4, 4), (16, 4), (2, 2), (0, 1)] {
        pokeapi.reset_log();
        let mut config = config(&pokeapi);
        config.concurrency = concurrency;
        sync_as(&empty_store().await, config).await;
        assert_eq!(pokeapi.most_in_flight(), most, "of {concurrency}");
        assert_eq!(pokeapi.requests().len(), RESOURCES + 9);
    }
}

#[tokio::test]
async fn requests_are_as_far_apart_as_the_pace_says() {
    let pokeapi = small().await;
    let mut config = config(&pokeapi);
    // One request in 20 ms.
    config.per_minute = 3000;
    let api = client(config);
    let begin = Instant::now();
    let asking = async {
        for id in [1, 2, 3, 4, 5, 6, 29, 133, 196, 201, 386, 669, 700] {
            api.fetch(Kind::Pokemon, id, None).await.expect("an answer");
        }
    };
    let watching = async {
        tokio::time::sleep(Duration::from_millis(110)).await;
        let (early, waited) = (pokeapi.requests().len(), begin.elapsed().as_millis());
        assert!(early as u128 <= waited / 20 + 1, "{early} requests in {waited} ms");
    };
    tokio::join!(asking, watching);
    assert!(begin.elapsed() >= Duration::from_millis(240), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn retries_keep_to_the_pace() {
    let pokeapi = small().await;
    pokeapi.script(BULBASAUR, vec![Fault::Status(500), Fault::Status(502)]);
    let mut config = config(&pokeapi);
    // One request in 100 ms.
    config.per_minute = 600;
    let begin = Instant::now();
    client(config).fetch(Kind::Pokemon, 1, None).await.expect("the third try");
    assert_eq!(pokeapi.count(BULBASAUR), 3);
    assert!(begin.elapsed() >= Duration::from_millis(200), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_whole_sync_takes_the_time_that_its_pace_requires() {
    let (pokeapi, store) = (small().await, empty_store().await);
    let mut config = config(&pokeapi);
    // One request in 10 ms, 104 of them, the first at once.
    config.per_minute = 6000;
    let begin = Instant::now();
    sync_as(&store, config).await;
    assert!(begin.elapsed() >= Duration::from_millis(1030), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_retry_after_delays_every_request() {
    let (pokeapi, store) = (small().await, empty_store().await);
    pokeapi.script(BULBASAUR, vec![Fault::retry_after(429, 1)]);
    let watched = pokeapi.clone();
    let watch = tokio::spawn(async move {
        let (mut seen, mut since, mut longest) = (0, Instant::now(), Duration::ZERO);
        let mut looked = since;
        loop {
            // On a busy machine, a look comes late: the pause counts from the one before.
            let former = std::mem::replace(&mut looked, Instant::now());
            let requests = watched.requests().len();
            if requests != seen {
                (seen, since) = (requests, former);
            }
            longest = longest.max(since.elapsed());
            if seen == RESOURCES + 10 {
                return longest;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let (finished, _) = sync_as(&store, config(&pokeapi)).await;
    assert_eq!((finished.tally.failed, pokeapi.count(BULBASAUR)), (0, 2));
    let silence = watch.await.expect("the whole sync was watched");
    assert!(silence >= Duration::from_millis(900), "the pause was {silence:?} only");
}
