//! Two models on the same inputs, blob by blob.

use std::collections::HashMap;

use firebrick_ir::ops::Cast;
use firebrick_ir::{DType, Op, Tensor};
use serde::Serialize;

use crate::{Error, Model, random};

/// How far two models are apart.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The blobs that both have, in the order in which the first one computes them.
    pub blobs: Vec<BlobDifference>,
    /// Blobs of the first one that the second doesn't have.
    pub only_first: Vec<String>,
    /// Blobs of the second one that the first doesn't have.
    pub only_second: Vec<String>,
}

/// How a blob of one model differs from the other's.
#[derive(Debug, Clone, Serialize)]
pub struct BlobDifference {
    /// Its name in the first model.
    pub name: String,
    /// Its name in the second one, if that is another: outputs are compared by their order if no name is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_name: Option<String>,
    /// Whether it is an output of the first model.
    pub is_output: bool,
    /// Its dimensions in the first model.
    pub shape: Vec<usize>,
    /// Why the two can't be compared: different shapes, or numbers and truth values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<String>,
    /// The largest absolute difference of two elements; infinite where only one of them is a number.
    pub max_abs: f64,
    /// The largest magnitude in the first model.
    pub magnitude: f64,
    /// The element, row-major, with the largest difference.
    pub worst: usize,
}

impl BlobDifference {
    /// The largest difference as a part of the largest magnitude; infinite if the two can't be compared.
    pub fn relative(&self) -> f64 {
        match (&self.mismatch, self.max_abs) {
            (Some(_), _) => f64::INFINITY,
            (None, 0.0) => 0.0,
            (None, max_abs) if self.magnitude > 0.0 => max_abs / self.magnitude,
            (None, max_abs) => max_abs,
        }
    }
}

impl Comparison {
    /// Runs both models on the inputs. Those that are not given are drawn at random from the seed. Inputs and outputs
    /// have the same names in both, or are the same by their order.
    ///
    /// # Errors
    /// If a model can't be run.
    pub fn run(first: &Model, second: &Model, given: &[(String, Tensor)], seed: u64) -> Result<Self, Error> {
        let (inputs, second_inputs) = inputs(first, second, given, seed)?;
        let mut names: HashMap<String, String> = first.blobs().into_iter().map(|name| (name.clone(), name)).collect();
        let outputs = (first.output_names(), second.output_names());
        let by_order = !outputs.0.iter().any(|name| outputs.1.contains(name)) && outputs.0.len() == outputs.1.len();
        if by_order {
            outputs.0.iter().zip(&outputs.1).for_each(|(first, second)| {
                names.insert(first.clone(), second.clone());
            });
        }
        let wanted: HashMap<&str, &str> =
            names.iter().map(|(first, second)| (second.as_str(), first.as_str())).collect();
        let in_second = second.blobs();
        let is_shared = |name: &str| names.get(name).is_some_and(|second| in_second.contains(second));
        let mut kept: HashMap<String, Tensor> = HashMap::new();
        let mut order = Vec::new();
        let mut only_first = Vec::new();
        let given_names: Vec<String> = inputs.iter().map(|(name, _)| name.clone()).collect();
        first.run_observed(inputs, &mut |name, tensor| {
            if given_names.iter().any(|given| given == name) {
                return;
            }
            if is_shared(name) {
                order.push(name.to_owned());
                kept.insert(name.to_owned(), tensor.clone());
            } else {
                only_first.push(name.to_owned());
            }
        })?;
        let mut differences: HashMap<String, BlobDifference> = HashMap::new();
        let mut only_second = Vec::new();
        let second_given: Vec<String> = second_inputs.iter().map(|(name, _)| name.clone()).collect();
        second.run_observed(second_inputs, &mut |name, tensor| {
            if second_given.iter().any(|given| given == name) {
                return;
            }
            match wanted.get(name).and_then(|first| Some((*first, kept.remove(*first)?))) {
                Some((first_name, expected)) => {
                    let second_name = Some(name.to_owned()).filter(|name| name != first_name);
                    let is_output = outputs.0.iter().any(|output| output == first_name);
                    let difference = compare(&expected, tensor);
                    let name = first_name.to_owned();
                    differences.insert(name.clone(), BlobDifference { name, second_name, is_output, ..difference });
                }
                None => only_second.push(name.to_owned()),
            }
        })?;
        let blobs = order.iter().filter_map(|name| differences.remove(name)).collect();
        Ok(Comparison { blobs, only_first, only_second })
    }

