use firebrick_ir::Op;
use firebrick_ir::ops::{Conv, ConvTranspose, Gemm, MatMul, Quantized, Rounding};

use crate::bias::{Bias, Channels};
use crate::quantized::{Weights, dequantized};
use crate::sums::{self, Summing};
use crate::{At, Draft, Operand, Rule};

/// A convolution or matrix product of dequantized values, made of their integers. Its result stays a number; what
/// quantizes that is folded by another pass. A bias of i32 whose scale is that of the sums is a part of them.
pub(crate) struct SumIntegers;

impl Rule for SumIntegers {
    const NAME: &'static str = "sum-integers";
    const DESCRIPTION: &'static str = "Lets convolutions and matrix products of dequantized values sum the integers";
    const PRECISION: crate::Precision = crate::Precision::Rounded;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let conv = sum::<Conv>(at).or_else(|| sum::<ConvTranspose>(at));
        conv.or_else(|| sum::<Gemm>(at)).or_else(|| sum::<MatMul>(at))
    }
}

fn sum<T: Summing>(at: At<'_>) -> Option<Draft>
where
    Op: From<Quantized<T>>,
{
    let found = at.is::<T>()?;
    let (x, from) = dequantized(at, found.x())?;
    let layout = sums::layout(at, &found, found.op)?;
    let mut weights = Weights::of(at, found.operand(1)?)?;
    if weights.axis.is_some_and(|axis| axis != layout.axis) {
        return None;
    }
    let n = sums::n_channels(at, at.result(), &layout)?;
    if weights.axis.is_some() {
        weights.scales = weights.scales.repeat(layout.n_groups);
        weights.zeros = weights.zeros.repeat(layout.n_groups);
        if weights.scales.len() != n {
            return None;
        }
    }
    let scales: Vec<f32> = weights.scales.iter().map(|&scale| from.scale * scale).collect();
    // A convolution's has one dimension, that of a product of matrices is broadcast to the result.
    let [rank, axis] = if at.is::<Gemm>().is_some() { [2, 1] } else { [1, 0] };
    let bias = match found.operand(2) {
        Some(bias) => Some(Bias::of(at, bias, &scales, Channels { rank, axis, n })?),
        None => None,
    };
    let added = bias.as_ref().map_or(0, Bias::most);
    if !sums::fits(layout.n_terms, sums::most(from), weights.most(at), added) {
        return None;
    }
    let mut draft = Draft::new(at.node);
    let name = at.name(weights.values);
    let [scales, zeros] = weights.constants(at)?;
    let mut operands: Vec<Operand> = vec![x.into(), weights.values.into()];
    operands.push(draft.constant(format!("{name}/scale"), scales));
    operands.push(draft.constant(format!("{name}/zero_point"), zeros));
    operands.extend(bias.map(|bias| bias.operand(at, &mut draft)));
    let op = Quantized { op: found.op.clone(), x: vec![from], y: None, clip: None, rounding: Rounding::Even };
    let result = draft.node(op, &operands);
    Some(draft.replace(at.result(), result))
}
