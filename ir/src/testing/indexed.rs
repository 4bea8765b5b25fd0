//! Steps of the families that pick, write and sample by index or position.

use super::build::Builder;
use super::steps::{fixed, fixed_axis, float};
use crate::ops::{
    Cumulate, CumulateFn, DeformConv, Det, Dft, GatherElements, GatherNd, GridPadding, GridSample, ResizeFn,
    ReverseSequence, RoiAlign, RoiAlignFn, RoiPool, ScatterElements, ScatterFn, ScatterNd,
};
use crate::{Type, Value};

/// All dimensions, if they are fixed.
fn all_fixed(ty: &Type) -> Option<Vec<usize>> {
    (0..ty.shape.rank()).map(|i| fixed(ty, i)).collect()
}

/// Indices of that shape into a dimension of that size.
fn indices(b: &mut Builder, dims: &[usize], size: usize) -> Option<Value> {
    let n: usize = dims.iter().product();
    let elements = (0..n).map(|_| b.below(2 * size.max(1)) as i64 - size as i64).collect();
    b.integers(dims, elements)
}

pub(super) fn cumulate(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.dtype.is_number() && ty.shape.rank() > 0)?;
    let axis = b.ty(x).shape.rank() - 1;
    let op = Cumulate { function: b.of(CumulateFn::ALL), axis, exclusive: b.coin(), reverse: b.coin() };
    b.add(op, &[x])
}

pub(super) fn deform_conv(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(4..=4))?;
    let ty = b.ty(x);
    let (batch, n_in, height, width) = (fixed(&ty, 0)?, fixed(&ty, 1)?, fixed(&ty, 2)?, fixed(&ty, 3)?);
    let weights = b.weight(ty.dtype, &[2, n_in, 1, 1])?;
    let offsets = b.weight(ty.dtype, &[batch, 2, height, width])?;
    let op = DeformConv { strides: vec![1, 1], pads: vec![0; 4], dilations: vec![1, 1], group: 1, offset_group: 1 };
    b.add(op, &[x, weights, offsets])
}

pub(super) fn det(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.dtype.is_float() && matches!(ty.shape.0.as_slice(), [.., m, n] if m == n))?;
    b.add(Det {}, &[x])
}

pub(super) fn dft(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(2..=5))?;
    let rank = b.ty(x).shape.rank();
    let axis = b.below(rank - 1);
    let op = Dft { axis, length: b.between(1, 5), inverse: b.coin(), onesided: b.coin() };
    b.add(op, &[x])
}

pub(super) fn gather_elements(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.shape.rank() > 0)?;
    let ty = b.ty(x);
    let (axis, size) = fixed_axis(b, &ty)?;
    let indices = indices(b, &all_fixed(&ty)?, size)?;
    b.add(GatherElements { axis }, &[x, indices])
}

pub(super) fn gather_nd(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.shape.rank() > 0)?;
    let size = fixed(&b.ty(x), 0)?;
    let n = b.below(4);
    let indices = indices(b, &[n, 1], size)?;
    b.add(GatherNd { batch_dims: 0 }, &[x, indices])
}

pub(super) fn grid_sample(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(3..=5))?;
    let ty = b.ty(x);
    let (batch, n_spatial) = (fixed(&ty, 0)?, ty.shape.rank() - 2);
    let n = b.between(1, 3);
    let grid = b.weight(ty.dtype, &[batch, n, n_spatial])?;
    let (function, padding) = (b.of(ResizeFn::ALL), b.of(GridPadding::ALL));
    let op = GridSample { function, padding, align_corners: b.coin() };
    b.add(op, &[x, grid])
}

pub(super) fn reverse_sequence(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.shape.rank() > 1)?;
    let ty = b.ty(x);
    let (n, steps) = (fixed(&ty, 0)?, fixed(&ty, 1)?);
    let lengths = (0..n).map(|_| b.between(0, steps) as i64).collect();
    let lengths = b.integers(&[n], lengths)?;
    b.add(ReverseSequence { batch_axis: 0, time_axis: 1 }, &[x, lengths])
}

pub(super) fn roi_align(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(4..=4))?;
    let ty = b.ty(x);
    let regions = b.weight(ty.dtype, &[2, 4])?;
    let images = indices(b, &[2], fixed(&ty, 0)?)?;
    let (function, size, sampling_ratio) = (b.of(RoiAlignFn::ALL), b.many(2, 1, 2), b.below(3));
    let op = RoiAlign { function, size, sampling_ratio, spatial_scale: 1.0, half_pixel: b.coin() };
    b.add(op, &[x, regions, images])
}

pub(super) fn roi_pool(b: &mut Builder) -> Option<Value> {
    let x = b.pick(float(4..=4))?;
    let dtype = b.ty(x).dtype;
    let regions = b.weight(dtype, &[1, 5])?;
    let op = RoiPool { size: b.many(2, 1, 2), spatial_scale: 1.0 };
    b.add(op, &[x, regions])
}

pub(super) fn scatter_elements(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.dtype.is_number() && ty.shape.rank() > 0)?;
    let ty = b.ty(x);
    let (axis, size) = fixed_axis(b, &ty)?;
    let dims = all_fixed(&ty)?;
    let operands = [x, indices(b, &dims, size)?, b.weight(ty.dtype, &dims)?];
    let op = ScatterElements { axis, function: b.of(ScatterFn::ALL) };
    b.add(op, &operands)
}

pub(super) fn scatter_nd(b: &mut Builder) -> Option<Value> {
    let x = b.pick(|ty| ty.dtype.is_number() && ty.shape.rank() > 0)?;
    let ty = b.ty(x);
    let dims = all_fixed(&ty)?;
    let n = b.below(3);
    let updates = [&[n], &dims[1..]].concat();
    let operands = [x, indices(b, &[n, 1], dims[0])?, b.weight(ty.dtype, &updates)?];
    let op = ScatterNd { function: b.of(ScatterFn::ALL) };
    b.add(op, &operands)
}
