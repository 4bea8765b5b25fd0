//! Weights in files beside a model: nothing outside of its folder is read.

use std::fs;

use firebrick_schemas::onnx::{DataLocation, ModelProto, StringStringEntryProto, TensorProto};

use super::Folder;
use super::models::{encoded, graph, input, model, node, weight};
use crate::turn;

/// A model whose weight `w` of two floats is in another file.
fn external(entries: &[(&str, &str)]) -> ModelProto {
    let entry = |(key, value): &(&str, &str)| StringStringEntryProto {
        key: Some((*key).to_owned()),
        value: Some((*value).to_owned()),
    };
    let weight = TensorProto {
        raw_data: None,
        data_location: Some(DataLocation::External.into()),
        external_data: entries.iter().map(entry).collect(),
        ..weight("w", &[2])
    };
    model(graph(vec![input("x", &[2])], vec![weight], vec![node("Add", "x w", "y", vec![])]))
}

/// What is said of a model whose weight is there, below a folder that also has `secret`.
fn check(entries: &[(&str, &str)], expected: Option<&str>) {
    let outer = Folder::new();
    fs::write(outer.path("secret"), [0; 64]).expect("the folder can be written");
    let inner = outer.path("inner");
    fs::create_dir(&inner).expect("the folder can be written");
    fs::create_dir(inner.join("folder")).expect("the folder can be written");
    fs::write(inner.join("weights.bin"), [0; 8]).expect("the folder can be written");
    #[cfg(unix)]
    std::os::unix::fs::symlink(outer.path("secret"), inner.join("link")).expect("the folder can be written");
    let path = outer.write("inner/model.onnx", &encoded(&external(entries)));
    let opened = firebrick::Model::open([path], &firebrick::OpenOptions::default());
    let error = opened.err().map(|error| error.render(false));
    match (&error, expected) {
        (None, None) => {}
        (Some(error), Some(expected)) => assert!(error.contains(expected), "{entries:?}: {error}"),
        (_, _) => panic!("{entries:?}: {error:?} instead of {expected:?}"),
    }
}

#[test]
fn beside_the_model() {
    let _turn = turn();
    check(&[("location", "weights.bin")], None);
    check(&[("location", "./weights.bin"), ("offset", "0"), ("length", "8")], None);
}

#[test]
fn outside_of_the_folder() {
    let _turn = turn();
    let secret = std::env::temp_dir();
    for location in
        ["../secret", "folder/../../secret", "..\\secret", "/etc/hostname", &secret.to_string_lossy(), "C:\\x"]
    {
        check(&[("location", location), ("length", "8")], Some("error"));
    }
    #[cfg(unix)]
    check(&[("location", "link"), ("length", "8")], Some("error"));
}

#[test]
fn not_a_file() {
    let _turn = turn();
    for location in ["", ".", "..", "folder", "missing.bin", "weights.bin/", "weights.bin\0", "nul\n"] {
        check(&[("location", location)], Some("error"));
    }
    check(&[], Some("error"));
    check(&[("offset", "0")], Some("error"));
}

#[test]
fn beyond_the_file() {
    let _turn = turn();
    for (offset, length) in [
        ("1", "8"),
        ("0", "9"),
        ("8", "8"),
        ("9223372036854775807", "8"),
        ("18446744073709551615", "8"),
        ("0", "18446744073709551615"),
        ("0", "4"),
        ("-1", "8"),
        ("0", "-8"),
        ("x", "8"),
        ("0", "1e1"),
        ("", ""),
    ] {
        check(&[("location", "weights.bin"), ("offset", offset), ("length", length)], Some("error"));
    }
}
