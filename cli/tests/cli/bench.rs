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
    check("usage_profile_and_serve", &bench(&["--profile", "--serve"]));
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

/// Every step has a row; together they multiply as often as the network is said to.
#[test]
fn profile() {
    let ran = crate::check::run(&bench(&["--iters", "3", "--threads", "2", "--profile", "--json"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let measured: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}"));
    let profile = &measured["profile"];
    assert_eq!(profile["runs"], 3, "{profile}");
    let peak = profile["peak_gflops"].as_f64().unwrap_or_default();
    let steps = profile["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(peak > 0.0 && !steps.is_empty(), "{profile}");
    for step in steps {
        assert_eq!(step["evaluated"], false, "{step}");
        let Some(gflops) = step["gflops"].as_f64() else { continue };
        let share = step["share_of_peak"].as_f64().unwrap_or_default();
        assert!(gflops > 0.0 && (share * peak - gflops).abs() < 1e-6 * gflops, "{step}");
    }
    let macs: u64 = steps.iter().filter_map(|step| step["macs"].as_u64()).sum();
    let ran = crate::check::run(&["inspect", DIGITS[0], DIGITS[1], "--format", "json"]);
    let inspected: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(Some(macs), inspected["macs"].as_u64(), "{profile}");
    let kernels: Vec<&str> = steps.iter().filter_map(|step| step["kernel"].as_str()).collect();
    assert!(kernels.iter().any(|kernel| kernel.contains("conv_f32_3x3s1")), "{kernels:?}");
}

/// The same as a table.
#[test]
fn profile_text() {
    let ran = crate::check::run(&bench(&["--iters", "2", "--profile"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let first = ran.stdout.lines().next().unwrap_or_default();
    assert_eq!(first.split_whitespace().collect::<Vec<_>>().join(" "), "layer kernel ms of run MACs GFLOP/s of peak");
    assert!(ran.stdout.contains("GFLOP/s on "), "{}", ran.stdout);
}

/// Every form between the model and machine code: functions have the names that profiles show.
#[test]
fn emit() {
    let print = |form: &str, isa: &str| {
        let ran = crate::check::run(&bench(&["--isa", isa, "--emit", form]));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout
    };
    assert!(print("ir", "clif").contains(" = expand("));
    let clif = print("clif", "clif");
    for part in [
        "function %conv_f32_3x3s1_wino4_products__clif_",
        "function %step",
        " = fma ",
        "colocated %conv_f32_1x1s1__clif_",
    ] {
        assert!(clif.contains(part), "{part}: {clif}");
    }
    assert!(!clif.contains("u0:"), "every function has its name: {clif}");
    let asm = print("asm", "clif");
    assert!(
        asm.contains("\nconv_f32_3x3s1_wino4_products__clif_")
            && asm.lines().filter(|line| line.contains("ret")).count() > 10
    );
}

/// Tiles of our own encoding are listed too, where the machine has them.
#[test]
fn emit_avx2() {
    let ran = crate::check::run(&bench(&["--isa", "avx2", "--emit", "asm"]));
    if ran.code != Some(0) {
        assert!(ran.stderr.contains("this machine does not have avx2"), "{}", ran.stderr);
        return;
    }
    assert!(ran.stdout.contains("vfmadd231ps ymm") && ran.stdout.contains("; conv_f32_1x1s1__avx2_"), "{}", ran.stdout);
}

/// A line for each function, where `perf` looks for it.
#[cfg(target_os = "linux")]
#[test]
fn perf_map() {
    let mut child = firebrick(workspace())
        .args(bench(&["--iters", "1", "--perf-map"]))
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("firebrick: {error}"));
    let path = format!("/tmp/perf-{}.map", child.id());
    assert!(child.wait().unwrap_or_else(|error| panic!("{error}")).success());
    let map = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    std::fs::remove_file(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    for line in map.lines() {
        let [address, length, _] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        for number in [address, length] {
            assert!(u64::from_str_radix(number, 16).is_ok_and(|number| number > 0), "{line}");
        }
    }
    assert!(map.contains(" conv_f32_3x3s1__") && map.contains(" step0_"), "{map}");
}
