//! Weights as a net's own fillers draw them.

use firebrick_ir::Tensor;
use firebrick_schemas::caffe::{FillerParameter, VarianceNorm};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// A blob of more numbers is refused: a definition of a few bytes can ask for any amount of memory.
const MAX_NUMBERS: u64 = 1 << 28;

/// Which random numbers a weight blob gets: they depend on nothing but these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stream<'a> {
    /// The user's seed.
    pub(crate) seed: u64,
    /// The layer's name.
    pub(crate) layer: &'a str,
    /// The blob's index in the layer.
    pub(crate) index: usize,
}

/// A weight blob of shape `dims`: Caffe's fillers, though not its random numbers.
///
/// # Errors
/// In words, where Caffe would refuse the filler or its numbers, and for blobs of more than [`MAX_NUMBERS`].
pub(crate) fn fill(filler: &FillerParameter, dims: &[u64], stream: Stream<'_>) -> Result<Tensor, String> {
    let count = dims.iter().try_fold(1u64, |count, &dim| count.checked_mul(dim));
    let count = count.filter(|&count| count <= MAX_NUMBERS).and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or_else(|| format!("a weight blob of shape {dims:?} is too large to be filled"))?;
    let values = draw(filler, dims, count, &mut stream.rng())?;
    let dims: Vec<usize> = dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(usize::MAX)).collect();
    Tensor::from_vec(&dims, values).map_err(|error| error.to_string())
}

fn draw(filler: &FillerParameter, dims: &[u64], count: usize, rng: &mut ChaCha8Rng) -> Result<Vec<f32>, String> {
    let FillerParameter { r#type: _, value: _, min: _, max: _, mean: _, std: _, sparse: _, variance_norm: _ } = filler;
    let kind = filler.r#type();
    if kind != "gaussian" && filler.sparse() != -1 {
        return Err(format!("a filler of type `{kind}` takes no `sparse`"));
    }
    match kind {
        "constant" => Ok(vec![filler.value(); count]),
        "uniform" => uniform(filler.min(), filler.max(), count, rng),
        "gaussian" => {
            let mut values = gaussian(filler.mean(), filler.std(), count, rng)?;
            thin_out(&mut values, filler.sparse(), dims, rng)?;
            Ok(values)
        }
        "positive_unitball" => positive_unitball(dims, count, rng),
        "xavier" => {
            let limit = (3.0 / fan(filler, dims, count)?).sqrt();
            uniform(-limit, limit, count, rng)
        }
        "msra" => gaussian(0.0, (2.0 / fan(filler, dims, count)?).sqrt(), count, rng),
        "bilinear" => bilinear(dims, count),
        _ => Err(format!(
            "unknown filler type `{kind}`; there are `constant`, `uniform`, `gaussian`, `positive_unitball`, `xavier`, \
             `msra` and `bilinear`"
        )),
    }
}

fn uniform(min: f32, max: f32, count: usize, rng: &mut ChaCha8Rng) -> Result<Vec<f32>, String> {
    let range = max - min;
    if !(range >= 0.0 && range.is_finite()) {
        return Err(format!("a uniform filler cannot draw from {min} to {max}"));
    }
    Ok(StandardUniform.sample_iter(rng).take(count).map(|x: f32| min + x * range).collect())
}

fn gaussian(mean: f32, std: f32, count: usize, rng: &mut ChaCha8Rng) -> Result<Vec<f32>, String> {
    if !(std > 0.0 && std.is_finite() && mean.is_finite()) {
        return Err(format!("a gaussian filler cannot have the mean {mean} and the deviation {std}"));
    }
    Ok(StandardNormal.sample_iter(rng).take(count).map(|x: f32| mean + x * std).collect())
}

/// Keeps about `sparse` of the weights of each output, unless it is -1.
fn thin_out(values: &mut [f32], sparse: i32, dims: &[u64], rng: &mut ChaCha8Rng) -> Result<(), String> {
    if sparse == -1 {
        return Ok(());
    }
    let n_outputs = dims.first().copied().unwrap_or(0);
    // Caffe's probability is of the outputs, though it means the inputs of one.
    let probability = sparse as f32 / n_outputs as f32;
    if !(0.0..=1.0).contains(&probability) {
        return Err(format!("`sparse` is {sparse}, but should be -1, or from 0 to the {n_outputs} outputs"));
    }
    for (value, x) in values.iter_mut().zip(StandardUniform.sample_iter(rng)) {
        let x: f32 = x;
        *value *= f32::from(u8::from(x < probability));
    }
    Ok(())
}

/// Positive numbers that sum to 1 in each entry of the first dimension.
fn positive_unitball(dims: &[u64], count: usize, rng: &mut ChaCha8Rng) -> Result<Vec<f32>, String> {
    let mut values = uniform(0.0, 1.0, count, rng)?;
    let n_rows = first(dims);
    if dims.len() > 4 || count == 0 {
        return Err(format!("a positive_unitball filler cannot fill a blob of shape {dims:?}"));
    }
    for row in values.chunks_mut(count / n_rows) {
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|value| *value /= sum);
    }
    Ok(values)
}

