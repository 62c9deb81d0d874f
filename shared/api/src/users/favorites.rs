//! `/api/v1/users/{id}/favorites`

use adapters::{
    now,
    store::accounts::{Condition, StoredFavorite},
};
use domain::{
    FieldError, Timestamp,
    accounts::UserId,
    audit::{Action, Outcome},
    dex::PokemonRow,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::oneself;
use crate::{
    App, Request, Response,
    auth::event,
    body::{done, personal},
    problem::Problem,
};

/// One's favorites, each with its whole Pokémon.
#[derive(Serialize, JsonSchema)]
pub struct Favorites<'a> {
    pub user_id: UserId,
    /// By Pokémon. One that the catalogue no longer has is left out until it has it again.
    pub favorites: Vec<FavoriteRow<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Favorite")]
pub struct FavoriteRow<'a> {
    pub id: String,
    pub user_id: UserId,
    pub pokemon_id: u32,
    pub created_at: Timestamp,
    #[schemars(with = "PokemonRow<'static>")]
    pub pokemon: &'a RawValue,
}

/// A Pokémon.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FavoriteRequest {
    #[schemars(range(min = 1))]
    pokemon_id: u32,
}

fn row(user: UserId, favorite: StoredFavorite, pokemon: &[u8]) -> Result<FavoriteRow<'_>, Problem> {
    let StoredFavorite { pokemon: pokemon_id, created_at } = favorite;
    let pokemon = serde_json::from_slice(pokemon)?;
    Ok(FavoriteRow { id: format!("{user}-{pokemon_id}"), user_id: user, pokemon_id, created_at, pokemon })
}

/// Every favorite: one call to the database.
pub(crate) async fn favorites(app: &App, request: &Request) -> Result<Response, Problem> {
    let user = oneself(request)?;
    let stored = app.accounts().favorites(&request.meter, user).await?;
    let dex = app.dex(&request.meter).await?;
    let known =
        stored.into_iter().filter_map(|favorite| Some((favorite, dex.pokemon_json(favorite.pokemon)?)));
    let favorites: Result<_, _> = known.map(|(favorite, pokemon)| row(user, favorite, pokemon)).collect();
    personal(StatusCode::OK, &Favorites { user_id: user, favorites: favorites? })
}

/// 201 with the favorite.
pub(crate) async fn add_favorite(app: &App, request: &Request) -> Result<Response, Problem> {
    let user = oneself(request)?;
    let FavoriteRequest { pokemon_id: pokemon } = request.body()?;
    let dex = app.dex(&request.meter).await?;
    let pokemon_json = dex.pokemon_json(pokemon).ok_or_else(|| unknown(pokemon))?;
    let favorite = StoredFavorite { pokemon, created_at: now() };
    let event = event(request, Some(user), Action::AddFavorite, target(pokemon), Outcome::Done);
    app.accounts().add_favorite(&request.meter, user, favorite, &event).await.map_err(|refused| {
        if refused.is(Condition::Absent) {
            let detail = format!("Pokémon {pokemon} is a favorite already.");
            return Problem::conflict("already_favorite", detail);
        }
        refused.into()
    })?;
    personal(StatusCode::CREATED, &row(user, favorite, pokemon_json)?)
}

/// Removes the favorite that the body names.
pub(crate) async fn remove_favorite(app: &App, request: &Request) -> Result<Response, Problem> {
    let user = oneself(request)?;
    let FavoriteRequest { pokemon_id } = request.body()?;
    remove(app, request, user, pokemon_id).await
}

/// Removes the favorite that the path names.
pub(crate) async fn delete_favorite(app: &App, request: &Request) -> Result<Response, Problem> {
    let user = oneself(request)?;
    let given = request.params.get("pokemon_id").map(String::as_str).unwrap_or_default();
    let is_number = !given.is_empty() && given.bytes().all(|digit| digit.is_ascii_digit());
    let wrong = || Problem::invalid(vec![FieldError::new("pokemon_id", "must be a Pokémon's id")]);
    let pokemon = given.parse().ok().filter(|_| is_number).ok_or_else(wrong)?;
    remove(app, request, user, pokemon).await
}

async fn remove(app: &App, request: &Request, user: UserId, pokemon: u32) -> Result<Response, Problem> {
    let event = event(request, Some(user), Action::RemoveFavorite, target(pokemon), Outcome::Done);
    let removed = app.accounts().remove_favorite(&request.meter, user, pokemon, &event).await;
    removed.map_err(|refused| {
        if refused.is(Condition::Present) {
            return Problem::not_found(format!("Pokémon {pokemon} is no favorite."));
        }
        refused.into()
    })?;
    done("Removed from the favorites.")
}

fn target(pokemon: u32) -> Option<String> {
    Some(format!("pokemon:{pokemon}"))
}

fn unknown(pokemon: u32) -> Problem {
    Problem::not_found(format!("There is no Pokémon {pokemon}."))
}
