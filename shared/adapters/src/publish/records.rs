//! The items of all records.

use domain::{
    catalog::{Catalog, NameTable},
    dex::TimedPokemon,
    facts::Kind,
};

use super::{
    diff::{Diff, Form, Group, Items},
    outcome::PublishError,
};
use crate::store::{Key, Named, NewItem};

/// The maximum number of items in one transaction.
const GROUP: usize = 100;

/// Each Pokémon's items: the record under its id, its slug and every other name, its learnset and its forms. They form one group. A Pokémon
/// with more names than a transaction can hold (Alcremie has 190) is the exception: its last names are groups of their own.
pub(super) fn pokemon(
    catalog: &Catalog<'_>,
    diff: &mut Diff,
) -> Result<(Vec<Group>, Vec<TimedPokemon>), PublishError> {
    let (pokemon, problems) = catalog.pokemon();
    diff.done.problems = problems;
    diff.done.gaps = catalog.gaps();
    let names = NameTable::new(&catalog.claims(&pokemon));
    diff.refuse(Kind::Pokemon, &names);
    let mut timed = Vec::with_capacity(pokemon.len());
    let mut groups = diff.shared(Named::Pokemon, &names)?;
    for stored in pokemon {
        let id = stored.pokemon.id;
        let keys = diff.keys(Named::Pokemon, id, &stored.pokemon.name, &names);
        // A Pokémon shows the times of its main item.
        let main = diff.items(keys, serde_json::to_vec(&stored)?, Form::Plain)?;
        let Items { group: records, created_at, updated_at } = main;
        let mut group = Vec::with_capacity(records.len() + 2);
        let (learnset, problems) = catalog.learnset(id);
        diff.done.problems.extend(problems);
        if !learnset.is_empty() {
            let json = serde_json::to_vec(&learnset)?;
            group.extend(diff.items(vec![Key::learnset(id)], json, Form::Packed)?.group);
        }
        let forms = catalog.cosmetic_forms(id);
        if !forms.is_empty() {
            group.extend(diff.items(vec![Key::forms(id)], serde_json::to_vec(&forms)?, Form::Packed)?.group);
        }
        group.extend(records);
        timed.push(TimedPokemon { stored, created_at, updated_at });
        groups.extend(group.chunks(GROUP).map(<[NewItem]>::to_vec));
    }
    Ok((groups, timed))
}

/// The items of chains, types, abilities and moves: each record, under its id and all its names, is a group.
pub(super) fn others(catalog: &Catalog<'_>, diff: &mut Diff) -> Result<Vec<Group>, PublishError> {
    let mut groups = Vec::new();
    for evolution in catalog.evolutions() {
        let key = Key::chain(evolution.evolution_chain_id);
        groups.push(diff.items(vec![key], serde_json::to_vec(&evolution)?, Form::Packed)?.group);
    }
    let names = diff.named(Kind::Type, Named::Type, &catalog.type_claims(), &mut groups)?;
    for t in catalog.types() {
        let keys = diff.keys(Named::Type, t.id, &t.name, &names);
        groups.push(diff.items(keys, serde_json::to_vec(&t)?, Form::Packed)?.group);
    }
    let names = diff.named(Kind::Ability, Named::Ability, &catalog.ability_claims(), &mut groups)?;
    for ability in catalog.abilities() {
        let keys = diff.keys(Named::Ability, ability.id, &ability.name, &names);
        groups.push(diff.items(keys, serde_json::to_vec(&ability)?, Form::Packed)?.group);
    }
    let names = diff.named(Kind::Move, Named::Move, &catalog.move_claims(), &mut groups)?;
    for m in catalog.moves() {
        let keys = diff.keys(Named::Move, m.id, &m.name, &names);
        groups.push(diff.items(keys, serde_json::to_vec(&m)?, Form::Packed)?.group);
    }
    Ok(groups)
}
