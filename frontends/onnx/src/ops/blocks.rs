//! DepthToSpace and SpaceToDepth, Col2Im and CenterCropPad.

use firebrick_ir::ops::{ConvTranspose, Pad, PadMode, Slice};
use firebrick_ir::{Dim, Value};

use super::make::{MAX_BYTES, dims, numbers, reshaped, transposed};
use super::reshape::to_dims;
use super::windows::read;
use super::{NodeContext, Outputs, Stop};

/// DepthToSpace: channels that become blocks of the plane.
pub(super) fn depth_to_space(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let block = block_size(ctx)?;
    let by_columns = ctx.word("mode", &[("DCR", false), ("CRD", true)])?.unwrap_or(false);
    let x = ctx.input(0)?;
    let (batch, [channels, height, width]) = image(ctx, x)?;
    if channels % (block * block) != 0 {
        return Err(ctx.problem(format!("{channels} channels are no blocks of {block} by {block}")));
    }
    let n = channels / (block * block);
    let (apart, perm) = if by_columns {
        ([n, block, block, height, width], [0, 1, 4, 2, 5, 3])
    } else {
        ([block, block, n, height, width], [0, 3, 4, 1, 5, 2])
    };
    moved(ctx, x, &batch, &apart, &perm, &[n, height.saturating_mul(block), width.saturating_mul(block)])
}

/// SpaceToDepth: blocks of the plane that become channels.
pub(super) fn space_to_depth(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let block = block_size(ctx)?;
    let x = ctx.input(0)?;
    let (batch, [channels, height, width]) = image(ctx, x)?;
    if height % block != 0 || width % block != 0 {
        return Err(ctx.problem(format!("{height} by {width} elements are no blocks of {block} by {block}")));
    }
    let apart = [channels, height / block, block, width / block, block];
    let together = [channels.saturating_mul(block * block), height / block, width / block];
    moved(ctx, x, &batch, &apart, &[0, 3, 5, 1, 2, 4], &together)
}

fn block_size(ctx: &mut NodeContext<'_, '_>) -> Result<u64, Stop> {
    let block = ctx.int("blocksize")?;
    let block = ctx.required("blocksize", block)?;
    // Its square is a number of channels, and there are fewer than that of any tensor.
    let size = u64::try_from(block).ok().filter(|block| (1..1 << 16).contains(block));
    size.ok_or_else(|| ctx.attribute_problem("blocksize", format!("`blocksize` is {block}")))
}

fn image(ctx: &NodeContext<'_, '_>, x: Value) -> Result<(Dim, [u64; 3]), Stop> {
    let dims = ctx.ty(x).shape.0;
    let [batch, _, _, _] = dims.as_slice() else { return Err(ctx.problem("it takes images [N, C, H, W]")) };
    let batch = batch.clone();
    Ok((batch, [ctx.dim(x, 1)?, ctx.dim(x, 2)?, ctx.dim(x, 3)?]))
}

fn moved(
    ctx: &mut NodeContext<'_, '_>,
    x: Value,
    batch: &Dim,
    apart: &[u64],
    perm: &[usize],
    together: &[u64],
) -> Outputs {
    let with_batch =
        |sizes: &[u64]| std::iter::once(batch.clone()).chain(sizes.iter().map(|&n| Dim::Fixed(n))).collect::<Vec<_>>();
    let apart = to_dims(ctx, "apart", x, &with_batch(apart))?;
    let moved = transposed(ctx, "moved", apart, perm)?;
    Ok(vec![to_dims(ctx, "together", moved, &with_batch(together))?.into()])
}

