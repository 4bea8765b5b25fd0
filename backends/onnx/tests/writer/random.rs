//! Random graphs become models, and what a model is refused for is one of the known reasons.
//!
//! With `FIREBRICK_ORT` naming a folder, the models are written there with inputs and what the reference evaluator makes
//! of them, for `tests/onnx_runtime.py`, which runs them in ONNX Runtime.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use firebrick_ir::ops::Cast;
use firebrick_ir::testing::{Options as GraphOptions, graphs_with, inputs};
use firebrick_ir::{DType, Evaluator, Graph, Op, Operator, Tensor, Verified, verify};
use firebrick_onnx_writer::{Opset, Options, export};
use ndarray::{ArrayView, IxDyn};
use ndarray_npy::{NpzWriter, WritableElement};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// How many graphs.
const N_GRAPHS: usize = 256;

/// Parts of the reasons for which a random graph may be refused.
const REASONS: &[&str] = &[
    "ONNX has no operator for SSD's detections",
    "has no ",
    "each channel of its weights has a scale",
    "halves are rounded away from zero, and its scale is computed",
    "before operator set",
    "came with operator set",
    "is read in two ways by its runtimes",
    "takes the first two dimensions only",
    "has one scale for all elements",
    "quantization of f64",
    "is symbolic",
    "are symbolic",
    "have no dilations",
    "does not take elements of type",
    "does not know elements of type",
    "its padding is larger than its window, and positions are asked for",
    "its size is not known, or it has no windows",
    "has one element or more",
    "tf_crop_and_resize",
    "only the usual LSTM and RNN are written",
    "RoiAlign counts from the middle of elements before operator set 16",
    "` came with operator set",
    "takes the first two dimensions only",
    "is for two spatial dimensions before operator set 20",
    "is read in two ways by its runtimes",
];

#[test]
fn random_graphs_are_written() {
    let folder = std::env::var_os("FIREBRICK_ORT").map(PathBuf::from);
    let mut runner = TestRunner::deterministic();
    // Names for NumPy's archives are plain ones.
    let options = GraphOptions { missing: false, odd_names: folder.is_none(), ..GraphOptions::default() };
    let strategy = graphs_with(options);
    let mut n_written = 0;
    for index in 0..N_GRAPHS {
        let graph = strategy.new_tree(&mut runner).expect("a graph").current();
        let verified = verify(&graph).expect("graphs of the strategy are valid");
        for version in [9, 10, 11, 13, 17, 21, Opset::NEWEST.version()] {
            let opset = Opset::new(version).expect("it is between the ends");
            match export(verified, &Options { opset, ..Options::default() }) {
                Ok(exported) => {
                    n_written += 1;
                    if let Some(folder) = &folder {
                        dump(&folder.join(format!("random-{index}-{version}")), verified, &exported.encode());
                    }
                }
                Err(refusals) => {
                    for refusal in refusals {
                        let known = REASONS.iter().any(|reason| refusal.reason.contains(reason));
                        assert!(known, "operator set {version}: {refusal}\n{graph}");
                    }
                }
            }
        }
    }
    assert!(n_written > N_GRAPHS, "only {n_written} models were written");
}

