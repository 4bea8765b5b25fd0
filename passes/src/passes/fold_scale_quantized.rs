use firebrick_ir::ops::{Conv, ConvTranspose, Gemm, MatMul, Quantizable, Quantized};
use firebrick_ir::{DType, Family, Op, Tensor};

use crate::affine::Affine;
use crate::{At, Draft, Operand, Precision, Rule};

/// What scales and shifts the channels of a sum of integers, as the products behind ConvInteger do: the weights' scales
/// and a bias say it.
pub(crate) struct FoldScaleQuantized;

impl Rule for FoldScaleQuantized {
    const NAME: &'static str = "fold-scale-quantized";
    const DESCRIPTION: &'static str = "Folds what scales and shifts the channels of a convolution or matrix product of integers into its scales and bias";
    const PRECISION: Precision = Precision::Rounded;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let x = Affine::operand(at)?;
        if at.ty(x).dtype != DType::F32 {
            return None;
        }
        let conv = fold::<Conv>(at, 1).or_else(|| fold::<ConvTranspose>(at, 1));
        // The channels of a stack of products are its last dimension.
        let last = at.ty(x).shape.rank().checked_sub(1)?;
        conv.or_else(|| fold::<Gemm>(at, last)).or_else(|| fold::<MatMul>(at, last))
    }
}

/// The draft for a sum whose channels are dimension `axis`.
fn fold<T: Quantizable>(at: At<'_>, axis: usize) -> Option<Draft>
where
    Quantized<T>: Family + Clone,
    Op: From<Quantized<T>>,
{
    let sums = at.sole_source::<Quantized<T>>(Affine::operand(at)?).filter(|sums| sums.op.y.is_none())?;
    let affine = Affine::along(at, axis)?;
    let [scale, zero] = [at.constant(sums.operand(2)?)?, at.constant(sums.operand(3)?)?];
    let (scales, n) = (scale.values::<f32>().ok()?, affine.scale.len());
    let scale_of = |i: usize| scales.get(i).or(scales.first()).copied();
    let x_scale = sums.op.x.first()?.scale;

    let bias = match sums.operand(4) {
        None => vec![0.0; n],
        Some(bias) => reals(at.constant(bias)?, |i| Some(f64::from(x_scale * scale_of(i)?)))?,
    };
    let bias: Vec<f32> = (0..n).map(|i| (bias[i] * affine.scale[i] + affine.shift[i]) as f32).collect();
    let scaled = (0..n).map(|i| Some((f64::from(scale_of(i)?) * affine.scale[i]) as f32));
    let scaled = scaled.collect::<Option<Vec<f32>>>()?;
    let is_kept = |(i, &number): (usize, &f32)| (number * x_scale).is_normal() || affine.scale[i] == 0.0;
    if !scaled.iter().enumerate().all(is_kept) || !bias.iter().all(|number| number.is_finite()) {
        return None;
    }
    let zeros = if zero.len() == n { zero.bytes().to_vec() } else { zero.bytes().repeat(n) };
    let mut draft = Draft::new(sums.node);
    let name = at.name(sums.operand(1)?);
    let mut operands: Vec<Operand> = sums.operands.iter().take(2).copied().map(Operand::Old).collect();
    operands.push(draft.constant(format!("{name}/scale"), Tensor::from_vec(&[n], scaled).ok()?));
    operands.push(draft.constant(format!("{name}/zero_point"), Tensor::new(zero.dtype(), &[n], zeros.into()).ok()?));
    if bias.iter().any(|&number| number != 0.0) || sums.operand(4).is_some() {
        operands.push(draft.constant(format!("{name}/bias"), Tensor::from_vec(&[n], bias).ok()?));
    }
    let result = draft.node(sums.op.clone(), &operands);
    Some(draft.replace(at.result(), result))
}

/// The numbers of a bias, of which those of i32 have a scale.
fn reals(bias: &Tensor, scale: impl Fn(usize) -> Option<f64>) -> Option<Vec<f64>> {
    if bias.dtype() == DType::I32 {
        let values = bias.values::<i32>().ok()?;
        return values.iter().enumerate().map(|(i, &q)| Some(f64::from(q) * scale(i)?)).collect();
    }
    Some(bias.values::<f32>().ok()?.iter().map(|&x| x.into()).collect())
}
