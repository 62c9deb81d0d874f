//! The journey of a signed-in user.
//!
//! A session lasts for a quarter of an hour: until then, each run exchanges its refresh token for the next one. A refresh token is sent by
//! one run only, because a second use, after the time in which a lost answer is repeated, would count as a theft.

use std::time::Duration;

use adapters::{
    now,
    secrets::Secret,
    store::{AccountStore, Meter, accounts::ProbeTurn},
    visitor::{Reply, Visit},
};
use domain::Timestamp;
use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    account::Credentials,
    journey::{Failure, Journey},
};

/// The time in seconds between two sign-ins.
const SIGN_IN_EVERY: i64 = 15 * 60;
/// The time in seconds after which a session that was not refreshed is not used again. It is shorter than [`ABANDONED`].
const IDLE: i64 = 10 * 60;
/// The time in seconds after which a session of the account that was not refreshed belongs to a run that died.
const ABANDONED: i64 = 15 * 60;
/// The attempts to exchange a refresh token, and the pause between them. All of them end within the 40 seconds in which the API repeats a
/// lost answer.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// The Pokémon that is added to the favorites and removed again. It is always the same, so that the next run finds one that was left.
const FAVORITE: u32 = 132;

/// A session between two runs.
pub(super) struct Session {
    user: String,
    access: String,
    /// Empty once the token was sent and its successor is not known.
    refresh: String,
    refreshed_at: Timestamp,
}

/// The resources of the journey besides the API.
pub(super) struct Desk<'a> {
    pub(super) accounts: &'a AccountStore,
    pub(super) meter: &'a Meter,
    pub(super) secret: &'a Secret,
    /// The identity of the run.
    pub(super) run: String,
}

/// The part that was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    SignedIn,
    Refreshed,
    /// Nothing: this environment has no session, and a sign-in is not due.
    Waits,
    /// Nothing: another run uses the account.
    Busy,
}

/// A journey without a failure.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Played {
    pub(super) part: Part,
    /// The reason that a new account was registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<&'static str>,
    /// The time from which a run may sign in, if this one could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waits_until: Option<Timestamp>,
}

impl Played {
    const fn new(part: Part) -> Self {
        Self { part, account: None, waits_until: None }
    }
}

/// Plays the journey with `session`, or another one, which it leaves there for the next run.
///
/// While journeys pass, at most one run within a quarter of an hour signs in, whatever its environment. After a failure without a session,
/// the next run signs in at once: one bad minute is then one failed run, and a lasting fault fails every run.
pub(super) async fn play(
    journey: &mut Journey<'_>,
    desk: &Desk<'_>,
    session: &mut Option<Session>,
) -> Result<Played, Failure> {
    let turn = match desk.accounts.begin_probe(desk.meter, &desk.run, now()).await {
        Ok(Some(turn)) => turn,
        Ok(None) => return Ok(Played::new(Part::Busy)),
        Err(error) => return Err(journey.failed_aside("turn", error)),
    };
    let played = play_in_turn(journey, desk, &turn, session).await;
    let is_refused = played.as_ref().is_err_and(|failure| failure.status == Some(401));
    session.take_if(|session| is_refused || session.refresh.is_empty());
    let forgets = played.is_err() && session.is_none();
    let ended = desk.accounts.end_probe(desk.meter, &turn, forgets).await;
    let played = played?;
    ended.map_err(|error| journey.failed_aside("turn", error))?;
    Ok(played)
}

async fn play_in_turn(
    journey: &mut Journey<'_>,
    desk: &Desk<'_>,
    turn: &ProbeTurn,
    session: &mut Option<Session>,
) -> Result<Played, Failure> {
    let now = now();
    let age = |moment: Timestamp| now.elapsed_since(moment);
    session.take_if(|session| age(session.refreshed_at).is_none_or(|age| age > IDLE));
    let signed_in_at = turn.signed_in_at.filter(|at| age(*at).is_some_and(|age| age < SIGN_IN_EVERY));
    let mut played = Played::new(Part::Refreshed);
    if signed_in_at.is_none() {
        if let Some(former) = session {
            sign_out(journey, former).await?;
        }
        *session = None;
        let (new, account) = sign_in(journey, desk, turn).await?;
        *session = Some(new);
        played = Played { account, ..Played::new(Part::SignedIn) };
    }
    let Some(current) = session else {
        let waits_until = signed_in_at.map(|at| at.plus(SIGN_IN_EVERY));
        return Ok(Played { waits_until, ..Played::new(Part::Waits) });
    };
    refresh(journey, current).await?;
    profile(journey, current).await?;
    favorite(journey, current).await?;
    if played.part == Part::SignedIn {
        end_abandoned(journey, current, now).await?;
    }
    Ok(played)
}

