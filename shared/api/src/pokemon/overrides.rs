//! `POST /api/v1/pokemon`, `PUT` and `DELETE /api/v1/pokemon/{id}`: administrators' changes to the dex.
//!
//! A route stores the change first, with its event, and then asks the one writer to publish it. If the request fails in between, the
//! writer's next run finds the unpublished change and publishes it.

use std::time::Instant;

use adapters::{
    store::{Key, Named, Record, accounts::OverrideChange},
    sync::{Order, Source},
};
use domain::{
    FieldError, Name, Slug,
    audit::Action,
    catalog::{Edits, Pokemon, StoredPokemon},
};
use http::{StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;

use super::detail::{Detail, Include};
use crate::{
    app::App,
    stored, target,
    writer::{self, WriterReply},
};
use door::{
    Problem, Request, Response,
    body::{Done, PERSONAL, done, personal},
    cache::json,
};

/// The Pokémon to fetch from PokeAPI.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchRequest {
    #[schemars(range(min = 1, max = 99_999))]
    pokemon_id: u32,
}

/// The greatest id that a Pokémon can have.
const GREATEST_ID: u32 = 99_999;

/// Fetches a Pokémon from PokeAPI, and shows it again if it was hidden. Returns 201 if it did not exist before.
pub(crate) async fn fetch(app: &App, request: &Request) -> Result<Response, Problem> {
    let since = Instant::now();
    let FetchRequest { pokemon_id: id } = request.body()?;
    if !(1..=GREATEST_ID).contains(&id) {
        let message = format!("must be a whole number from 1 to {GREATEST_ID}");
        return Err(Problem::invalid(vec![FieldError::new("pokemon_id", message)]));
    }
    ready(app, request).await?;
    let was_there = match latest(app, request, id).await? {
        Some(record) => record.parse::<StoredPokemon>(&Key::pokemon(id))?.pokemon.removed_at.is_none(),
        None => false,
    };
    let status = request.repeated.unwrap_or(if was_there { StatusCode::OK } else { StatusCode::CREATED });
    let before = app.kernel.accounts().override_of(&request.meter, id).await?;
    let change = if before.is_hidden { OverrideChange::Show } else { OverrideChange::None };
    store(app, request, id, Action::FetchPokemon, &change, status).await?;
    match writer::ask(app, Order::Fetch { pokemon: id }, since).await? {
        WriterReply::GoesOn => later(),
        // Only the event is stored, and PokeAPI was not asked, so the request fails. A change of visibility is published later.
        WriterReply::NotTaken if !before.is_hidden => Err(writer::busy()),
        WriterReply::NotTaken => later(),
        WriterReply::Published(Source::Answered | Source::NotAsked) => tell(app, request, id, status).await,
        // A hidden Pokémon is visible again, even if PokeAPI fails.
        WriterReply::Published(source) if before.is_hidden => match tell(app, request, id, status).await {
            Err(Problem { status: StatusCode::NOT_FOUND, .. }) => Err(refused(source, id)),
            answered => answered,
        },
        WriterReply::Published(source) => Err(refused(source, id)),
    }
}

/// Replaces the edits of a Pokémon. Without edits, the Pokémon is fetched again with PokeAPI's current values.
pub(crate) async fn update(app: &App, request: &Request) -> Result<Response, Problem> {
    let since = Instant::now();
    let is_empty = request.body.iter().all(u8::is_ascii_whitespace);
    let edits = if is_empty { Edits::default() } else { request.body::<Edits>()? };
    let dex = app.catalogue.dex(&request.meter).await?;
    let wrong = edits.wrong(|name| dex.has_type(name), |name| dex.has_ability(name));
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    ready(app, request).await?;
    let Pokemon { id, removed_at, .. } = named(app, request).await?;
    let is_fetched = edits.is_empty();
    if removed_at.is_some() && !is_fetched {
        let message = "is not in PokeAPI any more, so that it cannot be edited";
        return Err(Problem::invalid(vec![FieldError::new("id", message)]));
    }
    let order = if is_fetched { Order::Fetch { pokemon: id } } else { Order::Publish };
    store(app, request, id, Action::EditPokemon, &OverrideChange::Edit(edits), StatusCode::OK).await?;
    match writer::ask(app, order, since).await? {
        WriterReply::GoesOn => later(),
        WriterReply::NotTaken if is_fetched => Err(writer::busy()),
        WriterReply::NotTaken => later(),
        WriterReply::Published(source @ (Source::Failed { .. } | Source::Refused { .. })) => {
            Err(refused(source, id))
        }
        // A Pokémon that PokeAPI no longer has keeps its last known values.
        WriterReply::Published(_) => tell(app, request, id, StatusCode::OK).await,
    }
}

