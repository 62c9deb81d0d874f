//! The responses to a sign-in and to a refresh.

use adapters::tokens::{FamilyId, KeyRing, LIFETIME, RefreshToken};
use domain::accounts::User;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{app::App, metrics::TOKENS_ISSUED};
use door::{Problem, Request, access_token};

/// A user and the tokens of a new session.
#[derive(Serialize, JsonSchema)]
pub struct SignedIn {
    pub message: &'static str,
    pub user: User,
    /// The Bearer token for the `Authorization` header.
    pub access_token: String,
    /// Valid once, to get the next pair of tokens.
    pub refresh_token: String,
    /// The lifetime of the access token, in seconds.
    pub expires_in: u64,
}

/// The next pair of tokens.
#[derive(Serialize, JsonSchema)]
pub struct RefreshAnswer {
    pub access_token: String,
    pub refresh_token: String,
    /// The lifetime of the access token, in seconds.
    pub expires_in: u64,
    pub user: User,
}

/// The access token and the refresh token of a session; `counter` is the number of the latest refresh token.
pub(super) struct Pair {
    pub access: String,
    pub refresh: String,
}

impl Pair {
    pub(super) fn of(
        app: &App,
        request: &Request,
        ring: &KeyRing,
        user: &User,
        family: FamilyId,
        counter: u32,
    ) -> Result<Self, Problem> {
        let access = access_token(&app.kernel, ring, user.id, family)?;
        request.events.add(TOKENS_ISSUED);
        Ok(Self { access, refresh: RefreshToken { user: user.id, family, counter }.seal(ring.refresh()) })
    }

    pub(super) fn signed_in(self, message: &'static str, user: User) -> SignedIn {
        let Self { access: access_token, refresh: refresh_token } = self;
        SignedIn { message, user, access_token, refresh_token, expires_in: LIFETIME.as_secs() }
    }

    pub(super) fn refreshed(self, user: User) -> RefreshAnswer {
        let Self { access: access_token, refresh: refresh_token } = self;
        RefreshAnswer { access_token, refresh_token, expires_in: LIFETIME.as_secs(), user }
    }
}
