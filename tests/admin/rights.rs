//! The rights of administrators, and their record in the audit trail.

use adapters::{store::Meter, tokens::FamilyId};
use domain::{
    accounts::UserId,
    audit::{Action, Outcome},
};
use http::Method;
use serde_json::{Value, json};
use tests::{ASH, SampleUsers, problem};

fn user(id: impl std::fmt::Display) -> String {
    format!("/api/v1/users/{id}")
}

#[tokio::test]
async fn a_role_change_takes_effect_at_once() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let (ash, oak) = (users.token(), users.admin_token());
    let list =
        async |token: &str| house.call(Method::GET, "/api/v1/users", Some(token), None).await.status.as_u16();
    let put = async |token: &str, id: &str, body: Value| {
        house.call(Method::PUT, &user(id), Some(token), Some(&body)).await
    };
    assert_eq!(list(&ash).await, 403);
    assert_eq!(put(&ash, ASH, json!({"is_admin": true})).await.status, 403, "not by oneself");
    let promoted = put(&oak, ASH, json!({"is_admin": true})).await;
    assert_eq!((promoted.status.as_u16(), &promoted.json()["is_admin"]), (200, &json!(true)));
    assert_eq!(list(&ash).await, 200, "with the token that was given before");
    assert_eq!(put(&oak, ASH, json!({"username": "mine_now"})).await.status, 422, "administrators may not");
    let frozen = put(&oak, ASH, json!({"is_frozen": true})).await;
    assert_eq!(
        (frozen.status.as_u16(), &problem(&frozen, "an admin")["code"]),
        (409, &json!("not_freezable"))
    );
    assert_eq!(put(&oak, ASH, json!({"is_admin": false})).await.status, 200);
    assert_eq!(list(&ash).await, 403);
    assert_eq!(put(&oak, ASH, json!({"is_frozen": true})).await.status, 200);
    assert_eq!(put(&ash, ASH, json!({"username": "free"})).await.status, 403);
    let promoted = put(&oak, ASH, json!({"is_admin": true})).await;
    assert_eq!(
        (promoted.status.as_u16(), &problem(&promoted, "frozen")["code"]),
        (409, &json!("account_frozen"))
    );
    assert_eq!(put(&oak, ASH, json!({"is_frozen": false})).await.status, 200);
    assert_eq!(put(&ash, ASH, json!({"username": "free"})).await.status, 200);
    let nobody = UserId::new(1, [1; 10]);
    assert_eq!(put(&oak, &nobody.to_string(), json!({"is_admin": true})).await.status, 404);
    let done = [Action::ChangeRole, Action::ChangeRole, Action::Freeze, Action::Unfreeze];
    assert_eq!(users.trail(users.oak).await, done.map(|action| (action, Outcome::Done)));
}

#[tokio::test]
async fn the_last_administrator_cannot_be_removed() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let oak = users.admin_token();
    let elm = UserId::new(1_700_000_000_000, [5; 10]);
    let demote = async |id: UserId| {
        house.call(Method::PUT, &user(id), Some(&oak), Some(&json!({"is_admin": false}))).await
    };
    assert_eq!(demote(elm).await.status, 200);
    let last = demote(users.oak).await;
    assert_eq!((last.status.as_u16(), &problem(&last, "the last")["code"]), (409, &json!("last_admin")));
    let body = json!({"password": tests::PASSWORD});
    let deleted = house.call(Method::DELETE, &user(users.oak), Some(&oak), Some(&body)).await;
    assert_eq!(
        (deleted.status.as_u16(), &problem(&deleted, "the last")["code"]),
        (409, &json!("last_admin"))
    );
    assert_eq!(house.call(Method::GET, "/api/v1/users", Some(&oak), None).await.status, 200);
}

