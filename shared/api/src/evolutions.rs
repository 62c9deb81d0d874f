//! `GET /api/v1/pokemon/{id}/evolutions`

pub(crate) mod docs;

use adapters::store::{Key, Named};
use domain::catalog::{Evolution, EvolutionNode, EvolutionSpecies, Pokemon, StoredPokemon};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{app::App, stored};
use door::{
    Problem, Request, Response,
    cache::{ETag, cacheable},
};

/// The whole evolution tree of a Pokémon's species.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Evolutions")]
pub struct EvolutionsAnswer {
    /// The requested Pokémon.
    pub pokemon_id: u32,
    pub name: String,
    pub species_id: u32,
    /// Null if no chain of its species is known: the tree then has the species only.
    pub evolution_chain_id: Option<u32>,
    /// The item that a parent must hold for the baby to hatch.
    pub baby_trigger_item: Option<String>,
    pub chain: EvolutionNode,
}

impl EvolutionsAnswer {
    /// Builds the response for a Pokémon whose species is in `evolution`.
    fn of(pokemon: Pokemon, evolution: Evolution) -> Self {
        let Evolution { evolution_chain_id, baby_trigger_item, chain } = evolution;
        Self {
            evolution_chain_id: Some(evolution_chain_id),
            baby_trigger_item,
            ..Self::alone(pokemon, chain)
        }
    }

    /// Builds the response for a Pokémon whose species is in no known chain.
    fn alone(pokemon: Pokemon, chain: EvolutionNode) -> Self {
        let Pokemon { id: pokemon_id, name, species_id, .. } = pokemon;
        Self { pokemon_id, name, species_id, evolution_chain_id: None, baby_trigger_item: None, chain }
    }
}

/// The tree that has the species of a Pokémon only.
fn own_node(pokemon: &Pokemon) -> EvolutionNode {
    let Pokemon { id, species_id, species: name, display_name, is_baby, .. } = pokemon.clone();
    let species = EvolutionSpecies { id: species_id, name, display_name, pokemon_id: Some(id) };
    EvolutionNode { species, is_baby, conditions: Vec::new(), evolves_to: Vec::new() }
}

/// Returns the evolution tree of a Pokémon. Two GetItems read the Pokémon and then its chain; one, if its species is in no known chain.
pub(crate) async fn get(app: &App, request: &Request) -> Result<Response, Problem> {
    let (store, meter) = (app.catalogue.store(), &request.meter);
    let (key, record) = stored::find(app, request, Named::Pokemon, "id").await?;
    let StoredPokemon { pokemon, lone_node, .. } = record.parse(&key)?;
    let canonical = format!("{}/{}/evolutions", stored::folder(Named::Pokemon), pokemon.name);
    let chain = match pokemon.evolution_chain_id {
        Some(id) => store.evolution(meter, id).await?.map(|chain| (id, chain)),
        None => None,
    };
    let (id, hash) = (pokemon.id, record.hash);
    let etag = |chain: &str| ETag::of(&["evolutions", &id.to_string(), &hash, chain]);
    // The chain of a removed Pokémon may have been removed with it.
    let lone_node = lone_node.or_else(|| pokemon.removed_at.map(|_| own_node(&pokemon)));
    let response = match (chain, lone_node) {
        (Some((id, chain)), _) => cacheable(request, &etag(&chain.hash), || {
            let answer = EvolutionsAnswer::of(pokemon, chain.parse(&Key::chain(id))?);
            Ok(serde_json::to_vec(&answer)?)
        }),
        (None, Some(node)) => cacheable(request, &etag("alone"), || {
            Ok(serde_json::to_vec(&EvolutionsAnswer::alone(pokemon, node))?)
        }),
        // A Pokémon and its chain are written separately, so one can exist without the other while a publication runs.
        (None, None) => Err(Problem::unavailable(format!("no evolution chain of pokemon/{id} is stored"))),
    };
    Ok(stored::located(request, response?, &canonical))
}
