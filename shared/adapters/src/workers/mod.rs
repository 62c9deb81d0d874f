//! Threads for work that occupies a processor for milliseconds: password hashes and archives.
//!
//! At most one task per core runs at a time, so that requests in progress share the processors with everything else. Waiting tasks are in a
//! bounded queue that clients share fairly; if it is full, the caller receives an error immediately. A task does not run if its caller has
//! gone away or passed its deadline. Each thread has its own state, which tasks reuse: otherwise an allocator would keep as much memory for
//! every thread that ever needed it.

mod fair;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use fair::FairQueue;

/// The maximum number of waiting tasks.
pub const QUEUE: usize = 128;
/// The longest time that a caller waits for its task. It ends before the deadline of a request, so that the request can still undo its
/// preparations.
pub const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The maximum number of threads, on any number of cores: each keeps its state.
pub const MOST_THREADS: usize = 4;

/// The threads and their queue. Threads start when they are first needed, and end when this is dropped.
pub struct Workers<S> {
    shared: Arc<Shared<S>>,
    longest_wait: Duration,
}

/// The reasons for which a task did not run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRun {
    #[error("too many tasks wait")]
    Busy,
    #[error("the task panicked")]
    Panicked,
}

struct Shared<S> {
    threads: usize,
    state: Mutex<State<S>>,
    changed: Condvar,
}

struct State<S> {
    waiting: FairQueue<Box<dyn Task<S>>>,
    started: usize,
    idle: usize,
    is_closed: bool,
}

impl<S: Default + 'static> Default for Workers<S> {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::new(cores.min(MOST_THREADS), QUEUE)
    }
}

impl<S: Default + 'static> Workers<S> {
    /// Runs at most `threads` tasks at a time, and lets `queue` more wait.
    #[must_use]
    pub fn new(threads: usize, queue: usize) -> Self {
        let state = State { waiting: FairQueue::new(queue), started: 0, idle: 0, is_closed: false };
        let shared = Shared { threads, state: Mutex::new(state), changed: Condvar::new() };
        Self { shared: Arc::new(shared), longest_wait: LONGEST_WAIT }
    }

    /// Changes the longest wait.
    #[must_use]
    pub fn waiting_at_most(mut self, longest_wait: Duration) -> Self {
        self.longest_wait = longest_wait;
        self
    }

    /// Runs `work` for `client` on one of the threads. Dropping the future takes it out of the queue.
    ///
    /// # Errors
    /// [`NotRun::Busy`] when the queue is full or becomes full for this client, or after the longest wait; [`NotRun::Panicked`] when `work`
    /// panics.
    pub async fn run<T: Send + 'static>(
        &self,
        client: &str,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, NotRun> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(client, Box::new(Job { work, reply }));
        match tokio::time::timeout(self.longest_wait, answer).await {
            Ok(answer) => answer.unwrap_or(Err(NotRun::Panicked)),
            Err(_) => Err(NotRun::Busy),
        }
    }

    fn enqueue(&self, client: &str, task: Box<dyn Task<S>>) {
        let mut state = self.shared.lock();
        if state.waiting.is_full() {
            state.waiting.retain(|task| task.is_wanted());
        }
        let leaving = state.waiting.push(client, task);
        if state.waiting.len() > state.idle && state.started < self.shared.threads {
            if self.start_thread() {
                state.started += 1;
            } else if state.started == 0 {
                // No thread would ever run them.
                while let Some(task) = state.waiting.pop() {
                    task.refuse();
                }
            }
        }
        drop(state);
        self.shared.changed.notify_one();
        if let Some(task) = leaving {
            task.refuse();
        }
    }

    fn start_thread(&self) -> bool {
        let shared = Arc::clone(&self.shared);
        let work = move || {
            let mut state = S::default();
            while let Some(task) = shared.next() {
                if task.is_wanted() {
                    // The caller receives the panic as an error, because its reply is dropped.
                    let _ = catch_unwind(AssertUnwindSafe(|| task.run(&mut state)));
                }
            }
        };
        thread::Builder::new().name("worker".to_owned()).spawn(work).is_ok()
    }
}

impl<S> Drop for Workers<S> {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl<S> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        // No task runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a task; returns `None` once no further task can arrive.
    fn next(&self) -> Option<Box<dyn Task<S>>> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(task) = state.waiting.pop() {
                return Some(task);
            }
            state.idle += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}

/// A task with any type of result.
trait Task<S>: Send {
    /// Whether the caller still waits for it.
    fn is_wanted(&self) -> bool;
    fn run(self: Box<Self>, state: &mut S);
    fn refuse(self: Box<Self>);
}

struct Job<W, T> {
    work: W,
    reply: oneshot::Sender<Result<T, NotRun>>,
}

impl<S, T: Send, W: FnOnce(&mut S) -> T + Send> Task<S> for Job<W, T> {
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(self: Box<Self>, state: &mut S) {
        let Self { work, reply } = *self;
        // The caller may be gone.
        let _ = reply.send(Ok(work(state)));
    }

    fn refuse(self: Box<Self>) {
        let _ = self.reply.send(Err(NotRun::Busy));
    }
}

#[cfg(test)]
mod tests;
