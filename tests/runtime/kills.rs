//! Real functions, killed (SIGKILL) at any call to the engine in the middle of a change: a repeated request makes the change once, and
//! the audit trail records exactly the changes that were made.

use std::sync::{Arc, Mutex};

use adapters::{
    aws,
    store::{CatalogStore, Key, Meter, accounts::SERVED},
    tokens::FamilyId,
};
use api::jobs::{MIGRATION, deletions::finish_deletions};
use domain::{Timestamp, accounts::UserId, audit::Action};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tests::{PASSWORD, SampleUsers, sample_event, some_event};

use super::{
    emulated::{Function, emulator},
    serving, url_of,
};
use crate::{
    sync::switch::{Blow, Switch},
    workshop::{Home, Workshop},
};

/// Starts the function `name` with the address of the engine.
async fn function(name: &str, users: &SampleUsers, engine: &str, keys: &NamedTempFile) -> Function {
    let mut variables = serving(&users.tables, engine);
    variables.retain(|(name, _)| *name != "ENVIRONMENT");
    variables.push(("SIGNING_KEYS", format!("file:{}", keys.path().display())));
    variables.push(("RATE_LIMITS", "off".to_owned()));
    if let Some(writer) = &users.sync_function {
        variables.push(("SYNC_FUNCTION", writer.name.clone()));
        variables.push(("AWS_ENDPOINT_URL_LAMBDA", url_of(writer)));
    }
    Function::start(name, &variables).await.expect("the emulator is there")
}

/// The version of accounts that functions store.
const LATEST: u32 = *SERVED.end();

/// A file with the keys that sign tokens.
fn signing_keys() -> NamedTempFile {
    let keys = NamedTempFile::new().expect("a file");
    std::fs::write(keys.path(), tests::ring().to_json().expect("JSON")).expect("the keys are written");
    keys
}

/// A change, and the conditions that must hold once it was requested again.
struct Change {
    function: &'static str,
    body: Value,
    /// Bulk changes and deletions work on many favorites.
    favorites: u32,
}

/// The positions of the kills within the changes.
#[derive(Debug, Default)]
struct Histogram {
    before_the_first_write: usize,
    between: usize,
    after_the_last: usize,
}

async fn users(change: &Change) -> Home {
    if change.function == "hide-pokemon" {
        return Home::Own(Workshop::open().await);
    }
    let users = SampleUsers::new().await;
    if change.favorites > 0 {
        let record = |_: &[u32]| some_event(users.ash).into();
        let ids = (1..=change.favorites).collect();
        users.accounts.add_favorites(&Meter::default(), users.ash, &ids, record).await.expect("favorites");
    }
    Home::Shared(users)
}

/// Kills `change` at each of its calls, before and after the engine has executed the call.
async fn kill_at_each_call(change: &Change, keys: &NamedTempFile, histogram: &mut Histogram) {
    let mut number = 1;
    loop {
        let mut ended = 0;
        for blow in [Blow::Before, Blow::After] {
            let users = users(change).await;
            let mut event = users.fill(&sample_event(change.function));
            if change.body != Value::Null {
                event["body"] = change.body.to_string().into();
            }
            event["headers"]["idempotency-key"] = "one-and-the-same".into();
            let seen: Arc<Mutex<Vec<bool>>> = Arc::default();
            let log = Arc::clone(&seen);
            let switch = Switch::at(&users.url, blow, move |call, what| {
                log.lock().expect("the log").push(what.operation == "TransactWriteItems");
                call == number
            })
            .await;
            let killed = function(change.function, &users, &switch.url, keys).await;
            let answered = tokio::select! {
                answer = killed.invoke(&event) => Some(answer),
                () = switch.struck() => None,
            };
            // SIGKILL, to the function and the emulator that has started it.
            drop(killed);
            if let Some(answer) = answered {
                assert_eq!(answer["statusCode"].as_u64().map(|status| status / 100), Some(2), "{answer}");
                ended += 1;
                continue;
            }
            let writes = seen.lock().expect("the log").clone();
            let at_a_write = writes[number - 1];
            let done = writes[..number - 1].iter().filter(|write| **write).count()
                + usize::from(at_a_write && blow == Blow::After);
            let again = function(change.function, &users, &users.url, keys).await;
            let answer = again.invoke(&event).await;
            drop(again);
            let is_last = done >= steps(change);
            match done {
                0 => histogram.before_the_first_write += 1,
                _ if is_last => histogram.after_the_last += 1,
                _ => histogram.between += 1,
            }
            let what = format!("{} killed {blow:?} call {number}: {answer}", change.function);
            assert_legal(change, &users, &what).await;
        }
        if ended == 2 {
            return;
        }
        number += 1;
    }
}

/// The number of transactions in the change.
fn steps(change: &Change) -> usize {
    match change.function {
        // The idempotency key comes first.
        "add-favorites" => 1 + change.body["pokemon_ids"].as_array().map_or(0, Vec::len).div_ceil(45),
        // The first step, the favorites with the sessions, the last step.
        "delete-profile" => 2 + (change.favorites as usize + 2).div_ceil(45),
        _ => 1,
    }
}

