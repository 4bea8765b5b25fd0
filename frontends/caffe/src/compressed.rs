//! Deep Compression: the weights of a pruned net as codebooks, codes and gaps, in the layout of the file that its authors
//! released with their compressed SqueezeNet (Han, Mao, Dally: Deep Compression, ICLR 2016).
//!
//! The file has no signature, no names and no shapes: the prototxt says which layers there are. Those whose names have
//! `conv`, `fc` or `ip` in them follow each other, all numbers little-endian and nothing aligned:
//! ```text
//! header    a u32 for each layer: how many entries it has
//! layer     codebook  2^bits f32, where bits is 8 if the layer's name has `conv` in it, else 4
//!           bias      an f32 for each output
//!           codes     a byte for each entry, or two entries a byte, the first one in the low half
//!           gaps      two entries a byte, the first one in the low half
//! ```
//! An entry's gap is how many weights there are between it and the one before it; they have the code 0.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use bytes::Bytes;
use firebrick_diagnostics::{Diagnostic, Place, Report};
use firebrick_ir::ops::Const;
use firebrick_ir::{Coded, DType, Tensor};
use firebrick_schemas::FieldPath;
use thiserror::Error;

use crate::problem::{Problem, ProblemKind};
use crate::translate::LayerBlobs;
use crate::weights::{Stored, StoredBlob, Weights};
use crate::{Definition, Options};

/// Parts of names of layers that are in the file, the first of which means codes of 8 bits.
const NAMED: [&str; 3] = ["conv", "fc", "ip"];

/// Weights behind a layer's last entry that it may have beyond those that its entries can reach: how much more than the
/// file justifies a layer may take.
const MAX_TRAILING: u64 = 1 << 20;

/// What does not fit the net.
#[derive(Debug, Error)]
enum Fault {
    #[error("the file ends in its header: {n_layers} layers need {needed} bytes, but it has {found}")]
    Header { n_layers: usize, needed: usize, found: usize },
    #[error("the header says {n_entries} entries of layer `{layer}`, which has {n_weights} weights")]
    Entries { layer: String, n_entries: u64, n_weights: u64 },
    #[error("the file ends within the {part} of layer `{layer}`: they take it to byte {end}, but it has {found}")]
    Ends { layer: String, part: &'static str, end: u64, found: usize },
    #[error("the last layer ends at byte {end}, but the file has {found}")]
    Trailing { end: u64, found: usize },
    #[error("entry {entry} of layer `{layer}` is its weight {position}, but it has {n_weights}")]
    Position { layer: String, entry: usize, position: u64, n_weights: usize },
    #[error("layer `{layer}`: number {index} of its {part} is {value}")]
    Number { layer: String, part: &'static str, index: usize, value: f32 },
}

/// A layer that a file has: its weights' dimensions, and how many outputs its bias is for.
struct Weighted<'a> {
    layer: &'a LayerBlobs,
    dims: &'a [u64],
    n_outputs: u64,
}

/// A layer of the file.
struct Record<'a> {
    layer: &'a str,
    dims: &'a [u64],
    n_weights: u64,
    n_outputs: u64,
    bits: u32,
    n_entries: u64,
}

/// Where a part of a layer is: its name and its bytes.
type Part = (&'static str, Range<u64>);

impl Record<'_> {
    /// Its parts, of which the first begins at `start`.
    fn parts(&self, start: u64) -> [Part; 4] {
        let codes = if self.bits == 8 { self.n_entries } else { self.n_entries.div_ceil(2) };
        let sizes = [
            ("codebook numbers", 4 << self.bits),
            ("biases", self.n_outputs.saturating_mul(4)),
            ("codes", codes),
            ("gaps", self.n_entries.div_ceil(2)),
        ];
        let mut at = start;
        sizes.map(|(name, size)| {
            let from = at;
            at = at.saturating_add(size);
            (name, from..at)
        })
    }
}

