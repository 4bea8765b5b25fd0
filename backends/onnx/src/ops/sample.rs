//! Images sampled at positions and in regions, moved taps, determinants and Fourier transforms.

use firebrick_ir::ops::{DeformConv, Dft, GridSample, ResizeFn, RoiAlign, RoiAlignFn, RoiPool};
use firebrick_ir::{DType, Tensor};

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
    Ok(vec![l.same("GridSample", &l.args(), attrs)?])
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
    let args = [l.arg(0), l.arg(1), l.cast(&l.arg(2), DType::I64)?];
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
