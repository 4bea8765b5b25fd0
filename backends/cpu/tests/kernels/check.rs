//! The one check: a graph compiled and run against the same graph evaluated.

use std::collections::HashMap;
use std::sync::Arc;

use firebrick_cpu::{Algorithms, Context, Isa, Options, Program};
use firebrick_ir::{DType, Evaluator, Graph, Tensor, Value, text, verify};
use proptest::prelude::ProptestConfig;

/// The largest difference of an f32, as a share of the value's largest element: sums of some thousand products in f32
/// against sums in f64.
pub(crate) const TOLERANCE: f64 = 1e-5;

/// That many cases, unless `PROPTEST_CASES` says otherwise.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { default } else { ProptestConfig { cases, ..default } }
}

/// Compiles and runs the graph on every instruction set and some numbers of threads; its results must be the
/// evaluator's, and the same for any number of threads.
pub(crate) fn check(source: &str) {
    let graph = text::parse(source, &()).unwrap_or_else(|error| panic!("{error}\n{source}"));
    check_graph(&graph, &inputs(&graph));
}

/// As [`check`], and no op may be left to the evaluator.
pub(crate) fn check_native(source: &str) {
    check(source);
    let graph = text::parse(source, &()).unwrap_or_else(|error| panic!("{error}"));
    let program = Program::compile(verify(&graph).expect("the graph is checked before"), Isa::Clif);
    let program = program.unwrap_or_else(|error| panic!("{error}\n{source}"));
    assert_eq!(program.evaluated(), [], "{source}");
}

/// As [`check`], with Winograd's algorithm wherever it can be used.
pub(crate) fn check_winograd(source: &str) {
    let graph = text::parse(source, &()).unwrap_or_else(|error| panic!("{error}\n{source}"));
    check_with(&graph, &inputs(&graph), Algorithms::Winograd);
    let options = Options { isa: Isa::Clif, algorithms: Algorithms::Winograd };
    let program = Program::compile(verify(&graph).expect("the graph is checked before"), options);
    let plan = program.unwrap_or_else(|error| panic!("{error}\n{source}")).plan();
    assert!(plan.contains("wino4"), "{plan}");
}

pub(crate) fn check_graph(graph: &Graph, inputs: &[(String, Tensor)]) {
    check_with(graph, inputs, Algorithms::Fastest);
}

fn check_with(graph: &Graph, inputs: &[(String, Tensor)], algorithms: Algorithms) {
    let verified = verify(graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    let named: HashMap<String, Tensor> = inputs.iter().cloned().collect();
    let expected = Evaluator::new(verified).run(&named).unwrap_or_else(|error| panic!("{error}\n{graph}"));
    // But for products of bytes, AVX-VNNI is AVX2.
    let is_bytes = |ty: &firebrick_ir::Type| matches!(ty.dtype, DType::U8 | DType::I8);
    let has_bytes = graph.nodes().any(|(_, node)| node.outputs.iter().any(|output| is_bytes(&output.ty)));
    let isas = Isa::ALL.iter().copied().filter(|&isa| has_bytes || isa != Isa::AvxVnni);
    for isa in isas.filter(|isa| isa.is_available()) {
        let program = Program::compile(verified, Options { isa, algorithms })
            .unwrap_or_else(|error| panic!("{isa}: {error}\n{graph}"));
        let program = Arc::new(program);
        let mut first: Option<Vec<Tensor>> = None;
        for n_threads in 1..=3 {
            let results = run(&program, n_threads, inputs);
            for (result, expected) in results.iter().zip(&expected) {
                compare(result, expected, &format!("{isa}, {n_threads} threads\n{graph}\n{}", program.plan()));
            }
            let first = first.get_or_insert_with(|| results.clone());
            assert!(same_bits(&results, first), "{isa}: other bits with {n_threads} threads\n{graph}");
        }
    }
}

/// Runs twice in the same context: what the first run leaves behind must not matter.
pub(crate) fn run(program: &Arc<Program>, n_threads: usize, inputs: &[(String, Tensor)]) -> Vec<Tensor> {
    let mut context = Context::new(Arc::clone(program), n_threads).expect("the arena is small");
    for (index, (_, tensor)) in inputs.iter().enumerate() {
        context.set_input(index, tensor).expect("inputs have the graph's types");
    }
    let mut outputs = Vec::new();
    for _ in 0..2 {
        context.run().unwrap_or_else(|error| panic!("{error}"));
        let n_outputs = program.outputs().len();
        outputs = (0..n_outputs).map(|index| context.output(index).expect("it is an output")).collect();
    }
    outputs
}

pub(crate) fn same_bits(a: &[Tensor], b: &[Tensor]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.bytes() == b.bytes())
}

fn compare(result: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(result.ty(), expected.ty(), "{what}");
    if result.dtype() != DType::F32 {
        assert_eq!(result.bytes(), expected.bytes(), "{what}");
        return;
    }
    let (result, expected) = (result.values::<f32>().expect("f32"), expected.values::<f32>().expect("f32"));
    let magnitude = expected.iter().filter(|x| x.is_finite()).fold(0f64, |max, &x| max.max(f64::from(x).abs()));
    for (i, (&a, &b)) in result.iter().zip(expected.iter()).enumerate() {
        let is_equal = a == b || (a.is_nan() && b.is_nan());
        let difference = (f64::from(a) - f64::from(b)).abs();
        assert!(
            is_equal || difference <= TOLERANCE * magnitude,
            "element {i} is {a}, but should be {b} (of magnitude {magnitude}): {what}"
        );
    }
}

/// Some tensor for each input: numbers around 0, the same each time.
pub(crate) fn inputs(graph: &Graph) -> Vec<(String, Tensor)> {
    let input = |&node: &firebrick_ir::NodeId| {
        let value = Value { node, port: 0 };
        let ty = graph.ty(value);
        let dims: Vec<usize> =
            ty.shape.as_fixed().expect("sizes are known").iter().map(|&n| usize::try_from(n).expect("small")).collect();
        let mut state = 0x9e37_79b9u32;
        let mut number = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let n_elements: usize = dims.iter().product();
        let tensor = if ty.dtype == DType::U8 {
            Tensor::from_vec(&dims, (0..n_elements).map(|_| (number() * 128.0 + 128.0) as u8).collect())
        } else if ty.dtype == DType::I8 {
            Tensor::from_vec(&dims, (0..n_elements).map(|_| (number() * 128.0) as i8).collect())
        } else {
            Tensor::from_vec(&dims, (0..n_elements).map(|_| number()).collect())
        };
        (graph.value_name(value).to_owned(), tensor.expect("as many elements as the shape has"))
    };
    graph.inputs().iter().map(input).collect()
}
