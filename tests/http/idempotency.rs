//! `Idempotency-Key`: one effect, one response.

use std::sync::Arc;

use adapters::{
    store::{Key, Meter},
    tokens::FamilyId,
};
use api::{App, Route, routes};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{accounts::UserId, audit::Action};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tests::{Answer, SampleUsers, event, invoke_event, problem};

use crate::accounts::at_once;

fn app(users: &SampleUsers) -> Arc<App> {
    let client = adapters::aws::at(&users.url);
    Arc::new(App::new(users.without_limits(), || client))
}

async fn ask(app: &App, users: &SampleUsers, route: &Route, key: &str, body: Value) -> Answer {
    let mut event = users.fill(&event(route));
    event["headers"]["idempotency-key"] = json!(key);
    event["body"] = body.to_string().into();
    invoke_event(app, route, &event).await
}

#[tokio::test]
async fn two_hundred_keys_sent_ten_times_at_once_have_two_hundred_effects() {
    let users = Arc::new(SampleUsers::new().await);
    let app = app(&users);
    for round in 0..10 {
        let answers = at_once(200, |nth| {
            let (app, users) = (Arc::clone(&app), Arc::clone(&users));
            let pokemon = 200 + round * 20 + nth as u32 % 20;
            async move {
                let (body, key) = (json!({"pokemon_id": pokemon}), format!("key-{pokemon}"));
                loop {
                    let answer = ask(&app, &users, &routes::ADD_FAVORITE, &key, body.clone()).await;
                    // On a busy machine a call may take too long: idempotency keys exist for this case.
                    if answer.status != 503 {
                        return answer;
                    }
                }
            }
            .boxed()
        })
        .await;
        for answer in &answers {
            assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        }
        for nth in 0..20 {
            let same: Vec<_> = answers.iter().skip(nth).step_by(20).map(Answer::json).collect();
            assert!(same.iter().all(|answer| *answer == same[0]), "one answer to all");
        }
    }
    let added = users.trail(users.ash).await;
    assert_eq!(added.iter().filter(|(action, _)| *action == Action::AddFavorite).count(), 200);
    let stored = users.accounts.favorites(&Meter::default(), users.ash).await.unwrap();
    assert_eq!(stored.len(), 201);
}

#[tokio::test]
async fn a_key_is_bound_to_one_request_of_one_user() {
    let users = SampleUsers::new().await;
    let app = app(&users);
    let add = async |key: &str, pokemon: u32| {
        ask(&app, &users, &routes::ADD_FAVORITE, key, json!({"pokemon_id": pokemon})).await
    };
    let first = add("k1", 1).await;
    let again = add("k1", 1).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, None));
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!((first.json(), again.header("cache-control")), (again.json(), Some("private, no-store")));
    let other = add("k1", 2).await;
    assert_eq!(
        (other.status.as_u16(), &problem(&other, "k1")["code"]),
        (422, &json!("idempotency_key_reused"))
    );
    assert_eq!(add("k2", 1).await.status, 409, "another key, and it is there");
    assert_eq!(add("k2", 2).await.status, 201, "what was refused is not remembered");
    // A different operation under the same key is a different request.
    let removed = ask(&app, &users, &routes::REMOVE_FAVORITE, "k1", json!({"pokemon_id": 1})).await;
    assert_eq!(removed.status, 200);
    assert_eq!(add("k1", 1).await.json(), first.json(), "that answer is the one to that request");
    // So is one under a different path, with a different query, or of a different user.
    let mut event = users.fill(&event(&routes::ADD_FAVORITE));
    event["headers"]["idempotency-key"] = json!("k1");
    event["body"] = json!({"pokemon_id": 1}).to_string().into();
    event["rawQueryString"] = json!("a=1");
    let queried = invoke_event(&app, &routes::ADD_FAVORITE, &event).await;
    assert_eq!(problem(&queried, "another query")["code"], "idempotency_key_reused");
    let remove = async |pokemon: u32| {
        let mut event = users.fill(&tests::event(&routes::DELETE_FAVORITE));
        event["headers"]["idempotency-key"] = json!("path");
        event["rawPath"] = format!("/api/v1/users/{}/favorites/{pokemon}", users.ash).into();
        event["pathParameters"]["pokemon_id"] = pokemon.to_string().into();
        invoke_event(&app, &routes::DELETE_FAVORITE, &event).await
    };
    assert_eq!(remove(2).await.status, 200);
    let (again, other) = (remove(2).await, remove(25).await);
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (200, Some("true")));
    assert_eq!((other.status.as_u16(), other.header("idempotency-replayed")), (200, None));
    let (misty, session) = (UserId::new(1_700_000_000_000, [2; 10]), FamilyId::random());
    users.add_user(misty, "misty", session).await;
    let mut hers = users.fill(&tests::event(&routes::ADD_FAVORITE));
    hers["headers"]["idempotency-key"] = json!("k1");
    hers["headers"]["authorization"] = format!("Bearer {}", users.token_of(misty, session)).into();
    hers["pathParameters"]["id"] = misty.to_string().into();
    hers["rawPath"] = format!("/api/v1/users/{misty}/favorites").into();
    hers["body"] = json!({"pokemon_id": 1}).to_string().into();
    let hers = invoke_event(&app, &routes::ADD_FAVORITE, &hers).await;
    assert_eq!((hers.status.as_u16(), hers.header("idempotency-replayed")), (201, None));
    for bad in ["a b", &"x".repeat(256), "ké"] {
        let refused = add(bad, 4).await;
        assert_eq!(
            (refused.status.as_u16(), &problem(&refused, bad)["errors"][0]["field"]),
            (422, &json!("idempotency-key"))
        );
    }
}

