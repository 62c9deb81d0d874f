//! The dex: every Pokémon, with each field that a list shows, filters or sorts by, in one small index.
//!
//! * [`DexIndex`] is the form that the sync writes and a list function loads (JSON, which the store compresses).
//! * [`Dex`] is the form that queries use, with rows already serialised.
//! * [`ListQuery`] is a parsed and checked list request.

mod answer;
mod generations;
mod index;
#[cfg(test)]
mod properties;
mod query;
mod search;
mod sort;

pub use answer::{Dex, ListPagination, Page, Pagination};
pub use generations::{Generation, Generations};
pub use index::{
    BadIndex, DexIndex, FilterNames, IndexRow, IndexedGeneration, PokemonRow, SpriteUrls, TimedPokemon,
};
pub use query::{ListQuery, Wanted};
pub use search::Match;
pub use sort::{SortKey, SortOrder};
