//! `/api/v1/users`

mod favorites;
mod one;

pub(crate) use favorites::{
    BulkAnswer, BulkRequest, FavoriteRequest, FavoriteRow, Favorites, add_favorite, add_favorites,
    delete_favorite, favorites, remove_favorite, remove_favorites,
};
pub(crate) use one::{UserUpdate, delete_profile, delete_user, get, update};

use domain::accounts::UserId;

use crate::{Request, problem::Problem};

/// The user that the path names, who must be the one who asks.
fn oneself(request: &Request) -> Result<UserId, Problem> {
    let caller = request.caller()?;
    match request.params.get("id").and_then(|id| id.parse::<UserId>().ok()) {
        Some(id) if id == caller.user => Ok(caller.user),
        // Whether there is such a user is not for others to know.
        _ => Err(Problem::forbidden("Access denied")),
    }
}
