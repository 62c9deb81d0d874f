//! Requests that authorization rejects: limited by client address, and never at the expense of the account's
//! owner.

use adapters::{aws, store::Meter, tokens::FamilyId};
use api::{App, Route, routes};
use domain::accounts::UserId;
use door::limits::Limits;
use serde_json::json;
use tests::{Answer, SampleUsers, Tap, event, invoke_event, problem};

/// The number of failures of one address before its requests are 429.
const FAILURES: usize = 30;

async fn ask(app: &App, route: &Route, users: &SampleUsers, (token, from): (&str, &str)) -> Answer {
    let mut event = users.fill(&event(route));
    event["headers"]["authorization"] = format!("Bearer {token}").into();
    event["requestContext"]["http"]["sourceIp"] = json!(from);
    invoke_event(app, route, &event).await
}

fn limited_to(users: &SampleUsers, url: &str, limits: &str) -> App {
    let limits = Some(Limits::parse(limits).expect("limits"));
    let client = aws::at(url);
    App::new(users.with_limits(limits), || client)
}

/// The window of the limit is an hour: tokens of a limit per minute would be refilled during the count.
fn app(users: &SampleUsers, url: &str) -> App {
    limited_to(users, url, "failure=30/3600")
}

fn ended(users: &SampleUsers) -> String {
    users.token_of(users.ash, FamilyId::random())
}

#[tokio::test]
async fn failures_beyond_the_limit_of_an_address_are_429_and_read_nothing() {
    for route in [routes::ADD_FAVORITE, routes::GET_PROFILE] {
        let users = SampleUsers::new().await;
        let tap = Tap::on(&users.url).await;
        let (app, old) = (app(&users, &tap.url), ended(&users));
        for nth in 0..FAILURES {
            assert_eq!(ask(&app, &route, &users, (&old, "192.0.2.7")).await.status, 401, "{nth}");
        }
        let first = ask(&app, &route, &users, (&old, "192.0.2.7")).await;
        assert_eq!(
            (first.status.as_u16(), &problem(&first, "a failure")["code"]),
            (429, &json!("rate_limited"))
        );
        assert!(first.header("retry-after").is_some());
        let _ = tap.take();
        for _ in 0..20 {
            let answer = ask(&app, &route, &users, (&old, "192.0.2.7")).await;
            assert_eq!(answer.status, 429);
            let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=3600).contains(&wait), "{wait}");
        }
        assert_eq!(tap.take().len(), 0, "{}: no call once the address is known", route.spec.name);
        let out = ask(&app, &routes::LOGOUT_USER, &users, (&old, "192.0.2.7")).await;
        assert_eq!(out.status, 200, "signing out is not a failure");
        // Another process learns of the failures from the bucket.
        let other = self::app(&users, &users.url);
        assert_eq!(ask(&other, &route, &users, (&old, "192.0.2.7")).await.status, 429);
        assert_eq!(ask(&other, &route, &users, (&old, "192.0.2.8")).await.status, 401, "another address");
    }
}

#[tokio::test]
async fn an_old_token_does_not_block_its_owner_at_the_same_address() {
    let users = SampleUsers::new().await;
    let app = limited_to(&users, &users.url, "failure=30/3600,write=3/3600,bulk=3/3600,password=3/3600");
    let (old, valid, here) = (ended(&users), users.token(), "192.0.2.7");
    for route in
        [routes::ADD_FAVORITE, routes::UPDATE_PROFILE, routes::EXPORT_ACCOUNT, routes::DELETE_PROFILE]
    {
        for _ in 0..12 {
            let status = ask(&app, &route, &users, (&old, here)).await.status.as_u16();
            assert!([401, 429].contains(&status), "{}: {status}", route.spec.name);
        }
    }
    for route in [routes::DELETE_FAVORITE, routes::EXPORT_ACCOUNT, routes::GET_PROFILE, routes::LOGOUT_USER] {
        let answer = ask(&app, &route, &users, (&valid, here)).await;
        assert_eq!(answer.status, 200, "{}", route.spec.name);
    }
}

