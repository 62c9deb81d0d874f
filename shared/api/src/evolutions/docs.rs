//! The OpenAPI operation of evolution trees, with its example.

use std::collections::BTreeMap;

use domain::catalog::{EvolutionNode, EvolutionSpecies};
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::EvolutionsAnswer;
use crate::{
    openapi::vocabulary::{Operation, answer, text, value},
    pokemon::docs::id,
};

pub(crate) fn get(generator: &mut SchemaGenerator) -> Operation {
    let description = "The complete evolution tree, from its root, with every way to evolve. If no chain of the species is known, \
        `evolution_chain_id` is null and the tree is one node.";
    Operation::new("pokemon", description, answer::<EvolutionsAnswer>(generator, example()).located())
        .parameters(vec![id()])
        .refusals(&[308, 404])
}

fn example() -> Value {
    let node = |id, name: &str, display_name: &str, conditions, evolves_to| EvolutionNode {
        species: EvolutionSpecies {
            id,
            name: text(name),
            display_name: text(display_name),
            pokemon_id: Some(id),
        },
        is_baby: id == 172,
        conditions,
        evolves_to,
    };
    let way = |pairs: &[(&str, Value)]| -> Vec<BTreeMap<String, Value>> {
        vec![pairs.iter().map(|(key, value)| (text(key), value.clone())).collect()]
    };
    let stone = way(&[("item", json!("thunder-stone")), ("trigger", json!("use-item"))]);
    let friend = way(&[("min_happiness", json!(220)), ("trigger", json!("level-up"))]);
    let raichu = node(26, "raichu", "Raichu", stone, Vec::new());
    let pikachu = node(25, "pikachu", "Pikachu", friend, vec![raichu]);
    let chain = node(172, "pichu", "Pichu", Vec::new(), vec![pikachu]);
    value(EvolutionsAnswer {
        pokemon_id: 25,
        name: text("pikachu"),
        species_id: 25,
        evolution_chain_id: Some(10),
        baby_trigger_item: None,
        chain,
    })
}
