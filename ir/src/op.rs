//! What an op is, and the one list of them.

use std::fmt;

use thiserror::Error;

use crate::ops;
use crate::{Attr, AttrError, AttrReader, DType, Dim, EvalError, Tensor, Type};

/// How many operands an op takes, or how many inputs or outputs an operator of a file format has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arity {
    /// At least that many.
    pub min: usize,
    /// At most that many.
    pub max: usize,
}

impl Arity {
    /// Exactly `n`.
    pub const fn exactly(n: usize) -> Self {
        Arity { min: n, max: n }
    }

    /// From `min` to `max`.
    pub const fn between(min: usize, max: usize) -> Self {
        Arity { min, max }
    }

    /// `min` or more.
    pub const fn at_least(min: usize) -> Self {
        Arity { min, max: usize::MAX }
    }

    /// Whether `n` is within it.
    pub const fn admits(self, n: usize) -> bool {
        self.min <= n && n <= self.max
    }

    /// In words, with what is counted: `1 input`, `2 to 3 inputs`.
    pub fn of(self, noun: &str) -> String {
        let plural = if self.max == 1 { "" } else { "s" };
        format!("{self} {noun}{plural}")
    }
}

impl fmt::Display for Arity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Arity { min, max } if min == max => write!(f, "{min}"),
            Arity { min, max: usize::MAX } => write!(f, "{min} or more"),
            Arity { min, max } => write!(f, "{min} to {max}"),
        }
    }
}

/// Why operands do not fit an op.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InferError {
    /// Too few or too many operands.
    #[error("takes {expected} operands, but has {found}")]
    Arity {
        /// What the op takes.
        expected: Arity,
        /// What it was given.
        found: usize,
    },
    /// An operand's elements are of a type the op doesn't take.
    #[error("operand {operand} has elements of type {found}, but should have {expected}")]
    DType {
        /// The operand's slot.
        operand: usize,
        /// What the op takes, in words.
        expected: String,
        /// The operand's element type.
        found: DType,
    },
    /// An operand's rank is not what the op takes.
    #[error("operand {operand} has {found} dimensions, but should have {expected}")]
    Rank {
        /// The operand's slot.
        operand: usize,
        /// What the op takes, in words.
        expected: String,
        /// The operand's rank.
        found: usize,
    },
    /// Dimensions do not fit each other, or an attribute does not fit them.
    #[error("{0}")]
    Shape(String),
    /// An attribute's value makes no sense by itself.
    #[error("attribute `{name}` {problem}")]
    Attribute {
        /// The attribute.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A dimension must be known here, and is a symbol.
    #[error("dimension {dim} of operand {operand} is symbolic, but its size is needed")]
    Symbolic {
        /// The operand's slot.
        operand: usize,
        /// The dimension's index.
        dim: usize,
    },
    /// A result would be larger than the address space.
    #[error("a result of {0} elements or more is too large")]
    TooLarge(String),
}

impl InferError {
    /// The error of an op that was given some of another op's operands: those in the given slots.
    pub(crate) fn in_slots(mut self, slots: &[usize]) -> Self {
        match &mut self {
            InferError::DType { operand, .. }
            | InferError::Rank { operand, .. }
            | InferError::Symbolic { operand, .. } => *operand = slots.get(*operand).copied().unwrap_or(*operand),
            InferError::Arity { .. }
            | InferError::Shape(_)
            | InferError::Attribute { .. }
            | InferError::TooLarge(_) => {}
        }
        self
    }
}

/// What every op says of itself. One type an op family, one file each under `ops/`.
pub trait Operator: Sized {
    /// Its spellings in the text form: one, or one for each function of a family.
    const MNEMONICS: &'static [&'static str];

    /// The spelling of this one.
    fn mnemonic(&self) -> &'static str {
        Self::MNEMONICS[0]
    }

    /// How many operands it takes.
    fn arity(&self) -> Arity;

    /// The types of its results.
    ///
    /// # Errors
    /// If the operands do not fit. Their number is within the arity.
    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError>;

    /// Its results: the plain definition, which constant folding uses and every backend is tested against.
    ///
    /// # Errors
    /// If a result cannot be had, as for an operand of a type that has no evaluation. The operands' types passed
    /// inference.
    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError>;

    /// Multiply-accumulate operations of one evaluation; 0 for ops that are not counted in them.
    fn macs(&self, operands: &[&Type], results: &[Type]) -> u64 {
        let _ = (operands, results);
        0
    }

    /// Its attributes in the order of the text form.
    fn attributes(&self) -> Vec<(&'static str, Attr)>;

    /// The op of that spelling and those attributes; `None` if the spelling is not its own.
    fn read(mnemonic: &str, attrs: &mut AttrReader) -> Option<Result<Self, AttrError>>;
}