#[tokio::test]
async fn promoting_an_account_during_its_deletion_fails() {
    let users = SampleUsers::new().await;
    let (accounts, meter) = (&users.accounts, Meter::default());
    let stored = accounts.user(&meter, users.ash).await.unwrap().unwrap();
    let record = tests::some_event(users.ash).into();
    accounts.begin_deletion(&meter, users.ash, users.ash, false, &record).await.unwrap();
    let record = tests::some_event(users.oak).into();
    let promoted = accounts.set_role(&meter, None, &stored, true, adapters::now(), &record).await;
    assert!(promoted.is_err_and(|refused| refused.is(&adapters::store::accounts::Condition::Unchanged)));
}

#[tokio::test]
async fn the_trail_is_read_by_actor_and_by_day() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let (ash, oak) = (users.token(), users.admin_token());
    for pokemon in 100..130 {
        let body = json!({"pokemon_id": pokemon});
        house.call(Method::POST, &format!("{}/favorites", user(ASH)), Some(&ash), Some(&body)).await;
    }
    let audit = async |query: &str| {
        house.call(Method::GET, &format!("/api/v1/admin/audit?{query}"), Some(&oak), None).await
    };
    let all = async |query: &str| {
        let mut events = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = audit(&format!("{query}&per_page=7{cursor}")).await.json();
            events.extend(page["events"].as_array().unwrap().clone());
            match page["pagination"]["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return events,
            }
        }
    };
    let by_actor = all(&format!("actor={ASH}")).await;
    let added: Vec<_> = by_actor.iter().filter(|event| event["action"] == "add_favorite").collect();
    assert_eq!(added.len(), 30);
    assert_eq!(
        (&added[0]["target"], &added[0]["outcome"]),
        (&json!("pokemon:129"), &json!("done")),
        "the latest first"
    );
    let today = adapters::now().to_string()[..10].to_owned();
    let by_day = all(&format!("day={today}")).await;
    let ids: Vec<_> = by_day.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, other| one > other), "from all shards in one order");
    assert!(by_actor.iter().all(|event| by_day.contains(event)));
    let text = serde_json::to_string(&by_day).unwrap();
    for personal in ["ash_ketchum", "example.com", tests::PASSWORD] {
        assert!(!text.contains(personal), "{personal}");
    }
    for bad in
        ["day=yesterday", "day=2026-13-01", "actor=ash", &format!("actor={ASH}&day={today}"), "cursor=x"]
    {
        assert_eq!(audit(bad).await.status, 422, "{bad}");
    }
    assert_eq!(audit("day=2020-01-01").await.json()["events"], json!([]));
}

#[tokio::test]
async fn the_local_command_grants_the_first_administrator() {
    let users = SampleUsers::new().await;
    let accounts = &users.accounts;
    assert!(local::admin::grant(accounts, "nobody").await.unwrap_err().to_string().contains("nobody"));
    let granted = local::admin::grant(accounts, "ASH_KETCHUM@example.com").await.unwrap();
    assert_eq!(granted, "ash_ketchum is an administrator now");
    assert_eq!(
        local::admin::grant(accounts, "ash_ketchum").await.unwrap(),
        "ash_ketchum is an administrator already"
    );
    let standing = accounts.standing(&Meter::default(), users.ash).await.unwrap().unwrap();
    assert!(standing.is_admin);
}

/// A change of a user is conditional on the caller still being an administrator.
#[tokio::test]
async fn a_former_administrator_changes_no_user() {
    let users = SampleUsers::new().await;
    let (accounts, meter, oak) = (&users.accounts, Meter::default(), users.oak);
    users.set_standing(oak, false, false).await;
    let stored = accounts.user(&meter, users.ash).await.unwrap().unwrap();
    let record = || tests::some_event(oak).into();
    let refusals = [
        accounts.set_role(&meter, Some(oak), &stored, true, adapters::now(), &record()).await.map(|_| ()),
        accounts.set_frozen(&meter, oak, users.ash, true, &record()).await,
        accounts.begin_deletion(&meter, oak, users.ash, false, &record()).await,
    ];
    for refused in refusals {
        let refused = refused.expect_err("nothing is done");
        assert!(refused.is(&adapters::store::accounts::Condition::Administrator), "{refused}");
    }
    let standing = accounts.standing(&meter, users.ash).await.unwrap().unwrap();
    assert!(!standing.is_admin && !standing.is_frozen);
    users.set_standing(oak, true, false).await;
    accounts.set_frozen(&meter, oak, users.ash, true, &record()).await.unwrap();
}

