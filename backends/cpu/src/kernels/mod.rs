//! What steps do: a kernel a file, fully decided. A kernel knows where its operands lie, how its work divides into
//! tasks, and how to write its code.

mod branches;
mod byte_pool;
mod byte_products;
mod chunks;
mod conv_rows;
mod convert;
mod copy;
mod dequantize;
mod detect;
mod direct;
mod elements;
mod evaluate;
mod exponential;
mod functions;
mod gather;
mod halo;
mod integers;
mod lookup;
mod lrn;
mod map;
mod moves;
mod numbers;
mod pool;
mod q_map;
mod q_softmax;
mod quantize;
mod quantizing;
mod reduce;
mod relayout;
mod resample;
mod softmax;
mod square;
mod sums;
mod winograd;

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::Module;

pub(crate) use branches::Branches;
pub(crate) use byte_pool::{BytePool, BytePoolFn};
pub(crate) use byte_products::{ByteMatrix, ByteProducts, Channels};
pub(crate) use conv_rows::{ConvRows, Slide, WORDS as SLIDE_WORDS};
pub(crate) use convert::Conversion;
pub(crate) use copy::Copy;
pub(crate) use dequantize::DequantizeKernel;
pub(crate) use detect::Detect;
pub(crate) use direct::{Call, Class, Direct, Order, Packed, RowStep, Rows, Steps};
pub(crate) use elements::{Elements, Function, Quantized, Strided};
pub(crate) use evaluate::{Evaluate, Place, Source};
pub(crate) use gather::GatherKernel;
pub(crate) use halo::ClearHalo;
pub(crate) use integers::Integers;
pub(crate) use lookup::Lookup;
pub(crate) use lrn::LrnKernel;
pub(crate) use map::{Map, MapOp, Other};
pub(crate) use moves::{Axis, Move, Origin, Way};
pub(crate) use pool::{Inside, PoolKernel, Windows};
pub(crate) use q_map::QMap;
pub(crate) use q_softmax::QSoftmaxKernel;
pub(crate) use quantize::QuantizeKernel;
pub(crate) use quantizing::{Dequantizing, Quantizing};
pub(crate) use reduce::{Extent, ReduceKernel};
pub(crate) use relayout::Relayout;
pub(crate) use resample::{Filter, Resample};
pub(crate) use softmax::SoftmaxKernel;
pub(crate) use winograd::{Winograd, WinogradTiles};

use crate::emit::Code;
use crate::plan::BufferId;
use crate::{CompileError, Isa};

/// The one list of kernels.
macro_rules! kernels {
    ($($(#[$doc:meta])* $variant:ident($kernel:ident);)*) => {
        /// What a step does.
        #[derive(Debug)]
        pub(crate) enum Kernel { $($(#[$doc])* $variant(Box<$kernel>),)* }

        $(impl From<$kernel> for Kernel {
            fn from(kernel: $kernel) -> Self { Kernel::$variant(Box::new(kernel)) }
        })*

        impl Kernel {
            /// What it is called in symbols and profiles.
            pub(crate) fn name(&self) -> &str { match self { $(Kernel::$variant(kernel) => kernel.name(),)* } }

            /// The number of tasks that its work divides into, which may run at the same time.
            pub(crate) fn n_tasks(&self) -> usize { match self { $(Kernel::$variant(kernel) => kernel.n_tasks(),)* } }

            /// The buffers that it reads.
            pub(crate) fn reads(&self) -> Vec<BufferId> { match self { $(Kernel::$variant(kernel) => kernel.reads(),)* } }

            /// The buffers that it writes.
            pub(crate) fn writes(&self) -> Vec<BufferId> { match self { $(Kernel::$variant(kernel) => kernel.writes(),)* } }

            /// Writes the code of one task.
            pub(crate) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
                match self { $(Kernel::$variant(kernel) => kernel.emit(code, task),)* }
            }
        }

        impl fmt::Display for Kernel {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Kernel::$variant(kernel) => kernel.fmt(f),)* }
            }
        }
    };
}

kernels! {
    /// Kernels side by side.
    Branches(Branches);
    /// Convolution and products of matrices by tiles.
    Direct(Direct);
    /// Convolution row by row.
    ConvRows(ConvRows);
    /// Detections.
    Detect(Detect);
    /// Elementwise functions of any elements.
    Elements(Elements);
    /// The reference evaluator.
    Evaluate(Evaluate);
    /// What lies around planes.
    ClearHalo(ClearHalo);
    /// The same elements in another place.
    Copy(Copy);
    /// Parts picked by index.
    Gather(GatherKernel);
    /// Pooling of bytes.
    BytePool(BytePool);
    /// Products of matrices of bytes.
    ByteProducts(ByteProducts);
    /// Numbers of bytes.
    Dequantize(DequantizeKernel);
    /// Bytes of numbers.
    Quantize(QuantizeKernel);
    /// Softmax of bytes.
    QSoftmax(QSoftmaxKernel);
    /// Functions of two quantized values.
    QMap(QMap);
    /// Functions of bytes.
    Lookup(Lookup);
    /// Local response normalisation.
    Lrn(LrnKernel);
    /// Elementwise functions, one after another.
    Map(Map);
    /// Elements moved.
    Move(Move);
    /// Pooling.
    Pool(PoolKernel);
    /// Reduction.
    Reduce(ReduceKernel);
    /// The same elements in another layout.
    Relayout(Relayout);
    /// Resampling.
    Resample(Resample);
    /// Softmax.
    Softmax(SoftmaxKernel);
    /// Convolution of 3×3 by Winograd's algorithm.
    Winograd(Winograd);
}

impl Kernel {
    /// Its name with what its tiles are made for: `conv_f32_3x3s1__avx512_14x2`.
    pub(crate) fn label(&self, isa: Isa) -> String {
        if let Kernel::Branches(kernel) = self {
            return kernel.label(isa);
        }
        let name = self.name();
        let shape = if let Kernel::Direct(kernel) = self {
            kernel.tile_shapes().into_iter().next()
        } else if let Kernel::Winograd(kernel) = self {
            Some(kernel.tile_shape())
        } else {
            None
        };
        shape.map_or_else(|| name.to_owned(), |shape| format!("{name}__{isa}_{shape}"))
    }

    /// Bytes of scratch memory that a task needs.
    pub(crate) fn scratch_bytes(&self) -> usize {
        if let Kernel::Winograd(kernel) = self {
            kernel.scratch_bytes()
        } else if let Kernel::Branches(kernel) = self {
            kernel.scratch_bytes()
        } else {
            0
        }
    }

    /// Whether it has code; the runtime does what has none.
    pub(crate) fn is_compiled(&self) -> bool {
        !matches!(self, Kernel::Evaluate(_) | Kernel::Detect(_))
    }
}
