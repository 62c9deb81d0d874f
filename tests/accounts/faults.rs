//! What becomes of changes while a share of all calls to the engine fails.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use adapters::store::Meter;
use api::{App, Config, Route, routes};
use domain::audit::Action;
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tests::{Answer, Faults, PASSWORD, Residents, event, invoke_event, problem};

use super::at_once;

/// A function has ten seconds, and keeps half a second for itself.
const DEADLINE: Duration = Duration::from_millis(9_500);

async fn ask(app: &App, residents: &Residents, route: &Route, body: &Value) -> Answer {
    let mut event = residents.fill(&event(route));
    event["body"] = body.to_string().into();
    let started = Instant::now();
    let answer = invoke_event(app, route, &event).await;
    assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
    if answer.status == 503 {
        let told = problem(&answer, route.spec.name);
        assert_eq!(told["code"], "unavailable", "{told}");
        assert!(answer.header("retry-after").is_some());
    }
    answer
}

/// Asks until it is no longer 503, as a client would; how often it was.
async fn persist(app: &App, residents: &Residents, route: &Route, body: &Value) -> (u16, usize) {
    for outages in 0..50 {
        let status = ask(app, residents, route, body).await.status.as_u16();
        if status != 503 {
            return (status, outages);
        }
    }
    panic!("50 outages one after the other");
}

async fn under(percent: u32) {
    let residents = Arc::new(Residents::new().await);
    let faults = Faults::before(&residents.url, percent).await;
    let client = adapters::aws::at(&faults.url);
    let app = Arc::new(App::new(Config { limits: None, ..residents.config() }, || client));
    let told = Arc::<AtomicUsize>::default();
    let answers = at_once(100, |nth| {
        let (app, residents, told) = (Arc::clone(&app), Arc::clone(&residents), Arc::clone(&told));
        async move {
            let body = json!({"pokemon_id": 200 + nth});
            let (status, outages) = persist(&app, &residents, &routes::ADD_FAVORITE, &body).await;
            told.fetch_add(outages, Ordering::Relaxed);
            // Done by an attempt whose every answer was lost: it is there.
            assert!(status == 201 || (status == 409 && outages > 0), "{status} after {outages}");
            ask(&app, &residents, &routes::GET_HEALTH, &json!({})).await
        }
        .boxed()
    })
    .await;
    assert_eq!(answers.len(), 100);
    // Three attempts of three fail now and then, where a third of all do.
    assert!(percent < 30 || told.load(Ordering::Relaxed) > 0, "nobody was told to try again");
    for nth in 0..20 {
        let body = json!({"username": format!("user_{nth}"), "email": format!("{nth}@example.com"), "password": PASSWORD});
        let (status, outages) = persist(&app, &residents, &routes::REGISTER_USER, &body).await;
        assert!(status == 201 || (status == 409 && outages > 0), "{status} after {outages}");
    }
    others(&app, &residents).await;
    let (accounts, meter) = (&residents.accounts, Meter::default());
    let stored = accounts.favorites(&meter, residents.ash).await.expect("favorites");
    assert_eq!(stored.len(), 101 + 90);
    let told = residents.trail(residents.ash).await;
    let count = |action| told.iter().filter(|(one, _)| *one == action).count();
    assert_eq!(count(Action::AddFavorite), 100 + 2, "no effect twice, and none untold");
    assert_eq!((count(Action::UpdateProfile), count(Action::Login)), (5, 5));
    let users = accounts.users(&meter, 0, 100).await.expect("users").users;
    assert_eq!(users.len(), 3 + 20);
    for stored in users.iter().filter(|stored| stored.user.username.as_str().starts_with("user_")) {
        let told = residents.trail(stored.user.id).await;
        assert_eq!(told.len(), 1, "{told:?}");
    }
    assert!(faults.most_attempts() <= 3 && faults.most_attempts() > 1, "{}", faults.most_attempts());
}

/// Changes of other kinds, each until it is done.
async fn others(app: &App, residents: &Residents) {
    for nth in 0..5 {
        let body = json!({"username": format!("ash_{nth}")});
        assert_eq!(persist(app, residents, &routes::UPDATE_PROFILE, &body).await.0, 200);
        // Signed in by an attempt whose every answer was lost: a session more, which nobody has.
        let body = json!({"username": format!("ash_{nth}"), "password": PASSWORD});
        let before = sessions(residents).await;
        let (status, outages) = persist(app, residents, &routes::LOGIN_USER, &body).await;
        let begun = sessions(residents).await - before;
        assert!(status == 200 && (1..=1 + outages).contains(&begun), "{status}, {begun} after {outages}");
    }
    let many = json!({"pokemon_ids": (400..490).collect::<Vec<u32>>()});
    assert_eq!(persist(app, residents, &routes::ADD_FAVORITES, &many).await.0, 200);
}

async fn sessions(residents: &Residents) -> usize {
    residents.accounts.sessions(&Meter::default(), residents.ash).await.expect("sessions").len()
}

#[tokio::test]
async fn a_tenth_of_all_calls_fails_and_nothing_is_done_twice() {
    under(10).await;
}

#[tokio::test]
async fn a_third_of_all_calls_fails_and_nothing_is_done_twice() {
    under(30).await;
}
