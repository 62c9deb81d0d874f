//! `/api/v1/pokemon` and the routes below it.

mod detail;
pub(crate) mod docs;
mod generations;
mod list;
mod overrides;

pub(crate) use detail::{PokemonAnswer, get};
pub(crate) use generations::generations;
pub(crate) use list::list;
pub(crate) use overrides::{FetchRequest, fetch, hide, update};
