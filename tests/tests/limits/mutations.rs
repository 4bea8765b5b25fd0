//! Damaged files: cut off, with changed bytes, with numbers out of all proportion.

use std::fs;
use std::path::{Path, PathBuf};

use firebrick::OpenOptions;
use firebrick_tests::workspace;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use crate::{BOUNDS, survive, turn};

/// Numbers at the edges of what fields hold, and beyond.
const NUMBERS: &[&str] =
    &["4294967295", "2147483647", "2147483648", "9223372036854775807", "65536", "1e38", "-1", "0", "nan"];

/// A folder of files to be damaged.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().expect("there is a folder for temporary files"))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        // Some file systems wait for the disk when a file is written over, but not when one is new.
        drop(fs::remove_file(&path));
        fs::write(&path, bytes).expect("the folder can be written");
        path
    }

    /// Opens a damaged prototxt.
    fn prototxt(&self, bytes: &[u8]) -> Result<(), String> {
        let path = self.write("net.prototxt", bytes);
        let said = |what| format!("{what}:\n{}", String::from_utf8_lossy(bytes));
        survive(&[&path], &OpenOptions::default(), BOUNDS).map_err(said)
    }

    /// Opens a damaged caffemodel, with its prototxt and alone.
    fn caffemodel(&self, prototxt: &Path, bytes: &[u8]) -> Result<(), String> {
        let path = self.write("net.caffemodel", bytes);
        survive(&[prototxt, &path], &OpenOptions::default(), BOUNDS)
            .map_err(|what| format!("{what}, with the prototxt"))?;
        survive(&[&path], &OpenOptions::default(), BOUNDS).map_err(|what| format!("{what}, alone"))
    }
}

/// Small nets of every form and family.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = workspace().join("tests/fixtures/caffe");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), bytes)
    };
    let mut fixtures: Vec<_> = entries.flatten().map(|entry| read(entry.path())).collect();
    fixtures.sort();
    assert!(fixtures.len() >= 10, "the fixtures are in {}", folder.display());
    fixtures
}

/// Whole, every fixture is a model; otherwise its mutations would test little.
#[test]
fn fixtures_are_models() {
    let _turn = turn();
    let folder = Folder::new();
    for (name, bytes) in fixtures() {
        let path = folder.write("net.prototxt", &bytes);
        if let Err(error) = firebrick::Model::open([path], &OpenOptions::default()) {
            panic!("{name}: {}", error.render(false));
        }
    }
}

#[test]
fn prototxts_cut_off() {
    let _turn = turn();
    let folder = Folder::new();
    for (name, bytes) in fixtures() {
        // One at every length, the others at some.
        let step = if name == "v1" { 1 } else { 13 };
        for length in (0..bytes.len()).step_by(step) {
            folder.prototxt(&bytes[..length]).unwrap_or_else(|what| panic!("{name}, {length} bytes: {what}"));
        }
    }
}

#[test]
fn prototxts_with_other_numbers() {
    let _turn = turn();
    let folder = Folder::new();
    for (name, bytes) in fixtures() {
        let text = String::from_utf8(bytes).expect("fixtures are UTF-8");
        for (start, end) in numbers(&text) {
            for number in NUMBERS {
                let mut text = text.clone();
                text.replace_range(start..end, number);
                folder.prototxt(text.as_bytes()).unwrap_or_else(|what| panic!("{name}: {what}"));
            }
        }
    }
}

/// Random weights are as large as the file says, up to what is refused: these numbers are far beyond, or nothing.
#[test]
fn random_weights_of_other_numbers() {
    let _turn = turn();
    let folder = Folder::new();
    let options = OpenOptions { random_weights: Some(1), ..OpenOptions::default() };
    for (name, bytes) in fixtures() {
        let text = String::from_utf8(bytes).expect("fixtures are UTF-8");
        for (start, end) in numbers(&text) {
            for number in ["4294967295", "9223372036854775807", "-1", "0"] {
                let mut text = text.clone();
                text.replace_range(start..end, number);
                let path = folder.write("net.prototxt", text.as_bytes());
                survive(&[path], &options, BOUNDS).unwrap_or_else(|what| panic!("{name}: {what}:\n{text}"));
            }
        }
    }
}

/// Where the numbers after a colon or in a list are.
fn numbers(text: &str) -> Vec<(usize, usize)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '"' | '\'');
    let mut found = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if is_part(c) {
            continue;
        }
        if text[start..at].parse::<f64>().is_ok() || text[start..at].starts_with("0x") {
            found.push((start, at));
        }
        start = at + c.len_utf8();
    }
    found
}

#[test]
fn prototxts_with_other_bytes() {
    let _turn = turn();
    let (folder, fixtures) = (Folder::new(), fixtures());
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let changes = prop::collection::vec(change, 1..6);
    let mutation = (0..fixtures.len(), changes, any::<bool>());
    check(300, mutation, |(fixture, changes, printable)| {
        let mut bytes = fixtures[fixture].1.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = if printable { b' ' + byte % 95 } else { byte };
        }
        folder.prototxt(&bytes)
    });
}

#[test]
fn prototxts_with_parts_of_each_other() {
    let _turn = turn();
    let (folder, fixtures) = (Folder::new(), fixtures());
    let part = (0..fixtures.len(), any::<prop::sample::Index>(), 1_usize..200);
    let mutation = (0..fixtures.len(), any::<prop::sample::Index>(), part);
    check(300, mutation, |(fixture, at, (other, start, length))| {
        let (mut bytes, other) = (fixtures[fixture].1.clone(), &fixtures[other].1);
        let start = start.index(other.len());
        let at = at.index(bytes.len());
        bytes.splice(at..at, other[start..].iter().copied().take(length));
        folder.prototxt(&bytes)
    });
}

#[test]
fn caffemodels_cut_off() {
    let _turn = turn();
    let (folder, prototxt, bytes) = digits();
    // Everywhere in the first layers' headers, then here and there.
    for length in (0..400).chain((400..bytes.len()).step_by(997)) {
        folder.caffemodel(&prototxt, &bytes[..length]).unwrap_or_else(|what| panic!("{length} bytes: {what}"));
    }
}

#[test]
fn caffemodels_with_other_bytes() {
    let _turn = turn();
    let (folder, prototxt, bytes) = digits();
    let anywhere = (0..bytes.len()).boxed();
    let in_the_first_headers = (0_usize..400).boxed();
    let change = (prop_oneof![anywhere, in_the_first_headers], any::<u8>());
    check(300, prop::collection::vec(change, 1..4), |changes| {
        let mut bytes = bytes.clone();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        folder.caffemodel(&prototxt, &bytes)
    });
}

/// The net that ships with the project.
fn digits() -> (Folder, PathBuf, Vec<u8>) {
    let digits = workspace().join("examples/digits");
    let bytes = fs::read(digits.join("digits.caffemodel")).expect("the net ships with the project");
    (Folder::new(), digits.join("deploy.prototxt"), bytes)
}

/// Tries `cases` mutations, the same ones every time.
pub(crate) fn check<S: Strategy>(cases: u32, mutation: S, survives: impl Fn(S::Value) -> Result<(), String>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(&mutation, |mutation| survives(mutation).map_err(TestCaseError::fail));
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