impl Weights {
    /// Reads a Deep Compression file, which is that of a net's very layers.
    ///
    /// # Errors
    /// All that is wrong with the net; layers that such a file can't have the weights of; and where the file does not
    /// fit the layers.
    pub fn decompress(file: &str, bytes: &Bytes, definition: &Definition, options: &Options) -> Result<Self, Report> {
        let options = Options { random_weights: None, ..options.clone() };
        let report = |problems: Vec<Problem>| definition.report(problems, None);
        let blobs = crate::translated(definition, None, &options).map_err(report)?.0.blobs;
        let layers = layers(&blobs).map_err(report)?;
        let faults = |faults: Vec<(String, u64, Fault)>| {
            let diagnostic = |(part, offset, fault): (String, u64, Fault)| {
                Diagnostic::error(fault.to_string())
                    .at(Place::field(file, part, Some(offset)))
                    .help("such a file has no names and shapes: is it that of this prototxt, and whole?")
            };
            Report::new(faults.into_iter().map(diagnostic).collect())
        };
        let records = records(&layers, bytes).map_err(faults)?;
        let parts = locate(&records, bytes.len()).map_err(|fault| faults(vec![fault]))?;
        let mut stored = HashMap::new();
        let mut wrong = Vec::new();
        for (record, parts) in records.iter().zip(&parts) {
            match record.decode(parts, bytes) {
                Ok(blobs) => {
                    let blobs = blobs.map(StoredBlob::Constant).into();
                    stored.insert(record.layer.to_owned(), Stored { blobs, path: FieldPath::root() });
                }
                Err((at, fault)) => wrong.push((record.layer.to_owned(), at, fault)),
            }
        }
        if wrong.is_empty() { Ok(Weights::new(file, stored)) } else { Err(faults(wrong)) }
    }

    /// Whether bytes are a Deep Compression file of a net, by the counts of its header and its length: the layers follow
    /// each other without a gap up to its very end.
    pub fn is_compressed(bytes: &Bytes, definition: &Definition, options: &Options) -> bool {
        let options = Options { random_weights: None, ..options.clone() };
        let Ok((translated, _)) = crate::translated(definition, None, &options) else { return false };
        let Ok(layers) = layers(&translated.blobs) else { return false };
        let Ok(records) = records(&layers, bytes) else { return false };
        !records.is_empty() && locate(&records, bytes.len()).is_ok()
    }
}

/// The layers that a file has, with their weights and numbers of outputs, if it can have them all.
fn layers(blobs: &[LayerBlobs]) -> Result<Vec<Weighted<'_>>, Vec<Problem>> {
    let mut names = HashSet::new();
    let mut layers = Vec::new();
    let mut problems = Vec::new();
    for layer in blobs {
        let mut refuse = |reason: &str| {
            let message = format!("a Deep Compression file can't have its weights: {reason}");
            let kind = ProblemKind::Field { layer: layer.layer.clone(), message };
            problems.push(Problem::new(kind, layer.path.clone()));
        };
        match layer.dims.as_slice() {
            _ if !NAMED.iter().any(|part| layer.layer.contains(part)) => {
                refuse("such files have those of layers with `conv`, `fc` or `ip` in their names");
            }
            _ if layer.is_shared => refuse("they are shared by name"),
            _ if !names.insert(layer.layer.as_str()) => refuse("another layer has the same name"),
            [weights, bias] if bias.len() == 1 => layers.push(Weighted { layer, dims: weights, n_outputs: bias[0] }),
            _ => refuse("such files have weights and a bias for each output, no more and no less"),
        }
    }
    if problems.is_empty() { Ok(layers) } else { Err(problems) }
}

