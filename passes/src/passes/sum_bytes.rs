use firebrick_ir::ops::{Binary, BinaryFn, Cast, Conv, Gemm, MatMul, QType, Quantized, Reshape, Rounding};
use firebrick_ir::{DType, NodeId, Op, Tensor, Value};

use crate::bytes::{ByteWeights, Bytes, Place, Zero};
use crate::ones::Reach;
use crate::sums::{self, Layout, Summing};
use crate::{At, Draft, Found, Operand, Rule};

/// A convolution or matrix product of bytes less their zero points, as ConvInteger and MatMulInteger, is one op that sums
/// integers and gives them as numbers: where a number is what becomes of the sums, or where an f32 has all of them. Scales
/// and what quantizes then fold into it. A zero point that is computed is subtracted from the sums of known weights, times
/// what a 1 for each byte sums to.
pub(crate) struct SumBytes;

impl Rule for SumBytes {
    const NAME: &'static str = "sum-bytes";
    const DESCRIPTION: &'static str =
        "Makes one op on bytes of a convolution or matrix product of bytes less their zero points";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        if let Some(cast) = at.is::<Cast>().filter(|cast| cast.op.dtype == DType::F32) {
            let sums = cast.x();
            let conv = number::<Conv>(at, sums).or_else(|| number::<Gemm>(at, sums));
            return conv.or_else(|| number::<MatMul>(at, sums));
        }
        integer::<Conv>(at).or_else(|| integer::<Gemm>(at)).or_else(|| integer::<MatMul>(at))
    }
}

/// The integers up to which an f32 has each.
const EXACT: u64 = 1 << 24;

