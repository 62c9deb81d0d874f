//! The command line.

use std::path::PathBuf;

use adapters::{
    pokeapi::{AssetSource, Config as PokeApiConfig, PokeApi},
    store::Tables,
};
use anyhow::Result;
use api::Config;
use clap::{Parser, Subcommand};

/// The Pokédex on this machine: embedded DynamoDB, bundled data, no network.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Options {
    /// Port to serve on; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Folder that keeps the data, and the keys that tokens are signed with
    #[arg(long, default_value = ".pokedex", value_name = "DIR")]
    pub data: PathBuf,
    /// Keep the data in memory and forget it at the end
    #[arg(long, conflicts_with_all = ["data", "dynamodb"])]
    pub memory: bool,
    /// Refresh from PokeAPI before serving
    #[arg(long)]
    pub sync: bool,
    /// Mirror pictures and sounds after the sync, and serve them: see the notice in the README
    #[arg(long, requires = "sync", conflicts_with_all = ["memory", "dynamodb", "engines_only"])]
    pub assets: bool,
    /// Base URL of the folders with pictures and sounds
    #[arg(long, default_value = AssetSource::POKEAPI, value_name = "URL", value_parser = address, env = "ASSETS_SOURCE_URL")]
    pub assets_source: String,
    /// Base URL of PokeAPI
    #[arg(long, default_value = PokeApiConfig::POKEAPI, value_name = "URL", value_parser = address, env = "POKEAPI_BASE_URL")]
    pub pokeapi: String,
    /// Requests per minute to PokeAPI; 0 means no limit
    #[arg(long, default_value_t = PokeApiConfig::PER_MINUTE, value_name = "N", env = "SYNC_REQUESTS_PER_MINUTE")]
    pub sync_rate: u32,
    /// A contact address for PokeAPI's maintainers, sent with every request
    #[arg(long, value_name = "TEXT", env = "SYNC_CONTACT")]
    pub sync_contact: Option<String>,
    /// Use a running DynamoDB engine instead of the embedded one; the folder keeps the keys. It is called with the access key id
    /// in AWS_ACCESS_KEY_ID, or with "local"
    #[arg(long, value_name = "URL", value_parser = engine_address)]
    pub dynamodb: Option<String>,
    /// Rate limits, such as login=50/60,write=1000/60; or off
    #[arg(long, value_name = "LIMITS", env = "RATE_LIMITS")]
    pub rate_limits: Option<String>,
    /// Print a JSON line for each request, as on AWS, and show rates, latencies, errors and database units by route at /dashboard
    #[arg(long, conflicts_with = "engines_only")]
    pub dashboard: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Start the engines on ports of their own and fill them, but serve no routes: for `cargo lambda watch`. They answer only
    /// requests that are signed as the printed AWS_ACCESS_KEY_ID
    #[arg(long, conflicts_with = "dynamodb")]
    pub engines_only: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Commands for the owner of this machine
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make a user an administrator
    Grant {
        /// User name or e-mail address
        username: String,
        /// On AWS: in the tables of this environment, with the credentials and the region that the variables AWS_… name
        #[arg(long, value_name = "ENVIRONMENT", value_parser = ["dev", "staging", "prod"])]
        aws: Option<String>,
    },
}

impl Options {
    /// The configuration, as on AWS but with local tables. CORS_ORIGINS and SPRITE_BASE_URL support a web app under development.
    ///
    /// # Errors
    /// If a variable has a wrong value; the error names it.
    pub fn config(&self, tables: &Tables) -> Result<Config> {
        Ok(Config::read(|name| match name {
            "CATALOG_TABLE" => Some(tables.catalog.clone()),
            "APP_TABLE" => Some(tables.app.clone()),
            "EPHEMERAL_TABLE" => Some(tables.ephemeral.clone()),
            "AUDIT_TABLE" => Some(tables.audit.clone()),
            "RATE_LIMITS" => self.rate_limits.clone(),
            // These belong to this machine.
            "SIGNING_KEYS" | "SYNC_FUNCTION" | "EXPORTS_BUCKET" => None,
            name => std::env::var(name).ok(),
        })?)
    }

    /// A client of PokeAPI with the requested rate.
    ///
    /// # Errors
    /// If the contact cannot be sent in a header.
    pub fn pokeapi(&self) -> Result<PokeApi> {
        Ok(PokeApi::new(self.source(&self.pokeapi))?)
    }

    /// A client of the source of pictures and sounds with the requested rate.
    ///
    /// # Errors
    /// If the address is not PokeAPI's or one on this machine, or the contact cannot be sent in a header.
    pub fn assets_source(&self) -> Result<AssetSource> {
        Ok(AssetSource::new(self.source(&self.assets_source))?)
    }

    fn source(&self, base_url: &str) -> PokeApiConfig {
        let mut config = PokeApiConfig::new(base_url);
        config.per_minute = self.sync_rate;
        config.contact.clone_from(&self.sync_contact);
        config
    }
}

fn address(text: &str) -> Result<String, String> {
    let uri = text.parse::<http::Uri>().map_err(|error| error.to_string())?;
    match uri.scheme_str() {
        Some("http" | "https") => Ok(text.to_owned()),
        _ => Err("it is not an http(s) address like http://127.0.0.1:8000".to_owned()),
    }
}

/// Checks an engine's address: engines on this machine use plain HTTP.
fn engine_address(text: &str) -> Result<String, String> {
    if text.starts_with("https:") {
        return Err("the engine requires plain http".to_owned());
    }
    address(text)
}