async fn assert_legal(change: &Change, users: &SampleUsers, what: &str) {
    let (accounts, meter) = (&users.accounts, Meter::default());
    let events = async |actor, action| {
        let trail = accounts.trail_of(&Meter::default(), actor, None, 1000).await.expect("a trail").events;
        trail
            .into_iter()
            .filter(|event| event.action == action && event.request_id != "prepared")
            .collect::<Vec<_>>()
    };
    let page = accounts.users(&meter, 0, 100).await.expect("users");
    assert_eq!(page.users.len(), page.total as usize, "{what}");
    match change.function {
        "register-user" => {
            let login = adapters::store::accounts::Login::of("misty");
            let misty = accounts.credentials(&meter, &login).await.expect("a login").expect(what);
            assert_eq!(events(misty.user.user.id, Action::Register).await.len(), 1, "{what}");
        }
        "update-profile" => {
            let stored = accounts.user(&meter, users.ash).await.expect("a user").expect(what);
            assert_eq!(stored.user.username.as_str(), "red", "{what}");
            let changes = events(users.ash, Action::UpdateProfile).await.len() as u64;
            assert_eq!(changes, stored.version - 1, "{what}");
        }
        "add-favorites" => {
            let stored = accounts.favorites(&meter, users.ash).await.expect("favorites");
            let recorded = events(users.ash, Action::AddFavorite).await;
            let targets =
                recorded.iter().map(|event| event.target.as_deref().expect(what).split(',').count());
            // Pikachu already was a favorite.
            assert_eq!((stored.len(), targets.sum::<usize>()), (676, 675), "{what}");
        }
        "delete-profile" => {
            finish_deletions(accounts, None, &meter).await.expect("an end");
            assert_eq!(accounts.user_count(&meter).await.expect("a number"), 2, "{what}");
            assert_eq!(accounts.user(&meter, users.ash).await.expect("no error"), None, "{what}");
            assert_eq!(accounts.standing(&meter, users.ash).await.expect("no error"), None, "{what}");
            assert_eq!(accounts.favorites(&meter, users.ash).await.expect("no error"), [], "{what}");
            assert_eq!(accounts.sessions(&meter, users.ash).await.expect("no error"), [], "{what}");
            let now = adapters::now();
            let mut deleted = 0;
            for day in [now.unix() - 86_400, now.unix()] {
                let day = Timestamp::from_unix(day).to_string()[..10].to_owned();
                let trail = accounts.trail_on(&meter, &day, None, 1000).await.expect("a trail").events;
                deleted += trail.iter().filter(|event| event.action == Action::DeleteAccount).count();
            }
            assert_eq!(deleted, steps(change), "{what}");
        }
        "hide-pokemon" => {
            let stored = accounts.override_of(&meter, 1).await.expect("no error");
            assert!(stored.is_hidden, "{what}");
            assert_eq!(events(users.oak, Action::HidePokemon).await.len(), 1, "{what}");
            let store = CatalogStore::new(aws::at(&users.url), &users.tables);
            assert_eq!(store.latest(&meter, &Key::pokemon(1)).await.expect("no error"), None, "{what}");
        }
        other => panic!("{other}"),
    }
}

/// The function that migrates accounts, killed at each of its calls: the next event continues, and each user is listed and counted once.
#[tokio::test]
async fn a_killed_migration_is_continued_by_the_next_event() {
    if emulator().is_none() {
        return;
    }
    let keys = signing_keys();
    let users = SampleUsers::new().await;
    for nth in 0..60 {
        let id = UserId::new(1_700_000_000_000 + nth, [8, 8, 8, 8, 8, 8, 8, 8, 8, nth as u8]);
        users.add_user(id, &format!("trainer_{nth}"), FamilyId::random()).await;
    }
    let (meter, mut kills) = (Meter::default(), 0);
    for number in 1.. {
        let before = kills;
        for (blow, version) in
            [(Blow::Before, 2), (Blow::After, LATEST), (Blow::After, 2), (Blow::Before, LATEST)]
        {
            let event = json!({"task": "migrate", "to": version});
            let switch = Switch::at(&users.url, blow, move |call, _| call == number).await;
            let killed = function(MIGRATION.name, &users, &switch.url, &keys).await;
            let ended = tokio::select! {
                answer = killed.invoke(&event) => Some(answer),
                () = switch.struck() => None,
            };
            // SIGKILL, to the function and the emulator that has started it.
            drop(killed);
            kills += usize::from(ended.is_none());
            let next = function(MIGRATION.name, &users, &users.url, &keys).await;
            let answer = next.invoke(&event).await;
            assert_eq!(
                (&answer["outcome"], &answer["version"]),
                (&json!("migrated"), &json!(version)),
                "killed {blow:?} call {number}"
            );
            let page = users.accounts.users(&meter, 0, 100).await.expect("users");
            assert_eq!((page.users.len(), page.total), (63, 63), "killed {blow:?} call {number}");
            let schema = users.accounts.schema(&meter).await.expect("a version");
            assert_eq!(schema.versions(), (version, version));
        }
        if kills == before {
            break;
        }
    }
    assert!(kills >= 20, "{kills}");
}

#[tokio::test]
async fn a_killed_change_is_made_once_when_it_is_requested_again() {
    if emulator().is_none() {
        return;
    }
    let keys = signing_keys();
    let mut histogram = Histogram::default();
    let someone = json!({"username": "misty", "email": "misty@example.com", "password": PASSWORD});
    let change = |function, body, favorites| Change { function, body, favorites };
    for change in [
        change("register-user", someone, 0),
        change("update-profile", json!({"username": "red"}), 0),
        change("add-favorites", json!({"pokemon_ids": (100..775).collect::<Vec<u32>>()}), 0),
        change("delete-profile", json!({"password": PASSWORD}), 500),
        change("hide-pokemon", Value::Null, 0),
    ] {
        kill_at_each_call(&change, &keys, &mut histogram).await;
    }
    println!("{histogram:?}");
    let Histogram { before_the_first_write, between, after_the_last } = histogram;
    let all = before_the_first_write + between + after_the_last;
    assert!(all >= 50 && between * 2 >= all, "{before_the_first_write}, {between}, {after_the_last}");
}
