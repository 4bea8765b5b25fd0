//! Sums, products and extremes of many elements, of one or of four side by side. Sums and products are f64, so that
//! those of many are off by no more than their terms.

use cranelift_codegen::ir::types::{F32, F32X4, F64, F64X2, I8X16};
use cranelift_codegen::ir::{ConstantData, InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_frontend::Variable;
use cranelift_module::Module;
use firebrick_ir::ops::ReduceFn;

use crate::emit::Code;

/// How an element is added to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    Sum,
    SumOfSizes,
    SumOfSquares,
    Product,
    Max,
    Min,
}

impl Fold {
    pub(super) fn of(function: ReduceFn) -> Self {
        match function {
            ReduceFn::Sum | ReduceFn::Mean | ReduceFn::LogSum | ReduceFn::LogSumExp => Fold::Sum,
            ReduceFn::L1 => Fold::SumOfSizes,
            ReduceFn::L2 | ReduceFn::SumSquare => Fold::SumOfSquares,
            ReduceFn::Prod => Fold::Product,
            ReduceFn::Max => Fold::Max,
            ReduceFn::Min => Fold::Min,
        }
    }

    fn is_extreme(self) -> bool {
        matches!(self, Fold::Max | Fold::Min)
    }

    /// What the result of no elements is, in as many variables as one or four elements need.
    pub(super) fn begin<M: Module>(self, code: &mut Code<'_, M>, is_vector: bool) -> Vec<Variable> {
        if self.is_extreme() {
            let least = code.float(if self == Fold::Max { f32::NEG_INFINITY } else { f32::INFINITY });
            let first = if is_vector { code.splat(least) } else { least };
            return vec![code.variable(first)];
        }
        let neutral = code.builder.ins().f64const(if self == Fold::Product { 1.0 } else { 0.0 });
        if is_vector {
            let neutral = code.builder.ins().splat(F64X2, neutral);
            return vec![code.variable(neutral), code.variable(neutral)];
        }
        vec![code.variable(neutral)]
    }

    /// Adds one element or four to what [`begin`](Fold::begin) gave for as many.
    pub(super) fn add<M: Module>(self, code: &mut Code<'_, M>, sums: &[Variable], x: Value) {
        let x = if self == Fold::SumOfSizes { code.builder.ins().fabs(x) } else { x };
        let terms = if self.is_extreme() { vec![x] } else { widened(code, x) };
        for (&sum, term) in sums.iter().zip(terms) {
            let term = if self == Fold::SumOfSquares { code.builder.ins().fmul(term, term) } else { term };
            let old = code.builder.use_var(sum);
            let new = self.two(code, old, term);
            code.builder.def_var(sum, new);
        }
    }

    fn two<M: Module>(self, code: &mut Code<'_, M>, a: Value, b: Value) -> Value {
        match self {
            Fold::Sum | Fold::SumOfSizes | Fold::SumOfSquares => code.builder.ins().fadd(a, b),
            Fold::Product => code.builder.ins().fmul(a, b),
            // A NaN stays one.
            Fold::Max => code.builder.ins().fmax(a, b),
            Fold::Min => code.builder.ins().fmin(a, b),
        }
    }

    /// Adds what four lanes have to what one has.
    pub(super) fn unite<M: Module>(self, code: &mut Code<'_, M>, lanes: &[Variable], single: &[Variable]) {
        for &lane in lanes {
            let vector = code.builder.use_var(lane);
            for i in 0..if self.is_extreme() { 4 } else { 2 } {
                let term = code.builder.ins().extractlane(vector, i);
                let old = code.builder.use_var(single[0]);
                let new = self.two(code, old, term);
                code.builder.def_var(single[0], new);
            }
        }
    }

    /// One number or four.
    pub(super) fn value<M: Module>(self, code: &mut Code<'_, M>, sums: &[Variable]) -> Value {
        let values: Vec<Value> = sums.iter().map(|&sum| code.builder.use_var(sum)).collect();
        match values[..] {
            [low, high] => {
                let [low, high] = [low, high].map(|half| code.builder.ins().fvdemote(half));
                halves(code, low, high, 0)
            }
            [value, ..] if self.is_extreme() => value,
            [value, ..] => code.builder.ins().fdemote(F32, value),
            [] => code.float(0.0),
        }
    }
}

/// Divides sums of f64.
pub(super) fn divide<M: Module>(code: &mut Code<'_, M>, sums: &[Variable], by: f64) {
    for &sum in sums {
        let value = code.builder.use_var(sum);
        let divisor = constant(code, by, value);
        let quotient = code.builder.ins().fdiv(value, divisor);
        code.builder.def_var(sum, quotient);
    }
}

/// Makes sums of f64 their reciprocals.
pub(super) fn invert<M: Module>(code: &mut Code<'_, M>, sums: &[Variable]) {
    for &sum in sums {
        let value = code.builder.use_var(sum);
        let one = constant(code, 1.0, value);
        let quotient = code.builder.ins().fdiv(one, value);
        code.builder.def_var(sum, quotient);
    }
}

/// A constant like `like`: one f64 or two.
fn constant<M: Module>(code: &mut Code<'_, M>, x: f64, like: Value) -> Value {
    let x = code.builder.ins().f64const(x);
    if code.builder.func.dfg.value_type(like) == F64X2 { code.builder.ins().splat(F64X2, x) } else { x }
}

/// One number as f64, or four as two pairs of f64.
fn widened<M: Module>(code: &mut Code<'_, M>, x: Value) -> Vec<Value> {
    if code.builder.func.dfg.value_type(x) == F32 {
        return vec![code.builder.ins().fpromote(F64, x)];
    }
    let upper = halves(code, x, x, 8);
    [x, upper].map(|half| code.builder.ins().fvpromote_low(half)).to_vec()
}

/// The lower half of a vector behind that of another, or the upper half of one if `first` is 8.
fn halves<M: Module>(code: &mut Code<'_, M>, low: Value, high: Value, first: u8) -> Value {
    let [low, high] = [low, high].map(|half| code.builder.ins().bitcast(I8X16, little(), half));
    let bytes: Vec<u8> = (first..first + 8).chain(16 + first..16 + first + 8).collect();
    let mask = code.builder.func.dfg.immediates.push(ConstantData::from(bytes));
    let both = code.builder.ins().shuffle(low, high, mask);
    code.builder.ins().bitcast(F32X4, little(), both)
}

/// Bytes of vectors count from the first lane.
fn little() -> MemFlags {
    MemFlags::new().with_endianness(cranelift_codegen::ir::Endianness::Little)
}
