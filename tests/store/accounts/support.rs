//! Separate tables for each test, users in them, and the records of changes.

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
};

use adapters::{
    aws, milliseconds, now,
    store::{
        ChangeRecord, Key, Meter, Receipt, StoreError, Tables,
        accounts::{
            AccountStore, Bucket, Condition, Login, NewAccount, OpenSession, ProfileChange, ProfileRecord,
            Refused, StoredUser,
        },
    },
    tokens::{FamilyId, unguessable},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Timestamp,
    accounts::{Email, Session, Standing, User, UserId, Username},
    audit::{Action, Event, EventId, Outcome},
};
use futures_util::future::join_all;
use tests::{Faults, Tap, engine_url, make_accounts};

use crate::sync::switch::{Blow, Switch};

/// The hash of every user's first password. The store does not read it.
pub const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$first";
pub const DAY: i64 = 24 * 3600;
/// A bucket of three tokens, each of which takes ten seconds to come back.
pub const BUCKET: Bucket = Bucket { name: "test", capacity: 3, refill: 30_000 };

pub type Item = HashMap<String, AttributeValue>;

/// An account store on tables of its own.
pub struct Fixture {
    pub store: AccountStore,
    pub tables: Tables,
    pub meter: Meter,
}

impl Fixture {
    pub async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let tables = Tables::beside(format!("accounts-{}-{number}", std::process::id()));
        let store = make_accounts(&engine_url(), &tables).await;
        Self { store, tables, meter: Meter::default() }
    }

    /// The same tables, accessed through a tap.
    pub async fn tapped(&self) -> (AccountStore, Tap) {
        let tap = Tap::on(&engine_url()).await;
        (AccountStore::new(aws::at(&tap.url), self.tables.clone()), tap)
    }

    /// The same tables, in which transactions that share an item cancel each other.
    pub async fn conflicting(&self) -> (AccountStore, Faults) {
        let faults = Faults::conflicting(&engine_url()).await;
        (AccountStore::new(aws::at(&faults.url), self.tables.clone()), faults)
    }

    /// Registers a user; the address has the same name.
    pub async fn user(&self, name: &str) -> StoredUser {
        let user = user(name);
        register(&self.store, &user).await.expect("a registration");
        self.stored(user.id).await
    }

    /// Registers an administrator.
    pub async fn admin(&self, name: &str) -> StoredUser {
        let before = self.user(name).await;
        let record = record(before.user.id, Action::ChangeRole);
        let granted = self.store.set_role(&self.meter, None, &before, true, now(), &record).await;
        granted.expect("a role")
    }

    /// Freezes an account.
    pub async fn freeze(&self, id: UserId) {
        self.put_status(id, AttributeValue::Bool(true)).await;
    }

    async fn put_status(&self, id: UserId, is_frozen: AttributeValue) {
        let no = AttributeValue::Bool(false);
        let epoch = AttributeValue::N("0".to_owned());
        let values = [("is_admin", no), ("is_frozen", is_frozen), ("epoch", epoch)];
        self.put(&self.tables.app, &format!("USER#{id}"), "STATUS", &values).await;
    }

    pub async fn stored(&self, id: UserId) -> StoredUser {
        self.store.user(&self.meter, id).await.expect("a read").expect("a user")
    }

    pub async fn standing(&self, id: UserId) -> Standing {
        self.store.standing(&self.meter, id).await.expect("a read").expect("a status")
    }

    /// The id of the account that signs in as `login`.
    pub async fn owner_of(&self, login: &str) -> Option<UserId> {
        let found = self.store.credentials(&self.meter, &Login::of(login)).await.expect("a read");
        found.map(|found| found.user.user.id)
    }

    pub async fn favorites(&self, id: UserId) -> Vec<u32> {
        let stored = self.store.favorites(&self.meter, id).await.expect("a read");
        stored.into_iter().map(|favorite| favorite.pokemon).collect()
    }

    pub async fn count(&self) -> u32 {
        self.store.user_count(&self.meter).await.expect("a read")
    }

    /// The targets of the events of `actor` with this action, the oldest first.
    pub async fn targets(&self, actor: UserId, action: Action) -> Vec<String> {
        let events = self.events(actor).await.into_iter().filter(|event| event.action == action);
        events.map(|event| event.target.unwrap_or_default()).collect()
    }

    /// The events of `actor`, the oldest first.
    pub async fn events(&self, actor: UserId) -> Vec<Event> {
        let trail = self.store.trail_of(&self.meter, actor, None, 1000).await.expect("a trail");
        trail.events.into_iter().rev().collect()
    }

    /// Stores an item unchanged.
    pub async fn put(&self, table: &str, pk: &str, sk: &str, attributes: &[(&str, AttributeValue)]) {
        let client = aws::at(&engine_url());
        let mut put = client.put_item().table_name(table);
        put = put.item("pk", AttributeValue::S(pk.to_owned())).item("sk", AttributeValue::S(sk.to_owned()));
        for (name, value) in attributes {
            put = put.item(*name, value.clone());
        }
        put.send().await.expect("the item is put");
    }

    /// Every item of the tables that hold personal data, as text.
    pub async fn everything(&self) -> String {
        let client = aws::at(&engine_url());
        let mut text = String::new();
        for table in [&self.tables.app, &self.tables.ephemeral] {
            let mut items = client.scan().table_name(table).into_paginator().items().send();
            while let Some(item) = items.next().await {
                text.push_str(&format!("{:?}\n", item.expect("an item")));
            }
        }
        text
    }

    /// Every item of the table of accounts, by its keys.
    pub async fn items(&self) -> BTreeMap<String, Item> {
        let (client, mut items, mut from) = (aws::at(&engine_url()), BTreeMap::new(), None);
        loop {
            let scan = client.scan().table_name(&self.tables.app).consistent_read(true);
            let page = scan.set_exclusive_start_key(from).send().await.expect("items");
            for item in page.items.unwrap_or_default() {
                let part = |name: &str| item[name].as_s().expect("a text").clone();
                items.insert(format!("{} {}", part("pk"), part("sk")), item);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return items;
            }
        }
    }

    /// Makes the items of the table of accounts equal to `wanted`.
    pub async fn replace_items(&self, wanted: &BTreeMap<String, Item>) {
        let client = aws::at(&engine_url());
        for (key, item) in self.items().await {
            if wanted.get(&key) != Some(&item) {
                let delete = client.delete_item().table_name(&self.tables.app);
                let delete = delete.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
                delete.send().await.expect("deleted");
            }
        }
        for item in wanted.values() {
            let put = client.put_item().table_name(&self.tables.app).set_item(Some(item.clone()));
            put.send().await.expect("put");
        }
    }

    /// A store of the same tables behind a switch.
    pub async fn switched(&self, blow: Blow, number: usize) -> (AccountStore, Switch) {
        let switch = Switch::at(&engine_url(), blow, move |call, _| call == number).await;
        (AccountStore::new(aws::at(&switch.url), self.tables.clone()), switch)
    }

    /// Whether an item exists under `key`.
    pub async fn exists(&self, table: &str, key: &Key) -> bool {
        let client = aws::at(&engine_url());
        let get = client.get_item().table_name(table).consistent_read(true);
        let get = get.key("pk", AttributeValue::S(key.pk.clone()));
        let found = get.key("sk", AttributeValue::S(key.sk.clone())).send().await.expect("a read");
        found.item.is_some()
    }
}

