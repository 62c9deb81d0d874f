//! The list of users: its order, its pages, and the number of users.

use std::collections::BTreeSet;

use adapters::{
    aws,
    store::{Meter, accounts::AccountStore},
    tokens::FamilyId,
};
use api::jobs::deletions::finish_deletions;
use domain::accounts::UserId;
use futures_util::{FutureExt as _, future::join_all};
use http::Method;
use serde_json::{Value, json};
use tests::{Faults, House, SampleUsers, Tap, some_event};

use crate::accounts::at_once;

/// A user id made of the time of registration and one of the 16 shards.
fn id(nth: u64, shard: u8) -> UserId {
    UserId::new(1_700_000_000_000 + nth, [9, 9, 9, 9, 9, 9, 9, 9, 9, shard])
}

/// Adds `count` users and returns the ids of all users in the order of registration.
async fn crowd(users: &SampleUsers, count: u64) -> Vec<String> {
    for nth in 0..count {
        // Neighbours in the list are in different shards, and some shards stay empty.
        let shard = (nth * 7 % 11) as u8;
        users.add_user(id(nth, shard), &format!("trainer_{nth}"), FamilyId::random()).await;
    }
    let mut ids: BTreeSet<_> = (0..count).map(|nth| id(nth, (nth * 7 % 11) as u8)).collect();
    ids.extend([users.ash, users.oak, users.elm]);
    ids.iter().map(ToString::to_string).collect()
}

