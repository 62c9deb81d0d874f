//! Separate accounts for each test: a user with sessions and a favorite, beside the shared catalogue.

use std::{
    collections::HashMap,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use adapters::{
    aws,
    invoke::Function,
    milliseconds, now, passwords,
    store::{
        Key, Meter, Tables,
        accounts::{AccountStore, NewAccount, OpenSession, Refused, StoredFavorite},
    },
    tokens::{FamilyId, Issuer, KeySource, RefreshToken},
};
use api::{App, Config};
use argon2::password_hash::PasswordHasher as _;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    accounts::{Email, Password, Session, User, UserId, Username},
    audit::{Action, Event, EventId, Outcome},
};
use door::limits::Limits;
use local::tables::CATALOG;
use serde_json::Value;

use crate::{House, SeededEngine, house::make_accounts, ring};

/// The user of the sample events.
pub const ASH: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// The password of every user.
pub const PASSWORD: &str = "pallet town, route 1";

/// Sample accounts in separate tables: the user Ash and the administrators Oak and Elm.
pub struct SampleUsers {
    pub url: String,
    pub tables: Tables,
    pub accounts: AccountStore,
    pub ash: UserId,
    /// The session of the users' tokens.
    pub session: FamilyId,
    /// Another session.
    pub elsewhere: FamilyId,
    /// An administrator; the other one is called Elm.
    pub oak: UserId,
    pub elm: UserId,
    office: FamilyId,
    /// The function that writes the catalogue, if the catalogue may be written.
    pub sync_function: Option<Function>,
}

