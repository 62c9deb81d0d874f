//! The credentials of the account that the probe uses: a usual one, which it registers itself.

use adapters::{
    now,
    secrets::{Secret, SecretError},
    tokens::unguessable,
};
use domain::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// The time in seconds for which an account that refuses its password is not replaced by another one.
const REPLACED_EVERY: i64 = 24 * 3600;

/// A user name and a password, as the secret contains them.
#[derive(Deserialize)]
pub(super) struct Credentials {
    username: String,
    password: String,
    #[serde(default)]
    created_at: Timestamp,
}

impl Credentials {
    /// Reads the credentials; `None` if the secret is empty, or contains anything else.
    pub(super) async fn read(secret: &Secret) -> Result<Option<Self>, SecretError> {
        Ok(secret.read().await?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Generates credentials and stores them before an account has them: a run that dies has lost neither.
    pub(super) async fn create(secret: &Secret) -> Result<Self, SecretError> {
        let username = format!("probe_{}", hexadecimal(&unguessable::<6>()));
        let password = hexadecimal(&unguessable::<16>());
        let new = Self { username, password, created_at: now() };
        let text = json!({"username": new.username, "password": new.password, "created_at": new.created_at});
        secret.write(&text.to_string()).await?;
        Ok(new)
    }

    /// Whether they are so old that an account that refuses them is replaced. If sign-ins themselves are broken, another account is not a
    /// cure.
    pub(super) fn may_be_replaced(&self) -> bool {
        now().elapsed_since(self.created_at).is_none_or(|age| age >= REPLACED_EVERY)
    }

    /// Returns the body of a sign-in.
    pub(super) fn sign_in(&self) -> Value {
        json!({"username": self.username, "password": self.password})
    }

    /// Returns the body of a registration. Nobody reads mail at the address.
    pub(super) fn registration(&self) -> Value {
        let email = format!("{}@example.com", self.username.replace('_', "-"));
        json!({"username": self.username, "email": email, "password": self.password})
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
