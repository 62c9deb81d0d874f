//! `/api/v1/users/{id}/favorites`

use std::collections::{BTreeMap, BTreeSet};

use adapters::{
    now,
    store::{
        ChangeRecord,
        accounts::{Condition, StoredFavorite},
    },
};
use domain::{FieldError, Timestamp, accounts::UserId, audit::Action, dex::PokemonRow};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{app::App, target};
use door::{
    Problem, Request, Response,
    body::{done, personal},
};

/// The favorites of a user, each with its full Pokémon.
#[derive(Serialize, JsonSchema)]
pub struct Favorites<'a> {
    pub user_id: UserId,
    /// Sorted by Pokémon. Those that PokeAPI removed have their last values and `removed_at`; hidden ones are omitted.
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

/// The Pokémon to add or remove.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FavoriteRequest {
    #[schemars(range(min = 1))]
    pokemon_id: u32,
}

impl FavoriteRequest {
    fn id(self) -> Result<u32, Problem> {
        checked(Some(self.pokemon_id))
    }
}

/// Checks that an id is given and not 0, which is not a valid id in any request.
fn checked(id: Option<u32>) -> Result<u32, Problem> {
    let wrong = || Problem::invalid(vec![FieldError::new("pokemon_id", "must be a whole number from 1 up")]);
    id.filter(|id| *id > 0).ok_or_else(wrong)
}

fn row(user: UserId, favorite: StoredFavorite, pokemon: &[u8]) -> Result<FavoriteRow<'_>, Problem> {
    let StoredFavorite { pokemon: pokemon_id, created_at } = favorite;
    let pokemon = serde_json::from_slice(pokemon)?;
    Ok(FavoriteRow { id: format!("{user}-{pokemon_id}"), user_id: user, pokemon_id, created_at, pokemon })
}

/// Returns all favorites, with one database call, and one more per 100 favorites that no list has any more.
pub(crate) async fn favorites(app: &App, request: &Request) -> Result<Response, Problem> {
    let user = request.caller()?.user;
    let stored = app.kernel.accounts().favorites(&request.meter, user).await?;
    let dex = app.catalogue.dex(&request.meter).await?;
    let mut rows: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    let mut absent = Vec::new();
    for StoredFavorite { pokemon, .. } in &stored {
        match dex.pokemon_json(*pokemon) {
            Some(row) => drop(rows.insert(*pokemon, row)),
            None => absent.push(*pokemon),
        }
    }
    for removed in app.catalogue.store().removed_pokemon(&request.meter, &absent).await? {
        let row = PokemonRow::new(&removed, &app.config.sprite_base);
        rows.insert(row.id, serde_json::to_vec(&row)?);
    }
    let known = stored.into_iter().filter_map(|favorite| Some((favorite, rows.get(&favorite.pokemon)?)));
    let favorites: Result<_, _> = known.map(|(favorite, pokemon)| row(user, favorite, pokemon)).collect();
    personal(StatusCode::OK, &Favorites { user_id: user, favorites: favorites? })
}

/// Adds a favorite. Returns 201 with it.
pub(crate) async fn add_favorite(app: &App, request: &Request) -> Result<Response, Problem> {
    let user = request.caller()?.user;
    let pokemon = request.body::<FavoriteRequest>()?.id()?;
    let dex = app.catalogue.dex(&request.meter).await?;
    let pokemon_json = dex.pokemon_json(pokemon).ok_or_else(|| unknown(pokemon))?;
    let favorite = StoredFavorite { pokemon, created_at: now() };
    let answer = personal(StatusCode::CREATED, &row(user, favorite, &pokemon_json)?)?;
    let record = request.change(Action::AddFavorite, target::pokemon(pokemon)).answered(&answer);
    let added = app.kernel.accounts().add_favorite(&request.meter, user, favorite, &record).await;
    added.map_err(|refused| match refused.decisive() {
        Some(Condition::NotFavorite(pokemon)) => {
            Problem::conflict("already_favorite", format!("Pokémon {pokemon} already in favorites"))
        }
        _ => refused.into(),
    })?;
    Ok(answer)
}

/// Removes the favorite that the body names.
pub(crate) async fn remove_favorite(app: &App, request: &Request) -> Result<Response, Problem> {
    let user = request.caller()?.user;
    let pokemon = request.body::<FavoriteRequest>()?.id()?;
    remove(app, request, user, pokemon).await
}

/// Removes the favorite that the path names.
pub(crate) async fn delete_favorite(app: &App, request: &Request) -> Result<Response, Problem> {
    let user = request.caller()?.user;
    let text = request.params.get("pokemon_id").map(String::as_str).unwrap_or_default();
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let pokemon = text.parse().ok().filter(|_| is_number);
    remove(app, request, user, checked(pokemon)?).await
}