/// Hides a Pokémon from all responses, as if PokeAPI did not have it.
pub(crate) async fn hide(app: &App, request: &Request) -> Result<Response, Problem> {
    let since = Instant::now();
    ready(app, request).await?;
    let id = match named(app, request).await {
        // The client repeats a request, with its key, that was interrupted or whose response was lost.
        Err(Problem { status: StatusCode::NOT_FOUND, .. }) if request.repeated.is_some() => {
            return done("Pokémon hidden");
        }
        named => named?.id,
    };
    store(app, request, id, Action::HidePokemon, &OverrideChange::Hide, StatusCode::OK).await?;
    match writer::ask(app, Order::Publish, since).await? {
        WriterReply::Published(_) => done("Pokémon hidden"),
        WriterReply::GoesOn | WriterReply::NotTaken => later(),
    }
}

/// Checks that no writer holds the catalogue. A repeated request skips the check: its change is stored already, and waits for the writer.
async fn ready(app: &App, request: &Request) -> Result<(), Problem> {
    if request.repeated.is_some() { Ok(()) } else { writer::free(app, request).await }
}

/// Returns the Pokémon that the path names by id or slug. A change accepts no other name: after its default is hidden, a species'
/// name leads to another Pokémon, and a request that is sent twice must not change two.
async fn named(app: &App, request: &Request) -> Result<Pokemon, Problem> {
    let text = request.params.get("id").map(String::as_str).unwrap_or_default();
    let unknown = || stored::not_found(Named::Pokemon, text);
    let name = Name::parse(text).ok_or_else(unknown)?;
    let exact = if name.is_id() { name.key() } else { name.slug().ok_or_else(unknown)?.as_str() };
    let key = Slug::parse(exact).map_err(|_| unknown())?;
    let record = app.catalogue.store().pokemon(&request.meter, &key).await?.ok_or_else(unknown)?;
    let pokemon = record.parse::<StoredPokemon>(&Key::pokemon(&key))?.pokemon;
    if name.is_id() || pokemon.name == exact { Ok(pokemon) } else { Err(unknown()) }
}

/// Reads a Pokémon consistently: it may have just been published.
async fn latest(app: &App, request: &Request, id: u32) -> Result<Option<Record>, Problem> {
    Ok(app.catalogue.store().latest(&request.meter, &Key::pokemon(id)).await?)
}

/// Stores a change with its event, unless a request with the same key has done so.
async fn store(
    app: &App,
    request: &Request,
    id: u32,
    action: Action,
    change: &OverrideChange,
    status: StatusCode,
) -> Result<(), Problem> {
    if request.repeated.is_some() {
        return Ok(());
    }
    let admin = request.caller()?.user;
    let record = request.change(action, target::pokemon(id)).answered_again(status);
    Ok(app.kernel.accounts().override_pokemon(&request.meter, admin, id, change, &record).await?)
}

/// Returns the problem of a failed fetch: 404 if PokeAPI does not have the Pokémon, 502 if its document is not usable, 503 if it is down.
fn refused(source: Source, id: u32) -> Problem {
    match source {
        Source::Refused { resource, field, reason } => invalid_document(&resource, field, reason, id),
        Source::Failed { reason } => {
            let detail = format!("PokeAPI is unavailable, so Pokémon {id} was not refreshed");
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "pokeapi_unavailable", detail);
            Problem { retry_after: Some(60), cause: Some(reason), ..problem }
        }
        Source::NotAsked | Source::Answered | Source::Unknown => {
            Problem::not_found(format!("Pokémon {id} not found in PokeAPI"))
        }
    }
}

/// Returns 502, naming the field. Quotes nothing of the document, which is third-party data.
fn invalid_document(resource: &str, field: Option<String>, cause: String, id: u32) -> Problem {
    let wrong = field.as_ref().map_or_else(String::new, |field| format!(": {field}"));
    let detail =
        format!("The document {resource} of PokeAPI is not valid{wrong}. Pokémon {id} was not refreshed");
    let problem = Problem::new(StatusCode::BAD_GATEWAY, "pokeapi_invalid_document", detail);
    let errors = field.map(|field| FieldError::new(&field, format!("is not valid in {resource}")));
    Problem { errors: errors.into_iter().collect(), cause: Some(cause), ..problem }
}

/// Returns 202: the change will be visible once the writer has published it.
fn later() -> Result<Response, Problem> {
    let message = "Stored; the change becomes visible when the catalogue has been published";
    personal(StatusCode::ACCEPTED, &Done { message })
}

/// Returns the Pokémon's current state.
async fn tell(app: &App, request: &Request, id: u32, status: StatusCode) -> Result<Response, Problem> {
    let record = latest(app, request, id).await?;
    // The record is absent if some of the Pokémon's documents are not known, or if it was hidden again meanwhile.
    let record = record.ok_or_else(|| Problem::not_found(format!("Pokémon {id} not found")))?;
    let detail = Detail::read(app, &request.meter, &Key::pokemon(id), record, Include::default()).await?;
    let mut response = json(detail.body(&app.config.sprite_base)?);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, PERSONAL);
    Ok(response)
}