/// An op family, for code that is generic over families, as the search for one in a graph is.
pub trait Family: Operator {
    /// The op, if it is of this family.
    fn of(op: &Op) -> Option<&Self>;
}

/// The one list of ops. Adding an op is a file under `ops/` and a line here.
macro_rules! ops {
    ($($(#[$doc:meta])* $op:ident in $module:ident;)*) => {
        /// An operation with its attributes.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Op { $($(#[$doc])* $op(ops::$op),)* }

        $(impl From<ops::$op> for Op {
            fn from(op: ops::$op) -> Self { Op::$op(op) }
        }

        impl Family for ops::$op {
            fn of(op: &Op) -> Option<&Self> { if let Op::$op(op) = op { Some(op) } else { None } }
        })*

        impl Op {
            /// The families: name of the type and its spellings in the text form.
            pub const FAMILIES: &[(&'static str, &'static [&'static str])] =
                &[$((stringify!($op), <ops::$op as Operator>::MNEMONICS),)*];

            /// Its spelling in the text form.
            pub fn mnemonic(&self) -> &'static str { match self { $(Op::$op(op) => op.mnemonic(),)* } }

            /// How many operands it takes.
            pub fn arity(&self) -> Arity { match self { $(Op::$op(op) => op.arity(),)* } }

            /// Its attributes in the order of the text form.
            pub fn attributes(&self) -> Vec<(&'static str, Attr)> { match self { $(Op::$op(op) => op.attributes(),)* } }

            fn infer_results(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
                match self { $(Op::$op(op) => op.infer(operands),)* }
            }

            fn eval_results(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
                match self { $(Op::$op(op) => op.eval(operands),)* }
            }

            fn count_macs(&self, operands: &[&Type], results: &[Type]) -> u64 {
                match self { $(Op::$op(op) => op.macs(operands, results),)* }
            }

            fn read_any(mnemonic: &str, attrs: &mut AttrReader) -> Option<Result<Self, AttrError>> {
                $(if let Some(op) = <ops::$op as Operator>::read(mnemonic, attrs) { return Some(op.map(Op::$op)); })*
                None
            }
        }
    };
}

ops! {
    /// A graph input.
    Input in input;
    /// A weight or another constant.
    Const in constant;
    /// The graph's outputs.
    Return in ret;
    /// The value itself, under another name.
    Identity in identity;
    /// Normalisation of channels with known statistics.
    BatchNorm in batch_norm;
    /// Elementwise function of two operands, broadcast.
    Binary in binary;
    /// The same bits as elements of another type.
    Bitcast in bitcast;
    /// Elements converted to another type.
    Cast in cast;
    /// Values one behind the other.
    Concat in concat;
    /// Convolution.
    Conv in conv;
    /// Transposed convolution.
    ConvTranspose in conv_transpose;
    /// Sums or products of all elements up to each.
    Cumulate in cumulate;
    /// Convolution whose taps are moved by an operand.
    DeformConv in deform_conv;
    /// The numbers that quantized ones stand for.
    Dequantize in dequantize;
    /// Determinants.
    Det in det;
    /// SSD's boxes, decoded and filtered.
    DetectionOutput in detection_output;
    /// The discrete Fourier transform.
    Dft in dft;
    /// Convolutions of one value, one behind the other.
    Expand in expand;
    /// Convolution, then an epilogue.
    FusedConv in fused;
    /// Transposed convolution, then an epilogue.
    FusedConvTranspose in fused;
    /// Product of matrices, then an epilogue.
    FusedGemm in fused;
    /// Parts picked by index.
    Gather in gather;
    /// Elements picked one by one.
    GatherElements in gather_elements;
    /// Parts picked by tuples of indices.
    GatherNd in gather_nd;
    /// Product of matrices.
    Gemm in gemm;
    /// Values at positions that are an operand.
    GridSample in grid_sample;
    /// Local response normalisation across channels.
    Lrn in lrn;
    /// Products of stacks of matrices.
    MatMul in matmul;
    /// Elements added at the ends.
    Pad in pad;
    /// Pooling.
    Pool in pool;
    /// Elementwise function of two quantized operands.
    QBinary in quantized;
    /// Quantized values one behind the other.
    QConcat in quantized;
    /// Convolution of quantized values.
    QConv in quantized;
    /// Transposed convolution of quantized values.
    QConvTranspose in quantized;
    /// Product of quantized matrices.
    QGemm in quantized;
    /// Products of stacks of quantized matrices.
    QMatMul in quantized;
    /// Pooling of a quantized value.
    QPool in quantized;
    /// Reduction of a quantized value.
    QReduce in quantized;
    /// Softmax of a quantized value.
    QSoftmax in quantized;
    /// Elementwise function of a quantized operand.
    QUnary in quantized;
    /// Numbers as small integers or floats.
    Quantize in quantize;
    /// The recurrence of LSTM and RNN.
    Recur in recur;
    /// Reduction along dimensions.
    Reduce in reduce;
    /// A quantized value with another scale.
    Requantize in quantized;
    /// The same elements under other dimensions.
    Reshape in reshape;
    /// Resampling to another size.
    Resize in resize;
    /// Sequences reversed as far as their lengths.
    ReverseSequence in reverse_sequence;
    /// Regions of images, interpolated.
    RoiAlign in roi_align;
    /// The maxima of regions of images.
    RoiPool in roi_pool;
    /// Elements written one by one.
    ScatterElements in scatter_elements;
    /// Parts written by tuples of indices.
    ScatterNd in scatter_nd;
    /// Elements of one value or another.
    Select in select;
    /// Elements at regular distances.
    Slice in slice;
    /// Softmax along a dimension.
    Softmax in softmax;
    /// Repetition along dimensions.
    Tile in tile;
    /// The best elements along a dimension.
    TopK in top_k;
    /// Dimensions in another order.
    Transpose in transpose;
    /// Elementwise function of one operand.
    Unary in unary;
    /// Values put back where a pool found them.
    Unpool in unpool;
}

impl Op {
    /// The types of its results.
    ///
    /// # Errors
    /// If the operands do not fit, or a result would be larger than the address space.
    pub fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        if !self.arity().admits(operands.len()) {
            return Err(InferError::Arity { expected: self.arity(), found: operands.len() });
        }
        let results = self.infer_results(operands)?;
        match results.iter().find(|ty| is_too_large(ty)) {
            Some(ty) => Err(InferError::TooLarge(ty.shape.to_string())),
            None => Ok(results),
        }
    }

    /// Evaluates the op on its operands.
    ///
    /// # Errors
    /// If the operands do not fit, or a result cannot be had.
    pub fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let types: Vec<Type> = operands.iter().map(|tensor| tensor.ty()).collect();
        self.infer(&types.iter().collect::<Vec<_>>())?;
        self.eval_results(operands)
    }

    /// Multiply-accumulate operations of one evaluation: convolutions and products of matrices count, bias and
    /// elementwise work doesn't. A convolution counts its padded positions too. 0 if a dimension is symbolic.
    pub fn macs(&self, operands: &[&Type], results: &[Type]) -> u64 {
        self.count_macs(operands, results)
    }

    /// The op of that spelling, with all its attributes.
    ///
    /// # Errors
    /// If an attribute is missing, of another kind, or unknown; the outer `None` if no op is spelled so.
    pub fn read(mnemonic: &str, mut attrs: AttrReader) -> Option<Result<Self, AttrError>> {
        let op = Self::read_any(mnemonic, &mut attrs)?;
        Some(op.and_then(|op| attrs.finish().map(|()| op)))
    }
}

/// Whether a type's fixed dimensions alone are beyond the address space. A dimension of 0 counts as 1, so that
/// products of some of the dimensions don't overflow either.
fn is_too_large(ty: &Type) -> bool {
    let dims = ty.shape.0.iter().filter_map(Dim::fixed);
    let bytes = dims.into_iter().try_fold(ty.dtype.size() as u64, |n, dim| n.checked_mul(dim.max(1)));
    bytes.is_none_or(|n| isize::try_from(n).is_err())
}