/// Col2Im: the sums of windows' elements where they overlap: a transposed convolution, in which each element of a
/// window is a channel of its own.
pub(super) fn col2im(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, image, kernel) = (ctx.input(0)?, ctx.input(1)?, ctx.input(2)?);
    let (image, kernel) = (ctx.constant_ints(image)?, ctx.constant_ints(kernel)?);
    let (image, kernel) = (ctx.sizes("image_shape", &image)?, ctx.sizes("block_shape", &kernel)?);
    let n = image.len();
    let (strides, dilations) = (read(ctx, "strides", n, 1)?, read(ctx, "dilations", n, 1)?);
    let pads = read(ctx, "pads", n.saturating_mul(2), 0)?;
    let &[batch, columns, _] = dims(ctx, x)?.as_slice() else {
        return Err(ctx.problem("it takes windows [N, C * block, L]"));
    };
    let n_taps = kernel.iter().try_fold(1usize, |n, &size| n.checked_mul(size)).unwrap_or(0);
    let fits = n_taps > 0 && columns % n_taps == 0 && (columns as u64).saturating_mul(n_taps as u64) <= MAX_BYTES / 8;
    if kernel.len() != n || !fits {
        return Err(ctx.problem(format!("{columns} elements are no windows of {kernel:?}")));
    }
    let mut windows = Vec::new();
    let mut output_padding = Vec::new();
    for i in 0..n {
        let extent = (kernel[i] - 1).checked_mul(dilations[i]).and_then(|n| n.checked_add(1));
        let padded = image[i].checked_add(pads[i]).and_then(|size| size.checked_add(pads[n + i]));
        let slack = padded.zip(extent).and_then(|(padded, extent)| padded.checked_sub(extent));
        let Some((slack, stride)) = slack.zip(Some(strides[i]).filter(|&stride| stride > 0)) else {
            return Err(ctx.problem(format!("windows of {kernel:?} do not fit in {image:?}")));
        };
        windows.push(slack / stride + 1);
        output_padding.push(slack % stride);
    }
    let planes = reshaped(ctx, "windows", x, &[&[batch, columns], windows.as_slice()].concat())?;
    let mut weights = vec![0.0; columns * n_taps];
    (0..columns).for_each(|row| weights[row * n_taps + row % n_taps] = 1.0);
    let dtype = ctx.ty(x).dtype;
    let weights = numbers(ctx, "taps", &[&[columns, 1], kernel.as_slice()].concat(), weights, dtype)?;
    let op = ConvTranspose { strides, pads, dilations, group: columns / n_taps, output_padding };
    Ok(vec![ctx.op("image", op, &[planes, weights])?.into()])
}

/// CenterCropPad: the middle of dimensions that are too large, and zeros around those that are too small.
pub(super) fn center_crop_pad(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axes = ctx.ints("axes")?;
    let (x, target) = (ctx.input(0)?, ctx.input(1)?);
    let rank = ctx.rank(x);
    let target = ctx.constant_ints(target)?;
    let target = ctx.sizes("shape", &target)?;
    let axes = ctx.axes("axes", &axes.unwrap_or_else(|| (0..rank as i64).collect()), rank)?;
    if axes.len() != target.len() {
        return Err(ctx.problem(format!("it has {} axes and {} sizes", axes.len(), target.len())));
    }
    let mut crop = Slice { axes: Vec::new(), starts: Vec::new(), counts: Vec::new(), steps: Vec::new() };
    let mut pads = vec![0; 2 * rank];
    for (&axis, &wanted) in axes.iter().zip(&target) {
        let size = usize::try_from(ctx.dim(x, axis)?).unwrap_or(usize::MAX);
        if size > wanted {
            crop.axes.push(axis);
            crop.starts.push((size - wanted) / 2);
            crop.counts.push(wanted);
            crop.steps.push(1);
        } else {
            pads[axis] = (wanted - size) / 2;
            pads[rank + axis] = wanted - size - pads[axis];
        }
    }
    let cropped = if crop.axes.is_empty() { x } else { ctx.op("cropped", crop, &[x])? };
    if pads.iter().all(|&pad| pad == 0) {
        return Ok(vec![cropped.into()]);
    }
    Ok(vec![ctx.op("padded", Pad { mode: PadMode::Constant, pads, value: 0.0 }, &[cropped])?.into()])
}
