//! Weights in files beside an ONNX model.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use bytes::Bytes;
use firebrick_onnx::{ExternalData, ExternalError};

/// Files below a model's folder. A link that leads out of it is refused, as is anything but a file.
#[derive(Debug, Clone)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl ExternalData for Folder {
    fn read(&self, location: &str, offset: u64, length: Option<u64>) -> Result<Bytes, ExternalError> {
        let failed = |message: String| ExternalError::Read { location: location.to_owned(), message };
        let io = |error: std::io::Error| failed(error.to_string());
        let folder = if self.0.as_os_str().is_empty() { PathBuf::from(".") } else { self.0.clone() };
        let folder = folder.canonicalize().map_err(io)?;
        let path = folder.join(location.replace('\\', "/")).canonicalize().map_err(io)?;
        if !path.starts_with(&folder) {
            return Err(ExternalError::Outside(location.to_owned()));
        }
        if !path.is_file() {
            return Err(failed("it is not a file".to_owned()));
        }
        let mut file = File::open(&path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        let end = length.map_or(Some(size.max(offset)), |length| offset.checked_add(length));
        let end = end.filter(|&end| end <= size).ok_or_else(|| ExternalError::Range {
            location: location.to_owned(),
            offset,
            end: offset.saturating_add(length.unwrap_or(0)),
            size,
        })?;
        // No more than the file has is asked for.
        let mut bytes = vec![0; usize::try_from(end - offset).unwrap_or(usize::MAX)];
        file.seek(SeekFrom::Start(offset)).map_err(io)?;
        file.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes.into())
    }
}
