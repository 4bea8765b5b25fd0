//! Element types as ONNX numbers them.

use firebrick_ir::DType;
use firebrick_schemas::onnx::DataType;

/// The element types that both have; the one list.
const BOTH: &[(DataType, DType)] = &[
    (DataType::Float, DType::F32),
    (DataType::Double, DType::F64),
    (DataType::Float16, DType::F16),
    (DataType::BFloat16, DType::BF16),
    (DataType::Int8, DType::I8),
    (DataType::Int16, DType::I16),
    (DataType::Int32, DType::I32),
    (DataType::Int64, DType::I64),
    (DataType::Uint8, DType::U8),
    (DataType::Uint16, DType::U16),
    (DataType::Uint32, DType::U32),
    (DataType::Uint64, DType::U64),
    (DataType::Bool, DType::Bool),
    (DataType::Float8E4M3Fn, DType::F8E4M3Fn),
    (DataType::Float8E4M3Fnuz, DType::F8E4M3Fnuz),
    (DataType::Float8E5M2, DType::F8E5M2),
    (DataType::Float8E5M2Fnuz, DType::F8E5M2Fnuz),
    (DataType::Float8E8M0, DType::F8E8M0),
    (DataType::Float4E2M1, DType::F4E2M1),
    (DataType::Int4, DType::I4),
    (DataType::Uint4, DType::U4),
    (DataType::Int2, DType::I2),
    (DataType::Uint2, DType::U2),
];

/// The graph's element type for one of ONNX's, if it has it.
pub(crate) fn dtype(data_type: DataType) -> Option<DType> {
    BOTH.iter().find(|(onnx, _)| *onnx == data_type).map(|(_, ours)| *ours)
}

/// The graph's element type for a number that a file has in `data_type`, `elem_type` or `to`.
///
/// # Errors
/// In words, if the number is none of ONNX's or the graph has no such elements.
pub(crate) fn dtype_of(number: i64) -> Result<DType, String> {
    let known = i32::try_from(number).ok().and_then(|number| DataType::try_from(number).ok());
    let Some(data_type) = known.filter(|&known| known != DataType::Undefined) else {
        return Err(format!("{number} is no element type of ONNX"));
    };
    dtype(data_type).ok_or_else(|| format!("elements of type {} are not supported", data_type.as_str()))
}