#[tokio::test]
async fn a_rejected_request_takes_nothing_from_the_users_bucket() {
    let users = SampleUsers::new().await;
    let (rocket, theirs) = (UserId::new(1_700_000_000_000, [3; 10]), FamilyId::random());
    users.add_user(rocket, "team_rocket", theirs).await;
    users.set_standing(rocket, false, true).await;
    let tap = Tap::on(&users.url).await;
    let app = users.app(&tap.url);
    let buckets = || {
        let calls = tap.take();
        let limits = calls.iter().filter_map(|call| call.body["Key"]["pk"]["S"].as_str());
        let limits =
            limits.filter_map(|key| key.strip_prefix("LIMIT#")?.split('#').next().map(str::to_owned));
        limits.collect::<Vec<_>>()
    };
    let not_an_administrator = (users.token(), routes::HIDE_POKEMON, 403);
    let frozen = (users.token_of(rocket, theirs), routes::UPDATE_PROFILE, 403);
    let deleted = (users.token_of(UserId::new(1, [9; 10]), theirs), routes::UPDATE_PROFILE, 401);
    for (token, route, expected) in [not_an_administrator, frozen, deleted] {
        let status = ask(&app, &route, &users, (&token, "192.0.2.7")).await.status;
        assert_eq!(status, expected, "{}", route.spec.name);
        let taken = buckets();
        assert!(!taken.is_empty() && taken.iter().all(|name| name == "failure"), "{taken:?}");
    }
    assert_eq!(ask(&app, &routes::UPDATE_PROFILE, &users, (&users.token(), "192.0.2.7")).await.status, 200);
    // A claim of a name counts like a registration: by address.
    assert_eq!(buckets(), ["write", "register"]);
}

#[tokio::test]
async fn an_invalid_token_costs_no_call() {
    let users = SampleUsers::new().await;
    let tap = Tap::on(&users.url).await;
    let app = users.app(&tap.url);
    assert_eq!(ask(&app, &routes::GET_PROFILE, &users, (&users.token(), "192.0.2.7")).await.status, 200);
    let _ = tap.take();
    for _ in 0..50 {
        assert_eq!(ask(&app, &routes::ADD_FAVORITE, &users, ("x.y.z", "192.0.2.7")).await.status, 401);
    }
    assert_eq!(tap.take().len(), 0);
}

#[tokio::test]
async fn signing_out_of_an_ended_session_takes_nothing_and_writes_nothing() {
    let users = SampleUsers::new().await;
    let tap = Tap::on(&users.url).await;
    let app = limited_to(&users, &tap.url, "logout=1/3600");
    let old = ended(&users);
    for _ in 0..40 {
        let answer = ask(&app, &routes::LOGOUT_USER, &users, (&old, "192.0.2.7")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["message"]), (200, &json!("Logout successful")));
    }
    let calls = tap.take();
    assert!(calls.iter().all(|call| call.operation == "GetItem"), "only reads: {calls:?}");
    assert_eq!(users.trail(users.ash).await, []);
    // The session that continues still has its token.
    let answer = ask(&app, &routes::LOGOUT_USER, &users, (&users.token(), "192.0.2.7")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn logouts_and_password_checks_have_a_bucket_for_each_session() {
    let users = SampleUsers::new().await;
    let app = limited_to(&users, &users.url, "logout=1/3600,password=2/3600,write=1000/60");
    let (mine, elsewhere) = (users.token(), users.token_of(users.ash, users.elsewhere));
    let guess = async |token: &str| {
        let mut event = users.fill(&event(&routes::DELETE_PROFILE));
        event["headers"]["authorization"] = format!("Bearer {token}").into();
        event["body"] = json!({"password": "wrong"}).to_string().into();
        invoke_event(&app, &routes::DELETE_PROFILE, &event).await.status.as_u16()
    };
    let mut thief = Vec::new();
    for _ in 0..4 {
        thief.push(guess(&elsewhere).await);
    }
    assert_eq!(thief, [403, 403, 429, 429]);
    assert_eq!(guess(&mine).await, 403, "the owner's session may still try");
    for token in [&elsewhere, &mine] {
        assert_eq!(ask(&app, &routes::LOGOUT_USER, &users, (token, "192.0.2.7")).await.status, 200);
    }
}

#[tokio::test]
async fn writes_of_all_sessions_share_the_users_bucket() {
    let users = SampleUsers::new().await;
    let app = limited_to(&users, &users.url, "write=2/3600");
    let (mine, elsewhere) = (users.token(), users.token_of(users.ash, users.elsewhere));
    let mut statuses = Vec::new();
    for token in [&mine, &elsewhere, &mine] {
        statuses.push(ask(&app, &routes::UPDATE_PROFILE, &users, (token, "192.0.2.7")).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
    let session = users.accounts.session(&Meter::default(), users.ash, users.session).await;
    assert!(session.expect("an answer").is_some());
}

#[tokio::test]
async fn without_limits_failures_are_not_counted() {
    let users = SampleUsers::new().await;
    let tap = Tap::on(&users.url).await;
    let client = aws::at(&tap.url);
    let app = App::new(users.without_limits(), || client);
    let old = ended(&users);
    for _ in 0..2 * FAILURES {
        assert_eq!(ask(&app, &routes::ADD_FAVORITE, &users, (&old, "192.0.2.7")).await.status, 401);
    }
    let writes = tap.take().iter().filter(|call| call.operation != "GetItem").count();
    assert_eq!(writes, 0);
}
