//! The records that clients see, derived from the [`Facts`] by a pure function: deriving them again and writing the
//! differences repairs a partially written catalogue.

mod derive;
mod gaps;
mod names;
mod overrides;
mod problem;
mod records;
mod served;
#[cfg(test)]
mod tests;

pub(crate) use derive::humanise;
pub use derive::{Catalog, Derived};
pub use names::{Claims, NameTable};
pub use overrides::{Edits, Hidden, Override, Overrides};
pub use problem::Problem;
pub use records::{
    Ability, AbilityPokemon, CosmeticForm, Evolution, EvolutionNode, EvolutionSpecies, LearnedMove, Move,
    Pokemon, StoredForm, StoredPokemon, Type, TypePokemon, VarietyRef, Way,
};

/// The version of the records' shape. It is raised with every change of the records' contents, so that a deployment publishes them again
/// from the stored facts. Records of the previous shape stay readable, because functions of two releases run side by side.
pub const SHAPE: u32 = 2;
