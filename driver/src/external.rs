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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{ExternalData, ExternalError, Folder};

    fn folder() -> (tempfile::TempDir, Folder) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let model = folder.path().join("model");
        fs::create_dir_all(model.join("data")).expect("the folder is ours");
        fs::write(model.join("data/w.bin"), [0, 1, 2, 3, 4, 5, 6, 7]).expect("the folder is ours");
        fs::write(folder.path().join("secret"), [9; 8]).expect("the folder is ours");
        (folder, Folder(model))
    }

    #[test]
    fn parts_of_files() {
        let (_guard, folder) = folder();
        assert_eq!(folder.read("data/w.bin", 2, Some(3)).expect("it is there")[..], [2, 3, 4]);
        assert_eq!(folder.read("data\\w.bin", 6, None).expect("it is there")[..], [6, 7]);
        assert!(folder.read("data/w.bin", 8, Some(0)).expect("nothing is there").is_empty());
        for (offset, length) in [(0, Some(9)), (9, None), (7, Some(u64::MAX)), (u64::MAX, Some(1))] {
            let error = folder.read("data/w.bin", offset, length).expect_err("it is not there");
            assert!(matches!(error, ExternalError::Range { size: 8, .. }), "{error}");
        }
    }

    #[test]
    fn no_files() {
        let (_guard, folder) = folder();
        for location in ["data", "data/other.bin"] {
            let error = folder.read(location, 0, None).expect_err("it is no file");
            assert!(matches!(error, ExternalError::Read { .. }), "{error}");
        }
        // The frontend refuses such a path before.
        let error = folder.read("../secret", 0, None).expect_err("it is outside");
        assert!(matches!(error, ExternalError::Outside(_)), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn links() {
        use std::os::unix::fs::symlink;
        let (guard, folder) = folder();
        symlink(guard.path().join("secret"), folder.0.join("link")).expect("the folder is ours");
        symlink(guard.path(), folder.0.join("up")).expect("the folder is ours");
        symlink(folder.0.join("data/w.bin"), folder.0.join("inside")).expect("the folder is ours");
        for location in ["link", "up/secret"] {
            let error = folder.read(location, 0, None).expect_err("it leads outside");
            assert!(matches!(error, ExternalError::Outside(_)), "{error}");
        }
        assert_eq!(folder.read("inside", 0, Some(1)).expect("it is there")[..], [0]);
    }
}
