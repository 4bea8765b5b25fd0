use firebrick_ir::ops::{Conv, Gemm, Reshape, Transpose};
use firebrick_ir::{Dim, Op, Tensor, Value};

use crate::shapes::reshape;
use crate::{At, Draft, Found, Precision, Rule};

/// A product of a flattened image and constant weights is a convolution whose window is the whole image (1×1 behind a
/// global pool): what is done to convolutions is done to it too, without a flattened copy. The sums are the same, in
/// another order.
pub(crate) struct GemmToConv;

impl Rule for GemmToConv {
    const NAME: &'static str = "gemm-to-conv";
    const DESCRIPTION: &'static str = "Makes a convolution of an inner product with a flattened image";
    const PRECISION: Precision = Precision::Rounded;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let gemm = at.is::<Gemm>().filter(|gemm| !gemm.op.trans_a)?;
        let flat = at.source::<Reshape>(gemm.x())?;
        let (image, flat_shape) = (at.ty(flat.x()), &at.ty(gemm.x()).shape);
        let is_flattened = image.shape.rank() >= 3 && image.shape.0.first() == flat_shape.0.first();
        if !is_flattened {
            return None;
        }
        let sizes = image.shape.0.get(1..)?.iter().map(Dim::fixed).collect::<Option<Vec<_>>>()?;
        let weights = weights(at, &gemm, &sizes)?;
        let n_out = *weights.dims().first()?;
        let bias = gemm.operand(2).map(|value| bias(at, value, n_out)).transpose().ok()?;

        let n_spatial = sizes.len() - 1;
        let conv =
            Conv { strides: vec![1; n_spatial], pads: vec![0; 2 * n_spatial], dilations: vec![1; n_spatial], group: 1 };
        let operands = std::iter::once(image.clone()).chain([weights.ty()]).chain(bias.as_ref().map(Tensor::ty));
        let operands: Vec<_> = operands.collect();
        let results = Op::from(conv.clone()).infer(&operands.iter().collect::<Vec<_>>()).ok()?;
        let unflattened = reshape(results.first()?, at.ty(gemm.result()))?;

        let mut draft = Draft::new(gemm.node);
        let mut operands = vec![flat.x().into(), draft.constant(at.name(gemm.operand(1)?), weights)];
        if let Some((value, bias)) = gemm.operand(2).zip(bias) {
            operands.push(draft.constant(at.name(value), bias));
        }
        let conv = draft.node(conv, &operands);
        let new = draft.node(unflattened, &[conv]);
        Some(draft.replace(gemm.result(), new))
    }
}

/// The second operand as `[outputs, channels, spatial...]`.
fn weights(at: At<'_>, gemm: &Found<'_, Gemm>, sizes: &[u64]) -> Option<Tensor> {
    let tensor = at.constant(gemm.operand(1)?)?;
    let turned;
    let tensor = if gemm.op.trans_b {
        tensor
    } else {
        turned = Op::from(Transpose { perm: vec![1, 0] }).eval(&[tensor]).ok()?;
        turned.first()?
    };
    let mut dims = vec![*tensor.dims().first()?];
    for &size in sizes {
        dims.push(usize::try_from(size).ok()?);
    }
    tensor.reshaped(&dims).ok()
}

/// The third operand as `[outputs]`; an error if it is none of these, or not the same for each row.
fn bias(at: At<'_>, value: Value, n_out: usize) -> Result<Tensor, ()> {
    let tensor = at.constant(value).ok_or(())?;
    match tensor.dims() {
        [n] | [1, n] if *n == n_out => tensor.reshaped(&[n_out]).map_err(|_| ()),
        _ => Err(()),
    }
}
