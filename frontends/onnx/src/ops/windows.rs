//! Attributes of windows that slide: what convolutions and pools share.

use firebrick_ir::Value;

use super::{NodeContext, Stop};

/// How padding is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AutoPad {
    /// As `pads` says.
    NotSet,
    /// So that there are as many windows as strides, the odd element at the end.
    SameUpper,
    /// The same, the odd element at the beginning.
    SameLower,
    /// None.
    Valid,
}

/// The attributes of a window, for each spatial dimension.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    pub(super) kernel: Vec<usize>,
    pub(super) strides: Vec<usize>,
    pub(super) dilations: Vec<usize>,
    pub(super) auto_pad: AutoPad,
    /// All beginnings, then all ends.
    pub(super) pads: Vec<usize>,
}

impl Windows {
    /// Reads the attributes. `kernel` is the window's size if it follows from weights.
    pub(super) fn read(ctx: &mut NodeContext<'_, '_>, kernel: Option<Vec<usize>>) -> Result<Self, Stop> {
        let said = ctx.ints("kernel_shape")?;
        let kernel = match (kernel, said) {
            (Some(kernel), None) => kernel,
            (Some(kernel), Some(said)) => {
                if ctx.sizes("kernel_shape", &said)? != kernel {
                    let message = format!("`kernel_shape` is {said:?}, but the weights are for windows of {kernel:?}");
                    return Err(ctx.attribute_problem("kernel_shape", message));
                }
                kernel
            }
            (None, said) => {
                let said = ctx.required("kernel_shape", said)?;
                ctx.sizes("kernel_shape", &said)?
            }
        };
        let n = kernel.len();
        let strides = read(ctx, "strides", n, 1)?;
        let dilations = read(ctx, "dilations", n, 1)?;
        let auto_pad = auto_pad(ctx)?;
        let pads = read(ctx, "pads", n.saturating_mul(2), 0)?;
        if auto_pad != AutoPad::NotSet && pads.iter().any(|&pad| pad != 0) {
            return Err(ctx.attribute_problem("pads", "`pads` and `auto_pad` are both given"));
        }
        Ok(Windows { kernel, strides, dilations, auto_pad, pads })
    }

    /// The padding of an input whose spatial dimensions begin at 2.
    pub(super) fn pads(&self, ctx: &NodeContext<'_, '_>, x: Value) -> Result<Vec<usize>, Stop> {
        match self.auto_pad {
            AutoPad::NotSet => Ok(self.pads.clone()),
            AutoPad::Valid => Ok(vec![0; self.pads.len()]),
            AutoPad::SameUpper | AutoPad::SameLower => {
                let totals = (0..self.kernel.len()).map(|i| self.same_pad(ctx, x, i)).collect::<Result<Vec<_>, _>>()?;
                Ok(self.split_pads(&totals))
            }
        }
    }

    /// What a dimension is padded by so that there are as many windows as strides.
    fn same_pad(&self, ctx: &NodeContext<'_, '_>, x: Value, i: usize) -> Result<usize, Stop> {
        let size = usize::try_from(ctx.dim(x, i + 2)?).unwrap_or(usize::MAX);
        let n_windows = size.div_ceil(self.strides[i].max(1));
        let needed =
            n_windows.saturating_sub(1).checked_mul(self.strides[i]).and_then(|n| n.checked_add(self.extent(i)?));
        let needed = needed.ok_or_else(|| ctx.problem("its windows are too large"))?;
        Ok(needed.saturating_sub(size))
    }

    /// What a window covers along a dimension.
    pub(super) fn extent(&self, i: usize) -> Option<usize> {
        self.kernel[i].checked_sub(1).map_or(Some(0), |n| n.checked_mul(self.dilations[i])?.checked_add(1))
    }

    /// Padding of that much, half at each end.
    pub(super) fn split_pads(&self, totals: &[usize]) -> Vec<usize> {
        let smaller = totals.iter().map(|total| total / 2);
        let larger = totals.iter().map(|total| total - total / 2);
        if self.auto_pad == AutoPad::SameLower {
            larger.chain(smaller).collect()
        } else {
            smaller.chain(larger).collect()
        }
    }
}

/// The attribute `auto_pad`.
fn auto_pad(ctx: &mut NodeContext<'_, '_>) -> Result<AutoPad, Stop> {
    let words = [
        ("NOTSET", AutoPad::NotSet),
        ("SAME_UPPER", AutoPad::SameUpper),
        ("SAME_LOWER", AutoPad::SameLower),
        ("VALID", AutoPad::Valid),
        ("", AutoPad::NotSet),
    ];
    Ok(ctx.word("auto_pad", &words)?.unwrap_or(AutoPad::NotSet))
}

/// A list of `n` numbers; all are `default` without it.
pub(super) fn read(ctx: &mut NodeContext<'_, '_>, name: &str, n: usize, default: usize) -> Result<Vec<usize>, Stop> {
    let Some(numbers) = ctx.ints(name)? else { return Ok(vec![default; n]) };
    if numbers.len() != n {
        let message = format!("attribute `{name}` has {} entries, but {n} are needed", numbers.len());
        return Err(ctx.attribute_problem(name, message));
    }
    ctx.sizes(name, &numbers)
}