/// A user that is not stored yet.
pub fn user(name: &str) -> User {
    User {
        id: UserId::new(milliseconds(), unguessable()),
        username: Username::parse(name).expect("a user name"),
        email: Email::parse(&format!("{name}@example.com")).expect("an address"),
        is_admin: false,
        created_at: now(),
        updated_at: now(),
    }
}

pub async fn register(store: &AccountStore, user: &User) -> Result<(), Refused> {
    let session = Session::begin(now(), 0);
    let new = NewAccount { user, hash: HASH, family: FamilyId::random(), session: &session };
    store.register(&Meter::default(), &new, &record(user.id, Action::Register)).await
}

/// The record of a change by `actor`, made now.
pub fn record(actor: UserId, action: Action) -> ChangeRecord {
    event(actor, action, None).into()
}

/// The record of a change by `actor`, made at `at`.
pub fn record_at(actor: UserId, action: Action, at: Timestamp) -> ChangeRecord {
    Event { at, ..event(actor, action, None) }.into()
}

/// The record of a change of `pokemon`.
pub fn record_of(actor: UserId, action: Action, pokemon: &[u32]) -> ChangeRecord {
    let ids: Vec<_> = pokemon.iter().map(u32::to_string).collect();
    event(actor, action, Some(ids.join(","))).into()
}

