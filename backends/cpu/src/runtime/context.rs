//! A program being run.
#![expect(unsafe_code, reason = "machine code works on the arena by its address")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use firebrick_ir::{Element, EvalError, Op, Tensor, Type};

use super::pool::Pool;
use crate::emit::{Jit, macs_per_task};
use crate::kernels::{Detect, Evaluate, GatherKernel, Kernel, Place, Source};
use crate::memory::Memory;
use crate::plan::{BufferId, Slot, Step};
use crate::{CompileError, Program, RunError};

/// Tasks of each thread, and repetitions, when the machine's peak is measured: some tens of milliseconds, of which the
/// best some tenths of one counts.
const TASKS_OF_PEAK: usize = 16;
const RUNS_OF_PEAK: usize = 100;

/// The memory and threads with which a program runs, one run at a time.
#[derive(Debug)]
pub struct Context {
    program: Arc<Program>,
    arena: Memory,
    /// A piece for each thread, of [`Plan::scratch_bytes`](crate::plan::Plan::scratch_bytes).
    scratch: Memory,
    pool: Pool,
}

/// An address that tasks on several threads use.
#[derive(Clone, Copy)]
struct Address(*mut u8);

// SAFETY: tasks of one step write different places, and read none that another one writes.
unsafe impl Sync for Address {}

impl Address {
    fn get(self) -> *mut u8 {
        self.0
    }
}

impl Context {
    /// A context with so many threads, the caller's among them; 0 counts as 1.
    ///
    /// # Errors
    /// If there is not enough memory for the values.
    pub fn new(program: Arc<Program>, n_threads: usize) -> Result<Self, RunError> {
        let bytes = program.arena_bytes();
        let arena = Memory::zeroed(bytes).ok_or(RunError::Memory(bytes))?;
        let pool = Pool::new(n_threads);
        let bytes = program.plan.scratch_bytes.checked_mul(pool.n_threads()).ok_or(RunError::Memory(usize::MAX))?;
        let scratch = Memory::zeroed(bytes).ok_or(RunError::Memory(bytes))?;
        let mut context = Context { program, arena, scratch, pool };
        for (slot, tensor) in &context.program.plan.constants {
            write(&mut context.arena, &slot.place, tensor, &context.program);
        }
        Ok(context)
    }

    /// The program.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Threads that it runs on.
    pub fn n_threads(&self) -> usize {
        self.pool.n_threads()
    }

    /// Copies a tensor to the input of that index, where it stays for all runs until there is another one.
    ///
    /// # Errors
    /// If there is no such input, or the tensor has another type.
    pub fn set_input(&mut self, index: usize, tensor: &Tensor) -> Result<(), RunError> {
        let place = place(INPUT, &self.program.plan.inputs, index)?;
        if (tensor.dtype(), tensor.dims()) != (place.dtype(), &place.dims[..]) {
            let (expected, found) = (type_of(place), tensor.ty().to_string());
            return Err(RunError::Type { side: INPUT, index, expected, found });
        }
        write(&mut self.arena, place, tensor, &self.program);
        Ok(())
    }

    /// The memory of the input of that index, row-major: to be filled in place instead of
    /// [`set_input`](Context::set_input). It holds what it was given last, or zeros.
    ///
    /// # Errors
    /// If there is no such input, or its elements are of another type.
    pub fn input_mut<T: Element>(&mut self, index: usize) -> Result<&mut [T], RunError> {
        let place = place(INPUT, &self.program.plan.inputs, index)?;
        let mistaken = mistaken::<T>(INPUT, index, place);
        let (start, len) = (start(&self.program, place), n_bytes(place));
        if place.dtype() != T::DTYPE {
            return Err(mistaken);
        }
        bytemuck::try_cast_slice_mut(&mut self.arena.bytes_mut()[start..][..len]).map_err(|_| mistaken)
    }

    /// The memory of the output of that index, row-major, as the last run left it: of an output whose size is
    /// that of what was found, as many elements as there are now.
    ///
    /// # Errors
    /// If there is no such output, or its elements are of another type.
    pub fn output_view<T: Element>(&self, index: usize) -> Result<&[T], RunError> {
        let place = self.output_place(index)?;
        let mistaken = mistaken::<T>(OUTPUT, index, &place);
        if place.dtype() != T::DTYPE {
            return Err(mistaken);
        }
        let bytes = &self.arena.bytes()[start(&self.program, &place)..][..n_bytes(&place)];
        bytemuck::try_cast_slice(bytes).map_err(|_| mistaken)
    }

