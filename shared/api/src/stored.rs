//! Lookups by id or by name. Types, abilities and moves are served as they are stored.

use adapters::store::{Found, Key, Named, Record};
use domain::{FieldError, Name};
use http::{HeaderValue, header};
use serde::Deserialize;

use crate::app::App;
use door::{
    Problem, Request, Response,
    cache::{ETag, cacheable},
};

/// Returns the type, ability or move that the path names, with one GetItem.
pub(crate) async fn get(app: &App, request: &Request, kind: Named) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Head {
        name: String,
    }
    let (key, record) = find(app, request, kind, "name").await?;
    let Head { name } = record.parse(&key)?;
    let etag = ETag::of(&[kind.prefix(), &record.hash]);
    let response = cacheable(request, &etag, || Ok(record.body))?;
    Ok(located(request, response, &format!("{}/{name}", folder(kind))))
}

/// Returns the record of `kind` that the path parameter `param` names, and its key.
///
/// # Errors
/// 404 for an unknown name, or one that several records share; `errors` then lists their slugs. 308 for a former slug.
pub(crate) async fn find(
    app: &App,
    request: &Request,
    kind: Named,
    param: &str,
) -> Result<(Key, Record), Problem> {
    let text = request.params.get(param).map(String::as_str).unwrap_or_default();
    let name = Name::parse(text).ok_or_else(|| not_found(kind, text))?;
    match app.catalogue.store().look_up(&request.meter, kind, &name).await? {
        Found::Record(record) => Ok((Key::named(kind, name.key()), record)),
        Found::Nothing => Err(not_found(kind, text)),
        Found::Shared(slugs) => {
            let detail = format!("{} {} not found: several have this name", noun(kind), shown(text));
            let errors = slugs.iter().map(|slug| FieldError::new(param, slug)).collect();
            Err(Problem { errors, ..Problem::not_found(detail) })
        }
        Found::Renamed(slug) => Err(renamed(request, kind, text, &slug)),
    }
}

/// Returns 308 to the same resource of the record that has the slug `slug` now.
fn renamed(request: &Request, kind: Named, text: &str, slug: &str) -> Problem {
    let below = request.path.strip_prefix(folder(kind)).unwrap_or_default().trim_start_matches('/');
    let rest = below.split_once('/').map_or_else(String::new, |(_, rest)| format!("/{rest}"));
    let location = format!("{}/{slug}{rest}{}", folder(kind), request.query_string());
    Problem::moved(location, format!("{} {} is now called {slug}", noun(kind), shown(text)))
}

/// Returns 404, for a name that no record of `kind` has.
pub(crate) fn not_found(kind: Named, text: &str) -> Problem {
    Problem::not_found(format!("{} {} not found", noun(kind), shown(text)))
}

/// Adds the canonical path to `response`, if the request has another path.
pub(crate) fn located(request: &Request, mut response: Response, canonical: &str) -> Response {
    let path = canonical.split_once('?').map_or(canonical, |(path, _)| path);
    if path != request.path
        && let Ok(path) = HeaderValue::try_from(canonical)
    {
        response.headers_mut().insert(header::CONTENT_LOCATION, path);
    }
    response
}

/// Returns the path below which the records of `kind` are served.
pub(crate) const fn folder(kind: Named) -> &'static str {
    match kind {
        Named::Pokemon => "/api/v1/pokemon",
        Named::Type => "/api/v1/types",
        Named::Ability => "/api/v1/abilities",
        Named::Move => "/api/v1/moves",
    }
}

const fn noun(kind: Named) -> &'static str {
    match kind {
        Named::Pokemon => "Pokémon",
        Named::Type => "Type",
        Named::Ability => "Ability",
        Named::Move => "Move",
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
