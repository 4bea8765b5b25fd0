use super::Cast;
use super::float::{numbers, same_float};
use super::window::{Rounding, Window, check_min_rank, spatial, unravel};
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{DType, Dim, EvalError, Shape, Tensor, Type};

crate::attr::words! {
    /// What [`Pool`] makes of a window.
    PoolFn {
        /// The largest element; NaNs are passed over
        Max = "max",
        /// The arithmetic mean
        Average = "average",
        /// The sum
        Sum = "sum",
    }
}

/// Pooling over any number of spatial dimensions, as ONNX's MaxPool, AveragePool and LpPool and Caffe's
/// Pooling.
///
/// Operand: `[N, C, spatial...]`. Result: `[N, C, windows...]`; with `indices` also, as i64, where in its plane each
/// maximum is (row-major; the first of equal ones). A window without an element of the input has the maximum
/// `-f32::MAX` (the least number of f64 or an integer type), at −1, as in Caffe, and the mean and sum 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// What is made of a window.
    pub function: PoolFn,
    /// The window's size, a number for each spatial dimension.
    pub kernel: Vec<usize>,
    /// Steps between windows.
    pub strides: Vec<usize>,
    /// Elements added: all beginnings, then all ends.
    pub pads: Vec<usize>,
    /// Steps between a window's elements.
    pub dilations: Vec<usize>,
    /// Whether a last window counts that does not fit whole, unless it starts in the padding behind the end.
    pub ceil: bool,
    /// Whether a mean counts padding as zeros. What hangs over behind the padding is never counted.
    pub count_include_pad: bool,
    /// Whether the positions of the maxima are a second result.
    pub indices: bool,
}

impl Pool {
    fn window(&self) -> Window<'_> {
        Window { kernel: &self.kernel, strides: &self.strides, pads: &self.pads, dilations: &self.dilations }
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, InferError> {
        self.window().output(input, if self.ceil { Rounding::Ceil } else { Rounding::Floor })
    }
}

impl Operator for Pool {
    const MNEMONICS: &'static [&'static str] = &["pool"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let x = operands[0];
        let dtype = if self.function == PoolFn::Max && matches!(x.dtype, DType::I8 | DType::U8) {
            x.dtype
        } else {
            same_float(operands)?
        };
        check_min_rank(0, x, 3)?;
        if self.indices && self.function != PoolFn::Max {
            let problem = "is true, but only maxima have a position".to_owned();
            return Err(InferError::Attribute { name: "indices", problem });
        }
        let mut dims = x.shape.0[..2].to_vec();
        dims.extend(self.output(&spatial(0, x)?)?.into_iter().map(|n| Dim::Fixed(n as u64)));
        let mut results = vec![Type::new(dtype, dims.clone())];
        if self.indices {
            results.push(Type::new(DType::I64, Shape(dims)));
        }
        Ok(results)
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let (outer, input) = x.dims().split_at(2);
        let dims = [outer, &self.output(input)?].concat();
        let pooled = if dims.contains(&0) {
            Pooled::default()
        } else {
            pool(self, &numbers(x)?, input, &dims, least(x.dtype()))
        };
        let mut results = Cast::to(x.dtype()).eval(&[&Tensor::from_vec(&dims, pooled.values)?])?;
        if self.indices {
            results.push(Tensor::from_vec(&dims, pooled.positions)?);
        }
        Ok(results)
    }

    attributes!(function, kernel, strides, pads, dilations, ceil, count_include_pad, indices);
}

/// The maximum of a window without elements.
fn least(dtype: DType) -> f64 {
    if dtype == DType::F64 {
        f64::MIN
    } else if dtype.is_float() {
        f64::from(f32::MIN)
    } else if dtype == DType::I8 {
        f64::from(i8::MIN)
    } else {
        0.0
    }
}

/// One window along one dimension, cut to the input.
struct Span {
    /// The first element of the input.
    start: usize,
    /// Its elements in the input, `dilation` apart.
    n_real: usize,
    /// Its elements in input and padding.
    n_padded: usize,
}

/// The rows of the input that a row of windows covers.
struct Rows {
    /// Where in the plane each starts.
    starts: Vec<usize>,
    /// The number that counts in a mean.
    n_counted: f64,
}

#[derive(Default)]
struct Pooled {
    values: Vec<f64>,
    positions: Vec<i64>,
}

