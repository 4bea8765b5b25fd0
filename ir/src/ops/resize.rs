use super::float::{from_f64, same_float, to_f64};
use super::resample::Filter;
use super::window::check_spatial;
use crate::attr::attributes;
use crate::op::{Arity, InferError, Operator};
use crate::{Dim, EvalError, Tensor, Type};

crate::attr::words! {
    /// How [`Resize`] finds a value between elements.
    ResizeFn {
        /// One of the elements around the position
        Nearest = "nearest",
        /// Linear interpolation along each dimension
        Linear = "linear",
        /// Cubic convolution along each dimension
        Cubic = "cubic",
    }
}

crate::attr::words! {
    /// Which element the function `nearest` of [`Resize`] takes for a position between two.
    NearestMode {
        /// The one before
        Floor = "floor",
        /// The one behind
        Ceil = "ceil",
        /// The nearer one; halfway the one before
        RoundPreferFloor = "round_prefer_floor",
        /// The nearer one; halfway the one behind
        RoundPreferCeil = "round_prefer_ceil",
    }
}

crate::attr::words! {
    /// Which position p of `n` elements [`Resize`] takes for element i of `m`, with the scale s, which is m / n unless
    /// it is given. Positions outside count as the nearest one inside, if not said otherwise.
    Coordinates {
        /// p = i / s
        Asymmetric = "asymmetric",
        /// p = i (n − 1) / (s n − 1), so that first and last elements meet; 0 for a single element
        AlignCorners = "align_corners",
        /// p = (i + ½) / s − ½
        HalfPixel = "half_pixel",
        /// As `half_pixel`, moved so that the middles meet where s n is not m
        HalfPixelSymmetric = "half_pixel_symmetric",
        /// As `half_pixel`, but 0 for a single element
        PytorchHalfPixel = "pytorch_half_pixel",
        /// p = (i + ½) / s
        TfHalfPixelForNn = "tf_half_pixel_for_nn",
        /// `m` positions from a (n − 1) to b (n − 1), where `roi` has a and b; the middle of them for a single element.
        /// Positions outside have the value `extrapolation`
        TfCropAndResize = "tf_crop_and_resize",
    }
}

/// Resampling of some dimensions to other sizes, as ONNX's Resize and Upsample and Caffe's Interp and Upsample.
///
/// One floating-point operand. Result: the operand's shape with `size` for its dimensions `axes`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resize {
    /// How a value between elements is found.
    pub function: ResizeFn,
    /// Where it is looked for.
    pub coordinates: Coordinates,
    /// Which element is the nearest; of `nearest`, else without effect.
    pub nearest: NearestMode,
    /// The coefficient a of the kernel; of `cubic`, else without effect.
    pub cubic: f32,
    /// Whether `linear` and `cubic` widen their kernel by 1 / s where s is below 1.
    pub antialias: bool,
    /// Whether `linear` and `cubic` leave elements out that don't exist, and weight the others more; else the
    /// outermost ones count for them.
    pub exclude_outside: bool,
    /// The value of positions outside; of `tf_crop_and_resize`, else without effect.
    pub extrapolation: f32,
    /// The dimensions, each once.
    pub axes: Vec<usize>,
    /// Their sizes in the result.
    pub size: Vec<usize>,
    /// Their scales where these are not the ratios of the sizes, as in ONNX's `scales` that make no whole number; else
    /// empty.
    pub scales: Vec<f32>,
    /// All beginnings, then all ends, as parts of the dimensions; of `tf_crop_and_resize`, else empty.
    pub roi: Vec<f32>,
}

impl Resize {
    /// A resize of everything behind batch and channels, by the ratios of sizes; the element before a position is its
    /// nearest.
    pub fn spatial(function: ResizeFn, coordinates: Coordinates, size: Vec<usize>) -> Self {
        let axes = (2..2 + size.len()).collect();
        Resize {
            function,
            coordinates,
            nearest: NearestMode::Floor,
            cubic: -0.75,
            antialias: false,
            exclude_outside: false,
            extrapolation: 0.0,
            axes,
            size,
            scales: Vec::new(),
            roi: Vec::new(),
        }
    }
}

