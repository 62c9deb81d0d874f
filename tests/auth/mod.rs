//! `/api/v1/auth`: accounts, sign-in, sessions and tokens.

mod attempts;
mod exports;
mod failures;
mod profile;
mod registration;
mod rotation;
mod sessions;
mod sign_in;
mod standing;
mod tokens;
