//! What opening a file may cost: memory in proportion to the file, little time, and never a panic.
//!
//! A binary of its own, as it counts what all its threads allocate; its tests take turns.

mod caffemodel;
mod memory;
mod mutations;
mod onnx;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use firebrick::{Error, Inspection, Model, OpenOptions};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Held while a test runs.
static TURN: Mutex<()> = Mutex::new(());

/// Waits until no other test runs.
fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The result of `run` and the bytes that it held at once at most.
fn peak<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let result = run();
    (result, ALLOCATOR.peak_usage().saturating_sub(before))
}

/// What opening a model may cost.
#[derive(Clone, Copy)]
struct Bounds {
    /// Bytes allocated for any file, however small.
    base: usize,
    /// Bytes allocated for each byte: a layer of text, some 50 bytes, becomes messages, nodes and names.
    per_byte: usize,
    time: Duration,
}

/// A second's work.
const BOUNDS: Bounds = Bounds { base: 16 << 20, per_byte: 200, time: Duration::from_secs(1) };

/// Opens, inspects and prints a model whose files may be damaged. An error is as good as a model; a panic, too much
/// work or memory beyond the files' size is not, and is what the result says.
fn survive<P: AsRef<Path>>(paths: &[P], options: &OpenOptions, bounds: Bounds) -> Result<(), String> {
    let size: u64 = paths.iter().filter_map(|path| std::fs::metadata(path).ok()).map(|data| data.len()).sum();
    let allowed = bounds.base + bounds.per_byte * usize::try_from(size).unwrap_or(usize::MAX / bounds.per_byte);
    let attempt = || {
        let start = Instant::now();
        let (result, bytes) = peak(|| catch_unwind(AssertUnwindSafe(|| open(paths, options))));
        (result, bytes, start.elapsed())
    };
    let (mut result, mut bytes, mut time) = attempt();
    if time > bounds.time {
        // The machine may have been busy with something else.
        (result, bytes, time) = attempt();
    }
    match result {
        Err(_) => Err("a panic".to_owned()),
        Ok(_) if time > bounds.time => Err(format!("it took {time:?}")),
        Ok(_) if bytes > allowed => Err(format!("it allocated {bytes} bytes for {size}")),
        Ok(_) => Ok(()),
    }
}

/// Everything that can be done with a model but run it.
fn open<P: AsRef<Path>>(paths: &[P], options: &OpenOptions) -> usize {
    match Model::open(paths, options) {
        Ok(model) => {
            let inspected =
                Inspection::of(&model).map_or_else(|error| rendered(&error), |of| of.with_kernels(&model).layers.len());
            let printed =
                model.graph().map_or(0, |graph| graph.to_string().len() + firebrick::ir::dot::dot(graph).len());
            inspected + printed
        }
        Err(error) => rendered(&error),
    }
}

fn rendered(error: &Error) -> usize {
    error.render(true).len() + error.to_string().len()
}