#[tokio::test]
async fn an_expired_key_is_ignored_before_it_is_swept() {
    let users = SampleUsers::new().await;
    let app = app(&users);
    let add = async |pokemon: u32| {
        ask(&app, &users, &routes::ADD_FAVORITE, "old", json!({"pokemon_id": pokemon})).await.status.as_u16()
    };
    assert_eq!(add(1).await, 201);
    let client = adapters::aws::at(&users.url);
    let items = client.scan().table_name(&users.tables.ephemeral).send().await.unwrap();
    let record =
        items.items().iter().find(|item| item["pk"].as_s().unwrap().starts_with("IDEMPOTENCY#")).unwrap();
    let key = Key { pk: record["pk"].as_s().unwrap().clone(), sk: "RECORD".to_owned() };
    let text = |name: &str| record[name].clone();
    // The second key comes from a clock that ran ahead.
    for (pokemon, expires_in) in [(2, -1), (3, 30 * 86_400)] {
        let expires_at = AttributeValue::N((adapters::now().unix() + expires_in).to_string());
        let values = [
            ("fingerprint", text("fingerprint")),
            ("status", text("status")),
            ("body", text("body")),
            ("expires_at", expires_at),
        ];
        users.put(&users.tables.ephemeral, &key, &values).await;
        assert_eq!(add(pokemon).await, 201, "another request under the same key");
    }
}

#[tokio::test]
async fn a_repeated_bulk_change_is_recomputed_and_made_once() {
    let users = SampleUsers::new().await;
    let app = app(&users);
    let bulk = async |key: &str, ids: Value| {
        ask(&app, &users, &routes::ADD_FAVORITES, key, json!({"pokemon_ids": ids})).await
    };
    let first = bulk("many", json!((1..=100).collect::<Vec<u32>>())).await;
    assert_eq!(first.status, 200);
    let events = users.trail(users.ash).await.len();
    assert_eq!(bulk("many", json!((1..=100).collect::<Vec<u32>>())).await.json(), first.json());
    assert_eq!(users.trail(users.ash).await.len(), events);
    assert_eq!(bulk("many", json!([1])).await.status, 422);
    // A key represents the request that it was sent with, even if there was nothing to do.
    assert_eq!(bulk("nothing", json!([1, 2])).await.status, 200);
    assert_eq!(bulk("nothing", json!([1, 2])).await.status, 200);
    assert_eq!(bulk("nothing", json!([1, 200])).await.status, 422);
    assert_eq!(users.trail(users.ash).await.len(), events);
}

async fn one_key_sixteen_times_at_once(url: &str, users: SampleUsers) {
    let users = Arc::new(users);
    let client = adapters::aws::at(url);
    let app = Arc::new(App::new(users.without_limits(), || client));
    for (route, ids, left) in
        [(&routes::ADD_FAVORITES, 100..400, 301), (&routes::REMOVE_FAVORITES, 100..400, 1)]
    {
        let before = users.trail(users.ash).await.len();
        let answers = at_once(16, |_| {
            let (app, users) = (Arc::clone(&app), Arc::clone(&users));
            let body = json!({"pokemon_ids": ids.clone().collect::<Vec<u32>>()});
            async move { ask(&app, &users, route, "sixteen", body).await }.boxed()
        })
        .await;
        for answer in &answers {
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
            assert_eq!(answer.json(), answers[0].json(), "one answer to all");
        }
        let stored = users.accounts.favorites(&Meter::default(), users.ash).await.unwrap();
        assert_eq!(stored.len(), left);
        let trail = users.accounts.trail_of(&Meter::default(), users.ash, None, 1000).await.unwrap();
        let steps = trail.events.iter().take(users.trail(users.ash).await.len() - before);
        let mut changed: Vec<_> = steps.flat_map(|event| event.target.clone()).collect();
        changed = changed
            .iter()
            .flat_map(|target| target["pokemon:".len()..].split(','))
            .map(str::to_owned)
            .collect();
        changed.sort_unstable();
        assert_eq!(changed, ids.map(|id| id.to_string()).collect::<Vec<_>>(), "each once");
    }
}

