//! A persistent pool of threads.
//!
//! A job is a number of tasks. Each thread, the caller's too, has a share of them: as many as others, one behind the
//! other, so that a thread has the same place of a value's in each job, and finds in its caches what it has written.
//! Tasks are claimed from a share's atomic counter, and whoever is done with his own claims from others', so that a thread
//! that the system has put aside holds nobody up but by the tasks that it has begun.
//!
//! Workers spin for a moment after a job, since the next one mostly follows at once, and sleep then. No more of them stay
//! awake than the machine runs at once: threads beyond that would take the processor from those that have tasks.
//!
//! A panic in a task is the caller's: whoever has it, the job ends, and the pool can be used again.
#![expect(
    unsafe_code,
    reason = "workers borrow a job for as long as the caller waits for them, which no lifetime says"
)]

use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::hint;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// How often a worker looks for a job before it sleeps: some tens of microseconds.
const N_SPINS: usize = 2_000;

/// How often the caller looks whether workers are done before it lets others have the processor.
const N_SPINS_OF_CALLER: usize = 1_000;

/// Claims of each thread in a job that has tasks enough.
const N_CLAIMS: usize = 8;

/// Set in the numbers of the next tasks when there are to be none.
const GIVEN_UP: usize = 1 << (usize::BITS - 2);

/// What a thread of that number, 0 being the caller, is to do with tasks `begin..end`.
type Tasks<'a> = &'a (dyn Fn(usize, usize, usize) + Sync + 'a);

#[derive(Clone, Copy)]
struct Job {
    tasks: Tasks<'static>,
    n_tasks: usize,
    /// Tasks that are claimed at once.
    claim: usize,
}

/// The first task of a thread's share that nobody has claimed, in a line of the cache of its own.
#[repr(align(64))]
struct Share(AtomicUsize);

struct Shared {
    /// Written by the caller while no job is open and no worker is active, read by active workers while one is open.
    job: UnsafeCell<Job>,
    /// The open job's number; 0 while there is none.
    open: AtomicUsize,
    /// Those of the threads that the pool was asked for: of some that the system didn't give, too.
    shares: Box<[Share]>,
    /// Workers that may be reading `job`.
    n_active: AtomicUsize,
    n_sleeping: AtomicUsize,
    n_workers: AtomicUsize,
    /// Workers that may be awake: as many as can run beside the caller.
    max_awake: usize,
    /// Whether there is something in `panic`.
    has_panicked: AtomicBool,
    /// What the first worker that panicked in the open job said.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
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
        let n_cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Pool::with_awake(n_threads, n_cores.saturating_sub(1).max(1))
    }

    /// As [`Pool::new`], of whose workers so many may be awake.
    fn with_awake(n_threads: usize, max_awake: usize) -> Self {
        let shared = Arc::new(Shared {
            job: UnsafeCell::new(Job { tasks: &|_, _, _| (), n_tasks: 0, claim: 1 }),
            open: AtomicUsize::new(0),
            shares: (0..n_threads.max(1)).map(|_| Share(AtomicUsize::new(0))).collect(),
            n_active: AtomicUsize::new(0),
            n_sleeping: AtomicUsize::new(0),
            n_workers: AtomicUsize::new(0),
            max_awake,
            has_panicked: AtomicBool::new(false),
            panic: Mutex::new(None),
            stops: AtomicBool::new(false),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
        });
        let spawn = |thread| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name("firebrick".to_owned()).spawn(move || shared.work(thread)).ok()
        };
        let workers: Vec<JoinHandle<()>> = (1..n_threads).map_while(spawn).collect();
        shared.n_workers.store(workers.len(), SeqCst);
        Pool { shared, workers, n_jobs: 0 }
    }

    /// The number of threads, the caller's among them.
    pub(super) fn n_threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Does all tasks, each once, and returns when all are done.
    ///
    /// # Panics
    /// If a task does, as that one does; then some tasks may not be done.
    pub(super) fn run(&mut self, n_tasks: usize, tasks: Tasks<'_>) {
        if self.workers.is_empty() || n_tasks <= 1 {
            if n_tasks > 0 {
                tasks(0, 0, n_tasks);
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
        // Of a job that the caller left by a panic of its own.
        drop(self.shared.take_panic());
        for (thread, share) in self.shared.shares.iter().enumerate() {
            share.0.store(self.shared.first(&job, thread), SeqCst);
        }
        self.n_jobs = self.n_jobs.wrapping_add(1).max(1);
        self.shared.open(self.n_jobs);
        let close = Close(&self.shared);
        self.shared.claim(&job, 0);
        drop(close);
        if let Some(panic) = self.shared.take_panic() {
            resume_unwind(panic);
        }
    }
}

/// Closes the job when the caller is done with it, by a panic too.
struct Close<'a>(&'a Shared);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.give_up();
        }
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
            // Tasks' panics are caught, so that it has ended well.
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
        let n_missing = self.max_awake.saturating_sub(self.n_awake()).min(self.n_sleeping.load(SeqCst));
        if n_missing > 0 {
            let guard = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
            (0..n_missing).for_each(|_| self.wake.notify_one());
            drop(guard);
        }
    }

    fn n_awake(&self) -> usize {
        self.n_workers.load(SeqCst).saturating_sub(self.n_sleeping.load(SeqCst))
    }

    fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        if !self.has_panicked.swap(false, SeqCst) {
            return None;
        }
        self.panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Leaves the tasks that nobody has claimed.
    fn give_up(&self) {
        for share in &self.shares {
            share.0.fetch_or(GIVEN_UP, SeqCst);
        }
    }

    fn wake_all(&self) {
        let guard = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        self.wake.notify_all();
        drop(guard);
    }

    /// A worker's life.
    fn work(&self, thread: usize) {
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
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.claim(&job, thread))) {
                    self.give_up();
                    self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
                    self.has_panicked.store(true, SeqCst);
                }
            }
            drop(active);
            done = number;
        }
    }

    /// Waits for another job than the one of that number, or for the end.
    fn wait(&self, done: usize) -> usize {
        let is_new = |number: usize| (number != 0 && number != done) || self.stops.load(SeqCst);
        let is_spare = self.n_awake() > self.max_awake;
        for _ in 0..if is_spare { 0 } else { N_SPINS } {
            let number = self.open.load(SeqCst);
            if is_new(number) {
                return number;
            }
            hint::spin_loop();
        }
        let mut guard = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        self.n_sleeping.fetch_add(1, SeqCst);
        if is_spare && !self.stops.load(SeqCst) {
            // Others do what there is to do, until one of them is missing.
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
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

    /// The first task of a thread's share.
    fn first(&self, job: &Job, thread: usize) -> usize {
        let (n, rest) = (job.n_tasks / self.shares.len(), job.n_tasks % self.shares.len());
        n * thread + rest.min(thread)
    }

    /// Does tasks until none is left: those of its own share, then those of the others.
    fn claim(&self, job: &Job, thread: usize) {
        let n = self.shares.len();
        for owner in (thread..n).chain(0..thread) {
            let end = self.first(job, owner + 1);
            loop {
                let begin = self.shares[owner].0.fetch_add(job.claim, SeqCst);
                if begin >= end {
                    break;
                }
                (job.tasks)(thread, begin, (begin + job.claim).min(end));
            }
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
mod tests;
