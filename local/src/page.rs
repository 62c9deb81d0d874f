//! `GET /`: a page of requests to try, with real data.

use std::fmt::Write as _;

use adapters::store::Meter;
use api::{App, routes::SPECS};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use domain::dex::{Dex, ListQuery};
use door::{Event, Response, Router};
use http::Method;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page.css");

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

pub(crate) async fn answer(app: &App, router: &Router<App>) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src https:; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    let body = match app.catalogue.dex(&Meter::default()).await {
        Ok(dex) => page(&dex, router),
        Err(problem) => format!("<p class=lede>{}</p>", problem.detail),
    };
    let document = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Pokédex</title><style>{STYLE}</style><main><h1>Pokédex</h1>{body}</main></html>\n"
    );
    html(document, &policy)
}

fn page(dex: &Dex, router: &Router<App>) -> String {
    let (all, species) = dex.counts();
    let mut page = format!(
        "<p class=lede><b>{species}</b> species, <b>{all}</b> Pokémon, served from this machine. \
         Routes that need no sign-in are links.</p><h2>Routes</h2><table>"
    );
    for spec in SPECS {
        let links = TRY.iter().filter(|path| route_of(path, router) == spec.name);
        let links: Vec<_> =
            links.map(|path| format!("<a href=\"{0}\">{0}</a>", path.replace('&', "&amp;"))).collect();
        let links = match links.as_slice() {
            // The route has no path that a browser could follow.
            [] => format!("<code>{} {}</code>", spec.method, spec.path),
            links => links.join("<br>"),
        };
        let _ = write!(page, "<tr><td>{}<td>{links}", spec.summary);
    }
    page.push_str("</table><h2>Strongest Pokémon</h2><table class=dex><tr><th>#<th>Name<th>Types<th>Total");
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

/// Returns the name of the route that answers a GET of `path`.
fn route_of(path: &str, router: &Router<App>) -> &'static str {
    let path = path.split('?').next().unwrap_or_default();
    router.route(&Method::GET, path, &mut Event::default()).spec.name
}

/// An HTML page with its own headers: those of the API forbid styles.
fn html(body: String, policy: &str) -> Response {
    let mut response = Response::new(Bytes::from(body));
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