/// Signs in. If the account does not exist, or has another password, registers one first: a registration does not prove that a sign-in
/// works. Returns the reason of a registration, too.
async fn sign_in(
    journey: &mut Journey<'_>,
    desk: &Desk<'_>,
    turn: &ProbeTurn,
) -> Result<(Session, Option<&'static str>), Failure> {
    let stored = Credentials::read(desk.secret).await;
    let stored = stored.map_err(|error| journey.failed_aside("credentials", error))?;
    // Before the request: a run that dies has signed in for the runs after it.
    let is_turn = desk.accounts.probe_signs_in(desk.meter, turn, now()).await;
    if !is_turn.map_err(|error| journey.failed_aside("turn", error))? {
        return Err(journey.failed_aside("turn", "it was lost"));
    }
    let (credentials, reason) = match stored {
        Some(known) => match log_in(journey, &known, &[200, 401]).await? {
            Some(session) => return Ok((session, None)),
            None => (known, "deleted"),
        },
        None => (create(journey, desk).await?, "first"),
    };
    let is_registered = register(journey, &credentials).await?;
    let (credentials, reason) = if is_registered {
        (credentials, reason)
    } else if credentials.may_be_replaced() {
        let other = create(journey, desk).await?;
        let is_registered = register(journey, &other).await?;
        journey.require(is_registered, || "a new name is taken".to_owned())?;
        (other, "another password")
    } else {
        return Err(journey.failed_aside("sign-in", "answered 401, although the account exists"));
    };
    tracing::warn!(reason, "the probe has registered an account");
    let session = log_in(journey, &credentials, &[200]).await?;
    let session = session.ok_or_else(|| journey.failed("the new account cannot sign in"))?;
    Ok((session, Some(reason)))
}

async fn create(journey: &Journey<'_>, desk: &Desk<'_>) -> Result<Credentials, Failure> {
    Credentials::create(desk.secret).await.map_err(|error| journey.failed_aside("credentials", error))
}

/// Begins a session; returns `None` for a 401, if that is `expected`.
async fn log_in(
    journey: &mut Journey<'_>,
    credentials: &Credentials,
    expected: &[u16],
) -> Result<Option<Session>, Failure> {
    let body = credentials.sign_in();
    let visit = Visit::new(Method::POST, "/api/v1/auth/login").json(&body);
    let reply = journey.send("sign-in", visit, expected).await?;
    if reply.status == 401 {
        return Ok(None);
    }
    let body = reply.json();
    let user = text(journey, &body["user"], "id")?;
    let (access, refresh) = (text(journey, &body, "access_token")?, text(journey, &body, "refresh_token")?);
    Ok(Some(Session { user, access, refresh, refreshed_at: now() }))
}

/// Registers the account; returns whether it did not exist.
async fn register(journey: &mut Journey<'_>, credentials: &Credentials) -> Result<bool, Failure> {
    let body = credentials.registration();
    let visit = Visit::new(Method::POST, "/api/v1/auth/register").json(&body);
    Ok(journey.send("register", visit, &[201, 409]).await?.status == 201)
}

/// Ends a session. It may have ended before.
async fn sign_out(journey: &mut Journey<'_>, session: &Session) -> Result<(), Failure> {
    let visit = Visit::new(Method::POST, "/api/v1/auth/logout").token(&session.access);
    journey.send("sign-out", visit, &[200, 401]).await?;
    Ok(())
}

