//! ConvTranspose.

use firebrick_ir::Value;
use firebrick_ir::ops::ConvTranspose;

use super::windows::{AutoPad, Windows, read};
use super::{NodeContext, Outputs, Stop, conv};

/// ConvTranspose: transposed convolution. `output_shape`, or `auto_pad` SAME, which stands for the input's size times
/// the stride, decide the pads.
pub(super) fn conv_transpose(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (x, w) = (ctx.input(0)?, ctx.input(1)?);
    let kernel = conv::kernel(ctx, w)?;
    let windows = Windows::read(ctx, Some(kernel))?;
    let n = windows.kernel.len();
    let mut output_padding = read(ctx, "output_padding", n, 0)?;
    let group = ctx.int_or("group", 1)?;
    let group = usize::try_from(group).map_err(|_| ctx.attribute_problem("group", format!("`group` is {group}")))?;
    let pads = match wanted(ctx, &windows, x)? {
        Some(output) => fitting_pads(ctx, &windows, x, &output, &mut output_padding)?,
        None => windows.pads(ctx, x)?,
    };
    let Windows { strides, dilations, .. } = windows;
    let op = ConvTranspose { strides, pads, dilations, group, output_padding };
    let operands: Vec<Value> = [x, w].into_iter().chain(ctx.optional(2)).collect();
    Ok(vec![ctx.op("conv_transpose", op, &operands)?.into()])
}

/// The output's spatial dimensions, if they are said.
fn wanted(ctx: &mut NodeContext<'_, '_>, windows: &Windows, x: Value) -> Result<Option<Vec<usize>>, Stop> {
    let n = windows.kernel.len();
    if let Some(shape) = ctx.ints("output_shape")? {
        let shape = ctx.sizes("output_shape", &shape)?;
        // Some exporters write batch and channels too.
        let spatial = shape.len().checked_sub(n).filter(|&extra| extra == 0 || extra == 2);
        let Some(extra) = spatial else {
            let message = format!("`output_shape` has {} entries, but {n} are needed", shape.len());
            return Err(ctx.attribute_problem("output_shape", message));
        };
        return Ok(Some(shape[extra..].to_vec()));
    }
    match windows.auto_pad {
        AutoPad::NotSet | AutoPad::Valid => Ok(None),
        AutoPad::SameUpper | AutoPad::SameLower => {
            let sizes = (0..n).map(|i| {
                let size = usize::try_from(ctx.dim(x, i + 2)?).unwrap_or(usize::MAX);
                Ok(size.saturating_mul(windows.strides[i]))
            });
            sizes.collect::<Result<_, Stop>>().map(Some)
        }
    }
}

/// The pads that leave `output`; where even none leave less, the end is padded.
fn fitting_pads(
    ctx: &NodeContext<'_, '_>,
    windows: &Windows,
    x: Value,
    output: &[usize],
    output_padding: &mut [usize],
) -> Result<Vec<usize>, Stop> {
    let mut totals = Vec::new();
    for (i, &wanted) in output.iter().enumerate() {
        let size = usize::try_from(ctx.dim(x, i + 2)?).unwrap_or(usize::MAX);
        let steps = size.saturating_sub(1).checked_mul(windows.strides[i]);
        let whole = steps.and_then(|n| n.checked_add(windows.extent(i)?)?.checked_add(output_padding[i]));
        let whole = whole.ok_or_else(|| ctx.problem("its output is too large"))?;
        output_padding[i] += wanted.saturating_sub(whole);
        totals.push(whole.saturating_sub(wanted));
    }
    // Unlike in a convolution, the odd element goes to the beginning unless it is SAME_UPPER.
    let pads = windows.split_pads(&totals);
    let (begins, ends) = pads.split_at(output.len());
    Ok(if windows.auto_pad == AutoPad::NotSet { [ends, begins].concat() } else { pads })
}
