//! The pages of the product, until it has a web app: requests to try and, on one machine, real data. Its files are in the release as well.

use std::{collections::BTreeMap, fmt::Write as _};

use adapters::store::Meter;
use api::{
    App,
    routes::{self, ANSWER_UNKNOWN, SPECS},
    web,
};
use bytes::Bytes;
use domain::dex::{Dex, ListQuery};
use door::{Event, Response, Router};
use http::Method;
use mirror::Bucket;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::pictures;

/// The style of every page.
pub(crate) const STYLE: &str = include_str!("page.css");

/// Paths to try; the first path of a route is its simplest.
const TRY: [&str; 18] = [
    "/api/v1/pokemon?per_page=5",
    "/api/v1/pokemon?search=char",
    "/api/v1/pokemon?type=water&type=flying&sort=speed_desc",
    "/api/v1/pokemon?generation=9&forms=all&sort=total_desc",
    "/api/v1/pokemon/types",
    "/api/v1/pokemon/generations",
    "/api/v1/pokemon/25",
    "/api/v1/pokemon/deoxys?include=moves,forms",
    "/api/v1/pokemon/eevee/evolutions",
    "/api/v1/types/fairy",
    "/api/v1/abilities/static",
    "/api/v1/moves/thunder-shock",
    "/api/v1/health",
    "/api/v1/health/ready",
    "/api/version",
    "/.well-known/jwks.json",
    "/api/v1/openapi.json",
    "/api/v1/missingno",
];

/// Returns the file at `path`; `None` if it does not exist.
pub(crate) async fn answer(
    app: &App,
    router: &Router<App>,
    assets: Option<&Bucket>,
    path: &str,
) -> Option<Response> {
    if let Some(bucket) = assets.filter(|_| path.starts_with(web::ASSETS)) {
        return Some(with_headers(pictures::file(bucket, path).await?));
    }
    let (text, media_type, caching) = match path {
        path if web::is_page(path) => {
            (document(&with_data(app, router).await), web::media_type(INDEX), "no-cache")
        }
        "/config.json" => (
            web::config(&app.kernel.config.deployment.release, assets.map(|_| web::ASSETS)),
            web::media_type(path),
            "no-cache",
        ),
        path if path.strip_prefix('/') == Some(&style_path()) => {
            (STYLE.to_owned(), web::media_type(path), "public, max-age=31536000, immutable")
        }
        _ => return None,
    };
    Some(file(text, media_type, caching))
}

/// Returns a file with the headers that every page and file has.
pub(crate) fn file(text: String, media_type: &'static str, caching: &'static str) -> Response {
    let mut response = Response::new(Bytes::from(text));
    for (name, value) in [("content-type", media_type), ("cache-control", caching)] {
        response.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    with_headers(response)
}

/// Adds the headers that every page and file has.
fn with_headers(mut response: Response) -> Response {
    for (name, value) in web::HEADERS {
        response.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
    response
}

const INDEX: &str = "index.html";

/// Returns the files of the pages by path: the page has no data of an environment.
#[must_use]
pub fn files() -> BTreeMap<String, String> {
    let router = Router::new(routes::all(), ANSWER_UNKNOWN);
    let body = router.map(|router| table(&router)).unwrap_or_default();
    let lede = "<p class=lede>All Pokémon, as an HTTP API. Routes that need no sign-in are links.</p>";
    [(INDEX.to_owned(), document(&format!("{lede}{body}"))), (style_path(), STYLE.to_owned())].into()
}

/// Returns the path of the style sheet, which contains the hash of its content.
fn style_path() -> String {
    let hash = Sha256::digest(STYLE);
    format!("app/page-{:02x}{:02x}{:02x}{:02x}.css", hash[0], hash[1], hash[2], hash[3])
}

fn document(body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Pokédex</title><link rel=stylesheet href='/{}'><main><h1>Pokédex</h1>{body}</main></html>\n",
        style_path()
    )
}

async fn with_data(app: &App, router: &Router<App>) -> String {
    match app.catalogue.dex(&Meter::default()).await {
        Ok(dex) => page(&dex, router),
        Err(problem) => format!("<p class=lede>{}</p>", problem.detail),
    }
}

fn page(dex: &Dex, router: &Router<App>) -> String {
    let (all, species) = dex.counts();
    let mut page = format!(
        "<p class=lede><b>{species}</b> species, <b>{all}</b> Pokémon, served from this machine. \
         Routes that need no sign-in are links.</p>{}",
        table(router)
    );
    page.push_str("<h2>Strongest Pokémon</h2><table class=dex><tr><th>#<th>Name<th>Types<th>Total");
    let strongest = ListQuery::parse([("sort", "total_desc"), ("per_page", "10")]).unwrap_or_default();
    let rows = dex.page_json(&strongest).unwrap_or_default();
    let rows: Value = serde_json::from_slice(&rows).unwrap_or_default();
    for row in rows["pokemon"].as_array().into_iter().flatten() {
        let stats = row["stats"].as_object().into_iter().flat_map(|stats| stats.values());
        let total: u64 = stats.filter_map(Value::as_u64).sum();
        let types = row["types"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let types: String =
            types.map(escaped).map(|name| format!("<span class='type {name}'>{name}</span>")).collect();
        let (id, name) = (&row["id"], escaped(row["display_name"].as_str().unwrap_or_default()));
        let _ =
            write!(page, "<tr><td>{id}<td><a href='/api/v1/pokemon/{id}'>{name}</a><td>{types}<td>{total}");
    }
    page.push_str("</table>");
    page
}

/// Returns the table of routes, with links for those that a browser can follow.
fn table(router: &Router<App>) -> String {
    let mut table = "<h2>Routes</h2><table>".to_owned();
    for spec in SPECS {
        let links = TRY.iter().filter(|path| route_of(path, router) == spec.name);
        let links: Vec<_> =
            links.map(|path| format!("<a href=\"{0}\">{0}</a>", path.replace('&', "&amp;"))).collect();
        let links = match links.as_slice() {
            // The route has no path that a browser could follow.
            [] => format!("<code>{} {}</code>", spec.method, spec.path),
            links => links.join("<br>"),
        };
        let _ = write!(table, "<tr><td>{}<td>{links}", spec.summary);
    }
    table + "</table>"
}

/// Returns the name of the route that answers a GET of `path`.
fn route_of(path: &str, router: &Router<App>) -> &'static str {
    let path = path.split('?').next().unwrap_or_default();
    router.route(&Method::GET, path, &mut Event::default()).spec.name
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
