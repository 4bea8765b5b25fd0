use firebrick_ir::ops::{Dequantize, Identity, Quantize, Quantized};
use firebrick_ir::{DType, Value};

use crate::movement::is_same;
use crate::quantized::{Tail, dequantized};
use crate::{At, Draft, Found, Rule};

/// A quantize of what was dequantized: nothing with the same scale and zero point, and else one op on integers. ReLU and
/// clip between become limits of these.
pub(crate) struct MergeRequantize;

impl Rule for MergeRequantize {
    const NAME: &'static str = "merge-requantize";
    const DESCRIPTION: &'static str =
        "Makes one op of dequantization and quantization, or none if the scales are equal";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        if let Some(tail) = Tail::of(at) {
            let (value, x) = dequantized(at, tail.x)?;
            if x == tail.y && tail.clip.is_none() {
                return Some(Draft::forward(at.result(), value));
            }
            let y = Some(tail.y);
            let op = Quantized { op: Identity {}, x: vec![x], y, clip: tail.clip, rounding: tail.rounding };
            return Some(Draft::swap(at.node, at.result(), op, &[value]));
        }
        // Scales along a dimension, and integers of other sizes.
        let quantize = at.is::<Quantize>()?;
        let dequantize = at.source::<Dequantize>(quantize.x())?;
        let x = dequantize.x();
        let is_back = at.ty(x) == at.ty(at.result()) && is_alike(at, &quantize, &dequantize);
        is_back.then(|| Draft::forward(at.result(), x))
    }
}

/// Whether both have the same scales and zero points, and nothing is lost between.
fn is_alike(at: At<'_>, quantize: &Found<'_, Quantize>, dequantize: &Found<'_, Dequantize>) -> bool {
    let is_layout = quantize.op.axis == dequantize.op.axis && quantize.op.block == dequantize.op.block;
    let is_narrow = matches!(quantize.op.dtype, DType::I8 | DType::U8 | DType::I16 | DType::U16);
    let scales = quantize.operand(1).and_then(|scale| at.constant(scale));
    let is_plain = scales.and_then(|scales| scales.values::<f32>().ok());
    let is_plain = is_plain.is_some_and(|scales| scales.iter().all(|scale| (1e-30..=1e30).contains(scale)));
    let same = |slot: usize| is_same(at, quantize.operand(slot), dequantize.operand(slot));
    let zeros = [quantize.operand(2), dequantize.operand(2)];
    let is_zero = |zero: &Option<Value>| zero.is_none_or(|zero| all_zero(at, zero));
    is_layout && is_narrow && is_plain && same(1) && (same(2) || zeros.iter().all(is_zero))
}

fn all_zero(at: At<'_>, value: Value) -> bool {
    at.constant(value).is_some_and(|tensor| tensor.bytes().iter().all(|&byte| byte == 0))
}
