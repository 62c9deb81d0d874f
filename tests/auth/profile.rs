//! `/api/v1/auth/profile`: concurrent changes never overwrite each other.

use std::sync::Arc;

use adapters::store::Meter;
use domain::audit::{Action, Outcome};
use futures_util::FutureExt as _;
use http::Method;
use serde_json::json;
use tests::{SampleUsers, event, invoke_event, problem};

use crate::accounts::{LOGIN, PROFILE, REFRESH, REGISTER, at_once, count, post, someone};

#[tokio::test]
async fn of_fifty_concurrent_updates_of_one_version_one_succeeds() {
    let users = Arc::new(SampleUsers::new().await);
    let app = Arc::new(api::App::new(users.without_limits(), {
        // On a busy machine, fifty transactions at once outlast the time-outs of a request.
        let client = adapters::aws::patient(&adapters::aws::at(&users.url));
        || client
    }));
    for version in 1..=3 {
        let answers = at_once(50, |nth| {
            let (users, app) = (Arc::clone(&users), Arc::clone(&app));
            async move {
                let route = api::routes::UPDATE_PROFILE;
                let mut event = users.fill(&event(&route));
                event["headers"]["if-match"] = json!(format!("\"{version}\""));
                event["body"] = json!({"username": format!("ash_{version}_{nth}")}).to_string().into();
                invoke_event(&app, &route, &event).await
            }
            .boxed()
        })
        .await;
        assert_eq!((count(&answers, 200), count(&answers, 412)), (1, 49), "{answers:?}");
        let won = answers.iter().find(|answer| answer.status == 200).unwrap();
        assert_eq!(won.header("etag"), Some(format!("\"{}\"", version + 1).as_str()));
    }
    let changes = users.trail(users.ash).await;
    assert_eq!(changes.iter().filter(|(action, _)| *action == Action::UpdateProfile).count(), 3);
}

#[tokio::test]
async fn a_name_change_reserves_the_former_name() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let token = users.token();
    let put =
        async |body: serde_json::Value| house.call(Method::PUT, PROFILE, Some(&token), Some(&body)).await;
    assert_eq!(put(json!({"username": "Red", "email": "red@example.com"})).await.json()["username"], "Red");
    let body = someone("ash_ketchum");
    let reserved = post(&house, REGISTER, &body).await;
    let fields = problem(&reserved, "reserved")["errors"].as_array().map_or(0, Vec::len);
    assert_eq!((reserved.status.as_u16(), fields), (409, 2), "both are reserved");
    users.end_reservations(adapters::now().unix()).await;
    assert_eq!(post(&house, REGISTER, &body).await.status, 201, "both are free again");
    let taken = put(json!({"username": "ASH_ketchum"})).await;
    assert_eq!((taken.status.as_u16(), &problem(&taken, "taken")["code"]), (409, &json!("username_taken")));
    assert_eq!(put(json!({"username": "RED"})).await.json()["username"], "RED", "the user's own name");
    let before = house.call(Method::GET, PROFILE, Some(&token), None).await;
    assert_eq!(put(json!({})).await.body, before.body, "nothing asked, nothing changed");
    assert_eq!(put(json!({"username": "RED"})).await.header("etag"), before.header("etag"));
}

