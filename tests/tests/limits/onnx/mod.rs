//! Bad ONNX models: damaged, out of all proportion, or made to lead somewhere else.

mod external;
mod hostile;
mod models;
mod mutations;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use firebrick::{Model, OpenOptions};
use tempfile::TempDir;

use crate::{Bounds, survive};

/// What opening a model may cost: a loop of a few bytes may be unrolled into some ten thousand nodes, and a shape may be
/// computed from some millions of numbers.
const BOUNDS: Bounds = Bounds { base: 48 << 20, per_byte: 200, time: Duration::from_secs(2) };

/// A folder for models.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().expect("there is a folder for temporary files"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        // Some file systems wait for the disk when a file is written over, but not when one is new.
        drop(fs::remove_file(&path));
        fs::write(&path, bytes).expect("the folder can be written");
        path
    }

    /// Opens a model that may be damaged.
    fn survives(&self, bytes: &[u8]) -> Result<(), String> {
        survive(&[self.write("model.onnx", bytes)], &OpenOptions::default(), BOUNDS)
    }

    /// What is said of a model.
    fn error(&self, bytes: &[u8]) -> Option<String> {
        let opened = Model::open([self.write("model.onnx", bytes)], &OpenOptions::default());
        opened.err().map(|error| error.render(false))
    }
}
