//! The dex: every Pokémon with each field that a list shows, filters or sorts by, in one small index.
//!
//! * [`DexIndex`] is what the sync writes and a list function loads (JSON, compressed by whoever stores it).
//! * [`Dex`] is the shape that queries want, rows already serialised.
//! * [`ListQuery`] is a list request, parsed and checked.

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
