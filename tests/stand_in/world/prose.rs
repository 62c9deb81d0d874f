//! The prose of all documents.

/// A placeholder for all prose of PokeAPI; the program stores no prose, so no test should find this elsewhere.
pub(super) const PROSE: &str = "Prose that nobody keeps.";
