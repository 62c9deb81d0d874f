//! A fact that derivation could not use.

/// A fact that could not be used, or only in part; the rest of the catalogue is derived without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The resource of the fact (`pokemon/25`).
    pub resource: String,
    pub reason: String,
}
