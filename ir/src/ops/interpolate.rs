//! Values between the elements of a plane.

/// The elements along one dimension that a position is between, with their weights.
pub(super) type Taps = Vec<(usize, f64)>;

/// The kernel of linear interpolation, of a distance.
pub(super) fn triangle(x: f64) -> f64 {
    (1.0 - x).max(0.0)
}

/// The kernel of cubic convolution (Keys 1981), of a distance.
pub(super) fn cubic(x: f64, a: f64) -> f64 {
    if x <= 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * a
    } else {
        0.0
    }
}

/// The two elements around a position among `size`; what is outside is left out, so that it counts as 0.
pub(super) fn linear_taps(position: f64, size: usize) -> Taps {
    // Far outside there is nothing, and what is no number is nowhere.
    if !(-1.0 < position && position < size as f64) {
        return Taps::new();
    }
    let lower = position.floor();
    let around = [lower, lower + 1.0].map(|at| (at, triangle((at - position).abs())));
    let inside = around.into_iter().filter(|&(at, weight)| weight > 0.0 && (0.0..size as f64).contains(&at));
    inside.map(|(at, weight)| (at as usize, weight)).collect()
}

/// The sum of a plane's elements with the weights of their dimensions multiplied. There are a few dimensions only.
pub(super) fn weighted(plane: &[f64], dims: &[usize], taps: &[Taps]) -> f64 {
    let ([_, inner @ ..], [taps, inner_taps @ ..]) = (dims, taps) else { return plane[0] };
    let len: usize = inner.iter().product();
    taps.iter().map(|&(at, weight)| weight * weighted(&plane[at * len..][..len], inner, inner_taps)).sum()
}