    /// A copy of the output of that index, as the last run left it.
    ///
    /// # Errors
    /// If there is no such output.
    pub fn output(&self, index: usize) -> Result<Tensor, RunError> {
        let place = self.output_place(index)?;
        Ok(read(&self.arena, &place, &self.program)?)
    }

    /// Computes all outputs from the inputs.
    ///
    /// # Errors
    /// If an op that the reference evaluator computes has no result.
    pub fn run(&mut self) -> Result<(), RunError> {
        self.run_steps(&mut || ())
    }

    /// As [`run`](Context::run); how long each step of [`Program::steps`] took.
    ///
    /// # Errors
    /// As [`run`](Context::run).
    pub fn run_timed(&mut self) -> Result<Vec<Duration>, RunError> {
        let mut times = Vec::with_capacity(self.program.plan.steps.len());
        let mut last = Instant::now();
        self.run_steps(&mut || {
            let now = Instant::now();
            times.push(now - last);
            last = now;
        })?;
        Ok(times)
    }

    /// Multiplications of f32 with an addition that this machine does a second now, on all threads of the context
    /// together, with the program's instruction set, where nothing has to wait for memory or for another one's result.
    ///
    /// # Errors
    /// If the code that measures it can't be made.
    pub fn measure_peak(&mut self) -> Result<f64, CompileError> {
        let isa = self.program.isa();
        let jit = Jit::peak(isa)?;
        let n_tasks = self.pool.n_threads() * TASKS_OF_PEAK;
        let mut fastest = f64::INFINITY;
        for _ in 0..RUNS_OF_PEAK {
            let start = Instant::now();
            self.pool.run(n_tasks, &|_, begin, end| {
                // SAFETY: these tasks touch no memory.
                unsafe { jit.run(0, std::ptr::null_mut(), std::ptr::null(), std::ptr::null_mut(), begin, end) }
            });
            fastest = fastest.min(start.elapsed().as_secs_f64());
        }
        Ok((macs_per_task(isa) * n_tasks as u64) as f64 / fastest)
    }

    fn run_steps(&mut self, after: &mut dyn FnMut()) -> Result<(), RunError> {
        let program = Arc::clone(&self.program);
        for (number, step) in program.plan.steps.iter().enumerate() {
            if let Kernel::Evaluate(kernel) = &step.kernel {
                self.evaluate(step, kernel)?;
            } else if let Kernel::Detect(kernel) = &step.kernel {
                self.detect(step, kernel)?;
            } else if let Kernel::Gather(kernel) = &step.kernel {
                self.set_word(kernel.outside, 0);
                self.run_tasks(&program, number, step.kernel.n_tasks());
                self.check_inside(step, kernel)?;
            } else {
                self.run_tasks(&program, number, step.kernel.n_tasks());
            }
            after();
        }
        Ok(())
    }

    fn run_tasks(&mut self, program: &Program, step: usize, n_tasks: usize) {
        let arena = Address(self.arena.bytes_mut().as_mut_ptr());
        let weights = Address(program.weights.bytes().as_ptr().cast_mut());
        let (scratch, per_thread) = (Address(self.scratch.bytes_mut().as_mut_ptr()), program.plan.scratch_bytes);
        self.pool.run(n_tasks, &|thread, begin, end| {
            let scratch = scratch.get().wrapping_add(thread * per_thread);
            // SAFETY: arena and weights are as long as the program's plan says, and scratch memory is for each of the
            // pool's threads. The pool hands each task out once, and the tasks of a step are made to be independent.
            // `&mut self` keeps everyone else out of the arena and the scratch memory, and nothing writes weights.
            unsafe { program.jit.run(step, arena.get(), weights.get(), scratch, begin, end) }
        });
    }

    fn evaluate(&mut self, step: &Step, kernel: &Evaluate) -> Result<(), RunError> {
        let results = self.results(step, &kernel.op, &kernel.operands)?;
        for (place, tensor) in kernel.results.iter().zip(&results) {
            write(&mut self.arena, place, tensor, &self.program);
        }
        Ok(())
    }

    fn detect(&mut self, step: &Step, kernel: &Detect) -> Result<(), RunError> {
        let results = self.results(step, &kernel.op, &kernel.operands)?;
        for tensor in &results {
            let rows = tensor.dims().iter().rev().nth(1).copied().unwrap_or(0);
            let rows = rows.min(kernel.result.dims.iter().rev().nth(1).copied().unwrap_or(0));
            let place = Place { dims: tensor.dims().to_vec(), ..kernel.result.clone() };
            write(&mut self.arena, &place, tensor, &self.program);
            self.set_word(kernel.count, u32::try_from(rows).unwrap_or(u32::MAX));
        }
        Ok(())
    }

