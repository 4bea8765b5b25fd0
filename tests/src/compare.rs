//! How far a result is from another engine's.

use firebrick::ir::Tensor;

/// How two tensors of f32 differ.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// They have different shapes, or one is not f32.
    Kind(String),
    /// By how much at most, and the largest magnitude that was expected.
    Values {
        /// The largest absolute difference; infinite where only one of two is a number.
        error: f32,
        /// The largest magnitude expected.
        magnitude: f32,
    },
}

impl Difference {
    /// Whether no element differs by more than `tolerance`.
    pub fn within(&self, tolerance: f32) -> bool {
        matches!(self, Difference::Values { error, .. } if *error <= tolerance)
    }

    /// Whether no element differs by more than `tolerance` times the largest magnitude expected.
    pub fn within_relative(&self, tolerance: f32) -> bool {
        matches!(self, Difference::Values { error, magnitude } if *error <= tolerance * magnitude)
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Difference::Kind(message) => f.write_str(message),
            Difference::Values { error, magnitude } => write!(f, "off by {error:.2e}, values up to {magnitude:.3}"),
        }
    }
}

/// Compares a result with what was expected.
pub fn compare(found: &Tensor, expected: &Tensor) -> Difference {
    if found.dims() != expected.dims() {
        return Difference::Kind(format!("has shape {:?} instead of {:?}", found.dims(), expected.dims()));
    }
    let (Ok(found), Ok(expected)) = (found.values::<f32>(), expected.values::<f32>()) else {
        return Difference::Kind(format!("is {} instead of f32", found.dtype()));
    };
    let off = |(&found, &expected): (&f32, &f32)| match (found - expected).abs() {
        _ if found == expected || (found.is_nan() && expected.is_nan()) => 0.0,
        off if off.is_nan() => f32::INFINITY,
        off => off,
    };
    let error = found.iter().zip(expected.iter()).map(off).fold(0.0, f32::max);
    let magnitude = expected.iter().copied().map(f32::abs).fold(0.0, f32::max);
    Difference::Values { error, magnitude }
}

/// The indices of the `k` largest values, the largest first; of equal ones the first.
pub fn best(values: &[f32], k: usize) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..values.len()).collect();
    indices.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    indices.truncate(k);
    indices
}
