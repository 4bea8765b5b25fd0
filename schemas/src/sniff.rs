//! Tells what a file is from its first bytes: names lie, and what is downloaded is often not a model.

use crate::wire;

/// What a file seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// Text that may be a prototxt.
    Text,
    /// A binary Caffe net: a caffemodel.
    CaffeNet,
    /// A binary Caffe blob: a mean image.
    CaffeBlob,
    /// An ONNX model.
    Onnx,
    /// Nothing.
    Empty,
    /// A web page.
    Html,
    /// What Git has in place of a large file.
    GitLfsPointer,
    /// A gzip archive.
    Gzip,
    /// A zip archive, such as a newer PyTorch file.
    Zip,
    /// A tar archive.
    Tar,
    /// An HDF5 file: Caffe's other format of weights, or Keras's.
    Hdf5,
    /// A PNG image.
    Png,
    /// A JPEG image.
    Jpeg,
    /// Text in UTF-16.
    Utf16,
    /// None of these.
    Unknown,
}

impl Content {
    /// What the file seems to be and, if it is no model, what to do about it: one or two sentences.
    pub fn sentence(self) -> &'static str {
        match self {
            Content::Text => "The file is text.",
            Content::CaffeNet => "The file is a binary Caffe net (a caffemodel).",
            Content::CaffeBlob => "The file is a binary Caffe blob, such as a mean image.",
            Content::Onnx => "The file is an ONNX model.",
            Content::Empty => "The file is empty. Download or write it again.",
            Content::Html => "The file is a web page. Download the file itself, such as by the page's \"raw\" link.",
            Content::GitLfsPointer => {
                "The file is a Git LFS pointer, not the file it stands for. Run `git lfs pull` where it came from."
            }
            Content::Gzip => "The file is a gzip archive. Unpack it with `gunzip` or `tar -xzf`.",
            Content::Zip => "The file is a zip archive (PyTorch's files are, too). Unpack or convert it.",
            Content::Tar => "The file is a tar archive. Unpack it with `tar -xf`.",
            Content::Hdf5 => {
                "The file is in HDF5 format. Save the weights as a binary caffemodel: `net.save` in pycaffe."
            }
            Content::Png => "The file is a PNG image.",
            Content::Jpeg => "The file is a JPEG image.",
            Content::Utf16 => "The file is text in UTF-16. Save it as UTF-8.",
            Content::Unknown => {
                "The file is of no format that is known here. It may be damaged, encrypted or of another framework."
            }
        }
    }
}

/// Guesses what a file is. Text and binary messages have no signature, so the guess may be wrong for other files that look alike.
pub fn sniff(bytes: &[u8]) -> Content {
    if bytes.is_empty() {
        return Content::Empty;
    }
    if let Some((_, content)) = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)) {
        return *content;
    }
    if bytes.get(TAR_AT..).is_some_and(|rest| rest.starts_with(b"ustar")) {
        return Content::Tar;
    }
    let start = trim_start(bytes);
    let begins =
        |prefix: &str| start.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()));
    if ["<!doctype html", "<html", "<head", "<body", "<?xml"].into_iter().any(begins) {
        return Content::Html;
    }
    if begins("version https://git-lfs") {
        return Content::GitLfsPointer;
    }
    if start.is_empty() {
        return Content::Empty;
    }
    if looks_like_text(bytes) { Content::Text } else { binary(bytes) }
}

const SIGNATURES: &[(&[u8], Content)] = &[
    (b"\x1f\x8b", Content::Gzip),
    (b"PK\x03\x04", Content::Zip),
    (b"\x89HDF\r\n\x1a\n", Content::Hdf5),
    (b"\x89PNG\r\n\x1a\n", Content::Png),
    (b"\xff\xd8\xff", Content::Jpeg),
    (b"\xff\xfe", Content::Utf16),
    (b"\xfe\xff", Content::Utf16),
];

/// Where a tar archive has its signature.
const TAR_AT: usize = 257;

fn trim_start(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

/// Text has no control characters but white space. Its encoding is not looked at: comments in old prototxts may be in any.
fn looks_like_text(bytes: &[u8]) -> bool {
    const ENOUGH: usize = 4096;
    bytes
        .iter()
        .take(ENOUGH)
        .all(|byte| *byte >= b' ' && *byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c))
}

fn binary(bytes: &[u8]) -> Content {
    const ENOUGH: usize = 64;
    const VARINT: u8 = 0;
    const FIXED32: u8 = 5;
    const BYTES: u8 = 2;
    let outline = wire::outline(bytes, ENOUGH);
    let all_of = |known: &[(u32, u8)]| !outline.is_empty() && outline.iter().all(|record| known.contains(record));
    // name, layers, input, input_dim, force_backward, state, debug_info, input_shape, layer
    let net = [
        (1, BYTES),
        (2, BYTES),
        (3, BYTES),
        (4, VARINT),
        (4, BYTES),
        (5, VARINT),
        (6, BYTES),
        (7, VARINT),
        (8, BYTES),
        (100, BYTES),
    ];
    // num, channels, height, width, data, diff, shape, double_data, double_diff
    let blob = [
        (1, VARINT),
        (2, VARINT),
        (3, VARINT),
        (4, VARINT),
        (5, BYTES),
        (5, FIXED32),
        (6, BYTES),
        (6, FIXED32),
        (7, BYTES),
        (8, BYTES),
        (9, BYTES),
    ];
    if all_of(&net) {
        Content::CaffeNet
    } else if all_of(&blob) && !(outline.contains(&(1, VARINT)) && outline.contains(&(7, BYTES))) {
        // No blob has both its old dimensions and its shape, while an ONNX model has a version and a graph.
        Content::CaffeBlob
    } else if outline.contains(&(1, VARINT)) && outline.contains(&(7, BYTES)) && outline.contains(&(8, BYTES)) {
        Content::Onnx
    } else if outline.first() == Some(&(1, VARINT)) && outline.get(1) == Some(&(2, BYTES)) {
        // An ONNX model that was cut off: ir_version and producer_name.
        Content::Onnx
    } else {
        Content::Unknown
    }
}
