//! `POST /api/v1/auth/register`

use adapters::{
    milliseconds, now,
    store::accounts::{Condition, NewAccount, Refused},
    tokens::{FamilyId, unguessable},
};
use domain::{
    FieldError,
    accounts::{Email, Password, Session, User, UserId, Username},
    audit::{Action, Outcome},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    answer::Pair,
    fields::{all, chosen},
};
use crate::{app::App, target};
use door::{Problem, Request, Response, SERVER_BUSY, Token, body::personal, limits::Limit};

/// The fields of a new account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// 3 to 80 of A to Z, a to z, 0 to 9 and _; unique regardless of case.
    #[serde(default)]
    #[schemars(length(min = 3, max = 80), regex(pattern = "^[A-Za-z0-9_]+$"))]
    username: String,
    /// Unique among all accounts.
    #[serde(default)]
    #[schemars(email)]
    email: String,
    /// At least 8 characters, and not a common password.
    #[serde(default)]
    #[schemars(length(min = 8, max = 1024))]
    password: String,
}

/// Creates an account and signs in. One transaction checks that the names are free and stores the account, its first session and
/// the event; if it fails, nothing is stored.
pub(crate) async fn register(app: &App, request: &Request) -> Result<Response, Problem> {
    // The request has already taken this token of the route's limit.
    let token = Token { limit: Limit::Register, subject: request.client.clone(), taken_at: milliseconds() };
    let sent: Registration = request.body()?;
    let password = Password::choose(&sent.password);
    let names = all(Username::choose(&sent.username), Email::parse(&sent.email));
    let (username, email) = match (names, &password) {
        (Ok(names), Ok(_)) => names,
        (names, password) => {
            let wrong = names.err().unwrap_or_default().into_iter();
            return Err(Problem::invalid(wrong.chain(password.as_ref().err().cloned()).collect()));
        }
    };
    let hash = match chosen(app, request, password, &[username.as_str(), email.as_str()]).await {
        Err(problem) if problem.code == SERVER_BUSY => {
            let limit = app.kernel.give_back(&request.meter, &token).await;
            return Err(Problem { limit, ..problem });
        }
        hash => hash?,
    };
    let ring = app.kernel.ring().await?;
    let now = now();
    let id = UserId::new(milliseconds(), unguessable());
    let user = User { id, username, email, is_admin: false, created_at: now, updated_at: now };
    let (family, session) = (FamilyId::random(), Session::begin(now, 0));
    let new = NewAccount { user: &user, hash: &hash, family, session: &session };
    let record = request.change(Action::Register, None).by(Some(id)).without_receipt();
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    if let Err(refused) = accounts.register(meter, &new, &record).await {
        for field in taken_fields(&refused) {
            let change = request.change(Action::Register, target::field(field)).by(None);
            accounts.note(meter, &change.ended_as(Outcome::Taken)).await?;
        }
        return Err(taken(refused));
    }
    let pair = Pair::of(app, request, &ring, &user, family, session.counter)?;
    personal(StatusCode::CREATED, &pair.signed_in("Registration successful", user))
}

/// Returns the fields whose values belong to another account.
pub(super) fn taken_fields(refused: &Refused) -> impl Iterator<Item = &'static str> {
    let fields = [(Condition::Username, "username"), (Condition::Email, "email")];
    fields.into_iter().filter(|(condition, _)| refused.has(condition)).map(|(_, field)| field)
}

/// Returns 409, naming the fields whose values belong to another account.
pub(super) fn taken(refused: Refused) -> Problem {
    let errors: Vec<_> =
        taken_fields(&refused).map(|field| FieldError::new(field, "already exists")).collect();
    match errors.as_slice() {
        [] => refused.into(),
        [one] => {
            let (code, detail) = match one.field.as_str() {
                "username" => ("username_taken", "Username already exists"),
                _ => ("email_taken", "Email already exists"),
            };
            Problem { errors, ..Problem::conflict(code, detail) }
        }
        _ => Problem { errors, ..Problem::conflict("username_taken", "Username and email already exist") },
    }
}
