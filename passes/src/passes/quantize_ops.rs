use firebrick_ir::ops::{Binary, Concat, Pool, Quantizable, Quantized, Reduce, Softmax, Unary};
use firebrick_ir::{Family, Op};

use crate::quantized::{Tail, dequantized};
use crate::{At, Draft, Rule};

/// An op between dequantize and quantize, which nothing else reads, becomes one op on integers: sums and products of
/// two values, concatenations, means, activations, softmax. That is defined as the three, so nothing is rounded
/// otherwise.
pub(crate) struct QuantizeOps;

impl Rule for QuantizeOps {
    const NAME: &'static str = "quantize-ops";
    const DESCRIPTION: &'static str =
        "Makes one op on integers of what is dequantized, computed (sums, means, activations, softmax) and quantized";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let tail = Tail::of(at)?;
        let elementwise = fold::<Unary>(at, &tail).or_else(|| fold::<Binary>(at, &tail));
        let joined = elementwise.or_else(|| fold::<Concat>(at, &tail)).or_else(|| fold::<Pool>(at, &tail));
        joined.or_else(|| fold::<Reduce>(at, &tail)).or_else(|| fold::<Softmax>(at, &tail))
    }
}

fn fold<T: Quantizable + Family + Clone>(at: At<'_>, tail: &Tail) -> Option<Draft>
where
    Op: From<Quantized<T>>,
{
    let found = at.sole_source::<T>(tail.x)?;
    let operands = found.operands.iter().map(|&value| dequantized(at, value)).collect::<Option<Vec<_>>>()?;
    let (values, x): (Vec<_>, Vec<_>) = operands.into_iter().unzip();
    let op = Quantized { op: found.op.clone(), x, y: Some(tail.y), clip: tail.clip, rounding: tail.rounding };
    let op = Op::from(op);
    let types: Vec<_> = values.iter().map(|&value| at.ty(value)).collect();
    op.infer(&types).is_ok().then(|| Draft::swap(found.node, at.result(), op, &values))
}
