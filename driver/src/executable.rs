//! Compiled models.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use firebrick_cpu::{Algorithms, Context, Isa, Program};
use firebrick_ir::eval::check_inputs;
use firebrick_ir::{Element, Graph, Tensor, Type, Value, verify};
use firebrick_onnx::Datum;

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
    /// Whether sums are of the products that define an op, and not of other numbers as Winograd's algorithm has them.
    pub exact: bool,
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
    programs: Programs,
    options: CompileOptions,
}

/// What an executable runs.
#[derive(Debug)]
enum Programs {
    /// The model's sizes are known: its program. It has weights of its own, so that the model may be dropped.
    One(Arc<Compiled>),
    /// One for each kind of inputs.
    Many {
        form: Form,
        /// Those that were made, the one used last in front.
        kept: Mutex<VecDeque<Kept>>,
    },
}

/// A program, and what it was made of.
#[derive(Debug)]
struct Kept {
    graph: Arc<NamedGraph>,
    compiled: Arc<Compiled>,
}

/// A program for inputs of these types.
#[derive(Debug)]
struct Compiled {
    /// The inputs, in order, and what the source calls them.
    types: Vec<(String, Type)>,
    source_names: Vec<String>,
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
        let programs = match self.form() {
            Form::Graph(graph) if is_fixed(graph.graph()) => {
                Programs::One(Arc::new(Compiled::new(graph, &HashMap::new(), options)?))
            }
            Form::Graph(_) | Form::Special(_) => Programs::Many { form: self.form().clone(), kept: Mutex::default() },
        };
        Ok(Executable { programs, options: options.clone() })
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
        let (compiled, inputs) = match &self.programs {
            Programs::One(compiled) => {
                let inputs = inputs.into_iter().map(|(name, tensor)| (compiled.graph_name(name), tensor)).collect();
                check_inputs(compiled.types.iter().map(|(name, ty)| (name.as_str(), ty)), &inputs)?;
                (Arc::clone(compiled), inputs)
            }
            Programs::Many { form, kept } => {
                let inputs = inputs.into_iter().map(|(name, tensor)| (name, Datum::Tensor(tensor)));
                let (graph, inputs) = form.choose(inputs.collect())?;
                let types = input_types(graph.graph());
                check_inputs(types.iter().map(|(name, ty)| (name.as_str(), ty)), &inputs)?;
                (self.compiled(kept, graph, &inputs)?, inputs)
            }
        };
        let mut session = self.start(compiled)?;
        for index in 0..session.compiled.types.len() {
            if let Some(tensor) = inputs.get(&session.compiled.types[index].0) {
                session.context_mut()?.set_input(index, tensor)?;
            }
        }
        Ok(session)
    }

    /// Memory and threads to run the model with, whose inputs are to be set by [`Session::input_mut`] or
    /// [`Session::set`]. Until then they hold what a session before left there, or zeros.
    ///
    /// # Errors
    /// If a size is known only by the inputs; or as [`Executable::run`].
    pub fn empty_session(&self) -> Result<Session, Error> {
        match &self.programs {
            Programs::One(compiled) => self.start(Arc::clone(compiled)),
            Programs::Many { .. } => {
                let message = "the model has sizes that are those of its inputs: open the session with these";
                Err(Error::Request(message.to_owned()))
            }
        }
    }

    /// A session for a program, with memory and threads that were used before, if there are some.
    fn start(&self, compiled: Arc<Compiled>) -> Result<Session, Error> {
        let idle = compiled.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let context = match idle {
            Some(context) => context,
            None => Context::new(Arc::clone(&compiled.program), self.options.n_threads())?,
        };
        Ok(Session { compiled, context: Some(context) })
    }

    /// The program for these inputs: one that was made before, or a new one. Others may make theirs meanwhile.
    fn compiled(
        &self,
        kept: &Mutex<VecDeque<Kept>>,
        graph: Arc<NamedGraph>,
        inputs: &HashMap<String, Tensor>,
    ) -> Result<Arc<Compiled>, Error> {
        let types: Vec<_> = inputs.iter().map(|(name, tensor)| (name.clone(), tensor.ty())).collect();
        let fits =
            |kept: &Kept| Arc::ptr_eq(&kept.graph, &graph) && kept.compiled.types.iter().all(|ty| types.contains(ty));
        let lock = || kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut programs = lock();
        let found = programs.iter().position(fits).and_then(|index| programs.remove(index));
        let used = match found {
            Some(found) => found,
            None => {
                drop(programs);
                let compiled = Arc::new(Compiled::new(&graph, inputs, &self.options)?);
                programs = lock();
                Kept { graph, compiled }
            }
        };
        let compiled = Arc::clone(&used.compiled);
        programs.push_front(used);
        programs.truncate(MAX_KEPT);
        Ok(compiled)
    }
}

