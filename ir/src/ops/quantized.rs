//! Ops on quantized values: integers in, integers out.

mod reals;
mod sums;

pub use self::sums::Sums;
use super::{
    Binary, Concat, Conv, ConvTranspose, Gemm, Identity, MatMul, Pool, QType, Reduce, Rounding, Softmax, Unary,
};
use crate::attr::AttrReader;
use crate::op::{Arity, InferError, Operator};
use crate::{Attr, AttrError, AttrValue, EvalError, Tensor, Type};

/// An op on quantized values, which are u8 or i8. What their integers stand for is said here: `x` for each quantized
/// operand, `y` for the result.
///
/// **Sums of products** (`q_conv`, `q_conv_transpose`, `q_gemm`, `q_matmul`) are made of integers. Operands: `x`; the
/// weights, u8 or i8; their scale, f32, `[1]` or `[O]`, one for each output channel (column of a product); their zero
/// point, of the weights' type and the scale's shape; and optionally a bias `[O]` of i32 or f32, which products of
/// stacks of matrices may have too. With the scale `w` of a channel, in f32 and in this order:
///
/// - `sum = Σ (x − zero) * (weight − zero)` in i32, where padding adds nothing, plus a bias of i32. It wraps;
/// - `quotient = f32(sum) * (x.scale * w / y.scale)`, plus `bias / y.scale` if the bias is of f32;
/// - the result is `round(quotient) + y.zero`, limited to `clip` or else the range of `y`'s type.
///
/// So do ONNX Runtime's QLinearConv and QGemm. Without `y` the result is f32: `f32(sum) * (x.scale * w)`, plus a bias
/// of f32.
///
/// **All others** are what dequantize, the op on f32 and quantize give one after another: each operand's
/// `(q − zero) * scale`, rounded to f32; of their result `round(r / y.scale) + y.zero`, limited likewise. They have no
/// operands but the op's, and always a `y`.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantized<T> {
    /// The op.
    pub op: T,
    /// What the quantized operands stand for: one for each, the weights of a sum of products not among them.
    pub x: Vec<QType>,
    /// What the result stands for, if it is quantized.
    pub y: Option<QType>,
    /// The least and the greatest integer of the result, if not all of its type's: an activation such as ReLU.
    pub clip: Option<[i32; 2]>,
    /// How the result is rounded.
    pub rounding: Rounding,
}

/// An op that is there for quantized values too.
pub trait Quantizable: Operator {
    /// Its spelling.
    const QUANTIZED: &'static [&'static str];

    /// How integers are summed, if it makes sums of products.
    const SUMS: Option<Sums<Self>> = None;

    /// The attributes that tell it apart from others of its family.
    fn own_attributes(&self) -> Vec<(&'static str, Attr)> {
        self.attributes()
    }

    /// The op of these attributes.
    ///
    /// # Errors
    /// If one is missing, or of another kind.
    fn read_own(attrs: &mut AttrReader) -> Result<Self, AttrError> {
        Self::read(Self::MNEMONICS[0], attrs).unwrap_or_else(|| Err(AttrError::Missing(Self::MNEMONICS[0].to_owned())))
    }
}

