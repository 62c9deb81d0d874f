//! The OpenAPI operation of abilities, with its example.

use domain::catalog::{Ability, AbilityPokemon};
use schemars::SchemaGenerator;
use serde_json::Value;

use crate::openapi::vocabulary::{Operation, answer, named, text, value};

pub(crate) fn get(generator: &mut SchemaGenerator) -> Operation {
    let answer = answer::<Ability>(generator, example()).located();
    Operation::new("abilities", "An ability and the Pokémon that can have it.", answer)
        .parameters(vec![named("ability", "static")])
        .refusals(&[308, 404])
}

fn example() -> Value {
    value(Ability {
        id: 9,
        name: text("static"),
        display_name: text("Static"),
        generation: 3,
        is_main_series: true,
        pokemon: vec![AbilityPokemon { id: 25, name: text("pikachu"), is_hidden: false, slot: 1 }],
        removed_at: None,
    })
}
