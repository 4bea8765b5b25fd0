//! Pools.
//!
//! The number of windows is the same everywhere only if no window hangs over, or every dimension rounds up: ONNX's
//! shape inference counts windows that would start in the padding up to operator set 21. So `ceil_mode` is written where
//! both ways of counting agree, and elsewhere the end padding that makes the windows fit.

use firebrick_ir::ops::{Pool, PoolFn};
use firebrick_ir::{DType, Tensor};

use super::pad::padded;
use crate::attr::{self, Attr};
use crate::lower::{Arg, Lowered, Lowering, Reason, cast};

pub(super) fn pool(l: &mut Lowering<'_>, op: &Pool) -> Lowered {
    let windows = Windows::of(l, op)?;
    match op.function {
        PoolFn::Max => max(l, op, &windows),
        PoolFn::Average => Ok(vec![average(l, op, &windows)?]),
        PoolFn::Sum => Ok(vec![sum(l, op, &windows)?]),
    }
}

/// How windows lie along one dimension.
struct Axis {
    input: usize,
    output: usize,
    /// What a window covers, dilation included.
    extent: usize,
    kernel: usize,
    stride: usize,
    begin: usize,
    end: usize,
}

impl Axis {
    fn padded(&self) -> usize {
        self.input + self.begin + self.end
    }

    /// How many windows fit whole.
    fn n_whole(&self) -> usize {
        (self.padded() - self.extent) / self.stride + 1
    }

    /// How many there are if the last one may hang over, wherever it starts.
    fn n_partial(&self) -> usize {
        (self.padded() - self.extent).div_ceil(self.stride) + 1
    }

    /// The padding at the end with which exactly these windows fit whole.
    fn exact_end(&self) -> usize {
        ((self.output - 1) * self.stride + self.extent).saturating_sub(self.input + self.begin)
    }

    /// Whether the padding is below the window's size, as runtimes ask for.
    fn fits(&self, begin: usize, end: usize) -> bool {
        begin < self.kernel && end < self.kernel
    }
}

/// All dimensions.
struct Windows(Vec<Axis>);

/// How the windows are said.
enum Form {
    /// With this padding: all beginnings, then all ends.
    Pads(Vec<usize>),
    /// With the pool's own padding and `ceil_mode`.
    Ceil,
}

impl Windows {
    fn of(l: &Lowering<'_>, op: &Pool) -> Result<Self, Reason> {
        let n = op.kernel.len();
        let axis = |i: usize| {
            let (input, output) = (l.dim(0, 2 + i)?, l.result(0).shape.0[2 + i].fixed()?);
            Some(Axis {
                input,
                output: usize::try_from(output).ok().filter(|&n| n > 0)?,
                extent: (op.kernel[i] - 1) * op.dilations[i] + 1,
                kernel: op.kernel[i],
                stride: op.strides[i],
                begin: op.pads[i],
                end: op.pads[n + i],
            })
        };
        let axes = (0..n).map(axis).collect::<Option<_>>();
        axes.map(Windows).ok_or_else(|| "its size is not known, or it has no windows".to_owned())
    }

    fn pads(&self) -> Vec<usize> {
        self.0.iter().map(|axis| axis.begin).chain(self.0.iter().map(|axis| axis.end)).collect()
    }

    /// The padding with which exactly these windows fit whole.
    fn exact_pads(&self) -> Vec<usize> {
        self.0.iter().map(|axis| axis.begin).chain(self.0.iter().map(Axis::exact_end)).collect()
    }

    /// The padding that windows meet.
    fn met_pads(&self) -> Vec<usize> {
        let ends = self.0.iter().map(|axis| axis.end.min(axis.exact_end()));
        self.0.iter().map(|axis| axis.begin).chain(ends).collect()
    }