#[tokio::test]
async fn two_administrators_that_remove_each_other_at_once_leave_one() {
    for how in [Method::PUT, Method::DELETE] {
        let users = SampleUsers::new().await;
        let house = users.house().await;
        let session = FamilyId::random();
        let open = adapters::store::accounts::OpenSession {
            family: session,
            session: domain::accounts::Session::begin(adapters::now(), 0),
        };
        let record = tests::some_event(users.elm).into();
        users.accounts.begin_session(&Meter::default(), users.elm, &open, None, &record).await.unwrap();
        let body = (how == Method::PUT).then(|| json!({"is_admin": false}));
        let (oak, elm) = (users.admin_token(), users.token_of(users.elm, session));
        let (of_oak, of_elm) = (user(users.oak), user(users.elm));
        let (one, two) = tokio::join!(
            house.call(how.clone(), &of_elm, Some(&oak), body.as_ref()),
            house.call(how.clone(), &of_oak, Some(&elm), body.as_ref()),
        );
        let done = [&one, &two].iter().filter(|answer| answer.status == 200).count();
        assert_eq!(done, 1, "{how}: {} {}", one.status, two.status);
        let listed = users.accounts.users(&Meter::default(), 0, 100).await.unwrap().users;
        assert_eq!(listed.iter().filter(|stored| stored.user.is_admin).count(), 1, "{how}");
    }
}

#[tokio::test]
async fn an_event_is_never_overwritten() {
    let users = SampleUsers::new().await;
    let (accounts, meter) = (&users.accounts, Meter::default());
    let event = tests::some_event(users.ash);
    let other = domain::audit::Event { action: Action::Freeze, ..event.clone() };
    accounts.note(&meter, &event).await.unwrap();
    // A repeated request after a lost response, then a second event under the same id.
    accounts.note(&meter, &event).await.unwrap();
    accounts.note(&meter, &other).await.unwrap();
    assert!(accounts.note_by(&meter, users.ash, other).await.is_err());
    let trail = accounts.trail_of(&meter, users.ash, None, 1000).await.unwrap().events;
    let stored_events: Vec<_> = trail.iter().filter(|one| one.id == event.id).collect();
    assert_eq!(stored_events, [&event]);
}

#[tokio::test]
async fn users_are_listed_page_by_page_with_their_number() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let list = async |query: &str| {
        house.call(Method::GET, &format!("/api/v1/users{query}"), Some(&users.admin_token()), None).await
    };
    let mut names = Vec::new();
    for page in 1..=3 {
        let answer = list(&format!("?per_page=1&page={page}")).await.json();
        let pagination = &answer["pagination"];
        assert_eq!(
            (
                &pagination["page"],
                &pagination["total"],
                &pagination["pages"],
                &pagination["has_next"],
                &pagination["has_prev"]
            ),
            (&json!(page), &json!(3), &json!(3), &json!(page < 3), &json!(page > 1))
        );
        names.push(answer["users"][0]["username"].clone());
    }
    assert_eq!(names, ["ash_ketchum", "oak", "elm"], "by when they came");
    let past = list("?page=4294967295&per_page=100").await;
    assert_eq!((past.status.as_u16(), &past.json()["users"]), (200, &json!([])));
    for query in ["?page=0", "?page=x", "?per_page=101", "?page=1&page=2"] {
        assert_eq!(list(query).await.status, 422, "{query}");
    }
}