/// The sums as numbers.
fn number<T: Reach>(at: At<'_>, sums: Value) -> Option<Draft>
where
    Op: From<Quantized<T>>,
{
    let (sums, added) = match at.sole_source::<Binary>(sums) {
        Some(sum) if sum.op.0 == BinaryFn::Add && at.ty(sum.result()).dtype == DType::I32 => {
            let &[a, b] = sum.operands.as_slice() else { return None };
            if at.constant(b).is_some() { (a, Some(b)) } else { (b, Some(a)) }
        }
        Some(_) | None => (sums, None),
    };
    let found = at.sole_source::<T>(sums)?;
    let parts = Parts::of(at, &found, added)?;
    let mut draft = Draft::new(found.node);
    let result = match parts.x.zero {
        Zero::Known(zero) => parts.sums(at, &mut draft, found.op, zero)?,
        Zero::Computed(zero) => parts.shifted(at, &mut draft, &found, zero)?,
    };
    Some(draft.replace(at.result(), result))
}

/// The sums as integers, where they are small enough for an f32 to have each, and something needs them so.
fn integer<T: Reach>(at: At<'_>) -> Option<Draft>
where
    Op: From<Quantized<T>>,
{
    let found = at.is::<T>().filter(|found| at.ty(found.result()).dtype == DType::I32)?;
    if becomes_number(at, found.node) {
        return None;
    }
    let parts = Parts::of(at, &found, None)?;
    let Zero::Known(zero) = parts.x.zero else { return None };
    let x = sums::most(QType { dtype: at.ty(parts.x.x).dtype, scale: 1.0, zero });
    if parts.most(x)? > EXACT {
        return None;
    }
    let mut draft = Draft::new(found.node);
    let number = parts.sums(at, &mut draft, found.op, zero)?;
    let result = draft.node(Cast::to(DType::I32), &[number]);
    Some(draft.replace(at.result(), result))
}

/// Whether the only reader of a sum makes a number of it, or else the only reader of what that adds.
fn becomes_number(at: At<'_>, node: NodeId) -> bool {
    let reader = |node: NodeId| match at.graph.uses(Value { node, port: 0 }).as_slice() {
        &[(reader, _)] => Some(At { node: reader, ..at }),
        _ => None,
    };
    let is_cast = |at: At<'_>| at.is::<Cast>().is_some_and(|cast| cast.op.dtype == DType::F32);
    let is_sum = |at: At<'_>| at.is::<Binary>().is_some_and(|sum| sum.op.0 == BinaryFn::Add);
    reader(node).is_some_and(|at| is_cast(at) || is_sum(at) && reader(at.node).is_some_and(is_cast))
}

/// What such a sum is made of.
struct Parts {
    x: Bytes,
    weights: ByteWeights,
    layout: Layout,
    n_channels: usize,
    bias: Option<Vec<i32>>,
}

impl Parts {
    /// Those of an op on integers of 32 bits, and of what is added to it.
    fn of<T: Summing>(at: At<'_>, found: &Found<'_, T>, added: Option<Value>) -> Option<Parts> {
        let layout = sums::layout(at, found, found.op)?;
        let x = Bytes::of(at, found.x())?;
        let weights = ByteWeights::of(at, found.operand(1)?, layout.axis)?;
        let (result, n_channels) = (found.result(), sums::n_channels(at, found.result(), &layout)?);
        let rank = at.ty(result).shape.rank();
        // A convolution's bias has one dimension, that of a product of matrices is broadcast to the result.
        let own = if at.source::<Conv>(result).is_some() { [1, 0] } else { [rank, layout.channels] };
        let biases = [(found.operand(2), own), (added, [rank, layout.channels])];
        let mut bias: Option<Vec<i32>> = None;
        for (value, [rank, axis]) in biases.into_iter().filter_map(|(value, place)| Some((value?, place))) {
            let numbers = of_channels(at.constant(value)?, rank, axis, n_channels)?;
            let before = bias.unwrap_or_else(|| vec![0; n_channels]);
            bias = Some(before.iter().zip(&numbers).map(|(a, b)| a.wrapping_add(*b)).collect());
        }
        Some(Parts { x, weights, layout, n_channels, bias })
    }

    /// The op whose result is the sums as numbers.
    fn sums<T: Summing>(&self, at: At<'_>, draft: &mut Draft, op: &T, zero: i32) -> Option<Operand>
    where
        Op: From<Quantized<T>>,
    {
        let (weights, name) = match &self.weights.bytes {
            Ok(value) => ((*value).into(), at.name(*value)),
            Err((value, tensor)) => (draft.constant(at.name(*value), tensor.clone()), at.name(*value)),
        };
        let zeros = &self.weights.zeros;
        let scale =
            draft.constant(format!("{name}/scale"), Tensor::from_vec(&[zeros.len()], vec![1.0f32; zeros.len()]).ok()?);
        let bytes: Vec<u8> = zeros.iter().map(|&zero| zero as u8).collect();
        let zeros = Tensor::new(self.weights.dtype, &[zeros.len()], bytes.into()).ok()?;
        let mut operands = vec![self.x.x.into(), weights, scale, draft.constant(format!("{name}/zero_point"), zeros)];
        if let Some(bias) = &self.bias {
            let bias = Tensor::from_vec(&[self.n_channels], bias.clone()).ok()?;
            operands.push(draft.constant(format!("{name}/bias"), bias));
        }
        let x = vec![QType { dtype: at.ty(self.x.x).dtype, scale: 1.0, zero }];
        Some(draft.node(Quantized { op: op.clone(), x, y: None, clip: None, rounding: Rounding::Even }, &operands))
    }

    /// The sums for a zero point that is computed: those for the middle of all bytes, and the difference to it times what
    /// ones sum to. Both are integers that an f32 has, so that rounding their sum is all that is rounded.
    fn shifted<T: Reach>(&self, at: At<'_>, draft: &mut Draft, found: &Found<'_, T>, zero: Value) -> Option<Operand>
    where
        Op: From<Quantized<T>>,
    {
        let middle = if at.ty(self.x.x).dtype == DType::U8 { 128 } else { 0 };
        if self.most(128)? > EXACT {
            return None;
        }
        let ones = found.op.of_ones(&at.ty(found.x()).shape, self.weights.known.as_ref()?)?;
        let sums = self.sums(at, draft, found.op, middle)?;
        let scalar = if at.ty(zero).shape.rank() == 0 {
            zero.into()
        } else {
            draft.node(Reshape { shape: vec![] }, &[zero.into()])
        };
        let scalar = draft.node(Cast::to(DType::F32), &[scalar]);
        let name = at.name(found.operand(1)?);
        let middle = draft.constant(format!("{name}/middle"), Tensor::scalar(middle as f32));
        let distance = draft.node(Binary(BinaryFn::Sub), &[middle, scalar]);
        let ones = draft.constant(format!("{name}/sums"), ones);
        let shift = draft.node(Binary(BinaryFn::Mul), &[ones, distance]);
        Some(draft.node(Binary(BinaryFn::Add), &[sums, shift]))
    }

    /// The largest magnitude of a sum, of known weights and bytes of that magnitude.
    fn most(&self, x: u64) -> Option<u64> {
        let weights = self.weights.known.as_ref()?;
        let place = Place::of(weights.dims(), self.layout.axis)?;
        let mut most = vec![0u64; self.n_channels];
        for (i, w) in weights.values::<i32>().ok()?.iter().enumerate() {
            let sum = most.get_mut(place.channel(i))?;
            *sum = sum.checked_add(u64::from(w.unsigned_abs()).checked_mul(x)?)?;
        }
        let added = self.bias.iter().flatten().map(|b| u64::from(b.unsigned_abs())).max();
        most.into_iter().max()?.checked_add(added.unwrap_or(0))
    }
}

/// The elements of an i32 constant that is broadcast along all dimensions but that of channels.
fn of_channels(constant: &Tensor, rank: usize, axis: usize, n: usize) -> Option<Vec<i32>> {
    let first = rank.checked_sub(constant.dims().len())?;
    let is_channel_or_one = |(i, &size): (usize, &usize)| size == 1 || first + i == axis && size == n;
    if !constant.dims().iter().enumerate().all(is_channel_or_one) {
        return None;
    }
    let numbers = constant.values::<i32>().ok()?;
    Some(if let &[number] = numbers.as_ref() { vec![number; n] } else { numbers.into_owned() })
}
