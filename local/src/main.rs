//! `cargo run`: the product on one machine.

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use adapters::{
    aws, disk,
    invoke::Function,
    pokeapi::{Config as PokeApiConfig, PokeApi},
    publish::Published,
    store::{Meter, Store, Tables, accounts::Accounts},
    sync::{self, Finished, Outcome, Pause, Progress, Settings, Tally},
    tokens::{KeyRing, KeySource},
};
use anyhow::{Context as _, Error, Result};
use api::{App, Config, config::SyncConfig, jobs, sync::SyncFunction, telemetry::Telemetry};
use aws_sdk_dynamodb::Client;
use clap::{Parser, Subcommand};
use local::{
    admin,
    database::Database,
    engine::{Engine, listen},
    folder::Folder,
    functions::{Functions, SYNC},
    gateway::Gateway,
    guard::AccessKey,
    keys,
    progress::Display,
    seed, tables,
};
use tokio::{net::TcpListener, sync::watch};

/// The Pokédex on this machine: embedded DynamoDB, bundled data, no network.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Options {
    /// Port to serve on; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Folder that keeps the data, and the keys that tokens are signed with
    #[arg(long, default_value = ".pokedex", value_name = "DIR")]
    data: PathBuf,
    /// Keep the data in memory and forget it at the end
    #[arg(long, conflicts_with_all = ["data", "dynamodb"])]
    memory: bool,
    /// Refresh from PokeAPI before serving
    #[arg(long)]
    sync: bool,
    /// Where PokeAPI is
    #[arg(long, default_value = PokeApiConfig::POKEAPI, value_name = "URL", value_parser = address, env = "POKEAPI_BASE_URL")]
    pokeapi: String,
    /// Requests a minute to PokeAPI; 0 is no limit
    #[arg(long, default_value_t = PokeApiConfig::PER_MINUTE, value_name = "N", env = "SYNC_REQUESTS_PER_MINUTE")]
    sync_rate: u32,
    /// An address for PokeAPI's keepers, sent with every request
    #[arg(long, value_name = "TEXT", env = "SYNC_CONTACT")]
    sync_contact: Option<String>,
    /// Use a running DynamoDB engine instead of the embedded one; the folder keeps the keys. It is called with the access key id
    /// in AWS_ACCESS_KEY_ID, or with "local"
    #[arg(long, value_name = "URL", value_parser = engine_address)]
    dynamodb: Option<String>,
    /// How many requests of whom are answered, such as login=50/60,write=1000/60; or off
    #[arg(long, value_name = "LIMITS", env = "RATE_LIMITS")]
    rate_limits: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
    /// Start the engines on ports of their own and fill them, but serve no routes: for `cargo lambda watch`. They answer only
    /// requests that are signed as the printed AWS_ACCESS_KEY_ID
    #[arg(long, conflicts_with = "dynamodb")]
    engines_only: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What only who has this machine may do
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Make a user an administrator
    Grant {
        /// Or the e-mail address
        username: String,
        /// On AWS: in the tables of this environment, with the credentials and the region that the variables AWS_… name
        #[arg(long, value_name = "ENVIRONMENT", value_parser = ["dev", "staging", "prod"])]
        aws: Option<String>,
    },
}

fn address(text: &str) -> Result<String, String> {
    let uri = text.parse::<http::Uri>().map_err(|error| error.to_string())?;
    match uri.scheme_str() {
        Some("http" | "https") => Ok(text.to_owned()),
        _ => Err("it is not an http(s) address like http://127.0.0.1:8000".to_owned()),
    }
}

/// An engine on this machine is spoken to over plain HTTP.
fn engine_address(text: &str) -> Result<String, String> {
    if text.starts_with("https:") {
        return Err("an engine is spoken to over plain http".to_owned());
    }
    address(text)
}

