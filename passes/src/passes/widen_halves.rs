use std::collections::HashMap;

use firebrick_ir::ops::Cast;
use firebrick_ir::{DType, NodeId, Type, Value};

use crate::draft::Operand;
use crate::{At, Draft, Fault, Pass, Precision, Rewriter};

/// Takes halves (f16, bf16) for a way of storing numbers: what is computed from them is computed in f32, and rounded
/// where the graph ends, where the model itself asks for it (a cast), and where an op has to read halves.
///
/// ONNX Runtime does the same on a CPU, which has no faster arithmetic for halves, and neither have our kernels. A
/// constant is stored in f32 then, twice as large.
pub(crate) struct WidenHalves;

impl Pass for WidenHalves {
    fn name(&self) -> &'static str {
        "widen-halves"
    }

    fn description(&self) -> &'static str {
        "Computes in f32 what is stored in f16 or bf16, and rounds at the end"
    }

    fn precision(&self) -> Precision {
        Precision::Widened
    }

    fn run(&self, graph: &mut Rewriter<'_>) -> Result<(), Fault> {
        let mut widened = HashMap::new();
        for node in graph.graph().schedule() {
            if !graph.graph().contains(node) {
                continue;
            }
            let Some(plan) = Plan::of(At { graph: graph.graph(), node }, &widened)? else { continue };
            let Some(new) = graph.apply(plan.draft)? else { continue };
            let value = |operand: Operand| match operand {
                Operand::Old(value) => Some(value),
                Operand::New { node, port } => new.get(node).map(|&node| Value { node, port }),
            };
            widened.extend(plan.operands.iter().filter_map(|&(half, wide)| Some((half, value(wide)?))));
            widened.extend(plan.results.iter().filter_map(|&(half, wide)| Some((value(half)?, value(wide)?))));
        }
        Ok(())
    }
}

/// How a node is widened.
struct Plan {
    draft: Draft,
    /// Halves that it reads, and the same in f32.
    operands: Vec<(Value, Operand)>,
    /// Halves that it computes, and the same in f32.
    results: Vec<(Operand, Operand)>,
}

impl Plan {
    /// `None` if the node computes no halves from halves; if it must, as its results would be of another type or shape;
    /// and if it only moves halves that nothing was computed of in f32.
    fn of(at: At<'_>, widened: &HashMap<Value, Value>) -> Result<Option<Self>, Fault> {
        let node = at.node();
        let operands = at.graph.operands(at.node);
        let is_read = |&(port, _): &(usize, _)| !at.graph.uses(Value { node: at.node, port }).is_empty();
        let is_dead = !node.outputs.iter().enumerate().any(|result| is_read(&result));
        let reads_halves = operands.iter().any(|&value| is_half(at.ty(value)));
        let gives_halves = node.outputs.iter().any(|output| is_half(&output.ty));
        let is_moved_only = takes(at, &operands, DType::Bool) && !operands.iter().any(|x| widened.contains_key(x));
        if is_dead || !reads_halves || !gives_halves || is_moved_only || !takes(at, &operands, DType::F32) {
            return Ok(None);
        }
        let mut plan = Plan { draft: Draft::new(at.node), operands: Vec::new(), results: Vec::new() };
        let operands = operands.into_iter().map(|value| plan.operand(at, value, widened));
        let operands = operands.collect::<Result<Vec<Operand>, Fault>>()?;
        let op = plan.draft.node(node.op.clone(), &operands);
        for (port, output) in node.outputs.iter().enumerate().filter(is_read) {
            plan.result(at.node, port, op, &output.ty);
        }
        Ok(Some(plan))
    }

    /// An operand in f32.
    fn operand(&mut self, at: At<'_>, value: Value, widened: &HashMap<Value, Value>) -> Result<Operand, Fault> {
        if !is_half(at.ty(value)) {
            return Ok(value.into());
        }
        if let Some(&wide) = widened.get(&value).filter(|wide| at.graph.contains(wide.node)) {
            return Ok(wide.into());
        }
        if let Some(&(_, wide)) = self.operands.iter().find(|(half, _)| *half == value) {
            return Ok(wide);
        }
        let to_f32 = Cast::to(DType::F32);
        let wide = match at.constant(value) {
            Some(tensor) => {
                let tensor = firebrick_ir::Op::from(to_f32).eval(&[tensor])?.swap_remove(0);
                self.draft.constant(at.name(value), tensor)
            }
            None => self.draft.node(to_f32, &[value.into()]),
        };
        self.operands.push((value, wide));
        Ok(wide)
    }

    /// Lets the readers of a result read the new op's, as halves if it had them.
    fn result(&mut self, node: NodeId, port: usize, op: Operand, ty: &Type) {
        let wide = if let Operand::New { node, .. } = op { Operand::New { node, port } } else { op };
        let by = if is_half(ty) {
            let half = self.draft.node(Cast::to(ty.dtype), &[wide]);
            self.results.push((half, wide));
            half
        } else {
            wide
        };
        let draft = std::mem::replace(&mut self.draft, Draft::new(node));
        self.draft = draft.replace(Value { node, port }, by);
    }
}

fn is_half(ty: &Type) -> bool {
    matches!(ty.dtype, DType::F16 | DType::BF16)
}

/// Whether the op does the same with other elements in the place of halves. With truth values it does if it only moves
/// elements, since there is no arithmetic on them.
fn takes(at: At<'_>, operands: &[Value], dtype: DType) -> bool {
    let other = |ty: &Type| if is_half(ty) { Type::new(dtype, ty.shape.clone()) } else { ty.clone() };
    let types: Vec<Type> = operands.iter().map(|&value| other(at.ty(value))).collect();
    let results: Vec<Type> = at.node().outputs.iter().map(|output| other(&output.ty)).collect();
    at.node().op.infer(&types.iter().collect::<Vec<_>>()) == Ok(results)
}
