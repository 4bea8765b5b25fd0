//! NumPy's files, in which other engines' results are kept.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use firebrick::ir::Tensor;
use ndarray::{ArrayD, OwnedRepr};
use ndarray_npy::{NpzReader, ReadNpzError, ReadableElement};

/// Arrays by name.
pub type Arrays = BTreeMap<String, Tensor>;

/// Reads an archive of f32 and u8 arrays; bytes become f32.
///
/// # Panics
/// If the file can't be read: a fault of the test's data, not of what it tests.
pub fn npz(path: &Path) -> Arrays {
    let fail = |error: &dyn std::fmt::Display| -> ! { panic!("{}: {error}", path.display()) };
    let file = File::open(path).unwrap_or_else(|error| fail(&error));
    let mut archive = NpzReader::new(file).unwrap_or_else(|error| fail(&error));
    let names = archive.names().unwrap_or_else(|error| fail(&error));
    let mut read = |name: String| {
        let floats = array(&mut archive, &name, |x: f32| x);
        let values = floats.or_else(|_| array(&mut archive, &name, |x: u8| f32::from(x)));
        let values = values.or_else(|_| array(&mut archive, &name, |x: i8| f32::from(x)));
        let (dims, values) = values.unwrap_or_else(|error| fail(&error));
        (name, tensor(&dims, values))
    };
    names.into_iter().map(&mut read).collect()
}

fn array<T: ReadableElement + Copy, R: Read + Seek>(
    archive: &mut NpzReader<R>,
    name: &str,
    to_f32: impl Fn(T) -> f32,
) -> Result<(Vec<usize>, Vec<f32>), ReadNpzError> {
    let array: ArrayD<T> = archive.by_name::<OwnedRepr<T>, _>(name)?;
    Ok((array.shape().to_vec(), array.iter().map(|&x| to_f32(x)).collect()))
}

/// Reads an array of numbers as f32.
///
/// # Panics
/// As [`npz`].
pub fn npy(path: &Path) -> Tensor {
    firebrick::npy::read_f32(path).unwrap_or_else(|error| panic!("{error}"))
}

/// A tensor of f32.
///
/// # Panics
/// If there are not as many values as the dimensions say.
pub fn tensor(dims: &[usize], values: Vec<f32>) -> Tensor {
    Tensor::from_vec(dims, values).unwrap_or_else(|error| panic!("{error}"))
}
