//! Max pooling of a run of windows in a row, all of them inside of the input.

use super::{Pointer, Reg, VectorAsm};

/// Registers for the columns of some windows, and one for a result.
const N_COLUMNS: usize = 12;
const ELEMENT: Reg = Reg(12);
const RESULT: Reg = Reg(13);

/// The largest elements of windows side by side: of each column first, which windows share. The number below which
/// nothing is lies at the pointer to the weights. All steps are in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PoolRow {
    pub(crate) n_windows: usize,
    /// Rows and columns of a window.
    pub(crate) kernel: [usize; 2],
    /// Columns from one window to the next.
    pub(crate) stride: usize,
    /// In the input: to the pixel below, and to the one on the right.
    pub(crate) down: i32,
    pub(crate) right: i32,
    /// In the output: to the next pixel.
    pub(crate) y: i32,
}

impl PoolRow {
    /// Whether windows of so many columns fit into the registers.
    pub(crate) fn fits(n_columns: usize) -> bool {
        n_columns <= N_COLUMNS
    }

    pub(super) fn generate<A: VectorAsm>(&self, asm: &mut A) {
        let n_together = ((N_COLUMNS - self.kernel[1]) / self.stride + 1).min(self.n_windows);
        let n = u32::try_from(self.n_windows / n_together).expect("rows are checked to be small");
        asm.counted(0, n, &mut |asm| {
            self.windows(asm, n_together);
            asm.advance(Pointer::Input, step(n_together * self.stride, self.right));
            asm.advance(Pointer::Output, step(n_together, self.y));
        });
        self.windows(asm, self.n_windows % n_together);
    }

    fn windows<A: VectorAsm>(&self, asm: &mut A, n: usize) {
        let n_columns = n.checked_sub(1).map_or(0, |last| last * self.stride + self.kernel[1]);
        for column in (0..n_columns).filter(|column| column % self.stride < self.kernel[1]) {
            asm.load(reg(column), Pointer::Weights, 0);
            for row in 0..self.kernel[0] {
                asm.load(ELEMENT, Pointer::Input, step(row, self.down) + step(column, self.right));
                // The one that is no NaN stays.
                asm.max(reg(column), ELEMENT, reg(column));
            }
        }
        for window in 0..n {
            let first = window * self.stride;
            asm.copy(RESULT, reg(first));
            for column in first + 1..first + self.kernel[1] {
                asm.max(RESULT, reg(column), RESULT);
            }
            asm.store(Pointer::Output, step(window, self.y), RESULT);
        }
    }
}

fn reg(column: usize) -> Reg {
    Reg(u8::try_from(column).expect("columns are made to fit the registers"))
}

/// So many steps.
fn step(n: usize, step: i32) -> i32 {
    i32::try_from(n).expect("rows are checked to be small") * step
}
