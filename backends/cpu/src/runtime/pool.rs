//! A persistent pool of threads.
//!
//! A job is a number of tasks. Whoever is free claims the next ones from an atomic counter, the caller too, so that a
//! thread that the system has put aside holds nobody up but by the tasks that it has. Workers spin for a moment after
//! a job, since the next one mostly follows at once, and sleep then.
#![expect(
    unsafe_code,
    reason = "workers borrow a job for as long as the caller waits for them, which no lifetime says"
)]

use std::cell::UnsafeCell;
use std::fmt;
use std::hint;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// How often a worker looks for a job before it sleeps: some tens of microseconds.
const N_SPINS: usize = 2_000;

/// How often the caller looks whether workers are done before it lets others have the processor.
const N_SPINS_OF_CALLER: usize = 10_000;

/// Claims of each thread in a job that has tasks enough.
const N_CLAIMS: usize = 8;

/// What is to be done with tasks `begin..end`.
type Tasks<'a> = &'a (dyn Fn(usize, usize) + Sync + 'a);

#[derive(Clone, Copy)]
struct Job {
    tasks: Tasks<'static>,
    n_tasks: usize,
    /// Tasks that are claimed at once.
    claim: usize,
}

struct Shared {
    /// Written by the caller while no job is open and no worker is active, read by active workers while one is open.
    job: UnsafeCell<Job>,
    /// The open job's number; 0 while there is none.
    open: AtomicUsize,
    /// The first task that nobody has claimed.
    next: AtomicUsize,
    /// Workers that may be reading `job`.
    n_active: AtomicUsize,
    n_sleeping: AtomicUsize,
    stops: AtomicBool,
    sleep: Mutex<()>,
    wake: Condvar,
}

// SAFETY: `job` is the one field that is not Sync by itself; when it is written and read is said there, and kept by
// `Pool::run` and `Shared::work`.
unsafe impl Sync for Shared {}

/// Threads that work together. They end when it is dropped.
pub(super) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    n_jobs: usize,
}

impl Pool {
    /// A pool of so many threads, the caller's among them. If the system gives fewer, it is smaller.
    pub(super) fn new(n_threads: usize) -> Self {
        let shared = Arc::new(Shared {
            job: UnsafeCell::new(Job { tasks: &|_, _| (), n_tasks: 0, claim: 1 }),
            open: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            n_active: AtomicUsize::new(0),
            n_sleeping: AtomicUsize::new(0),
            stops: AtomicBool::new(false),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
        });
        let spawn = |_| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name("firebrick".to_owned()).spawn(move || shared.work()).ok()
        };
        let workers = (1..n_threads).map_while(spawn).collect();
        Pool { shared, workers, n_jobs: 0 }
    }

    /// The number of threads, the caller's among them.
    pub(super) fn n_threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Does all tasks, each once, and returns when all are done.
    pub(super) fn run(&mut self, n_tasks: usize, tasks: Tasks<'_>) {
        if self.workers.is_empty() || n_tasks <= 1 {
            if n_tasks > 0 {
                tasks(0, n_tasks);
            }
            return;
        }
        // SAFETY: only the lifetime changes. Workers use the reference while they are active in this job, and this
        // function returns after `close` has seen that none is.
        let tasks = unsafe { std::mem::transmute::<Tasks<'_>, Tasks<'static>>(tasks) };
        let job = Job { tasks, n_tasks, claim: (n_tasks / (self.n_threads() * N_CLAIMS)).max(1) };
        // SAFETY: no job is open, and `close` has seen that no worker is active; a worker that becomes active before
        // the job is open sees that none is, and doesn't look at it.
        unsafe { *self.shared.job.get() = job }
        self.shared.next.store(0, SeqCst);
        self.n_jobs = self.n_jobs.wrapping_add(1).max(1);
        self.shared.open(self.n_jobs);
        let close = Close(&self.shared);
        self.shared.claim(&job);
        drop(close);
    }
}