    /// The blob with the largest relative difference, the first of several.
    pub fn worst(&self) -> Option<&BlobDifference> {
        self.blobs.iter().fold(None, |worst: Option<&BlobDifference>, blob| match worst {
            Some(other) if other.relative() >= blob.relative() => Some(other),
            Some(_) | None => Some(blob),
        })
    }

    /// The blobs that differ by more than a part of their largest magnitude.
    pub fn beyond(&self, tolerance: f64) -> impl Iterator<Item = &BlobDifference> {
        self.blobs.iter().filter(move |blob| blob.relative() > tolerance)
    }
}

/// Tensors by the names of inputs.
type Inputs = Vec<(String, Tensor)>;

/// The inputs of both models, by each one's names.
fn inputs(first: &Model, second: &Model, given: &[(String, Tensor)], seed: u64) -> Result<(Inputs, Inputs), Error> {
    let (ours, theirs) = (first.inputs(), second.inputs());
    if let Some((name, _)) = given.iter().find(|(name, _)| !ours.iter().any(|input| input.name == *name)) {
        let names = ours.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::Request(format!("there is no input named `{name}`; the inputs are: {names}")));
    }
    if ours.len() != theirs.len() {
        let message = format!("the models have {} and {} inputs, which can't be the same", ours.len(), theirs.len());
        return Err(Error::Request(message));
    }
    let shared = ours.iter().all(|input| theirs.iter().any(|other| other.name == input.name));
    let (mut inputs, mut second_inputs) = (Vec::new(), Vec::new());
    for ((input, by_order), i) in ours.iter().zip(&theirs).zip(0u64..) {
        let given = given.iter().find(|(name, _)| *name == input.name).map(|(_, tensor)| tensor.clone());
        let tensor = given.map_or_else(|| random::input(input, seed.wrapping_add(i)), Ok)?;
        let second_name = if shared { &input.name } else { &by_order.name };
        inputs.push((input.name.clone(), tensor.clone()));
        second_inputs.push((second_name.clone(), tensor));
    }
    Ok((inputs, second_inputs))
}

/// How a tensor differs from what was expected; names are the caller's.
fn compare(expected: &Tensor, found: &Tensor) -> BlobDifference {
    let mut difference = BlobDifference {
        name: String::new(),
        second_name: None,
        is_output: false,
        shape: expected.dims().to_vec(),
        mismatch: None,
        max_abs: 0.0,
        magnitude: 0.0,
        worst: 0,
    };
    if expected.dims() != found.dims() {
        difference.mismatch = Some(format!("{} against {}", expected.ty(), found.ty()));
        return difference;
    }
    let (Some(expected), Some(found)) = (wide(expected), wide(found)) else {
        difference.mismatch = Some(format!("{} against {}", expected.ty(), found.ty()));
        return difference;
    };
    for (index, (&expected, &found)) in expected.iter().zip(&found).enumerate() {
        let off = match (expected - found).abs() {
            _ if expected == found || (expected.is_nan() && found.is_nan()) => 0.0,
            off if off.is_nan() => f64::INFINITY,
            off => off,
        };
        if off > difference.max_abs {
            (difference.max_abs, difference.worst) = (off, index);
        }
        if expected.is_finite() {
            difference.magnitude = difference.magnitude.max(expected.abs());
        }
    }
    difference
}

/// The elements as f64.
fn wide(tensor: &Tensor) -> Option<Vec<f64>> {
    if let Ok(values) = tensor.values::<f32>() {
        return Some(values.iter().map(|&x| f64::from(x)).collect());
    }
    let results = Op::from(Cast::to(DType::F64)).eval(&[tensor]).ok()?;
    results.first().and_then(|wide| wide.values::<f64>().ok().map(std::borrow::Cow::into_owned))
}
