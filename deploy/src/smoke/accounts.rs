//! An account from its registration to its deletion.

use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Report,
    client::{Answer, Client},
};

/// An account of the test.
struct Account {
    id: String,
    username: String,
    password: String,
    token: String,
    refresh: String,
}

pub(super) async fn check(client: &Client, report: &mut Report) {
    report.check("unknown account", unknown(client)).await;
    report.check("body of 20 KB", large_body(client)).await;
    let Some(mut account) = report.check("register", register(client)).await else { return };
    if let Some((token, refresh)) = report.check("sign in", sign_in(client, &account)).await {
        (account.token, account.refresh) = (token, refresh);
    }
    if let Some(token) = report.check("refresh", refresh(client, &account)).await {
        account.token = token;
    }
    report.check("favorite", favorite(client, &account)).await;
    report.check("DELETE with a body", remove_favorite(client, &account)).await;
    report.check("profile with If-Match", profile(client, &account)).await;
    report.check("export", export(client, &account)).await;
    // The account is deleted also if a check failed.
    report.check("delete the account", delete(client, &account)).await;
    report.check("nothing is left", gone(client, &account)).await;
}

fn unique() -> String {
    adapters::tokens::unguessable::<6>().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn unknown(client: &Client) -> Result<()> {
    let nobody = json!({"username": format!("nobody_{}", unique()), "password": "no such password"});
    client.request(Method::POST, "/api/v1/auth/login").json(&nobody).repeatable(&[]).expect(&[401]).await?;
    Ok(())
}

/// A firewall that inspects bodies would answer with a page instead of a problem.
async fn large_body(client: &Client) -> Result<()> {
    let body = json!({"username": "x".repeat(20 * 1024), "password": "<script>alert(1)</script>"});
    client
        .request(Method::POST, "/api/v1/auth/login")
        .json(&body)
        .repeatable(&[])
        .expect(&[401, 413, 422])
        .await?;
    Ok(())
}

async fn register(client: &Client) -> Result<Account> {
    let unique = unique();
    let (username, password) = (format!("smoke_{unique}"), format!("smoke test {unique}"));
    let body =
        json!({"username": username, "email": format!("smoke-{unique}@example.com"), "password": password});
    let request = client.request(Method::POST, "/api/v1/auth/register").json(&body).repeatable(&[409]);
    let mut answer = request.expect(&[201]).await?;
    if answer.status == StatusCode::CONFLICT {
        // The first attempt has registered the account.
        let login = json!({"username": username, "password": password});
        answer = client
            .request(Method::POST, "/api/v1/auth/login")
            .json(&login)
            .repeatable(&[])
            .expect(&[200])
            .await?;
    }
    let (token, refresh) = tokens(&answer)?;
    let id = answer.body["user"]["id"].as_str().context("the user has no id")?.to_owned();
    Ok(Account { id, username, password, token, refresh })
}

fn tokens(answer: &Answer) -> Result<(String, String)> {
    Ok((answer.text("access_token")?.to_owned(), answer.text("refresh_token")?.to_owned()))
}

async fn sign_in(client: &Client, account: &Account) -> Result<(String, String)> {
    let body = json!({"username": account.username, "password": account.password});
    let request = client.request(Method::POST, "/api/v1/auth/login").json(&body).repeatable(&[]);
    tokens(&request.expect(&[200]).await?)
}

async fn refresh(client: &Client, account: &Account) -> Result<String> {
    let body = json!({"refresh_token": account.refresh});
    let answer = client
        .request(Method::POST, "/api/v1/auth/refresh")
        .json(&body)
        .repeatable(&[])
        .expect(&[200])
        .await?;
    Ok(answer.text("access_token")?.to_owned())
}

impl Account {
    fn favorites(&self) -> String {
        format!("/api/v1/users/{}/favorites", self.id)
    }
}

async fn favorite(client: &Client, account: &Account) -> Result<()> {
    let path = account.favorites();
    client.get(&path).expect(&[401]).await?;
    let pikachu = json!({"pokemon_id": 25});
    let add = client.request(Method::POST, &path).token(&account.token).json(&pikachu).repeatable(&[409]);
    add.expect(&[201]).await?;
    let listed = client.get(&path).token(&account.token).expect(&[200]).await?;
    ensure!(
        listed.body["favorites"].as_array().map(Vec::len) == Some(1),
        "the favorites are {}",
        listed.body
    );
    Ok(())
}

async fn remove_favorite(client: &Client, account: &Account) -> Result<()> {
    let path = account.favorites();
    let pikachu = json!({"pokemon_id": 25});
    let remove = client.request(Method::DELETE, &path).token(&account.token).json(&pikachu);
    remove.repeatable(&[404]).expect(&[200]).await?;
    let listed = client.get(&path).token(&account.token).expect(&[200]).await?;
    ensure!(listed.body["favorites"] == json!([]), "the favorite is still there: {}", listed.body);
    Ok(())
}

async fn profile(client: &Client, account: &Account) -> Result<()> {
    let path = "/api/v1/auth/profile";
    // The same name again changes nothing that would stay reserved.
    let change = json!({"username": account.username});
    let stale = client.request(Method::PUT, path).token(&account.token).header("If-Match", "\"stale\"");
    stale.json(&change).repeatable(&[]).expect(&[412]).await?;
    let read = client.get(path).token(&account.token).expect(&[200]).await?;
    ensure!(
        read.header("cache-control").is_some_and(|value| value.contains("no-store")),
        "a private response may be stored"
    );
    let tag = read.header("etag").context("the profile has no ETag")?.to_owned();
    let change =
        client.request(Method::PUT, path).token(&account.token).header("If-Match", &tag).json(&change);
    // After a first attempt that took effect, the profile has another tag.
    change.repeatable(&[412]).expect(&[200]).await?;
    Ok(())
}

async fn export(client: &Client, account: &Account) -> Result<()> {
    let body = json!({"password": account.password});
    // The response is the link of a file, or on one machine the file itself.
    client
        .request(Method::POST, "/api/v1/auth/export")
        .token(&account.token)
        .json(&body)
        .repeatable(&[])
        .expect(&[200, 202])
        .await?;
    Ok(())
}

async fn delete(client: &Client, account: &Account) -> Result<()> {
    let body = json!({"password": account.password});
    client
        .request(Method::DELETE, "/api/v1/auth/profile")
        .token(&account.token)
        .json(&body)
        .repeatable(&[401])
        .expect(&[200])
        .await?;
    Ok(())
}

async fn gone(client: &Client, account: &Account) -> Result<Value> {
    let body = json!({"username": account.username, "password": account.password});
    client.request(Method::POST, "/api/v1/auth/login").json(&body).expect(&[401]).await?;
    Ok(client.get("/api/v1/auth/profile").token(&account.token).expect(&[401]).await?.body)
}
