//! A model's files: what each of them is, and the Caffe net that they make together.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use firebrick_caffe::{Definition, Imported, Options, Weights};
use firebrick_diagnostics::{Diagnostic, Place, Report};
use firebrick_schemas::{Content, sniff};

use crate::{Error, OpenOptions, read_file};

/// A file as it was read.
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
    pub(crate) content: Content,
}

impl File {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let file = File::new(path.display().to_string(), read_file(path)?);
        Ok(File { path: path.to_owned(), ..file })
    }

    /// A file in memory.
    pub(crate) fn new(name: String, bytes: Bytes) -> Self {
        File { path: PathBuf::from(&name), content: sniff(&bytes), name, bytes }
    }

    /// Whether it is named as Deep Compression's files are.
    fn is_named_compressed(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("net"))
    }
}

/// The net that files make, told apart by their content: a prototxt, a caffemodel or both; or a prototxt and a Deep
/// Compression file.
pub(crate) fn caffe_net(files: &[File], options: &OpenOptions) -> Result<Imported, Error> {
    let options = Options::from(options);
    let (definition, weights) = match compressed(files, &options)? {
        Some((definition, file)) => {
            let weights = match options.random_weights {
                Some(_) => None,
                None => Some(Weights::decompress(&file.name, &file.bytes, &definition, &options)?),
            };
            (definition, weights)
        }
        None => read(files)?,
    };
    let weights = weights.filter(|_| options.random_weights.is_none());
    Ok(firebrick_caffe::import(&definition, weights.as_ref(), &options)?)
}

fn read(files: &[File]) -> Result<(Definition, Option<Weights>), Error> {
    check_contents(files)?;
    let (texts, binaries): (Vec<&File>, Vec<&File>) = files.iter().partition(|file| file.content == Content::Text);
    Ok(match (&texts[..], &binaries[..]) {
        ([text], []) => (Definition::read_text(&text.name, &text.bytes)?, None),
        ([text], [binary]) if binary.content == Content::CaffeNet => {
            let definition = Definition::read_text(&text.name, &text.bytes)?;
            (definition, Some(Weights::read(&binary.name, binary.bytes.clone())?))
        }
        ([], [binary]) => (Definition::read_binary(&binary.name, binary.bytes.clone())?, None),
        ([], []) => return Err(Error::Files("no model file was given".to_owned())),
        (_, _) => return Err(Error::Files(too_many(files))),
    })
}

/// The Deep Compression file among two, and the definition that the other is. It has no signature: it is one if the counts
/// that it begins with and its length are those of the net's layers, or if it is named `.net` and nothing else that is
/// known.
fn compressed<'f>(files: &'f [File], options: &Options) -> Result<Option<(Definition, &'f File)>, Error> {
    let [first, second] = files else { return Ok(None) };
    let is_weights = |file: &File| file.is_named_compressed() || file.content != Content::Text;
    let (text, weights) = match (is_weights(first), is_weights(second)) {
        (false, true) => (first, second),
        (true, false) => (second, first),
        (true, true) | (false, false) => return Ok(None),
    };
    let is_caffemodel = weights.content == Content::CaffeNet;
    if text.content != Content::Text || is_caffemodel && !weights.is_named_compressed() {
        return Ok(None);
    }
    let definition = Definition::read_text(&text.name, &text.bytes)?;
    let is_compressed = Weights::is_compressed(&weights.bytes, &definition, options)
        || weights.is_named_compressed() && matches!(weights.content, Content::Unknown | Content::Text);
    Ok(is_compressed.then_some((definition, weights)))
}

/// Models; anything else is refused with what it seems to be.
pub(crate) fn check_contents(files: &[File]) -> Result<(), Error> {
    match Report::from_vec(files.iter().filter_map(refusal).collect()) {
        Some(report) => Err(report.into()),
        None => Ok(()),
    }
}

fn refusal(file: &File) -> Option<Diagnostic> {
    let help = match file.content {
        Content::Text | Content::CaffeNet | Content::Onnx => return None,
        Content::CaffeBlob => "a mean image is given by `--mean`",
        Content::Unknown if file.is_named_compressed() => {
            "a Deep Compression file needs the prototxt of its net beside it"
        }
        Content::Empty
        | Content::Html
        | Content::GitLfsPointer
        | Content::Gzip
        | Content::Zip
        | Content::Tar
        | Content::Hdf5
        | Content::Png
        | Content::Jpeg
        | Content::Utf16
        | Content::Unknown => "a model is an ONNX file, or a prototxt, a caffemodel, or both of these",
    };
    let message = format!("this is not a model. {}", file.content.sentence().trim_end_matches('.'));
    Some(Diagnostic::error(message).at(Place::file(file.name.as_str())).help(help))
}

/// Files that do not make one model.
fn too_many(files: &[File]) -> String {
    let kinds = [(Content::Text, "prototxts"), (Content::CaffeNet, "caffemodels"), (Content::Onnx, "ONNX files")];
    let all_of = |content: Content| files.iter().all(|file| file.content == content);
    let kind = kinds.iter().find(|(content, _)| all_of(*content)).map_or("models", |(_, kind)| kind);
    let names = files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", ");
    let n_files = files.len();
    format!(
        "a model is one ONNX file, one prototxt, one caffemodel, or one of each of these two, but these are {n_files} {kind}: {names}"
    )
}
