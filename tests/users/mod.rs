//! `/api/v1/users`: the list of users, one user, and their favorites.

mod capitals;
mod deletion;
mod favorites;
mod fixtures;
mod former;
mod listing;
mod migration;
mod stored;