async fn remove(app: &App, request: &Request, user: UserId, pokemon: u32) -> Result<Response, Problem> {
    let answer = done("Removed from favorites")?;
    let record = request.change(Action::RemoveFavorite, target::pokemon(pokemon)).answered(&answer);
    let removed = app.kernel.accounts().remove_favorite(&request.meter, user, pokemon, &record).await;
    removed.map_err(|refused| match refused.decisive() {
        Some(Condition::Favorite(pokemon)) => {
            let detail = format!("Pokémon {pokemon} is not in favorites");
            Problem { code: "not_favorite", ..Problem::not_found(detail) }
        }
        _ => refused.into(),
    })?;
    Ok(answer)
}

/// The Pokémon to add or remove.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkRequest {
    /// At most 1,025 ids; duplicates count once.
    #[schemars(length(min = 1, max = 1025), inner(range(min = 1)))]
    pokemon_ids: Vec<u32>,
}

/// The result of a bulk change.
#[derive(Serialize, JsonSchema)]
pub struct BulkAnswer {
    pub message: &'static str,
    /// One result for each id, sorted by id.
    pub results: Vec<BulkRow>,
}

#[derive(Serialize, JsonSchema)]
pub struct BulkRow {
    pub pokemon_id: u32,
    /// Whether it is a favorite after the request.
    pub is_favorite: bool,
    /// `not_found` for an id that is not a Pokémon.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub error: Option<&'static str>,
}

impl BulkRequest {
    const MOST: usize = 1025;

    fn ids(self) -> Result<BTreeSet<u32>, Problem> {
        let wrong = |message: &str| Err(Problem::invalid(vec![FieldError::new("pokemon_ids", message)]));
        let ids: BTreeSet<u32> = self.pokemon_ids.into_iter().collect();
        if ids.is_empty() {
            return wrong("must contain at least one id");
        }
        if ids.len() > Self::MOST {
            return wrong("must contain at most 1,025 ids");
        }
        if ids.contains(&0) {
            return wrong("must contain only ids from 1 up");
        }
        Ok(ids)
    }
}

/// Adds many favorites. Existing favorites stay, so a client can repeat an interrupted request.
pub(crate) async fn add_favorites(app: &App, request: &Request) -> Result<Response, Problem> {
    let user = request.caller()?.user;
    let ids = request.body::<BulkRequest>()?.ids()?;
    let dex = app.catalogue.dex(&request.meter).await?;
    let (known, unknown): (BTreeSet<u32>, BTreeSet<u32>) = ids.into_iter().partition(|id| dex.has(*id));
    keep_key(app, request, user).await?;
    app.kernel
        .accounts()
        .add_favorites(&request.meter, user, &known, steps(request, Action::AddFavorite))
        .await?;
    let found = known.into_iter().map(|pokemon_id| BulkRow { pokemon_id, is_favorite: true, error: None });
    let missing = unknown.into_iter().map(|pokemon_id| BulkRow {
        pokemon_id,
        is_favorite: false,
        error: Some("not_found"),
    });
    let mut results: Vec<_> = found.chain(missing).collect();
    results.sort_by_key(|row| row.pokemon_id);
    personal(StatusCode::OK, &BulkAnswer { message: "Favorites added", results })
}

/// Removes many favorites. A client can repeat an interrupted request.
pub(crate) async fn remove_favorites(app: &App, request: &Request) -> Result<Response, Problem> {
    let user = request.caller()?.user;
    let ids = request.body::<BulkRequest>()?.ids()?;
    keep_key(app, request, user).await?;
    app.kernel
        .accounts()
        .remove_favorites(&request.meter, user, &ids, steps(request, Action::RemoveFavorite))
        .await?;
    let row = |pokemon_id| BulkRow { pokemon_id, is_favorite: false, error: None };
    let results = ids.into_iter().map(row).collect();
    personal(StatusCode::OK, &BulkAnswer { message: "Favorites removed", results })
}

/// Stores the receipt of the request's idempotency key, if it has one, before the first step: a request may need no steps, or a
/// simultaneous request with the same key may be faster.
async fn keep_key(app: &App, request: &Request, user: UserId) -> Result<(), Problem> {
    let now = now();
    let Some(receipt) = request.receipt_of_answer(StatusCode::OK, now) else { return Ok(()) };
    Ok(app.kernel.accounts().keep_receipt(&request.meter, user, &receipt, now).await?)
}

/// Returns a function that builds the record of each step.
fn steps(request: &Request, action: Action) -> impl FnMut(&[u32]) -> ChangeRecord {
    move |ids| request.change(action, target::all_pokemon(ids)).without_receipt()
}

fn unknown(pokemon: u32) -> Problem {
    Problem::not_found(format!("Pokémon {pokemon} not found"))
}
