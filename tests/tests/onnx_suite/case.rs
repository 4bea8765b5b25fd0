//! One case: a model, inputs, and the outputs that it should make of them.

use std::collections::HashMap;

use bytes::Bytes;
use firebrick::ir::{DType, Graph, Tensor};
use firebrick::onnx::{Datum, Definition, Kind};
use firebrick::passes::Level;
use firebrick::{InputInfo, Model, OpenOptions};
use firebrick_tests::{LEVELS, check_native, evaluated, optimized};

use crate::compare::compare;

/// A case of the suite.
pub(crate) struct Case {
    /// Its folder: `node/test_abs`.
    pub(crate) name: String,
    pub(crate) model: Bytes,
    pub(crate) inputs: Inputs,
    pub(crate) outputs: Vec<Bytes>,
}

/// What a model is run on.
pub(crate) enum Inputs {
    /// Tensors, in the order of the model's inputs.
    Given(Vec<Bytes>),
    /// Numbers from 0 up to 1, as the suite makes them for large models.
    Counting,
}

impl Case {
    /// Opens and runs the model; says why if its outputs are not what they should be.
    pub(crate) fn run(&self) -> Result<(), String> {
        let definition = self.definition()?;
        let expected = data(&self.outputs, &definition.outputs())?;
        let (model, inputs) = self.open(&definition)?;
        let outputs = model.run_data(inputs).map_err(|error| error.render(false))?;
        if outputs.len() != expected.len() {
            return Err(format!("the model has {} outputs, and the case {}", outputs.len(), expected.len()));
        }
        outputs.iter().zip(&expected).try_for_each(|((name, found), (_, expected))| {
            compare(found, expected).map_err(|message| format!("output `{name}` {message}"))
        })
    }

    /// Says why if a pipeline does not keep the model's outputs: bit for bit, but for rounding in floats. `None` if it
    /// has none to keep, or no graph before its inputs are known.
    pub(crate) fn run_optimized(&self) -> Option<Result<(), String>> {
        let (graph, inputs) = self.graph()?;
        let before = evaluated(&graph, &inputs).ok()?;
        let check = |level| {
            let (after, _) = optimized(&graph, level)?;
            let found = evaluated(&after, &inputs)?;
            graph.outputs().into_iter().try_for_each(|value| {
                let name = graph.value_name(value);
                let found = found.get(name).ok_or_else(|| format!("no output `{name}`"))?;
                let expected = before.get(name).ok_or_else(|| format!("no value `{name}`"))?;
                let rounds_halves_less = level == Level::O2 && matches!(found.dtype(), DType::F16 | DType::BF16);
                let problem = if found == expected {
                    return Ok(());
                } else if rounds_halves_less {
                    compare(&Datum::Tensor(found.clone()), &Datum::Tensor(expected.clone())).err()
                } else {
                    let difference = firebrick_tests::compare(found, expected);
                    (!difference.within_relative(1e-5)).then(|| format!("is {difference}"))
                };
                problem.map_or(Ok(()), |is| Err(format!("output `{name}` {is}\n{graph}\nbecomes\n{after}")))
            })
        };
        Some(LEVELS.into_iter().try_for_each(|level| check(level).map_err(|message| format!("-O{level}: {message}"))))
    }

    /// Says why the graph, compiled as it is or after `-O2`, does not give what the evaluator makes of it. `None` if it
    /// has no result there, or no graph before its inputs are known.
    pub(crate) fn run_compiled(&self) -> Option<Result<(), String>> {
        let (graph, inputs) = self.graph()?;
        let check = |level| {
            let (after, _) = match optimized(&graph, level) {
                Ok(optimized) => optimized,
                Err(message) => return Some(Err(message)),
            };
            check_native(&format!("{}, -O{level}", self.name), &after, &inputs)
        };
        match check_native(&self.name, &graph, &inputs)? {
            Ok(()) => check(Level::O2),
            failed => Some(failed),
        }
    }

    /// The graph and its inputs, if all of these are tensors.
    fn graph(&self) -> Option<(Graph, HashMap<String, Tensor>)> {
        let (model, inputs) = self.definition().and_then(|definition| self.open(&definition)).ok()?;
        let tensor = |(name, datum)| if let Datum::Tensor(tensor) = datum { Some((name, tensor)) } else { None };
        let inputs = inputs.into_iter().map(tensor).collect::<Option<_>>()?;
        Some((model.graph().ok()?.clone(), inputs))
    }

    fn definition(&self) -> Result<Definition, String> {
        Definition::read("model.onnx", self.model.clone()).map_err(|report| report.render(false))
    }

    /// The model and its inputs.
    fn open(&self, definition: &Definition) -> Result<(Model, Vec<(String, Datum)>), String> {
        let model = Model::from_onnx("model.onnx", self.model.clone(), &OpenOptions::default());
        let model = model.map_err(|error| error.render(false))?;
        let inputs = match &self.inputs {
            Inputs::Given(files) => data(files, &definition.inputs())?,
            Inputs::Counting => model.inputs().iter().map(counting).collect::<Result<_, _>>()?,
        };
        Ok((model, inputs))
    }

    /// The operators that the model has.
    pub(crate) fn operators(&self) -> Vec<String> {
        let definition = Definition::read("model.onnx", self.model.clone());
        definition.map(|definition| definition.operators().into_iter().collect()).unwrap_or_default()
    }
}

/// The values in files, in the order of a model's inputs or outputs.
fn data(files: &[Bytes], kinds: &[(&str, Kind)]) -> Result<Vec<(String, Datum)>, String> {
    let read = |(file, (name, kind)): (&Bytes, &(&str, Kind))| {
        let datum = Datum::read("data.pb", file.clone(), kind);
        datum
            .map(|datum| ((*name).to_owned(), datum))
            .map_err(|report| format!("the case's data: {}", report.render(false)))
    };
    files.iter().zip(kinds).map(read).collect()
}

/// Element i of n is i / n, rounded from double to single precision.
fn counting(input: &InputInfo) -> Result<(String, Datum), String> {
    let dims: Vec<u64> = input.ty.shape.as_fixed().filter(|_| input.ty.dtype == DType::F32).ok_or("an odd input")?;
    let dims: Vec<usize> = dims.into_iter().map(|n| n as usize).collect();
    let n: usize = dims.iter().product();
    let values = (0..n).map(|i| (i as f64 / n as f64) as f32).collect();
    let tensor = Tensor::from_vec(&dims, values).map_err(|error| error.to_string())?;
    Ok((input.name.clone(), tensor.into()))
}
