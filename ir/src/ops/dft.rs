use std::f64::consts::TAU;

use super::float::{from_f64, same_float, to_f64};
use super::window::fixed;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Tensor, Type};

/// The discrete Fourier transform along one dimension, as ONNX's DFT.
///
/// One floating-point operand whose last dimension is 2, the parts of complex numbers, or 1, real ones. Result: complex
/// numbers, of `length` elements along `axis`, or `length / 2 + 1` of a one-sided one; real ones if it is one-sided and
/// inverse. The operand is cut or filled with zeros to the length; of a one-sided inverse, to `length / 2 + 1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dft {
    /// The dimension, not the last one.
    pub axis: usize,
    /// The number of elements that are transformed.
    pub length: usize,
    /// Whether it is the inverse, divided by the length.
    pub inverse: bool,
    /// Whether the half that follows from the other by symmetry is left out, in what is complex.
    pub onesided: bool,
}

impl Dft {
    /// The elements that are read, and those that are made.
    fn sizes(&self) -> (usize, usize) {
        let half = self.length / 2 + 1;
        match (self.onesided, self.inverse) {
            (false, _) => (self.length, self.length),
            (true, false) => (self.length, half),
            (true, true) => (half, self.length),
        }
    }

    fn is_real(&self) -> bool {
        self.onesided && self.inverse
    }
}

impl Operator for Dft {
    const MNEMONICS: &'static [&'static str] = &["dft"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_float(operands)?;
        let x = operands[0];
        let last = x.shape.rank().saturating_sub(1);
        if self.axis >= last {
            let problem = format!("is {}, but {} has {last} dimensions before the last", self.axis, x.shape);
            return Err(InferError::Attribute { name: "axis", problem });
        }
        if self.length == 0 {
            return Err(InferError::Attribute { name: "length", problem: "is 0".to_owned() });
        }
        let parts = fixed(0, x, last)?;
        let allowed: &[usize] = match (self.onesided, self.inverse) {
            (true, false) => &[1],
            (true, true) => &[2],
            (false, _) => &[1, 2],
        };
        if !allowed.contains(&parts) {
            return Err(InferError::Shape(format!("the last dimension is {parts}, but should be one of {allowed:?}")));
        }
        let mut shape = x.shape.clone();
        shape.0[self.axis] = Dim::Fixed(self.sizes().1 as u64);
        shape.0[last] = Dim::Fixed(if self.is_real() { 1 } else { 2 });
        Ok(vec![Type::new(dtype, shape)])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (x, dims) = (operands[0], operands[0].dims());
        let (n_read, n_made) = self.sizes();
        let last = dims.len() - 1;
        let (size, parts) = (dims[self.axis], dims[last]);
        let inner: usize = dims[self.axis + 1..last].iter().product();
        let outer: usize = dims[..self.axis].iter().product();
        let made_parts = if self.is_real() { 1 } else { 2 };
        let mut result_dims = dims.to_vec();
        (result_dims[self.axis], result_dims[last]) = (n_made, made_parts);
        let xs = to_f64(x)?;
        let mut result = vec![0f64; result_dims.iter().product()];
        for (block, i) in (0..outer).flat_map(|block| (0..inner).map(move |i| (block, i))) {
            let mut signal = vec![(0.0, 0.0); self.length];
            for (t, element) in signal.iter_mut().enumerate().take(n_read.min(size)) {
                let at = ((block * size + t) * inner + i) * parts;
                *element = (xs[at], if parts == 2 { xs[at + 1] } else { 0.0 });
            }
            if self.is_real() {
                (n_read..self.length).for_each(|t| signal[t] = conjugate(signal[self.length - t]));
            }
            for (k, (real, imaginary)) in self.transform(signal).into_iter().take(n_made).enumerate() {
                let at = ((block * n_made + k) * inner + i) * made_parts;
                result[at] = real;
                if made_parts == 2 {
                    result[at + 1] = imaginary;
                }
            }
        }
        Ok(vec![from_f64(x.dtype(), &result_dims, result.into_iter())?])
    }

    attributes!(axis, length, inverse, onesided);
}

type Complex = (f64, f64);

/// An odd length from which on the definition takes too long.
const LONG: usize = 64;

fn conjugate((real, imaginary): Complex) -> Complex {
    (real, -imaginary)
}

impl Dft {
    fn transform(&self, signal: Vec<Complex>) -> Vec<Complex> {
        let length = signal.len() as f64;
        let sign = if self.inverse { TAU } else { -TAU };
        let scale = if self.inverse { 1.0 / length } else { 1.0 };
        fourier(&signal, sign).into_iter().map(|(real, imaginary)| (real * scale, imaginary * scale)).collect()
    }
}

/// The transform of a signal: of an even length by halves (Cooley and Tukey 1965), else by its definition.
fn fourier(signal: &[Complex], sign: f64) -> Vec<Complex> {
    let n = signal.len();
    let root = |k: usize| {
        let (sin, cos) = (sign * k as f64 / n as f64).sin_cos();
        (cos, sin)
    };
    if n > 1 && n.is_multiple_of(2) {
        let half = |first: usize| fourier(&signal.iter().copied().skip(first).step_by(2).collect::<Vec<_>>(), sign);
        let (even, odd) = (half(0), half(1));
        let turned: Vec<Complex> = odd.into_iter().enumerate().map(|(k, x)| times(x, root(k))).collect();
        let sums = even.iter().zip(&turned).map(|(a, b)| (a.0 + b.0, a.1 + b.1));
        let differences = even.iter().zip(&turned).map(|(a, b)| (a.0 - b.0, a.1 - b.1));
        return sums.chain(differences).collect();
    }
    if n > LONG {
        return chirp(signal, sign);
    }
    let roots: Vec<Complex> = (0..n).map(root).collect();
    let element = |k: usize| {
        let terms = signal.iter().enumerate().map(|(t, &x)| times(x, roots[k * t % n]));
        terms.fold((0.0, 0.0), |sum, term| (sum.0 + term.0, sum.1 + term.1))
    };
    (0..n).map(element).collect()
}

/// The transform of a signal as a convolution, by transforms of a power of two (Bluestein 1970).
fn chirp(signal: &[Complex], sign: f64) -> Vec<Complex> {
    let n = signal.len();
    let turns = |k: usize| {
        let square = (k as u128 * k as u128 % (2 * n as u128)) as f64;
        let (sin, cos) = (sign * square / (2 * n) as f64).sin_cos();
        (cos, sin)
    };
    let padded = (2 * n).next_power_of_two();
    let (mut turned, mut chirps) = (vec![(0.0, 0.0); padded], vec![(0.0, 0.0); padded]);
    for (k, &x) in signal.iter().enumerate() {
        turned[k] = times(x, turns(k));
        chirps[k] = conjugate(turns(k));
        chirps[(padded - k) % padded] = chirps[k];
    }
    let products: Vec<Complex> =
        fourier(&turned, sign).into_iter().zip(fourier(&chirps, sign)).map(|(a, b)| times(a, b)).collect();
    let convolved = fourier(&products, -sign);
    let scaled = |(real, imaginary): Complex| (real / padded as f64, imaginary / padded as f64);
    (0..n).map(|k| times(scaled(convolved[k]), turns(k))).collect()
}

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}
