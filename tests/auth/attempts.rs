//! The cost of a sign-in: failures are limited, successes do not count as failures, and all names of one account
//! share one bucket.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use adapters::{
    passwords::Memory,
    store::{Meter, accounts::Bucket},
    workers::Workers,
};
use api::{App, Route, routes};
use domain::audit::Outcome;
use door::limits::Limits;
use futures_util::FutureExt as _;
use serde_json::{Value, json, value::RawValue};
use tests::{Answer, PASSWORD, SampleUsers, event, invoke_event, problem};
use tokio::sync::oneshot;

use crate::accounts::{at_once, count};

fn app(users: &SampleUsers, limits: &str) -> App {
    let limits = Some(Limits::parse(limits).expect("limits"));
    let client = adapters::aws::at(&users.url);
    App::new(users.with_limits(limits), || client)
}

async fn sign_in(app: &App, from: &str, username: &str, password: &str) -> Answer {
    let mut event = event(&routes::LOGIN_USER);
    event["requestContext"]["http"]["sourceIp"] = json!(from);
    event["body"] = json!({"username": username, "password": password}).to_string().into();
    invoke_event(app, &routes::LOGIN_USER, &event).await
}

const HOME: &str = "192.0.2.7";

#[tokio::test]
async fn at_most_ten_of_200_simultaneous_wrong_passwords_are_hashed() {
    let users = SampleUsers::new().await;
    let app = Arc::new(app(&users, "login=1000/60,signin=1000/60"));
    let answers = at_once(200, |nth| {
        let app = Arc::clone(&app);
        let name = ["ash_ketchum", "ASH_KETCHUM", "ash_ketchum@example.com"][nth % 3];
        async move { sign_in(&app, HOME, name, "wrong").await }.boxed()
    })
    .await;
    // A wrong password that was hashed leaves an event. A busy engine may refuse some of so many requests: 503.
    let hashed = users.trail(users.ash).await.len();
    let (wrong, limited, unavailable) = (count(&answers, 401), count(&answers, 429), count(&answers, 503));
    assert!((1..=10).contains(&hashed) && wrong <= 10, "{hashed} hashed, {wrong} wrong");
    assert!(limited > 0 && wrong + limited + unavailable == 200, "{wrong}, {limited}, {unavailable}");
}

#[tokio::test]
async fn successes_on_another_account_refill_nothing() {
    let users = SampleUsers::new().await;
    let app = app(&users, "login=1000/60");
    let mut wrong = Vec::new();
    for _ in 0..12 {
        wrong.push(sign_in(&app, HOME, "ash_ketchum", "wrong").await.status.as_u16());
        assert_eq!(sign_in(&app, HOME, "oak", PASSWORD).await.status, 200);
    }
    assert_eq!((&wrong[..10], &wrong[10..]), (&[401; 10][..], &[429; 2][..]));
    // This includes the failures of the address.
    let users = SampleUsers::new().await;
    let app = self::app(&users, "login=5/3600");
    for nth in 0..5 {
        assert_eq!(sign_in(&app, HOME, "oak", PASSWORD).await.status, 200);
        assert_eq!(sign_in(&app, HOME, &format!("nobody_{nth}"), "wrong").await.status, 401);
    }
    assert_eq!(sign_in(&app, HOME, "nobody_6", "wrong").await.status, 429);
}

