//! Accounts: tokens, as far as they can be looked at without a route.

mod tokens;