/// Exchanges the refresh token. If there is no answer, or a server error, the token may have been used: it is sent again at once, which the
/// API answers with the same successor, and never later.
async fn refresh(journey: &mut Journey<'_>, session: &mut Session) -> Result<(), Failure> {
    let body = json!({"refresh_token": std::mem::take(&mut session.refresh)});
    let mut attempt = 1;
    let reply = loop {
        let visit = Visit::new(Method::POST, "/api/v1/auth/refresh").json(&body);
        match journey.send("refresh", visit, &[200]).await {
            Err(failure) if attempt < ATTEMPTS && failure.status.is_none_or(|status| status >= 500) => {
                attempt += 1;
                tokio::time::sleep(PAUSE).await;
            }
            sent => break sent?,
        }
    };
    let body = reply.json();
    session.access = text(journey, &body, "access_token")?;
    session.refresh = text(journey, &body, "refresh_token")?;
    session.refreshed_at = now();
    Ok(())
}

async fn profile(journey: &mut Journey<'_>, session: &Session) -> Result<(), Failure> {
    let visit = Visit::get("/api/v1/auth/profile").token(&session.access);
    let reply = journey.send("profile", visit, &[200]).await?;
    let is_private = reply.header("cache-control").is_some_and(|value| value.contains("no-store"));
    journey.require(is_private, || "a private response may be stored".to_owned())?;
    let body = reply.json();
    journey.require(body["id"] == session.user, || "the profile is another user's".to_owned())?;
    journey.require(body["is_admin"] == false, || "the account is an administrator".to_owned())
}

/// Adds a favorite and removes it.
async fn favorite(journey: &mut Journey<'_>, session: &Session) -> Result<(), Failure> {
    let reply = add(journey, session, &[201, 409]).await?;
    if reply.status == 409 {
        let code = reply.json()["code"].clone();
        journey.require(code == "already_favorite", || format!("the code is {code}"))?;
        // A run that died has left it.
        remove(journey, session).await?;
        add(journey, session, &[201]).await?;
    }
    remove(journey, session).await
}

async fn add(journey: &mut Journey<'_>, session: &Session, expected: &[u16]) -> Result<Reply, Failure> {
    let (path, body) = (favorites(session), json!({"pokemon_id": FAVORITE}));
    let key = idempotency_key();
    let visit = Visit::new(Method::POST, &path).token(&session.access).json(&body);
    journey.send("add-favorite", visit.header("Idempotency-Key", &key), expected).await
}

async fn remove(journey: &mut Journey<'_>, session: &Session) -> Result<(), Failure> {
    let (path, key) = (format!("{}/{FAVORITE}", favorites(session)), idempotency_key());
    let visit = Visit::new(Method::DELETE, &path).token(&session.access);
    journey.send("remove-favorite", visit.header("Idempotency-Key", &key), &[200]).await?;
    Ok(())
}

fn favorites(session: &Session) -> String {
    format!("/api/v1/users/{}/favorites", session.user)
}

fn idempotency_key() -> String {
    format!("probe-{:032x}", fastrand::u128(..))
}

/// Ends one session that a run has left, if there is any.
async fn end_abandoned(journey: &mut Journey<'_>, session: &Session, now: Timestamp) -> Result<(), Failure> {
    let visit = Visit::get("/api/v1/auth/sessions").token(&session.access);
    let body = journey.send("sessions", visit, &[200]).await?.json();
    let is_abandoned = |one: &&Value| {
        let used_at = one["last_used_at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let age = used_at.and_then(|at| now.elapsed_since(at));
        one["is_current"] == false && age.is_some_and(|age| age > ABANDONED)
    };
    let mut sessions = body["sessions"].as_array().into_iter().flatten();
    let Some(id) = sessions.find(is_abandoned).and_then(|one| one["id"].as_str()) else { return Ok(()) };
    let path = format!("/api/v1/auth/sessions/{id}");
    let visit = Visit::new(Method::DELETE, &path).token(&session.access);
    journey.send("end-session", visit, &[200, 404]).await?;
    Ok(())
}

/// Returns a text of a body. The failure does not repeat the body, which may contain tokens.
fn text(journey: &Journey<'_>, body: &Value, field: &str) -> Result<String, Failure> {
    let text = body[field].as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| journey.failed(format!("the response has no {field}")))
}
