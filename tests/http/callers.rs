//! Routes whose response depends on the caller, and the others, which ignore the `Authorization` header: only responses of the
//! others may be cached.

use adapters::{
    aws, now,
    tokens::{FamilyId, Issuer, KeyRing},
};
use api::{
    App, Route,
    routes::{self},
};
use domain::Timestamp;
use door::route::{Access, Authorization};
use http::Method;
use serde_json::{Value, json};
use tests::{Answer, OF_THE_MOMENT, PASSWORD, SampleUsers, Tap, event, invoke_event, sample};

use crate::workshop::Home;

/// Queries that make a route's response depend on the caller, although the route's sample does not.
fn personal_queries(route: &Route) -> &'static [&'static str] {
    match route.spec.name {
        "list-pokemon" => &[
            "sort=favorites",
            "sort=favorites_desc",
            "sort=FAVORITES&order=desc",
            "sort=favorites&type=water&search=o",
            "sort=favorites&ids=1,25",
            "sort=favorites&page=999",
        ],
        _ => &[],
    }
}

/// `Authorization` headers that no route accepts.
fn unacceptable(users: &SampleUsers) -> Vec<String> {
    let issuer = users.config().door.issuer();
    let (ours, theirs) = (tests::ring(), KeyRing::generate(now()));
    let issue = |keys: &KeyRing, at| {
        Issuer { issuer: &issuer, keys }.issue(users.ash, users.session, at).expect("a token")
    };
    let long_ago = Timestamp::from_unix(now().unix() - 3600);
    vec![
        String::new(),
        "Bearer".to_owned(),
        "Bearer x".to_owned(),
        "Basic YTpi".to_owned(),
        format!("Bearer {}", issue(&ours, long_ago)),
        format!("Bearer {}", issue(&theirs, now())),
        format!("Bearer {}", users.token_of(users.ash, FamilyId::random())),
        format!("Bearer {}", users.refresh_token()),
        format!("Bearer {}", "x".repeat(7000)),
    ]
}

/// A new app, as in a process that has just started: nothing is in memory.
fn started(users: &SampleUsers, url: &str) -> App {
    let client = aws::at(url);
    App::new(users.without_limits(), || client)
}

async fn ask(app: &App, route: &Route, event: &Value, authorization: Option<&str>) -> Answer {
    let mut event = event.clone();
    let headers = event["headers"].as_object_mut().expect("headers");
    headers.remove("authorization");
    if let Some(authorization) = authorization {
        headers.insert("authorization".to_owned(), json!(authorization));
    }
    invoke_event(app, route, &event).await
}

/// The parts of a response that a cache or a client can compare.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let headers = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().expect("text").to_owned()));
    let mut headers: Vec<_> = headers.filter(|(name, _)| name != "x-request-id").collect();
    headers.sort();
    (answer.status.as_u16(), headers, answer.body.clone())
}

#[tokio::test]
async fn a_token_changes_neither_answer_nor_calls_of_a_route_that_ignores_it() {
    let mut routes = routes::all();
    routes.retain(|route| {
        route.spec.authorization == Authorization::Ignored && route.spec.method == Method::GET
    });
    assert!(routes.len() >= 12, "the catalogue, health, version, description and keys");
    let users = SampleUsers::new().await;
    let tap = Tap::on(&users.url).await;
    for route in routes {
        let (event, name) = (users.fill(&event(&route)), route.spec.name);
        let mut headers = unacceptable(&users);
        headers.push(format!("Bearer {}", users.token()));
        let plain = ask(&started(&users, &tap.url), &route, &event, None).await;
        let calls = tap.take().len();
        for header in headers {
            let answer = ask(&started(&users, &tap.url), &route, &event, Some(&header)).await;
            assert_eq!(tap.take().len(), calls, "{name} with {header:.40}");
            assert_eq!(answer.status, plain.status, "{name} with {header:.40}");
            if !OF_THE_MOMENT.contains(&name) {
                assert_eq!(seen(&answer), seen(&plain), "{name} with {header:.40}");
            }
        }
    }
}

#[tokio::test]
async fn a_stale_token_blocks_neither_registration_nor_login() {
    let users = SampleUsers::new().await;
    let app = started(&users, &users.url);
    for (nth, header) in unacceptable(&users).into_iter().enumerate() {
        let mut registration = event(&routes::REGISTER_USER);
        let body = json!({"username": format!("misty_{nth}"), "email": format!("misty_{nth}@example.com"), "password": PASSWORD});
        registration["body"] = body.to_string().into();
        let registered = ask(&app, &routes::REGISTER_USER, &registration, Some(&header)).await;
        assert_eq!(registered.status, 201, "{header:.40}");
        let login = users.fill(&event(&routes::LOGIN_USER));
        assert_eq!(ask(&app, &routes::LOGIN_USER, &login, Some(&header)).await.status, 200, "{header:.40}");
    }
}

