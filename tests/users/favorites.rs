//! `/api/v1/users/{id}/favorites`

use std::sync::Arc;

use adapters::store::{Meter, accounts::StoredFavorite};
use domain::audit::Action;
use futures_util::FutureExt as _;
use http::Method;
use serde_json::{Value, json};
use tests::{ASH, SampleUsers, Tap, event, invoke_event, some_event};

use crate::accounts::{at_once, count};

fn path(rest: &str) -> String {
    format!("/api/v1/users/{ASH}/favorites{rest}")
}

#[tokio::test]
async fn a_favorite_contains_its_whole_pokemon() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let token = users.token();
    let added = house.call(Method::POST, &path(""), Some(&token), Some(&json!({"pokemon_id": 133}))).await;
    assert_eq!(added.status, 201);
    let row = house.get("/api/v1/pokemon?ids=133").await.json()["pokemon"][0].clone();
    assert_eq!((&added.json()["pokemon"], &added.json()["user_id"]), (&row, &json!(ASH)));
    let listed = house.call(Method::GET, &path(""), Some(&token), None).await.json();
    assert_eq!((&listed["user_id"], &listed["favorites"][1]), (&json!(ASH), &added.json()));
    let ask = async |method: Method, rest: &str, body: Value| {
        house.call(method, &path(rest), Some(&token), Some(&body)).await.status.as_u16()
    };
    assert_eq!(ask(Method::POST, "", json!({"pokemon_id": 133})).await, 409);
    assert_eq!(ask(Method::POST, "", json!({"pokemon_id": 99_999})).await, 404);
    for bad in
        [json!({"pokemon_id": "133"}), json!({"pokemon_id": -1}), json!({"pokemon_id": 1.5}), json!({})]
    {
        assert_eq!(ask(Method::POST, "", bad).await, 422);
    }
    assert_eq!(ask(Method::DELETE, "", json!({"pokemon_id": 133})).await, 200);
    assert_eq!(ask(Method::DELETE, "", json!({"pokemon_id": 133})).await, 404);
    assert_eq!(ask(Method::DELETE, "/25", json!({})).await, 200);
    assert_eq!(ask(Method::DELETE, "/x", json!({})).await, 422);
}

#[tokio::test]
async fn an_id_of_zero_is_422_and_leading_zeros_of_a_path_are_ignored() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let token = users.token();
    for (method, rest, body) in [
        (Method::POST, "", json!({"pokemon_id": 0})),
        (Method::DELETE, "", json!({"pokemon_id": 0})),
        (Method::DELETE, "/0", json!({})),
        (Method::DELETE, "/00", json!({})),
    ] {
        let answer = house.call(method.clone(), &path(rest), Some(&token), Some(&body)).await;
        assert_eq!(answer.status, 422, "{method} {rest}: {}", answer.json());
        assert_eq!(answer.json()["errors"][0]["field"], "pokemon_id", "{method} {rest}");
    }
    let removed = house.call(Method::DELETE, &path("/025"), Some(&token), None).await;
    assert_eq!(removed.status, 200, "{}", removed.json());
    let ids = house.get("/api/v1/pokemon?ids=01,025&forms=default").await;
    assert_eq!(ids.names(), ["bulbasaur", "pikachu"]);
    assert_eq!(house.get("/api/v1/pokemon/01").await.json()["id"], 1);
    assert_eq!(house.get("/api/v1/pokemon?ids=0").await.status, 422);
    assert_eq!(house.get("/api/v1/pokemon/0").await.status, 404);
}

#[tokio::test]
async fn a_favorite_missing_from_the_catalogue_breaks_no_list() {
    let users = SampleUsers::new().await;
    let gone = StoredFavorite { pokemon: 99_999, created_at: adapters::now() };
    let (meter, event) = (Meter::default(), some_event(users.ash));
    users.accounts.add_favorite(&meter, users.ash, gone, &event.into()).await.unwrap();
    let house = users.house().await;
    let listed = house.call(Method::GET, &path(""), Some(&users.token()), None).await;
    let listed = listed.json();
    let ids: Vec<_> = listed["favorites"].as_array().unwrap().iter().map(|row| &row["pokemon_id"]).collect();
    assert_eq!(ids, [25]);
}

