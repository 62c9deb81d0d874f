//! One run of the program, from the options to the last response.

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use ::mirror::Bucket;
use adapters::{
    disk,
    invoke::Function,
    store::{CatalogStore, Meter, Tables, accounts::AccountStore},
    tokens::{KeyRing, KeySource},
};
use anyhow::{Context as _, Error, Result};
use api::{App, Config, config::SyncConfig, jobs, sync::SyncFunction};
use aws_sdk_dynamodb::Client;
use door::telemetry::Telemetry;
use tokio::{net::TcpListener, sync::watch};

use crate::{
    admin,
    cli::{Admin, Command, Options},
    dashboard::{self, Dashboard},
    database::Database,
    engine::{Engine, listen},
    folder::Folder,
    functions::{Functions, SYNC},
    gateway::Gateway,
    guard::AccessKey,
    keys, pictures,
    refresh::{mirror, refresh},
    seed, tables,
};

/// Carries out the options; a failure prints one sentence on standard error.
#[must_use]
pub fn run(options: Options) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,s3s=off,s3s_fs=off")),
        )
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("pokedex: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(perform(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One sentence: the outermost error says what to do, the others say why.
            eprintln!("pokedex: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The time in which an interrupted sync must store its progress, on a machine that may be busy.
const LAST_WORDS: Duration = Duration::from_secs(10);

async fn perform(options: Options) -> Result<()> {
    let stop = stop_signal()?;
    tokio::pin!(stop);
    let tables = Tables::beside(tables::CATALOG);
    let mut config = options.config(&tables)?;
    if let Some(Command::Admin(Admin::Grant { username, aws })) = &options.command {
        let granted = match aws {
            Some(environment) => admin::grant_on_aws(environment, username).await,
            None => admin::grant_here(options.dynamodb.clone(), &options.data, &tables, username).await,
        };
        println!("{}", granted?);
        return Ok(());
    }
    // Before any work, so that a taken port is reported at once.
    let listener = listen(options.port).await?;
    let folder = match (options.memory, &options.dynamodb) {
        (false, None) => Some(Folder::open(&options.data)?),
        _ => None,
    };
    let bucket = match &folder {
        // Nothing serves the files beside the engines alone.
        Some(folder) if !options.engines_only => pictures::bucket(folder.path(), options.assets)?,
        _ => None,
    };
    config.data_folder = folder.as_ref().map(|folder| folder.path().to_owned());
    let engine = Database::open(options.dynamodb.clone(), folder.as_ref())?;
    let client = engine.client();
    let (interrupt, interrupted) = watch::channel(false);
    let keys = {
        let preparing = prepare(&options, &engine, &tables, bucket.as_ref(), interrupted);
        tokio::pin!(preparing);
        tokio::select! {
            () = &mut stop => {
                // An interrupted sync stores its progress and ends; one that takes too long is cut off, and continues at the next start. A
                // load of the snapshot also continues at the next start; it is cut off immediately.
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
        config.door.signing_keys = keys;
        let sweeping = engine.sweep().map(tokio::spawn);
        let dashboard = options.dashboard.then(Dashboard::start);
        let telemetry = telemetry(&config, dashboard);
        let sync = sync_function(&options, client.clone(), &tables, bucket.as_ref(), telemetry)?;
        let functions = Functions::start(sync)?;
        match &engine {
            Database::Embedded(engine) if options.engines_only => {
                serve_engines(engine, &functions, listener, &config, stop).await?;
            }
            _ => {
                config.sync_function =
                    Some(Function { name: SYNC.to_owned(), endpoint: functions.endpoint() });
                let mut app = App::new(config, || client);
                app.kernel.telemetry = telemetry;
                let gateway = Gateway::new(app)?.with_assets(bucket).with_dashboard(dashboard);
                serve_routes(gateway, dashboard.is_some(), listener, stop).await?;
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

/// The paths that a start prints.
const LINKS: [&str; 4] =
    ["/", "/api/v1/pokemon?search=char", "/api/v1/pokemon/25", "/api/v1/pokemon/eevee/evolutions"];

/// Serves every route until `stop` resolves. Opens no other port.
async fn serve_routes(
    gateway: Gateway,
    has_dashboard: bool,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let at = listener.local_addr()?;
    say(format_args!("ready: http://{at}\n"));
    for path in LINKS.into_iter().chain(has_dashboard.then_some(dashboard::PATH)) {
        say(format_args!("  http://{at}{path}"));
    }
    gateway.serve(listener, stop).await;
    Ok(())
}

/// Serves DynamoDB and Lambda, each on its own port, until `stop` resolves; prints the environment variables of a function that uses them.
/// The access key id is the only credential, and each start has a new one.
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
    say(format_args!("ready: {}\n", dynamodb.url));
    say(format_args!("AWS_ENDPOINT_URL_DYNAMODB={}\nAWS_ENDPOINT_URL_LAMBDA={}", dynamodb.url, lambda.url));
    say(format_args!("SYNC_FUNCTION={SYNC}\nAWS_REGION=local\nAWS_ACCESS_KEY_ID={}", key.id()));
    say(format_args!("AWS_SECRET_ACCESS_KEY=local\n{}", environment(config)));
    stop.await;
    lambda.close().await;
    dynamodb.close().await;
    Ok(())
}

/// Prints a line, and ignores an error: in `cargo run | head -1`, standard output is closed early.
fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Returns `error`, or the full disk that caused it.
fn blame_disk(error: Error, folder: Option<&Folder>) -> Error {
    match folder.map(|folder| (folder.path(), disk::check(folder.path()))) {
        Some((path, Err(full))) => {
            Error::new(full).context(format!("the data folder {} cannot be written", path.display()))
        }
        _ => error,
    }
}

/// The environment variables for functions that use these engines.
fn environment(config: &Config) -> String {
    let Tables { catalog, app, ephemeral, audit } = &config.door.tables;
    let keys = match &config.door.signing_keys {
        Some(KeySource::File(path)) => format!("\nSIGNING_KEYS=file:{}", path.display()),
        _ => String::new(),
    };
    format!(
        "CATALOG_TABLE={catalog}\nAPP_TABLE={app}\nEPHEMERAL_TABLE={ephemeral}\nAUDIT_TABLE={audit}{keys}"
    )
}

/// Prepares tables, keys, data and, if requested, a sync.
async fn prepare(
    options: &Options,
    engine: &Database,
    tables: &Tables,
    bucket: Option<&Bucket>,
    interrupt: watch::Receiver<bool>,
) -> Result<KeySource> {
    // Before any work, so that a wrong address is reported at once.
    let assets = if options.assets { Some(options.assets_source()?) } else { None };
    engine.create_tables(tables).await?;
    let client = engine.client();
    let source = match options.memory {
        true => KeySource::Process(Arc::new(KeyRing::generate(adapters::now()))),
        false => keys::file(&options.data)?,
    };
    let accounts = AccountStore::new(client.clone(), tables.clone());
    keys::prepare(&accounts, &source).await?;
    if let Err(error) = jobs::deletions::finish_deletions(&accounts, None, &Meter::default()).await {
        eprintln!("pokedex: a deletion cannot be ended: {error}");
    }
    let store = CatalogStore::new(client, tables).with_pictures(pictures::addresses(bucket));
    let owner = match options.dynamodb {
        None => {
            // The engine belongs to this process alone, so the holder of the lease is gone.
            store.break_leases(&Meter::default()).await?;
            "one machine".to_owned()
        }
        Some(_) => format!("process {} since {}", std::process::id(), adapters::now()),
    };
    let seeded = seed::seed(&store, &owner).await.context("the bundled snapshot cannot be loaded")?;
    if let Some(loaded) = seeded {
        eprintln!("loaded the bundled snapshot: {} items written", loaded.written);
    }
    if options.sync {
        // Serving the previous catalogue is better than serving none.
        if let Err(error) = refresh(&options.pokeapi()?, &store, owner.clone(), interrupt.clone()).await {
            eprintln!("pokedex: the sync failed, serving the catalogue as it was: {error:#}");
        }
        if let (Some(source), Some(bucket)) = (&assets, bucket)
            && !*interrupt.borrow()
            && let Err(error) = mirror(source, bucket, &store, owner, interrupt).await
        {
            eprintln!("pokedex: the mirror failed, serving the pictures that it has: {error:#}");
        }
    }
    Ok(source)
}

/// The destination of counted lines: standard output and the dashboard, if there is one.
fn telemetry(config: &Config, dashboard: Option<&'static Dashboard>) -> Telemetry {
    match dashboard {
        Some(dashboard) => Telemetry::copied(config.door.deployment.clone(), dashboard),
        None => Telemetry::default(),
    }
}

/// The sync function, which writes the catalogue for administrators' requests.
fn sync_function(
    options: &Options,
    client: Client,
    tables: &Tables,
    bucket: Option<&Bucket>,
    telemetry: Telemetry,
) -> Result<SyncFunction> {
    Ok(SyncFunction {
        store: CatalogStore::new(client, tables).with_pictures(pictures::addresses(bucket)),
        api: options.pokeapi()?,
        min_age: SyncConfig::MIN_AGE,
        notices: None,
        telemetry,
    })
}

/// Resolves on Ctrl-C, or on the signal that a supervisor sends.
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
