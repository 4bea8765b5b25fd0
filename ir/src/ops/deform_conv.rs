use super::conv::{check_bias, check_group};
use super::float::{from_f64, same_float, to_f64};
use super::interpolate::{Taps, linear_taps, weighted};
use super::window::{Rounding, Window, fixed, spatial, unravel};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Shape, Tensor, Type};

/// Convolution whose taps are moved by an operand, as ONNX's DeformConv (Dai et al. 2017; Zhu et al. 2018 with the
/// mask), of one to three spatial dimensions.
///
/// Operands: input `[N, C, spatial...]`; weights `[O, C / group, kernel...]`; offsets of the taps
/// `[N, offset_group * taps * dimensions, windows...]`; optionally a bias `[O]`; and behind it, optionally, factors of the
/// taps `[N, offset_group * taps, windows...]`. Result: `[N, O, windows...]`. Values between elements are interpolated
/// linearly; what is outside is 0.
#[derive(Debug, Clone, PartialEq)]
pub struct DeformConv {
    /// Steps between windows, a number for each spatial dimension.
    pub strides: Vec<usize>,
    /// Zeros added: all beginnings, then all ends.
    pub pads: Vec<usize>,
    /// Steps between a window's elements.
    pub dilations: Vec<usize>,
    /// Channels are split into that many groups, each convolved by itself.
    pub group: usize,
    /// The input's channels are split into that many groups, each with offsets and factors of its own.
    pub offset_group: usize,
}

impl DeformConv {
    fn output(&self, input: &[usize], kernel: &[usize]) -> Result<Vec<usize>, InferError> {
        let window = Window { kernel, strides: &self.strides, pads: &self.pads, dilations: &self.dilations };
        window.output(input, Rounding::Floor)
    }
}

impl Operator for DeformConv {
    const MNEMONICS: &'static [&'static str] = &["deform_conv"];

    fn arity(&self) -> Arity {
        Arity::between(3, 5)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_float(operands)?;
        let (x, w) = (operands[0], operands[1]);
        for operand in [0, 1] {
            let found = operands[operand].shape.rank();
            if !(3..=5).contains(&found) || found != x.shape.rank() {
                return Err(InferError::Rank { operand, expected: "3 to 5, as the others".to_owned(), found });
            }
        }
        let (n_in, n_out, per_group) = (fixed(0, x, 1)?, fixed(1, w, 0)?, fixed(1, w, 1)?);
        check_group(self.group, n_in, n_out, per_group)?;
        if self.offset_group == 0 || n_in % self.offset_group != 0 {
            let problem = format!("is {}, which does not divide {n_in} channels", self.offset_group);
            return Err(InferError::Attribute { name: "offset_group", problem });
        }
        let bias: Vec<&Type> = [x, w].into_iter().chain(operands.get(3).copied()).collect();
        check_bias(&bias, n_out)?;
        let kernel = spatial(1, w)?;
        let windows: Vec<Dim> =
            self.output(&spatial(0, x)?, &kernel)?.into_iter().map(|n| Dim::Fixed(n as u64)).collect();
        let n_taps = kernel.iter().try_fold(self.offset_group, |n, &size| n.checked_mul(size));
        for (operand, per_tap) in [(2, kernel.len()), (4, 1)] {
            let Some(found) = operands.get(operand).map(|ty| &ty.shape) else { continue };
            let channels = n_taps.and_then(|n| n.checked_mul(per_tap)).map(|n| Dim::Fixed(n as u64));
            let channels = channels.ok_or_else(|| InferError::TooLarge(w.shape.to_string()))?;
            let expected = Shape([&[x.shape.0[0].clone(), channels], windows.as_slice()].concat());
            if *found != expected {
                return Err(InferError::Shape(format!("operand {operand} is {found}, but should be {expected}")));
            }
        }
        let dims = [&[x.shape.0[0].clone(), Dim::Fixed(n_out as u64)], windows.as_slice()].concat();
        Ok(vec![Type::new(dtype, Shape(dims))])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (x, w) = (operands[0], operands[1]);
        let (input, kernel) = (&x.dims()[2..], &w.dims()[2..]);
        let output = self.output(input, kernel)?;
        let dims = [&[x.dims()[0], w.dims()[0]], output.as_slice()].concat();
        if dims.contains(&0) {
            return Ok(vec![from_f64(x.dtype(), &dims, [].into_iter())?]);
        }
        let bias = operands.get(3).map(|bias| to_f64(bias)).transpose()?;
        let bias = |o: usize| bias.as_ref().map_or(0.0, |bias| bias[o]);
        let (xs, ws, offsets) = (to_f64(x)?, to_f64(w)?, to_f64(operands[2])?);
        let factors = operands.get(4).map(|factors| to_f64(factors)).transpose()?;
        let moved = Moved { op: self, input, kernel, output: &output, offsets: &offsets, factors: factors.as_deref() };
        let (n_in, n_out, per_group) = (x.dims()[1], w.dims()[0], w.dims()[1]);
        let (in_plane, out_plane): (usize, usize) = (input.iter().product(), output.iter().product());
        let len = per_group * kernel.iter().product::<usize>();
        let mut result = vec![0f64; dims.iter().product()];
        for (n, window) in (0..dims[0]).flat_map(|n| (0..out_plane).map(move |window| (n, window))) {
            let image = &xs[n * n_in * in_plane..][..n_in * in_plane];
            let column = moved.column(image, n, window, n_in);
            for o in 0..n_out {
                let group = o / (n_out / self.group);
                let products = column[group * len..][..len].iter().zip(&ws[o * len..][..len]).map(|(x, w)| x * w);
                result[(n * n_out + o) * out_plane + window] = bias(o) + products.sum::<f64>();
            }
        }
        Ok(vec![from_f64(x.dtype(), &dims, result.into_iter())?])
    }

    fn macs(&self, operands: &[&Type], results: &[Type]) -> u64 {
        let per_result = operands[1].shape.0[1..].iter().try_fold(1u64, |n, dim| n.checked_mul(dim.fixed()?));
        results[0].shape.n_elements().zip(per_result).map_or(0, |(n, macs)| n.saturating_mul(macs))
    }

    attributes!(strides, pads, dilations, group, offset_group);
}

