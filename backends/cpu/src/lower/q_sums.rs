//! What sums of products of integers have in common: weights less their zero points, and what becomes of sums.

use firebrick_ir::ops::{QType, Rounding};
use firebrick_ir::{DType, Op, Value};

use super::planner::{I8_TO_U8, Planner, stored};
use crate::CompileError;
use crate::isa::Dot;
use crate::tile::{CHANNELS, QUAD, Requantize, Step};

/// Added to a small number, it leaves the nearest integer in the lowest bits, of two the even one: 1.5 · 2²³.
const MAGIC: f32 = 12_582_912.0;

/// Bytes of a number for each channel of a record.
const ROW: i32 = 64;

/// What the result's integers stand for, and which may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Result {
    pub(super) y: QType,
    pub(super) clip: Option<[i32; 2]>,
    pub(super) rounding: Rounding,
}

impl Result {
    /// As the bytes of blocks are, and their limits.
    pub(super) fn stored(self) -> (QType, [i32; 2]) {
        let limits = self.clip.unwrap_or_else(|| self.y.limits());
        let shift = if self.y.dtype == DType::I8 { I8_TO_U8 } else { 0 };
        (stored(self.y), limits.map(|limit| limit + shift))
    }

    /// The same, for bytes that are stored as they are, and not as in blocks: i8 too.
    pub(super) fn as_is(self) -> Self {
        let clip = self.clip.unwrap_or_else(|| self.y.limits());
        Result { y: QType { dtype: DType::U8, ..self.y }, clip: Some(clip), ..self }
    }
}

/// The operands of a sum behind the first one, all constant.
pub(super) struct Sums {
    weights: Vec<i32>,
    pub(super) scaling: Scaling,
}

/// The operands of a sum behind the weights, all constant.
pub(super) struct Scaling {
    /// The result's channels.
    n_out: usize,
    scales: Vec<f32>,
    zeros: Vec<i32>,
    bias: Bias,
}

enum Bias {
    None,
    Integers(Vec<i32>),
    Reals(Vec<f32>),
}

/// What becomes of the sums of each channel.
#[derive(Debug, Clone)]
pub(super) struct Channels {
    /// Of i32, to be added first.
    pub(super) summands: Vec<i32>,
    pub(super) factors: Vec<f32>,
    /// To be added to products.
    pub(super) reals: Option<Vec<f32>>,
}

impl Sums {
    /// Those of an op with so many output channels; `None` if one is not constant.
    pub(super) fn of(
        planner: &Planner<'_>,
        operands: &[Value],
        n_out: usize,
    ) -> std::result::Result<Option<Self>, CompileError> {
        let Some(weights) = bytes(planner, operands[1])? else { return Ok(None) };
        Ok(Scaling::of(planner, operands, n_out)?.map(|scaling| Sums { weights, scaling }))
    }

    /// The weights less their zero points, given the output channel of each.
    pub(super) fn weights(&self, channel: impl Fn(usize) -> usize) -> Vec<i32> {
        self.weights.iter().enumerate().map(|(i, w)| w - self.scaling.zero(channel(i))).collect()
    }
}

impl Scaling {
    /// That of an op with so many output channels; `None` if an operand is not constant.
    pub(super) fn of(
        planner: &Planner<'_>,
        operands: &[Value],
        n_out: usize,
    ) -> std::result::Result<Option<Self>, CompileError> {
        let Some(zeros) = bytes(planner, operands[3])? else { return Ok(None) };
        let Some(scales) = planner.constant(operands[2])? else { return Ok(None) };
        let bias = match operands.get(4) {
            None => Bias::None,
            Some(&bias) if planner.is_f32(bias) => match planner.constant(bias)? {
                Some(bias) => Bias::Reals(bias),
                None => return Ok(None),
            },
            Some(&bias) => match planner.graph.as_const(bias).and_then(|tensor| tensor.values::<i32>().ok()) {
                Some(bias) => Bias::Integers(bias.into_owned()),
                None => return Ok(None),
            },
        };
        Ok(Some(Scaling { n_out, scales, zeros, bias }))
    }

    /// The zero point of a channel's weights.
    pub(super) fn zero(&self, o: usize) -> i32 {
        self.zeros.get(o).or(self.zeros.first()).copied().unwrap_or(0)
    }