impl Compiled {
    /// A graph's program for inputs of such types.
    fn new(graph: &NamedGraph, inputs: &HashMap<String, Tensor>, options: &CompileOptions) -> Result<Self, Error> {
        let bound = graph.graph().bind(inputs).map_err(|error| Error::Request(error.to_string()))?;
        let isa = options.isa.unwrap_or_else(Isa::detect);
        let algorithms = if options.exact { Algorithms::Exact } else { Algorithms::Fastest };
        let options = firebrick_cpu::Options { isa, algorithms };
        let program = Arc::new(Program::compile(verify(&bound).map_err(Error::Verify)?, options)?);
        let source_names = graph.inputs().into_iter().map(|(name, _)| name).collect();
        let (types, outputs) = (program.inputs(), graph.output_names());
        Ok(Compiled { types, source_names, program, outputs, idle: Mutex::default() })
    }

    /// The graph's name of an input that the caller names as the source does.
    fn graph_name(&self, name: String) -> String {
        let is_known = self.types.iter().any(|(input, _)| *input == name);
        let found = self.source_names.iter().position(|source_name| *source_name == name).filter(|_| !is_known);
        found.and_then(|i| self.types.get(i)).map_or(name, |(input, _)| input.clone())
    }
}

/// Whether the inputs' sizes are known, and so all but those of what is found in them.
fn is_fixed(graph: &Graph) -> bool {
    input_types(graph).iter().all(|(_, ty)| !ty.shape.is_symbolic())
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
        Ok(self.context_mut()?.run()?)
    }

    /// Copies a tensor to the input of that name, where it stays for all runs until there is another one.
    ///
    /// # Errors
    /// If there is no such input, or it has another shape or other elements.
    pub fn set(&mut self, input: &str, tensor: &Tensor) -> Result<(), Error> {
        let index = self.input_index(input)?;
        Ok(self.context_mut()?.set_input(index, tensor)?)
    }

    /// The memory of the input of that name, to be filled in place: as many elements as its shape has, row-major, in the
    /// units that the model takes (those that [`Images`](crate::Images) gives, for images). It keeps what is written there
    /// for all runs.
    ///
    /// # Errors
    /// If there is no such input, or its elements are not `T`.
    pub fn input_mut<T: Element>(&mut self, input: &str) -> Result<&mut [T], Error> {
        let index = self.input_index(input)?;
        Ok(self.context_mut()?.input_mut(index)?)
    }

    /// The memory of the output of that name, as the last run left it: as many elements as its shape has, row-major.
    ///
    /// # Errors
    /// If there is no such output, or its elements are not `T`.
    pub fn output_view<T: Element>(&self, output: &str) -> Result<&[T], Error> {
        let found = self.compiled.outputs.iter().position(|name| name == output);
        let index = found.ok_or_else(|| Error::Request(format!("the model has no output `{output}`")))?;
        Ok(self.context()?.output_view(index)?)
    }

    /// Copies of the outputs, as the last run left them, in the model's order and with their shapes.
    ///
    /// # Errors
    /// If there is not enough memory for them.
    pub fn outputs(&self) -> Result<Vec<OutputTensor>, Error> {
        let context = self.context()?;
        let output =
            |(index, name): (usize, &String)| Ok(OutputTensor { name: name.clone(), tensor: context.output(index)? });
        self.compiled.outputs.iter().enumerate().map(output).collect()
    }

    /// Threads that a run uses, the caller's among them.
    pub fn n_threads(&self) -> usize {
        self.context.as_ref().map_or(0, Context::n_threads)
    }

    /// What is run.
    pub fn program(&self) -> &Program {
        &self.compiled.program
    }

    fn input_index(&self, input: &str) -> Result<usize, Error> {
        let name = self.compiled.graph_name(input.to_owned());
        let found = self.compiled.types.iter().position(|(input, _)| *input == name);
        found.ok_or_else(|| Error::Request(format!("the model has no input `{input}`")))
    }

    fn context(&self) -> Result<&Context, Error> {
        self.context.as_ref().ok_or_else(gone)
    }

    pub(crate) fn context_mut(&mut self) -> Result<&mut Context, Error> {
        self.context.as_mut().ok_or_else(gone)
    }
}

/// What can't be: a session that is used after it was dropped.
fn gone() -> Error {
    Error::Fault("this session has no memory any more, which is an error in Firebrick".to_owned())
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut idle = self.compiled.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.context.take());
    }
}
