//! `GET /api/v1/pokemon/{id}/evolutions`

use adapters::store::Key;
use domain::catalog::{Evolution, StoredPokemon};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    App, Request, Response,
    cache::{ETag, catalogue},
    problem::Problem,
};

/// The evolution tree of a Pokémon.
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
    let slug = request.slug("id", "Pokémon")?;
    let (store, meter) = (app.store(), &request.meter);
    let unknown = || Problem::not_found(format!("Pokémon {slug} not found"));
    let record = store.pokemon(meter, &slug).await?.ok_or_else(unknown)?;
    let stored: StoredPokemon = record.parse(&Key::pokemon(&slug))?;
    let pokemon = stored.pokemon;
    let without = || Problem::not_found(format!("Evolution chain of {} not found", pokemon.name));
    let id = pokemon.evolution_chain_id.ok_or_else(without)?;
    let chain = store.evolution(meter, id).await?.ok_or_else(without)?;
    let etag = ETag::of(&["evolutions", &pokemon.id.to_string(), &record.hash, &chain.hash]);
    catalogue(request, &etag, || {
        let answer = EvolutionsAnswer {
            pokemon_id: pokemon.id,
            name: pokemon.name.clone(),
            species_id: pokemon.species_id,
            evolution: chain.parse(&Key::chain(id))?,
        };
        Ok(serde_json::to_vec(&answer)?)
    })
}
