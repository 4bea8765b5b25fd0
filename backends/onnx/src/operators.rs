//! ONNX's operators that are written, and since which operator set they take which element types.

use firebrick_ir::DType;

use crate::Opset;

/// An operator.
pub(crate) struct Operator {
    /// Its name.
    pub(crate) name: &'static str,
    /// The operand whose element type counts.
    pub(crate) typed: usize,
    /// Operator sets, and the element types from each of them on. Nothing from one on says that it was taken back.
    since: &'static [(i64, &'static str)],
}

const NONE: &str = "";
const BOOL: &str = "bool";
const FLOATS: &str = "f16 f32 f64";
const FLOATS_BF: &str = "bf16 f16 f32 f64";
const FLOATS_20: &str = "bf16 f16 f32 f64 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz";
const FLOATS_SIGNED_BF: &str = "bf16 f16 f32 f64 i8 i16 i32 i64";
const FLOATS_SIGNED: &str = "f16 f32 f64 i8 i16 i32 i64";
const FLOATS_32_64: &str = "f16 f32 f64 i32 i64";
const FLOATS_32_64_BF: &str = "bf16 f16 f32 f64 i32 i64";
const WIDE: &str = "f16 f32 f64 i32 i64 u32 u64";
const WIDE_BF: &str = "bf16 f16 f32 f64 i32 i64 u32 u64";
const WIDE_8: &str = "f16 f32 f64 i8 i32 i64 u8 u32 u64";
const WIDE_8_BF: &str = "bf16 f16 f32 f64 i8 i32 i64 u8 u32 u64";
const WIDE_8_BF_BOOL: &str = "bf16 f16 f32 f64 i8 i32 i64 u8 u32 u64 bool";
const FLOATS_8: &str = "f16 f32 f64 i8 u8";
const FLOATS_8_BF: &str = "bf16 f16 f32 f64 i8 u8";
const NUMBERS: &str = "f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64";
const NUMBERS_BF: &str = "bf16 f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64";
const ALL: &str = "f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool";
const ALL_BF: &str = "bf16 f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool";
const ALL_19: &str = "f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool bf16 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz";
const ALL_21: &str = "f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool bf16 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz i4 u4";
const ALL_23: &str =
    "f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool bf16 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz i4 u4 f4e2m1";
const ALL_24: &str =
    "f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool bf16 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz i4 u4 f4e2m1 f8e8m0";
const ALL_25: &str = "f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 bool bf16 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz i4 u4 f4e2m1 f8e8m0 i2 u2";
const BYTES: &str = "i8 u8";
const UNSIGNED: &str = "u8 u16 u32 u64";
const INTEGERS: &str = "i8 i16 i32 i64 u8 u16 u32 u64";
const CODES_10: &str = "i8 u8 i32";
const CODES_19: &str = "i8 u8 i32 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz";
const CODES_21: &str = "i8 u8 i16 u16 i32 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz i4 u4";
const CODES_23: &str = "i8 u8 i16 u16 i32 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz i4 u4 f4e2m1";
const CODES_25: &str = "i8 u8 i16 u16 i32 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz i4 u4 f4e2m1 i2 u2";
const QUANTS_19: &str = "i8 u8 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz";
const QUANTS_21: &str = "i8 u8 i16 u16 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz i4 u4";
const QUANTS_23: &str = "i8 u8 i16 u16 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz i4 u4 f4e2m1";
const QUANTS_25: &str = "i8 u8 i16 u16 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz i4 u4 f4e2m1 i2 u2";
const SUMMED: &str = "f32 f64 i32 i64 u32 u64";
const SUMMED_BF: &str = "f16 bf16 f32 f64 i32 i64 u32 u64";
const EQUAL_7: &str = "i32 i64 bool";

