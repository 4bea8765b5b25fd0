//! `firebrick bench --perf-map`: names of compiled functions, for profilers.

use std::fmt::Write;

use firebrick::{Program, write_file};

use crate::Failure;

/// Writes where `perf` looks for the symbols of code that is in no file: a line a function, with its address and length
/// in hexadecimal. Source: `tools/perf/Documentation/jit-interface.txt` of Linux.
pub(super) fn write(program: &Program) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Err(Failure::Usage("`--perf-map` is for Linux: no other system has `perf`".to_owned()));
    }
    let mut map = String::new();
    for symbol in program.symbols() {
        // A String takes everything.
        let _ = writeln!(map, "{:x} {:x} {}", symbol.address, symbol.n_bytes, symbol.name);
    }
    let path = format!("/tmp/perf-{}.map", std::process::id());
    Ok(write_file(path, |file| file.write_all(map.as_bytes()))?)
}
