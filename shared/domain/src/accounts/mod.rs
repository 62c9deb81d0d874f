//! Accounts: users, their names, addresses, passwords and sessions.
//!
//! * [`UserId`]: the id by which other users know a user; names and addresses change.
//! * [`Username`], [`Email`]: as the user gave them, with their unique keys.
//! * [`Password`]: long enough, and never printed.
//! * [`User`]: a user as clients see one; [`Standing`]: what an account may do.
//! * [`Session`]: the refresh tokens that follow from one sign-in.

mod email;
mod id;
mod password;
mod session;
mod user;
mod username;

pub use email::Email;
pub use id::{NotAUserId, UserId};
pub use password::Password;
pub use session::{Presented, Session};
pub use user::{Standing, User};
pub use username::Username;
