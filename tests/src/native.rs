//! Compiled programs against the reference evaluator.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::Arc;

use firebrick::ir::ops::Cast;
use firebrick::ir::{DType, Evaluator, Graph, Op, Tensor, Value, Verified, verify};
use firebrick::{CompileOptions, Isa};
use firebrick_cpu::{Context, Program};

/// By how much an element may differ, as a part of the value's largest magnitude: sums of some thousand products in f32
/// against sums in f64.
const TOLERANCE: f64 = 1e-5;

/// The most threads that programs are run on.
const MAX_THREADS: usize = 3;

/// An instruction set, and the numbers of threads to run its program on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What the program is compiled for.
    pub isa: Isa,
    /// On how many threads it is run, one after another.
    pub n_threads: Vec<usize>,
}

impl Way {
    /// How a model is compiled so, for each number of threads.
    pub fn options(&self) -> impl Iterator<Item = CompileOptions> {
        let options = |&n: &usize| CompileOptions { isa: Some(self.isa), threads: NonZeroUsize::new(n), exact: false };
        self.n_threads.iter().map(options)
    }
}

/// How a case is to be compiled and run: with `FIREBRICK_FULL=1` for every instruction set that this machine has, on one
/// thread, two and three. Else for the best one and for one of the others; which one, and on how many threads, is chosen
/// by the case's name, so that many cases try them all.
pub fn ways(case: &str) -> Vec<Way> {
    let isas = || Isa::ALL.iter().copied().filter(|isa| isa.is_available());
    if std::env::var_os("FIREBRICK_FULL").is_some() {
        return isas().map(|isa| Way { isa, n_threads: (1..=MAX_THREADS).collect() }).collect();
    }
    // The same numbers on every run: this hasher has no key.
    let mut hasher = DefaultHasher::new();
    case.hash(&mut hasher);
    let hash = hasher.finish() as usize;
    let others: Vec<Isa> = isas().skip(1).collect();
    let other = hash.checked_rem(others.len()).map(|i| others[i]);
    let chosen = isas().take(1).chain(other).enumerate();
    chosen.map(|(i, isa)| Way { isa, n_threads: vec![(hash / 8 + i) % MAX_THREADS + 1] }).collect()
}

/// Compiles a graph and runs it in every way of the case: its outputs have to be the evaluator's, and the same bits for
/// any number of threads. Symbols are the sizes of the inputs. `None` if the graph can't be evaluated.
///
/// # Errors
/// Says what is wrong.
pub fn check_native(case: &str, graph: &Graph, inputs: &HashMap<String, Tensor>) -> Option<Result<(), String>> {
    let bound = graph.bind(inputs).ok()?;
    let verified = verify(&bound).ok()?;
    let expected = Evaluator::new(verified).run(inputs).ok()?;
    let check = |way: &Way| check_way(verified, inputs, &expected, way);
    let result = ways(case).iter().try_for_each(check);
    Some(result.map_err(|what| format!("{case}: {what}\n{bound}")))
}

fn check_way(
    graph: Verified<'_>,
    inputs: &HashMap<String, Tensor>,
    expected: &[Tensor],
    way: &Way,
) -> Result<(), String> {
    let isa = way.isa;
    let program = Program::compile(graph, isa).map_err(|error| format!("{isa}: {error}"))?;
    let program = Arc::new(program);
    let mut first: Option<Vec<Tensor>> = None;
    for &n_threads in &way.n_threads {
        let found = run(graph.graph(), &program, inputs, n_threads)
            .map_err(|message| format!("{isa}, {n_threads} threads: {message}"))?;
        for (value, (found, expected)) in graph.graph().outputs().into_iter().zip(found.iter().zip(expected)) {
            if let Some(what) = difference(found, expected) {
                let name = graph.graph().value_name(value);
                return Err(format!("{isa}, {n_threads} threads: output `{name}` {what}\n{}", program.plan()));
            }
        }
        if first.get_or_insert_with(|| found.clone()) != &found {
            return Err(format!("{isa}: {n_threads} threads give other bits\n{}", program.plan()));
        }
    }
    Ok(())
}

/// The outputs of the second run: what the first leaves behind must not matter.
fn run(
    graph: &Graph,
    program: &Arc<Program>,
    inputs: &HashMap<String, Tensor>,
    n_threads: usize,
) -> Result<Vec<Tensor>, String> {
    let mut context = Context::new(Arc::clone(program), n_threads).map_err(|error| error.to_string())?;
    for (index, &node) in graph.inputs().iter().enumerate() {
        let tensor = &inputs[graph.value_name(Value { node, port: 0 })];
        context.set_input(index, tensor).map_err(|error| error.to_string())?;
    }
    for _ in 0..2 {
        context.run().map_err(|error| error.to_string())?;
    }
    let n_outputs = program.outputs().len();
    (0..n_outputs).map(|index| context.output(index).map_err(|error| error.to_string())).collect()
}

/// How a result is not what it should be, if so. Integers are to be exact.
fn difference(found: &Tensor, expected: &Tensor) -> Option<String> {
    if found.ty() != expected.ty() {
        return Some(format!("is {} instead of {}", found.ty(), expected.ty()));
    }
    if found.bytes() == expected.bytes() {
        return None;
    }
    let dtype = expected.dtype();
    if !dtype.is_float() {
        return Some("has other elements".to_owned());
    }
    // Of the types of 16 bits, one unit in the last place.
    let tolerance = [(DType::F16, 1e-3), (DType::BF16, 8e-3)].into_iter().find(|(short, _)| *short == dtype);
    let tolerance = tolerance.map_or(TOLERANCE, |(_, tolerance)| tolerance);
    let (found, expected) = (wide(found), wide(expected));
    let largest = expected.iter().filter(|x| x.is_finite()).fold(0.0f64, |largest, x| largest.max(x.abs()));
    let is_near = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * largest;
    let at = found.iter().zip(&expected).position(|(&found, &expected)| !is_near(found, expected))?;
    Some(format!("has {} for {} at {at}, of magnitude {largest}", found[at], expected[at]))
}

/// The elements of a float type.
fn wide(tensor: &Tensor) -> Vec<f64> {
    let cast = Op::from(Cast::to(DType::F64)).eval(&[tensor]).unwrap_or_else(|error| panic!("{error}"));
    cast[0].values::<f64>().unwrap_or_else(|error| panic!("{error}")).into_owned()
}
