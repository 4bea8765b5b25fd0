//! Weights in files beside the model.

use bytes::Bytes;
use firebrick_schemas::onnx::TensorProto;
use thiserror::Error;

/// Why a tensor's elements can't be had from another file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExternalError {
    /// No file is named.
    #[error("its elements are in another file, but the model does not say in which (`location`)")]
    NoLocation,
    /// A key that is not a number, or that means nothing.
    #[error("its external data has `{key}` with the value `{value}`")]
    Entry {
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
    /// A path that leads out of the model's folder.
    #[error("its external data `{0}` is not a path below the model's folder")]
    Outside(String),
    /// A file that can't be read.
    #[error("cannot read its external data `{location}`: {message}")]
    Read {
        /// The file.
        location: String,
        /// What the system says.
        message: String,
    },
    /// More than there is.
    #[error("its external data are bytes {offset} to {end} of `{location}`, which has {size}")]
    Range {
        /// The file.
        location: String,
        /// Where they begin.
        offset: u64,
        /// Where they end.
        end: u64,
        /// The file's size.
        size: u64,
    },
}

/// What reads files beside the model. Paths are relative, and without `..`; whether links lead out of the folder is
/// for the implementation to check.
pub trait ExternalData {
    /// `length` bytes of a file, or all that follow `offset`.
    ///
    /// # Errors
    /// If there is no such file, it leads out of the model's folder, or has less.
    fn read(&self, location: &str, offset: u64, length: Option<u64>) -> Result<Bytes, ExternalError>;
}

/// A model in memory, which has no folder.
#[derive(Debug, Clone, Copy)]
pub struct NoExternalData;

impl ExternalData for NoExternalData {
    fn read(&self, location: &str, _: u64, _: Option<u64>) -> Result<Bytes, ExternalError> {
        let message = "the model was not opened from a file, so there is no folder to look in".to_owned();
        Err(ExternalError::Read { location: location.to_owned(), message })
    }
}

/// The bytes of a tensor that are in another file.
pub(crate) fn read(tensor: &TensorProto, files: &dyn ExternalData) -> Result<Bytes, ExternalError> {
    let (mut location, mut offset, mut length) = (None, 0, None);
    for entry in &tensor.external_data {
        let (key, value) = (entry.key(), entry.value());
        let number = || {
            let wrong = |_| ExternalError::Entry { key: key.to_owned(), value: value.to_owned() };
            value.parse::<u64>().map_err(wrong)
        };
        match key {
            "location" => location = Some(value),
            "offset" => offset = number()?,
            "length" => length = Some(number()?),
            "checksum" | "basepath" => (), // of the file as a whole; where its writer had it
            _ => return Err(ExternalError::Entry { key: key.to_owned(), value: value.to_owned() }),
        }
    }
    let location = location.ok_or(ExternalError::NoLocation)?;
    if !is_below(location) {
        return Err(ExternalError::Outside(location.to_owned()));
    }
    files.read(location, offset, length)
}

/// Whether a path, in the way of any system, stays below the folder that it is relative to.
fn is_below(location: &str) -> bool {
    let parts: Vec<&str> = location.split(['/', '\\']).collect();
    let drive = parts[0].contains(':');
    let named = parts.iter().any(|part| !part.is_empty() && *part != ".");
    !location.contains('\0') && !drive && !parts[0].is_empty() && named && !parts.contains(&"..")
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn paths() {
        for path in ["weights.bin", "data/w.bin", "./w.bin", "a..b", "data\\w.bin"] {
            assert!(is_below(path), "{path}");
        }
        for path in ["", ".", "..", "../w", "a/../../w", "/etc/passwd", "\\w", "C:\\w", "C:w", "a\\..\\..\\w", "a\0b"] {
            assert!(!is_below(path), "{path}");
        }
    }
}