#[tokio::test]
async fn every_route_that_checks_tokens_answers_401_to_an_invalid_one() {
    for route in routes::all().iter().filter(|route| route.spec.authorization == Authorization::Checked) {
        let users = Home::of(&route.spec).await;
        let (app, event) = (started(&users, &users.url), users.fill(&event(route)));
        for header in unacceptable(&users) {
            let status = ask(&app, route, &event, Some(&header)).await.status.as_u16();
            let expected = match header.as_str() {
                refresh if refresh.starts_with("Bearer rt_") => 422,
                // The token is valid, but its session has ended: the request was a sign-out.
                ended if route.spec.access == Access::Session && is_ours(&users, ended) => 200,
                _ => 401,
            };
            assert_eq!(status, expected, "{} with {header:.40}", route.spec.name);
        }
        assert_eq!(ask(&app, route, &event, None).await.status, 401, "{} without", route.spec.name);
    }
}

/// Whether the token in the header is valid, regardless of the route.
fn is_ours(users: &SampleUsers, header: &str) -> bool {
    let token = header.trim_start_matches("Bearer ");
    let verifier = adapters::tokens::Verifier::new(&users.config().door.issuer(), &tests::ring().jwks());
    verifier.verify(token, now()).is_ok()
}

#[tokio::test]
async fn sorting_by_favorites_answers_401_to_an_invalid_token() {
    let users = SampleUsers::new().await;
    let (app, route) = (started(&users, &users.url), routes::LIST_POKEMON);
    let mut event = event(&route);
    event["rawQueryString"] = json!("sort=favorites");
    for header in unacceptable(&users) {
        assert_eq!(ask(&app, &route, &event, Some(&header)).await.status, 401, "{header:.40}");
    }
}

/// Requests the whole table with every kind of caller. A response that may be stored is the same for all callers; any other must
/// not be stored at all.
#[tokio::test]
async fn no_answer_that_depends_on_the_caller_may_be_cached() {
    let (mut cacheable, mut personal) = (0, 0);
    for route in routes::all() {
        let users = Home::of(&route.spec).await;
        let (app, base) = (started(&users, &users.url), users.fill(&event(&route)));
        let sample = base["rawQueryString"].as_str().expect("a query").to_owned();
        for query in [sample.as_str()].iter().chain(personal_queries(&route)) {
            let mut event = base.clone();
            event["rawQueryString"] = json!(query);
            let what = format!("{}?{query}", route.spec.name);
            let mut answers = Vec::new();
            for header in [
                None,
                Some("Bearer x".to_owned()),
                Some(format!("Bearer {}", users.admin_token())),
                Some(format!("Bearer {}", users.token())),
            ] {
                answers.push(ask(&app, &route, &event, header.as_deref()).await);
            }
            for answer in &answers {
                let vary = answer.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok());
                let mut vary = vary.map(str::to_ascii_lowercase);
                assert!(!vary.any(|names| names.contains("authorization")), "{what}");
            }
            let controls: Vec<_> = answers.iter().map(|answer| answer.header("cache-control")).collect();
            if controls.iter().any(|control| control.is_some_and(|control| control.contains("public"))) {
                assert!(
                    answers.iter().all(|answer| seen(answer) == seen(&answers[0])),
                    "{what}: {controls:?}"
                );
                assert!(!personal_queries(&route).contains(query), "{what}: {controls:?}");
                cacheable += 1;
                continue;
            }
            for answer in &answers {
                // Problems must not be stored either, nor responses that are the same for all callers but valid only at this
                // moment.
                let is_personal = answer.status.is_success()
                    && (route.spec.authorization != Authorization::Ignored
                        || route.spec.method != Method::GET);
                let expected = if is_personal { "private, no-store" } else { "no-store" };
                assert_eq!(answer.header("cache-control"), Some(expected), "{what}: {}", answer.status);
                personal += usize::from(is_personal);
            }
        }
    }
    assert!(cacheable >= 9 && personal >= 30, "{cacheable} and {personal}");
}

#[tokio::test]
async fn an_anonymous_page_sorted_by_favorites_is_not_reused_for_a_user() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let path = "/api/v1/pokemon?sort=favorites&per_page=2";
    let anonymous = house.get(path).await;
    assert_eq!(
        (anonymous.status.as_u16(), anonymous.header("cache-control")),
        (200, Some("private, no-store"))
    );
    assert_eq!(anonymous.header("etag"), None);
    assert_eq!(house.send(Method::GET, path, &[("if-none-match", "*")]).await.status, 200, "never 304");
    assert_eq!(anonymous.names(), ["bulbasaur", "ivysaur"]);
    let personal = house.call(Method::GET, path, Some(&users.token()), None).await;
    assert_eq!(personal.names(), ["pikachu", "bulbasaur"]);
    assert_eq!(house.get(sample("list-pokemon")).await.header("vary"), None);
}