    /// How the windows can be said, if what hangs over may count as padding; `None` if the padding is too large.
    fn form(&self, l: &Lowering<'_>) -> Option<Form> {
        let fits =
            |pads: &[usize]| self.0.iter().enumerate().all(|(i, axis)| axis.fits(pads[i], pads[self.0.len() + i]));
        let (pads, exact) = (self.pads(), self.exact_pads());
        if self.0.iter().all(|axis| axis.output == axis.n_whole()) {
            return fits(&pads).then_some(Form::Pads(pads));
        }
        if l.version() >= 10 && self.0.iter().all(|axis| axis.output == axis.n_partial()) {
            return fits(&pads).then_some(Form::Ceil);
        }
        fits(&exact).then_some(Form::Pads(exact))
    }

    /// Whether there is one window, of everything.
    fn is_global(&self) -> bool {
        self.0.iter().all(|axis| axis.output == 1 && axis.extent == axis.kernel && axis.kernel == axis.padded())
            && self.pads().iter().all(|&pad| pad == 0)
    }

    /// The same over an input that has that padding already.
    fn over_padded(&self, pads: &[usize]) -> Windows {
        let n = self.0.len();
        let axis =
            |(i, axis): (usize, &Axis)| Axis { input: axis.input + pads[i] + pads[n + i], begin: 0, end: 0, ..*axis };
        Windows(self.0.iter().enumerate().map(axis).collect())
    }

    /// How many elements each window counts, row-major.
    fn counts(&self, include_pad: bool, dilations: &[usize]) -> Vec<f32> {
        let mut counts = vec![1.0f32];
        for (axis, &dilation) in self.0.iter().zip(dilations) {
            let (low, high) = if include_pad { (0, axis.padded()) } else { (axis.begin, axis.begin + axis.input) };
            let of = |window: usize| {
                let taps = (0..axis.kernel).map(|tap| window * axis.stride + tap * dilation);
                taps.filter(|at| (low..high).contains(at)).count() as f32
            };
            let along: Vec<f32> = (0..axis.output).map(of).collect();
            counts = counts.iter().flat_map(|outer| along.iter().map(move |inner| outer * inner)).collect();
        }
        counts
    }
}

/// The attributes that all pools have.
fn attrs(l: &Lowering<'_>, op: &Pool, form: &Form) -> Result<Vec<Attr>, Reason> {
    let mut attrs = vec![attr::sizes("kernel_shape", &op.kernel), attr::sizes("strides", &op.strides)];
    match form {
        Form::Pads(pads) => attrs.push(attr::sizes("pads", pads)),
        Form::Ceil => attrs.extend([attr::sizes("pads", &op.pads), attr::int("ceil_mode", 1)]),
    }
    if op.dilations.iter().any(|&dilation| dilation != 1) {
        if l.version() < 10 {
            return Err(format!("pools of operator set {} have no dilations", l.opset));
        }
        attrs.push(attr::sizes("dilations", &op.dilations));
    }
    Ok(attrs)
}

/// Padding that is larger than the window is an op of its own; our value for a window without any element is f32's lowest.
fn max(l: &mut Lowering<'_>, op: &Pool, windows: &Windows) -> Lowered {
    let x = l.arg(0);
    if windows.is_global() && !op.indices {
        return Ok(vec![l.same("GlobalMaxPool", &[x], vec![])?]);
    }
    let Some(form) = windows.form(l) else {
        if op.indices {
            return Err("its padding is larger than its window, and positions are asked for".to_owned());
        }
        let x = padded(l, &x, "constant", &all_dims(&windows.exact_pads()), f32::MIN)?;
        let attrs = attrs(l, op, &Form::Pads(vec![0; op.pads.len()]))?;
        return Ok(vec![l.same("MaxPool", &[x], attrs)?]);
    };
    let attrs = attrs(l, op, &form)?;
    if !op.indices {
        return Ok(vec![l.same("MaxPool", &[x], attrs)?]);
    }
    if !l.is_read(1) {
        return Ok(vec![l.same("MaxPool", &[x], attrs)?, Arg::absent()]);
    }
    let dtype = x.dtype;
    let results = l.emit_all("MaxPool", &[x], attrs, &[dtype, DType::I64])?;
    let [values, positions] = results.as_slice() else { return Err("MaxPool has two results".to_owned()) };
    let in_plane = in_plane(l, positions, windows)?;
    Ok(vec![values.clone(), in_plane])
}