/// Writes a model with its inputs and the values computed from them.
fn dump(folder: &Path, graph: Verified<'_>, model: &[u8]) {
    let inputs = inputs(graph.graph(), 7);
    let mut arrays: BTreeMap<String, Tensor> = BTreeMap::new();
    let run = Evaluator::new(graph).run_observed(&inputs, &mut |value, tensor| {
        if !matches!(graph.node(value.node).op, Op::Const(_) | Op::Input(_)) {
            arrays.insert(format!("mid:{}", graph.value_name(value)), tensor.clone());
        }
    });
    let Ok(outputs) = run else { return }; // an index out of bounds, say
    if outputs.is_empty() || has_undefined_casts(graph, &arrays) || has_undefined_bytes(graph) {
        return; // ONNX Runtime has no empty graphs
    }
    for (index, tensor) in outputs.into_iter().enumerate() {
        arrays.insert(format!("out:{index}"), tensor);
    }
    // Engines differ in what they make of NaN, of sums that overflow, and of nothing, and NumPy has no numbers of few bits.
    arrays.retain(|_, tensor| tensor.dtype().code().is_none());
    let is_extreme = |tensor: &Tensor| {
        wide(tensor).values::<f64>().expect("they are f64").iter().any(|x| x.is_nan() || x.abs() > 1e30)
    };
    if arrays.values().any(|tensor| tensor.is_empty() || is_extreme(tensor)) {
        return;
    }
    arrays.extend(inputs.into_iter().map(|(name, tensor)| (format!("in:{name}"), tensor)));
    std::fs::create_dir_all(folder).expect("the folder can be made");
    std::fs::write(folder.join("model.onnx"), model).expect("the model can be written");
    std::fs::write(folder.join("graph.ir"), graph.graph().to_string()).expect("the graph can be written");
    let mut file = NpzWriter::new(File::create(folder.join("arrays.npz")).expect("the arrays can be written"));
    for (name, tensor) in arrays {
        let dtype = tensor.dtype();
        if dtype == DType::F32 {
            add::<f32>(&mut file, &name, &tensor);
        } else if dtype == DType::I64 {
            add::<i64>(&mut file, &name, &tensor);
        } else if dtype == DType::U64 {
            add::<u64>(&mut file, &name, &tensor);
        } else {
            add::<f64>(&mut file, &name, &wide(&tensor));
        }
    }
    file.finish().expect("the arrays can be written");
}

/// Whether floating-point numbers beyond the range of an integer become one, which ONNX says nothing of.
fn has_undefined_casts(graph: Verified<'_>, arrays: &BTreeMap<String, Tensor>) -> bool {
    graph.nodes().any(|(id, node)| {
        let Op::Cast(cast) = &node.op else { return false };
        let operand = graph.operands(id)[0];
        let values = graph.as_const(operand).or_else(|| arrays.get(&format!("mid:{}", graph.value_name(operand))));
        let Some(values) = values.filter(|x| x.dtype().is_float() && cast.dtype.is_integer()) else { return false };
        let low = if graph.node(id).outputs[0].ty.dtype.name().starts_with('u') { 0.0 } else { -100.0 };
        let wide = wide(values);
        !wide.values::<f64>().expect("they are f64").iter().all(|x| (low..100.0).contains(x))
    })
}

/// Whether a function of quantized numbers is NaN for some of them, of which ONNX doesn't say what byte it becomes.
fn has_undefined_bytes(graph: Verified<'_>) -> bool {
    graph.nodes().any(|(_, node)| {
        let Op::QUnary(quantized) = &node.op else { return false };
        let numbers: Vec<f32> = (-128..256).map(|byte| quantized.x[0].real(byte)).collect();
        let numbers = Tensor::from_vec(&[numbers.len()], numbers).expect("as many as its shape says");
        let results = quantized.op.eval(&[&numbers]).expect("every number has a result");
        results[0].values::<f32>().expect("they are f32").iter().any(|x| x.is_nan())
    })
}

/// Elements that NumPy does not have as f64.
fn wide(tensor: &Tensor) -> Tensor {
    let results = Op::from(Cast::to(DType::F64)).eval(&[tensor]).expect("everything can be cast");
    results[0].clone()
}

fn add<T: firebrick_ir::Element + WritableElement>(file: &mut NpzWriter<File>, name: &str, tensor: &Tensor) {
    let values = tensor.values::<T>().expect("it has these elements");
    let array = ArrayView::from_shape(IxDyn(tensor.dims()), &values).expect("as many as its shape says");
    file.add_array(name, &array).expect("the arrays can be written");
}

/// The graph's name does not matter.
#[test]
fn a_graph_without_a_name_gets_one() {
    let graph = Graph::new("");
    let exported = export(verify(&graph).expect("it is valid"), &Options::default()).expect("nothing is refused");
    assert_eq!(exported.proto.graph.and_then(|graph| graph.name).as_deref(), Some("graph"));
}
