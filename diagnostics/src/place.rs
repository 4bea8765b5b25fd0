//! Places in files.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::excerpt::Excerpt;

/// A text file. Clones share the text.
#[derive(Clone)]
pub struct SourceText {
    /// The file's name, as it is to be printed.
    pub name: Arc<str>,
    /// What is in it.
    pub text: Arc<str>,
}

impl SourceText {
    /// A text with a name.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceText({:?}, {} bytes)", self.name, self.text.len())
    }
}

/// Where something is. `Display` is short: `net.prototxt:3:5`, `net.caffemodel: layer[3].blobs[0] (byte 1234)`.
#[derive(Clone, Debug)]
pub enum Place {
    /// A piece of a text file.
    Text {
        /// The file.
        source: SourceText,
        /// Where in the text, in bytes.
        span: Range<usize>,
    },
    /// A field of a protobuf file.
    Field {
        /// The file's name.
        file: String,
        /// The field, such as `layer[3].blobs[0]`; empty for the file as a whole.
        path: String,
        /// Where in the file, in bytes.
        offset: Option<u64>,
    },
    /// A file as a whole.
    File {
        /// The file's name.
        file: String,
    },
}

impl Place {
    /// A piece of a text file.
    pub fn text(source: &SourceText, span: Range<usize>) -> Self {
        Self::Text { source: source.clone(), span }
    }

    /// A field of a protobuf file.
    pub fn field(file: impl Into<String>, path: impl fmt::Display, offset: Option<u64>) -> Self {
        Self::Field { file: file.into(), path: path.to_string(), offset }
    }

    /// A file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Self::File { file: file.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Text { source, span } => {
                let excerpt = Excerpt::new(&source.text, span.clone());
                write!(f, "{}:{}:{}", source.name, excerpt.line, excerpt.column)
            }
            Place::Field { file, path, offset } => {
                f.write_str(file)?;
                if !path.is_empty() {
                    write!(f, ": {path}")?;
                }
                match offset {
                    Some(offset) => write!(f, " (byte {offset})"),
                    None => Ok(()),
                }
            }
            Place::File { file } => f.write_str(file),
        }
    }
}
