//! Published prototxt files, where they are at hand.

use std::fs;
use std::path::{Path, PathBuf};

use firebrick_caffe::text::Document;
use firebrick_schemas::caffe::NetParameter;

/// The folder of test models: `FIREBRICK_SHARED`, or `shared` beside the project.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("FIREBRICK_SHARED").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no test models in {}; set FIREBRICK_SHARED to their folder", folder.display());
    None
}

fn prototxts(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            prototxts(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "prototxt") {
            found.push(path);
        }
    }
}

#[test]
fn every_published_prototxt_is_read() {
    let Some(shared) = shared() else { return };
    let mut files = Vec::new();
    prototxts(&shared.join("models"), &mut files);
    prototxts(&shared.join("caffe-cases"), &mut files);
    files.sort();
    assert!(files.len() > 90, "only {} files were found", files.len());
    for file in files {
        let name = file.display().to_string();
        let text = fs::read(&file).expect("the file can be read");
        let net = Document::from_bytes("net.prototxt", &text).and_then(|document| document.bind::<NetParameter>());
        if String::from_utf8_lossy(&text).contains("{{") {
            let report = net.expect_err("a template is no prototxt").to_string();
            assert!(report.contains("placeholder") && report.contains("{{"), "{name}:\n{report}");
            continue;
        }
        let net = net.unwrap_or_else(|report| panic!("{name}:\n{report}"));
        assert!(net.layer.len() + net.layers.len() > 0, "{name}");
    }
}