/// The numbers that `variance_norm` counts: into an output, out of an input, or the mean of both.
fn fan(filler: &FillerParameter, dims: &[u64], count: usize) -> Result<f32, String> {
    if count == 0 {
        return Err(format!("a {} filler cannot fill a blob without elements, {dims:?}", filler.r#type()));
    }
    let fan_in = count / first(dims);
    let fan_out = dims.get(1).and_then(|&n| usize::try_from(n).ok()).map_or(count, |n| count / n);
    Ok(match filler.variance_norm() {
        VarianceNorm::FanIn => fan_in as f32,
        VarianceNorm::FanOut => fan_out as f32,
        VarianceNorm::Average => (fan_in + fan_out) as f32 / 2.0,
    })
}

/// The first dimension; 1 if there is none.
fn first(dims: &[u64]) -> usize {
    dims.first().and_then(|&n| usize::try_from(n).ok()).unwrap_or(1)
}

/// The weights with which a Deconvolution layer interpolates.
fn bilinear(dims: &[u64], count: usize) -> Result<Vec<f32>, String> {
    let &[_, _, height, width] = dims else {
        return Err(format!("a bilinear filler needs 4 dimensions, not {dims:?}"));
    };
    if height != width {
        return Err(format!("a bilinear filler needs a square kernel, not one of {height} by {width}"));
    }
    let factor = width.div_ceil(2) as f32;
    let centre = width.saturating_sub(1) as f32 / (2.0 * factor);
    let weight = |at: u64| 1.0 - (at as f32 / factor - centre).abs();
    Ok((0..count as u64).map(|i| weight(i % width) * weight(i / width % height)).collect())
}

impl Stream<'_> {
    /// The generator, whose numbers are the same on every machine and in every version of this program.
    fn rng(self) -> ChaCha8Rng {
        let mut seed = [0; 32];
        let words = [self.seed, fnv1a(self.layer.as_bytes()), self.index as u64];
        for (bytes, word) in seed.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(seed)
    }
}

/// The hash FNV-1a of 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filler(kind: &str) -> FillerParameter {
        FillerParameter { r#type: Some(kind.to_owned()), ..FillerParameter::default() }
    }

    fn drawn(filler: &FillerParameter, dims: &[u64]) -> Vec<f32> {
        let tensor = fill(filler, dims, Stream { seed: 7, layer: "conv1", index: 0 }).expect("the filler is valid");
        tensor.values::<f32>().expect("weights are f32").into_owned()
    }

    /// Mean and deviation.
    fn moments(values: &[f32]) -> (f64, f64) {
        let mean = |f: &dyn Fn(f64) -> f64| values.iter().map(|&x| f(f64::from(x))).sum::<f64>() / values.len() as f64;
        let centre = mean(&|x| x);
        (centre, mean(&|x| (x - centre).powi(2)).sqrt())
    }

    #[test]
    fn moments_of_each_filler() {
        let dims = [64, 32, 5, 5];
        let (fan_in, fan_out) = (32.0 * 25.0, 64.0 * 25.0);
        let norm = |kind, norm: VarianceNorm| FillerParameter { variance_norm: Some(norm.into()), ..filler(kind) };
        let cases = [
            (FillerParameter { value: Some(0.5), ..filler("constant") }, 0.5, 0.0),
            (FillerParameter::default(), 0.0, 0.0),
            (FillerParameter { min: Some(-1.0), max: Some(3.0), ..filler("uniform") }, 1.0, 4.0 / 12f64.sqrt()),
            (FillerParameter { mean: Some(2.0), std: Some(0.5), ..filler("gaussian") }, 2.0, 0.5),
            // A quarter of normal numbers is left.
            (FillerParameter { sparse: Some(16), ..filler("gaussian") }, 0.0, 0.5),
            (filler("xavier"), 0.0, (1.0f64 / fan_in).sqrt()),
            (norm("xavier", VarianceNorm::FanOut), 0.0, (1.0f64 / fan_out).sqrt()),
            (filler("msra"), 0.0, (2.0f64 / fan_in).sqrt()),
            (norm("msra", VarianceNorm::Average), 0.0, (4.0f64 / (fan_in + fan_out)).sqrt()),
        ];
        for (filler, mean, deviation) in cases {
            let found = moments(&drawn(&filler, &dims));
            let tolerance = 0.02 * (1.0 + deviation);
            assert!(
                (found.0 - mean).abs() < tolerance && (found.1 - deviation).abs() < tolerance,
                "{filler:?}: {found:?}"
            );
        }
    }

    #[test]
    fn positive_unitball_sums_to_one() {
        for row in drawn(&filler("positive_unitball"), &[3, 20]).chunks(20) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5 && row.iter().all(|&x| x >= 0.0), "{row:?}");
        }
    }

    #[test]
    fn bilinear_interpolates() {
        let row = [0.25, 0.75, 0.75, 0.25];
        let expected: Vec<f32> = row.iter().flat_map(|y| row.iter().map(move |x| x * y)).collect();
        assert_eq!(drawn(&filler("bilinear"), &[1, 1, 4, 4]), expected);
        assert_eq!(drawn(&filler("bilinear"), &[1, 2, 1, 1]), [1.0, 1.0]);
    }

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |seed, layer, index| {
            let tensor = fill(&filler("uniform"), &[4], Stream { seed, layer, index }).expect("the filler is valid");
            tensor.values::<f32>().expect("weights are f32").into_owned()
        };
        let first = draw(1, "a", 0);
        assert_eq!(first, draw(1, "a", 0));
        for other in [draw(2, "a", 0), draw(1, "b", 0), draw(1, "a", 1)] {
            assert_ne!(first, other);
        }
        insta::assert_debug_snapshot!(first, @r"
        [
            0.7905075,
            0.924045,
            0.042732358,
            0.07762313,
        ]
        ");
    }

    #[test]
    fn refused() {
        let cases = [
            (filler("he_normal"), &[2][..]),
            (FillerParameter { min: Some(2.0), ..filler("uniform") }, &[2]),
            (FillerParameter { std: Some(0.0), ..filler("gaussian") }, &[2]),
            (FillerParameter { sparse: Some(3), ..filler("gaussian") }, &[2, 2]),
            (FillerParameter { sparse: Some(1), ..filler("xavier") }, &[2, 2]),
            (filler("bilinear"), &[1, 1, 3, 4]),
            (filler("xavier"), &[0, 3]),
            (filler("constant"), &[u64::MAX, u64::MAX]),
            (filler("constant"), &[1 << 40]),
        ];
        let messages: Vec<String> = cases
            .iter()
            .filter_map(|(filler, dims)| fill(filler, dims, Stream { seed: 0, layer: "", index: 0 }).err())
            .collect();
        assert_eq!(messages.len(), cases.len());
        insta::assert_debug_snapshot!(messages, @r#"
        [
            "unknown filler type `he_normal`; there are `constant`, `uniform`, `gaussian`, `positive_unitball`, `xavier`, `msra` and `bilinear`",
            "a uniform filler cannot draw from 2 to 1",
            "a gaussian filler cannot have the mean 0 and the deviation 0",
            "`sparse` is 3, but should be -1, or from 0 to the 2 outputs",
            "a filler of type `xavier` takes no `sparse`",
            "a bilinear filler needs a square kernel, not one of 3 by 4",
            "a xavier filler cannot fill a blob without elements, [0, 3]",
            "a weight blob of shape [18446744073709551615, 18446744073709551615] is too large to be filled",
            "a weight blob of shape [1099511627776] is too large to be filled",
        ]
        "#);
    }
}
