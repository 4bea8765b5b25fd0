//! NumPy's `.npy` files.

use std::path::Path;

use firebrick_ir::ops::Cast;
use firebrick_ir::{DType, Element, Op, Tensor};
use ndarray::{ArrayViewD, IxDyn};
use ndarray_npy::{ViewElement, ViewNpyError, ViewNpyExt, WritableElement, WriteNpyExt};

use crate::{Error, read_file, write_file};

/// Reads an array of numbers, as the file has them.
///
/// # Errors
/// If the file can't be read, is no npy file, or its elements are no numbers.
pub fn read(path: impl AsRef<Path>) -> Result<Tensor, Error> {
    let path = path.as_ref();
    let bytes = read_file(path)?;
    // Views need the elements' alignment, which a copy into 8-byte words has; the header is a multiple of 16 long.
    let mut words = vec![0u64; bytes.len().div_ceil(8)];
    let aligned = bytemuck::cast_slice_mut::<u64, u8>(&mut words);
    aligned[..bytes.len()].copy_from_slice(&bytes);
    decode(&aligned[..bytes.len()]).map_err(|message| Error::content(path, message))
}

/// Reads an array of numbers as f32.
///
/// # Errors
/// As [`read`].
pub fn read_f32(path: impl AsRef<Path>) -> Result<Tensor, Error> {
    let path = path.as_ref();
    let tensor = read(path)?;
    let mut cast = Op::from(Cast::to(DType::F32)).eval(&[&tensor]).map_err(|e| Error::content(path, e.to_string()))?;
    Ok(cast.pop().unwrap_or(tensor))
}

/// Tries the types of numbers one after another: a view checks its type, and that the data are all there, before it
/// reads any.
fn decode(bytes: &[u8]) -> Result<Tensor, String> {
    check_nesting(bytes)?;
    let readers = [
        view::<f32>(bytes),
        view::<f64>(bytes),
        view::<u8>(bytes),
        view::<i8>(bytes),
        view::<u16>(bytes),
        view::<i16>(bytes),
        view::<u32>(bytes),
        view::<i32>(bytes),
        view::<u64>(bytes),
        view::<i64>(bytes),
    ];
    let found = readers.into_iter().find_map(|attempt| match attempt {
        Err(ViewNpyError::WrongDescriptor(_)) => None,
        Err(error) => Some(Err(format!("not a usable npy file: {error}"))),
        Ok(tensor) => Some(tensor),
    });
    found.unwrap_or_else(|| Err("the elements of this npy file are no numbers that a tensor can have".to_owned()))
}

/// Refuses a header that is nested deeper than a shape in a dict, which the parser behind it follows by recursion.
fn check_nesting(bytes: &[u8]) -> Result<(), String> {
    const DEEPEST: usize = 8;
    // Behind the magic and the version, 2 bytes (version 1) or 4 say how long the header is.
    let length = match bytes.get(6) {
        Some(1) => bytes.get(8..10).map(|b| usize::from(b[0]) | usize::from(b[1]) << 8),
        Some(_) | None => bytes.get(8..12).and_then(|b| b.try_into().ok()).map(|b| u32::from_le_bytes(b) as usize),
    };
    let header = bytes.get(8..).unwrap_or_default();
    let header = header.get(..length.unwrap_or(0).saturating_add(4)).unwrap_or(header);
    let opening = header.iter().filter(|byte| b"([{".contains(byte)).count();
    if opening > DEEPEST { Err("not a usable npy file: its header is nested too deeply".to_owned()) } else { Ok(()) }
}

fn view<T: ViewElement + Element>(bytes: &[u8]) -> Result<Result<Tensor, String>, ViewNpyError> {
    let array = ArrayViewD::<T>::view_npy(bytes)?;
    let values = array.iter().copied().collect();
    Ok(Tensor::from_vec(array.shape(), values).map_err(|error| error.to_string()))
}

/// Writes a tensor. Elements that NumPy has no type for become f32, i8 or u8, which hold them all.
///
/// # Errors
/// If the file can't be written.
pub fn write(path: impl AsRef<Path>, tensor: &Tensor) -> Result<(), Error> {
    let path = path.as_ref();
    match tensor.dtype() {
        DType::F32 => write_as::<f32>(path, tensor),
        DType::F64 => write_as::<f64>(path, tensor),
        DType::I8 => write_as::<i8>(path, tensor),
        DType::I16 => write_as::<i16>(path, tensor),
        DType::I32 => write_as::<i32>(path, tensor),
        DType::I64 => write_as::<i64>(path, tensor),
        DType::U8 => write_as::<u8>(path, tensor),
        DType::U16 => write_as::<u16>(path, tensor),
        DType::U32 => write_as::<u32>(path, tensor),
        DType::U64 => write_as::<u64>(path, tensor),
        DType::Bool => {
            let bools: Vec<bool> = tensor.bools().map_err(|error| Error::content(path, error.to_string()))?.collect();
            write_values(path, tensor.dims(), &bools)
        }
        DType::F16 | DType::BF16 | DType::F8E4M3Fn | DType::F8E4M3Fnuz => write_as::<f32>(path, tensor),
        DType::F8E5M2 | DType::F8E5M2Fnuz | DType::F8E8M0 | DType::F4E2M1 => write_as::<f32>(path, tensor),
        DType::I4 | DType::I2 => write_as::<i8>(path, tensor),
        DType::U4 | DType::U2 => write_as::<u8>(path, tensor),
    }
}

/// Writes a tensor's elements as `T`.
fn write_as<T: Element + WritableElement>(path: &Path, tensor: &Tensor) -> Result<(), Error> {
    let error = |error: String| Error::content(path, error);
    let converted = Op::from(Cast::to(T::DTYPE)).eval(&[tensor]).map_err(|e| error(e.to_string()))?;
    let values = converted[0].values::<T>().map_err(|e| error(e.to_string()))?;
    write_values(path, tensor.dims(), &values)
}

fn write_values<U: WritableElement>(path: &Path, dims: &[usize], values: &[U]) -> Result<(), Error> {
    let array = ArrayViewD::from_shape(IxDyn(dims), values).map_err(|error| Error::content(path, error.to_string()))?;
    write_file(path, |writer| array.write_npy(writer).map_err(std::io::Error::other))
}
