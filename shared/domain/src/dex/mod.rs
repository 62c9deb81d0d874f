//! The dex: every Pokémon, with each field that a list shows, filters or sorts by, in one small index.
//!
//! * [`DexIndex`] is the form that a publication builds and encodes. The store compresses the bytes.
//! * [`Dex`] is the form that queries use. A list function loads it from the bytes without any work for a single row: rows are
//!   already serialised ([`rows`]), values are in columns ([`columns`]), names in one text ([`search`], [`filter_names`]).
//! * [`ListQuery`] is a parsed and checked list request.

mod answer;
mod bytes;
mod columns;
mod encode;
mod error;
mod filter;
mod filter_names;
mod generations;
mod index;
mod pieces;
#[cfg(test)]
mod properties;
mod query;
mod row;
mod rows;
mod search;
mod sort;

pub use answer::{Dex, ListPagination, Page, Pagination};
pub use error::BadIndex;
pub use filter_names::FilterNames;
pub use generations::{Generation, Generations};
pub use index::{DexIndex, IndexRow, IndexedGeneration};
pub use query::{ListQuery, Wanted};
pub use row::{PokemonRow, SpriteUrls, TimedPokemon, is_address};
pub use search::Match;
pub use sort::{SortKey, SortOrder};
