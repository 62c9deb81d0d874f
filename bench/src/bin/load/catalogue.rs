//! Pages that are the same for every visitor. Each is read once before the load; every later answer must equal that one.

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use fastrand::Rng;
use http::StatusCode;

use crate::client::{Ask, Checked, Http, wrong};

/// Requests that are refused, with their statuses.
const REFUSED: [(&str, StatusCode); 5] = [
    ("/api/v1/pokemon/there-is-no-such-pokemon", StatusCode::NOT_FOUND),
    ("/api/v1/pokemon?per_page=1000&page=0", StatusCode::UNPROCESSABLE_ENTITY),
    ("/api/v1/pokemon?type=paper", StatusCode::UNPROCESSABLE_ENTITY),
    ("/api/v1/auth/profile", StatusCode::UNAUTHORIZED),
    ("/api/v1/nowhere", StatusCode::NOT_FOUND),
];

const LISTS: [&str; 14] = [
    "search=char",
    "search=pikachuu",
    "search=mega%20char",
    "search=25",
    "search=flab%C3%A9b%C3%A9",
    "search=nothing-is-called-that",
    "type=fire",
    "type=water&type=flying&sort=speed_desc",
    "generation=3&per_page=50",
    "ability=levitate",
    "sort=total_desc",
    "ids=1,25,150,151,493",
    "forms=all&page=4",
    "per_page=100",
];
const TYPES: [&str; 18] = [
    "normal", "fire", "water", "grass", "electric", "ice", "fighting", "poison", "ground", "flying",
    "psychic", "bug", "rock", "ghost", "dragon", "dark", "steel", "fairy",
];
const ABILITIES: [&str; 10] = [
    "overgrow",
    "blaze",
    "torrent",
    "static",
    "levitate",
    "intimidate",
    "sturdy",
    "pressure",
    "keen-eye",
    "chlorophyll",
];
const MOVES: [&str; 10] = [
    "pound",
    "tackle",
    "thunderbolt",
    "surf",
    "fly",
    "earthquake",
    "psychic",
    "flamethrower",
    "ice-beam",
    "toxic",
];

/// The paths that a route is asked for.
fn paths(route: &str) -> Vec<String> {
    let named = |base: &str, names: &[&str]| names.iter().map(|name| format!("{base}{name}")).collect();
    match route {
        "list-pokemon" => {
            let pages = (1..=26).map(|page| format!("/api/v1/pokemon?page={page}"));
            pages.chain(LISTS.iter().map(|query| format!("/api/v1/pokemon?{query}"))).collect()
        }
        "get-pokemon" => {
            let whole = (1..=20).map(|id| format!("/api/v1/pokemon/{}?include=moves,forms", id * 40));
            (1..=130).map(|id| format!("/api/v1/pokemon/{}", id * 7)).chain(whole).collect()
        }
        "get-evolutions" => (1..=60).map(|id| format!("/api/v1/pokemon/{}/evolutions", id * 13)).collect(),
        "get-type" => named("/api/v1/types/", &TYPES),
        "get-ability" => named("/api/v1/abilities/", &ABILITIES),
        "get-move" => named("/api/v1/moves/", &MOVES),
        "list-types" => vec!["/api/v1/pokemon/types".to_owned()],
        "list-generations" => vec!["/api/v1/pokemon/generations".to_owned()],
        "get-version" => vec!["/api/version".to_owned()],
        _ => Vec::new(),
    }
}

#[derive(Debug)]
struct Page {
    path: String,
    /// `None` if the route has no tags.
    etag: Option<String>,
    body: Bytes,
}

/// The pages of each route.
#[derive(Debug, Default)]
pub struct Catalogue(BTreeMap<String, Vec<Page>>);

impl Catalogue {
    /// Reads every page of `routes`.
    ///
    /// # Errors
    /// If a page is not 200, or a route has no pages.
    pub async fn read_all(http: &Http, routes: impl Iterator<Item = &str>) -> Result<Self> {
        let mut all = BTreeMap::new();
        for route in routes {
            let mut pages = Vec::new();
            for path in paths(route) {
                let reply =
                    http.send(Ask::get(path.as_str())).await.and_then(|reply| reply.expect(StatusCode::OK));
                let reply = reply.map_err(|fault| anyhow::anyhow!("{path}: {fault}"))?;
                let etag = reply.header("etag").map(str::to_owned);
                pages.push(Page { path, etag, body: reply.body });
            }
            ensure!(!pages.is_empty(), "{route} has no pages in catalogue.rs");
            all.insert(route.to_owned(), pages);
        }
        Ok(Self(all))
    }

    /// Reads a page of `route`, with its tag in half of the cases, and compares the answer with the first one.
    pub async fn read(&self, http: &Http, route: &str, random: &mut Rng) -> Checked<Instant> {
        let Some(page) = self.0.get(route).and_then(|pages| random.choice(pages)) else {
            return wrong(format!("{route} has no pages"));
        };
        let ask = Ask::get(page.path.as_str());
        match page.etag.as_deref().filter(|_| random.bool()) {
            Some(etag) => {
                let ask = ask.with("if-none-match", etag);
                let reply = http.send(ask).await?.expect(StatusCode::NOT_MODIFIED)?;
                page.check(reply.header("etag"), &reply.body, &Bytes::new())?;
                Ok(reply.at)
            }
            None => {
                let reply = http.send(ask).await?.expect(StatusCode::OK)?;
                page.check(reply.header("etag"), &reply.body, &page.body)?;
                Ok(reply.at)
            }
        }
    }
}

impl Page {
    fn check(&self, etag: Option<&str>, body: &Bytes, expected: &Bytes) -> Checked<()> {
        if etag != self.etag.as_deref() {
            return wrong(format!("{}: the tag {etag:?}, and {:?} before", self.path, self.etag));
        }
        if body != expected {
            return wrong(format!(
                "{}: a body of {} bytes, not of {}, or another one",
                self.path,
                body.len(),
                expected.len()
            ));
        }
        Ok(())
    }
}

/// Sends a request that must be refused.
pub async fn refused(http: &Http, random: &mut Rng) -> Checked<Instant> {
    let (path, status) = REFUSED[random.usize(..REFUSED.len())];
    http.send(Ask::get(path)).await?.refuses(status)
}

/// Whether the server serves its whole catalogue.
///
/// # Errors
/// If it is not ready.
pub async fn ready(http: &Http) -> Result<()> {
    let reply =
        http.send(Ask::get("/api/v1/health/ready")).await.and_then(|reply| reply.expect(StatusCode::OK));
    reply.map(drop).map_err(|fault| anyhow::anyhow!("{fault}")).context("the server is not ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_with_another_tag_or_body_is_wrong() {
        let body = Bytes::from_static(b"[1]");
        let page = Page { path: "/x".to_owned(), etag: Some("\"1\"".to_owned()), body: body.clone() };
        assert_eq!(page.check(Some("\"1\""), &body, &page.body), Ok(()));
        assert!(page.check(Some("\"2\""), &body, &page.body).is_err());
        assert!(page.check(None, &body, &page.body).is_err());
        assert!(page.check(Some("\"1\""), &Bytes::from_static(b"[2]"), &page.body).is_err());
    }

    #[test]
    fn every_route_has_paths_that_differ() {
        for route in ["list-pokemon", "get-pokemon", "get-evolutions", "get-type", "get-ability", "get-move"]
        {
            let mut all = paths(route);
            let number = all.len();
            all.sort();
            all.dedup();
            assert!(number >= 10 && all.len() == number, "{route}: {number}");
        }
        assert!(paths("make-coffee").is_empty());
    }
}
