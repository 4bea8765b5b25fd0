//! Tensors as ONNX stores them.

use bytes::Bytes;
use firebrick_ir::{DType, Tensor};
use firebrick_schemas::onnx::{DataLocation, SparseTensorProto, TensorProto};

use crate::dtype::dtype_of;
use crate::external::{self, ExternalData};
use crate::problem::{At, Problem, ProblemKind};

/// Reads a tensor. Elements that are in `raw_data`, in one run of floats, or in another file are not copied.
pub(crate) fn read(tensor: &TensorProto, files: &dyn ExternalData, at: &At) -> Result<Tensor, Problem> {
    let problem = |message: String, field: &str| {
        Problem::new(ProblemKind::Tensor { name: tensor.name().to_owned(), message }, at.field(field))
    };
    let dims = tensor.dims.iter().map(|&dim| usize::try_from(dim));
    let dims = dims
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| problem(format!("its dimensions are {:?}", tensor.dims), "dims"))?;
    let dtype = dtype_of(i64::from(tensor.data_type())).map_err(|message| problem(message, "data_type"))?;
    if tensor.segment.is_some() {
        return Err(problem("it is one part of a tensor, which is not supported".to_owned(), "segment"));
    }
    let (field, mut bytes) = elements(tensor, dtype, files, at)?;
    if let Some(code) = dtype.code().filter(|code| code.bits() < 8) {
        bytes = unpacked(&bytes, code.bits(), dims.iter().copied().fold(1, usize::saturating_mul));
    }
    Tensor::new(dtype, &dims, bytes).map_err(|error| Problem::tensor(tensor.name(), &error, at.field(field)))
}

/// The elements' bytes, and the field that has them.
fn elements(
    tensor: &TensorProto,
    dtype: DType,
    files: &dyn ExternalData,
    at: &At,
) -> Result<(&'static str, Bytes), Problem> {
    if tensor.data_location() == DataLocation::External {
        let failed = |source| {
            let kind = ProblemKind::External { name: tensor.name().to_owned(), source };
            Problem::new(kind, at.field("external_data"))
        };
        return external::read(tensor, files).map(|bytes| ("external_data", bytes)).map_err(failed);
    }
    if let Some(raw) = &tensor.raw_data {
        return Ok(("raw_data", raw.clone()));
    }
    Ok(match dtype {
        DType::F32 => ("float_data", joined(&tensor.float_data)),
        DType::F64 => ("double_data", joined(&tensor.double_data)),
        DType::I64 => ("int64_data", tensor.int64_data.iter().flat_map(|x| x.to_le_bytes()).collect()),
        DType::U64 => ("uint64_data", tensor.uint64_data.iter().flat_map(|x| x.to_le_bytes()).collect()),
        DType::U32 => ("uint64_data", narrow(tensor, dtype, "uint64_data", tensor.uint64_data.iter().copied(), at)?),
        DType::F16 | DType::BF16 | DType::Bool => ("int32_data", int32_data(tensor, dtype, at)?),
        DType::I8 | DType::I16 | DType::I32 | DType::U8 | DType::U16 => ("int32_data", int32_data(tensor, dtype, at)?),
        DType::F8E4M3Fn | DType::F8E4M3Fnuz | DType::F8E5M2 | DType::F8E5M2Fnuz | DType::F8E8M0 | DType::F4E2M1 => {
            ("int32_data", int32_data(tensor, dtype, at)?)
        }
        DType::I4 | DType::U4 | DType::I2 | DType::U2 => ("int32_data", int32_data(tensor, dtype, at)?),
    })
}

/// The elements of the smaller types: each is a number, or the bits of a float. Those of fewer than 8 bits share one.
fn int32_data(tensor: &TensorProto, dtype: DType, at: &At) -> Result<Bytes, Problem> {
    let signed = matches!(dtype, DType::I8 | DType::I16 | DType::I32);
    // What is signed is extended to 32 bits; of the others the upper bits are 0.
    let element = |&element: &i32| match signed {
        true => i64::from(element) as u64,
        false => u64::from(element.cast_unsigned()),
    };
    narrow(tensor, dtype, "int32_data", tensor.int32_data.iter().map(element), at)
}

/// The lower bytes of elements, whose upper ones must say nothing.
fn narrow(
    tensor: &TensorProto,
    dtype: DType,
    field: &'static str,
    elements: impl ExactSizeIterator<Item = u64>,
    at: &At,
) -> Result<Bytes, Problem> {
    let size = dtype.size();
    let mut bytes = Vec::with_capacity(elements.len().saturating_mul(size));
    let bits = 8 * size as u32;
    for element in elements {
        let signed = matches!(dtype, DType::I8 | DType::I16 | DType::I32);
        let upper = if signed { element.cast_signed() >> (bits - 1) } else { (element >> bits).cast_signed() };
        if upper != 0 && !(signed && upper == -1) {
            let message = format!("it has the element {}, which {dtype} cannot hold", element.cast_signed());
            return Err(Problem::new(ProblemKind::Tensor { name: tensor.name().to_owned(), message }, at.field(field)));
        }
        bytes.extend(&element.to_le_bytes()[..size]);
    }
    Ok(bytes.into())
}