/// Closes the job when the caller is done with it, by a panic too.
struct Close<'a>(&'a Shared);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        self.0.open.store(0, SeqCst);
        let mut n_spins = 0;
        while self.0.n_active.load(SeqCst) > 0 {
            n_spins += 1;
            if n_spins < N_SPINS_OF_CALLER { hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stops.store(true, SeqCst);
        self.shared.wake_all();
        for worker in self.workers.drain(..) {
            // A worker that panicked has said so; there is nothing left to do for it.
            let _ = worker.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("n_threads", &self.n_threads()).finish_non_exhaustive()
    }
}

impl Shared {
    fn open(&self, number: usize) {
        self.open.store(number, SeqCst);
        if self.n_sleeping.load(SeqCst) > 0 {
            self.wake_all();
        }
    }

    fn wake_all(&self) {
        let guard = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        self.wake.notify_all();
        drop(guard);
    }

    /// A worker's life.
    fn work(&self) {
        let mut done = 0;
        loop {
            let number = self.wait(done);
            if self.stops.load(SeqCst) {
                return;
            }
            let active = Active::enter(self);
            // The job that is open now, if one is, stays so while this worker is active.
            if self.open.load(SeqCst) != 0 {
                // SAFETY: a job is open, and this worker is active, so the caller does not write it.
                let job = unsafe { *self.job.get() };
                self.claim(&job);
            }
            drop(active);
            done = number;
        }
    }

    /// Waits for another job than the one of that number, or for the end.
    fn wait(&self, done: usize) -> usize {
        let is_new = |number: usize| (number != 0 && number != done) || self.stops.load(SeqCst);
        for _ in 0..N_SPINS {
            let number = self.open.load(SeqCst);
            if is_new(number) {
                return number;
            }
            hint::spin_loop();
        }
        let mut guard = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        self.n_sleeping.fetch_add(1, SeqCst);
        let number = loop {
            // The caller opens a job first and looks for sleepers then, so one of both sees the other.
            let number = self.open.load(SeqCst);
            if is_new(number) {
                break number;
            }
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        };
        self.n_sleeping.fetch_sub(1, SeqCst);
        number
    }

    /// Does tasks until none is left.
    fn claim(&self, job: &Job) {
        loop {
            let begin = self.next.fetch_add(job.claim, SeqCst);
            if begin >= job.n_tasks {
                return;
            }
            (job.tasks)(begin, (begin + job.claim).min(job.n_tasks));
        }
    }
}

/// A worker that may be reading the job; not any more when it is dropped, by a panic too.
struct Active<'a>(&'a Shared);

impl<'a> Active<'a> {
    fn enter(shared: &'a Shared) -> Self {
        shared.n_active.fetch_add(1, SeqCst);
        Active(shared)
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.n_active.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    use super::Pool;

    /// Every task is done once, job after job, whatever the number of threads.
    #[test]
    fn does_each_task_once() {
        for n_threads in [0, 1, 2, 3, 5] {
            let mut pool = Pool::new(n_threads);
            for n_tasks in (0..200).chain([1_000]) {
                let done: Vec<AtomicUsize> = (0..n_tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.run(n_tasks, &|begin, end| {
                    for count in &done[begin..end] {
                        count.fetch_add(1, Relaxed);
                    }
                });
                assert!(done.iter().all(|count| count.load(Relaxed) == 1), "{n_threads} threads, {n_tasks} tasks");
            }
        }
    }

    /// Workers that sleep are woken.
    #[test]
    fn wakes_sleepers() {
        let mut pool = Pool::new(3);
        for _ in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(5));
            let n_done = AtomicUsize::new(0);
            pool.run(64, &|begin, end| {
                n_done.fetch_add(end - begin, Relaxed);
            });
            assert_eq!(n_done.load(Relaxed), 64);
        }
    }
}