/// A row of the list.
const fn op(name: &'static str, since: &'static [(i64, &'static str)]) -> Operator {
    Operator { name, typed: 0, since }
}

/// The one list of operators, by name. Element types are those of ONNX's operator specifications.
pub(crate) const OPERATORS: &[Operator] = &[
    op("Abs", &[(6, NUMBERS), (13, NUMBERS_BF)]),
    op("Acos", &[(7, FLOATS), (22, FLOATS_BF)]),
    op("Acosh", &[(9, FLOATS), (22, FLOATS_BF)]),
    op("Add", &[(7, WIDE), (13, WIDE_BF), (14, NUMBERS_BF)]),
    op("And", &[(7, BOOL)]),
    op("Asin", &[(7, FLOATS), (22, FLOATS_BF)]),
    op("Asinh", &[(9, FLOATS), (22, FLOATS_BF)]),
    op("Atan", &[(7, FLOATS), (22, FLOATS_BF)]),
    op("Atanh", &[(9, FLOATS), (22, FLOATS_BF)]),
    op("AveragePool", &[(7, FLOATS), (22, FLOATS_BF)]),
    op("BatchNormalization", &[(9, FLOATS), (14, FLOATS_BF)]),
    op("BitCast", &[(26, ALL_25)]),
    op("BitShift", &[(11, UNSIGNED)]),
    op("BitwiseAnd", &[(18, INTEGERS)]),
    op("BitwiseOr", &[(18, INTEGERS)]),
    op("BitwiseXor", &[(18, INTEGERS)]),
    op("Cast", &[(9, ALL), (13, ALL_BF), (19, ALL_19), (21, ALL_21), (23, ALL_23), (24, ALL_24), (25, ALL_25)]),
    op("Ceil", &[(6, FLOATS), (13, FLOATS_BF)]),
    op("Clip", &[(6, FLOATS), (12, NUMBERS), (13, NUMBERS_BF)]),
    op("Concat", &[(4, ALL), (13, ALL_BF)]),
    op("Conv", &[(1, FLOATS), (22, FLOATS_BF)]),
    op("ConvInteger", &[(10, BYTES)]),
    op("ConvTranspose", &[(1, FLOATS), (22, FLOATS_BF)]),
    op("Cos", &[(7, FLOATS), (22, FLOATS_BF)]),
    op("Cosh", &[(9, FLOATS), (22, FLOATS_BF)]),
    op("CumProd", &[(26, SUMMED_BF)]),
    op("CumSum", &[(11, SUMMED), (14, SUMMED_BF)]),
    op("DFT", &[(17, FLOATS_BF)]),
    op("DeformConv", &[(19, FLOATS), (22, FLOATS_BF)]),
    op("DequantizeLinear", &[(10, CODES_10), (19, CODES_19), (21, CODES_21), (23, CODES_23), (25, CODES_25)]),
    op("Det", &[(11, FLOATS), (22, FLOATS_BF)]),
    op("Div", &[(7, WIDE), (13, WIDE_BF), (14, NUMBERS_BF)]),
    op("Elu", &[(6, FLOATS), (22, FLOATS_BF)]),
    op("Equal", &[(7, EQUAL_7), (11, ALL), (13, ALL_BF)]),
    op("Erf", &[(9, NUMBERS), (13, FLOATS_BF)]),
    op("Exp", &[(6, FLOATS), (13, FLOATS_BF)]),
    op("Expand", &[(8, ALL), (13, ALL_BF)]),
    op("Flatten", &[(9, ALL), (13, ALL_BF), (21, ALL_21), (23, ALL_23), (24, ALL_24), (25, ALL_25)]),
    op("Floor", &[(6, FLOATS), (13, FLOATS_BF)]),
    op("GRU", &[(7, FLOATS), (22, FLOATS_BF)]),
    op("Gather", &[(1, ALL), (13, ALL_BF)]),
    op("GatherElements", &[(11, ALL), (13, ALL_BF)]),
    op("GatherND", &[(11, ALL), (13, ALL_BF)]),
    op("Gelu", &[(20, FLOATS_BF)]),
    op("Gemm", &[(9, WIDE), (13, WIDE_BF)]),
    op("GlobalAveragePool", &[(1, FLOATS), (22, FLOATS_BF)]),
    op("GlobalMaxPool", &[(1, FLOATS), (22, FLOATS_BF)]),
    op("Greater", &[(9, NUMBERS), (13, NUMBERS_BF)]),
    op("GreaterOrEqual", &[(12, NUMBERS), (16, NUMBERS_BF)]),
    op("GridSample", &[(16, ALL), (22, ALL_BF)]),
    op("HardSigmoid", &[(6, FLOATS), (22, FLOATS_BF)]),
    op("HardSwish", &[(14, FLOATS), (22, FLOATS_BF)]),
    op("Identity", &[(1, ALL), (13, ALL_BF), (19, ALL_19), (21, ALL_21), (23, ALL_23), (24, ALL_24), (25, ALL_25)]),
    op("IsNaN", &[(9, FLOATS), (13, FLOATS_BF), (20, FLOATS_20)]),
    op("LRN", &[(1, FLOATS), (13, FLOATS_BF)]),
    op("LSTM", &[(7, FLOATS), (22, FLOATS_BF)]),
    op("LeakyRelu", &[(6, FLOATS), (16, FLOATS_BF)]),
    op("Less", &[(9, NUMBERS), (13, NUMBERS_BF)]),
    op("Log", &[(6, FLOATS), (13, FLOATS_BF)]),
    op("MatMul", &[(9, WIDE), (13, WIDE_BF)]),
    op("Max", &[(8, FLOATS), (12, NUMBERS), (13, NUMBERS_BF)]),
    op("MaxPool", &[(8, FLOATS), (12, FLOATS_8), (22, FLOATS_8_BF)]),
    op("MaxRoiPool", &[(1, FLOATS)]),
    op("Min", &[(8, FLOATS), (12, NUMBERS), (13, NUMBERS_BF)]),
    op("Mish", &[(18, FLOATS), (22, FLOATS_BF)]),
    op("Mod", &[(10, NUMBERS), (13, NUMBERS_BF)]),
    op("Mul", &[(7, WIDE), (13, WIDE_BF), (14, NUMBERS_BF)]),
    op("Neg", &[(6, FLOATS_SIGNED), (13, FLOATS_SIGNED_BF)]),
    op("Not", &[(1, BOOL)]),
    op("Or", &[(7, BOOL)]),
    op("PRelu", &[(9, WIDE), (16, WIDE_BF)]),
    op("Pad", &[(2, FLOATS), (11, NUMBERS), (13, ALL_BF), (21, ALL_21), (23, ALL_23), (24, ALL_24), (25, ALL_25)]),
    op("Pow", &[(7, FLOATS), (12, FLOATS_32_64), (13, FLOATS_32_64_BF)]),
    op("QLinearConv", &[(10, BYTES)]),
    op("QLinearMatMul", &[(10, BYTES)]),
    Operator {
        name: "QuantizeLinear",
        typed: 2,
        since: &[(10, BYTES), (19, QUANTS_19), (21, QUANTS_21), (23, QUANTS_23), (25, QUANTS_25)],
    },
    op("RNN", &[(7, FLOATS), (22, FLOATS_BF)]),
    op("ReduceL1", &[(1, WIDE), (13, WIDE_BF)]),
    op("ReduceL2", &[(1, WIDE), (13, WIDE_BF)]),
    op("ReduceLogSum", &[(1, WIDE), (13, WIDE_BF)]),
    op("ReduceLogSumExp", &[(1, WIDE), (13, WIDE_BF)]),
    op("ReduceMax", &[(1, WIDE), (12, WIDE_8), (13, WIDE_8_BF), (20, WIDE_8_BF_BOOL)]),
    op("ReduceMean", &[(1, WIDE), (13, WIDE_BF)]),
    op("ReduceMin", &[(1, WIDE), (12, WIDE_8), (13, WIDE_8_BF), (20, WIDE_8_BF_BOOL)]),
    op("ReduceProd", &[(1, WIDE), (13, WIDE_BF)]),
    op("ReduceSum", &[(1, WIDE), (13, WIDE_BF)]),
    op("ReduceSumSquare", &[(1, WIDE), (13, WIDE_BF)]),
    op("Relu", &[(6, FLOATS), (13, FLOATS_BF), (14, FLOATS_SIGNED_BF)]),
    op("Reshape", &[(5, ALL), (13, ALL_BF), (19, ALL_19), (21, ALL_21), (23, ALL_23), (24, ALL_24), (25, ALL_25)]),
    op("Resize", &[(10, ALL), (13, ALL_BF)]),
    op("ReverseSequence", &[(10, ALL)]),
    op("RoiAlign", &[(10, FLOATS), (22, FLOATS_BF)]),
    op("Round", &[(11, FLOATS), (22, FLOATS_BF)]),
    op("Scatter", &[(9, ALL), (11, NONE)]),
    op("ScatterElements", &[(11, ALL), (13, ALL_BF)]),
    op("ScatterElements", &[(11, ALL), (13, ALL_BF)]),
    op("ScatterND", &[(11, ALL), (13, ALL_BF)]),
    op("Sigmoid", &[(6, FLOATS), (13, FLOATS_BF)]),
    op("Sign", &[(9, NUMBERS), (13, NUMBERS_BF)]),
    op("Sin", &[(7, FLOATS), (22, FLOATS_BF)]),
    op("Sinh", &[(9, FLOATS), (22, FLOATS_BF)]),
    op("Slice", &[(1, ALL), (13, ALL_BF)]),
    op("Softmax", &[(1, FLOATS), (13, FLOATS_BF)]),
    op("Softplus", &[(1, FLOATS), (22, FLOATS_BF)]),
    op("Sqrt", &[(6, FLOATS), (13, FLOATS_BF)]),
    op("Sub", &[(7, WIDE), (13, WIDE_BF), (14, NUMBERS_BF)]),
    op("Tan", &[(7, FLOATS), (22, FLOATS_BF)]),
    op("Tanh", &[(6, FLOATS), (13, FLOATS_BF)]),
    op("Tile", &[(6, ALL), (13, ALL_BF)]),
    op("TopK", &[(1, FLOATS), (11, NUMBERS), (24, NUMBERS_BF)]),
    op("Transpose", &[(1, ALL), (13, ALL_BF), (21, ALL_21), (23, ALL_23), (24, ALL_24), (25, ALL_25)]),
    op("Upsample", &[(9, ALL), (10, NONE)]),
    Operator { name: "Where", typed: 1, since: &[(9, ALL), (16, ALL_BF)] },
    op("Xor", &[(7, BOOL)]),
];

impl Operator {
    /// The operator of that name.
    pub(crate) fn find(name: &str) -> Option<&'static Operator> {
        OPERATORS.binary_search_by_key(&name, |operator| operator.name).ok().map(|index| &OPERATORS[index])
    }

    /// Whether it exists in an operator set.
    pub(crate) fn exists(&self, opset: Opset) -> bool {
        !self.elements(opset).is_empty()
    }

    /// Whether it takes elements of that type in an operator set.
    pub(crate) fn takes(&self, opset: Opset, dtype: DType) -> bool {
        self.elements(opset).split(' ').any(|name| name == dtype.name())
    }

    fn elements(&self, opset: Opset) -> &'static str {
        self.since.iter().rev().find(|(version, _)| *version <= opset.version()).map_or("", |(_, elements)| *elements)
    }
}

#[cfg(test)]
mod tests {
    use super::{OPERATORS, Operator};

    #[test]
    fn the_list_is_in_order() {
        assert!(OPERATORS.is_sorted_by_key(|operator| operator.name));
        for operator in OPERATORS {
            assert!(operator.since.is_sorted_by_key(|(version, _)| *version), "{}", operator.name);
            assert_eq!(Operator::find(operator.name).map(|found| found.name), Some(operator.name));
        }
    }
}
