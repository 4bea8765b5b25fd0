//! `firebrick layers`, `firebrick completions` and help.

use crate::check::{check, run, workspace};

#[test]
fn lists() {
    check("layers", &["layers"]);
    let json = run(&["layers", "--format", "json"]).stdout;
    let lists: serde_json::Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}"));
    let layers = lists["layers"].as_array().map(Vec::len).unwrap_or_default();
    assert_eq!(layers, firebrick::layer_types().len());
}

#[test]
fn the_page_of_layers_is_what_is_printed() {
    let path = workspace().join("docs/layers.md");
    let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let tables = run(&["layers", "--format", "markdown"]).stdout;
    assert!(page.contains(tables.trim()), "docs/layers.md is to have what `firebrick layers --format markdown` prints");
}

#[test]
fn completions() {
    for (shell, first) in [("bash", "_firebrick() {"), ("zsh", "#compdef firebrick"), ("fish", "# Print an optspec")] {
        let ran = run(&["completions", shell]);
        let line = ran.stdout.lines().next().unwrap_or_default();
        assert!(line.starts_with(first), "{shell}: {line}");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn help() {
    check("help", &["--help"]);
    check("help_run", &["run", "--help"]);
    check("help_inspect", &["inspect", "--help"]);
    check("version", &["--version"]);
}
