use std::sync::{
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use futures_util::{
    FutureExt as _,
    future::{join_all, poll_immediate},
};

use super::*;

/// A counter in the state of each thread.
type Count = Workers<usize>;

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}

/// Occupies one thread of `workers` until the sender is dropped.
async fn occupy(workers: &Count) -> (impl Future<Output = Result<(), NotRun>>, mpsc::Sender<()>) {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = oneshot::channel();
    let mut task = Box::pin(workers.run("occupant", move |_| {
        let _ = begin.send(());
        let _ = released.recv();
    }));
    assert!(poll_immediate(&mut task).await.is_none());
    begun.await.expect("it runs");
    (task, release)
}

#[test]
fn at_most_one_task_runs_on_each_thread() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let workers = Count::new(2, 100);
    let tasks = (0..60).map(|_| {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        workers.run("client", move |count| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
            *count += 1;
            *count
        })
    });
    let counts = block_on(join_all(tasks));
    assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    let counts: Vec<usize> = counts.into_iter().map(|count| count.expect("it ran")).collect();
    assert!(counts.iter().max() >= Some(&30), "threads keep their state: {counts:?}");
}

#[test]
fn an_abandoned_task_does_not_run_and_leaves_the_queue() {
    block_on(async {
        let workers = Count::new(1, 2);
        let (occupant, release) = occupy(&workers).await;
        let ran = Arc::new(AtomicUsize::new(0));
        let task = |by: usize| {
            let ran = Arc::clone(&ran);
            workers.run("client", move |_| ran.fetch_add(by, Ordering::SeqCst))
        };
        let (mut gone, mut late) = (Box::pin(task(1)), Box::pin(task(10)));
        assert!(poll_immediate(&mut gone).await.is_none() && poll_immediate(&mut late).await.is_none());
        assert_eq!(task(100).await, Err(NotRun::Busy), "the queue is full");
        drop((gone, late));
        let mut wanted = Box::pin(task(1000));
        assert!(poll_immediate(&mut wanted).await.is_none(), "there is room again");
        drop(release);
        occupant.await.expect("it ran");
        wanted.await.expect("it ran");
        assert_eq!(ran.load(Ordering::SeqCst), 1000);
    });
}

#[test]
fn one_client_cannot_block_another() {
    block_on(async {
        let workers = Count::new(1, 4);
        let (occupant, release) = occupy(&workers).await;
        let mut many: Vec<_> = (0..4).map(|nth| Box::pin(workers.run("many", move |_| nth))).collect();
        for task in &mut many {
            assert!(poll_immediate(task).await.is_none());
        }
        let mut other = Box::pin(workers.run("other", |_| 40));
        assert!(poll_immediate(&mut other).await.is_none(), "the other client waits");
        let last = many.pop().expect("the newest task");
        assert_eq!(last.now_or_never(), Some(Err(NotRun::Busy)), "it is refused at once");
        drop(release);
        occupant.await.expect("it ran");
        assert_eq!(other.await, Ok(40));
        assert_eq!(join_all(many).await, [Ok(0), Ok(1), Ok(2)]);
    });
}

#[test]
fn a_panic_is_an_error_for_its_own_caller_alone() {
    block_on(async {
        let workers = Count::new(1, 4);
        assert_eq!(workers.run("client", |_| panic!("on purpose")).await, Err::<(), _>(NotRun::Panicked));
        assert_eq!(workers.run("client", |_| 1).await, Ok(1), "the thread goes on");
    });
}