/// Where the taps of all windows are.
struct Moved<'a> {
    op: &'a DeformConv,
    input: &'a [usize],
    kernel: &'a [usize],
    output: &'a [usize],
    offsets: &'a [f64],
    factors: Option<&'a [f64]>,
}

impl Moved<'_> {
    /// What each tap of a window meets in each channel of image `n`: `[C, taps]`.
    fn column(&self, image: &[f64], n: usize, window: usize, n_in: usize) -> Vec<f64> {
        let n_taps: usize = self.kernel.iter().product();
        let (in_plane, out_plane): (usize, usize) = (self.input.iter().product(), self.output.iter().product());
        let per_group = n_in / self.op.offset_group;
        let mut column = vec![0f64; n_in * n_taps];
        if in_plane == 0 {
            return column;
        }
        for (group, tap) in (0..self.op.offset_group).flat_map(|group| (0..n_taps).map(move |tap| (group, tap))) {
            let row = (n * self.op.offset_group + group) * n_taps + tap;
            let taps = self.taps(row, window, tap);
            let factor = self.factors.map_or(1.0, |factors| factors[row * out_plane + window]);
            for c in group * per_group..(group + 1) * per_group {
                column[c * n_taps + tap] = factor * weighted(&image[c * in_plane..][..in_plane], self.input, &taps);
            }
        }
        column
    }

    /// The elements around a tap, for each dimension.
    fn taps(&self, row: usize, window: usize, tap: usize) -> Vec<Taps> {
        let (at, at_tap) = (unravel(window, self.output), unravel(tap, self.kernel));
        let (n_spatial, out_plane) = (self.input.len(), self.output.iter().product::<usize>());
        let along = |d: usize| {
            let from_padding = at[d] * self.op.strides[d] + at_tap[d] * self.op.dilations[d];
            let offset = self.offsets[(row * n_spatial + d) * out_plane + window];
            linear_taps(from_padding as f64 - self.op.pads[d] as f64 + offset, self.input[d])
        };
        (0..n_spatial).map(along).collect()
    }
}
