use firebrick_ir::ops::{Conv, ConvTranspose, Gemm, MatMul, Quantizable, Quantized};
use firebrick_ir::{Family, Op};

use crate::quantized::Tail;
use crate::{At, Draft, Precision, Rule};

/// A convolution or matrix product of integers whose result is quantized, and nothing else reads it, gives integers at
/// once. ReLU and clip between become limits of these.
pub(crate) struct FoldQuantize;

impl Rule for FoldQuantize {
    const NAME: &'static str = "fold-quantize";
    const DESCRIPTION: &'static str =
        "Lets convolutions and matrix products of integers quantize their result, with the ReLU or clip before that";
    const PRECISION: Precision = Precision::Quantized;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let tail = Tail::of(at)?;
        let conv = fold::<Conv>(at, &tail).or_else(|| fold::<ConvTranspose>(at, &tail));
        conv.or_else(|| fold::<Gemm>(at, &tail)).or_else(|| fold::<MatMul>(at, &tail))
    }
}

fn fold<T: Quantizable + Clone>(at: At<'_>, tail: &Tail) -> Option<Draft>
where
    Quantized<T>: Family + Clone,
    Op: From<Quantized<T>>,
{
    let sums = at.sole_source::<Quantized<T>>(tail.x).filter(|sums| sums.op.y.is_none())?;
    let scales = at.constant(sums.operand(2)?)?.values::<f32>().ok()?;
    let x = sums.op.x.first()?;
    let factor = |&scale: &f32| x.scale * scale / tail.y.scale;
    // A factor that lost its bits would make another number.
    if !scales.iter().map(factor).all(|factor| factor == 0.0 || factor.is_normal()) {
        return None;
    }
    let op = Quantized { y: Some(tail.y), clip: tail.clip, rounding: tail.rounding, ..sums.op.clone() };
    Some(Draft::swap(sums.node, at.result(), op, &sums.operands))
}
