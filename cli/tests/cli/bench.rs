//! `firebrick bench`

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::check::{Scratch, check, check_in, firebrick, workspace};

const DIGITS: [&str; 2] = ["examples/digits/deploy.prototxt", "examples/digits/digits.caffemodel"];

fn bench<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["bench"], &DIGITS[..], args].concat()
}

#[test]
fn plan() {
    check("bench_plan", &bench(&["--isa", "clif", "--emit", "plan"]));
}

#[test]
fn usage() {
    check("usage_isa", &bench(&["--isa", "mmx"]));
    check("usage_threads", &bench(&["--threads", "0"]));
    check("usage_emit_and_serve", &bench(&["--emit", "plan", "--serve"]));
    check("usage_bench_shape", &bench(&["--shape", "data=x.npy"]));
}

#[test]
fn failures() {
    let folder = Scratch::new();
    folder.write("short.f32", &[0; 12]);
    check_in(&folder, "fails_bench_input", &bench(&["--input", "{tmp}/short.f32"]));
    check("fails_bench_no_weights", &["bench", DIGITS[0]]);
}

/// The protocol of side-by-side measurements.
#[test]
fn serve() {
    let folder = Scratch::new();
    let zeros = vec![0u8; 32 * 32 * 4];
    folder.write("zeros.f32", &zeros);
    let (input, output) = (folder.path("zeros.f32"), folder.path("out.f32"));
    let mut child = firebrick(workspace())
        .args(bench(&["--serve", "--threads", "2", "--input"]))
        .arg(&input)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("firebrick: {error}"));
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let mut answer = |request: &str| -> serde_json::Value {
        stdin.write_all(request.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let line = lines.next().expect("each request is answered").unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    };
    let ready = answer("run 3\n");
    assert_eq!((&ready["ready"], &ready["evaluated"]), (&true.into(), &0.into()), "{ready}");
    let times = answer(&format!("out {}\n", output.display()));
    assert_eq!(times["ms"].as_array().map(Vec::len), Some(3), "{times}");
    assert_eq!(answer("quit\n")["ok"], true);
    assert!(child.wait().unwrap_or_else(|error| panic!("{error}")).success());
    let bytes = std::fs::read(&output).unwrap_or_else(|error| panic!("{error}"));
    let numbers = bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")));
    let numbers: Vec<f32> = numbers.collect();
    assert_eq!(numbers.len(), 10);
    let sum: f32 = numbers.iter().sum();
    assert!((sum - 1.0).abs() < 1e-6, "probabilities {numbers:?}");
}

/// One line of JSON, the last one.
#[test]
fn json() {
    let ran = crate::check::run(&bench(&["--iters", "4", "--warmup", "0", "--json"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let measured: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(measured["ms"].as_array().map(Vec::len), Some(4), "{measured}");
    for key in ["load_ms", "compile_ms", "first_ms"] {
        assert!(measured[key].as_f64().is_some_and(|ms| ms > 0.0), "{measured}");
    }
}
