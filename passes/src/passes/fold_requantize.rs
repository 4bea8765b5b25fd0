use firebrick_ir::ops::{
    Binary, Concat, Conv, ConvTranspose, Gemm, Identity, MatMul, Pool, Quantizable, Quantized, Reduce, Requantize,
    Softmax, Unary,
};
use firebrick_ir::{Family, Op, Value};

use crate::{At, Draft, Rule};

/// A requantize to the same scale only limits integers, as a ReLU behind a quantized convolution does. The op before it,
/// which nothing else reads, does so at once; without limits it is nothing.
pub(crate) struct FoldRequantize;

impl Rule for FoldRequantize {
    const NAME: &'static str = "fold-requantize";
    const DESCRIPTION: &'static str =
        "Lets ops on integers limit their result, as a ReLU or clip of the same scale does";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let requantize = at.is::<Requantize>().filter(|found| found.op.y == found.op.x.first().copied())?;
        let x = requantize.x();
        let Some(limits) = requantize.op.clip else { return Some(Draft::forward(at.result(), x)) };
        let sums = limit::<Conv>(at, x, limits).or_else(|| limit::<ConvTranspose>(at, x, limits));
        let sums = sums.or_else(|| limit::<Gemm>(at, x, limits)).or_else(|| limit::<MatMul>(at, x, limits));
        let elementwise = sums.or_else(|| limit::<Unary>(at, x, limits)).or_else(|| limit::<Binary>(at, x, limits));
        let joined = elementwise.or_else(|| limit::<Concat>(at, x, limits)).or_else(|| limit::<Pool>(at, x, limits));
        let rest = joined.or_else(|| limit::<Reduce>(at, x, limits)).or_else(|| limit::<Softmax>(at, x, limits));
        rest.or_else(|| limit::<Identity>(at, x, limits))
    }
}

/// The draft in which the op that gives `x` limits it.
fn limit<T: Quantizable>(at: At<'_>, x: Value, [low, high]: [i32; 2]) -> Option<Draft>
where
    Quantized<T>: Family + Clone,
    Op: From<Quantized<T>>,
{
    let found = at.sole_source::<Quantized<T>>(x)?;
    let [least, greatest] = found.op.clip.unwrap_or(found.op.y?.limits());
    let clip = [least.max(low).min(high), greatest.max(low).min(high)];
    let op = Quantized { clip: Some(clip), ..found.op.clone() };
    Some(Draft::swap(found.node, at.result(), op, &found.operands))
}
