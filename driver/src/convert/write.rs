//! A converted model on its way to the disk.

use std::io::{self, Write};
use std::path::Path;

use firebrick_diagnostics::Diagnostic;
use firebrick_onnx_writer::{Exported, ExternalChunk};

use super::Summary;
use crate::files::Staged;
use crate::{Comparison, Error};

/// A converted model, checked and not yet written.
#[derive(Debug, Clone)]
pub struct Conversion {
    pub(super) exported: Exported,
    pub(super) summary: Summary,
    pub(super) comparison: Option<Comparison>,
    pub(super) notes: Vec<Diagnostic>,
}

impl Conversion {
    /// It in numbers.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// How far it is from its source, if it was run against it.
    pub fn comparison(&self) -> Option<&Comparison> {
        self.comparison.as_ref()
    }

    /// What was assumed or left as it was.
    pub fn notes(&self) -> &[Diagnostic] {
        &self.notes
    }

    /// The name of the file of weights that is written beside the model, if there is one.
    pub fn data_file(&self, path: &Path) -> Option<String> {
        (!self.exported.data.is_empty()).then(|| data_file(path))
    }

    /// The model's file in memory.
    pub fn encode(&self) -> Vec<u8> {
        self.exported.encode()
    }

    /// Writes the model, and its weights beside it if they don't fit in: all of it under temporary names first.
    ///
    /// # Errors
    /// If the system can't. What was there before is left then.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let model = Staged::write(path, |file| file.write_all(&self.encode()))?;
        let data = self
            .data_file(path)
            .map(|name| Staged::write(&path.with_file_name(name), |file| write_chunks(file, &self.exported.data)));
        if let Some(data) = data.transpose()? {
            data.publish()?;
        }
        model.publish()
    }
}

/// The name of the file of weights beside a model.
pub(super) fn data_file(path: &Path) -> String {
    format!("{}.data", path.file_name().unwrap_or_default().to_string_lossy())
}

fn write_chunks(file: &mut dyn Write, chunks: &[ExternalChunk]) -> io::Result<()> {
    let mut at = 0u64;
    for chunk in chunks {
        for _ in at..chunk.offset {
            file.write_all(&[0])?;
        }
        file.write_all(&chunk.bytes)?;
        at = chunk.offset + chunk.bytes.len() as u64;
    }
    Ok(())
}