#[tokio::test]
async fn a_correct_password_is_never_limited_for_its_owner() {
    let users = SampleUsers::new().await;
    let app = app(&users, "account=10/900");
    for nth in 0..15 {
        let answer = sign_in(&app, HOME, "ash_ketchum", PASSWORD).await;
        assert_eq!(answer.status, 200, "number {nth}");
        assert_eq!(answer.header("x-ratelimit-remaining"), Some("5"), "no failure is counted");
    }
    for nth in 0..9 {
        assert_eq!(sign_in(&app, &format!("192.0.2.{}", nth % 2), "ash_ketchum", "wrong").await.status, 401);
    }
    assert_eq!(sign_in(&app, HOME, "ash_ketchum", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_family_behind_one_address_signs_in() {
    let users = SampleUsers::new().await;
    let app = app(&users, "write=120/60");
    for name in ["ash_ketchum", "oak", "elm", "ash_ketchum@example.com", "OAK", "elm@example.com", "oak"] {
        assert_eq!(sign_in(&app, HOME, name, PASSWORD).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn successes_of_one_address_have_a_separate_limit() {
    let users = SampleUsers::new().await;
    let app = app(&users, "signin=6/3600,login=1000/60");
    for _ in 0..3 {
        assert_eq!(sign_in(&app, HOME, "ash_ketchum", "wrong").await.status, 401, "no success is counted");
    }
    for _ in 0..6 {
        assert_eq!(sign_in(&app, HOME, "ash_ketchum", PASSWORD).await.status, 200);
    }
    let refused = sign_in(&app, HOME, "ash_ketchum", PASSWORD).await;
    assert_eq!((refused.status.as_u16(), refused.header("x-ratelimit-limit")), (429, Some("6")));
    assert_eq!(sign_in(&app, "192.0.2.8", "ash_ketchum", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn all_names_of_an_account_share_one_bucket() {
    let users = SampleUsers::new().await;
    let app = app(&users, "login=1000/60");
    let names = ["ash_ketchum", "ASH_Ketchum", "ash_ketchum@example.com", " Ash_Ketchum@EXAMPLE.com "];
    for name in names.into_iter().cycle().take(10) {
        assert_eq!(sign_in(&app, HOME, name, "wrong").await.status, 401, "{name}");
    }
    for name in names {
        assert_eq!(sign_in(&app, HOME, name, "wrong").await.status, 429, "{name}");
    }
}

#[tokio::test]
async fn an_unknown_name_is_limited_like_a_known_one() {
    let users = SampleUsers::new().await;
    let mut answers = Vec::new();
    for name in ["ash_ketchum", "nobody", "nobody@example.com", "no name at all"] {
        let app = app(&users, "login=1000/60");
        let mut seen = Vec::new();
        for _ in 0..12 {
            let answer = sign_in(&app, HOME, name, "wrong").await;
            let header = |name: &str| answer.header(name).map(str::to_owned);
            let body = problem(&answer, name);
            let bucket = (header("x-ratelimit-limit"), header("retry-after").is_some());
            seen.push((answer.status.as_u16(), body["code"].clone(), bucket));
        }
        answers.push(seen);
    }
    assert_eq!(answers[0].iter().filter(|(status, ..)| *status == 401).count(), 10, "{answers:?}");
    for other in &answers[1..] {
        assert_eq!(*other, answers[0]);
    }
}

/// Occupies the only worker of `app` until the sender is dropped. Poll the task to start it.
fn occupy(app: &Arc<App>) -> (tokio::task::JoinHandle<()>, mpsc::Sender<()>, oneshot::Receiver<()>) {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = oneshot::channel();
    let app = Arc::clone(app);
    let task = tokio::spawn(async move {
        let work = move |_: &mut Memory| {
            let _ = begin.send(());
            let _ = released.recv();
        };
        let _ = app.kernel.workers.run("occupant", work).await;
    });
    (task, release, begun)
}

#[tokio::test]
async fn a_full_queue_is_503_and_costs_no_token() {
    let users = SampleUsers::new().await;
    let mut app = app(&users, "login=5/3600,account=10/900");
    // The queue has no free places.
    app.kernel.workers = Workers::new(1, 0);
    for name in ["ash_ketchum", "nobody"] {
        for _ in 0..8 {
            let refused = sign_in(&app, HOME, name, "wrong").await;
            let code = problem(&refused, "a busy server")["code"].clone();
            assert_eq!((refused.status.as_u16(), code), (503, json!("server_busy")), "{name}");
            assert_eq!(refused.header("retry-after"), Some("2"));
        }
    }
    assert!(users.trail(users.ash).await.is_empty(), "nothing is hashed");
    app.kernel.workers = Workers::new(1, 8);
    assert_all_tries_are_left(&app, "ash_ketchum").await;
}

/// Six wrong passwords: five are checked if no failure was counted before.
async fn assert_all_tries_are_left(app: &App, name: &str) {
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(sign_in(app, HOME, name, "wrong").await.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429], "all five tries are left");
}

#[tokio::test]
async fn a_sign_in_without_a_checked_password_costs_no_token() {
    let users = SampleUsers::new().await;
    let mut app = app(&users, "login=5/3600,account=10/900");
    for (name, password) in [("", ""), ("ash_ketchum", ""), ("", "wrong")] {
        for _ in 0..3 {
            assert_eq!(sign_in(&app, HOME, name, password).await.status, 422, "{name:?}, {password:?}");
        }
    }
    // The accounts cannot be read.
    let mut config = users.with_limits(app.kernel.config.limits.clone());
    config.door.tables.app = "missing".to_owned();
    let client = adapters::aws::at(&users.url);
    let broken = App::new(config, || client);
    for _ in 0..8 {
        assert!(sign_in(&broken, HOME, "ash_ketchum", "wrong").await.status.is_server_error());
    }
    // The only worker is occupied for longer than a sign-in waits.
    app.kernel.workers = Workers::new(1, 8).waiting_at_most(Duration::from_millis(100));
    let app = Arc::new(app);
    let (occupant, release, begun) = occupy(&app);
    begun.await.expect("the worker is occupied");
    for _ in 0..8 {
        let late = sign_in(&app, HOME, "ash_ketchum", "wrong").await;
        assert_eq!((late.status.as_u16(), &problem(&late, "late")["code"]), (503, &json!("server_busy")));
    }
    drop(release);
    // The occupant has waited for too long as well, but its work ends.
    let _ = occupant.await;
    assert!(users.trail(users.ash).await.is_empty(), "nothing is hashed");
    let app = self::app(&users, "login=5/3600,account=10/900");
    assert_all_tries_are_left(&app, "ash_ketchum").await;
}

#[tokio::test]
async fn registrations_and_confirmations_pass_the_same_queue() {
    let users = SampleUsers::new().await;
    let mut app = app(&users, "register=2/3600,password=2/3600,bulk=100/60");
    app.kernel.workers = Workers::new(1, 0);
    let ask = async |app: &App, route: &Route, body: Value| {
        let mut event = users.fill(&event(route));
        event["body"] = body.to_string().into();
        invoke_event(app, route, &event).await.status.as_u16()
    };
    let newcomer = crate::accounts::someone("gary_oak");
    for _ in 0..4 {
        assert_eq!(ask(&app, &routes::REGISTER_USER, newcomer.clone()).await, 503);
        assert_eq!(ask(&app, &routes::EXPORT_ACCOUNT, json!({"password": PASSWORD})).await, 503);
    }
    app.kernel.workers = Workers::new(1, 8);
    assert_eq!(ask(&app, &routes::REGISTER_USER, newcomer).await, 201);
    for _ in 0..4 {
        let export = ask(&app, &routes::EXPORT_ACCOUNT, json!({"password": PASSWORD})).await;
        assert_eq!(export, 200, "a right password costs no try");
    }
}

#[tokio::test]
async fn a_request_past_its_deadline_is_not_hashed() {
    let users = SampleUsers::new().await;
    let client = adapters::aws::at(&users.url);
    let mut app = App::new(users.without_limits(), || client);
    app.kernel.workers = Workers::new(1, 8);
    let app = Arc::new(app);
    let (occupant, release, begun) = occupy(&app);
    begun.await.expect("the worker is occupied");
    let mut event = event(&routes::LOGIN_USER);
    event["body"] = json!({"username": "ash_ketchum", "password": "wrong"}).to_string().into();
    let payload = RawValue::from_string(event.to_string()).expect("JSON");
    let time = Duration::from_millis(200);
    let late = door::answer::answer_payload(&*app, &routes::LOGIN_USER, &payload, time, None).await;
    assert_eq!((late.status().as_u16(), late.headers()["retry-after"].to_str().unwrap()), (503, "2"));
    // The client of this request disconnects.
    let mut gone = Box::pin(sign_in(&app, HOME, "ash_ketchum", "wrong"));
    tokio::time::timeout(time, &mut gone).await.expect_err("it waits");
    drop(gone);
    let waiting = tokio::spawn({
        let app = Arc::clone(&app);
        async move { sign_in(&app, HOME, "ash_ketchum", PASSWORD).await.status.as_u16() }
    });
    drop(release);
    occupant.await.expect("it ran");
    assert_eq!(waiting.await.expect("an answer"), 200);
    let trail: Vec<_> = users.trail(users.ash).await.into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(trail, [Outcome::Done], "the others are not in the trail");
}

const FIVE: Bucket = Bucket { name: "test", capacity: 5, refill: 60_000 };
const NOON: u64 = 1_800_000_000_000;

#[tokio::test]
async fn a_token_that_is_given_back_is_the_one_that_was_taken() {
    let users = SampleUsers::new().await;
    let accounts = &users.accounts;
    let meter = Meter::default();
    let take = async |now| accounts.take(&meter, FIVE, "whom", now).await.expect("an answer");
    let back = async |at, now| accounts.give_back(&meter, FIVE, "whom", at, now).await.expect("an answer");
    assert_eq!(back(NOON, NOON + 1).await, None, "nothing was taken");
    for left in [4, 3, 2, 1, 0] {
        assert_eq!(take(NOON).await.remaining, left);
    }
    assert!(!take(NOON).await.is_allowed);
    assert_eq!(back(NOON, NOON).await.map(|taken| taken.remaining), Some(1));
    assert!(take(NOON).await.is_allowed && !take(NOON).await.is_allowed, "one, not two");
    // A token that has already been refilled is not given back again.
    assert_eq!(back(NOON, NOON + 12_000).await, None);
    assert!(take(NOON + 12_000).await.is_allowed && !take(NOON + 12_000).await.is_allowed);
    // Taking tokens and giving them back lets no more requests pass than taking them alone.
    let mut now = NOON + 200_000;
    for _ in 0..5 {
        assert!(take(now).await.is_allowed);
    }
    for _ in 0..20 {
        now += 1_000;
        if take(now).await.is_allowed {
            back(now, now + 500).await;
        }
    }
    let mut passed = 0;
    while take(now).await.is_allowed {
        passed += 1;
    }
    assert!(passed <= 2, "{passed} within 20 seconds, where one comes back in 12");
}

#[tokio::test]
async fn a_clock_that_ran_ahead_locks_no_user_out() {
    let users = SampleUsers::new().await;
    let accounts = &users.accounts;
    let meter = Meter::default();
    // Takes one token, or all of them.
    for (ahead, times) in [
        (11_000, 1),
        (11_000, 6),
        (40_000, 1),
        (100_000, 6),
        (3_600_000, 6),
        (86_400_000, 6),
        (100 * 365 * 86_400_000, 6),
    ] {
        let subject = format!("{times} times, ahead by {ahead}");
        let take = async |now| accounts.take(&meter, FIVE, &subject, now).await.expect("an answer");
        for _ in 0..times {
            take(NOON + ahead).await;
        }
        for left in [4, 3, 2, 1, 0] {
            let taken = take(NOON).await;
            assert_eq!((taken.is_allowed, taken.remaining), (true, left), "{subject}");
        }
        let refused = take(NOON).await;
        assert!(!refused.is_allowed && refused.wait <= 12_000 && refused.reset <= 60_000, "{refused:?}");
    }
    // A difference of a few seconds, as between the clocks of two machines, refills nothing and adds at most itself
    // to the wait.
    let take = async |now| accounts.take(&meter, FIVE, "beside", now).await.expect("an answer");
    for _ in 0..6 {
        take(NOON + 5_000).await;
    }
    let refused = take(NOON).await;
    assert!(!refused.is_allowed && refused.wait <= 17_000, "{refused:?}");
    assert!(!take(NOON + refused.wait - 2_000).await.is_allowed, "the wait is no longer than needed");
    assert!(take(NOON + refused.wait).await.is_allowed, "and no shorter");
    // A clock that fell behind finds a full bucket, and nothing beyond it.
    let take = async |now| accounts.take(&meter, FIVE, "behind", now).await.expect("an answer");
    take(NOON - 86_400_000).await;
    assert_eq!(take(NOON).await.remaining, 4);
}
