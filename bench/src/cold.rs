//! Cold starts: the time from the start of a function's process to its first answer.
//!
//! These are wall-clock times, so only their ratios within one run are meaningful: the programs take turns.

use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
    time::Instant,
};

use anyhow::{Context as _, Result};
use api::functions::HANDLER;
use bench::{
    child::Binaries,
    machine::{MB, peak_memory},
    surroundings::{Runtime, Surroundings, event},
};
use tokio::process::Command;

use crate::{
    effort::Effort,
    report::{Report, Spread, Target},
};

const GROUP: &str = "cold start (release build, wall clock)";

/// A program, and the results of its cold starts.
struct Function {
    name: &'static str,
    /// The name under which the functions' program serves the event.
    handler: String,
    /// The sample event that it answers.
    event: String,
    command: Vec<PathBuf>,
    milliseconds: Vec<f64>,
    megabytes: Vec<f64>,
}

impl Function {
    fn new(name: &'static str, of: &str, command: Vec<PathBuf>) -> Result<Self> {
        Ok(Self {
            name,
            handler: of.to_owned(),
            event: event(of)?,
            command,
            milliseconds: Vec::new(),
            megabytes: Vec::new(),
        })
    }

    async fn start(&mut self, surroundings: &Surroundings) -> Result<()> {
        let runtime = Runtime::start(&self.event, 1).await?;
        let mut command = Command::new(&self.command[0]);
        command
            .args(&self.command[1..])
            .env_clear()
            .envs(surroundings.variables(&runtime))
            .env(HANDLER, &self.handler)
            // boto3 reads these variables.
            .envs([("AWS_DEFAULT_REGION", "local"), ("PATH", "/usr/bin:/bin")])
            .env("AWS_CA_BUNDLE", surroundings.certificate().path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let started = Instant::now();
        let mut process = command.spawn().with_context(|| format!("{} cannot be started", self.name))?;
        runtime.all_answered(1).await.with_context(|| self.name)?;
        let answered = runtime.first_answer().context("no answer")?;
        self.milliseconds.push((answered - started).as_secs_f64() * 1000.0);
        self.megabytes.push(peak_memory(process.id().context("it ended")?)? / MB);
        Ok(process.kill().await?)
    }

    /// Returns the ratio of its times to those of `other`, start by start.
    fn times(&self, other: &Self) -> Spread {
        let pairs = self.milliseconds.iter().zip(&other.milliseconds);
        Spread::of(pairs.map(|(own, other)| own / other).collect())
    }
}

pub fn measure(binaries: &Binaries, effort: &Effort, report: &mut Report) -> Result<()> {
    let (Some(floor), Some(program)) = (binaries.release("examples/floor"), binaries.release("functions"))
    else {
        report.skip("cold starts: there is no release build (cargo xtask bench makes one)");
        return Ok(());
    };
    let mut functions = vec![
        Function::new("does nothing", "get-pokemon", vec![floor])?,
        Function::new("get-pokemon", "get-pokemon", vec![program.clone()])?,
        Function::new("list-pokemon", "list-pokemon", vec![program])?,
    ];
    match env::var_os("POKEDEX_BENCH_PYTHON") {
        Some(python) => {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/get_item.py");
            let command = vec![PathBuf::from(python), script];
            functions.push(Function::new("Python, boto3, the same GetItem", "get-pokemon", command)?);
        }
        None => report.skip("Python's cold starts: there is no Python that makes environments"),
    }
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    threads.block_on(async {
        let surroundings = Surroundings::start().await?;
        for _ in 0..effort.cold {
            for function in &mut functions {
                function.start(&surroundings).await?;
            }
        }
        surroundings.stop().await;
        Ok::<_, anyhow::Error>(())
    })?;
    let (floor, get) = (&functions[0], &functions[1]);
    report.add(
        GROUP,
        "get-pokemon, longer than doing nothing",
        "times",
        get.times(floor),
        Target::AtMost(2.6),
    );
    if let Some(python) = functions.get(3) {
        report.add(
            GROUP,
            "get-pokemon, shorter than Python",
            "times",
            python.times(get),
            Target::AtLeast(30.0),
        );
    }
    for function in functions {
        let is_ours = ["get-pokemon", "list-pokemon"].contains(&function.name);
        let most = is_ours.then_some(Target::AtMost(10.0));
        report.add(GROUP, function.name, "ms", Spread::of(function.milliseconds), None);
        report.add(
            GROUP,
            format!("{}, peak memory", function.name),
            "MB",
            Spread::of(function.megabytes),
            most,
        );
    }
    Ok(())
}
