//! The OpenAPI operation of moves, with its example.

use std::collections::BTreeMap;

use domain::catalog::Move;
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::openapi::vocabulary::{Operation, answer, named, text, value};

pub(crate) fn get(generator: &mut SchemaGenerator) -> Operation {
    let answer = answer::<Move>(generator, example()).located();
    Operation::new("moves", "A move and the Pokémon that learn it in any game.", answer)
        .parameters(vec![named("move", "thunder-shock")])
        .refusals(&[308, 404])
}

fn example() -> Value {
    value(Move {
        id: 84,
        name: text("thunder-shock"),
        display_name: text("Thunder Shock"),
        generation: 1,
        move_type: text("electric"),
        damage_class: Some(text("special")),
        target: Some(text("selected-pokemon")),
        power: Some(40),
        pp: Some(30),
        accuracy: Some(100),
        effect_chance: Some(10),
        priority: Some(0),
        meta: BTreeMap::from([(text("ailment"), json!("paralysis")), (text("ailment_chance"), json!(10))]),
        stat_changes: BTreeMap::new(),
        learned_by: vec![text("pikachu"), text("raichu")],
        removed_at: None,
    })
}
