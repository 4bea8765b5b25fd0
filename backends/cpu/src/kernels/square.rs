//! Squares of four by four elements of 32 bits, turned in registers.

use cranelift_codegen::ir::types::I8X16;
use cranelift_codegen::ir::{ConstantData, InstBuilder, MemFlagsData as MemFlags, Value};
use cranelift_module::Module;

use crate::emit::{Code, as_imm};

/// Rows and columns of a square.
pub(super) const SIDE: usize = 4;

/// Copies a square so that what are rows of it become columns: rows lie so many bytes apart, and what is in a row lies
/// one behind the other.
pub(super) fn turn<M: Module>(code: &mut Code<'_, M>, (x, x_step): (Value, i64), (y, y_step): (Value, i64)) {
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| {
        let from = code.offset(x, i * x_step);
        code.builder.ins().load(I8X16, MemFlags::new(), from, 0)
    });
    let [ab, cd] = [(a, b), (c, d)].map(|(a, b)| [zip(code, a, b, 4, false), zip(code, a, b, 4, true)]);
    for (i, (half, upper)) in [(0, false), (0, true), (1, false), (1, true)].into_iter().enumerate() {
        let row = zip(code, ab[half], cd[half], 8, upper);
        let to = code.offset(y, as_imm(i) * y_step);
        code.store(row, to, 0);
    }
}

/// Parts of `size` bytes of two vectors in turn: of their lower halves, or of the upper ones.
fn zip<M: Module>(code: &mut Code<'_, M>, a: Value, b: Value, size: u8, upper: bool) -> Value {
    let first = if upper { 8 } else { 0 };
    let parts = (0..8 / size).flat_map(|part| [part * size, 16 + part * size]);
    let bytes: Vec<u8> = parts.flat_map(|part| (0..size).map(move |byte| first + part + byte)).collect();
    let mask = code.builder.func.dfg.immediates.push(ConstantData::from(bytes));
    code.builder.ins().shuffle(a, b, mask)
}