/// Codes of fewer than 8 bits, which a file packs into bytes from the lowest bits on: each in a byte of its own.
fn unpacked(bytes: &Bytes, bits: u32, n_elements: usize) -> Bytes {
    let per_byte = 8 / bits as usize;
    let codes = bytes.iter().flat_map(|&byte| (0..8 / bits).map(move |i| byte >> (i * bits) & ((1u8 << bits) - 1)));
    // A file with too few or too many bytes is to be found out by the caller.
    let expected = n_elements.div_ceil(per_byte);
    if bytes.len() == expected { codes.take(n_elements).collect() } else { codes.collect() }
}

/// Runs of packed numbers one behind the other: the only one as it is.
fn joined(chunks: &[Bytes]) -> Bytes {
    match chunks {
        [only] => only.clone(),
        several => several.concat().into(),
    }
}

/// Reads a tensor of which only some elements are stored, and makes it a whole one: the others are 0.
pub(crate) fn read_sparse(sparse: &SparseTensorProto, files: &dyn ExternalData, at: &At) -> Result<Tensor, Problem> {
    let name = sparse.values.as_deref().map_or("", |values| values.name());
    let problem = |message: String| Problem::new(ProblemKind::Tensor { name: name.to_owned(), message }, at.clone());
    let part = |part: Option<&TensorProto>, field: &str| match part {
        Some(tensor) => read(tensor, files, &at.field(field)),
        None => Err(problem(format!("it has no `{field}`"))),
    };
    let (values, indices) = (part(sparse.values.as_deref(), "values")?, part(sparse.indices.as_deref(), "indices")?);
    let dims = sparse.dims.iter().map(|&dim| usize::try_from(dim)).collect::<Result<Vec<_>, _>>();
    let dims = dims.map_err(|_| problem(format!("its dimensions are {:?}", sparse.dims)))?;
    let size = values.dtype().size();
    let limit = values.bytes().len().saturating_mul(MAX_SPARSENESS).clamp(MIN_SPARSE, MAX_SPARSE);
    let n_bytes = dims.iter().try_fold(size, |n, &dim| n.checked_mul(dim)).filter(|&n| n <= limit);
    let n_bytes = n_bytes.ok_or_else(|| problem(format!("as a whole tensor it has more than {limit} bytes")))?;
    let mut bytes = vec![0; n_bytes];
    for (position, element) in
        positions(&indices, &dims, values.len()).map_err(problem)?.zip(values.bytes().chunks(size))
    {
        let place = position.and_then(|at| bytes.get_mut(at.checked_mul(size)?..)?.get_mut(..size));
        place.ok_or_else(|| problem("it has an index that is out of bounds".to_owned()))?.copy_from_slice(element);
    }
    Tensor::new(values.dtype(), &dims, bytes.into()).map_err(|error| Problem::tensor(name, &error, at.clone()))
}

/// Bytes that a sparse tensor may take as a whole one for each byte of its elements.
const MAX_SPARSENESS: usize = 1000;

/// Bytes that any may take.
const MIN_SPARSE: usize = 1 << 24;

/// Bytes that none may take more than.
const MAX_SPARSE: usize = 1 << 28;

/// Where in the row-major tensor each of `n` values belongs: `indices` are positions, or a row of coordinates each.
fn positions(indices: &Tensor, dims: &[usize], n: usize) -> Result<impl Iterator<Item = Option<usize>>, String> {
    let elements = indices.values::<i64>().map_err(|error| error.to_string())?.into_owned();
    let width = match indices.dims() {
        [rows] if *rows == n => None,
        [rows, width] if *rows == n && *width == dims.len() && *width > 0 => Some(*width),
        found => return Err(format!("it has indices of shape {found:?} for {n} values of {} dimensions", dims.len())),
    };
    let dims = dims.to_vec();
    let rows = elements.chunks(width.unwrap_or(1)).map(<[i64]>::to_vec).collect::<Vec<_>>();
    Ok(rows.into_iter().map(move |row| {
        if width.is_none() {
            return row.first().and_then(|&at| usize::try_from(at).ok());
        }
        row.iter().zip(&dims).try_fold(0usize, |position, (&at, &dim)| {
            let at = usize::try_from(at).ok().filter(|&at| at < dim)?;
            position.checked_mul(dim)?.checked_add(at)
        })
    }))
}
