//! Images sampled at positions and in regions, moved taps, determinants and Fourier transforms.

use firebrick_ir::ops::{DeformConv, Dft, GridSample, ResizeFn, RoiAlign, RoiAlignFn, RoiPool};
use firebrick_ir::{DType, Tensor};

use super::pick::from_the_start;
use crate::attr;
use crate::lower::{Lowered, Lowering};

pub(super) fn grid_sample(l: &mut Lowering<'_>, op: &GridSample) -> Lowered {
    let is_plane = l.ty(0).shape.rank() == 4;
    if l.version() < 20 && !is_plane {
        return Err("GridSample is for two spatial dimensions before operator set 20".to_owned());
    }
    let mode = match (op.function, l.version() < 20) {
        (ResizeFn::Nearest, _) => "nearest",
        (ResizeFn::Linear, true) => "bilinear",
        (ResizeFn::Linear, false) => "linear",
        (ResizeFn::Cubic, true) => "bicubic",
        (ResizeFn::Cubic, false) => "cubic",
    };
    let attrs = vec![
        attr::string("mode", mode),
        attr::string("padding_mode", op.padding.name()),
        attr::flag("align_corners", op.align_corners),
    ];
    let (x, grid) = (l.arg(0), l.arg(1));
    let (rank, grid_rank) = (l.ty(0).shape.rank(), l.ty(1).shape.rank());
    if rank == grid_rank {
        return Ok(vec![l.same("GridSample", &[x, grid], attrs)?]);
    }
    // Places have as many dimensions as the image: all of them go along the first one.
    let n_spatial = rank - 2;
    let places = [vec![0, -1], vec![1; n_spatial - 1], vec![n_spatial as i64]].concat();
    let grid = l.reshape(&grid, places)?;
    let sampled = l.same("GridSample", &[x, grid], attrs)?;
    let dims = l.result(0).shape.0[2..].iter().map(|dim| dim.fixed().map_or(-1, |n| n as i64));
    let shape: Vec<i64> = [0, 0].into_iter().chain(dims).collect();
    if shape.iter().filter(|&&size| size == -1).count() > 1 {
        return Err("several dimensions of its places are symbolic".to_owned());
    }
    Ok(vec![l.reshape(&sampled, shape)?])
}

pub(super) fn roi_align(l: &mut Lowering<'_>, op: &RoiAlign) -> Lowered {
    let mode = match op.function {
        RoiAlignFn::Average => "avg",
        RoiAlignFn::Max => "max",
    };
    let mut attrs = vec![
        attr::string("mode", mode),
        attr::int("output_height", op.size[0] as i64),
        attr::int("output_width", op.size[1] as i64),
        attr::int("sampling_ratio", op.sampling_ratio as i64),
        attr::float("spatial_scale", op.spatial_scale),
    ];
    match (op.half_pixel, l.version() < 16) {
        (true, true) => return Err("RoiAlign counts from the middle of elements before operator set 16".to_owned()),
        (false, true) | (true, false) => (),
        (false, false) => attrs.push(attr::string("coordinate_transformation_mode", "output_half_pixel")),
    }
    let indices = from_the_start(l, 2, 0)?;
    let args = [l.arg(0), l.arg(1), l.cast(&indices, DType::I64)?];
    Ok(vec![l.same("RoiAlign", &args, attrs)?])
}

pub(super) fn roi_pool(l: &mut Lowering<'_>, op: &RoiPool) -> Lowered {
    let attrs = vec![attr::sizes("pooled_shape", &op.size), attr::float("spatial_scale", op.spatial_scale)];
    Ok(vec![l.same("MaxRoiPool", &l.args(), attrs)?])
}

pub(super) fn deform_conv(l: &mut Lowering<'_>, op: &DeformConv) -> Lowered {
    let attrs = vec![
        attr::sizes("strides", &op.strides),
        attr::sizes("pads", &op.pads),
        attr::sizes("dilations", &op.dilations),
        attr::int("group", op.group as i64),
        attr::int("offset_group", op.offset_group as i64),
    ];
    Ok(vec![l.same("DeformConv", &l.args(), attrs)?])
}

pub(super) fn det(l: &mut Lowering<'_>) -> Lowered {
    Ok(vec![l.same("Det", &l.args(), vec![])?])
}

pub(super) fn dft(l: &mut Lowering<'_>, op: &Dft) -> Lowered {
    if op.inverse && op.onesided {
        return Err("ONNX's one-sided inverse DFT is read in two ways by its runtimes".to_owned());
    }
    let length = l.tensor("length", Tensor::scalar(op.length as i64));
    let mut attrs = vec![attr::flag("inverse", op.inverse), attr::flag("onesided", op.onesided)];
    let mut args = vec![l.arg(0), length];
    if l.version() < 20 {
        attrs.push(attr::int("axis", op.axis as i64));
    } else {
        args.push(l.tensor("axis", Tensor::scalar(op.axis as i64)));
    }
    Ok(vec![l.same("DFT", &args, attrs)?])
}
