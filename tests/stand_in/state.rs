//! The state that the server and the tests share: the world, the coming faults and the requests so far.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;

use super::fault::Fault;
use super::files::file;
use super::world::{World, absolute};

/// A request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    /// The path, with the query if there was one.
    pub path: String,
    pub user_agent: Option<String>,
    pub if_none_match: Option<String>,
    /// `None` while the request is in progress, if the connection was dropped, and if the client did not
    /// wait.
    pub status: Option<u16>,
}

pub(super) struct State {
    /// `http://127.0.0.1:PORT`.
    pub(super) origin: String,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    world: World,
    added_rows: HashMap<String, Vec<Value>>,
    /// The files that differ from [`file`]; `None` for those that do not exist.
    files: HashMap<String, Option<Vec<u8>>>,
    scripts: HashMap<String, VecDeque<Fault>>,
    always: HashMap<String, Fault>,
    wait: Duration,
    /// Each request has a number, by which its status is found again after the log was reset.
    log: Vec<(u64, Seen)>,
    arrived: u64,
    in_flight: usize,
    most_in_flight: usize,
}

/// A request in progress.
pub(super) struct InFlight {
    state: Arc<State>,
    number: u64,
}

impl InFlight {
    pub(super) fn answered(&self, status: u16) {
        let mut inner = self.state.lock();
        if let Some((_, seen)) = inner.log.iter_mut().rev().find(|(number, _)| *number == self.number) {
            seen.status = Some(status);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.state.lock().in_flight -= 1;
    }
}

impl State {
    pub(super) fn new(origin: String, mut world: World) -> Self {
        world.for_each(|document| absolute(document, &origin));
        Self { origin, inner: Mutex::new(Inner { world, ..Inner::default() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nothing panics while it holds the lock")
    }

    pub(super) fn arrive(self: &Arc<Self>, seen: Seen) -> InFlight {
        let mut inner = self.lock();
        inner.arrived += 1;
        inner.in_flight += 1;
        inner.most_in_flight = inner.most_in_flight.max(inner.in_flight);
        let number = inner.arrived;
        inner.log.push((number, seen));
        InFlight { state: Arc::clone(self), number }
    }

    /// Returns the fault for the next request of `target`, if any, and the delay of every response.
    pub(super) fn next_fault(&self, target: &str) -> (Option<Fault>, Duration) {
        let mut inner = self.lock();
        let [exact, any_query] = [tidy(target), tidy(path_of(target))];
        let scripted = [&exact, &any_query]
            .into_iter()
            .find_map(|path| inner.scripts.get_mut(path).and_then(VecDeque::pop_front));
        let fault = scripted.or_else(|| inner.always.get(&exact).or(inner.always.get(&any_query)).cloned());
        (fault, inner.wait)
    }

    pub(super) fn script(&self, path: &str, faults: Vec<Fault>) {
        self.lock().scripts.entry(tidy(path)).or_default().extend(faults);
    }

    pub(super) fn always(&self, path: &str, fault: Fault) {
        self.lock().always.insert(tidy(path), fault);
    }

    pub(super) fn behave(&self) {
        let mut inner = self.lock();
        inner.scripts.clear();
        inner.always.clear();
        inner.wait = Duration::ZERO;
    }

    pub(super) fn slow_down(&self, wait: Duration) {
        self.lock().wait = wait;
    }

    pub(super) fn document(&self, path: &str) -> Option<Value> {
        let (kind, key) = resource(path)?;
        self.lock().world.get(kind, key).cloned()
    }

    /// Returns the file at `path` and its media type, if it is a picture or a cry.
    pub(super) fn file(&self, path: &str) -> Option<(Vec<u8>, &'static str)> {
        let (bytes, media_type) = file(path)?;
        let replaced = self.lock().files.get(path).cloned();
        Some((replaced.unwrap_or(Some(bytes))?, media_type))
    }

    pub(super) fn put_file(&self, path: &str, bytes: Option<Vec<u8>>) {
        self.lock().files.insert(path.to_owned(), bytes);
    }

    pub(super) fn replace(&self, path: &str, document: Value) {
        if let Some((kind, key)) = resource(path) {
            self.lock().world.replace(kind, key, document);
        }
    }

    pub(super) fn insert(&self, kind: &str, mut document: Value) {
        absolute(&mut document, &self.origin);
        self.lock().world.insert(kind, document);
    }

    pub(super) fn remove(&self, kind: &str, id: u32) {
        self.lock().world.remove(kind, id);
    }

    pub(super) fn add_to_list(&self, kind: &str, row: Value) {
        self.lock().added_rows.entry(kind.to_owned()).or_default().push(row);
    }

    /// The rows of a list; `None` for a kind that the world does not contain.
    pub(super) fn rows(&self, kind: &str) -> Option<Vec<Value>> {
        let inner = self.lock();
        let mut rows = inner.world.rows(kind, &self.origin)?;
        rows.extend(inner.added_rows.get(kind).into_iter().flatten().cloned());
        Some(rows)
    }

    pub(super) fn requests(&self) -> Vec<Seen> {
        self.lock().log.iter().map(|(_, seen)| seen.clone()).collect()
    }

    pub(super) fn most_in_flight(&self) -> usize {
        self.lock().most_in_flight
    }

    pub(super) fn reset_log(&self) {
        let mut inner = self.lock();
        inner.log.clear();
        inner.most_in_flight = inner.in_flight;
    }
}

/// Whether a request for `target` counts as one of `path`.
pub(super) fn is_at(target: &str, path: &str) -> bool {
    let target = if path.contains('?') { target } else { path_of(target) };
    tidy(target) == tidy(path)
}

/// The kind and the id or name in the path of a resource.
pub(super) fn resource(path: &str) -> Option<(&str, &str)> {
    let (kind, key) = path.strip_prefix("/api/v2/")?.trim_end_matches('/').split_once('/')?;
    (!key.contains('/')).then_some((kind, key))
}

fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// The path with one trailing slash before the query, so that both spellings are the same path.
fn tidy(target: &str) -> String {
    let path = path_of(target);
    format!("{}/{}", path.trim_end_matches('/'), &target[path.len()..])
}