fn main() -> ExitCode {
    let options = Options::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("pokedex: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One sentence: the outermost says what to do, the others why.
            eprintln!("pokedex: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What a sync may take to store what it has, once it is to stop.
const LAST_WORDS: Duration = Duration::from_secs(3);

async fn run(options: Options) -> Result<()> {
    let stop = stop_signal()?;
    tokio::pin!(stop);
    let tables = Tables::beside(tables::CATALOG);
    let mut config = configuration(&options, &tables)?;
    if let Some(Command::Admin(Admin::Grant { username, aws })) = &options.command {
        return match aws {
            Some(environment) => grant_on_aws(environment, username).await,
            None => grant(&options, &tables, username).await,
        };
    }
    // Before any work, so that a taken port is reported at once.
    let listener = listen(options.port).await?;
    let folder = match (options.memory, &options.dynamodb) {
        (false, None) => Some(Folder::open(&options.data)?),
        _ => None,
    };
    config.data_folder = folder.as_ref().map(|folder| folder.path().to_owned());
    let engine = Database::open(options.dynamodb.clone(), folder.as_ref())?;
    let client = engine.client();
    let (interrupt, interrupted) = watch::channel(false);
    let keys = {
        let preparing = prepare(&options, &engine, &tables, interrupted);
        tokio::pin!(preparing);
        tokio::select! {
            () = &mut stop => {
                // A sync stores what it has and ends; one that cannot within this is cut off, and goes on at the next start,
                // as a load of the snapshot does, which is cut off at once.
                if options.sync {
                    interrupt.send_replace(true);
                    let _ = tokio::time::timeout(LAST_WORDS, preparing).await;
                }
                None
            }
            prepared = &mut preparing => Some(prepared.map_err(|error| blame_disk(error, folder.as_ref()))?),
        }
    };
    if keys.is_some() {
        config.signing_keys = keys;
        let sweeping = engine.sweep().map(tokio::spawn);
        let functions = Functions::start(sync_function(&options, client.clone(), &tables)?)?;
        match &engine {
            Database::Embedded(engine) if options.engines_only => {
                serve_engines(engine, &functions, listener, &config, stop).await?;
            }
            _ => {
                config.sync_function =
                    Some(Function { name: SYNC.to_owned(), endpoint: functions.endpoint() });
                serve_routes(config, client, listener, stop).await?;
            }
        }
        functions.stop().await;
        if let Some(sweeping) = sweeping {
            sweeping.abort();
        }
    }
    engine.stop();
    drop(folder);
    Ok(())
}

/// Serves every route until `stop` resolves. Nothing but this port is opened.
async fn serve_routes(
    config: Config,
    client: Client,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let at = listener.local_addr()?;
    let gateway = Gateway::new(App::new(config, || client))?;
    println!("ready: http://{at}\n");
    for path in ["/", "/api/v1/pokemon?search=char", "/api/v1/pokemon/25", "/api/v1/pokemon/eevee/evolutions"]
    {
        println!("  http://{at}{path}");
    }
    gateway.serve(listener, stop).await;
    Ok(())
}

/// Serves DynamoDB and Lambda, each on a port of its own, until `stop` resolves; prints the variables of a function that uses them.
/// The access key id is the one way in, and another one at each start.
async fn serve_engines(
    engine: &Engine,
    functions: &Functions,
    listener: TcpListener,
    config: &Config,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let key = AccessKey::random();
    let dynamodb = engine.serve(listener, key.clone())?;
    let lambda = functions.serve(listen(0).await?, key.clone())?;
    println!("ready: {}\n", dynamodb.url);
    println!("AWS_ENDPOINT_URL_DYNAMODB={}\nAWS_ENDPOINT_URL_LAMBDA={}", dynamodb.url, lambda.url);
    println!("SYNC_FUNCTION={SYNC}\nAWS_REGION=local\nAWS_ACCESS_KEY_ID={}", key.id());
    println!("AWS_SECRET_ACCESS_KEY=local\n{}", environment(config));
    stop.await;
    lambda.close().await;
    dynamodb.close().await;
    Ok(())
}

/// `error`, or the full disk that is its cause.
fn blame_disk(error: Error, folder: Option<&Folder>) -> Error {
    match folder.map(|folder| (folder.path(), disk::check(folder.path()))) {
        Some((path, Err(full))) => {
            Error::new(full).context(format!("the data folder {} cannot be written", path.display()))
        }
        _ => error,
    }
}

/// As on AWS, but for the tables: CORS_ORIGINS and SPRITE_BASE_URL serve a web app that is being written.
fn configuration(options: &Options, tables: &Tables) -> Result<Config> {
    Ok(Config::read(|name| match name {
        "CATALOG_TABLE" => Some(tables.catalog.clone()),
        "APP_TABLE" => Some(tables.app.clone()),
        "EPHEMERAL_TABLE" => Some(tables.ephemeral.clone()),
        "AUDIT_TABLE" => Some(tables.audit.clone()),
        "RATE_LIMITS" => options.rate_limits.clone(),
        // They are this machine's own.
        "SIGNING_KEYS" | "SYNC_FUNCTION" | "EXPORTS_BUCKET" => None,
        name => std::env::var(name).ok(),
    })?)
}

/// Makes `username` an administrator: in the folder's data, or on the engine that is named.
async fn grant(options: &Options, tables: &Tables, username: &str) -> Result<()> {
    let folder = if options.dynamodb.is_none() { Some(Folder::open(&options.data)?) } else { None };
    let engine = Database::open(options.dynamodb.clone(), folder.as_ref())?;
    engine.create_tables(tables).await?;
    let granted = admin::grant(&Accounts::new(engine.client(), tables.clone()), username).await;
    engine.stop();
    drop(folder);
    println!("{}", granted?);
    Ok(())
}

/// The same in a deployed environment, with the environment's credentials.
async fn grant_on_aws(environment: &str, username: &str) -> Result<()> {
    let tables = Tables::beside(format!("pokedex-{environment}-catalog"));
    println!("{}", admin::grant(&Accounts::new(aws::from_environment(), tables), username).await?);
    Ok(())
}

/// What functions beside these engines read.
fn environment(config: &Config) -> String {
    let Tables { catalog, app, ephemeral, audit } = &config.tables;
    let keys = match &config.signing_keys {
        Some(KeySource::File(path)) => format!("\nSIGNING_KEYS=file:{}", path.display()),
        _ => String::new(),
    };
    format!(
        "CATALOG_TABLE={catalog}\nAPP_TABLE={app}\nEPHEMERAL_TABLE={ephemeral}\nAUDIT_TABLE={audit}{keys}"
    )
}

/// Tables, keys, data and, where asked for, a sync.
async fn prepare(
    options: &Options,
    engine: &Database,
    tables: &Tables,
    interrupt: watch::Receiver<bool>,
) -> Result<KeySource> {
    engine.create_tables(tables).await?;
    let client = engine.client();
    let source = match options.memory {
        true => KeySource::Process(Arc::new(KeyRing::generate(adapters::now()))),
        false => keys::file(&options.data)?,
    };
    let accounts = Accounts::new(client.clone(), tables.clone());
    keys::prepare(&accounts, &source).await?;
    if let Err(error) = jobs::finish_deletions(&accounts, None, &Meter::default()).await {
        eprintln!("pokedex: a deletion cannot be ended: {error}");
    }
    let store = Store::new(client, tables);
    let owner = match options.dynamodb {
        None => {
            // The engine is ours alone: whoever held the lease is gone.
            store.break_lease(&Meter::default()).await?;
            "one machine".to_owned()
        }
        Some(_) => format!("process {} since {}", std::process::id(), adapters::now()),
    };
    let seeded = seed::seed(&store, &owner).await.context("the bundled snapshot cannot be loaded")?;
    if let Some(loaded) = seeded {
        eprintln!("loaded the bundled snapshot: {} items written", loaded.written);
    }
    if options.sync {
        // The catalogue as it was is better than none.
        if let Err(error) = refresh(options, &store, owner, interrupt).await {
            eprintln!("pokedex: the sync failed, serving the catalogue as it was: {error:#}");
        }
    }
    Ok(source)
}

fn pokeapi(options: &Options) -> Result<PokeApi> {
    let mut config = PokeApiConfig::new(&options.pokeapi);
    config.per_minute = options.sync_rate;
    config.contact.clone_from(&options.sync_contact);
    Ok(PokeApi::new(config)?)
}

/// What administrators' requests ask to write the catalogue.
fn sync_function(options: &Options, client: Client, tables: &Tables) -> Result<SyncFunction> {
    Ok(SyncFunction {
        store: Store::new(client, tables),
        api: pokeapi(options)?,
        min_age: SyncConfig::MIN_AGE,
        telemetry: Telemetry::default(),
    })
}

async fn refresh(
    options: &Options,
    store: &Store,
    owner: String,
    interrupt: watch::Receiver<bool>,
) -> Result<()> {
    let api = pokeapi(options)?;
    let settings = Settings { interrupt: Some(interrupt), ..Settings::new(owner) };
    let mut display = Display::default();
    let outcome =
        sync::run(store, &Meter::default(), &api, &settings, &mut |progress| display.show(progress)).await;
    display.finish();
    match outcome? {
        Outcome::Finished { finished, published } => report(&finished, &published),
        Outcome::Paused { progress, because } => {
            let why = match because {
                Pause::Stopped => "stopped".to_owned(),
                Pause::Asked { until } => format!("PokeAPI asks to be left alone until {until}; paused"),
                Pause::SourceDown => "PokeAPI has stopped answering; paused".to_owned(),
            };
            let at = match progress {
                Progress { total: 0, .. } => String::new(),
                Progress { done, total, .. } => format!(" at {done} of {total}"),
            };
            eprintln!("sync: {why}{at}; the next --sync goes on from there");
        }
    }
    Ok(())
}

fn report(finished: &Finished, published: &Published) {
    let Tally { fetched, unchanged, changed, failed } = finished.tally;
    let Published { written, removed, .. } = published;
    let index = if published.index_written { "written" } else { "unchanged" };
    eprintln!("sync: fetched {fetched}, unchanged {unchanged}, changed {changed}, failed {failed}");
    eprintln!(
        "sync: {written} items written, {} unchanged, {removed} removed, index {index}",
        published.unchanged
    );
    for doubt in &finished.doubts {
        eprintln!("sync: {doubt}");
    }
    for failure in finished.failures.iter().take(20) {
        eprintln!("sync: skipped {}/{}: it {}", failure.kind.endpoint(), failure.id, failure.reason);
    }
    for problem in published.problems.iter().take(20) {
        eprintln!("sync: {} is incomplete: {}", problem.resource, problem.reason);
    }
    for gap in published.gaps.iter().take(20) {
        eprintln!("sync: {} has a null: {}", gap.resource, gap.reason);
    }
}

/// Ctrl-C, or what a supervisor sends.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}
