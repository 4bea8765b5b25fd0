//! Drawings.

use firebrick_ir::dot::{Dot, dot};
use firebrick_ir::text::parse;
use insta::assert_snapshot;

const NET: &str = r#"
graph "a \"net\" \\ of\ntwo lines" {
  %data = input : f32[N, 2, 4, 4]
  %w = const splat(0.5) : f32[3, 2, 3, 3]
  %conv1 = conv(%data, %w) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
  %"\\N <b>&amp;\n\u{7}\"", %indices = top_k(%conv1) axis=1 k=1 largest=true ties=lowest
  %sum = add(%"\\N <b>&amp;\n\u{7}\"", %"\\N <b>&amp;\n\u{7}\"")
  return %sum, %indices, %w
}
"#;

#[test]
fn without_constants() {
    let graph = parse(NET, &()).expect("the text is a graph");
    assert_snapshot!(dot(&graph));
}

#[test]
fn with_constants() {
    let graph = parse(NET, &()).expect("the text is a graph");
    assert_snapshot!(Dot::new(&graph).with_constants());
}
