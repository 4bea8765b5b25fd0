//! Which crate may depend on which, and which may touch files and terminals.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use firebrick_tests::workspace;
use toml::Table;
use walkdir::WalkDir;

/// The workspace's folders, and which of the workspace's crates each one's code may depend on.
const MAY_DEPEND: &[(&str, &[&str])] = &[
    ("ir", &[]),
    ("diagnostics", &[]),
    ("schemas", &[]),
    ("frontends/caffe", &["firebrick-diagnostics", "firebrick-ir", "firebrick-schemas"]),
    ("frontends/onnx", &["firebrick-diagnostics", "firebrick-ir", "firebrick-schemas"]),
    ("passes", &["firebrick-ir"]),
    ("backends/caffe", &["firebrick-ir", "firebrick-schemas"]),
    ("backends/cpu", &["firebrick-ir"]),
    ("backends/onnx", &["firebrick-ir", "firebrick-schemas"]),
    (
        "driver",
        &[
            "firebrick-caffe",
            "firebrick-caffe-writer",
            "firebrick-cpu",
            "firebrick-diagnostics",
            "firebrick-ir",
            "firebrick-onnx",
            "firebrick-onnx-writer",
            "firebrick-passes",
            "firebrick-schemas",
        ],
    ),
    ("cli", &["firebrick"]),
    ("tests", &["firebrick", "firebrick-cpu"]),
];

/// Folders whose code works on bytes in memory.
const NO_FILES: &[&str] = &["ir", "diagnostics", "schemas", "frontends", "passes", "backends"];

/// What touches files, processes, the environment or the terminal.
const TOUCHES: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "File::",
    "stdout()",
    "stderr()",
    "stdin()",
    "println!",
    "print!",
    "dbg!",
];

fn manifest(folder: &Path) -> Table {
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names in a table of dependencies, for every target.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let tables = manifest.get("target").and_then(|targets| targets.as_table()).into_iter().flatten();
    let for_targets = tables.filter_map(|(_, target)| target.as_table());
    let of = |table: &Table| -> Vec<String> {
        let kinds = ["dependencies", "build-dependencies"].into_iter().filter_map(|kind| table.get(kind)?.as_table());
        kinds.flat_map(|dependencies| dependencies.keys().cloned()).collect()
    };
    for_targets.chain([manifest]).flat_map(of).collect()
}

#[test]
fn crates_depend_in_one_direction() {
    let root = manifest(workspace());
    let members = root["workspace"]["members"].as_array().expect("the workspace has members");
    let members: BTreeSet<&str> = members.iter().filter_map(|member| member.as_str()).collect();
    let known: BTreeSet<&str> = MAY_DEPEND.iter().map(|(folder, _)| *folder).collect();
    assert_eq!(members, known, "every member has its line in this test");
    let manifests: BTreeMap<&str, Table> =
        members.iter().map(|&folder| (folder, manifest(&workspace().join(folder)))).collect();
    let ours: BTreeSet<&str> = manifests.values().filter_map(|manifest| manifest["package"]["name"].as_str()).collect();
    for (folder, allowed) in MAY_DEPEND {
        let used = dependencies(&manifests[folder]);
        let used: Vec<&str> = used.iter().map(String::as_str).filter(|name| ours.contains(name)).collect();
        let forbidden: Vec<&&str> = used.iter().filter(|name| !allowed.contains(name)).collect();
        assert!(forbidden.is_empty(), "{folder} depends on {forbidden:?}");
    }
}

#[test]
fn only_driver_and_cli_touch_files_and_terminals() {
    let mut found = Vec::new();
    for folder in NO_FILES {
        let files = WalkDir::new(workspace().join(folder)).into_iter().flatten();
        let sources = files.filter(|entry| {
            let in_src = entry.path().components().any(|part| part.as_os_str() == "src");
            in_src && entry.path().extension().is_some_and(|extension| extension == "rs")
        });
        for source in sources {
            let text = std::fs::read_to_string(source.path()).unwrap_or_else(|error| panic!("{error}"));
            // A unit test may print or read what it needs.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (index, line) in code.lines().enumerate() {
                let comment = line.trim_start().starts_with("//");
                if !comment && TOUCHES.iter().any(|touch| line.contains(touch)) {
                    found.push(format!("{}:{}: {}", source.path().display(), index + 1, line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_crate_keeps_the_workspace_lints() {
    for (folder, _) in MAY_DEPEND {
        let manifest = manifest(&workspace().join(folder));
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(lints, Some(true), "{folder}");
    }
}