#[tokio::test]
async fn a_password_change_requires_the_current_password() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let token = users.token();
    let new = "cerulean city, route 24";
    for (body, status, field) in [
        (json!({"password": new}), 422, "current_password"),
        (json!({"password": new, "current_password": "wrong"}), 403, "current_password"),
        (json!({"password": "password", "current_password": tests::PASSWORD}), 422, "password"),
        (json!({"is_admin": true}), 422, "is_admin"),
        (json!({"username": null, "email": 5}), 422, "email"),
    ] {
        let answer = house.call(Method::PUT, PROFILE, Some(&token), Some(&body)).await;
        let reported = problem(&answer, field);
        assert_eq!(
            (answer.status.as_u16(), &reported["errors"][0]["field"]),
            (status, &json!(field)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_change_succeeds_only_on_a_listed_version() {
    let users = SampleUsers::new().await;
    let client = adapters::aws::at(&users.url);
    // The test claims more new names than one address may claim in a minute.
    let app = api::App::new(users.without_limits(), || client);
    let route = api::routes::UPDATE_PROFILE;
    let mut name = 0;
    let mut put = async |header: &str, list: &str| {
        name += 1;
        let mut event = users.fill(&event(&route));
        event["headers"][header] = json!(list);
        event["body"] = json!({"username": format!("ash_{name}")}).to_string().into();
        invoke_event(&app, &route, &event).await.status.as_u16()
    };
    for refused in ["\"2\"", "W/\"1\"", "\"0\", W/\"1\"", "\"\"", "1", "", "\"1", "\"2\", *"] {
        assert_eq!(put("if-match", refused).await, 412, "If-Match: {refused}");
    }
    for (version, list) in
        [(1, "\"1\""), (2, "\"1\", \"2\""), (3, "W/\"3\",\"3\" , \"x\""), (4, "*"), (5, "\"a,b\", \"5\"")]
    {
        assert_eq!(put("if-match", list).await, 200, "If-Match: {list} on version {version}");
    }
    for refused in ["*", "\"6\"", "W/\"6\"", "\"1\", W/\"6\""] {
        assert_eq!(put("if-none-match", refused).await, 412, "If-None-Match: {refused}");
    }
    assert_eq!(put("if-none-match", "\"1\", \"66\"").await, 200);
}

#[tokio::test]
async fn an_administrators_change_honours_if_match() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let path = format!("/api/v1/users/{}", users.ash);
    let authorization = format!("Bearer {}", users.admin_token());
    let etag = house.send(Method::GET, &path, &[("authorization", authorization.as_str())]).await;
    let etag = etag.header("etag").expect("an ETag").to_owned();
    for (list, body, status) in [
        ("\"nonsense\"", json!({"is_admin": true}), 412),
        (etag.as_str(), json!({"is_admin": true}), 200),
        (etag.as_str(), json!({"is_admin": false}), 412),
    ] {
        let headers = [
            ("authorization", authorization.as_str()),
            ("if-match", list),
            ("content-type", "application/json"),
        ];
        let answer = house.send_body(Method::PUT, &path, &headers, body.to_string()).await;
        assert_eq!(answer.status, status, "{list}: {body}");
        assert!(status != 200 || answer.header("etag").is_some_and(|after| after != etag));
    }
}

#[tokio::test]
async fn a_former_name_is_reserved_for_its_owner_alone() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let token = users.token();
    let put =
        async |body: serde_json::Value| house.call(Method::PUT, PROFILE, Some(&token), Some(&body)).await;
    assert_eq!(put(json!({"username": "red", "email": "red@example.com"})).await.status, 200);
    for former in ["ash_ketchum", "ash_ketchum@example.com"] {
        let body = json!({"username": former, "password": tests::PASSWORD});
        assert_eq!(post(&house, LOGIN, &body).await.status, 401, "nobody signs in as {former}");
    }
    let oak = users.admin_token();
    let claim = house.call(Method::PUT, PROFILE, Some(&oak), Some(&json!({"username": "ash_ketchum"}))).await;
    assert_eq!(
        (claim.status.as_u16(), &problem(&claim, "reserved")["code"]),
        (409, &json!("username_taken"))
    );
    let back = put(json!({"username": "ash_ketchum", "email": "ash_ketchum@example.com"})).await;
    assert_eq!(back.status, 200, "its owner takes it back: {back:?}");
    assert_eq!(post(&house, REGISTER, &someone("red")).await.status, 409, "now the other is reserved");
    for until in [adapters::now().unix(), adapters::now().unix() + 400 * 86_400] {
        users.end_reservations(until).await;
        assert_eq!(
            put(json!({"username": "blue"})).await.status,
            200,
            "expired reservations are in nobody's way"
        );
        assert_eq!(put(json!({"username": "ash_ketchum"})).await.status, 200);
    }
    assert_eq!(post(&house, REGISTER, &someone("red")).await.status, 201, "a reservation expires");
    let stored = users.accounts.user(&Meter::default(), users.ash).await.unwrap().unwrap();
    assert_eq!(stored.reserved.keys().collect::<Vec<_>>(), ["USERNAME#blue"], "expired ones are removed");
}

#[tokio::test]
async fn an_account_has_a_limited_number_of_reserved_names() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let token = users.token();
    let rename = async |name: String| {
        house.call(Method::PUT, PROFILE, Some(&token), Some(&json!({"username": name}))).await
    };
    for nth in 0..20 {
        assert_eq!(rename(format!("ash_{nth}")).await.status, 200, "{nth}");
    }
    let refused = rename("ash_20".to_owned()).await;
    assert_eq!(
        (refused.status.as_u16(), &problem(&refused, "many")["code"]),
        (429, &json!("too_many_changes"))
    );
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((29 * 86_400..=30 * 86_400).contains(&wait), "{wait}");
    assert_eq!(rename("ASH_19".to_owned()).await.status, 200, "the same name in other letters");
}

