//! `/api/v1/auth`: registration, sign-in, sign-out, sessions and the caller's profile.

mod answer;
mod attempt;
mod confirmation;
pub(crate) mod docs;
mod export;
mod fields;
mod jwks;
mod login;
mod profile;
mod reauthentication;
mod refresh;
mod register;
mod sessions;

pub(crate) use answer::{RefreshAnswer, SignedIn};
pub(crate) use confirmation::{Confirmation, confirmed};
pub(crate) use export::{ExportAnswer, export};
pub(crate) use jwks::jwks;
pub(crate) use login::{Credentials, login};
pub(crate) use profile::{
    ProfileUpdate, answer as user_answer, change_own, etag as user_etag, outdated, profile, update_profile,
};
pub(crate) use refresh::{RefreshRequest, refresh};
pub(crate) use register::{Registration, register};
pub(crate) use sessions::{Sessions, end_session, logout, sessions};
