//! Each value of a program against what its op's definition makes of the operands that the program has. So a rounding
//! error stays where it is made: it may not grow, nor turn a comparison over, before it is looked at.

use std::collections::HashMap;
use std::sync::Arc;

use firebrick_cpu::{Isa, Program};
use firebrick_ir::ops::{Branch, Epilogue, Step, UnaryFn};
use firebrick_ir::{DType, Evaluator, Graph, Node, Op, Tensor, Value, verify};

use crate::check::{TOLERANCE, run, same_bits};

/// By how much what a fused op adds up is changed, to see how much of that its other functions make.
const CHANGE: f32 = 1.0 / (1 << 20) as f32;

/// Compiles the graph, and the graph of whose values all are outputs; where it has a result.
pub(crate) fn check_each_value(graph: &Graph, inputs: &[(String, Tensor)]) {
    let named: HashMap<String, Tensor> = inputs.iter().cloned().collect();
    let verified = verify(graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    if Evaluator::new(verified).run(&named).is_err() {
        return;
    }
    let mut all = graph.clone();
    let computed = |node: &Node| !matches!(node.op, Op::Return(_) | Op::Const(_));
    let nodes = graph.schedule().into_iter().filter(|&id| computed(graph.node(id)));
    let values: Vec<Value> =
        nodes.flat_map(|node| (0..graph.node(node).outputs.len()).map(move |port| Value { node, port })).collect();
    values.iter().for_each(|&value| all.output(value));
    let n_outputs = graph.outputs().len();
    for isa in Isa::ALL.iter().copied().filter(|isa| isa.is_available()) {
        let compile = |graph: &Graph| {
            let program = Program::compile(verify(graph).expect("it is as valid as before"), isa);
            Arc::new(program.unwrap_or_else(|error| panic!("{isa}: {error}\n{graph}")))
        };
        let (program, all) = (compile(graph), compile(&all));
        let results = run(&all, 1, inputs);
        let outputs = run(&program, 2, inputs);
        let what = || format!("{isa}\n{graph}\n{}\n{}", program.plan(), all.plan());
        assert!(same_bits(&outputs, &results[..n_outputs]), "other bits than beside other outputs: {}", what());
        let found: HashMap<Value, &Tensor> = values.iter().copied().zip(&results[n_outputs..]).collect();
        for &value in &values {
            if let Some(problem) = problem(graph, value, &found) {
                panic!("`{}` {problem}: {}", graph.value_name(value), what());
            }
        }
    }
}

/// What is wrong with a value, if anything is.
fn problem(graph: &Graph, value: Value, found: &HashMap<Value, &Tensor>) -> Option<String> {
    let node = graph.node(value.node);
    if matches!(node.op, Op::Input(_)) || jumps(&node.op) {
        return None;
    }
    let operands: Vec<&Tensor> =
        graph.operands(value.node).iter().map(|operand| tensor(graph, found, *operand)).collect();
    let eval = |operands: &[&Tensor]| {
        let results = node.op.eval(operands).unwrap_or_else(|error| panic!("{error}\n{graph}"));
        results[value.port].clone()
    };
    let (expected, found) = (eval(&operands), found[&value]);
    assert_eq!(found.ty(), expected.ty(), "{graph}");
    if found.bytes() == expected.bytes() {
        return None;
    }
    if expected.dtype() != DType::F32 {
        return Some("has other elements".to_owned());
    }
    let (found, expected) = (floats(found), floats(&expected));
    let mut allowed = vec![TOLERANCE * largest(&expected); expected.len()];
    for sign in [1.0, -1.0] {
        let changed: Vec<Tensor> = operands.iter().map(|operand| changed(operand, sign)).collect();
        let changed = floats(&eval(&changed.iter().collect::<Vec<_>>()));
        allowed.iter_mut().zip(changed.iter().zip(&expected)).for_each(|(allowed, (x, y))| {
            *allowed += f64::from(x - y).abs();
        });
    }
    let is_near = |i: usize| {
        let (x, y) = (found[i], expected[i]);
        // What is not finite after a change was at the edge.
        x == y || (x.is_nan() && y.is_nan()) || f64::from(x - y).abs() <= allowed[i] || allowed[i].is_nan()
    };
    let at = (0..found.len()).find(|&i| !is_near(i))?;
    Some(format!("has {} for {} at {at}, where {} is allowed", found[at], expected[at], allowed[at]))
}

fn tensor<'a>(graph: &'a Graph, found: &HashMap<Value, &'a Tensor>, value: Value) -> &'a Tensor {
    let Op::Const(constant) = &graph.node(value.node).op else { return found[&value] };
    constant.tensor().expect("the graph has its weights")
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    tensor.values::<f32>().expect("f32").into_owned()
}

fn largest(values: &[f32]) -> f64 {
    values.iter().filter(|x| x.is_finite()).fold(0.0, |largest, &x| largest.max(f64::from(x).abs()))
}

/// Every other element of f32 a little larger, the others a little smaller.
fn changed(tensor: &Tensor, sign: f32) -> Tensor {
    if tensor.dtype() != DType::F32 {
        return tensor.clone();
    }
    let signs = [1.0 + sign * CHANGE, 1.0 - sign * CHANGE].into_iter().cycle();
    let values = floats(tensor).iter().zip(signs).map(|(x, factor)| x * factor).collect();
    Tensor::from_vec(tensor.dims(), values).expect("there are as many elements")
}

/// Whether a sum goes through a function that jumps, so that an error of it may be any error.
fn jumps(op: &Op) -> bool {
    let of = |function: &UnaryFn| {
        matches!(
            function,
            UnaryFn::Ceil {}
                | UnaryFn::Floor {}
                | UnaryFn::Minifloat { .. }
                | UnaryFn::PowerOfTwo { .. }
                | UnaryFn::Round {}
                | UnaryFn::RoundAway {}
                | UnaryFn::Sign {}
                | UnaryFn::Tan {}
        )
    };
    let in_epilogue =
        |epilogue: &Epilogue| epilogue.0.iter().any(|step| matches!(step, Step::Unary(function) if of(function)));
    let epilogue = if let Op::FusedConv(fused) = op {
        Some(&fused.epilogue)
    } else if let Op::FusedConvTranspose(fused) = op {
        Some(&fused.epilogue)
    } else if let Op::FusedGemm(fused) = op {
        Some(&fused.epilogue)
    } else if let Op::Expand(expand) = op {
        Some(&expand.epilogue)
    } else {
        assert!(!op.mnemonic().starts_with("fused"), "{op:?} has an epilogue");
        None
    };
    let activations = if let Op::Expand(expand) = op { &expand.branches[..] } else { &[] };
    let activations = activations.iter().filter_map(|branch| match branch {
        Branch::Conv(conv) => conv.activation,
        Branch::Copy => None,
    });
    epilogue.is_some_and(in_epilogue) || activations.into_iter().any(|function| of(&function))
}