    /// What becomes of sums that each are `corrections` too small. `None` if a factor is no number.
    pub(super) fn channels(&self, x: QType, result: Option<Result>, corrections: &[i32]) -> Option<Channels> {
        let factors: Vec<f32> = (0..self.n_out)
            .map(|o| {
                let scale = x.scale * self.scales.get(o).or(self.scales.first()).copied().unwrap_or(1.0);
                result.map_or(scale, |result| scale / result.y.scale)
            })
            .collect();
        let divisor = result.map_or(1.0, |result| result.y.scale);
        let reals = match &self.bias {
            Bias::Reals(bias) => Some(bias.iter().map(|b| b / divisor).collect::<Vec<f32>>()),
            Bias::None | Bias::Integers(_) => None,
        };
        if !factors.iter().chain(reals.iter().flatten()).all(|x| x.is_finite()) {
            return None;
        }
        let summand = |(o, correction): (usize, &i32)| match &self.bias {
            Bias::Integers(bias) => bias[o].wrapping_add(*correction),
            Bias::None | Bias::Reals(_) => *correction,
        };
        Some(Channels { summands: corrections.iter().enumerate().map(summand).collect(), factors, reals })
    }

    /// The records of all vectors of channels, and what is done by them: to sums that each are `corrections` too small.
    /// `None` if a factor is no number.
    pub(super) fn records(
        &self,
        x: QType,
        result: Option<Result>,
        then: Option<(QType, Result)>,
        corrections: &[i32],
    ) -> Option<(Vec<u32>, Requantize)> {
        Some(self.channels(x, result, corrections)?.records(result, then))
    }
}

impl Channels {
    /// The same for sums that each are `corrections` smaller.
    pub(super) fn corrected(&self, corrections: &[i32]) -> Self {
        let summands = self.summands.iter().zip(corrections).map(|(summand, by)| summand.wrapping_add(*by)).collect();
        Channels { summands, ..self.clone() }
    }

    /// The records of all vectors of channels, and what is done by them.
    pub(super) fn records(&self, result: Option<Result>, then: Option<(QType, Result)>) -> (Vec<u32>, Requantize) {
        let Channels { summands, factors, reals } = self;
        let n_out = factors.len();
        let mut recipe = Recipe::new(reals.is_some());
        if let Some(result) = result {
            recipe.requantize(result, then);
        }
        let mut records = Vec::new();
        for first in (0..n_out).step_by(CHANNELS) {
            let channels = || (first..first + CHANNELS).map(|o| (o < n_out).then_some(o));
            records.extend(channels().map(|o| o.map_or(0, |o| summands[o].cast_unsigned())));
            records.extend(channels().map(|o| o.map_or(0, |o| factors[o].to_bits())));
            if let Some(reals) = reals {
                records.extend(channels().map(|o| o.map_or(0, |o| reals[o].to_bits())));
            }
            records.extend(recipe.padded_constants());
        }
        let requantize = Requantize { record: recipe.record(), steps: recipe.steps, stores_bytes: result.is_some() };
        (records, requantize)
    }
}

/// What sums of bytes that are not less their zero point are too large by, negated: for each run of an output channel's
/// weights.
pub(super) fn corrections(weights: &[i32], per_out: usize, zero: i32) -> Vec<i32> {
    let correction = |weights: &[i32]| weights.iter().fold(0i32, |sum, w| sum.wrapping_add(w.wrapping_mul(-zero)));
    weights.chunks(per_out).map(correction).collect()
}

/// Appends a tile's weights, in fours, as they are multiplied. Those of bytes as often as it takes until they fit into i8,
/// which most do at once. Returns how often.
pub(super) fn pack(packed: &mut Vec<u32>, mut weights: Vec<i32>, dot: Dot) -> usize {
    if dot == Dot::Words {
        pack_words(packed, &weights, dot.lanes());
        return 1;
    }
    let mut n_passes = 0;
    while n_passes == 0 || weights.iter().any(|&w| w != 0) {
        for quad in weights.chunks_mut(QUAD) {
            let mut bytes = [0; QUAD];
            for (byte, w) in bytes.iter_mut().zip(quad) {
                let part = (*w).clamp(i8::MIN.into(), i8::MAX.into());
                *w -= part;
                *byte = part as u8;
            }
            packed.push(u32::from_ne_bytes(bytes));
        }
        n_passes += 1;
    }
    n_passes
}

/// For the lanes of each register, the first and the third of four weights as words, then the others. All fit into i16.
fn pack_words(packed: &mut Vec<u32>, weights: &[i32], lanes: usize) {
    for of_register in weights.chunks(lanes * QUAD) {
        for first in [0, 1] {
            let pair = |quad: &[i32]| u32::from(quad[first] as u16) | u32::from(quad[first + 2] as u16) << 16;
            packed.extend(of_register.chunks_exact(QUAD).map(pair));
        }
    }
}

