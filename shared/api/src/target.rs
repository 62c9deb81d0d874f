//! The targets of audit events.

use adapters::tokens::FamilyId;
use domain::accounts::UserId;

pub(crate) fn pokemon(id: u32) -> Option<String> {
    Some(format!("pokemon:{id}"))
}

/// Several Pokémon that one step changes.
pub(crate) fn all_pokemon(ids: &[u32]) -> Option<String> {
    let ids: Vec<_> = ids.iter().map(u32::to_string).collect();
    Some(format!("pokemon:{}", ids.join(",")))
}

pub(crate) fn session(family: FamilyId) -> Option<String> {
    Some(format!("session:{family}"))
}

pub(crate) fn user(id: UserId) -> Option<String> {
    Some(format!("user:{id}"))
}

/// A held publication of the catalogue.
pub(crate) fn publication(id: &str) -> Option<String> {
    Some(format!("publication:{id}"))
}

/// A field of the actor's profile.
pub(crate) fn field(name: &str) -> Option<String> {
    Some(name.to_owned())
}
