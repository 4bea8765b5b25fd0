//! Convolutions.

use firebrick_ir::DType;
use firebrick_ir::ops::{Conv, ConvTranspose};

use super::integer;
use super::pad::padded;
use crate::attr::{self, Attr};
use crate::lower::{Arg, Lowered, Lowering, Reason};

pub(super) fn conv(l: &mut Lowering<'_>, op: &Conv) -> Lowered {
    let args = l.args();
    if args[0].dtype == DType::I32 {
        return integer::conv(l, op);
    }
    let kernel = kernel(l, 1);
    Ok(vec![conv_of(l, op, &args, &kernel)?])
}

/// A convolution of a value with weights and perhaps a bias.
pub(super) fn conv_of(l: &mut Lowering<'_>, op: &Conv, args: &[Arg], kernel: &[usize]) -> Result<Arg, Reason> {
    l.same("Conv", args, attributes(op, kernel))
}

/// The attributes of a convolution.
pub(super) fn attributes(op: &Conv, kernel: &[usize]) -> Vec<Attr> {
    let Conv { strides, pads, dilations, group } = op;
    vec![
        attr::sizes("kernel_shape", kernel),
        attr::sizes("strides", strides),
        attr::sizes("pads", pads),
        attr::sizes("dilations", dilations),
        attr::int("group", *group as i64),
    ]
}

pub(super) fn conv_transpose(l: &mut Lowering<'_>, op: &ConvTranspose) -> Lowered {
    let args = l.args();
    Ok(vec![conv_transpose_of(l, op, &args)?])
}

/// A transposed convolution. Runtimes ask for less output padding than the stride. What is more shows elements that padding would cut off, or else
/// is zeros behind all windows.
pub(super) fn conv_transpose_of(l: &mut Lowering<'_>, op: &ConvTranspose, args: &[Arg]) -> Result<Arg, Reason> {
    let ConvTranspose { strides, pads, dilations, group, output_padding } = op;
    let n = strides.len();
    let (mut pads, mut output_padding) = (pads.clone(), output_padding.clone());
    let mut behind = vec![0; n];
    for i in 0..n {
        if output_padding[i] >= strides[i] {
            let shown = output_padding[i].min(pads[n + i]);
            pads[n + i] -= shown;
            behind[i] = output_padding[i] - shown;
            output_padding[i] = 0;
        }
    }
    let attrs = vec![
        attr::sizes("kernel_shape", &kernel(l, 1)),
        attr::sizes("strides", strides),
        attr::sizes("pads", &pads),
        attr::sizes("dilations", dilations),
        attr::int("group", *group as i64),
        attr::sizes("output_padding", &output_padding),
    ];
    if behind.iter().all(|&n| n == 0) {
        return l.same("ConvTranspose", args, attrs);
    }
    let product = l.same("ConvTranspose", &args[..2], attrs)?;
    let ends = [vec![0; n + 4], behind].concat();
    let mut result = padded(l, &product, "constant", &ends, 0.0)?;
    if let Some(bias) = args.get(2) {
        let bias = l.reshape(bias, [vec![-1], vec![1; n]].concat())?;
        result = l.same("Add", &[result, bias], vec![])?;
    }
    Ok(result)
}

/// The spatial dimensions of the weights in a slot, which inference has found known.
pub(super) fn kernel(l: &Lowering<'_>, slot: usize) -> Vec<usize> {
    (2..l.ty(slot).shape.rank()).filter_map(|dim| l.dim(slot, dim)).collect()
}
