//! What everybody may read, and what every response has.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Report, Target, client::Client};

pub(super) async fn check(client: &Client, target: &Target, report: &mut Report) {
    report.check("health", async { client.get("/api/v1/health").expect(&[200]).await }).await;
    report.check("readiness", ready(client, target)).await;
    report.check("version", version(client, target)).await;
    report.check("list", list(client)).await;
    report.check("search", search(client)).await;
    report.check("detail and ETag", detail(client)).await;
    report.check("types", async { client.get("/api/v1/pokemon/types").expect(&[200]).await }).await;
    report.check("description", async { client.get("/api/v1/openapi.json").expect(&[200]).await }).await;
    report.check("public keys", keys(client)).await;
    report
        .check("HEAD", async { client.request(Method::HEAD, "/api/v1/pokemon/25").expect(&[200]).await })
        .await;
    report.check("unknown path", async { client.get("/api/v1/nothing").expect(&[404]).await }).await;
    report.check("preflight", preflight(client)).await;
    report.check("administrators only", async { client.get("/api/v1/users").expect(&[401]).await }).await;
}

async fn ready(client: &Client, target: &Target) -> Result<()> {
    let answer = client.get("/api/v1/health/ready").expect(&[200, 503]).await?;
    if answer.status == 200 {
        return Ok(());
    }
    let is_old = |error: &Value| error["field"] == "sync";
    let only_old = answer.body["errors"].as_array().is_some_and(|errors| errors.iter().all(is_old));
    ensure!(only_old && !target.expects_sync, "not ready: {}", answer.body);
    Ok(())
}

async fn version(client: &Client, target: &Target) -> Result<()> {
    let answer = client.get("/api/version").expect(&[200]).await?;
    ensure!(answer.text("name")? == "pokedex", "another product answers: {}", answer.body);
    if let Some(release) = &target.release {
        ensure!(
            answer.text("release")? == release,
            "the release {} answers instead of {release}",
            answer.text("release")?
        );
    }
    Ok(())
}

async fn list(client: &Client) -> Result<()> {
    let page = client.get("/api/v1/pokemon?per_page=5&type=fire").expect(&[200]).await?;
    let rows = page.body["pokemon"].as_array().map_or(0, Vec::len);
    ensure!(rows == 5, "the page has {rows} rows instead of 5");
    ensure!(
        page.header("cache-control").is_some_and(|value| value.contains("public")),
        "the list is not cacheable"
    );
    Ok(())
}

async fn search(client: &Client) -> Result<()> {
    let page = client.get("/api/v1/pokemon?search=pikachu").expect(&[200]).await?;
    ensure!(
        page.body["pokemon"][0]["name"] == "pikachu",
        "the search finds {}",
        page.body["pokemon"][0]["name"]
    );
    Ok(())
}

async fn detail(client: &Client) -> Result<()> {
    let pikachu = client.get("/api/v1/pokemon/25").expect(&[200]).await?;
    ensure!(pikachu.text("name")? == "pikachu", "Pokémon 25 is {}", pikachu.body["name"]);
    let tag = pikachu.header("etag").unwrap_or_default().to_owned();
    client.get("/api/v1/pokemon/25").header("If-None-Match", &tag).expect(&[304]).await?;
    Ok(())
}

async fn keys(client: &Client) -> Result<()> {
    let keys = client.get("/.well-known/jwks.json").expect(&[200]).await?;
    ensure!(keys.body["keys"].as_array().is_some_and(|keys| !keys.is_empty()), "there are no public keys");
    Ok(())
}

/// The answer depends on the configured origins; a preflight must never be an error.
async fn preflight(client: &Client) -> Result<()> {
    let request = client
        .request(Method::OPTIONS, "/api/v1/auth/login")
        .header("Origin", "https://pokedex.invalid")
        .header("Access-Control-Request-Method", "POST");
    let answer = request.expect(&[204]).await?;
    let allowed = answer.header("access-control-allow-origin");
    ensure!(allowed.is_none(), "an unknown origin is allowed: {}", json!(allowed));
    Ok(())
}
