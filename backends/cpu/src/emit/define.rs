//! Functions of Cranelift's, from their text to machine code: each by itself, so that all cores can do it.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::TargetIsa;
use cranelift_module::{FuncId, Module, ModuleReloc};

use super::Emitter;
use crate::CompileError;

/// A function that is written, but not compiled.
pub(super) struct Written {
    id: FuncId,
    context: Context,
    result: Result<(), CompileError>,
}

impl Written {
    pub(super) fn new(id: FuncId, context: Context) -> Self {
        Written { id, context, result: Ok(()) }
    }

    fn compile(&mut self, isa: &dyn TargetIsa) {
        let compiled = self.context.compile(isa, &mut ControlPlane::default());
        self.result = compiled.map(|_| ()).map_err(|error| error.inner.into());
    }
}

impl<M: Module> Emitter<M> {
    /// Compiles every function that is written, and puts its code into the module.
    ///
    /// # Errors
    /// If Cranelift can't compile one.
    pub(super) fn define_written(&mut self) -> Result<(), CompileError> {
        let mut written = std::mem::take(&mut self.written);
        if let Some(recorder) = &self.recorder {
            written.iter_mut().for_each(|function| recorder.before(&mut function.context));
        }
        compile_all(&mut written, self.module.isa());
        for Written { id, context, result } in written {
            result?;
            if let Some(recorder) = &mut self.recorder {
                recorder.record(id, &context, &self.module);
            }
            let Some(code) = context.compiled_code() else { continue };
            let relocs = code.buffer.relocs().iter();
            let relocs: Vec<_> = relocs.map(|reloc| ModuleReloc::from_mach_reloc(reloc, &context.func, id)).collect();
            let alignment = u64::from(code.buffer.alignment);
            self.module.define_function_bytes(id, alignment, code.code_buffer(), &relocs)?;
            self.functions.push((id, code.code_buffer().len()));
        }
        Ok(())
    }
}

fn compile_all(written: &mut [Written], isa: &dyn TargetIsa) {
    let n_threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(written.len());
    let queue = Mutex::new(written.iter_mut());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(function) = next() {
            function.compile(isa);
        }
    };
    thread::scope(|scope| {
        for _ in 1..n_threads {
            // Where the system gives fewer threads, the others do more.
            let _ = thread::Builder::new().name("firebrick".to_owned()).spawn_scoped(scope, work);
        }
        work();
    });
}
