//! `GET /api/v1/pokemon/{id}/evolutions`

use adapters::store::{Key, Named};
use domain::catalog::{Evolution, StoredPokemon};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    App, Request, Response,
    cache::{ETag, catalogue},
    problem::Problem,
    stored,
};

/// The whole tree that a Pokémon stands in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Evolutions")]
pub struct EvolutionsAnswer {
    /// The Pokémon that was asked for.
    pub pokemon_id: u32,
    pub name: String,
    pub species_id: u32,
    #[serde(flatten)]
    pub evolution: Evolution,
}

/// Two GetItems: the Pokémon, then its chain.
pub(crate) async fn get(app: &App, request: &Request) -> Result<Response, Problem> {
    let (store, meter) = (app.store(), &request.meter);
    let (key, record) = stored::find(app, request, Named::Pokemon, "id").await?;
    let stored: StoredPokemon = record.parse(&key)?;
    let pokemon = stored.pokemon;
    let without = || Problem::not_found(format!("No evolution chain of {:?} is known.", pokemon.name));
    let id = pokemon.evolution_chain_id.ok_or_else(without)?;
    let chain = store.evolution(meter, id).await?.ok_or_else(without)?;
    let etag = ETag::of(&["evolutions", &pokemon.id.to_string(), &record.hash, &chain.hash]);
    let response = catalogue(request, &etag, || {
        let answer = EvolutionsAnswer {
            pokemon_id: pokemon.id,
            name: pokemon.name.clone(),
            species_id: pokemon.species_id,
            evolution: chain.parse(&Key::chain(id))?,
        };
        Ok(serde_json::to_vec(&answer)?)
    })?;
    let canonical = format!("{}/{}/evolutions", stored::folder(Named::Pokemon), pokemon.name);
    Ok(stored::located(request, response, &canonical))
}
