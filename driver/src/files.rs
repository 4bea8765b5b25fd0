//! Files: read whole, written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tempfile::NamedTempFile;

use crate::Error;

/// Reads a file.
///
/// # Errors
/// If the system can't.
pub fn read_file(path: impl AsRef<Path>) -> Result<Bytes, Error> {
    let path = path.as_ref();
    let failed = |source| Error::Io { action: "read", path: path.to_owned(), source };
    fs::read(path).map(Bytes::from).map_err(failed)
}

/// Writes a file: to a temporary one beside it, which then takes its name. A failure leaves what was there before.
///
/// # Errors
/// If the system can't, or `write` fails.
pub fn write_file(path: impl AsRef<Path>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    Staged::write(path.as_ref(), write)?.publish()
}

/// A file that was written whole under a temporary name. Several are written first, and take their names together.
pub(crate) struct Staged {
    path: PathBuf,
    file: NamedTempFile,
}

impl Staged {
    /// Writes a file beside where it is to be.
    pub(crate) fn write(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Self, Error> {
        let failed = |source| Error::Io { action: "write", path: path.to_owned(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = tempfile::Builder::new().prefix(".firebrick-").tempfile_in(folder).map_err(failed)?;
        let mut buffered = io::BufWriter::new(file.as_file_mut());
        write(&mut buffered).and_then(|()| buffered.flush()).map_err(failed)?;
        drop(buffered);
        allow_reading(file.as_file()).map_err(failed)?;
        Ok(Staged { path: path.to_owned(), file })
    }

    /// Gives it its name.
    pub(crate) fn publish(self) -> Result<(), Error> {
        let Staged { path, file } = self;
        file.persist(&path).map_err(|error| Error::Io { action: "write", path, source: error.error })?;
        Ok(())
    }
}

/// Temporary files are their owner's alone; results are files like any other.
#[cfg(unix)]
fn allow_reading(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn allow_reading(_: &fs::File) -> io::Result<()> {
    Ok(())
}
