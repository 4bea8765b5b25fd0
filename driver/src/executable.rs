//! Compiled models.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use firebrick_cpu::{Context, Isa, Program};
use firebrick_ir::eval::check_inputs;
use firebrick_ir::{Graph, Tensor, Type, Value, verify};
use firebrick_onnx::Datum;

use crate::bind::bind;
use crate::form::Form;
use crate::named::NamedGraph;
use crate::{Error, Model, OutputTensor};

/// How many programs are kept for inputs of other shapes.
const MAX_KEPT: usize = 8;

/// How a model is compiled.
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    /// The instruction set that kernels are made for; the best one that the machine has, if it isn't said.
    pub isa: Option<Isa>,
    /// Threads that a run uses, the caller's among them; as many as the machine runs at once, if it isn't said.
    pub threads: Option<NonZeroUsize>,
}

impl CompileOptions {
    fn n_threads(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.threads.map_or_else(cores, NonZeroUsize::get)
    }
}

/// A model as machine code for this machine. Sizes that the model leaves open are those of the inputs: a program is
/// made when they are first seen, and kept for the next time. It may be used by several threads at once.
#[derive(Debug)]
pub struct Executable {
    form: Form,
    options: CompileOptions,
    /// The programs that were made, the one used last in front.
    kept: Mutex<VecDeque<Arc<Compiled>>>,
}

/// A program for inputs of these types.
#[derive(Debug)]
struct Compiled {
    graph: Arc<NamedGraph>,
    types: Vec<(String, Type)>,
    program: Arc<Program>,
    outputs: Vec<String>,
    /// Memory and threads that no run uses now.
    idle: Mutex<Vec<Context>>,
}

/// A program with memory and threads of its own, to be run again and again.
#[derive(Debug)]
pub struct Session {
    compiled: Arc<Compiled>,
    /// There is none only while it is dropped.
    context: Option<Context>,
}

impl Model {
    /// Compiles the model for this machine, as it is: [`Model::optimize`] makes it faster first. If all of its sizes are
    /// known, that happens now, else when it is run.
    ///
    /// # Errors
    /// If there are no weights, the machine does not have the instruction set, or memory is short.
    pub fn compile(&self, options: &CompileOptions) -> Result<Executable, Error> {
        self.check_weights()?;
        let executable =
            Executable { form: self.form().clone(), options: options.clone(), kept: Mutex::new(VecDeque::new()) };
        if let Form::Graph(graph) = self.form()
            && graph.graph().nodes().all(|(_, node)| node.outputs.iter().all(|output| !output.ty.shape.is_symbolic()))
        {
            let compiled = executable.compile(Arc::clone(graph), &HashMap::new())?;
            executable.keep(Arc::new(compiled));
        }
        Ok(executable)
    }
}

impl Executable {
    /// The model's outputs for these inputs, by the source's names.
    ///
    /// # Errors
    /// If an input is missing, unknown or of another type, an op has no result, or, for sizes that are seen for the
    /// first time, as [`Model::compile`].
    pub fn run(&self, inputs: impl IntoIterator<Item = (String, Tensor)>) -> Result<Vec<OutputTensor>, Error> {
        let mut session = self.session(inputs)?;
        session.run()?;
        session.outputs()
    }

    /// Memory and threads to run the model with, in which these inputs are set.
    ///
    /// # Errors
    /// As [`Executable::run`].
    pub fn session(&self, inputs: impl IntoIterator<Item = (String, Tensor)>) -> Result<Session, Error> {
        let inputs = inputs.into_iter().map(|(name, tensor)| (name, Datum::Tensor(tensor)));
        let (graph, inputs) = self.form.choose(inputs.collect())?;
        let types = input_types(graph.graph());
        check_inputs(types.iter().map(|(name, ty)| (name.as_str(), ty)), &inputs)?;
        let compiled = self.compiled(graph, &inputs)?;
        let idle = compiled.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut context = match idle {
            Some(context) => context,
            None => Context::new(Arc::clone(&compiled.program), self.options.n_threads())?,
        };
        for (index, (name, _)) in compiled.program.inputs().iter().enumerate() {
            if let Some(tensor) = inputs.get(name) {
                context.set_input(index, tensor)?;
            }
        }
        Ok(Session { compiled, context: Some(context) })
    }

    /// The program for these inputs: one that was made before, or a new one.
    fn compiled(&self, graph: Arc<NamedGraph>, inputs: &HashMap<String, Tensor>) -> Result<Arc<Compiled>, Error> {
        if let Some(found) = self.kept(&graph, inputs) {
            return Ok(found);
        }
        // Without the lock: others may make theirs meanwhile.
        let made = Arc::new(self.compile(graph, inputs)?);
        self.keep(Arc::clone(&made));
        Ok(made)
    }

    fn kept(&self, graph: &Arc<NamedGraph>, inputs: &HashMap<String, Tensor>) -> Option<Arc<Compiled>> {
        let fits = |compiled: &Arc<Compiled>| {
            let same_type = |(name, ty): &(String, Type)| inputs.get(name).is_some_and(|tensor| tensor.ty() == *ty);
            Arc::ptr_eq(&compiled.graph, graph) && compiled.types.iter().all(same_type)
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let index = kept.iter().position(fits)?;
        let found = kept.remove(index)?;
        kept.push_front(Arc::clone(&found));
        Some(found)
    }

    fn keep(&self, compiled: Arc<Compiled>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(compiled);
        kept.truncate(MAX_KEPT);
    }

    fn compile(&self, graph: Arc<NamedGraph>, inputs: &HashMap<String, Tensor>) -> Result<Compiled, Error> {
        let bound = bind(graph.graph(), inputs).map_err(|error| Error::Request(error.to_string()))?;
        let isa = self.options.isa.unwrap_or_else(Isa::detect);
        let program = Program::compile(verify(&bound).map_err(Error::Verify)?, isa)?;
        let (types, outputs) = (program.inputs(), graph.output_names());
        Ok(Compiled { graph, types, program: Arc::new(program), outputs, idle: Mutex::new(Vec::new()) })
    }
}

/// A graph's inputs, in order.
fn input_types(graph: &Graph) -> Vec<(String, Type)> {
    let values = graph.inputs().iter().map(|&node| Value { node, port: 0 });
    values.map(|value| (graph.value_name(value).to_owned(), graph.ty(value).clone())).collect()
}

impl Session {
    /// Computes the outputs.
    ///
    /// # Errors
    /// If an op has no result.
    pub fn run(&mut self) -> Result<(), Error> {
        Ok(self.context.as_mut().map_or(Ok(()), Context::run)?)
    }

    /// The outputs, as the last run left them.
    ///
    /// # Errors
    /// If there is not enough memory for them.
    pub fn outputs(&self) -> Result<Vec<OutputTensor>, Error> {
        let context = self.context.iter();
        let outputs = context.flat_map(|context| {
            self.compiled
                .outputs
                .iter()
                .enumerate()
                .map(|(index, name)| Ok(OutputTensor { name: name.clone(), tensor: context.output(index)? }))
        });
        outputs.collect()
    }

    /// Threads that a run uses, the caller's among them.
    pub fn n_threads(&self) -> usize {
        self.context.as_ref().map_or(0, Context::n_threads)
    }

    pub(crate) fn context(&mut self) -> Option<&mut Context> {
        self.context.as_mut()
    }

    /// What is run.
    pub fn program(&self) -> &Program {
        &self.compiled.program
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut idle = self.compiled.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.context.take());
    }
}