    /// An error if a gather has noted that an index is outside.
    fn check_inside(&self, step: &Step, kernel: &GatherKernel) -> Result<(), RunError> {
        if self.word(kernel.outside) == 0 {
            return Ok(());
        }
        let source = EvalError::Domain(format!("an index is outside a dimension of {}", kernel.size));
        Err(RunError::Eval(EvalError::At { name: step.value.clone(), op: "gather", source: Box::new(source) }))
    }

    /// The word at the beginning of a buffer.
    fn word(&self, buffer: BufferId) -> u32 {
        let bytes = &self.arena.bytes()[self.program.plan.buffers[buffer.0].start..];
        bytes.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes))
    }

    fn set_word(&mut self, buffer: BufferId, word: u32) {
        let at = self.program.plan.buffers[buffer.0].start;
        self.arena.bytes_mut()[at..][..size_of::<u32>()].copy_from_slice(&word.to_ne_bytes());
    }

    /// What the reference evaluator makes of operands.
    fn results(&self, step: &Step, op: &Op, operands: &[Source]) -> Result<Vec<Tensor>, RunError> {
        let at = |source: EvalError| {
            let (name, op) = (step.value.clone(), op.mnemonic());
            RunError::Eval(EvalError::At { name, op, source: Box::new(source) })
        };
        let operands = operands.iter().map(|source| match source {
            Source::Arena(place) => read(&self.arena, place, &self.program),
            Source::Constant(tensor) => Ok(tensor.clone()),
        });
        let operands = operands.collect::<Result<Vec<_>, _>>().map_err(at)?;
        op.eval(&operands.iter().collect::<Vec<_>>()).map_err(at)
    }

    /// An output's place, of the size that it has now.
    fn output_place(&self, index: usize) -> Result<Place, RunError> {
        let mut place = place(OUTPUT, &self.program.plan.outputs, index)?.clone();
        if let (Some(count), Some(i)) = (place.count, place.dims.len().checked_sub(2)) {
            place.dims[i] = usize::try_from(self.word(count)).unwrap_or(usize::MAX).min(place.dims[i]);
        }
        Ok(place)
    }
}

/// How errors call the two sides of a program.
const INPUT: &str = "input";
const OUTPUT: &str = "output";

fn place<'a>(side: &'static str, slots: &'a [Slot], index: usize) -> Result<&'a Place, RunError> {
    slots.get(index).map(|slot| &slot.place).ok_or(RunError::Missing { side, index, n: slots.len() })
}

fn mistaken<T: Element>(side: &'static str, index: usize, place: &Place) -> RunError {
    RunError::Type { side, index, expected: type_of(place), found: T::DTYPE.to_string() }
}

fn type_of(place: &Place) -> Type {
    let dims: Vec<u64> = place.dims.iter().map(|&n| n as u64).collect();
    Type::new(place.dtype(), firebrick_ir::Shape::fixed(&dims))
}

/// The byte of the arena at which a place begins.
fn start(program: &Program, place: &Place) -> usize {
    program.plan.buffers[place.view.buffer.0].start + place.view.first_byte()
}

/// The bytes of a place of f32: first and how many.
fn n_bytes(place: &Place) -> usize {
    place.dims.iter().product::<usize>() * place.dtype().size()
}

/// Copies a tensor of the place's type there.
fn write(arena: &mut Memory, place: &Place, tensor: &Tensor, program: &Program) {
    let bytes = &mut arena.bytes_mut()[start(program, place)..][..n_bytes(place)];
    bytes.copy_from_slice(tensor.bytes());
    to_native(bytes, place.dtype().size());
}

/// A copy of what is at a place.
fn read(arena: &Memory, place: &Place, program: &Program) -> Result<Tensor, EvalError> {
    let mut bytes = arena.bytes()[start(program, place)..][..n_bytes(place)].to_vec();
    to_native(&mut bytes, place.dtype().size());
    Ok(Tensor::new(place.dtype(), &place.dims, bytes.into())?)
}

/// Tensors are little-endian, the arena is as the machine is.
fn to_native(bytes: &mut [u8], size: usize) {
    if cfg!(target_endian = "big") {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
}
