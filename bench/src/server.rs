//! A request over HTTP to the local server, against the Flask Pokédex that this one replaces.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use bench::{
    child::{Binaries, Local, LocalEngine},
    machine::{MB, cpu},
};

use crate::{
    client::load,
    effort::Effort,
    report::{Report, Spread, Target},
};

const GROUP: &str = "server (optimised build)";

/// A path, the time that the Flask Pokédex takes for it, and the factor by which this one should be faster.
///
/// The reference times are milliseconds of CPU time per request, measured on the old Pokédex with everything in a warm
/// Redis: its best case.
type Case = (&'static str, f64, f64);

const LISTS: [Case; 3] = [
    ("/api/v1/pokemon?per_page=20", 0.88, 20.0),
    ("/api/v1/pokemon?search=char", 0.73, 20.0),
    ("/api/v1/pokemon?type=fire", 0.88, 20.0),
];
const DETAIL: Case = ("/api/v1/pokemon/25", 0.64, 4.0);

pub fn measure(binaries: &Binaries, effort: &Effort, report: &mut Report) -> Result<()> {
    let server = Local::in_memory(binaries)?;
    for case in LISTS {
        ask(&server, case, effort, report)?;
    }
    let peak = server.process.peak_memory()? / MB;
    report.add(GROUP, "peak memory, with its engine", "MB", peak, None);
    drop(server);

    // On AWS the engine runs elsewhere: only the server counts.
    let engine = LocalEngine::start(binaries)?;
    let server = Local::on_engine(binaries, &engine)?;
    ask(&server, DETAIL, effort, report)?;
    let peak = server.process.peak_memory()? / MB;
    report.add(GROUP, "peak memory, without an engine", "MB", peak, None);
    Ok(())
}

fn ask(server: &Local, (path, flask, times): Case, effort: &Effort, report: &mut Report) -> Result<()> {
    let address: SocketAddr = server
        .url
        .strip_prefix("http://")
        .and_then(|at| at.parse().ok())
        .context("the server says no address")?;
    // Warms up: a server that has just started grows its buffers and opens its connections.
    load(address, path, effort.requests / 10, effort.longest)?;
    let (mut per_second, mut each, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        let before = cpu(server.process.id())?;
        let load = load(address, path, effort.requests, effort.longest)?;
        let took = (cpu(server.process.id())? - before).as_secs_f64() * 1e6 / f64::from(load.requests);
        per_second.push(load.per_second());
        each.push(took);
        ratio.push(flask * 1000.0 / took);
    }
    let name = path.trim_start_matches("/api/v1/pokemon");
    report.add(GROUP, format!("{name}, requests"), "/s", Spread::of(per_second), None);
    report.add(GROUP, format!("{name}, CPU"), "µs", Spread::of(each), None);
    let name = format!("{name}, less CPU than Flask's {flask} ms");
    report.add(GROUP, name, "times", Spread::of(ratio), Target::AtLeast(times));
    Ok(())
}
