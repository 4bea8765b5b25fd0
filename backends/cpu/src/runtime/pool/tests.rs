use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use super::Pool;

/// So many threads, all of which may be awake, whatever the machine has.
fn pool(n_threads: usize) -> Pool {
    Pool::with_awake(n_threads, n_threads)
}

fn check(pool: &mut Pool, n_tasks: usize) {
    let done: Vec<AtomicUsize> = (0..n_tasks).map(|_| AtomicUsize::new(0)).collect();
    let n_threads = pool.n_threads();
    pool.run(n_tasks, &|thread, begin, end| {
        assert!(thread < n_threads);
        for count in &done[begin..end] {
            count.fetch_add(1, Relaxed);
        }
    });
    assert!(done.iter().all(|count| count.load(Relaxed) == 1), "{n_threads} threads, {n_tasks} tasks");
}

/// Every task is done once, job after job, whatever the number of threads.
#[test]
fn does_each_task_once() {
    for n_threads in [0, 1, 2, 3, 5] {
        let mut pool = pool(n_threads);
        (0..200).chain([1_000]).for_each(|n_tasks| check(&mut pool, n_tasks));
    }
}

/// Workers that sleep are woken.
#[test]
fn wakes_sleepers() {
    let mut pool = pool(3);
    for _ in 0..5 {
        thread::sleep(Duration::from_millis(5));
        check(&mut pool, 64);
    }
}

/// Threads beyond those that may be awake do no harm: they sleep, and the others do everything.
#[test]
fn more_threads_than_may_be_awake() {
    for max_awake in [1, 2, 4] {
        let mut pool = Pool::with_awake(9, max_awake);
        for round in 0..300 {
            if round % 100 == 0 {
                thread::sleep(Duration::from_millis(2));
            }
            check(&mut pool, 1 + round % 50);
        }
    }
}

/// What a task panicked with comes to the caller, whichever thread had the task, and the pool works on.
#[test]
fn a_panic_is_the_callers() {
    let mut pool = pool(3);
    for panicking in 0..20 {
        let run = catch_unwind(AssertUnwindSafe(|| {
            pool.run(60, &|_, begin, end| {
                assert!(!(begin..end).contains(&panicking), "task {panicking}");
                thread::yield_now();
            });
        }));
        let said = run.expect_err("a task panicked").downcast::<String>().expect("it said what");
        assert_eq!(*said, format!("task {panicking}"));
        check(&mut pool, 60);
    }
}

/// All tasks may panic, on all threads at once.
#[test]
fn panics_everywhere() {
    let mut pool = pool(4);
    for _ in 0..10 {
        let run = catch_unwind(AssertUnwindSafe(|| pool.run(100, &|_, _, _| panic!("each"))));
        assert!(run.is_err());
        check(&mut pool, 100);
    }
}

/// A pool ends whatever its workers are at: waiting, sleeping, or about to begin.
#[test]
fn ends_at_any_time() {
    for round in 0..100 {
        let mut pool = pool(4);
        if round % 2 == 0 {
            check(&mut pool, round);
        }
        if round % 10 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
