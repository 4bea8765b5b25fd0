//! Names of classes.

use std::path::Path;

use crate::{Error, read_file};

/// The names of a classifier's classes, by index.
#[derive(Debug, Clone, Default)]
pub struct Labels(Vec<String>);

impl Labels {
    /// Reads a file of labels: a name on each line, a JSON array of names, or lines `INDEX: 'name',` as Python
    /// prints a dict.
    ///
    /// # Errors
    /// If the file can't be read, is no UTF-8 text, or has an index that leaves a gap.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = read_file(path)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Error::content(path, "labels are UTF-8 text"))?;
        Self::parse(text).map_err(|message| Error::content(path, message))
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('[') {
            return serde_json::from_str(text).map(Labels).map_err(|error| format!("labels as JSON: {error}"));
        }
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let entries: Option<Vec<(usize, String)>> = lines.iter().map(|line| dict_entry(line)).collect();
        let Some(entries) = entries.filter(|_| text.trim_start().starts_with('{')) else {
            return Ok(Labels(lines.into_iter().map(str::to_owned).collect()));
        };
        let gap = entries.iter().enumerate().find(|(i, (index, _))| i != index);
        match gap {
            Some((i, (index, _))) => Err(format!("label {i} is missing: index {index} stands in its place")),
            None => Ok(Labels(entries.into_iter().map(|(_, name)| name).collect())),
        }
    }

    /// The names of the classes, in order.
    pub fn of(names: impl IntoIterator<Item = String>) -> Self {
        Labels(names.into_iter().collect())
    }

    /// All names, by index.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The name of a class; empty if it has none.
    pub fn get(&self, index: usize) -> &str {
        self.0.get(index).map_or("", String::as_str)
    }

    /// How many classes have a name.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no class has a name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `{0: 'tench',` or ` 1: "goldfish"}`.
fn dict_entry(line: &str) -> Option<(usize, String)> {
    let line = line.trim_start_matches('{').trim_end_matches(['}', ',']);
    let (index, name) = line.split_once(':')?;
    let name = name.trim();
    let quote = name.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let name = name.strip_prefix(quote)?.strip_suffix(quote)?;
    Some((index.trim().parse().ok()?, name.replace("\\'", "'")))
}
