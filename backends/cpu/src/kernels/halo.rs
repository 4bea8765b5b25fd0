//! What lies around planes, for convolutions that read beyond the edges.

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::Module;

use super::copy::pieces;
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, Image, View};

/// Writes a view's halo.
#[derive(Debug)]
pub(crate) struct ClearHalo {
    pub(crate) view: View,
}

impl ClearHalo {
    pub(super) fn name(&self) -> &'static str {
        "clear_halo"
    }

    pub(super) fn n_tasks(&self) -> usize {
        self.view.image.size.n * self.view.image.n_blocks()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        Vec::new()
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.view.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let Image { size, block, halo, row, plane, .. } = self.view.image;
        let bytes = |n: usize| as_imm(self.view.image.bytes(n));
        let start = code.in_buffer(self.view.buffer, bytes(self.view.start));
        // A view of all channels: its images lie one behind the other.
        let start = code.at(start, task, bytes(plane));
        let (left, right) = (halo.left * block, halo.right * block);
        self.fill(code, start, halo.top * row + left);
        let behind = code.offset(start, bytes(halo.top * row + left + size.w * block));
        code.repeat(size.h.saturating_sub(1), &mut |code, i| {
            let between = code.at(behind, i, bytes(row));
            self.fill(code, between, right + left);
        });
        let end = code.offset(behind, bytes(size.h.saturating_sub(1) * row));
        self.fill(code, end, right + halo.bottom * row);
        Ok(())
    }

    /// Writes elements of the halo.
    fn fill<M: Module>(&self, code: &mut Code<'_, M>, address: Value, n_elements: usize) {
        for (start, n, piece) in pieces(self.view.image.bytes(n_elements)) {
            let address = code.offset(address, as_imm(start));
            code.repeat(n, &mut |code, i| {
                let address = code.at(address, i, as_imm(piece));
                let bits = code.repeated_byte(self.view.image.halo.fill, piece);
                code.store(bits, address, 0);
            });
        }
    }
}

impl fmt::Display for ClearHalo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "clear_halo {}", self.view)?;
        match self.view.image.halo.fill {
            0 => Ok(()),
            byte => write!(f, " to {byte}"),
        }
    }
}
