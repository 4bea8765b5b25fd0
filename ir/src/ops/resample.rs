//! Resampling along one dimension: which elements make an element of the result, and how much each counts.

use super::interpolate::{cubic, triangle};
use super::resize::{Coordinates, NearestMode, Resize, ResizeFn, Taps};

/// How one dimension is resized.
pub(super) struct Filter<'a> {
    op: &'a Resize,
    /// The elements that there are, and those that are made.
    from: usize,
    to: usize,
    /// The scale, if it is not `to / from`.
    scale: Option<f64>,
    /// The part of the dimension that is taken.
    roi: (f64, f64),
}

impl<'a> Filter<'a> {
    /// The filter for the `i`-th axis of the op, of `from` elements.
    pub(super) fn new(op: &'a Resize, i: usize, from: usize) -> Self {
        let part = |at: usize| op.roi.get(at).copied().map_or(0.0, f64::from);
        let roi = (part(i), part(op.axes.len() + i));
        Filter { op, from, to: op.size[i], scale: op.scales.get(i).copied().map(f64::from), roi }
    }

    /// All values with the dimension `axis` resized.
    pub(super) fn resample(&self, values: &[f64], dims: &[usize], axis: usize) -> Vec<f64> {
        let samples: Vec<Taps> = self.samples().collect();
        let inner: usize = dims[axis + 1..].iter().product();
        let outer: usize = dims[..axis].iter().product();
        let mut result = Vec::with_capacity(outer * self.to * inner);
        for block in 0..outer {
            let block = &values[block * self.from * inner..][..self.from * inner];
            for sample in &samples {
                let start = result.len();
                match sample {
                    None => result.resize(start + inner, f64::from(self.op.extrapolation)),
                    Some(taps) => {
                        result.resize(start + inner, 0.0);
                        taps.iter().for_each(|&(at, weight)| {
                            add(&mut result[start..], &block[at * inner..][..inner], weight);
                        });
                    }
                }
            }
        }
        result
    }

    /// What each element of the result is made of.
    pub(super) fn samples(&self) -> impl Iterator<Item = Taps> {
        (0..self.to).map(|i| self.sample(i))
    }

    fn sample(&self, i: usize) -> Taps {
        let position = self.position(i);
        let last = (self.from - 1) as f64;
        if self.op.coordinates == Coordinates::TfCropAndResize && !(0.0..=last).contains(&position) {
            return None;
        }
        Some(match self.op.function {
            ResizeFn::Nearest => vec![(self.nearest(position).clamp(0.0, last) as usize, 1.0)],
            ResizeFn::Linear => self.around(position, 1.0, triangle),
            ResizeFn::Cubic => self.around(position, 2.0, |x| cubic(x, f64::from(self.op.cubic))),
        })
    }

    /// The position of an element of the result. Without a scale it is a fraction of integers, divided once, so that
    /// none is off by rounding.
    fn position(&self, i: usize) -> f64 {
        let (from, to, at) = (self.from as f64, self.to as f64, i as f64);
        let fraction = |numerator: i128, denominator: usize| numerator as f64 / denominator as f64;
        let (n, m, middle) = (self.from as i128, self.to as i128, 2 * i as i128 + 1);
        match (self.op.coordinates, self.scale) {
            (Coordinates::AlignCorners, _) if self.to == 1 => 0.0,
            (Coordinates::PytorchHalfPixel, _) if self.to == 1 => 0.0,
            (Coordinates::TfCropAndResize, _) => self.crop(i),
            (Coordinates::Asymmetric, None) => fraction(i as i128 * n, self.to),
            (Coordinates::Asymmetric, Some(scale)) => at / scale,
            (Coordinates::AlignCorners, None) => fraction(i as i128 * (n - 1), self.to - 1),
            (Coordinates::AlignCorners, Some(scale)) => at * (from - 1.0) / (scale * from - 1.0),
            (Coordinates::TfHalfPixelForNn, None) => fraction(middle * n, 2 * self.to),
            (Coordinates::TfHalfPixelForNn, Some(scale)) => (at + 0.5) / scale,
            (Coordinates::HalfPixel | Coordinates::HalfPixelSymmetric | Coordinates::PytorchHalfPixel, None) => {
                fraction(middle * n - m, 2 * self.to)
            }
            (Coordinates::HalfPixel | Coordinates::PytorchHalfPixel, Some(scale)) => (at + 0.5) / scale - 0.5,
            (Coordinates::HalfPixelSymmetric, Some(scale)) => {
                let moved = from / 2.0 * (1.0 - to / (scale * from));
                moved + (at + 0.5) / scale - 0.5
            }
        }
    }

    fn crop(&self, i: usize) -> f64 {
        let (last, (begin, end)) = ((self.from - 1) as f64, self.roi);
        match self.to {
            1 => 0.5 * (begin + end) * last,
            to => begin * last + i as f64 * (end - begin) * last / (to - 1) as f64,
        }
    }

    fn nearest(&self, position: f64) -> f64 {
        match self.op.nearest {
            NearestMode::Floor => position.floor(),
            NearestMode::Ceil => position.ceil(),
            NearestMode::RoundPreferFloor => (position - 0.5).ceil(),
            NearestMode::RoundPreferCeil => (position + 0.5).floor(),
        }
    }

    /// The elements around a position, weighted by a kernel of the distance that is 0 from `support` on.
    fn around(&self, position: f64, support: f64, kernel: impl Fn(f64) -> f64) -> Vec<(usize, f64)> {
        let scale = self.scale.unwrap_or(self.to as f64 / self.from as f64);
        let narrowing = if self.op.antialias { scale.min(1.0) } else { 1.0 };
        let reach = support / narrowing;
        let last = self.from as i64 - 1;
        let mut taps: Vec<(usize, f64)> = Vec::new();
        for at in (position - reach).ceil() as i64..=(position + reach).floor() as i64 {
            let weight = kernel((at as f64 - position).abs() * narrowing);
            // An element without weight does not count, however large it is.
            if weight == 0.0 || (self.op.exclude_outside && !(0..=last).contains(&at)) {
                continue;
            }
            let at = at.clamp(0, last) as usize;
            match taps.last_mut() {
                Some((tap, sum)) if *tap == at => *sum += weight,
                Some(_) | None => taps.push((at, weight)),
            }
        }
        let sum: f64 = taps.iter().map(|&(_, weight)| weight).sum();
        taps.iter_mut().for_each(|(_, weight)| *weight /= sum);
        taps
    }
}

fn add(sums: &mut [f64], row: &[f64], weight: f64) {
    sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
}