#[tokio::test]
async fn one_bulk_key_sent_sixteen_times_at_once_has_one_effect() {
    let users = SampleUsers::new().await;
    one_key_sixteen_times_at_once(&users.url.clone(), users).await;
}

#[tokio::test]
async fn one_bulk_key_has_one_effect_when_transactions_conflict() {
    let users = SampleUsers::new().await;
    let faults = tests::Faults::conflicting(&users.url).await;
    one_key_sixteen_times_at_once(&faults.url, users).await;
    assert!(faults.conflicts() > 0, "no two transactions met");
}

#[tokio::test]
async fn authentication_routes_ignore_keys_and_store_no_response() {
    let users = SampleUsers::new().await;
    let app = app(&users);
    let body = json!({"username": "ash_ketchum", "password": tests::PASSWORD});
    let first = ask(&app, &users, &routes::LOGIN_USER, "k", body.clone()).await.json();
    let second = ask(&app, &users, &routes::LOGIN_USER, "k", body).await.json();
    assert!(first["refresh_token"] != second["refresh_token"]);
    ask(&app, &users, &routes::UPDATE_PROFILE, "k", json!({"username": "ash_2"})).await;
    // The caller's own id counts in any spelling.
    for id in [users.ash.to_string(), users.ash.to_string().to_uppercase()] {
        let mut event = users.fill(&event(&routes::UPDATE_USER));
        event["headers"]["idempotency-key"] = json!("k");
        event["pathParameters"]["id"] = id.into();
        event["body"] = json!({"username": "ash_3"}).to_string().into();
        invoke_event(&app, &routes::UPDATE_USER, &event).await;
    }
    let client = adapters::aws::at(&users.url);
    let items = client.scan().table_name(&users.tables.ephemeral).send().await.unwrap();
    assert!(items.items().iter().all(|item| !item["pk"].as_s().unwrap().starts_with("IDEMPOTENCY#")));
}

#[tokio::test]
async fn an_administrators_key_is_bound_to_one_change_of_a_user() {
    let users = SampleUsers::new().await;
    let app = app(&users);
    let ask = async |route: &Route, key: &str, body: Option<Value>| {
        let mut event = users.fill(&event(route));
        event["headers"]["authorization"] = format!("Bearer {}", users.admin_token()).into();
        event["headers"]["idempotency-key"] = json!(key);
        event["body"] = body.map_or(Value::Null, |body| body.to_string().into());
        invoke_event(&app, route, &event).await
    };
    for _ in 0..3 {
        let frozen = ask(&routes::UPDATE_USER, "freeze", Some(json!({"is_frozen": true}))).await;
        assert_eq!(frozen.status, 200);
    }
    // A replay by a client that has not seen a later change does not undo that change.
    assert_eq!(ask(&routes::UPDATE_USER, "go-on", Some(json!({"is_frozen": false}))).await.status, 200);
    assert_eq!(ask(&routes::UPDATE_USER, "freeze", Some(json!({"is_frozen": true}))).await.status, 200);
    let standing = users.accounts.standing(&Meter::default(), users.ash).await.unwrap().unwrap();
    assert!(!standing.is_frozen);
    for _ in 0..2 {
        assert_eq!(ask(&routes::DELETE_USER, "go", None).await.status, 200);
    }
    let client = adapters::aws::at(&users.url);
    let kept = client.scan().table_name(&users.tables.ephemeral).send().await.unwrap();
    let kept = format!("{:?}", kept.items());
    assert!(kept.contains("IDEMPOTENCY#") && !kept.contains("ash_ketchum"), "{kept}");
    let actions = users.trail(users.oak).await.into_iter().map(|(action, _)| action);
    let actions: Vec<_> = actions.filter(|action| *action != Action::DeleteAccount).collect();
    assert_eq!(actions, [Action::Freeze, Action::Unfreeze]);
}