#[tokio::test]
async fn a_thousand_favorites_change_in_steps_and_a_repetition_changes_nothing() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let token = users.token();
    let ids: Vec<u32> = (1..=1025).collect();
    let bulk = async |method: Method, ids: &[u32]| {
        let body = json!({"pokemon_ids": ids});
        house.call(method, &path("/bulk"), Some(&token), Some(&body)).await
    };
    let first = bulk(Method::POST, &ids).await;
    assert_eq!(first.status, 200, "{first:?}");
    let results = first.json()["results"].as_array().unwrap().clone();
    assert!(results.len() == 1025 && results.iter().all(|row| row["is_favorite"] == true));
    assert_eq!(bulk(Method::POST, &ids).await.json(), first.json());
    // Pikachu already was a favorite: 1,024 additions in steps of 45, each with its own event.
    assert_eq!(users.trail(users.ash).await.len(), 1024_usize.div_ceil(45));
    let listed = house.call(Method::GET, &path(""), Some(&token), None).await;
    assert_eq!(listed.json()["favorites"].as_array().unwrap().len(), 1025);

    let odd = bulk(Method::POST, &[25, 25, 99_999]).await.json();
    assert_eq!(
        odd["results"],
        json!([
            {"pokemon_id": 25, "is_favorite": true}, {"pokemon_id": 99_999, "is_favorite": false, "error": "not_found"},
        ])
    );
    for bad in [json!([]), json!([0]), json!((1..=1026).collect::<Vec<u32>>()), json!("all"), json!([1, "2"])]
    {
        let body = json!({"pokemon_ids": bad});
        assert_eq!(house.call(Method::POST, &path("/bulk"), Some(&token), Some(&body)).await.status, 422);
    }
    assert_eq!(bulk(Method::DELETE, &ids).await.status, 200);
    let listed = house.call(Method::GET, &path(""), Some(&token), None).await;
    assert_eq!(listed.json()["favorites"], json!([]));
}

#[tokio::test]
async fn a_list_of_a_thousand_favorites_costs_at_most_three_calls() {
    let users = SampleUsers::new().await;
    let ids = (1..=1025).collect();
    let record = |_: &[u32]| some_event(users.ash).into();
    users.accounts.add_favorites(&Meter::default(), users.ash, &ids, record).await.unwrap();
    let tap = Tap::on(&users.url).await;
    let (app, route) = (users.app(&tap.url), api::routes::LIST_FAVORITES);
    let event = users.fill(&event(&route));
    invoke_event(&app, &route, &event).await;
    let _ = tap.take();
    let answer = invoke_event(&app, &route, &event).await;
    assert_eq!(answer.json()["favorites"].as_array().unwrap().len(), 1025);
    assert!(tap.take().len() <= 3);
}

#[tokio::test]
async fn concurrent_bulk_additions_add_each_favorite_once() {
    let users = SampleUsers::new().await;
    let house = Arc::new(users.house().await);
    let answers = at_once(4, |nth| {
        let (house, token) = (Arc::clone(&house), users.token());
        let body = json!({"pokemon_ids": (1 + nth..=100 + nth).collect::<Vec<_>>()});
        async move { house.call(Method::POST, &path("/bulk"), Some(&token), Some(&body)).await }.boxed()
    })
    .await;
    assert_eq!(count(&answers, 200) + count(&answers, 409), 4, "{answers:?}");
    assert!(count(&answers, 200) > 0);
    let events = users.accounts.trail_of(&Meter::default(), users.ash, None, 1000).await.unwrap();
    let added: usize = events
        .events
        .iter()
        .filter(|event| event.action == Action::AddFavorite && event.request_id != "prepared")
        .map(|event| event.target.as_deref().unwrap().split(',').count())
        .sum();
    let stored = users.accounts.favorites(&Meter::default(), users.ash).await.unwrap();
    assert_eq!(added, stored.len() - 1, "events are effects, and Pikachu was there");
}

#[tokio::test]
async fn the_callers_favorites_come_first_and_are_never_stale() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let token = users.token();
    let sorted = async |query: &str, token: Option<&str>| {
        let answer = house.call(Method::GET, &format!("/api/v1/pokemon?{query}"), token, None).await;
        let control = answer.header("cache-control").unwrap().to_owned();
        (answer.names(), control, answer.header("etag").is_some())
    };
    let (names, control, has_etag) = sorted("sort=favorites&per_page=3", Some(&token)).await;
    assert_eq!(names, ["pikachu", "bulbasaur", "ivysaur"]);
    assert_eq!((control.as_str(), has_etag), ("private, no-store", false));
    house.call(Method::POST, &path(""), Some(&token), Some(&json!({"pokemon_id": 3}))).await;
    assert_eq!(
        sorted("sort=favorites&per_page=3", Some(&token)).await.0,
        ["venusaur", "pikachu", "bulbasaur"]
    );
    assert_eq!(
        sorted("sort=favorites&type=grass&per_page=2", Some(&token)).await.0,
        ["venusaur", "bulbasaur"]
    );
    let last = sorted("sort=favorites_desc&ids=1,3,25", Some(&token)).await.0;
    assert_eq!(last, ["bulbasaur", "pikachu", "venusaur"]);
    let (names, control, has_etag) = sorted("sort=favorites&per_page=2", None).await;
    assert_eq!(names, ["bulbasaur", "ivysaur"], "strangers have none");
    assert_eq!(
        (control.as_str(), has_etag),
        ("private, no-store", false),
        "or it would be kept after signing in"
    );
}
