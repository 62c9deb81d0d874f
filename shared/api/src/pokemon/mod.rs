//! `/api/v1/pokemon` and the routes below it.

mod by_hand;
mod detail;
pub(crate) mod docs;
mod generations;
mod list;

pub(crate) use by_hand::{FetchRequest, fetch, hide, update};
pub(crate) use detail::{PokemonAnswer, get};
pub(crate) use generations::generations;
pub(crate) use list::list;
