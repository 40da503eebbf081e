//! A thread for calls that may block for ever: a frozen keyring daemon, a stopped X server.
//!
//! The caller waits on a channel with a time limit, so neither its thread nor the end of the program ever depends on such
//! a call. A call that outlives its caller keeps its thread; the next call gets a new one.

use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Runs jobs one after the other on a thread that is started at the first of them and owns the state `S`.
pub(super) struct Worker<S: 'static> {
    name: &'static str,
    fresh: fn() -> S,
    line: Mutex<Line<S>>,
}

/// The way to the thread in use.
struct Line<S> {
    /// Counts the threads, so that giving one up never hits its successor.
    thread: u64,
    jobs: Option<mpsc::Sender<Job<S>>>,
}

/// Why a job has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// It did not end within its limit.
    TimedOut,
    /// Its thread could not be started, or died.
    Broken(String),
}

impl<S: 'static> Worker<S> {
    /// A worker whose every new thread begins with `fresh()`. Nothing runs yet.
    pub(super) fn new(name: &'static str, fresh: fn() -> S) -> Self {
        Self {
            name,
            fresh,
            line: Mutex::new(Line { thread: 0, jobs: None }),
        }
    }

    /// Runs `job` and waits for it for at most `limit`.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, Lost> {
        self.call_or_undo(limit, job, |_, _| {}).await
    }

    /// Runs `job` and waits for it for at most `limit`. When it ends after its caller has given up, `undo` runs behind
    /// it; a job that has not begun by then does not begin.
    pub(super) async fn call_or_undo<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce(&mut S) -> T + Send + 'static,
        undo: impl FnOnce(&mut S, T) + Send + 'static,
    ) -> Result<T, Lost> {
        let (reply, answer) = oneshot::channel();
        let thread = self.send(Box::new(move |state| {
            if reply.is_closed() {
                return;
            }
            if let Err(late) = reply.send(job(state)) {
                undo(state, late);
            }
        }))?;
        // Also when this future is dropped: what the thread is busy with is not worth queueing behind.
        let mut leave = Leave {
            worker: self,
            thread,
            armed: true,
        };
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(value)) => {
                leave.armed = false;
                Ok(value)
            }
            Ok(Err(_)) => Err(Lost::Broken(format!("the {} thread stopped", self.name))),
            Err(_) => Err(Lost::TimedOut),
        }
    }

    fn send(&self, job: Job<S>) -> Result<u64, Lost> {
        let mut line = self.line();
        let job = match &line.jobs {
            None => job,
            Some(jobs) => match jobs.send(job) {
                Ok(()) => return Ok(line.thread),
                // The thread died; its job comes back.
                Err(mpsc::SendError(job)) => job,
            },
        };
        let (jobs, queue) = mpsc::channel::<Job<S>>();
        let fresh = self.fresh;
        // Not joined by anybody: the program may end while the thread hangs.
        std::thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(move || {
                let mut state = fresh();
                while let Ok(job) = queue.recv() {
                    job(&mut state);
                }
            })
            .map_err(|error| Lost::Broken(format!("cannot start a thread: {error}")))?;
        let sent = jobs.send(job).is_ok();
        line.jobs = Some(jobs);
        line.thread += 1;
        if sent {
            Ok(line.thread)
        } else {
            Err(Lost::Broken(format!("the {} thread stopped", self.name)))
        }
    }

    fn line(&self) -> MutexGuard<'_, Line<S>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives a thread up when dropped armed: it ends by itself once its queue is empty, or never.
struct Leave<'a, S: 'static> {
    worker: &'a Worker<S>,
    thread: u64,
    armed: bool,
}

impl<S> Drop for Leave<'_, S> {
    fn drop(&mut self) {
        if self.armed {
            let mut line = self.worker.line();
            if line.thread == self.thread {
                line.jobs = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const AMPLE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn the_state_lives_on_between_calls() {
        let worker: Worker<u32> = Worker::new("test", || 0);
        for expected in 1..=3 {
            let seen = worker
                .call(AMPLE, |count| {
                    *count += 1;
                    *count
                })
                .await;
            assert_eq!(seen, Ok(expected));
        }
    }

    #[tokio::test]
    async fn after_a_hung_call_the_next_one_gets_a_thread_of_its_own() {
        let worker: Worker<()> = Worker::new("test", || ());
        let (release, held) = mpsc::channel::<()>();
        let hung = worker.call(SOON, move |()| held.recv().is_ok()).await;
        assert_eq!(hung, Err(Lost::TimedOut));
        assert_eq!(worker.call(AMPLE, |()| 7).await, Ok(7));
        drop(release);
    }

    #[tokio::test]
    async fn what_ends_after_its_caller_left_is_undone() {
        let worker: Worker<()> = Worker::new("test", || ());
        let (release, held) = mpsc::channel::<()>();
        let (told, undone) = mpsc::channel::<u32>();
        let hung = worker
            .call_or_undo(
                SOON,
                move |()| {
                    let _ = held.recv();
                    5
                },
                move |(), late| {
                    let _ = told.send(late);
                },
            )
            .await;
        assert_eq!(hung, Err(Lost::TimedOut));
        release.send(()).unwrap();
        assert_eq!(undone.recv_timeout(AMPLE), Ok(5));
    }

    #[tokio::test]
    async fn a_job_that_was_still_queued_when_its_caller_left_never_begins() {
        let worker: Arc<Worker<()>> = Arc::new(Worker::new("test", || ()));
        let begun = Arc::new(AtomicU32::new(0));
        let (release, held) = mpsc::channel::<()>();
        let (started, running) = oneshot::channel::<()>();
        let first = {
            let worker = Arc::clone(&worker);
            tokio::spawn(async move {
                worker
                    .call(AMPLE, move |()| {
                        let _ = started.send(());
                        held.recv().is_ok()
                    })
                    .await
            })
        };
        running.await.unwrap();
        let counted = Arc::clone(&begun);
        let queued = worker
            .call(SOON, move |()| {
                counted.fetch_add(1, Ordering::SeqCst);
            })
            .await;
        assert_eq!(queued, Err(Lost::TimedOut));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        assert_eq!(worker.call(AMPLE, |()| 1).await, Ok(1));
        assert_eq!(begun.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_job_that_panics_is_told_and_the_next_one_works() {
        let worker: Worker<()> = Worker::new("test", || ());
        let lost = worker.call(AMPLE, |()| panic!("on purpose")).await;
        assert!(matches!(lost, Err::<(), _>(Lost::Broken(_))));
        assert_eq!(worker.call(AMPLE, |()| 1).await, Ok(1));
    }
}
