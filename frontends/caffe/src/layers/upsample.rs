//! Upsample: of SegNet, and of YOLO conversions.

use firebrick_ir::DType;
use firebrick_ir::ops::{Cast, Coordinates, Resize, ResizeFn, Unpool};
use firebrick_schemas::caffe::UpsampleParameter;

use super::{LayerContext, Tops};
use crate::problem::Problem;

/// Upsample: with a second bottom, the mask of a max pooling, values are put back where they were; without, they are
/// repeated.
pub(super) fn upsample(ctx: &mut LayerContext<'_, '_>) -> Tops {
    ctx.not_in_place()?;
    let param = ctx.param().upsample_param.as_deref().cloned().unwrap_or_default();
    let x = ctx.bottom(0);
    let &[_, _, height, width] = ctx.dims(x).as_slice() else {
        return Err(ctx.problem("the bottom should be images [N, C, H, W]"));
    };
    let y = if ctx.n_bottoms() == 1 {
        let size = repeated_size(ctx, &param, [height, width])?;
        let op = Resize::spatial(ResizeFn::Nearest, Coordinates::Asymmetric, size);
        ctx.op("resize", op, &[x])?
    } else {
        let size = unpooled_size(ctx, &param, [height, width])?;
        let mask = ctx.bottom(1);
        let positions = ctx.op("positions", Cast::to(DType::I64), &[mask])?;
        ctx.op("unpool", Unpool { size }, &[x, positions])?
    };
    Ok(vec![Some(y)])
}

/// The size that the layer without a mask makes.
fn repeated_size(ctx: &LayerContext<'_, '_>, param: &UpsampleParameter, size: [u64; 2]) -> Result<Vec<usize>, Problem> {
    let UpsampleParameter { scale, scale_h, scale_w, pad_out_h, pad_out_w, upsample_h, upsample_w } = param;
    let numbers = [scale_h, scale_w, upsample_h, upsample_w];
    if numbers.iter().any(|number| number.is_some()) || pad_out_h.is_some() || pad_out_w.is_some() {
        return Err(ctx.problem("without a second bottom, `scale` is the only field that is known"));
    }
    let scale = u64::from(scale.unwrap_or(1));
    scaled(ctx, size.map(|n| n.saturating_mul(scale)))
}

/// The size of what was pooled.
fn unpooled_size(ctx: &LayerContext<'_, '_>, param: &UpsampleParameter, size: [u64; 2]) -> Result<Vec<usize>, Problem> {
    let UpsampleParameter { scale, scale_h, scale_w, pad_out_h, pad_out_w, upsample_h, upsample_w } = param;
    let problem = |name, message: &str| Err(ctx.problem_at(ctx.field("upsample_param", name), message));
    if let (Some(height), Some(width)) = (upsample_h, upsample_w) {
        // The other fields are of no effect then.
        return match (height, width) {
            (2.., 2..) => scaled(ctx, [u64::from(*height), u64::from(*width)]),
            (_, _) => problem("upsample_h", "`upsample_h` and `upsample_w` should be above 1"),
        };
    }
    let scales = match (scale, scale_h, scale_w) {
        (None, Some(h), Some(w)) => [*h, *w],
        (scale, None, None) => [scale.unwrap_or(2); 2],
        (_, _, _) => return problem("scale", "either `scale`, or both `scale_h` and `scale_w` should be given"),
    };
    if scales.iter().any(|&scale| scale < 2) {
        return problem("scale", "the scale should be above 1");
    }
    let less = [pad_out_h.unwrap_or(false), pad_out_w.unwrap_or(false)];
    if (0..2).any(|i| less[i] && scales[i] != 2) {
        return problem("pad_out_h", "`pad_out_h` and `pad_out_w` need a scale of 2");
    }
    scaled(ctx, [0, 1].map(|i| size[i].saturating_mul(u64::from(scales[i])).saturating_sub(u64::from(less[i]))))
}

fn scaled(ctx: &LayerContext<'_, '_>, size: [u64; 2]) -> Result<Vec<usize>, Problem> {
    let sizes = size.map(|n| usize::try_from(n).ok());
    match sizes {
        [Some(height), Some(width)] => Ok(vec![height, width]),
        [_, _] => Err(ctx.problem(format!("a result of {size:?} is too large"))),
    }
}