/// ONNX counts positions through the whole tensor, we in each plane.
fn in_plane(l: &mut Lowering<'_>, positions: &Arg, windows: &Windows) -> Result<Arg, Reason> {
    let plane: usize = windows.0.iter().map(|axis| axis.input).product();
    let plane = l.tensor("plane", Tensor::scalar(plane.max(1) as i64));
    if l.version() >= 10 {
        return l.same("Mod", &[positions.clone(), plane], vec![]);
    }
    let planes_before = l.same("Div", &[positions.clone(), plane.clone()], vec![])?;
    let before = l.same("Mul", &[planes_before, plane], vec![])?;
    l.same("Sub", &[positions.clone(), before], vec![])
}

fn average(l: &mut Lowering<'_>, op: &Pool, windows: &Windows) -> Result<Arg, Reason> {
    let x = l.arg(0);
    if windows.is_global() {
        return l.same("GlobalAveragePool", &[x], vec![]);
    }
    let dilated = op.dilations.iter().any(|&dilation| dilation != 1);
    if dilated && l.version() < 19 {
        return convolved(l, op, windows);
    }
    // Without padding there is none to count, and what hangs over never counts.
    let include_pad = op.count_include_pad && op.pads.iter().any(|&pad| pad > 0);
    match windows.form(l) {
        None => convolved(l, op, windows),
        Some(Form::Pads(pads)) if include_pad && pads != op.pads => {
            // What is counted becomes part of the input; what hangs over it does not.
            let met = windows.met_pads();
            let zeros = padded(l, &x, "constant", &all_dims(&met), 0.0)?;
            let Some(form) = windows.over_padded(&met).form(l) else { return convolved(l, op, windows) };
            let attrs = attrs(l, op, &form)?;
            l.same("AveragePool", &[zeros], attrs)
        }
        Some(form) => {
            let mut attrs = attrs(l, op, &form)?;
            attrs.extend(include_pad.then(|| attr::int("count_include_pad", 1)));
            l.same("AveragePool", &[x], attrs)
        }
    }
}

/// Sums times the reciprocals of what each window counts.
fn convolved(l: &mut Lowering<'_>, op: &Pool, windows: &Windows) -> Result<Arg, Reason> {
    let sums = sum(l, op, windows)?;
    let shares = windows.counts(op.count_include_pad, &op.dilations);
    let shares = shares.into_iter().map(|n| if n == 0.0 { 0.0 } else { 1.0 / n }).collect();
    let output: Vec<usize> = windows.0.iter().map(|axis| axis.output).collect();
    let shares = Tensor::from_vec(&[&[1, 1], output.as_slice()].concat(), shares).map_err(|error| error.to_string())?;
    let shares = cast(&shares, sums.dtype)?;
    let shares = l.tensor("shares", shares);
    l.same("Mul", &[sums, shares], vec![])
}

/// Sums as a convolution of each channel with ones.
fn sum(l: &mut Lowering<'_>, op: &Pool, windows: &Windows) -> Result<Arg, Reason> {
    let x = l.arg(0);
    let channels = l.dim(0, 1).ok_or("the number of its channels is symbolic")?;
    let dims = [&[channels, 1], op.kernel.as_slice()].concat();
    let ones = Tensor::from_vec(&dims, vec![1f32; dims.iter().product()]).map_err(|error| error.to_string())?;
    let ones = cast(&ones, x.dtype)?;
    let ones = l.tensor("ones", ones);
    let attrs = vec![
        attr::sizes("kernel_shape", &op.kernel),
        attr::sizes("strides", &op.strides),
        attr::sizes("pads", &windows.exact_pads()),
        attr::sizes("dilations", &op.dilations),
        attr::int("group", channels as i64),
    ];
    l.same("Conv", &[x, ones], attrs)
}

/// Padding of the spatial dimensions as padding of all.
fn all_dims(pads: &[usize]) -> Vec<usize> {
    let (begins, ends) = pads.split_at(pads.len() / 2);
    [&[0, 0], begins, &[0, 0], ends].concat()
}