async fn page(house: &House, users: &SampleUsers, query: &str) -> Value {
    let path = format!("/api/v1/users?{query}");
    let answer = house.call(Method::GET, &path, Some(&users.admin_token()), None).await;
    assert_eq!(answer.status, 200, "{query}: {}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

fn ids(page: &Value) -> Vec<String> {
    let listed = page["users"].as_array().expect("users");
    listed.iter().map(|user| user["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn pages_and_cursors_list_all_users_in_the_order_of_registration() {
    let users = SampleUsers::new().await;
    let expected = crowd(&users, 60).await;
    let house = users.house().await;
    let mut by_page = Vec::new();
    for number in 1..=9 {
        let page = page(&house, &users, &format!("per_page=7&page={number}")).await;
        let pagination = &page["pagination"];
        assert_eq!((&pagination["total"], &pagination["pages"]), (&json!(63), &json!(9)));
        assert_eq!((&pagination["page"], &pagination["has_next"]), (&json!(number), &json!(number < 9)));
        by_page.extend(ids(&page));
    }
    assert_eq!(by_page, expected);
    let mut by_cursor = Vec::new();
    let mut query = "per_page=7".to_owned();
    for number in 1..=9 {
        let page = page(&house, &users, &query).await;
        by_cursor.extend(ids(&page));
        let pagination = &page["pagination"];
        assert_eq!((&pagination["total"], &pagination["has_next"]), (&json!(63), &json!(number < 9)));
        assert_eq!(
            (pagination.get("page").is_some(), &pagination["has_prev"]),
            (number == 1, &json!(number > 1))
        );
        match pagination["next"].as_str() {
            Some(next) => query = format!("per_page=7&cursor={next}"),
            None => assert_eq!(number, 9),
        }
    }
    assert_eq!(by_cursor, expected);
    let all = page(&house, &users, "per_page=100").await;
    assert_eq!((ids(&all), &all["pagination"]["next"]), (expected, &Value::Null));
}

#[tokio::test]
async fn a_cursor_survives_its_user_and_skips_no_other() {
    let users = SampleUsers::new().await;
    let mut expected = crowd(&users, 20).await;
    let house = users.house().await;
    let first = page(&house, &users, "per_page=8").await;
    let next = first["pagination"]["next"].as_str().expect("more").to_owned();
    delete(&users.accounts, next.parse().expect("an id")).await;
    users.add_user(id(30, 15), "latecomer", FamilyId::random()).await;
    let rest = page(&house, &users, &format!("per_page=100&cursor={next}")).await;
    expected.push(id(30, 15).to_string());
    assert_eq!(ids(&first), expected[..8]);
    assert_eq!(ids(&rest), expected[8..]);
    assert_eq!(rest["pagination"]["total"], 23);
}

#[tokio::test]
async fn an_invalid_cursor_or_page_is_422_naming_the_field() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let cursor = users.oak;
    for (query, field) in
        [("cursor=x", "cursor"), (&format!("page=2&cursor={cursor}"), "page"), ("page=0", "page")]
    {
        let path = format!("/api/v1/users?{query}");
        let answer = house.call(Method::GET, &path, Some(&users.admin_token()), None).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["errors"][0]["field"]),
            (422, &json!(field)),
            "{query}"
        );
    }
}

/// The cost does not depend on how many users precede or follow the page.
#[tokio::test]
async fn a_page_by_cursor_reads_only_its_shards() {
    let users = SampleUsers::new().await;
    let all = crowd(&users, 120).await;
    let tap = Tap::on(&users.url).await;
    let accounts = AccountStore::new(aws::at(&tap.url), users.tables.clone());
    let found =
        accounts.users_after(&Meter::default(), all[90].parse().expect("an id"), 5).await.expect("users");
    assert_eq!(found.users.len(), 5);
    let calls = tap.take();
    // The counters and the shards.
    assert!(calls.len() <= 1 + 2 * 16, "{}", calls.len());
    assert!(calls.iter().all(|call| call.operation == "Query"));
    let read: i64 = calls.iter().filter_map(|call| call.body["Limit"].as_i64()).sum();
    assert!(read <= 2 * 16 * 6, "{read} users may be read for five");
    accounts.users(&Meter::default(), 1_000_000, 5).await.expect("an empty page");
    assert_eq!(tap.take().len(), 1, "past the end, the counters tell");
}

async fn delete(accounts: &AccountStore, user: UserId) {
    let meter = Meter::default();
    let record = || some_event(user).into();
    // Another request may have begun the deletion.
    let _ = accounts.begin_deletion(&meter, user, user, false, &record()).await;
    let _ = accounts.finish_deletion(&meter, user, record).await;
}

#[tokio::test]
async fn concurrent_registrations_and_deletions_are_counted_once() {
    let users = SampleUsers::new().await;
    let faults = Faults::conflicting(&users.url).await;
    let accounts = AccountStore::new(aws::at(&faults.url), users.tables.clone());
    crowd(&users, 10).await;
    // Each of 20 users is registered twice at once, and one of the two requests is refused; each of 10 is deleted
    // three times at once.
    at_once(70, |nth| {
        let accounts = accounts.clone();
        async move {
            if nth < 40 {
                let nth = nth as u64 / 2;
                let name = format!("newcomer_{nth}");
                let id = id(100 + nth, nth as u8);
                tests::register(&accounts, id, &name, FamilyId::random()).await.is_ok()
            } else {
                let nth = (nth as u64 - 40) / 3;
                delete(&accounts, id(nth, (nth * 7 % 11) as u8)).await;
                false
            }
        }
        .boxed()
    })
    .await;
    assert!(faults.conflicts() > 0, "no two transactions met");
    // The job completes deletions that were interrupted.
    finish_deletions(&users.accounts, None, &Meter::default()).await.expect("an end");
    assert_counted(&users.accounts).await;
}

/// Asserts that the counter equals the length of the list.
async fn assert_counted(accounts: &AccountStore) {
    let page = accounts.users(&Meter::default(), 0, 1000).await.expect("users");
    assert_eq!(page.users.len(), page.total as usize);
}

#[tokio::test]
async fn an_account_that_is_being_deleted_counts_until_its_last_step() {
    let users = SampleUsers::new().await;
    let (accounts, meter, ash) = (&users.accounts, Meter::default(), users.ash);
    accounts.begin_deletion(&meter, ash, ash, false, &some_event(ash).into()).await.expect("a beginning");
    assert_eq!(accounts.user_count(&meter).await.expect("a number"), 3);
    let ends = join_all((0..3).map(|_| finish_deletions(accounts, None, &meter))).await;
    assert!(ends.iter().any(Result::is_ok), "{ends:?}");
    finish_deletions(accounts, None, &meter).await.expect("an end");
    assert_eq!(accounts.user_count(&meter).await.expect("a number"), 2);
    assert_counted(accounts).await;
}