/// What one element of a resized dimension is made of: elements of the operand with their weights, each once; `None` if
/// its position is outside, so that it has the value `extrapolation`.
pub type Taps = Option<Vec<(usize, f64)>>;

impl Resize {
    /// What each element along the `i`-th axis, of `from` elements, is made of.
    pub fn taps(&self, i: usize, from: usize) -> Vec<Taps> {
        Filter::new(self, i, from).samples().collect()
    }
}

impl Operator for Resize {
    const MNEMONICS: &'static [&'static str] = &["resize"];

    fn arity(&self) -> Arity {
        Arity::exactly(1)
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let dtype = same_float(operands)?;
        let mut shape = operands[0].shape.clone();
        check_spatial("size", &self.size, self.axes.len())?;
        self.check_numbers()?;
        for (i, &axis) in self.axes.iter().enumerate() {
            if axis >= shape.rank() || self.axes[..i].contains(&axis) {
                let problem = format!("has {axis}, of {} dimensions, or has it twice", shape.rank());
                return Err(InferError::Attribute { name: "axes", problem });
            }
            match shape.0[axis] {
                Dim::Fixed(0) => {
                    return Err(InferError::Shape(format!("there is nothing to resize in {}", operands[0].shape)));
                }
                Dim::Fixed(n) => self.check_scale(i, n)?,
                Dim::Sym(_) => (),
            }
            shape.0[axis] = Dim::Fixed(self.size[i] as u64);
        }
        Ok(vec![Type::new(dtype, shape)])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let x = operands[0];
        let mut dims = x.dims().to_vec();
        let mut values: Vec<f64> = to_f64(x)?.into_owned();
        // A dimension after another. Those that shrink come first, so that nothing between is larger than both ends.
        let (shrinking, growing): (Vec<_>, Vec<_>) =
            (0..self.axes.len()).partition(|&i| self.size[i] <= dims[self.axes[i]]);
        for i in shrinking.into_iter().chain(growing) {
            let (axis, size) = (self.axes[i], self.size[i]);
            values = Filter::new(self, i, dims[axis]).resample(&values, &dims, axis);
            dims[axis] = size;
        }
        Ok(vec![from_f64(x.dtype(), &dims, values.into_iter())?])
    }

    attributes!(
        function,
        coordinates,
        nearest,
        cubic,
        antialias,
        exclude_outside,
        extrapolation,
        axes,
        size,
        scales,
        roi
    );
}

impl Resize {
    /// Checks scales and roi by themselves.
    fn check_numbers(&self) -> Result<(), InferError> {
        let n_axes = self.axes.len();
        let n_roi = if self.coordinates == Coordinates::TfCropAndResize { 2 * n_axes } else { 0 };
        let n_scales = if self.scales.is_empty() { 0 } else { n_axes };
        for (name, numbers, expected) in [("scales", &self.scales, n_scales), ("roi", &self.roi, n_roi)] {
            if numbers.len() != expected {
                let problem = format!("has {} entries, but {expected} are needed", numbers.len());
                return Err(InferError::Attribute { name, problem });
            }
            if let Some(number) = numbers.iter().find(|number| !number.is_finite()) {
                return Err(InferError::Attribute { name, problem: format!("has {number}") });
            }
        }
        Ok(())
    }

    /// Checks that a scale makes about the size that it should; a kernel is no wider than the dimension then, or so.
    fn check_scale(&self, i: usize, n: u64) -> Result<(), InferError> {
        let Some(&scale) = self.scales.get(i) else { return Ok(()) };
        let (scaled, size) = (n as f64 * f64::from(scale), self.size[i]);
        if scaled >= 0.5 && (scaled - size as f64).abs() <= 1.0 {
            return Ok(());
        }
        Err(InferError::Shape(format!("a scale of {scale} does not make {size} elements of {n}")))
    }
}
