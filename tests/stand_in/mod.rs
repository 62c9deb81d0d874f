//! A PokeAPI in this process: a real HTTP server on loopback with its own small world, which shows scripted faults
//! and records its requests.
//!
//! ```ignore
//! let pokeapi = StandIn::start(World::small()).await;
//! pokeapi.script("/api/v2/pokemon/1/", vec![Fault::Status(500), Fault::DropConnection]);
//! // … sync from pokeapi.base_url() …
//! assert_eq!(pokeapi.count("/api/v2/pokemon/1/"), 3);
//! ```
//!
//! A path is written as in the URL, from `/api/v2/` on. A path without a query matches that path with any query; a
//! path with a query (`/api/v2/move/?limit=5&offset=5`) matches exactly that query. The trailing slash does not
//! matter. `/api/v2/pokemon/1/` and `/api/v2/pokemon/bulbasaur/` have the same response, but are two paths to faults
//! and counts.
//!
//! It serves only the kinds of its world, and a file for each picture and cry: a link to any other (a stat, a region) answers 404.

#![allow(dead_code, reason = "each test program uses a part of it")]

mod body;
mod fault;
mod files;
mod server;
mod state;
mod world;

#[cfg(test)]
mod self_tests;
#[cfg(test)]
mod world_tests;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use fault::Fault;
pub use state::Seen;
pub use world::World;

use state::State;

/// A running stand-in server. Clones share the server, which stops when the last of them is dropped.
#[derive(Clone)]
pub struct StandIn {
    state: Arc<State>,
    _running: Arc<Running>,
}

struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl StandIn {
    /// Serves `world` on a free port, in the runtime of the caller.
    pub async fn start(world: World) -> Self {
        Self::start_at(world, "127.0.0.1:0").await
    }

    /// Serves `world` at `address`, a name and a port on which nothing listens.
    pub async fn start_at(world: World, address: &str) -> Self {
        let listener = TcpListener::bind(address).await.expect("the address is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(State::new(format!("http://{address}"), world));
        let running = Running(tokio::spawn(server::serve(listener, Arc::clone(&state))));
        Self { state, _running: Arc::new(running) }
    }

    /// `http://127.0.0.1:PORT/api/v2`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/api/v2", self.state.origin)
    }

    /// `http://127.0.0.1:PORT`, the address of the folders with pictures and cries.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.state.origin
    }

    /// Replaces the file of a picture or a cry; `None` removes it.
    pub fn put_file(&self, path: &str, bytes: Option<Vec<u8>>) {
        self.state.put_file(path, bytes);
    }

    /// Scripts the faults of `path`: the nth request from now on gets the nth fault. After the last one the server behaves normally, or
    /// applies that of [`always`](Self::always). A second script of a path is appended to the first.
    pub fn script(&self, path: &str, faults: Vec<Fault>) {
        self.state.script(path, faults);
    }

    /// Every request of `path` gets `fault`, after its script if it has one.
    pub fn always(&self, path: &str, fault: Fault) {
        self.state.always(path, fault);
    }

    /// Removes all faults, scripted or permanent, from every path.
    pub fn behave(&self) {
        self.state.behave();
    }

    /// Delays every response, so that requests overlap as they would over a slow network: [`most_in_flight`](Self::most_in_flight) counts
    /// them.
    pub fn slow_down(&self, wait: Duration) {
        self.state.slow_down(wait);
    }

    /// The document at the path of a resource, with absolute URLs.
    ///
    /// # Panics
    /// If the path has no document.
    #[must_use]
    pub fn document(&self, path: &str) -> Value {
        self.state.document(path).unwrap_or_else(|| panic!("the world has nothing at {path}"))
    }

    /// Changes the document at the path of a resource, and so its ETag. Its row in the list stays unchanged.
    ///
    /// # Panics
    /// If the path has no document.
    pub fn edit(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut document = self.document(path);
        change(&mut document);
        self.state.replace(path, document);
    }

    /// Adds a resource, listed under its `name`; URLs that begin with `/api/v2/` become absolute.
    pub fn insert(&self, kind: &str, document: Value) {
        self.state.insert(kind, document);
    }

    /// Removes a resource and its row.
    pub fn remove(&self, kind: &str, id: u32) {
        self.state.remove(kind, id);
    }

    /// Appends a row to the list of `kind`, unchanged: a duplicate, or one that leads nowhere.
    pub fn add_to_list(&self, kind: &str, row: Value) {
        self.state.add_to_list(kind, row);
    }

    /// Every request since the start or the last [`reset_log`](Self::reset_log), in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.state.requests()
    }

    /// The number of recorded requests for `path`.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        self.state.requests().iter().filter(|seen| state::is_at(&seen.path, path)).count()
    }

    /// The largest number of requests that were in flight at once, slow ones included.
    #[must_use]
    pub fn most_in_flight(&self) -> usize {
        self.state.most_in_flight()
    }

    /// Clears the requests and the largest number in flight; faults and the world stay.
    pub fn reset_log(&self) {
        self.state.reset_log();
    }
}