/// A prefix of table names that no table has yet.
fn family() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("users-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// An event of a prepared change.
#[must_use]
pub fn some_event(actor: UserId) -> Event {
    Event {
        id: EventId::new(milliseconds(), adapters::tokens::unguessable()),
        at: now(),
        actor: Some(actor),
        action: Action::Register,
        target: None,
        outcome: Outcome::Done,
        request_id: "prepared".to_owned(),
    }
}

impl SampleUsers {
    /// Ash, signed in twice, with Pikachu as a favorite, on the engine that has the catalogue.
    ///
    /// # Panics
    /// If the engine does not answer; the other functions here panic likewise.
    pub async fn new() -> Self {
        Self::at(&SeededEngine::get().url).await
    }

    /// The same users on the engine at `url`.
    pub async fn at(url: &str) -> Self {
        Self::among(url, Tables { catalog: CATALOG.to_owned(), ..Tables::beside(family()) }).await
    }

    /// The same users in `tables`, of which the catalogue's table exists already.
    pub async fn among(url: &str, tables: Tables) -> Self {
        let accounts = make_accounts(url, &tables).await;
        let ash = ASH.parse().expect("an id");
        let (session, elsewhere) = (FamilyId::random(), FamilyId::random());
        let office = FamilyId::random();
        let oak = UserId::new(1_700_000_000_000, [4; 10]);
        let elm = UserId::new(1_700_000_000_000, [5; 10]);
        let users = Self {
            url: url.to_owned(),
            tables,
            accounts,
            ash,
            session,
            elsewhere,
            oak,
            elm,
            office,
            sync_function: None,
        };
        users.add_user(ash, "ash_ketchum", session).await;
        for (id, name) in [(oak, "oak"), (elm, "elm")] {
            users.add_user(id, name, if id == oak { office } else { FamilyId::random() }).await;
            let granted = local::admin::grant(&users.accounts, name).await;
            assert_eq!(granted.expect("a role"), format!("{name} is an administrator now"));
        }
        let meter = Meter::default();
        let open = OpenSession { family: elsewhere, session: Session::begin(now(), 0) };
        let (accounts, event) = (&users.accounts, some_event(ash));
        accounts.begin_session(&meter, ash, &open, None, &event.into()).await.expect("a session");
        let pikachu = StoredFavorite { pokemon: 25, created_at: now() };
        accounts.add_favorite(&meter, ash, pikachu, &some_event(ash).into()).await.expect("a favorite");
        users
    }

    /// Adds another user, with a session.
    pub async fn add_user(&self, id: UserId, name: &str, family: FamilyId) -> User {
        register(&self.accounts, id, name, family).await.expect("an account")
    }

    /// The configuration that serves these accounts.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut config = Config::new(CATALOG);
        config.door.tables = self.tables.clone();
        config.door.signing_keys = Some(KeySource::Process(ring()));
        config.sync_function = self.sync_function.clone();
        config
    }

    /// As [`Self::config`], without rate limits.
    #[must_use]
    pub fn without_limits(&self) -> Config {
        self.with_limits(None)
    }

    /// As [`Self::config`], with these rate limits.
    #[must_use]
    pub fn with_limits(&self, limits: Option<Limits>) -> Config {
        let mut config = self.config();
        config.door.limits = limits;
        config
    }

    /// An app on the engine at `url`.
    #[must_use]
    pub fn app(&self, url: &str) -> App {
        let client = aws::at(url);
        App::new(self.config(), || client)
    }

    /// A house that serves these accounts, without rate limits.
    pub async fn house(&self) -> House {
        House::at(&self.url, self.without_limits()).await
    }

    /// The audit trail of `actor`: each action and its outcome, the oldest first.
    pub async fn trail(&self, actor: UserId) -> Vec<(Action, Outcome)> {
        let trail = self.accounts.trail_of(&Meter::default(), actor, None, 1000).await.expect("a trail");
        let events = trail.events.iter().rev().filter(|event| event.request_id != "prepared");
        events.map(|event| (event.action, event.outcome)).collect()
    }

    /// An access token of `user`.
    #[must_use]
    pub fn token_of(&self, user: UserId, session: FamilyId) -> String {
        let (issuer, ring) = (self.config().door.issuer(), ring());
        Issuer { issuer: &issuer, keys: &ring }.issue(user, session, now()).expect("a token")
    }

    /// Ash's access token.
    #[must_use]
    pub fn token(&self) -> String {
        self.token_of(self.ash, self.session)
    }

    /// An administrator's access token.
    #[must_use]
    pub fn admin_token(&self) -> String {
        self.token_of(self.oak, self.office)
    }

    /// Ash's first refresh token.
    #[must_use]
    pub fn refresh_token(&self) -> String {
        self.refresh_token_of(0)
    }

    /// Ash's refresh token number `counter`.
    #[must_use]
    pub fn refresh_token_of(&self, counter: u32) -> String {
        RefreshToken { user: self.ash, family: self.session, counter }.seal(ring().refresh())
    }

    /// Sets the rights and the status of the account of `user`.
    pub async fn set_standing(&self, user: UserId, is_admin: bool, is_frozen: bool) {
        let key = Key { pk: format!("USER#{user}"), sk: "STATUS".to_owned() };
        let values = [
            ("is_admin", AttributeValue::Bool(is_admin)),
            ("is_frozen", AttributeValue::Bool(is_frozen)),
            ("epoch", AttributeValue::N("0".to_owned())),
        ];
        self.put(&self.tables.app, &key, &values).await;
    }

    /// Replaces attributes of a stored item.
    pub async fn rewrite(&self, table: &str, key: &Key, attributes: &[(&str, AttributeValue)]) {
        let mut update = aws::at(&self.url).update_item().table_name(table);
        update = update
            .key("pk", AttributeValue::S(key.pk.clone()))
            .key("sk", AttributeValue::S(key.sk.clone()))
            .condition_expression("attribute_exists(pk)");
        let sets: Vec<_> = (0..attributes.len()).map(|nth| format!("#n{nth} = :v{nth}")).collect();
        for (nth, (name, value)) in attributes.iter().enumerate() {
            update = update
                .expression_attribute_names(format!("#n{nth}"), *name)
                .expression_attribute_values(format!(":v{nth}"), value.clone());
        }
        update.update_expression(format!("SET {}", sets.join(", "))).send().await.expect("the item is there");
    }

    /// Rewrites the times (Unix seconds) of a session of Ash's.
    pub async fn redate(&self, family: FamilyId, moments: &[(&str, i64)]) {
        let key = Key { pk: format!("USER#{}", self.ash), sk: format!("SESSION#{family}") };
        let values: Vec<_> =
            moments.iter().map(|(name, at)| (*name, AttributeValue::N(at.to_string()))).collect();
        self.rewrite(&self.tables.ephemeral, &key, &values).await;
    }

    /// Moves the end of every reservation of Ash's former names and addresses to `until` (Unix seconds).
    pub async fn end_reservations(&self, until: i64) {
        let stored = self.accounts.user(&Meter::default(), self.ash).await.expect("a read").expect("a user");
        let until = AttributeValue::N(until.to_string());
        for pk in stored.reserved.keys() {
            let sk = pk.split('#').next().unwrap_or_default().to_owned();
            let key = Key { pk: pk.clone(), sk };
            self.rewrite(&self.tables.app, &key, &[("reserved_until", until.clone())]).await;
        }
        let all = stored.reserved.keys().map(|pk| (pk.clone(), until.clone())).collect();
        let profile = Key { pk: format!("USER#{}", self.ash), sk: "PROFILE".to_owned() };
        self.rewrite(&self.tables.app, &profile, &[("reserved", AttributeValue::M(all))]).await;
    }

    /// Replaces the hash of Ash's password by one with the weaker parameters of an earlier release.
    pub async fn weaken_hash(&self, password: &str) {
        let params = argon2::Params::new(8 * 1024, 1, 1, None).expect("parameters");
        let weak = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let hash = weak.hash_password_with_salt(password.as_bytes(), &[1; 16]).expect("a hash").to_string();
        let key = Key { pk: format!("USER#{}", self.ash), sk: "PASSWORD".to_owned() };
        self.rewrite(&self.tables.app, &key, &[("hash", AttributeValue::S(hash))]).await;
    }

    /// Reads a stored item.
    pub async fn stored(&self, table: &str, key: &Key) -> HashMap<String, AttributeValue> {
        let get = aws::at(&self.url).get_item().table_name(table).consistent_read(true);
        let get =
            get.key("pk", AttributeValue::S(key.pk.clone())).key("sk", AttributeValue::S(key.sk.clone()));
        get.send().await.expect("an answer").item.expect("an item")
    }

    /// Stores an item unchanged.
    pub async fn put(&self, table: &str, key: &Key, attributes: &[(&str, AttributeValue)]) {
        crate::table::put_at(&aws::at(&self.url), table, key, attributes).await;
    }

    /// Fills the placeholders of a sample event with ids and tokens of these users.
    #[must_use]
    pub fn fill(&self, event: &Value) -> Value {
        let text = event.to_string();
        let text = text.replace("ACCESS_TOKEN", &self.token());
        let text = text.replace("ADMIN_TOKEN", &self.admin_token());
        let text = text.replace("REFRESH_TOKEN", &self.refresh_token());
        let text = text.replace("SESSION_ID", &self.elsewhere.to_string());
        serde_json::from_str(&text).expect("JSON")
    }
}

/// Registers a user with a session.
///
/// # Errors
/// The errors of [`AccountStore::register`].
pub async fn register(
    accounts: &AccountStore,
    id: UserId,
    name: &str,
    family: FamilyId,
) -> Result<User, Refused> {
    static HASH: LazyLock<String> =
        LazyLock::new(|| passwords::hash(&Password::typed(PASSWORD)).expect("a hash"));
    let (now, email) = (now(), format!("{name}@example.com"));
    let user = User {
        id,
        username: Username::parse(name).expect("a name"),
        email: Email::parse(&email).expect("an address"),
        is_admin: false,
        created_at: now,
        updated_at: now,
    };
    let session = Session::begin(now, 0);
    let new = NewAccount { user: &user, hash: &HASH, family, session: &session };
    accounts.register(&Meter::default(), &new, &some_event(id).into()).await?;
    Ok(user)
}
