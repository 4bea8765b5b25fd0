//! Element types, shapes and tensors in ONNX's terms.

use bytes::Bytes;
use firebrick_ir::{DType, Dim, Tensor, Type};
use firebrick_schemas::onnx::{DataType, Dimension, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto};

/// The element type's number.
pub(crate) fn data_type(dtype: DType) -> DataType {
    match dtype {
        DType::F32 => DataType::Float,
        DType::F64 => DataType::Double,
        DType::F16 => DataType::Float16,
        DType::BF16 => DataType::BFloat16,
        DType::I8 => DataType::Int8,
        DType::I16 => DataType::Int16,
        DType::I32 => DataType::Int32,
        DType::I64 => DataType::Int64,
        DType::U8 => DataType::Uint8,
        DType::U16 => DataType::Uint16,
        DType::U32 => DataType::Uint32,
        DType::U64 => DataType::Uint64,
        DType::Bool => DataType::Bool,
        DType::F8E4M3Fn => DataType::Float8E4M3Fn,
        DType::F8E4M3Fnuz => DataType::Float8E4M3Fnuz,
        DType::F8E5M2 => DataType::Float8E5M2,
        DType::F8E5M2Fnuz => DataType::Float8E5M2Fnuz,
        DType::F8E8M0 => DataType::Float8E8M0,
        DType::F4E2M1 => DataType::Float4E2M1,
        DType::I4 => DataType::Int4,
        DType::U4 => DataType::Uint4,
        DType::I2 => DataType::Int2,
        DType::U2 => DataType::Uint2,
    }
}

/// Bits that an element takes in a file, where several share a byte.
pub(crate) fn packed_bits(dtype: DType) -> Option<u32> {
    match dtype {
        DType::F4E2M1 | DType::I4 | DType::U4 => Some(4),
        DType::I2 | DType::U2 => Some(2),
        DType::F32 | DType::F64 | DType::F16 | DType::BF16 | DType::Bool => None,
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => None,
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => None,
        DType::F8E4M3Fn | DType::F8E4M3Fnuz | DType::F8E5M2 | DType::F8E5M2Fnuz | DType::F8E8M0 => None,
    }
}

/// The element types that hold every value of that one, the one to be preferred first.
///
/// Sums, differences and products of integers wrap in the narrower type alike, whether they are cut before or after.
pub(crate) fn wider(dtype: DType) -> &'static [DType] {
    match dtype {
        DType::F16 | DType::BF16 => &[DType::F32],
        DType::F32 => &[DType::F64],
        DType::I8 | DType::I16 | DType::U8 | DType::U16 => &[DType::I32, DType::I64],
        DType::I32 => &[DType::I64],
        DType::U32 => &[DType::U64, DType::I64],
        DType::Bool => &[DType::U8, DType::I32],
        DType::F64 | DType::I64 | DType::U64 => &[],
        DType::F8E4M3Fn | DType::F8E4M3Fnuz | DType::F8E5M2 | DType::F8E5M2Fnuz => &[DType::F16, DType::F32],
        DType::F8E8M0 | DType::F4E2M1 => &[DType::F32],
        DType::I4 | DType::I2 => &[DType::I8, DType::I32],
        DType::U4 | DType::U2 => &[DType::U8, DType::I32],
    }
}

/// A type: elements and dimensions.
pub(crate) fn type_proto(ty: &Type) -> TypeProto {
    let dim = |dim: &Dim| match dim {
        Dim::Fixed(n) => Dimension { dim_value: Some(*n as i64), ..Dimension::default() },
        Dim::Sym(name) => Dimension { dim_param: Some(name.to_string()), ..Dimension::default() },
    };
    let shape = TensorShapeProto { dim: ty.shape.0.iter().map(dim).collect() };
    let tensor = TensorTypeProto { elem_type: Some(data_type(ty.dtype) as i32), shape: Some(Box::new(shape)) };
    TypeProto { tensor_type: Some(Box::new(tensor)), ..TypeProto::default() }
}

/// A named tensor, which shares the bytes.
pub(crate) fn tensor_proto(name: String, tensor: &Tensor) -> TensorProto {
    let bytes = match (packed_bits(tensor.dtype()), tensor.bools()) {
        (Some(bits), _) => pack(tensor.bytes(), bits),
        (None, Ok(bools)) => bools.map(u8::from).collect(),
        (None, Err(_)) => tensor.bytes().clone(),
    };
    TensorProto {
        dims: tensor.dims().iter().map(|&n| n as i64).collect(),
        data_type: Some(data_type(tensor.dtype()) as i32),
        name: Some(name),
        raw_data: Some(bytes),
        ..TensorProto::default()
    }
}

/// Codes of so many bits, several in a byte, the first in the lowest bits.
fn pack(codes: &[u8], bits: u32) -> Bytes {
    let per_byte = (8 / bits) as usize;
    let mask = (1u8 << bits) - 1;
    let byte = |codes: &[u8]| codes.iter().rev().fold(0u8, |byte, code| (byte << bits) | (code & mask));
    codes.chunks(per_byte).map(byte).collect()
}
