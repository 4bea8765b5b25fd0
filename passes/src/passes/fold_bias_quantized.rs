use firebrick_ir::ops::{Binary, BinaryFn, Conv, ConvTranspose, Dequantize, Gemm, MatMul, Quantized};
use firebrick_ir::{Family, Op, Value};

use crate::bias::{Bias, Channels};
use crate::quantized::integers;
use crate::sums::{self, Summing};
use crate::{At, Draft, Operand, Precision, Rule};

/// A dequantized constant that is added to a sum of integers, as behind MatMul, is its bias: of i32 where it has the
/// scale of the sums, and is then a part of them. Constants that are numbers are another pass's.
pub(crate) struct FoldBiasQuantized;

impl Rule for FoldBiasQuantized {
    const NAME: &'static str = "fold-bias-quantized";
    const DESCRIPTION: &'static str =
        "Makes a bias of a dequantized constant that is added to a convolution or matrix product of integers";
    const PRECISION: Precision = Precision::Rounded;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let binary = at.is::<Binary>().filter(|binary| binary.op.0 == BinaryFn::Add)?;
        let &[a, b] = binary.operands.as_slice() else { return None };
        let (x, bias) = if at.source::<Dequantize>(b).is_some() { (a, b) } else { (b, a) };
        at.source::<Dequantize>(bias)?;
        let conv = fold::<Conv>(at, x, bias).or_else(|| fold::<ConvTranspose>(at, x, bias));
        conv.or_else(|| fold::<Gemm>(at, x, bias)).or_else(|| fold::<MatMul>(at, x, bias))
    }
}

fn fold<T: Summing>(at: At<'_>, x: Value, bias: Value) -> Option<Draft>
where
    Quantized<T>: Family + Clone,
    Op: From<Quantized<T>>,
{
    let sums = at.sole_source::<Quantized<T>>(x)?;
    if sums.op.y.is_some() || sums.operands.len() != 4 || at.ty(x) != at.ty(at.result()) {
        return None;
    }
    let layout = sums::layout(at, &sums, &sums.op.op)?;
    let n = sums::n_channels(at, x, &layout)?;
    let from = *sums.op.x.first()?;
    let scales = at.constant(sums.operand(2)?)?.values::<f32>().ok()?;
    let scales: Vec<f32> = scales.iter().map(|scale| from.scale * scale).collect();
    let channels = Channels { rank: at.ty(x).shape.rank(), axis: layout.channels, n };
    let bias = Bias::of(at, bias, &scales, channels)?;
    let zeros = integers(at.constant(sums.operand(3)?)?)?;
    let weight = sums::most_of(at.ty(sums.operand(1)?).dtype, &zeros);
    if !sums::fits(layout.n_terms, sums::most(from), weight, bias.most()) {
        return None;
    }
    let mut draft = Draft::new(sums.node);
    let mut operands: Vec<Operand> = sums.operands.iter().copied().map(Operand::Old).collect();
    operands.push(bias.operand(at, &mut draft));
    let result = draft.node(sums.op.clone(), &operands);
    Some(draft.replace(at.result(), result))
}
