//! The records that clients see, derived from the [`Facts`]: a pure function of them, so a catalogue that was
//! half written is mended by deriving it again and writing what differs.

mod derive;
mod gaps;
mod names;
mod overrides;
mod records;
mod served;
#[cfg(test)]
mod tests;

pub(crate) use derive::humanise;
pub use derive::{Catalog, Derived, Problem};
pub use names::{Claims, NameTable};
pub use overrides::{Edits, Hidden, Override, Overrides};
pub use records::{
    Ability, AbilityPokemon, CosmeticForm, Evolution, EvolutionNode, EvolutionSpecies, LearnedMove, Move,
    Pokemon, StoredForm, StoredPokemon, Type, TypePokemon, VarietyRef, Way,
};

/// Raised with every change of what the records hold, so that a deployment publishes them anew from the stored facts.
/// A record of the shape before stays readable: functions of two releases run side by side.
pub const SHAPE: u32 = 2;
