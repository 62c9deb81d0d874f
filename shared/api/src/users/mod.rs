//! `/api/v1/users`

pub(crate) mod docs;
mod favorites;
mod one;

pub(crate) use favorites::{
    BulkAnswer, BulkRequest, FavoriteRequest, FavoriteRow, Favorites, add_favorite, add_favorites,
    delete_favorite, favorites, remove_favorite, remove_favorites,
};
pub(crate) use one::{UserUpdate, delete_profile, delete_user, get, update};
