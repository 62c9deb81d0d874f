//! The types of a Pokémon, now or in an earlier generation.

use super::document::{Checked, Doc, Invalid};

/// Returns the one or two types in the order of their slots.
pub(super) fn some_types(doc: &Doc<'_>) -> Checked<Vec<String>> {
    let types = types(doc)?;
    if types.is_empty() { Err(Invalid::new("types", "is empty")) } else { Ok(types) }
}

/// Returns the types, two at most, in the order of their slots.
pub(super) fn types(doc: &Doc<'_>) -> Checked<Vec<String>> {
    let slots = doc.list("types")?;
    let mut types = slots
        .iter()
        .map(|slot| Ok((slot.number::<u8>("slot")?, slot.get("type")?.slug("name")?)))
        .collect::<Checked<Vec<_>>>()?;
    if types.len() > 2 {
        return Err(Invalid::new("types", format!("has {} entries", types.len())));
    }
    types.sort();
    Ok(types.into_iter().map(|(_, name)| name).collect())
}
