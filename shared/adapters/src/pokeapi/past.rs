//! The data of earlier generations in a Pokémon's document.

use domain::facts::{PastAbilities, PastAbilitySlot, PastStats, PastTypes};

use super::{
    document::{Checked, Doc, Invalid},
    types::some_types,
};

pub(super) fn past_types(doc: &Doc<'_>) -> Checked<Vec<PastTypes>> {
    by_generation(doc, "past_types", |generation, entry| {
        Ok(PastTypes { generation, types: some_types(entry)? })
    })
}

pub(super) fn past_abilities(doc: &Doc<'_>) -> Checked<Vec<PastAbilities>> {
    by_generation(doc, "past_abilities", |generation, entry| {
        let mut abilities = entry.list("abilities")?.iter().map(ability_slot).collect::<Checked<Vec<_>>>()?;
        abilities.sort_by_key(|slot| slot.slot);
        Ok(PastAbilities { generation, abilities })
    })
}

pub(super) fn past_stats(doc: &Doc<'_>) -> Checked<Vec<PastStats>> {
    by_generation(doc, "past_stats", |generation, entry| {
        let stats = entry.list("stats")?;
        let stats = stats.iter().map(|stat| {
            let (name, base) = (stat.get("stat")?.slug("name")?, stat.number::<u16>("base_stat")?);
            if base > 255 {
                return Err(Invalid::new(stat.path(), format!("{name} {base} is above 255")));
            }
            Ok((name, base))
        });
        Ok(PastStats { generation, stats: stats.collect::<Checked<_>>()? })
    })
}

fn ability_slot(slot: &Doc<'_>) -> Checked<PastAbilitySlot> {
    let (is_hidden, place) = (slot.flag("is_hidden")?, slot.number("slot")?);
    Ok(PastAbilitySlot { name: slot.maybe_name("ability")?, is_hidden, slot: place })
}

/// The entries of `field`, the earliest generation first; empty if an older PokeAPI does not have the field.
fn by_generation<T>(
    doc: &Doc<'_>,
    field: &str,
    read: impl Fn(u32, &Doc<'_>) -> Checked<T>,
) -> Checked<Vec<T>> {
    if !doc.object()?.contains_key(field) {
        return Ok(Vec::new());
    }
    let entries = doc.list(field)?;
    let dated = entries.iter().map(|entry| {
        let generation = entry.get("generation")?.linked_id()?;
        Ok((generation, read(generation, entry)?))
    });
    let mut dated = dated.collect::<Checked<Vec<_>>>()?;
    dated.sort_by_key(|(generation, _)| *generation);
    Ok(dated.into_iter().map(|(_, entry)| entry).collect())
}
