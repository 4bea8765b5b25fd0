use firebrick_ir::Tensor;
use firebrick_ir::ops::{Binary, BinaryFn, Concat};

use crate::affine::Affine;
use crate::linear::Linear;
use crate::{At, Draft, Operand, Precision, Rule};

/// Batch norm, scale and the like behind a channel concat of convolutions or matrix products: each of these gets its
/// part, and can then fold it into its weights.
pub(crate) struct HoistScales;

impl Rule for HoistScales {
    const NAME: &'static str = "hoist-scales";
    const DESCRIPTION: &'static str =
        "Moves what scales and shifts the channels of a concatenation to the convolutions that are concatenated";
    const PRECISION: Precision = Precision::Rounded;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let concat = at.sole_source::<Concat>(Affine::operand(at)?).filter(|concat| concat.op.axis == 1)?;
        let folds = |node| at.graph.has_one_use(node) && Linear::is(At { node, ..at });
        if !concat.operands.iter().all(|value| folds(value.node)) {
            return None;
        }
        let affine = Affine::of(at)?;
        let mut draft = Draft::new(at.node);
        let mut parts = Vec::with_capacity(concat.operands.len());
        let mut start = 0;
        for &value in &concat.operands {
            let n = usize::try_from(at.ty(value).shape.0.get(1)?.fixed()?).ok()?;
            let scale = (BinaryFn::Mul, "scale", affine.scale.get(start..start + n)?, 1.0);
            let shift = (BinaryFn::Add, "shift", affine.shift.get(start..start + n)?, 0.0);
            let mut part = Operand::Old(value);
            for (function, what, numbers, neutral) in [scale, shift] {
                if numbers.iter().any(|&number| number != neutral) {
                    let constant = draft.constant(format!("{}/{what}", at.name(value)), channels(at, numbers)?);
                    part = draft.node(Binary(function), &[part, constant]);
                }
            }
            parts.push(part);
            start += n;
        }
        let whole = draft.node(concat.op.clone(), &parts);
        Some(draft.replace(at.result(), whole))
    }
}

/// A number for each channel of what has the result's rank, `[n, 1...]`.
fn channels(at: At<'_>, numbers: &[f64]) -> Option<Tensor> {
    let n_spatial = at.ty(at.result()).shape.rank().checked_sub(2)?;
    let dims: Vec<usize> = std::iter::once(numbers.len()).chain(std::iter::repeat_n(1, n_spatial)).collect();
    Tensor::from_vec(&dims, numbers.iter().map(|&number| number as f32).collect()).ok()
}
