//! The journey of a reader, without an account.

use adapters::visitor::Visit;
use serde_json::Value;

use super::journey::{Failure, Journey};

/// Misspelled names, and those that a search must find nevertheless.
const TYPOS: [(&str, &str); 4] =
    [("pikahcu", "pikachu"), ("charzard", "charizard"), ("bulbasuar", "bulbasaur"), ("squirtel", "squirtle")];
/// The checks of readiness that have alarms of their own, and whose failure affects no user.
const ONLY_OLD: [&str; 1] = ["sync"];

/// Plays the journey. Pages and names differ from run to run, so that most requests reach the functions and not only stored responses.
/// Returns the checks of readiness that report old data.
pub(super) async fn play(journey: &mut Journey<'_>) -> Result<Vec<String>, Failure> {
    journey.send("health", Visit::get("/api/v1/health"), &[200]).await?;
    let old = readiness(journey).await?;
    let name = list(journey).await?;
    search(journey).await?;
    detail(journey, &name).await?;
    unknown(journey).await?;
    Ok(old)
}

async fn readiness(journey: &mut Journey<'_>) -> Result<Vec<String>, Failure> {
    let reply = journey.send("readiness", Visit::get("/api/v1/health/ready"), &[200, 503]).await?;
    if reply.status == 200 {
        return Ok(Vec::new());
    }
    let body = reply.json();
    let errors = body["errors"].as_array().into_iter().flatten();
    let names: Vec<String> = errors.filter_map(|error| error["field"].as_str()).map(str::to_owned).collect();
    let is_only_old = !names.is_empty() && names.iter().all(|name| ONLY_OLD.contains(&name.as_str()));
    journey.require(is_only_old, || body["detail"].as_str().unwrap_or("not ready").to_owned())?;
    Ok(names)
}

/// Opens a page of the list; returns the name of one of its Pokémon.
async fn list(journey: &mut Journey<'_>) -> Result<String, Failure> {
    let (page, size) = (fastrand::usize(1..=10), fastrand::usize(1..=100));
    let path = format!("/api/v1/pokemon?page={page}&per_page={size}");
    let reply = journey.send("list", Visit::get(&path), &[200]).await?;
    let is_public = reply.header("cache-control").is_some_and(|value| value.contains("public"));
    journey.require(is_public, || "the list is not cacheable".to_owned())?;
    let body = reply.json();
    let names = names(&body);
    journey.require((1..=size).contains(&names.len()), || format!("the page has {} rows", names.len()))?;
    let name = names[fastrand::usize(..names.len())];
    Ok(name.to_owned())
}

/// Finds a Pokémon by a misspelled name.
async fn search(journey: &mut Journey<'_>) -> Result<(), Failure> {
    let (typo, name) = TYPOS[fastrand::usize(..TYPOS.len())];
    let path = format!("/api/v1/pokemon?per_page={}&search={typo}", fastrand::usize(10..=100));
    let body = journey.send("search", Visit::get(&path), &[200]).await?.json();
    let found = names(&body);
    journey
        .require(found.contains(&name), || format!("the search for {typo} finds {found:?}, not {name}"))?;
    let rank = &body["pagination"]["match"];
    journey.require(rank == "fuzzy", || format!("the match is {rank}"))
}

/// Opens a Pokémon, and asks again whether it has changed.
async fn detail(journey: &mut Journey<'_>, name: &str) -> Result<(), Failure> {
    let path = format!("/api/v1/pokemon/{name}");
    let reply = journey.send("pokemon", Visit::get(&path), &[200]).await?;
    let got = reply.json()["name"].clone();
    journey.require(got == name, || format!("the Pokémon {name} has the name {got}"))?;
    let tag = reply.header("etag").unwrap_or_default();
    journey.require(!tag.is_empty(), || "the response has no ETag".to_owned())?;
    journey.send("unchanged", Visit::get(&path).header("If-None-Match", tag), &[304]).await?;
    Ok(())
}

async fn unknown(journey: &mut Journey<'_>) -> Result<(), Failure> {
    let path = format!("/api/v1/pokemon/missingno-{:08x}", fastrand::u32(..));
    let reply = journey.send("unknown", Visit::get(&path), &[404]).await?;
    let code = reply.json()["code"].clone();
    journey.require(code == "not_found", || format!("the code is {code}"))
}

/// Returns the slugs of the rows of a page.
fn names(page: &Value) -> Vec<&str> {
    let rows = page["pokemon"].as_array().into_iter().flatten();
    rows.filter_map(|row| row["name"].as_str()).collect()
}
