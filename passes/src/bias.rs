//! The bias of a sum of products of integers.

use firebrick_ir::ops::Dequantize;
use firebrick_ir::{DType, Tensor, Value};

use crate::{At, Draft, Operand};

/// What is added to each output channel.
pub(crate) enum Bias {
    /// A part of the sums: integers, and their largest magnitude.
    Integers(Numbers, u64),
    /// A number for each channel.
    Reals(Numbers),
}

/// A vector, one element for each output channel.
pub(crate) enum Numbers {
    /// A value that is one.
    Value(Value),
    /// Elements that a value says otherwise.
    Spread(Value, Tensor),
}

/// Which dimension channels are of what a bias is broadcast to, and how many.
#[derive(Clone, Copy)]
pub(crate) struct Channels {
    pub(crate) rank: usize,
    pub(crate) axis: usize,
    pub(crate) n: usize,
}

impl Bias {
    /// The bias that a value is which is added to sums with these scales, one for each channel or for all.
    pub(crate) fn of(at: At<'_>, value: Value, scales: &[f32], channels: Channels) -> Option<Bias> {
        let dims = at.ty(value).shape.as_fixed()?;
        let first = channels.rank.checked_sub(dims.len())?;
        let is_channel_or_one =
            |(i, &size): (usize, &u64)| size == 1 || first + i == channels.axis && size == channels.n as u64;
        if !dims.iter().enumerate().all(is_channel_or_one) {
            return None;
        }
        if let Some(integers) = Bias::integers(at, value, scales, channels.n) {
            return Some(integers);
        }
        if dims == [channels.n as u64] {
            return Some(Bias::Reals(Numbers::Value(value)));
        }
        let values = reals(at, value)?;
        let values = if let &[number] = values.as_slice() { vec![number; channels.n] } else { values };
        Some(Bias::Reals(Numbers::Spread(value, Tensor::from_vec(&[channels.n], values).ok()?)))
    }

    /// A bias of i32 with the scale of the sums, to the rounding of a product.
    fn integers(at: At<'_>, value: Value, scales: &[f32], n: usize) -> Option<Bias> {
        let found = at.source::<Dequantize>(value).filter(|found| found.op.block == 0)?;
        let x = found.x();
        let tensor = at.constant(x).filter(|tensor| tensor.len() == n)?;
        let most = tensor.values::<i32>().ok()?.iter().map(|q| q.unsigned_abs()).max();
        if let Some(zero) = found.operand(2)
            && at.constant(zero)?.bytes().iter().any(|&byte| byte != 0)
        {
            return None;
        }
        let own = at.constant(found.operand(1)?)?.values::<f32>().ok()?.into_owned();
        let close = |own: f32, scale: f32| (own - scale).abs() <= 1e-6 * scale;
        let mut pairs = (0..n).map(|i| Some((own.get(i).or(own.first())?, scales.get(i).or(scales.first())?)));
        if !pairs.all(|pair| pair.is_some_and(|(&own, &scale)| close(own, scale))) {
            return None;
        }
        let numbers =
            if tensor.dims() == [n] { Numbers::Value(x) } else { Numbers::Spread(x, tensor.reshaped(&[n]).ok()?) };
        Some(Bias::Integers(numbers, most.unwrap_or(0).into()))
    }

    /// The largest magnitude of what it adds to the integers.
    pub(crate) fn most(&self) -> u64 {
        match self {
            Bias::Integers(_, most) => *most,
            Bias::Reals(_) => 0,
        }
    }

    /// The operand that it is.
    pub(crate) fn operand(self, at: At<'_>, draft: &mut Draft) -> Operand {
        let (Bias::Integers(numbers, _) | Bias::Reals(numbers)) = self;
        match numbers {
            Numbers::Value(value) => value.into(),
            Numbers::Spread(value, tensor) => draft.constant(at.name(value), tensor),
        }
    }
}

/// The elements of an f32 constant, or of one that is dequantized.
fn reals(at: At<'_>, value: Value) -> Option<Vec<f32>> {
    if let Some(tensor) = at.constant(value) {
        return Some(tensor.values::<f32>().ok()?.into_owned());
    }
    let found = at.source::<Dequantize>(value)?;
    let operands: Vec<&Tensor> = found.operands.iter().map(|&value| at.constant(value)).collect::<Option<_>>()?;
    let result = at.graph.node(value.node).op.eval(&operands).ok()?.into_iter().next()?;
    (result.dtype() == DType::F32).then(|| Some(result.values::<f32>().ok()?.into_owned()))?
}
