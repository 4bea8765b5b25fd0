//! The blobs of a run, from one batch or several.

use std::collections::BTreeMap;
use std::path::Path;

use firebrick::ir::Tensor;
use firebrick::{Error, Model, OutputTensor, items, npy, write_file};

use crate::Failure;

fn unknown_blob(name: &str, blobs: &[String]) -> String {
    let near = blobs.iter().map(|blob| (strsim::damerau_levenshtein(blob, name), blob)).min();
    match near {
        Some((distance, blob)) if distance <= name.len().div_ceil(3) => {
            format!("the model has no blob named `{name}`; is it `{blob}`?")
        }
        Some(_) | None => {
            format!("the model has no blob named `{name}`: `firebrick inspect --format ir` shows all of them")
        }
    }
}

/// What was computed: the parts of each blob, a batch each.
pub(super) struct Collected {
    /// The model's own outputs.
    outputs: Vec<String>,
    /// The outputs of the runs: the model's and those to be saved.
    names: Vec<String>,
    parts: BTreeMap<String, Vec<Tensor>>,
}

impl Collected {
    /// For the model's outputs and the blobs that `--save` names, or all, which become outputs. The model has to have
    /// each of them.
    pub(super) fn of<P>(model: &mut Model, save: &[(String, P)], all: bool) -> Result<Self, Failure> {
        let blobs = model.blobs();
        if let Some((name, _)) = save.iter().find(|(name, _)| !blobs.contains(name)) {
            return Err(Error::Request(unknown_blob(name, &blobs)).into());
        }
        let outputs = model.output_names();
        let named: Vec<String> = save.iter().map(|(name, _)| name.clone()).collect();
        model.keep(if all { &blobs } else { &named })?;
        Ok(Collected { outputs, names: Vec::new(), parts: BTreeMap::new() })
    }

    /// Adds what one batch of `batch` items gave, of which the first `n_used` count.
    pub(super) fn add(&mut self, outputs: Vec<OutputTensor>, batch: usize, n_used: usize) -> Result<(), Failure> {
        self.names = outputs.iter().map(|output| output.name.clone()).collect();
        for OutputTensor { name, tensor } in outputs {
            let used = items::first_items(&tensor, batch, n_used).map_err(Error::Request)?;
            self.parts.entry(name).or_default().push(used);
        }
        Ok(())
    }

    /// The outputs of all batches, by name.
    pub(super) fn outputs(&self) -> Result<Vec<(String, Tensor)>, Failure> {
        let outputs = self.outputs.iter().filter(|name| self.parts.contains_key(*name));
        outputs.map(|name| Ok((name.clone(), self.joined(name)?))).collect()
    }

    fn joined(&self, name: &str) -> Result<Tensor, Failure> {
        let parts = self.parts.get(name).map(Vec::as_slice).unwrap_or_default();
        match parts {
            // What doesn't depend on the image is the same for every batch.
            [first, rest @ ..] if rest.iter().all(|part| part == first) && first.dims().first() != Some(&1) => {
                Ok(first.clone())
            }
            [only] => Ok(only.clone()),
            [] => Err(Error::Request(format!("blob `{name}` is not there for these inputs")).into()),
            parts => items::stack(parts).map_err(|message| Error::Request(format!("blob `{name}`: {message}")).into()),
        }
    }

    /// Writes the blobs that were asked for.
    pub(super) fn save(&self, save: &[(String, std::path::PathBuf)], all: Option<&Path>) -> Result<(), Failure> {
        for (name, path) in save {
            npy::write(path, &self.joined(name)?)?;
        }
        let Some(folder) = all else { return Ok(()) };
        let mut files = BTreeMap::new();
        for name in &self.names {
            let file = format!("{}.npy", file_name(name));
            npy::write(folder.join(&file), &self.joined(name)?)?;
            files.insert(name, file);
        }
        let index = serde_json::to_vec_pretty(&files).map_err(std::io::Error::other)?;
        Ok(write_file(folder.join("blobs.json"), |writer| writer.write_all(&index))?)
    }
}

/// A blob's name as a path below a folder: `/` makes folders, as in `fire2/concat.npy`; what a file system or a path
/// gives a meaning of its own is written as `%` and two hexadecimal digits.
fn file_name(blob: &str) -> String {
    let component = |part: &str| -> String {
        if part.is_empty() || part == "." || part == ".." {
            return part.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>()
                + if part.is_empty() { "%" } else { "" };
        }
        let escape = |c: char| c.is_control() || "\\:*?\"<>|%".contains(c);
        part.chars().map(|c| if escape(c) { format!("%{:02X}", u32::from(c)) } else { c.to_string() }).collect()
    };
    blob.split('/').map(component).collect::<Vec<_>>().join("/")
}