pub fn event(actor: UserId, action: Action, target: Option<String>) -> Event {
    Event {
        id: EventId::new(milliseconds(), unguessable()),
        at: now(),
        actor: Some(actor),
        action,
        target,
        outcome: Outcome::Done,
        request_id: "test".to_owned(),
    }
}

/// A record with the receipt of the idempotency key `key`.
pub fn with_receipt(record: ChangeRecord, key: &str) -> ChangeRecord {
    let expires_at = record.event.at.plus(Receipt::KEPT);
    let receipt = Receipt {
        key: key.to_owned(),
        fingerprint: "content".to_owned(),
        status: 201,
        body: Some("{\"done\":true}".to_owned()),
        expires_at,
    };
    ChangeRecord { receipt: Some(receipt), ..record }
}

/// A change of the user name, made at `at`.
pub async fn rename_at(
    store: &AccountStore,
    before: &StoredUser,
    name: &str,
    at: Timestamp,
) -> Result<StoredUser, Refused> {
    let username = Some(Username::parse(name).expect("a user name"));
    let change = ProfileChange { username, ..ProfileChange::default() };
    change_at(store, before, &change, at).await
}

/// A change of the user name, made now.
pub async fn rename(store: &AccountStore, before: &StoredUser, name: &str) -> Result<StoredUser, Refused> {
    rename_at(store, before, name, now()).await
}

/// A change of the profile with one event.
pub async fn change_at(
    store: &AccountStore,
    before: &StoredUser,
    change: &ProfileChange,
    at: Timestamp,
) -> Result<StoredUser, Refused> {
    let after = before.changed(change, at);
    let record = record_at(before.user.id, Action::UpdateProfile, at);
    let record = ProfileRecord { record: &record, more: &[] };
    store.change_profile(&Meter::default(), (before, &after), change, &record).await?;
    Ok(after)
}

/// Begins a session of `user`.
pub async fn begin_session(store: &AccountStore, user: UserId) -> Result<OpenSession, Refused> {
    let open = OpenSession { family: FamilyId::random(), session: Session::begin(now(), 0) };
    store.begin_session(&Meter::default(), user, &open, None, &record(user, Action::Login)).await?;
    Ok(open)
}

/// Runs `times` futures at once.
pub async fn at_once<F: Future<Output: Send + 'static> + Send + 'static>(
    times: usize,
    run: impl Fn(usize) -> F,
) -> Vec<F::Output> {
    let tasks = join_all((0..times).map(|nth| tokio::spawn(run(nth)))).await;
    tasks.into_iter().map(|done| done.expect("it does not panic")).collect()
}

/// Checks that exactly one of `results` succeeded and each other one was refused because of `condition`, or was rejected as busy.
pub fn assert_one<T: std::fmt::Debug>(results: &[Result<T, Refused>], condition: Condition) {
    assert_one_by(results, |refused| refused.is(&condition));
}

/// Checks that exactly one of `results` succeeded and each other one was refused as expected, or was rejected as busy.
pub fn assert_one_by<T: std::fmt::Debug>(
    results: &[Result<T, Refused>],
    is_expected: impl Fn(&Refused) -> bool,
) {
    let done = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(done, 1, "{results:?}");
    for refused in results.iter().filter_map(|result| result.as_ref().err()) {
        let is_busy = matches!(refused, Refused::Store(StoreError::Busy { .. }));
        assert!(is_busy || is_expected(refused), "{refused:?}");
    }
}

/// Checks that a change was refused because of `condition`.
pub fn assert_refused<T: std::fmt::Debug>(result: Result<T, Refused>, condition: Condition) {
    match result {
        Err(refused) if refused.is(&condition) => {}
        other => panic!("not refused because of {condition:?}: {other:?}"),
    }
}

/// Checks that a change was refused because its idempotency key is in use.
pub fn assert_repeated<T: std::fmt::Debug>(result: Result<T, Refused>) {
    assert!(matches!(result, Err(Refused::Repeated)), "not repeated: {result:?}");
}
