//! `/api/v1/users`

pub(crate) mod docs;
mod favorites;
mod one;

pub(crate) use favorites::{
    BulkAnswer, BulkRequest, FavoriteRequest, FavoriteRow, Favorites, add_favorite, add_favorites,
    delete_favorite, favorites, remove_favorite, remove_favorites,
};
pub(crate) use one::{UserUpdate, delete_profile, delete_user, get, update};

use domain::accounts::UserId;

use door::{Problem, Request};

/// Returns the user that the path names. The route's access is `Owner`, so that is the caller.
fn oneself(request: &Request) -> Result<UserId, Problem> {
    Ok(request.caller()?.user)
}
