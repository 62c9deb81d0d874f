//! Checks of the pages and files beside the API.

use anyhow::{Result, ensure};
use reqwest::StatusCode;

use super::{Report, Target, client::Client};

pub(super) async fn check(client: &Client, target: &Target, report: &mut Report) {
    let page = report.check("page", page(client, "/")).await;
    report
        .check("page of a path", async {
            let other = self::page(client, "/pokemon/mr.-mime").await?;
            ensure!(page.is_none_or(|page| page == other), "/pokemon/mr.-mime is another page than /");
            Ok(())
        })
        .await;
    report.check("configuration", configuration(client)).await;
    report.check("missing files", missing(client)).await;
    if let Some(api) = &target.behind {
        report.check("bypass of the edge", bypass(client, api)).await;
    }
}

/// Returns the text of a page.
async fn page(client: &Client, path: &str) -> Result<String> {
    let page = client.file(path).await?;
    page.require(200)?;
    for (name, value) in [
        ("content-type", "text/html"),
        ("content-security-policy", api::web::CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=63072000"),
    ] {
        let got = page.header(name).unwrap_or_default();
        ensure!(got.starts_with(value), "{path}: the header {name} is {got:?} instead of {value:?}");
    }
    Ok(page.text)
}

async fn configuration(client: &Client) -> Result<()> {
    let file = client.file("/config.json").await?;
    file.require(200)?;
    let values: serde_json::Value = serde_json::from_str(&file.text)?;
    ensure!(values["api_version"] == "v1", "/config.json is {}", file.text);
    Ok(())
}

/// A missing file is not a page, which a browser would try to run or to show.
async fn missing(client: &Client) -> Result<()> {
    for path in ["/app/missing.js", "/assets/missing.webp", "/missing.css"] {
        client.file(path).await?.require(404)?;
    }
    Ok(())
}

async fn bypass(client: &Client, api: &str) -> Result<()> {
    let status = client.elsewhere(&format!("{api}/api/v1/health")).await?;
    ensure!(status == StatusCode::FORBIDDEN, "the API answers {status} to a request that bypasses the edge");
    Ok(())
}
