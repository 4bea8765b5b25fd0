//! Functions of Cranelift's, from their text to machine code: each by itself, so that all cores can do it while others are
//! still being written. What else there is to do for a program is done between them.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::UserFuncName;
use cranelift_codegen::isa::TargetIsa;
use cranelift_module::{FuncId, Module, ModuleReloc};

use super::Emitter;
use crate::CompileError;
use crate::plan::Filling;

/// Functions that wait to be compiled at most: enough for all cores, and not much memory.
const MAX_WRITTEN: usize = 8;

/// A function that is written, but not compiled.
struct Written {
    id: FuncId,
    context: Context,
}

/// A function's machine code.
struct Compiled {
    id: FuncId,
    code: Result<Code, CompileError>,
}

struct Code {
    bytes: Vec<u8>,
    alignment: u64,
    relocs: Vec<ModuleReloc>,
}

/// Functions on their way from those who write them to those who compile them.
pub(super) struct Queue {
    isa: Arc<dyn TargetIsa>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    written: VecDeque<Written>,
    compiled: Vec<Compiled>,
    /// Whether there will be no more.
    is_closed: bool,
}

impl Written {
    fn compile(mut self, isa: &dyn TargetIsa) -> Compiled {
        let compiled = self.context.compile(isa, &mut ControlPlane::default());
        let code = compiled.map(|_| ()).map_err(|error| error.inner.into()).map(|()| Code::of(self.id, &self.context));
        Compiled { id: self.id, code }
    }
}

impl Code {
    /// The code of a function that was compiled.
    fn of(id: FuncId, context: &Context) -> Self {
        let Some(code) = context.compiled_code() else {
            return Code { bytes: Vec::new(), alignment: 1, relocs: Vec::new() };
        };
        let relocs = code.buffer.relocs().iter();
        Code {
            bytes: code.code_buffer().to_vec(),
            alignment: u64::from(code.buffer.alignment),
            relocs: relocs.map(|reloc| ModuleReloc::from_mach_reloc(reloc, &context.func, id)).collect(),
        }
    }
}

impl Queue {
    pub(super) fn new(isa: Arc<dyn TargetIsa>) -> Self {
        Queue { isa, state: Mutex::default(), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a function, or compiles it, if many are waiting.
    fn push(&self, written: Written) {
        if self.state().written.len() < MAX_WRITTEN {
            self.state().written.push_back(written);
            self.changed.notify_one();
        } else {
            self.compile(written);
        }
    }

    fn compile(&self, written: Written) {
        let compiled = written.compile(&*self.isa);
        self.state().compiled.push(compiled);
    }

    /// Compiles functions, and does other work while none is waiting, until there is nothing left.
    fn work(&self, others: &Mutex<Filling<'_>>) {
        loop {
            let written = self.state().written.pop_front();
            if let Some(written) = written {
                self.compile(written);
                continue;
            }
            let other = others.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match other {
                Some(other) => other(),
                None if self.is_done() => return,
                None => (),
            }
        }
    }

    /// Waits for a function. Whether there will be none.
    fn is_done(&self) -> bool {
        let is_idle = |state: &mut State| state.written.is_empty() && !state.is_closed;
        let state = self.changed.wait_while(self.state(), is_idle).unwrap_or_else(PoisonError::into_inner);
        state.written.is_empty()
    }
}

/// Writes functions by `write`, and has other threads compile them and do what else there is to do meanwhile.
pub(super) fn beside<T>(queue: &Queue, others: Filling<'_>, write: impl FnOnce() -> T) -> T {
    let others = Mutex::new(others);
    let n_threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 1..n_threads {
            // Where the system gives fewer threads, the others do more.
            let _ = thread::Builder::new().name("firebrick".to_owned()).spawn_scoped(scope, || queue.work(&others));
        }
        // However writing ends, nobody waits for more.
        let closing = Closing(queue);
        let written = write();
        drop(closing);
        queue.work(&others);
        written
    })
}

/// Says that there will be no more functions when it is dropped.
struct Closing<'q>(&'q Queue);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl<M: Module> Emitter<M> {
    /// Has a function compiled; here and now, if functions are to be read.
    ///
    /// # Errors
    /// If Cranelift can't compile it.
    pub(super) fn define(&mut self, id: FuncId, mut context: Context) -> Result<(), CompileError> {
        context.func.name = UserFuncName::user(0, id.as_u32());
        if let Some(recorder) = &mut self.recorder {
            recorder.before(&mut context);
            context.compile(self.module.isa(), &mut ControlPlane::default()).map_err(|error| error.inner)?;
            recorder.record(id, &context, &self.module);
        } else {
            self.queue.push(Written { id, context });
        }
        Ok(())
    }

    /// The functions on their way.
    pub(super) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    /// Puts the code of functions that were compiled into the module.
    ///
    /// # Errors
    /// If Cranelift can't compile one.
    pub(super) fn install(&mut self) -> Result<(), CompileError> {
        let mut compiled = std::mem::take(&mut self.queue.state().compiled);
        // Whichever was compiled first: programs are the same.
        compiled.sort_by_key(|function| function.id);
        for Compiled { id, code } in compiled {
            let Code { bytes, alignment, relocs } = code?;
            self.module.define_function_bytes(id, alignment, &bytes, &relocs)?;
            self.functions.push((id, bytes.len()));
        }
        Ok(())
    }
}
