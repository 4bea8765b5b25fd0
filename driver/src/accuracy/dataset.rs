//! Images whose classes are known.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use firebrick_diagnostics::{Diagnostic, Place, Report, SourceText};

use crate::{Error, read_file};

/// Images with the class of each, as a file lists them.
#[derive(Debug, Clone)]
pub struct Dataset {
    items: Vec<LabelledImage>,
    source: SourceText,
}

/// An image and its class.
#[derive(Debug, Clone)]
pub struct LabelledImage {
    /// The file as the list names it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The index of its class.
    pub class: usize,
    /// Its line of the list.
    line: Range<usize>,
}

impl Dataset {
    /// Reads a list of images below a folder. A line is an image: the file, its path relative to the folder; a tab; the
    /// index of its class, from 0 on; further columns, behind more tabs, are for people. A first line whose first column
    /// is `file` is a heading. Lines without tabs are `FILE CLASS`, as Caffe's lists of images are. `n_classes` is how many
    /// classes the model tells apart, if that is known.
    ///
    /// # Errors
    /// If the folder is none, or the list can't be read or is empty; and all lines that are no such line, name an image
    /// that is not there or that a line before has named, or a class that the model does not have.
    pub fn read(folder: &Path, labels: &Path, n_classes: Option<usize>) -> Result<Self, Error> {
        if !folder.is_dir() {
            return Err(Error::content(folder, "this is no folder; the images are looked for in one"));
        }
        let bytes = read_file(labels)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Error::content(labels, "a list of images with their classes is UTF-8 text"))?;
        let source = SourceText::new(labels.display().to_string(), text);
        let (items, mut faults) = read_lines(folder, &source);
        let found = items.iter().any(|item| item.path.is_file());
        if !items.is_empty() && !found {
            let (n, first) = (items.len(), &items[0].name);
            let message = format!("none of the {n} images that are listed is in this folder; the first is `{first}`");
            return Err(Error::content(folder, message));
        }
        let missing = items.iter().filter(|item| !item.path.is_file());
        let no_image = |item: &LabelledImage| format!("there is no image `{}`", item.path.display());
        faults.extend(missing.map(|item| (item.line.start, at(&source, item, no_image(item)))));
        if let Some(n_classes) = n_classes {
            let beyond = items.iter().filter(|item| item.class >= n_classes);
            let no_class = |item: &LabelledImage| at(&source, item, no_class(item.class, n_classes));
            faults.extend(beyond.map(|item| (item.line.start, no_class(item))));
        }
        faults.sort_by_key(|&(start, _)| start);
        match Report::from_vec(faults.into_iter().map(|(_, fault)| fault).collect()) {
            Some(report) => Err(report.into()),
            None if items.is_empty() => Err(Error::content(labels, "no image is listed here")),
            None => Ok(Dataset { items, source }),
        }
    }

    /// The images, in the list's order.
    pub fn items(&self) -> &[LabelledImage] {
        &self.items
    }

    /// What is wrong with an image whose class the model does not have.
    pub(super) fn beyond(&self, item: &LabelledImage, n_classes: usize) -> Diagnostic {
        at(&self.source, item, no_class(item.class, n_classes))
    }

    /// Something that is wrong with an image, at its line.
    pub(super) fn at(&self, item: &LabelledImage, message: String) -> Diagnostic {
        at(&self.source, item, message)
    }
}

fn at(source: &SourceText, item: &LabelledImage, message: String) -> Diagnostic {
    Diagnostic::error(message).at(Place::text(source, item.line.clone()))
}

fn no_class(class: usize, n_classes: usize) -> String {
    format!("class {class} is not one of the model's {n_classes}, which are 0 to {}", n_classes.saturating_sub(1))
}

/// What is wrong with the line that begins there.
type Fault = (usize, Diagnostic);

/// The images of all lines that name one, and what is wrong with others.
fn read_lines(folder: &Path, source: &SourceText) -> (Vec<LabelledImage>, Vec<Fault>) {
    let (mut items, mut faults) = (Vec::<LabelledImage>::new(), Vec::new());
    let mut seen: HashMap<String, Range<usize>> = HashMap::new();
    let mut start = 0;
    for text in source.text.split_inclusive('\n') {
        let line = start..start + text.trim_end().len();
        let is_first = start == 0;
        start += text.len();
        if text.trim().is_empty() || is_first && text.split('\t').next() == Some("file") {
            continue;
        }
        let fault = |message: String| Diagnostic::error(message).at(Place::text(source, line.clone()));
        let (name, class) = match columns(text) {
            Ok(columns) => columns,
            Err(message) => {
                let help = "a line is FILE, a tab, and the index of the image's class";
                faults.push((line.start, fault(message).help(help)));
                continue;
            }
        };
        let path = folder.join(&name);
        if let Some(before) = seen.insert(name.clone(), line.clone()) {
            let again = fault(format!("image `{name}` is listed twice"));
            faults.push((line.start, again.related(Place::text(source, before), "here before")));
        } else {
            items.push(LabelledImage { name, path, class, line });
        }
    }
    (items, faults)
}

/// A line's file and class.
fn columns(line: &str) -> Result<(String, usize), String> {
    let line = line.trim_end_matches(['\n', '\r']);
    let (name, class) = match line.split_once('\t') {
        Some((name, rest)) => (name, rest.split('\t').next().unwrap_or_default()),
        None => line.trim_end().rsplit_once(' ').ok_or("this line has no class")?,
    };
    let (name, class) = (name.trim(), class.trim());
    if name.is_empty() {
        return Err("this line has no file".to_owned());
    }
    let class = class.parse().map_err(|_| format!("`{class}` is no index of a class: it is a number, from 0 on"))?;
    Ok((name.to_owned(), class))
}