/// The layers with what the header says of them.
fn records<'a>(layers: &[Weighted<'a>], bytes: &Bytes) -> Result<Vec<Record<'a>>, Vec<(String, u64, Fault)>> {
    let (header, _) = bytes.as_chunks::<4>();
    let Some(header) = header.get(..layers.len()) else {
        let (n_layers, found) = (layers.len(), bytes.len());
        return Err(vec![("header".to_owned(), 0, Fault::Header { n_layers, needed: n_layers * 4, found })]);
    };
    let mut records = Vec::new();
    let mut faults = Vec::new();
    for (index, (&Weighted { layer, dims, n_outputs }, count)) in layers.iter().zip(header).enumerate() {
        let n_entries = u64::from(u32::from_le_bytes(*count));
        let n_weights = dims.iter().copied().fold(1, u64::saturating_mul);
        if n_entries > n_weights || n_weights > 16 * n_entries + MAX_TRAILING {
            let fault = Fault::Entries { layer: layer.layer.clone(), n_entries, n_weights };
            faults.push(("header".to_owned(), 4 * index as u64, fault));
        }
        let bits = if layer.layer.contains(NAMED[0]) { 8 } else { 4 };
        records.push(Record { layer: &layer.layer, dims, n_weights, n_outputs, bits, n_entries });
    }
    if faults.is_empty() { Ok(records) } else { Err(faults) }
}

/// Where the parts of each layer are, if they are the file.
fn locate(records: &[Record<'_>], found: usize) -> Result<Vec<[Part; 4]>, (String, u64, Fault)> {
    let mut at = 4 * records.len() as u64;
    let mut all = Vec::new();
    for record in records {
        let parts = record.parts(at);
        if let Some((part, range)) = parts.iter().find(|(_, range)| range.end > found as u64) {
            let fault = Fault::Ends { layer: record.layer.to_owned(), part, end: range.end, found };
            return Err((record.layer.to_owned(), range.start, fault));
        }
        at = parts[3].1.end;
        all.push(parts);
    }
    if at == found as u64 { Ok(all) } else { Err((String::new(), at, Fault::Trailing { end: at, found })) }
}

impl Record<'_> {
    /// The weights, as codes of the codebook, and the bias.
    fn decode(&self, parts: &[Part; 4], bytes: &Bytes) -> Result<[Const; 2], (u64, Fault)> {
        let [codebook, bias, codes, gaps] = parts;
        let slice = |(_, range): &Part| bytes.slice(range.start as usize..range.end as usize);
        let numbers = |part: &Part| {
            let bytes = slice(part);
            let tensor = Tensor::new(DType::F32, &[bytes.len() / 4], bytes).expect("there are four bytes a number");
            self.check_finite(part, &tensor).map(|()| tensor)
        };
        let (codebook, bias) = (numbers(codebook)?, numbers(bias)?);
        let codes = self.spread(&slice(codes), &slice(gaps), gaps.1.start)?;
        let dims: Vec<usize> = self.dims.iter().map(|&n| n as usize).collect();
        let codes = Tensor::new(DType::U8, &dims, codes.into()).expect("there is a code for each weight");
        let coded = Coded::new(codes, codebook).expect("a code of so many bits picks one of 2^bits entries");
        Ok([Const::coded(coded), Const::new(bias)])
    }

    /// The codes at their places, and 0 in between.
    fn spread(&self, codes: &[u8], gaps: &[u8], gaps_at: u64) -> Result<Vec<u8>, (u64, Fault)> {
        let mut weights = vec![0; self.n_weights as usize];
        let mut next = 0;
        for entry in 0..self.n_entries as usize {
            let position = next + usize::from(half(gaps, entry));
            let Some(weight) = weights.get_mut(position) else {
                let (layer, n_weights) = (self.layer.to_owned(), weights.len());
                let fault = Fault::Position { layer, entry, position: position as u64, n_weights };
                return Err((gaps_at + entry as u64 / 2, fault));
            };
            *weight = if self.bits == 8 { codes[entry] } else { half(codes, entry) };
            next = position + 1;
        }
        Ok(weights)
    }

    fn check_finite(&self, (part, range): &Part, numbers: &Tensor) -> Result<(), (u64, Fault)> {
        let values = numbers.values::<f32>().expect("they are f32");
        match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            Some((index, &value)) => {
                let fault = Fault::Number { layer: self.layer.to_owned(), part, index, value };
                Err((range.start + 4 * index as u64, fault))
            }
            None => Ok(()),
        }
    }
}

/// Of numbers of 4 bits, two in a byte, the one at `index`.
fn half(bytes: &[u8], index: usize) -> u8 {
    let byte = bytes[index / 2];
    if index.is_multiple_of(2) { byte & 15 } else { byte >> 4 }
}
