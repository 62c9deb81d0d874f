//! The OpenAPI operations of types, with their examples.

use domain::{
    catalog::{Type, TypePokemon},
    facts::DamageRelations,
};
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::openapi::vocabulary::{Operation, answer, named, text, value};

pub(crate) fn list(generator: &mut SchemaGenerator) -> Operation {
    let answer = answer::<Vec<String>>(generator, json!(["bug", "dark", "dragon", "electric"]));
    Operation::new("types", "A sorted array of the types that at least one Pokémon has.", answer)
}

pub(crate) fn get(generator: &mut SchemaGenerator) -> Operation {
    let description =
        "Damage relations, Pokémon and moves of a type, including the three types that no Pokémon has.";
    Operation::new("types", description, answer::<Type>(generator, example()).located())
        .parameters(vec![named("type", "fire")])
        .refusals(&[308, 404])
}

fn example() -> Value {
    let names = |names: &[&str]| names.iter().map(|name| text(name)).collect::<Vec<_>>();
    value(Type {
        id: 13,
        name: text("electric"),
        display_name: text("Electric"),
        generation: 1,
        damage_class: Some(text("special")),
        damage_relations: DamageRelations {
            double_damage_from: names(&["ground"]),
            double_damage_to: names(&["flying", "water"]),
            half_damage_from: names(&["flying", "steel", "electric"]),
            half_damage_to: names(&["grass", "electric", "dragon"]),
            no_damage_from: Vec::new(),
            no_damage_to: names(&["ground"]),
        },
        pokemon: vec![TypePokemon { id: 25, name: text("pikachu"), slot: 1 }],
        moves: names(&["thunder-punch", "thunder-shock"]),
        removed_at: None,
    })
}
