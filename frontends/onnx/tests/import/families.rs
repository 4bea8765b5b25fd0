//! Operators that index, resize, sample, select and recur: what they become, and what is said of faulty ones. What they
//! compute is the suite's matter.

use std::fmt::Write;

use firebrick_schemas::onnx::{AttributeProto, TensorProto};
use insta::assert_snapshot;

use crate::common::{float, floats, graph, imported, int, ints, longs, model, node, string, value};

/// A model of one node: opset, the shape of `x`, weights, operator, values, attributes.
type Case<'a> = (i64, &'a str, Vec<TensorProto>, &'a str, &'a str, Vec<AttributeProto>);

/// What the models become, one after another.
fn become_of(cases: Vec<Case<'_>>) -> String {
    let mut text = String::new();
    for (opset, shape, weights, op_type, values, attributes) in cases {
        let graph = graph([value("x", shape)], weights, [node(op_type, values, attributes)]);
        let became = imported(&model(opset, graph));
        writeln!(text, "{op_type}: {became}").expect("a text takes what is written to it");
    }
    text
}

#[test]
fn indexing() {
    let scalars = |name: &str, n: i64| TensorProto { dims: Vec::new(), ..longs(name, &[n]) };
    assert_snapshot!(become_of(vec![
        (13, "3 4", vec![longs("i", &[1, 0])], "GatherND", "x i -> y", vec![]),
        (12, "N 4", vec![longs("shape", &[2, 1, 4])], "Expand", "x shape -> y", vec![]),
        (14, "N 2 3", vec![scalars("k", 1)], "Trilu", "x k -> y", vec![int("upper", 0)]),
        (
            13,
            "N",
            vec![scalars("depth", 3), floats("values", &[2], &[0.0, 5.0])],
            "OneHot",
            "x depth values -> y",
            vec![]
        ),
        (14, "N 4", vec![scalars("axis", -1)], "CumSum", "x axis -> y", vec![int("reverse", 1)]),
        (11, "N 4", vec![longs("k", &[2])], "TopK", "x k -> y i", vec![int("largest", 0), int("sorted", 0)]),
        (13, "N 8 2 3", vec![], "DepthToSpace", "x -> y", vec![int("blocksize", 2), string("mode", "CRD")]),
        (18, "N 5 2", vec![longs("size", &[3, 4])], "CenterCropPad", "x size -> y", vec![ints("axes", &[1, 2])]),
        (12, "2 3 3", vec![], "Einsum", "x -> y", vec![string("equation", "...ii->...i")]),
        (12, "2 3", vec![floats("w", &[3, 2], &[1.0; 6])], "Einsum", "x w -> y", vec![string("equation", "ij, jk")]),
        (13, "2", vec![], "NonZero", "x -> y", vec![]),
    ]));
}

#[test]
fn indexing_refused() {
    assert_snapshot!(become_of(vec![
        (13, "3", vec![longs("i", &[0])], "GatherElements", "x i -> y", vec![int("axis", 1)]),
        (
            18,
            "3",
            vec![longs("i", &[0]), floats("u", &[1], &[0.0])],
            "ScatterElements",
            "x i u -> y",
            vec![string("reduction", "mean")]
        ),
        (12, "2 4", vec![longs("shape", &[3])], "Expand", "x shape -> y", vec![]),
        (13, "1 6 2 3", vec![], "DepthToSpace", "x -> y", vec![int("blocksize", 2)]),
        (13, "1 4 2 3", vec![], "DepthToSpace", "x -> y", vec![int("blocksize", 0)]),
        (12, "2 3", vec![], "Einsum", "x -> y", vec![string("equation", "ijk->i")]),
        (12, "2 3", vec![], "Einsum", "x -> y", vec![string("equation", "ij->ik")]),
        (12, "2 3", vec![], "Einsum", "x -> y", vec![string("equation", "ii->i")]),
        (18, "1 4 3", vec![longs("image", &[1, 1]), longs("block", &[2, 2])], "Col2Im", "x image block -> y", vec![]),
        (17, "1 8 1", vec![longs("step", &[0]), longs("length", &[4])], "STFT", "x step _ length -> y", vec![]),
    ]));
}

#[test]
fn resizing() {
    let scales = |values: &[f32]| floats("scales", &[values.len() as i64], values);
    assert_snapshot!(become_of(vec![
        (
            9,
            "N 1 2 3",
            vec![scales(&[1.0, 1.0, 2.0, 2.0])],
            "Upsample",
            "x scales -> y",
            vec![string("mode", "linear")]
        ),
        (10, "N 1 2 3", vec![scales(&[1.0, 1.0, 2.0, 2.0])], "Resize", "x scales -> y", vec![]),
        (
            11,
            "N 1 5 5",
            vec![scales(&[1.0, 1.0, 0.5, 0.5])],
            "Resize",
            "x _ scales -> y",
            vec![string("mode", "cubic")]
        ),
        (13, "1 1 2 3", vec![longs("sizes", &[1, 1, 2, 3])], "Resize", "x _ _ sizes -> y", vec![]),
        (
            18,
            "N 1 4 6",
            vec![longs("sizes", &[8, 8])],
            "Resize",
            "x _ _ sizes -> y",
            vec![ints("axes", &[2, 3]), string("keep_aspect_ratio_policy", "not_larger"), int("antialias", 1)],
        ),
        (
            13,
            "1 4",
            vec![floats("roi", &[4], &[0.0, 0.25, 1.0, 0.75]), longs("sizes", &[1, 2])],
            "Resize",
            "x roi _ sizes -> y",
            vec![string("coordinate_transformation_mode", "tf_crop_and_resize"), string("mode", "linear")],
        ),
        (13, "1 4", vec![scales(&[1.0])], "Resize", "x _ scales -> y", vec![]),
        (13, "1 4", vec![scales(&[1.0, 0.1])], "Resize", "x _ scales -> y", vec![]),
        (13, "1 4", vec![], "Resize", "x -> y", vec![]),
        (13, "1 4", vec![scales(&[1.0, 2.0])], "Resize", "x _ scales -> y", vec![string("mode", "spline")]),
    ]));
}

#[test]
fn recurrences() {
    let weights = |gates: i64| {
        let n = gates as usize;
        vec![floats("w", &[1, gates, 3], &vec![0.5; 3 * n]), floats("r", &[1, gates, 1], &vec![0.25; n])]
    };
    assert_snapshot!(become_of(vec![
        (14, "T N 3", weights(4), "LSTM", "x w r -> _ y", vec![int("hidden_size", 1)]),
        (
            14,
            "5 2 3",
            weights(3),
            "GRU",
            "x w r -> y",
            vec![string("direction", "reverse"), int("linear_before_reset", 1)]
        ),
        (14, "2 5 3", weights(1), "RNN", "x w r -> y", vec![int("layout", 1), float("clip", 3.0)]),
        (14, "T N 3", weights(3), "LSTM", "x w r -> y", vec![]),
        (14, "T N 3", weights(1), "RNN", "x w r -> y", vec![int("hidden_size", 2)]),
    ]));
}
