//! Migrations of accounts beside functions that serve: those of the first release, and those of this one, over HTTP. No request fails, no
//! list misses a user, and each user is counted once, although the migration dies again and again.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use adapters::store::{Key, Meter, Tables};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::accounts::UserId;
use http::Method;
use serde_json::{Value, json};
use tests::{House, PASSWORD, SampleUsers, engine_url};
use tokio::time::{sleep, timeout};

use super::former::Former;
use crate::accounts::{LOGIN, PROFILE, REFRESH, REGISTER, post};

/// The pause of a client between its requests.
const PAUSE: Duration = Duration::from_millis(20);

/// The functions of two releases on one table.
struct Releases {
    former: Former,
    users: SampleUsers,
    house: House,
    /// The number of the next user.
    next: AtomicU32,
    /// Users whom the former release has just registered.
    fresh: Mutex<Vec<UserId>>,
    requests: AtomicU32,
    /// The number of runs of the migration that were killed.
    kills: AtomicU32,
}

/// The releases that serve in a phase.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Serving {
    Former,
    Both,
    New,
}

impl Releases {
    /// A table with `count` users of the first release, and three of this one.
    async fn new(count: u32) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let tables = Tables::beside(format!("former-{}-{number}-catalog", std::process::id()));
        let former = Former::create(&engine_url(), &tables.app).await;
        for nth in 0..count {
            former.register(id(nth), &format!("former_{nth}")).await;
        }
        let users = SampleUsers::among(&engine_url(), tables).await;
        let house = users.house().await;
        Self {
            former,
            users,
            house,
            next: AtomicU32::new(count),
            fresh: Mutex::default(),
            requests: AtomicU32::new(0),
            kills: AtomicU32::new(0),
        }
    }

    /// Brings the accounts to `version`, killed after every few milliseconds, at random points.
    async fn bring(&self, version: u32) {
        let (accounts, meter) = (&self.users.accounts, Meter::default());
        for attempt in 1_u64.. {
            // Each attempt may be a little longer than the one before: a step must end at some time.
            let patience = Duration::from_millis(fastrand::u64(1..=5 + attempt));
            let end = Instant::now() + Duration::from_secs(60);
            match timeout(patience, accounts.bring(&meter, version, end)).await {
                Ok(brought) if brought.as_ref().is_ok_and(|brought| brought.is_done) => return,
                Err(_) => drop(self.kills.fetch_add(1, Ordering::SeqCst)),
                // A killed transaction may still hold its items.
                Ok(_) => {}
            }
        }
    }

    /// Brings the accounts to `version` while `serving` serves requests. No list may miss a user that existed before.
    async fn phase(&self, serving: Serving, version: u32) {
        // Only users of this phase may be deleted.
        self.fresh.lock().expect("the list").clear();
        let before = if serving == Serving::New { self.listed().await } else { self.former.users().await };
        let is_over = AtomicBool::new(false);
        let migration = async {
            self.bring(version).await;
            // Requests go on for a moment.
            sleep(Duration::from_millis(200)).await;
            is_over.store(true, Ordering::SeqCst);
        };
        let former = async {
            while serving != Serving::New && !is_over.load(Ordering::SeqCst) {
                let nth = self.next.fetch_add(1, Ordering::SeqCst);
                self.former.register(id(nth), &format!("former_{nth}")).await;
                self.fresh.lock().expect("the list").push(id(nth));
                let users = self.former.users().await;
                assert!(users.is_superset(&before), "to {version}: the former list misses a user");
                self.requests.fetch_add(2, Ordering::SeqCst);
                sleep(PAUSE).await;
            }
        };
        let new = async {
            while serving != Serving::Former && !is_over.load(Ordering::SeqCst) {
                let nth = self.next.fetch_add(1, Ordering::SeqCst);
                self.use_an_account(&format!("new_{nth}"), nth.is_multiple_of(3)).await;
                let fresh = self.fresh.lock().expect("the list").pop();
                if let Some(user) = fresh.filter(|_| serving != Serving::Former) {
                    self.change_the_account_of(user, nth.is_multiple_of(2)).await;
                }
                if serving == Serving::New {
                    let users = self.listed().await;
                    assert!(users.is_superset(&before), "to {version}: the list misses a user");
                }
                self.requests.fetch_add(4, Ordering::SeqCst);
                sleep(PAUSE).await;
            }
        };
        tokio::join!(migration, former, new);
    }

    /// Registers a user, changes the profile, signs in, and deletes the account if `leaves`.
    async fn use_an_account(&self, name: &str, leaves: bool) {
        let account = json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
        let registered = post(&self.house, REGISTER, &account).await;
        assert_eq!(registered.status, 201, "{registered:?}");
        let token = registered.json()["access_token"].as_str().expect("a token").to_owned();
        let call = async |method, body: &Value| {
            let answer = self.house.call(method, PROFILE, Some(&token), Some(body)).await;
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
        };
        call(Method::PUT, &json!({"username": format!("{name}_again")})).await;
        let login =
            post(&self.house, LOGIN, &json!({"username": format!("{name}_again"), "password": PASSWORD}))
                .await;
        assert_eq!(login.status, 200, "{login:?}");
        if leaves {
            call(Method::DELETE, &json!({"password": PASSWORD})).await;
        }
    }

    /// Changes a user of the former release as an administrator does, and deletes the account if `leaves`.
    async fn change_the_account_of(&self, user: UserId, leaves: bool) {
        let (path, token) = (format!("/api/v1/users/{user}"), self.users.admin_token());
        for is_admin in [true, false] {
            let role = json!({"is_admin": is_admin});
            let answer = self.house.call(Method::PUT, &path, Some(&token), Some(&role)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        if leaves {
            let answer = self.house.call(Method::DELETE, &path, Some(&token), None).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }

    /// The users that an administrator's list shows.
    async fn listed(&self) -> BTreeSet<UserId> {
        let (mut users, mut query) = (BTreeSet::new(), "per_page=100".to_owned());
        loop {
            let path = format!("/api/v1/users?{query}");
            let answer = self.house.call(Method::GET, &path, Some(&self.users.admin_token()), None).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let page = answer.json();
            let ids = page["users"].as_array().expect("users").iter().map(|user| user["id"].as_str());
            users.extend(ids.map(|id| id.expect("a text").parse::<UserId>().expect("an id")));
            match page["pagination"]["next"].as_str() {
                Some(next) => query = format!("per_page=100&cursor={next}"),
                None => return users,
            }
        }
    }

    /// Asserts that both lists contain the same users if both are complete, and that the number is right.
    async fn assert_equal(&self) {
        let (former, listed) = (self.former.users().await, self.listed().await);
        assert_eq!(former, listed);
        let count = self.users.accounts.user_count(&Meter::default()).await.expect("a number");
        assert_eq!(count as usize, listed.len());
    }
}

/// The id of the user number `nth` of the first release.
fn id(nth: u32) -> UserId {
    UserId::new(1_600_000_000_000 + u64::from(nth), [9, 9, 9, 9, 9, 9, 9, 9, 9, nth as u8])
}

#[tokio::test]
async fn two_releases_serve_while_accounts_are_migrated_and_brought_back() {
    let releases = Releases::new(100).await;
    // The tables were opened by this release, which brings them to its latest version: back to the first release.
    releases.bring(1).await;
    for round in 1..=2 {
        // Expand, while only the first release serves.
        releases.phase(Serving::Former, 2).await;
        releases.bring(2).await;
        releases.assert_equal().await;
        // The new release is deployed beside it. Both write their own shape; a pass brings the users of each to both.
        releases.phase(Serving::Both, 2).await;
        releases.bring(2).await;
        releases.assert_equal().await;
        // Contract, while only the new release serves, and back.
        releases.phase(Serving::New, 3).await;
        assert!(releases.former.users().await.is_empty(), "round {round}");
        releases.phase(Serving::New, 2).await;
        releases.bring(2).await;
        releases.assert_equal().await;
        // Back to the first release.
        releases.phase(Serving::Former, 1).await;
        assert_eq!(releases.users.accounts.user_count(&Meter::default()).await.expect("a number"), 0);
    }
    let requests = releases.requests.load(Ordering::SeqCst);
    let kills = releases.kills.load(Ordering::SeqCst);
    println!("{requests} requests, {} users, {kills} kills", releases.former.users().await.len());
    assert!(requests > 100 && kills > 20, "{requests} requests, {kills} kills");
}

#[tokio::test]
async fn users_of_the_first_release_are_listed_and_counted_once() {
    let releases = Releases::new(40).await;
    for _ in 0..2 {
        let page = releases.users.accounts.users(&Meter::default(), 0, 100).await.expect("users");
        assert_eq!((page.users.len(), page.total), (43, 43));
        assert!((0..40).all(|nth| page.users.iter().any(|listed| listed.user.id == id(nth))));
        // The next start finds nothing to do.
        local::tables::create_accounts(&adapters::aws::at(&engine_url()), &releases.users.tables)
            .await
            .expect("the tables are there");
    }
}

/// A write changes only the attributes that this release knows: those that a later one has added stay.
#[tokio::test]
async fn attributes_of_a_later_release_survive_every_write() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let pk = format!("USER#{}", users.ash);
    let (app, ephemeral) = (&users.tables.app, &users.tables.ephemeral);
    let session = format!("SESSION#{}", users.session);
    let items = [
        (app, "PROFILE"),
        (app, "STATUS"),
        (app, "PASSWORD"),
        (app, "FAVORITE#00025"),
        (ephemeral, session.as_str()),
    ];
    for (table, sk) in items {
        let key = Key { pk: pk.clone(), sk: sk.to_owned() };
        users.rewrite(table, &key, &[("later", AttributeValue::S("kept".to_owned()))]).await;
    }
    let (ash, oak, user) = (users.token(), users.admin_token(), format!("/api/v1/users/{}", users.ash));
    let put = async |path: &str, token: &str, body: Value| {
        let answer = house.call(Method::PUT, path, Some(token), Some(&body)).await;
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
    };
    let new = "cerulean city, route 24";
    put(PROFILE, &ash, json!({"username": "red"})).await;
    put(PROFILE, &ash, json!({"password": new, "current_password": PASSWORD})).await;
    put(&user, &oak, json!({"is_admin": true})).await;
    put(&user, &oak, json!({"is_admin": false})).await;
    put(&user, &oak, json!({"is_frozen": true})).await;
    put(&user, &oak, json!({"is_frozen": false})).await;
    users.weaken_hash(new).await;
    assert_eq!(post(&house, LOGIN, &json!({"username": "red", "password": new})).await.status, 200);
    let refresh = json!({"refresh_token": users.refresh_token()});
    let refreshed = post(&house, REFRESH, &refresh).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    for (table, sk) in items {
        let key = Key { pk: pk.clone(), sk: sk.to_owned() };
        let stored = users.stored(table, &key).await;
        assert_eq!(stored.get("later"), Some(&AttributeValue::S("kept".to_owned())), "{sk}: {stored:?}");
    }
}
