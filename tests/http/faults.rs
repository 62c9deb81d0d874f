//! Changes while a share of all calls to the engine fails.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use adapters::store::Meter;
use api::{App, Route, routes};
use domain::audit::Action;
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tests::{Answer, Faults, PASSWORD, SampleUsers, Tap, event, invoke_event, problem};

use crate::accounts::at_once;

/// A function has ten seconds. Here, a hundred requests share a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

async fn ask(app: &App, users: &SampleUsers, route: &Route, body: &Value) -> Answer {
    let mut event = users.fill(&event(route));
    event["body"] = body.to_string().into();
    let started = Instant::now();
    let answer = invoke_event(app, route, &event).await;
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    if answer.status == 503 {
        let reported = problem(&answer, route.spec.name);
        let wait = if reported["code"] == "busy" { "1" } else { "2" };
        assert!(["busy", "unavailable"].contains(&reported["code"].as_str().expect("a code")), "{reported}");
        assert_eq!(answer.header("retry-after"), Some(wait), "{reported}");
    }
    answer
}

/// Repeats the request while the response is 503, as a client would; returns the number of attempts.
async fn persist(app: &App, users: &SampleUsers, route: &Route, body: &Value) -> (u16, usize) {
    for outages in 0..50 {
        let status = ask(app, users, route, body).await.status.as_u16();
        if status != 503 {
            return (status, outages);
        }
    }
    panic!("50 outages one after the other");
}

async fn under(percent: u32) {
    let users = Arc::new(SampleUsers::new().await);
    let faults = Faults::before(&users.url, percent).await;
    let client = adapters::aws::at(&faults.url);
    let app = Arc::new(App::new(users.without_limits(), || client));
    let reported = Arc::<AtomicUsize>::default();
    let answers = at_once(100, |nth| {
        let (app, users, reported) = (Arc::clone(&app), Arc::clone(&users), Arc::clone(&reported));
        async move {
            let body = json!({"pokemon_id": 200 + nth});
            let (status, outages) = persist(&app, &users, &routes::ADD_FAVORITE, &body).await;
            reported.fetch_add(outages, Ordering::Relaxed);
            // An attempt whose every response was lost made the change: it exists.
            assert!(status == 201 || (status == 409 && outages > 0), "{status} after {outages}");
            ask(&app, &users, &routes::GET_HEALTH, &json!({})).await
        }
        .boxed()
    })
    .await;
    assert_eq!(answers.len(), 100);
    // If a third of all calls fails, all three attempts sometimes fail.
    assert!(percent < 30 || reported.load(Ordering::Relaxed) > 0, "no client had to try again");
    for nth in 0..20 {
        let body = json!({"username": format!("user_{nth}"), "email": format!("{nth}@example.com"), "password": PASSWORD});
        let (status, outages) = persist(&app, &users, &routes::REGISTER_USER, &body).await;
        assert!(status == 201 || (status == 409 && outages > 0), "{status} after {outages}");
    }
    others(&app, &users).await;
    let (accounts, meter) = (&users.accounts, Meter::default());
    let stored = accounts.favorites(&meter, users.ash).await.expect("favorites");
    assert_eq!(stored.len(), 101 + 90);
    let trail = users.trail(users.ash).await;
    let count = |action| trail.iter().filter(|(one, _)| *one == action).count();
    assert_eq!(count(Action::AddFavorite), 100 + 2, "no effect twice, and none untold");
    assert_eq!((count(Action::UpdateProfile), count(Action::Login)), (5, 5));
    let listed = accounts.users(&meter, 0, 100).await.expect("users").users;
    assert_eq!(listed.len(), 3 + 20);
    for stored in listed.iter().filter(|stored| stored.user.username.as_str().starts_with("user_")) {
        let trail = users.trail(stored.user.id).await;
        assert_eq!(trail.len(), 1, "{trail:?}");
    }
    // Six attempts for conflicts, and for each of them three for all other errors.
    assert!(faults.most_attempts() <= 18 && faults.most_attempts() > 1, "{}", faults.most_attempts());
}