/// The one list of families: its name, the op, its spelling.
macro_rules! quantized {
    ($($(#[$doc:meta])* $alias:ident = $op:ident, $name:literal { $($item:tt)* })*) => {$(
        $(#[$doc])*
        pub type $alias = Quantized<$op>;

        impl Quantizable for $op {
            const QUANTIZED: &'static [&'static str] = &[$name];
            $($item)*
        }
    )*};
}

/// The items of a family whose op is spelled by its function: here that is an attribute.
macro_rules! by_function {
    () => {
        fn own_attributes(&self) -> Vec<(&'static str, Attr)> {
            vec![("function", self.0.to_attr())]
        }

        fn read_own(attrs: &mut AttrReader) -> Result<Self, AttrError> {
            Ok(Self(attrs.take("function")?))
        }
    };
}

quantized! {
    /// Elementwise function of two quantized operands.
    QBinary = Binary, "q_binary" { by_function!(); }
    /// Quantized values one behind the other, brought to one scale.
    QConcat = Concat, "q_concat" {}
    /// Convolution of a quantized value.
    QConv = Conv, "q_conv" { const SUMS: Option<Sums<Self>> = Some(sums::CONV); }
    /// Transposed convolution of a quantized value.
    QConvTranspose = ConvTranspose, "q_conv_transpose" { const SUMS: Option<Sums<Self>> = Some(sums::CONV_TRANSPOSE); }
    /// Product of quantized matrices.
    QGemm = Gemm, "q_gemm" { const SUMS: Option<Sums<Self>> = Some(sums::GEMM); }
    /// Products of stacks of quantized matrices.
    QMatMul = MatMul, "q_matmul" { const SUMS: Option<Sums<Self>> = Some(sums::MAT_MUL); }
    /// Pooling of a quantized value. The maximum of one with the same scale is a [`Pool`] of the integers.
    QPool = Pool, "q_pool" {}
    /// Reduction of a quantized value.
    QReduce = Reduce, "q_reduce" {}
    /// Softmax of a quantized value.
    QSoftmax = Softmax, "q_softmax" {}
    /// Elementwise function of a quantized operand.
    QUnary = Unary, "q_unary" { by_function!(); }
    /// A quantized value with another scale, zero point or type.
    Requantize = Identity, "requantize" {}
}

impl<T: Quantizable> Quantized<T> {
    /// The integers that the result may be.
    fn limits(&self, y: QType) -> [i32; 2] {
        self.clip.unwrap_or_else(|| y.limits())
    }

    fn check(&self, operands: &[&Type], n_quantized: usize) -> Result<(), InferError> {
        if self.x.len() != n_quantized {
            let problem = format!("has {} entries, but {n_quantized} are needed", self.x.len());
            return Err(InferError::Attribute { name: "x", problem });
        }
        self.x.iter().try_for_each(|x| x.check("x"))?;
        self.y.map_or(Ok(()), |y| y.check("y"))?;
        for (operand, (ty, x)) in operands.iter().zip(&self.x).enumerate() {
            if ty.dtype != x.dtype {
                return Err(InferError::DType { operand, expected: x.dtype.to_string(), found: ty.dtype });
            }
        }
        let Some([low, high]) = self.clip else { return Ok(()) };
        let [least, greatest] = self.y.map_or([0, -1], QType::limits);
        if low > high || low < least || high > greatest {
            let problem = format!("is [{low}, {high}], which is no part of the result's integers");
            return Err(InferError::Attribute { name: "clip", problem });
        }
        Ok(())
    }
}

impl<T: Quantizable> Operator for Quantized<T> {
    const MNEMONICS: &'static [&'static str] = T::QUANTIZED;

    fn arity(&self) -> Arity {
        if T::SUMS.is_some() { Arity::between(4, 5) } else { self.op.arity() }
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        let result = match T::SUMS {
            Some(sums) => self.infer_sums(&sums, operands)?,
            None => self.infer_reals(operands)?,
        };
        Ok(vec![result])
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let result = match T::SUMS {
            Some(sums) => self.eval_sums(&sums, operands)?,
            None => self.eval_reals(operands)?,
        };
        Ok(vec![result])
    }

    fn macs(&self, operands: &[&Type], results: &[Type]) -> u64 {
        self.op.macs(operands, results)
    }

    fn attributes(&self) -> Vec<(&'static str, Attr)> {
        let mut attributes = self.op.own_attributes();
        attributes.push(("x", self.x.to_attr()));
        attributes.push(("y", self.y.to_attr()));
        attributes.push(("clip", self.clip.to_attr()));
        attributes.push(("rounding", self.rounding.to_attr()));
        attributes
    }

    fn read(mnemonic: &str, attrs: &mut AttrReader) -> Option<Result<Self, AttrError>> {
        let mut read = || {
            let op = T::read_own(attrs)?;
            let (x, y) = (attrs.take("x")?, attrs.take("y")?);
            Ok(Quantized { op, x, y, clip: attrs.take("clip")?, rounding: attrs.take("rounding")? })
        };
        T::QUANTIZED.contains(&mnemonic).then(&mut read)
    }
}