#[tokio::test]
async fn a_name_change_requires_a_recently_entered_password() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let token = users.token();
    let of_id = format!("/api/v1/users/{}", users.ash);
    let put = async |path: &str, body: serde_json::Value| {
        house.call(Method::PUT, path, Some(&token), Some(&body)).await
    };
    let long_ago = adapters::now().unix() - 601;
    users.redate(users.session, &[("password_at", long_ago)]).await;
    let refresh = json!({"refresh_token": users.refresh_token()});
    assert_eq!(post(&house, REFRESH, &refresh).await.status, 200, "a refresh enters no password");
    for path in [PROFILE, &of_id] {
        for body in [
            json!({"username": "thief"}),
            json!({"email": "thief@example.com"}),
            json!({"username": "ASH_KETCHUM"}),
        ] {
            let refused = put(path, body.clone()).await;
            let code = problem(&refused, path)["code"].clone();
            assert_eq!(
                (refused.status.as_u16(), code),
                (403, json!("reauthentication_required")),
                "{path} {body}"
            );
        }
        let wrong = put(path, json!({"username": "thief", "current_password": "wrong"})).await;
        assert_eq!((wrong.status.as_u16(), &problem(&wrong, path)["code"]), (403, &json!("wrong_password")));
        assert_eq!(put(path, json!({"username": "ash_ketchum"})).await.status, 200, "nothing is changed");
    }
    let right = put(&of_id, json!({"username": "red", "current_password": tests::PASSWORD})).await;
    assert_eq!(right.status, 200, "{right:?}");
    assert_eq!(put(PROFILE, json!({"username": "blue"})).await.status, 200, "it was entered a moment ago");
    users.redate(users.session, &[("password_at", adapters::now().unix() + 3600)]).await;
    assert_eq!(put(PROFILE, json!({"username": "green"})).await.status, 403, "a clock that ran ahead");
    let password = json!({"password": tests::PASSWORD});
    let export = house.call(Method::POST, "/api/v1/auth/export", Some(&token), Some(&password)).await;
    assert_eq!(export.status, 200);
    assert_eq!(put(PROFILE, json!({"username": "green"})).await.status, 200, "entered for the export");
    users.redate(users.session, &[("password_at", long_ago)]).await;
    let change = json!({"password": "cerulean city, route 24", "current_password": tests::PASSWORD});
    assert_eq!(put(PROFILE, change).await.status, 200);
    assert_eq!(put(PROFILE, json!({"username": "yellow"})).await.status, 200, "entered for the new password");
    let trail = users.trail(users.ash).await;
    let count = |outcome| trail.iter().filter(|event| **event == (Action::UpdateProfile, outcome)).count();
    assert_eq!(
        (count(Outcome::PasswordRequired), count(Outcome::WrongCredentials), count(Outcome::Done)),
        (7, 2, 4)
    );
}

