//! Models that ONNX Runtime's quantizer made, against what ONNX Runtime computes with them.
//!
//! `FIREBRICK_QUANTIZED` names the folder that `tests/quantized_models.py` wrote: models with an input, and each value of
//! integers that ONNX Runtime has on the way.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use firebrick::ir::ops::{Cast, Conv, Dequantize, Gemm, MatMul, QConv, Quantize, Unary};
use firebrick::ir::{DType, Family, Graph, Op, Tensor, Value};
use firebrick::passes::Level;
use firebrick::{Model, OpenOptions};
use firebrick_tests::{Arrays, announce, evaluated, npz, optimized};

/// Of so many integers, one may be a step off: those that are in the middle between two, to the rounding of an f32.
const ONE_IN: usize = 5_000;

/// How far integers are from those of ONNX Runtime.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    values: usize,
    elements: usize,
    one_off: usize,
    more: usize,
}

impl Counts {
    fn differ(&self) -> bool {
        self.one_off + self.more > 0
    }

    /// Adds a value whose numbers are `step` apart.
    fn add(&mut self, found: &Tensor, expected: &Tensor, step: f32) {
        let (found, expected) = (numbers(found), numbers(expected));
        self.values += 1;
        self.elements += found.len().max(expected.len());
        let steps = || found.iter().zip(&expected).map(|(found, expected)| ((found - expected) / step).abs());
        self.one_off += steps().filter(|steps| (0.5..1.5).contains(steps)).count();
        let near = steps().filter(|steps| (0.0..1.5).contains(steps)).count();
        self.more += found.len().max(expected.len()) - near;
    }
}

#[test]
fn models_of_onnx_runtimes_quantizer() {
    let Some(folder) = std::env::var_os("FIREBRICK_QUANTIZED").map(PathBuf::from) else {
        announce("skipped: FIREBRICK_QUANTIZED does not name the folder that tests/quantized_models.py wrote");
        return;
    };
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut cases: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    cases.sort();
    assert!(!cases.is_empty(), "there are no models in {}", folder.display());
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Folds the model to integers, and compares each value that is still there, and the outputs.
fn check(case: &Path) -> Result<(), String> {
    let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let said = |problem: String| format!("{name}: {problem}");
    let model = Model::open([case.join("model.onnx")], &OpenOptions::default()).map_err(|e| said(e.render(false)))?;
    let arrays = npz(&case.join("arrays.npz"));
    let (graph, report) = optimized(model.graph().map_err(|e| said(e.render(false)))?, Level::O2).map_err(said)?;
    let is_dynamic = name.contains("-dynamic-");
    if is_dynamic { sums_integers(&graph) } else { is_folded(&graph) }.map_err(said)?;
    let inputs: HashMap<String, Tensor> = of_kind(&arrays, "in:").collect();
    let found = evaluated(&graph, &inputs).map_err(said)?;
    let mut counts = Counts::default();
    let mut expected: HashMap<String, Tensor> = of_kind(&arrays, "mid:")
        .map(|(value, expected)| (report.aliases.get(&value).cloned().unwrap_or(value), expected))
        .collect();
    for value in graph.schedule().into_iter().flat_map(|id| graph.node(id).outputs.iter().map(|output| &output.name)) {
        let (Some(found), Some(expected)) = (found.get(value), expected.remove(value)) else { continue };
        counts.add(found, &expected, 1.0);
        // An integer that is rounded the other way may change the scale of each value behind it.
        if is_dynamic && counts.differ() {
            break;
        }
    }
    for (index, expected) in of_kind(&arrays, "out:") {
        if is_dynamic && counts.differ() {
            break;
        }
        let output = index.parse().ok().and_then(|index: usize| graph.outputs().get(index).copied());
        let output = output.ok_or_else(|| said(format!("there is no output {index}")))?;
        let step = if is_dynamic { Some(dynamic_step(&expected)) } else { step(&graph, output) };
        let step = step.ok_or_else(|| said(format!("output {index} is not dequantized")))?;
        counts.add(&found[graph.value_name(output)], &expected, step);
    }
    announce(&format!("{name}: {counts:?}"));
    if counts.more > 0 || counts.one_off * ONE_IN > counts.elements.max(ONE_IN) {
        return Err(said(format!("{counts:?}")));
    }
    Ok(())
}

/// Checks that no convolution is of numbers, and that only the ends of the graph are: input and output; and, where the
/// quantizer left a ReLU of numbers between two layers, those of these.
fn is_folded(graph: &Graph) -> Result<(), String> {
    let count = |is: &dyn Fn(&Op) -> bool| graph.nodes().filter(|(_, node)| is(&node.op)).count();
    let ends = count(&|op| Quantize::of(op).is_some() || Dequantize::of(op).is_some());
    let relus = count(&|op| Unary::of(op).is_some());
    let convs = count(&|op| Conv::of(op).is_some());
    let integers = count(&|op| QConv::of(op).is_some_and(|conv| conv.y.is_some()));
    let is_folded = ends <= 2 + 2 * relus && relus <= 1 && convs == 0 && integers > 0;
    if is_folded { Ok(()) } else { Err(format!("it is not folded to integers:\n{graph}")) }
}

/// Checks that no convolution or matrix product is of numbers or of integers of 32 bits.
fn sums_integers(graph: &Graph) -> Result<(), String> {
    let count = |is: &dyn Fn(&Op) -> bool| graph.nodes().filter(|(_, node)| is(&node.op)).count();
    let wide = count(&|op| Conv::of(op).is_some() || Gemm::of(op).is_some() || MatMul::of(op).is_some());
    let bytes = count(&|op| QConv::of(op).is_some());
    if wide == 0 && bytes > 0 { Ok(()) } else { Err(format!("it does not sum integers:\n{graph}")) }
}

/// The step that numbers would be quantized with by their range, as those before them were.
fn dynamic_step(expected: &Tensor) -> f32 {
    numbers(expected).iter().fold(0.0f32, |largest, x| largest.max(x.abs())) / 255.0
}

/// What a step of the integers stands for that an output is dequantized from.
fn step(graph: &Graph, output: Value) -> Option<f32> {
    Dequantize::of(&graph.node(output.node).op)?;
    let scale = graph.operands(output.node).get(1).copied()?;
    graph.as_const(scale).map(numbers)?.first().copied()
}

fn of_kind<'a>(arrays: &'a Arrays, kind: &'a str) -> impl Iterator<Item = (String, Tensor)> + 'a {
    arrays.iter().filter_map(move |(name, array)| Some((name.strip_prefix(kind)?.to_owned(), array.clone())))
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    let cast = Op::from(Cast::to(DType::F32)).eval(&[tensor]).unwrap_or_else(|error| panic!("{error}"));
    cast[0].values::<f32>().unwrap_or_else(|error| panic!("{error}")).into_owned()
}