/// Pools all planes, none of them empty. What windows cover is worked out once for all planes.
fn pool(op: &Pool, xs: &[f64], input: &[usize], dims: &[usize], least: f64) -> Pooled {
    let (outer, output) = dims.split_at(2);
    let spans: Vec<Vec<Span>> = (0..input.len()).map(|i| spans(op.window(), i, input[i], output[i])).collect();
    let last = input.len() - 1;
    let (n_rows, in_plane): (usize, usize) = (output[..last].iter().product(), input.iter().product());
    let n_results = dims.iter().product();
    let mut pooled =
        Pooled { values: vec![0.0; n_results], positions: vec![0; if op.indices { n_results } else { 0 }] };
    for row in 0..n_rows {
        let rows = rows(op, &spans, &unravel(row, &output[..last]), input);
        for plane in 0..outer[0] * outer[1] {
            let xs = &xs[plane * in_plane..][..in_plane];
            for (column, span) in spans[last].iter().enumerate() {
                let at = (plane * n_rows + row) * output[last] + column;
                match op.function {
                    PoolFn::Max => {
                        let (value, position) = max(xs, &rows, span, op.dilations[last], least);
                        pooled.values[at] = value;
                        if op.indices {
                            pooled.positions[at] = position;
                        }
                    }
                    PoolFn::Average => pooled.values[at] = average(op, xs, &rows, span),
                    PoolFn::Sum => pooled.values[at] = sum(op, xs, &rows, span),
                }
            }
        }
    }
    pooled
}

fn spans(window: Window<'_>, i: usize, input: usize, output: usize) -> Vec<Span> {
    let (stride, dilation, kernel) = (window.strides[i], window.dilations[i], window.kernel[i]);
    let (begin, end) = (window.pads[i], window.pads[window.kernel.len() + i]);
    let taps_before = |limit: usize, at: usize| limit.saturating_sub(at).div_ceil(dilation).min(kernel);
    (0..output)
        .map(|o| {
            let at = o * stride; // counted from the beginning of the padding
            let first = taps_before(begin, at);
            let n_real = taps_before(begin + input, at).saturating_sub(first);
            let start = if n_real == 0 { 0 } else { at + first * dilation - begin };
            Span { start, n_real, n_padded: taps_before(begin + input + end, at) }
        })
        .collect()
}

/// The rows that the windows at `at`, which leaves out the last dimension, cover.
fn rows(op: &Pool, spans: &[Vec<Span>], at: &[usize], input: &[usize]) -> Rows {
    let mut rows = Rows { starts: vec![0], n_counted: 1.0 };
    for (i, &o) in at.iter().enumerate() {
        let span = &spans[i][o];
        rows.n_counted *= counted(op, span);
        let positions =
            |row: usize| (0..span.n_real).map(move |tap| (row * input[i]) + span.start + tap * op.dilations[i]);
        rows.starts = rows.starts.into_iter().flat_map(positions).collect();
    }
    let width = input[input.len() - 1];
    rows.starts.iter_mut().for_each(|start| *start *= width);
    rows
}

fn counted(op: &Pool, span: &Span) -> f64 {
    (if op.count_include_pad { span.n_padded } else { span.n_real }) as f64
}

/// The elements of one window with their positions in the plane.
fn elements<'a>(
    xs: &'a [f64],
    rows: &'a Rows,
    span: &'a Span,
    dilation: usize,
) -> impl Iterator<Item = (usize, f64)> + 'a {
    rows.starts.iter().flat_map(move |row| {
        (0..span.n_real).map(move |tap| {
            let at = row + span.start + tap * dilation;
            (at, xs[at])
        })
    })
}

fn max(xs: &[f64], rows: &Rows, span: &Span, dilation: usize, least: f64) -> (f64, i64) {
    elements(xs, rows, span, dilation).fold(
        (least, -1),
        |(best, position), (at, x)| {
            if x > best { (x, at as i64) } else { (best, position) }
        },
    )
}

fn sum(op: &Pool, xs: &[f64], rows: &Rows, span: &Span) -> f64 {
    let dilation = op.dilations[op.dilations.len() - 1];
    elements(xs, rows, span, dilation).map(|(_, x)| x).sum()
}

fn average(op: &Pool, xs: &[f64], rows: &Rows, span: &Span) -> f64 {
    let n_counted = rows.n_counted * counted(op, span);
    if n_counted == 0.0 { 0.0 } else { sum(op, xs, rows, span) / n_counted }
}
