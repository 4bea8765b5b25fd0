//! What the pipelines make of whole networks: of architectures written down from their papers, and of published ones.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use firebrick::ir::{Graph, Op, Tensor};
use firebrick::passes::Level;
use firebrick::{Model, OpenOptions};
use firebrick_tests::{LEVELS, compare, evaluated, shared, tensor, workspace};

/// Opens a net for single images, its weights, if it has none, drawn as its fillers say.
fn open(files: &[&Path], options: OpenOptions) -> Graph {
    let random_weights = files.len() == 1 && files[0].extension().is_some_and(|end| end == "prototxt");
    let options = OpenOptions { batch: Some(1), random_weights: random_weights.then_some(1), ..options };
    let model = Model::open(files, &options).unwrap_or_else(|error| panic!("{}", error.render(false)));
    model.graph().unwrap_or_else(|error| panic!("{}", error.render(false))).clone()
}

fn optimized(graph: &Graph, level: Level) -> Graph {
    firebrick_tests::optimized(graph, level).unwrap_or_else(|message| panic!("{}: {message}", graph.name)).0
}

/// The graph without the digests of its constants: drawn weights are not the same on every machine.
fn text(graph: &Graph) -> String {
    let without = |line: &str| match line.split_once(" = const #") {
        Some((name, rest)) => format!("{name} = const #{}", rest.get(16..).unwrap_or_default()),
        None => line.to_owned(),
    };
    graph.to_string().lines().map(|line| without(line) + "\n").collect()
}

/// How many nodes there are of each op that computes something.
fn census(graph: &Graph) -> BTreeMap<&'static str, usize> {
    let mut census = BTreeMap::new();
    for (_, node) in graph.nodes().filter(|(_, node)| !matches!(node.op, Op::Input(_) | Op::Const(_) | Op::Return(_))) {
        *census.entry(node.op.mnemonic()).or_default() += 1;
    }
    census
}

/// A net written down from its paper; its image may be smaller than that.
fn architecture(name: &str, image: Option<u64>) -> Graph {
    let path = workspace().join("tests/fixtures/architectures").join(format!("{name}.prototxt"));
    let input_shapes = image.map(|size| ("image".to_owned(), vec![1, 3, size, size])).into_iter().collect();
    open(&[&path], OpenOptions { input_shapes, ..OpenOptions::default() })
}

/// The result of a graph for one image.
fn run(graph: &Graph) -> Tensor {
    let inputs: HashMap<String, Tensor> = graph.inputs().iter().map(|&id| image(graph, id)).collect();
    let values = evaluated(graph, &inputs).unwrap_or_else(|message| panic!("{message}"));
    values[graph.value_name(graph.outputs()[0])].clone()
}

/// An image of waves in -1..1.
fn image(graph: &Graph, id: firebrick::ir::NodeId) -> (String, Tensor) {
    let output = &graph.node(id).outputs[0];
    let dims: Vec<usize> = output.ty.shape.as_fixed().unwrap_or_default().iter().map(|&n| n as usize).collect();
    let values = (0..dims.iter().product::<usize>()).map(|i| (i as f32 * 0.37).sin()).collect();
    (output.name.clone(), tensor(&dims, values))
}

/// Checks what the pipeline makes of a net, and that the net's results stay: to 1e-5, since folding reorders sums.
fn check(name: &str, image: Option<u64>) {
    insta::assert_snapshot!(name, text(&optimized(&architecture(name, None), Level::O2)));
    let before = architecture(name, image);
    let expected = run(&before);
    for level in LEVELS {
        let difference = compare(&run(&optimized(&before, level)), &expected);
        assert!(difference.within_relative(1e-5), "{name}, -O{level}: {difference}");
    }
}

#[test]
fn squeezenet_1_0() {
    check("squeezenet_v1.0", Some(67));
}

#[test]
fn squeezenet_1_1() {
    check("squeezenet_v1.1", Some(67));
}

#[test]
fn squeezenet_with_simple_bypass() {
    check("simple_bypass", Some(67));
}

#[test]
fn squeezenet_with_complex_bypass_and_batch_norm() {
    check("complex_bypass_bn", Some(67));
}

#[test]
fn squeezenet_of_uneven_filters() {
    check("uneven_pct3x3", Some(67));
}

#[test]
fn inception() {
    check("inception_3a", None);
}

/// The paper's layer of two resolutions is one op, and what came between layers is gone.
fn check_squeezenet(graph: &Graph) {
    let expected = [("expand", 8), ("fused_conv", 10), ("pool", 4), ("softmax", 1)];
    assert_eq!(census(&optimized(graph, Level::O2)), BTreeMap::from(expected));
    let before = census(graph);
    let gone = ["concat", "relu", "identity"].map(|op| before.get(op).copied());
    assert!(gone.iter().all(Option::is_some), "{before:?}");
}

#[test]
fn squeezenet_has_no_concat_left() {
    check_squeezenet(&architecture("squeezenet_v1.0", None));
    check_squeezenet(&architecture("squeezenet_v1.1", None));
}

#[test]
fn published_squeezenets_have_no_concat_left() {
    let Some(models) = shared("models") else { return };
    for version in ["squeezenet_v1.0", "squeezenet_v1.1"] {
        check_squeezenet(&open(&[&models.join(version).join("deploy.prototxt")], OpenOptions::default()));
    }
    for opset in ["3", "9"] {
        let file = models.join(format!("onnx_zoo/squeezenet1.0-{opset}.onnx"));
        let census = census(&optimized(&open(&[&file], OpenOptions::default()), Level::O2));
        let left = ["concat", "relu", "identity"].map(|op| census.get(op).copied());
        assert_eq!((census.get("expand"), left), (Some(&8), [None; 3]), "{census:?}");
    }
}

/// Published nets whose optimised graphs are snapshots.
const PUBLISHED: &[(&str, &str)] = &[
    ("published_squeezenet_v1.0", "squeezenet_v1.0/deploy.prototxt"),
    ("published_squeezenet_v1.1", "squeezenet_v1.1/deploy.prototxt"),
    ("published_residual", "residual/deploy_derived.prototxt"),
    ("published_bn0_small", "generator/trainval_bn0_small.prototxt"),
    ("published_bn0_large", "generator/trainval_bn0_large.prototxt"),
    ("published_bn1_small", "generator/trainval_bn1_small.prototxt"),
    ("published_bn1_large", "generator/trainval_bn1_large.prototxt"),
    ("published_googlenet", "bvlc/models/bvlc_googlenet/deploy.prototxt"),
    ("published_zoo_opset_3", "onnx_zoo/squeezenet1.0-3.onnx"),
    ("published_zoo_opset_9", "onnx_zoo/squeezenet1.0-9.onnx"),
];

#[test]
fn published_nets() {
    let Some(models) = shared("models") else { return };
    for (name, file) in PUBLISHED {
        let graph = optimized(&open(&[&models.join(file)], OpenOptions::default()), Level::O2);
        insta::assert_snapshot!(*name, text(&graph));
    }
}
