//! How findings are printed.

use firebrick_diagnostics::{Diagnostic, Place, Report, SourceText};
use insta::assert_snapshot;
use proptest::prelude::*;

/// A finding at the first occurrence of a piece of a text.
fn at(text: &str, piece: &str) -> Diagnostic {
    let source = SourceText::new("net.prototxt", text);
    let start = text.find(piece).expect("the piece is in the text");
    Diagnostic::error("something is wrong").at(Place::text(&source, start..start + piece.len()))
}

fn check(name: &str, report: impl Into<Report>) {
    assert_snapshot!(name, report.into().to_string());
}

#[test]
fn text_places() {
    check("plain", at("layer {\n  nmae: \"conv1\"\n}\n", "nmae").label("unknown field").help("did you mean `name`?"));
    check("first_line", at("layer {}", "layer"));
    check("tabs", at("layer {\n\t\tnmae:\t\"conv1\"\n}\n", "nmae").label("here"));
    check("unicode", at("name: \"Größe 网络\" # é\nnmae: 'é' 1", "1").label("here"));
    check("carriage_returns", at("layer {\r\n  nmae: 1\r\n}\r\n", "nmae").label("here"));
    check("old_mac_line_ends", at("layer {\r  nmae: 1\r}\r", "nmae").label("here"));
    check("byte_order_mark", at("\u{feff}nmae: 1", "nmae").label("here"));
    check("several_lines", at("layer {\n  name: 1\n}\n", "{\n  name: 1\n}").label("this one"));
    check(
        "long_line",
        at(&format!("data: {} nmae: 1 data: {}", "0.1 ".repeat(300_000), "0.2 ".repeat(300_000)), "nmae").label("here"),
    );
    check(
        "rather_long_line",
        at(&format!("data: {} nmae: 1 data: {}", "0.1 ".repeat(100), "0.2 ".repeat(100)), "nmae").label("here"),
    );
    check(
        "long_span",
        at(&format!("data: \"{}\"", "x".repeat(1_000_000)), &format!("\"{}\"", "x".repeat(1_000_000))).label("here"),
    );
    check("empty_file", at("", "").label("nothing here"));
    check(
        "end_of_file",
        at("layer {\n", "").at(Place::text(&SourceText::new("net.prototxt", "layer {\n"), 8..8)).label("the file ends"),
    );
    check("out_of_the_text", Diagnostic::error("odd").at(Place::text(&SourceText::new("a", "b"), 7..99)));
    check("control_characters", at("a: \u{1b}[31m \0 nmae", "nmae"));
}

#[test]
fn other_places() {
    let field = Place::field("net.caffemodel", "layer[3].blobs[0]", Some(1234));
    check("field", Diagnostic::error("the blob is cut short").at(field).help("download the file again"));
    check("field_without_path", Diagnostic::error("cut short").at(Place::field("net.caffemodel", "", Some(3))));
    check("field_without_offset", Diagnostic::warning("ignored").at(Place::field("net.onnx", "graph.node[1]", None)));
    check("file", Diagnostic::error("the file is empty").at(Place::file("net.prototxt")));
    check("nowhere", Diagnostic::note("nothing to do"));
    check("long_message", Diagnostic::error("x".repeat(5000)));
}

#[test]
fn related_places_and_several_findings() {
    let text = "layer {\n  name: \"a\"\n}\nlayer {\n  name: \"a\"\n}\n";
    let source = SourceText::new("net.prototxt", text);
    let twice = Diagnostic::error("two layers are named `a`")
        .at(Place::text(&source, 38..41))
        .label("again here")
        .related(Place::text(&source, 16..19), "first here")
        .related(Place::field("net.caffemodel", "layer[0]", None), "the weights are those of the first");
    check("related", twice.clone());
    let mut report = Report::from(twice);
    report.push(Diagnostic::warning("a second finding"));
    check("two_findings", report);
}

#[test]
fn colors_are_only_in_the_colored_form() {
    let finding = at("layer {}", "layer");
    assert!(finding.render(true).contains('\u{1b}'));
    assert!(!finding.render(false).contains('\u{1b}'));
}

proptest! {
    #[test]
    fn no_span_of_any_text_panics(text in "(\\PC|[\t\r\n\u{feff}\u{200d}]){0,200}", start in 0_usize..800, length in 0_usize..800) {
        let source = SourceText::new("net.prototxt", text);
        let rendered = Diagnostic::error("odd").at(Place::text(&source, start..start + length)).label("here").render(false);
        prop_assert!(rendered.len() < 4000);
    }
}
