//! The filters of a query, resolved against the dex.

use super::{
    columns::{Columns, type_bit},
    filter_names::Named,
    query::{ListQuery, Wanted},
};
use crate::FieldError;

pub(super) struct Filter {
    types: u64,
    generation: Option<u32>,
    pub all_forms: bool,
    /// For each row, whether it has the ability and one of the ids that the query names; `None` if the query names neither.
    chosen: Option<Vec<bool>>,
}

impl Filter {
    /// # Errors
    /// The fields that name a type, ability or generation that does not exist.
    pub(super) fn new(
        query: &ListQuery,
        columns: &Columns,
        known_types: &Named,
        known_abilities: &Named,
        generations: &[u32],
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut types = 0;
        for wanted in &query.types {
            match resolve("type", wanted, known_types) {
                Ok(place) => types |= type_bit(place),
                Err(error) => errors.push(error),
            }
        }
        let ability = query.ability.as_ref().and_then(|wanted| {
            let found = resolve("ability", wanted, known_abilities);
            found.map_err(|error| errors.push(error)).ok()
        });
        if let Some(generation) = query.generation
            && !generations.contains(&generation)
        {
            errors.push(FieldError::new("generation", format!("{generation} does not exist")));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let with_ability = ability.map(|ability| chosen(columns, columns.with_ability(ability)));
        let with_id =
            query.ids.as_ref().map(|ids| chosen(columns, ids.iter().filter_map(|id| columns.place(*id))));
        let chosen = match (with_ability, with_id) {
            (Some(one), Some(other)) => Some(one.into_iter().zip(other).map(|(a, b)| a && b).collect()),
            (one, other) => one.or(other),
        };
        // A request that names an id means that Pokémon, in any form.
        let all_forms = query.all_forms || query.ids.is_some();
        Ok(Self { types, generation: query.generation, all_forms, chosen })
    }

    pub(super) fn fits(&self, columns: &Columns, place: u16) -> bool {
        let at = usize::from(place);
        (self.all_forms || columns.is_default(place))
            && columns.types[at] & self.types == self.types
            && self.generation.is_none_or(|generation| columns.generations[at] == generation)
            && self.chosen.as_ref().is_none_or(|chosen| chosen[at])
    }
}

/// For each row, whether it is at one of `places`.
fn chosen(columns: &Columns, places: impl Iterator<Item = u16>) -> Vec<bool> {
    let mut chosen = vec![false; columns.len()];
    for place in places {
        if let Some(row) = chosen.get_mut(usize::from(place)) {
            *row = true;
        }
    }
    chosen
}

/// The position of the type or ability that `wanted` names.
///
/// # Errors
/// An error of `field`, if the name is not known or if several share it.
fn resolve(field: &str, wanted: &Wanted, known: &Named) -> Result<u16, FieldError> {
    let shown: String = wanted.text.chars().take(60).collect();
    match known.find(&wanted.key).as_slice() {
        [place] => Ok(*place),
        [] => Err(FieldError::new(field, format!("{shown:?} is not known"))),
        several => {
            let slugs: Vec<&str> = several.iter().filter_map(|place| known.slug(*place)).collect();
            let slugs = slugs.join(", ");
            Err(FieldError::new(field, format!("{shown:?} is the name of several: {slugs}")))
        }
    }
}