/// The integers of a constant of bytes.
pub(super) fn bytes(planner: &Planner<'_>, value: Value) -> std::result::Result<Option<Vec<i32>>, CompileError> {
    if let Op::Const(constant) = &planner.graph.node(value.node).op
        && constant.tensor().is_none()
    {
        return Err(CompileError::MissingWeights(planner.graph.value_name(value).to_owned()));
    }
    let Some(tensor) = planner.graph.as_const(value) else { return Ok(None) };
    let is_signed = tensor.dtype() == DType::I8;
    let integer = |&byte: &u8| if is_signed { i32::from(byte.cast_signed()) } else { i32::from(byte) };
    Ok(Some(tensor.bytes().iter().map(integer).collect()))
}

/// Steps as they are found, and numbers for them.
struct Recipe {
    steps: Vec<Step>,
    constants: Vec<f32>,
    /// Bytes in front of the constants.
    start: i32,
}

impl Recipe {
    fn new(has_reals: bool) -> Self {
        let mut steps = vec![Step::MulChannels(ROW)];
        if has_reals {
            steps.push(Step::AddChannels(2 * ROW));
        }
        Recipe { steps, constants: Vec::new(), start: if has_reals { 3 * ROW } else { 2 * ROW } }
    }

    fn padded_constants(&self) -> impl Iterator<Item = u32> {
        let n = self.constants.len().next_multiple_of(CHANNELS);
        (0..n).map(|i| self.constants.get(i).map_or(0, |x| x.to_bits()))
    }

    fn record(&self) -> i32 {
        let n_rows = self.constants.len().div_ceil(CHANNELS);
        self.start + ROW * i32::try_from(n_rows).expect("a record has few numbers")
    }

    /// The place of a number.
    fn constant(&mut self, x: f32) -> i32 {
        let found = self.constants.iter().position(|c| c.to_bits() == x.to_bits());
        let index = found.unwrap_or_else(|| {
            self.constants.push(x);
            self.constants.len() - 1
        });
        self.start + 4 * i32::try_from(index).expect("a record has few numbers")
    }

    /// Quotients become bytes: of the result, and then of another one that reads it as `from` says.
    fn requantize(&mut self, result: Result, then: Option<(QType, Result)>) {
        let (y, limits) = result.stored();
        self.limit(y, limits);
        let Some((from, next)) = then else { return self.finish(y, result.rounding) };
        self.round(result.rounding);
        let (y, [low, high]) = next.stored();
        let from = stored(from);
        let quotients = || (limits[0]..=limits[1]).map(|q| ((q - from.zero) as f32, from.real(q) / y.scale));
        let unlimited = |quotient: f32| next.rounding.round_f32(quotient) + y.zero as f32;
        match factor(from, y, next.rounding, quotients()) {
            Some(factor) => {
                let place = self.constant(factor);
                self.steps.push(Step::Mul(place));
            }
            None => {
                let [scale, divisor] = [from.scale, y.scale].map(|x| self.constant(x));
                self.steps.extend([Step::Mul(scale), Step::Div(divisor)]);
            }
        }
        if !quotients().all(|(_, quotient)| (low as f32..=high as f32).contains(&unlimited(quotient))) {
            self.limit(y, [low, high]);
        }
        self.finish(y, next.rounding);
    }

    fn limit(&mut self, y: QType, limits: [i32; 2]) {
        let [low, high] = limits.map(|limit| self.constant((limit - y.zero) as f32));
        self.steps.extend([Step::Max(low), Step::Min(high)]);
    }

    /// The nearest integers of numbers within limits.
    fn round(&mut self, rounding: Rounding) {
        match rounding {
            Rounding::Even => {
                let magic = self.constant(MAGIC);
                self.steps.extend([Step::Add(magic), Step::Sub(magic)]);
            }
            Rounding::Away => self.steps.push(Step::RoundAway),
        }
    }

    /// The nearest integers of numbers within limits, and the zero point added, in the lowest bits.
    fn finish(&mut self, y: QType, rounding: Rounding) {
        // An odd zero point would make an odd number of an even one.
        if rounding == Rounding::Away || y.zero % 2 != 0 {
            self.round(rounding);
        }
        let place = self.constant(MAGIC + y.zero as f32);
        self.steps.push(Step::Add(place));
    }
}

/// A number that gives the same integers when integers are multiplied by it as when they are multiplied with one scale
/// and divided by the other: a division takes much longer.
fn factor(
    from: QType,
    y: QType,
    rounding: Rounding,
    quotients: impl Iterator<Item = (f32, f32)> + Clone,
) -> Option<f32> {
    let near = (from.scale / y.scale).to_bits();
    let candidates = [0i32, 1, -1, 2, -2, 3, -3].map(|step| f32::from_bits(near.wrapping_add_signed(step)));
    let is_same = |&factor: &f32| {
        let mut quotients = quotients.clone();
        quotients.all(|(q, quotient)| rounding.round_f32(q * factor) == rounding.round_f32(quotient))
    };
    candidates.into_iter().filter(|x| x.is_finite()).find(is_same)
}
