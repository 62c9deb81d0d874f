//! A running product behind a front, and the runs of its probe.

use adapters::{
    now,
    secrets::Secret,
    store::{
        Key, Meter,
        accounts::{AccountStore, Login},
    },
};
use api::{
    Config,
    jobs::journeys::{Memory, probe},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    accounts::UserId,
    audit::{Action, Outcome},
};
use serde_json::{Value, json};
use tests::{Front, House, SampleUsers};

/// The time between two sign-ins, in seconds.
pub const QUARTER: i64 = 15 * 60;

/// A product with the sample users, and the secret of its probe.
pub struct Stage {
    pub users: SampleUsers,
    pub front: Front,
    pub secret: Secret,
    _house: House,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A product whose configuration `change` has changed.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let users = SampleUsers::new().await;
        let mut config = users.without_limits();
        change(&mut config);
        let house = House::at(&users.url, config).await;
        let front = Front::before(&house.base).await;
        let folder = tempfile::tempdir().expect("a folder");
        let secret = Secret::File(folder.path().join("probe.json"));
        Self { users, front, secret, _house: house, _folder: folder }
    }

    /// The report of a run in the execution environment that has `memory`.
    pub async fn run(&self, memory: &Memory) -> Value {
        self.run_with(&self.users.accounts, memory).await
    }

    /// The report of a run that reaches its turn through `accounts`.
    pub async fn run_with(&self, accounts: &AccountStore, memory: &Memory) -> Value {
        let event = json!({"address": self.front.url});
        let report = self.invoke(accounts, memory, &event).await.expect("a failed step is a result");
        let failed = report["failures"].as_array().expect("a list").len();
        let (outcome, count) = if failed == 0 { ("passed", 0) } else { ("failed", 1) };
        assert_eq!((&report["outcome"], &report["failed"]), (&json!(outcome), &json!(count)), "{report}");
        report
    }

    pub async fn invoke(
        &self,
        accounts: &AccountStore,
        memory: &Memory,
        event: &Value,
    ) -> Result<Value, String> {
        let mut config = self.users.config();
        config.probe_account = Some(self.secret.clone());
        let report = probe(memory, accounts, &config, event, &Meter::default()).await;
        report.map_err(|error| error.to_string())
    }

    /// The report of a run that must pass.
    pub async fn passes(&self, memory: &Memory) -> Value {
        let report = self.run(memory).await;
        assert_eq!(report["failures"], json!([]), "{report}");
        report
    }

    /// The only failed step of a run.
    pub async fn fails(&self, memory: &Memory) -> Value {
        let report = self.run(memory).await;
        let failures = report["failures"].as_array().expect("a list");
        assert_eq!(failures.len(), 1, "{report}");
        failures[0].clone()
    }

    /// The user name and the password of the account.
    pub async fn credentials(&self) -> Value {
        let text = self.secret.read().await.expect("the secret").expect("credentials");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The account of the probe.
    pub async fn account(&self) -> UserId {
        let credentials = self.credentials().await;
        let login = Login::of(credentials["username"].as_str().expect("a name"));
        let found = self.users.accounts.credentials(&Meter::default(), &login).await.expect("a read");
        found.expect("an account").user.user.id
    }

    /// The actions of the account and their outcomes, the oldest first.
    pub async fn trail(&self) -> Vec<(Action, Outcome)> {
        self.users.trail(self.account().await).await
    }

    /// The favorites of the account.
    pub async fn favorites(&self) -> usize {
        let account = self.account().await;
        self.users.accounts.favorites(&Meter::default(), account).await.expect("a read").len()
    }

    /// The sessions of the account.
    pub async fn sessions(&self) -> usize {
        let account = self.account().await;
        self.users.accounts.sessions(&Meter::default(), account).await.expect("a read").len()
    }

    /// The number of all users.
    pub async fn user_count(&self) -> u32 {
        self.users.accounts.user_count(&Meter::default()).await.expect("a read")
    }

    /// Lets a quarter of an hour pass since the last sign-in. The turn of a run that died is over by then.
    pub async fn pass_a_quarter(&self) {
        let key = Key { pk: "PROBE".to_owned(), sk: "TURN".to_owned() };
        let number = |seconds: i64| AttributeValue::N(seconds.to_string());
        let moments = [("signed_in_at", number(now().unix() - QUARTER)), ("busy_until", number(0))];
        self.users.rewrite(&self.users.tables.ephemeral, &key, &moments).await;
    }

    /// Moves the last use of every session of the account into the past.
    pub async fn age_sessions(&self, seconds: i64) {
        let account = self.account().await;
        let open = self.users.accounts.sessions(&Meter::default(), account).await.expect("a read");
        for session in open {
            let sk = format!("SESSION#{}", session.family);
            let key = Key { pk: format!("USER#{account}"), sk };
            let at = AttributeValue::N((now().unix() - seconds).to_string());
            self.users.rewrite(&self.users.tables.ephemeral, &key, &[("rotated_at", at)]).await;
        }
    }
}

/// The number of `requests` with this method and path.
pub fn count(requests: &[String], request: &str) -> usize {
    requests.iter().filter(|one| *one == request).count()
}
