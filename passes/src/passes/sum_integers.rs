use firebrick_ir::ops::{Conv, ConvTranspose, Dequantize, Gemm, MatMul, QType, Quantizable, Quantized, Rounding};
use firebrick_ir::{DType, Op, Shape, Tensor, Type, Value};

use crate::quantized::{Weights, dequantized};
use crate::{At, Draft, Found, Operand, Rule};

/// A convolution or matrix product of dequantized values, made of their integers. Its result stays a number; what
/// quantizes that is folded by another pass. A bias of i32 whose scale is that of the sums is a part of them.
pub(crate) struct SumIntegers;

impl Rule for SumIntegers {
    const NAME: &'static str = "sum-integers";
    const DESCRIPTION: &'static str = "Lets convolutions and matrix products of dequantized values sum the integers";
    const PRECISION: crate::Precision = crate::Precision::Rounded;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let weights = at.graph.operands(at.node).get(1).copied()?;
        let dims = at.ty(weights).shape.as_fixed()?;
        let product = |dims: &[u64]| dims.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim));
        if let Some(conv) = at.is::<Conv>() {
            let layout = Layout { axis: 0, n_groups: 1, channels: 1, n_terms: product(dims.get(1..)?)? };
            return sum(at, &conv, layout);
        }
        if let Some(conv) = at.is::<ConvTranspose>() {
            let n_terms = product(&[dims.first()?.checked_div(conv.op.group as u64)?, product(dims.get(2..)?)?])?;
            return sum(at, &conv, Layout { axis: 1, n_groups: conv.op.group, channels: 1, n_terms });
        }
        if let Some(gemm) = at.is::<Gemm>() {
            let axis = usize::from(!gemm.op.trans_b);
            return sum(at, &gemm, Layout { axis, n_groups: 1, channels: 1, n_terms: *dims.get(1 - axis)? });
        }
        let matmul = at.is::<MatMul>()?;
        let (axis, channels) = (dims.len().checked_sub(1)?, at.ty(at.result()).shape.rank().checked_sub(1)?);
        sum(at, &matmul, Layout { axis, n_groups: 1, channels, n_terms: *dims.get(axis.checked_sub(1)?)? })
    }
}

/// Where the output channels are.
struct Layout {
    /// The dimension of the weights.
    axis: usize,
    /// As many times the channels that the weights have.
    n_groups: usize,
    /// The dimension of the result.
    channels: usize,
    /// The products in a sum.
    n_terms: u64,
}

fn sum<T: Quantizable + Clone>(at: At<'_>, found: &Found<'_, T>, layout: Layout) -> Option<Draft>
where
    Op: From<Quantized<T>>,
{
    let (x, from) = dequantized(at, found.x())?;
    let mut weights = Weights::of(at, found.operand(1)?)?;
    if weights.axis.is_some_and(|axis| axis != layout.axis) {
        return None;
    }
    let n_channels = usize::try_from(at.ty(at.result()).shape.0.get(layout.channels)?.fixed()?).ok()?;
    if weights.axis.is_some() {
        weights.scales = weights.scales.repeat(layout.n_groups);
        weights.zeros = weights.zeros.repeat(layout.n_groups);
        if weights.scales.len() != n_channels {
            return None;
        }
    }
    let scales: Vec<f32> = weights.scales.iter().map(|&scale| from.scale * scale).collect();
    let bias = match found.operand(2) {
        Some(bias) => Some(Bias::of(at, bias, &scales, n_channels)?),
        None => None,
    };
    let most = layout.n_terms.checked_mul(most(from))?.checked_mul(weights.most(at))?;
    let added = bias.as_ref().map_or(0, Bias::most);
    // A sum that wraps is another number.
    if most.checked_add(added)? > i32::MAX.unsigned_abs().into() {
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

/// The largest magnitude of an integer less the zero point.
fn most(x: QType) -> u64 {
    let [low, high] = x.limits();
    (high - x.zero).max(x.zero - low).unsigned_abs().into()
}

enum Bias {
    /// A part of the sums: the value, and its largest magnitude.
    Integers(Value, u64),
    /// A number for each channel.
    Reals(Value),
    /// A number for each channel that was said otherwise.
    Spread(Value, Tensor),
}

impl Bias {
    fn of(at: At<'_>, value: Value, scales: &[f32], n_channels: usize) -> Option<Bias> {
        if let Some(integers) = Bias::integers(at, value, scales, n_channels) {
            return Some(integers);
        }
        let ty = at.ty(value);
        if ty.shape == Shape::fixed(&[n_channels as u64]) {
            return Some(Bias::Reals(value));
        }
        let tensor = at.constant(value)?;
        let values = tensor.values::<f32>().ok()?;
        let is_row = tensor.dims().last() == Some(&n_channels) && values.len() == n_channels;
        let values = match values.as_ref() {
            &[number] => vec![number; n_channels],
            values => Some(values.to_vec()).filter(|_| is_row)?,
        };
        Some(Bias::Spread(value, Tensor::from_vec(&[n_channels], values).ok()?))
    }

    /// A bias of i32 with the scale of the sums, to the rounding of a product.
    fn integers(at: At<'_>, value: Value, scales: &[f32], n_channels: usize) -> Option<Bias> {
        let found = at.source::<Dequantize>(value).filter(|found| found.op.block == 0)?;
        let x = found.x();
        if *at.ty(x) != Type::new(DType::I32, vec![(n_channels as u64).into()]) {
            return None;
        }
        if let Some(zero) = found.operand(2)
            && at.constant(zero)?.bytes().iter().any(|&byte| byte != 0)
        {
            return None;
        }
        let own = at.constant(found.operand(1)?)?.values::<f32>().ok()?.into_owned();
        let close = |own: f32, scale: f32| (own - scale).abs() <= 1e-6 * scale;
        let mut pairs = (0..n_channels).map(|i| Some((own.get(i).or(own.first())?, scales.get(i).or(scales.first())?)));
        if !pairs.all(|pair| pair.is_some_and(|(&own, &scale)| close(own, scale))) {
            return None;
        }
        let most = at.constant(x)?.values::<i32>().ok()?.iter().map(|q| q.unsigned_abs()).max();
        Some(Bias::Integers(x, most.unwrap_or(0).into()))
    }

    fn most(&self) -> u64 {
        match self {
            Bias::Integers(_, most) => *most,
            Bias::Reals(_) | Bias::Spread(..) => 0,
        }
    }

    fn operand(self, at: At<'_>, draft: &mut Draft) -> Operand {
        match self {
            Bias::Integers(value, _) | Bias::Reals(value) => value.into(),
            Bias::Spread(value, tensor) => draft.constant(at.name(value), tensor),
        }
    }
}
