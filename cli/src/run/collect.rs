//! The blobs of a run, from one batch or several.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use firebrick::ir::Tensor;
use firebrick::{Error, Model, npy, write_file};

use crate::Failure;

/// Which blobs to keep beside the outputs.
pub(super) struct Wanted {
    names: Vec<String>,
    all: bool,
}

impl Wanted {
    /// The blobs that `--save` names, each of which the model has to have, or all. `source` are those that it had when
    /// it was opened.
    pub(super) fn of<P>(model: &Model, source: &[String], save: &[(String, P)], all: bool) -> Result<Self, Failure> {
        let blobs = model.blobs();
        if let Some((name, _)) = save.iter().find(|(name, _)| !blobs.contains(name)) {
            let message = if source.contains(name) {
                format!("blob `{name}` is not computed at this level: use `-O0` or `-O1`, which keep all blobs")
            } else {
                unknown_blob(name, &blobs)
            };
            return Err(Error::Request(message).into());
        }
        Ok(Wanted { names: save.iter().map(|(name, _)| name.clone()).collect(), all })
    }

    fn has(&self, name: &str) -> bool {
        self.all || self.names.iter().any(|wanted| wanted == name)
    }
}

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

/// What was computed: the parts of each blob, a batch each, in the order of computation.
#[derive(Default)]
pub(super) struct Collected {
    /// The outputs' names.
    outputs: Vec<String>,
    order: Vec<String>,
    parts: BTreeMap<String, Vec<Tensor>>,
}

impl Collected {
    /// Runs one batch of `batch` items, of which the first `n_used` count.
    pub(super) fn run(
        &mut self,
        model: &Model,
        inputs: Vec<(String, Tensor)>,
        wanted: &Wanted,
        batch: usize,
        n_used: usize,
    ) -> Result<(), Failure> {
        self.outputs = model.output_names();
        let mut failed = None;
        let outputs: HashSet<String> = self.outputs.iter().cloned().collect();
        model.run_observed(inputs, &mut |name, tensor| {
            if wanted.has(name) || outputs.contains(name) {
                let used = if n_used < batch { first_items(tensor, batch, n_used) } else { Ok(tensor.clone()) };
                match used {
                    Ok(tensor) => self.keep(name, tensor),
                    Err(message) => failed = Some(message),
                }
            }
        })?;
        match failed {
            Some(message) => Err(Error::Request(message).into()),
            None => Ok(()),
        }
    }

    fn keep(&mut self, name: &str, tensor: Tensor) {
        if !self.parts.contains_key(name) {
            self.order.push(name.to_owned());
        }
        self.parts.entry(name.to_owned()).or_default().push(tensor);
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
            parts => stack(parts).map_err(|message| Error::Request(format!("blob `{name}`: {message}")).into()),
        }
    }

    /// Writes the blobs that were asked for.
    pub(super) fn save(&self, save: &[(String, std::path::PathBuf)], all: Option<&Path>) -> Result<(), Failure> {
        for (name, path) in save {
            npy::write(path, &self.joined(name)?)?;
        }
        let Some(folder) = all else { return Ok(()) };
        let mut files = BTreeMap::new();
        for name in &self.order {
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

/// Tensors of the same rank, one behind the other along the first dimension.
pub(super) fn stack(parts: &[Tensor]) -> Result<Tensor, String> {
    let Some(first) = parts.first() else { return Err("there is nothing to stack".to_owned()) };
    let inner = first.dims().get(1..).ok_or("a scalar has no dimension to stack along")?;
    if parts.iter().any(|part| part.dims().get(1..) != Some(inner) || part.dtype() != first.dtype()) {
        return Err("its shape differs from batch to batch".to_owned());
    }
    let n_items: usize = parts.iter().map(|part| part.dims()[0]).sum();
    let dims: Vec<usize> = std::iter::once(n_items).chain(inner.iter().copied()).collect();
    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.bytes().iter().copied()).collect();
    Tensor::new(first.dtype(), &dims, bytes.into()).map_err(|error| error.to_string())
}

/// The first `n` of a batch's items; a value that isn't of the batch is left as it is.
fn first_items(tensor: &Tensor, batch: usize, n: usize) -> Result<Tensor, String> {
    if tensor.dims().first() != Some(&batch) {
        return Ok(tensor.clone());
    }
    let mut dims = tensor.dims().to_vec();
    dims[0] = n;
    let item = tensor.bytes().len() / batch;
    Tensor::new(tensor.dtype(), &dims, tensor.bytes().slice(..item * n)).map_err(|error| error.to_string())
}