#[tokio::test]
async fn a_session_of_an_earlier_release_has_no_recent_password() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let session = domain::accounts::Session {
        password_at: None,
        ..domain::accounts::Session::begin(adapters::now(), 0)
    };
    let open =
        adapters::store::accounts::OpenSession { family: adapters::tokens::FamilyId::random(), session };
    let record = tests::some_event(users.ash).into();
    users.accounts.begin_session(&Meter::default(), users.ash, &open, None, &record).await.unwrap();
    let token = users.token_of(users.ash, open.family);
    let put = house.call(Method::PUT, PROFILE, Some(&token), Some(&json!({"username": "red"}))).await;
    assert_eq!(put.status, 403);
}

#[tokio::test]
async fn each_changed_field_is_in_the_trail() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let body = json!({
        "username": "red", "email": "red@example.com", "password": "cerulean city, route 24",
        "current_password": tests::PASSWORD,
    });
    assert_eq!(house.call(Method::PUT, PROFILE, Some(&users.token()), Some(&body)).await.status, 200);
    let trail = users.accounts.trail_of(&Meter::default(), users.ash, None, 100).await.unwrap().events;
    let mut changes: Vec<_> = trail
        .iter()
        .filter(|event| event.request_id != "prepared")
        .map(|event| (format!("{:?}", event.action), event.target.clone().unwrap_or_default()))
        .collect();
    changes.sort();
    let expected = [("ChangePassword", ""), ("UpdateProfile", "email"), ("UpdateProfile", "username")];
    assert_eq!(changes, expected.map(|(action, target)| (action.to_owned(), target.to_owned())));
}

#[tokio::test]
async fn claims_of_names_count_like_registrations_and_refused_ones_are_in_the_trail() {
    let users = SampleUsers::new().await;
    let client = adapters::aws::at(&users.url);
    let app = api::App::new(users.config(), || client);
    let put = async |route: api::Route, body: serde_json::Value| {
        let mut event = users.fill(&event(&route));
        event["requestContext"]["http"]["sourceIp"] = "192.0.2.44".into();
        event["body"] = body.to_string().into();
        invoke_event(&app, &route, &event).await
    };
    let (profile, user) = (api::routes::UPDATE_PROFILE, api::routes::UPDATE_USER);
    for (route, body, code) in [
        (profile.clone(), json!({"email": "oak@example.com"}), "email_taken"),
        (user.clone(), json!({"username": "OAK"}), "username_taken"),
        (profile.clone(), json!({"username": "elm", "email": "elm@example.com"}), "username_taken"),
        (profile.clone(), json!({"username": "oak"}), "username_taken"),
    ] {
        let answer = put(route, body).await;
        assert_eq!((answer.status.as_u16(), &problem(&answer, code)["code"]), (409, &json!(code)));
    }
    assert_eq!(put(profile.clone(), json!({"username": "Ash_Ketchum"})).await.status, 200, "no claim");
    assert_eq!(put(profile.clone(), json!({"username": "red"})).await.status, 200, "the fifth of a minute");
    for route in [profile, user] {
        assert_eq!(put(route, json!({"email": "nobody@example.com"})).await.status, 429);
    }
    let taken = (Action::UpdateProfile, Outcome::Taken);
    let trail = users.trail(users.ash).await;
    assert_eq!(trail.iter().filter(|event| **event == taken).count(), 5, "{trail:?}");
}

#[tokio::test]
async fn reserved_names_are_neither_registered_nor_taken_but_still_sign_in() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    for name in ["admin", "ROOT", "null", "undefined", "bulk"] {
        for answer in [
            post(&house, REGISTER, &someone(name)).await,
            house.call(Method::PUT, PROFILE, Some(&users.token()), Some(&json!({"username": name}))).await,
        ] {
            let reported = problem(&answer, name);
            let error = (&reported["errors"][0]["field"], &reported["errors"][0]["message"]);
            assert_eq!(
                (answer.status.as_u16(), error),
                (422, (&json!("username"), &json!("is reserved"))),
                "{name}"
            );
        }
    }
    let (id, family) = (domain::accounts::UserId::new(1, [7; 10]), adapters::tokens::FamilyId::random());
    users.add_user(id, "admin", family).await;
    let body = json!({"username": "Admin", "password": tests::PASSWORD});
    assert_eq!(post(&house, LOGIN, &body).await.status, 200, "an account of earlier rules");
}