/// Changes of other kinds, each repeated until it is made.
async fn others(app: &App, users: &SampleUsers) {
    for nth in 0..5 {
        let body = json!({"username": format!("ash_{nth}")});
        assert_eq!(persist(app, users, &routes::UPDATE_PROFILE, &body).await.0, 200);
        // An attempt whose every response was lost signed in: one more session, whose tokens nobody holds.
        let body = json!({"username": format!("ash_{nth}"), "password": PASSWORD});
        let before = sessions(users).await;
        let (status, outages) = persist(app, users, &routes::LOGIN_USER, &body).await;
        let begun = sessions(users).await - before;
        assert!(status == 200 && (1..=1 + outages).contains(&begun), "{status}, {begun} after {outages}");
    }
    let many = json!({"pokemon_ids": (400..490).collect::<Vec<u32>>()});
    assert_eq!(persist(app, users, &routes::ADD_FAVORITES, &many).await.0, 200);
}

async fn sessions(users: &SampleUsers) -> usize {
    users.accounts.sessions(&Meter::default(), users.ash).await.expect("sessions").len()
}

#[tokio::test]
async fn a_tenth_of_all_calls_fails_and_nothing_is_done_twice() {
    under(10).await;
}

#[tokio::test]
async fn a_third_of_all_calls_fails_and_nothing_is_done_twice() {
    under(30).await;
}

/// Every write of a user checks the account's status, so all of them share a key.
#[tokio::test]
async fn fifty_writes_of_one_user_at_once_are_all_done() {
    let users = Arc::new(SampleUsers::new().await);
    let faults = Faults::conflicting(&users.url).await;
    let client = adapters::aws::at(&faults.url);
    let app = Arc::new(App::new(users.without_limits(), || client));
    at_once(50, |nth| {
        let (app, users) = (Arc::clone(&app), Arc::clone(&users));
        async move {
            let body = json!({"pokemon_id": 200 + nth});
            let (status, outages) = persist(&app, &users, &routes::ADD_FAVORITE, &body).await;
            // An attempt that is answered 503 `busy` has written nothing.
            assert_eq!(status, 201, "after {outages}");
        }
        .boxed()
    })
    .await;
    assert!(faults.conflicts() > 0, "no two transactions met");
    assert!(faults.most_attempts() <= 6, "{}", faults.most_attempts());
    let stored = users.accounts.favorites(&Meter::default(), users.ash).await.expect("favorites");
    assert_eq!(stored.len(), 1 + 50);
    let trail = users.trail(users.ash).await;
    assert_eq!(trail.iter().filter(|(action, _)| *action == Action::AddFavorite).count(), 50);
}

#[tokio::test]
async fn a_write_that_conflicts_six_times_is_answered_busy() {
    let users = SampleUsers::new().await;
    let tap = Tap::on(&users.url).await;
    let client = adapters::aws::at(&tap.url);
    let app = App::new(users.without_limits(), || client);
    let add = async |pokemon: u32, cancelled: usize| {
        tap.cancel_transactions(cancelled, "TransactionConflict");
        let answer = ask(&app, &users, &routes::ADD_FAVORITE, &json!({"pokemon_id": pokemon})).await;
        let transactions: Vec<_> =
            tap.take().into_iter().filter(|call| call.operation == "TransactWriteItems").collect();
        let token = |call: &tests::Call| call.body["ClientRequestToken"].clone();
        assert!(transactions.iter().all(|call| token(call) == token(&transactions[0])), "one token");
        (answer, transactions.len())
    };
    let (answer, attempts) = add(200, 5).await;
    assert_eq!((answer.status.as_u16(), attempts), (201, 6));
    let (answer, attempts) = add(201, 6).await;
    assert_eq!((answer.status.as_u16(), attempts), (503, 6));
    assert_eq!(
        (&problem(&answer, "busy")["code"], answer.header("retry-after")),
        (&json!("busy"), Some("1"))
    );
    assert_eq!(add(201, 0).await.0.status, 201, "nothing was written before");
}
