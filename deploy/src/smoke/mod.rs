//! The smoke test: uses a deployed product as its clients do, and leaves nothing behind.

mod accounts;
mod catalogue;
mod client;
mod pages;

use std::time::Instant;

use anyhow::{Result, bail};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use client::Client;

/// The deployment to test.
#[derive(Clone, Debug)]
pub struct Target {
    /// The address without a path.
    pub url: String,
    /// The value of `X-Origin-Verify`, for an API that is called without its edge.
    pub origin_verify: Option<String>,
    /// The address of the API behind the edge, which must refuse to serve. With it, the address is that of an edge.
    pub behind: Option<String>,
    /// Whether pages and assets are served at the same address.
    pub has_pages: bool,
    /// Whether the catalogue must be as recent as the environment demands. On a first deployment no sync has run.
    pub expects_sync: bool,
    /// The release that must answer.
    pub release: Option<String>,
}

impl Target {
    /// Returns the headers of every request.
    ///
    /// # Errors
    /// If the value of `X-Origin-Verify` is not one of a header.
    pub fn headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        if let Some(value) = &self.origin_verify {
            headers.insert(HeaderName::from_static("x-origin-verify"), HeaderValue::from_str(value)?);
            // The edge appends its own address to that of the client.
            headers.insert(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_static("192.0.2.1, 198.51.100.1"),
            );
        }
        Ok(headers)
    }
}

/// The result of one check.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub milliseconds: u128,
    /// The difference from the expected response; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// The results of all checks.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub url: String,
    pub checks: Vec<Check>,
    /// The requests that were repeated because the API answered 503 and asked for it.
    pub repeated: usize,
}

impl Report {
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failures().len()
    }

    /// Returns a sentence for each failed check.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let failed =
            |check: &Check| check.failure.as_ref().map(|failure| format!("{}: {failure}", check.name));
        self.checks.iter().filter_map(failed).collect()
    }

    #[must_use]
    pub fn summary(&self) -> String {
        let (failed, repeated) = (self.failed(), self.repeated);
        let counts = format!("{} passed, {failed} failed", self.checks.len() - failed);
        let repeats = if repeated == 0 { String::new() } else { format!(", {repeated} requests repeated") };
        format!("smoke test of {}: {counts}{repeats}", self.url)
    }

    /// Prints the report, also if a check failed.
    ///
    /// # Errors
    /// If a check failed.
    pub fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
        } else {
            for check in &self.checks {
                let result = check.failure.as_deref().unwrap_or("passed");
                println!("{:6} ms  {:<22}  {result}", check.milliseconds, check.name);
            }
        }
        eprintln!("{}", self.summary());
        match self.failed() {
            0 => Ok(()),
            failed => bail!("{failed} checks of the smoke test failed"),
        }
    }

    /// Runs a check, and records its result. A later check runs also if an earlier one failed.
    async fn check<T>(&mut self, name: &'static str, work: impl Future<Output = Result<T>>) -> Option<T> {
        let started = Instant::now();
        let result = work.await;
        let failure = result.as_ref().err().map(|error| format!("{error:#}"));
        self.checks.push(Check { name, milliseconds: started.elapsed().as_millis(), failure });
        result.ok()
    }
}

/// Runs every check, or only those that write nothing.
///
/// # Errors
/// If no request can be sent at all. A failed check is part of the report.
pub async fn run(target: &Target, dry_run: bool) -> Result<Report> {
    let client = Client::new(target)?;
    let mut report = Report { url: target.url.clone(), ..Report::default() };
    catalogue::check(&client, target, &mut report).await;
    if target.has_pages {
        pages::check(&client, target, &mut report).await;
    }
    if !dry_run {
        accounts::check(&client, &mut report).await;
    }
    report.repeated = client.repeated();
    Ok(report)
}
