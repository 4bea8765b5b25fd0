//! Elements moved: transposes, slices, repetitions, pads and picks.

use std::fmt;

use cranelift_codegen::ir::types::{I8, I8X16, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData as MemFlags, Type, Value};
use cranelift_module::Module;

use super::square::{self, SIDE};
use crate::CompileError;
use crate::emit::{Code, as_imm};
use crate::plan::{BufferId, View};

/// Tasks to have where there is enough to move.
const N_TASKS: usize = 48;

/// Bytes of a vector.
const VECTOR: usize = 16;

/// Where elements come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin {
    /// From a view's first element on.
    View(View),
    /// From an element of the program's weights on.
    Weight(usize),
}

/// Where the operand's elements lie along a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// So many bytes apart.
    Step(i64),
    /// As a table among the program's weights says: bytes from the beginning of the dimension, as integers.
    Table(usize),
}

/// A dimension: its size, and how far apart its elements are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) n: usize,
    pub(crate) x: Way,
    /// In bytes.
    pub(crate) y: i64,
}

/// Moves elements of any type: each dimension says by itself where to.
#[derive(Debug)]
pub(crate) struct Move {
    name: &'static str,
    x: Origin,
    y: View,
    /// Bytes of an element: 1, 2, 4 or 8.
    element: usize,
    /// Bytes from the operand's first element to the first that is moved.
    x_start: i64,
    /// Bytes from the result's first element to the first that is written.
    y_start: i64,
    /// The dimensions, outermost first: two at least.
    axes: Vec<Axis>,
}

/// Addresses in operand and result.
#[derive(Clone, Copy)]
struct At {
    x: Value,
    y: Value,
}

impl Move {
    /// A move along these dimensions, outermost first. Their order is the result's.
    pub(crate) fn new(
        name: &'static str,
        x: (Origin, i64),
        y: View,
        element: usize,
        axes: impl IntoIterator<Item = Axis>,
    ) -> Self {
        let mut merged: Vec<Axis> = Vec::new();
        for axis in axes.into_iter().filter(|axis| axis.n != 1 || matches!(axis.x, Way::Table(_))) {
            match merged.last_mut() {
                Some(outer) if outer.continues_with(axis) => *outer = Axis { n: outer.n * axis.n, ..axis },
                Some(_) | None => merged.push(axis),
            }
        }
        // Where the operand has a run along another dimension than the result, both are turned a square at a time.
        let run = as_imm(element);
        if merged.last().is_some_and(|last| last.x != Way::Step(run))
            && let Some(at) = merged.iter().rposition(|axis| axis.x == Way::Step(run))
        {
            let axis = merged.remove(at);
            merged.insert(merged.len() - 1, axis);
        }
        while merged.len() < 2 {
            merged.insert(0, Axis { n: 1, x: Way::Step(0), y: 0 });
        }
        Move { name, x: x.0, y, element, x_start: x.1, y_start: 0, axes: merged }
    }

    /// The same with the result's elements from that byte on.
    pub(crate) fn written_from(self, y_start: i64) -> Self {
        Move { y_start, ..self }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// All dimensions but the last two, then these.
    fn parts(&self) -> (&[Axis], Axis, Axis) {
        let (outer, inner) = self.axes.split_at(self.axes.len() - 2);
        (outer, inner[0], inner[1])
    }

    /// Whether rows of the operand are columns of the result.
    fn is_turned(&self) -> bool {
        let (_, rows, columns) = self.parts();
        let (run, is_step) = (as_imm(self.element), matches!(columns.x, Way::Step(_)));
        self.element == 4 && rows.x == Way::Step(run) && is_step && columns.y == run
    }

    /// Rows of a task.
    fn chunk(&self) -> usize {
        let (outer, rows, _) = self.parts();
        let n_outer: usize = outer.iter().map(|axis| axis.n).product();
        let chunk = rows.n.div_ceil(N_TASKS.div_ceil(n_outer.max(1))).max(1);
        if self.is_turned() { chunk.next_multiple_of(SIDE) } else { chunk }
    }

    /// The sizes that a task's number is made of.
    fn sizes(&self) -> Vec<usize> {
        let (outer, rows, _) = self.parts();
        outer.iter().map(|axis| axis.n).chain([rows.n.div_ceil(self.chunk())]).collect()
    }

    pub(super) fn n_tasks(&self) -> usize {
        self.sizes().iter().product()
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        match self.x {
            Origin::View(view) => vec![view.buffer],
            Origin::Weight(_) => Vec::new(),
        }
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.y.buffer]
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        let (outer, rows, columns) = self.parts();
        let x = match &self.x {
            Origin::View(view) => code.first(view),
            Origin::Weight(element) => code.weight(*element),
        };
        let mut at = At { x: code.offset(x, self.x_start), y: code.first(&self.y) };
        at.y = code.offset(at.y, self.y_start);
        let indices = code.unravel(task, &self.sizes());
        for (axis, &index) in outer.iter().zip(&indices) {
            at = axis.advance(code, at, index);
        }
        let first = code.scaled(indices[outer.len()], as_imm(self.chunk()));
        let end = code.offset(first, as_imm(self.chunk()));
        let n_rows = code.int(rows.n);
        let end = code.min(end, n_rows);
        if self.is_turned() {
            self.emit_squares(code, at, first, end);
        } else {
            code.range(first, end, &mut |code, row| {
                let at = rows.advance(code, at, row);
                self.emit_row(code, at, columns);
            });
        }
        Ok(())
    }

    fn emit_row<M: Module>(&self, code: &mut Code<'_, M>, at: At, columns: Axis) {
        let run = as_imm(self.element);
        if columns.y != run || !matches!(columns.x, Way::Step(step) if step == run || step == 0) {
            return self.emit_elements(code, at, columns, 0);
        }
        let is_same = columns.x == Way::Step(0);
        let per_vector = VECTOR / self.element;
        let n_vectors = columns.n / per_vector;
        if is_same {
            let element = self.load(code, at.x);
            let vector = code.builder.ins().splat(self.vector_type(), element);
            code.repeat(n_vectors, &mut |code, i| {
                let y = code.at(at.y, i, as_imm(VECTOR));
                code.store(vector, y, 0);
            });
        } else {
            code.repeat(n_vectors, &mut |code, i| {
                let (x, y) = (code.at(at.x, i, as_imm(VECTOR)), code.at(at.y, i, as_imm(VECTOR)));
                let vector = load_bytes(code, x);
                code.store(vector, y, 0);
            });
        }
        self.emit_elements(code, at, columns, n_vectors * per_vector);
    }

    /// Elements one by one, from one on.
    fn emit_elements<M: Module>(&self, code: &mut Code<'_, M>, at: At, columns: Axis, first: usize) {
        code.repeat(columns.n - first, &mut |code, i| {
            let column = code.offset(i, as_imm(first));
            let at = columns.advance(code, at, column);
            let element = self.load(code, at.x);
            code.store(element, at.y, 0);
        });
    }

    /// Rows `first..end` of the result, where the operand's rows are its columns.
    fn emit_squares<M: Module>(&self, code: &mut Code<'_, M>, at: At, first: Value, end: Value) {
        let (_, rows, columns) = self.parts();
        let Way::Step(step) = columns.x else { return };
        let n_rows = code.sub(end, first);
        let n_squares = code.builder.ins().udiv_imm_u(n_rows, as_imm(SIDE));
        let at = rows.advance(code, at, first);
        let zero = code.int(0);
        code.range(zero, n_squares, &mut |code, i| {
            let row = code.scaled(i, as_imm(SIDE));
            let at = rows.advance(code, at, row);
            code.repeat(columns.n / SIDE, &mut |code, j| {
                let column = code.scaled(j, as_imm(SIDE));
                let at = columns.advance(code, at, column);
                square::turn(code, (at.x, step), (at.y, rows.y));
            });
            code.repeat(SIDE, &mut |code, row| {
                let at = rows.advance(code, at, row);
                self.emit_elements(code, at, columns, columns.n / SIDE * SIDE);
            });
        });
        let n_done = code.scaled(n_squares, as_imm(SIDE));
        code.range(n_done, n_rows, &mut |code, row| {
            let at = rows.advance(code, at, row);
            self.emit_elements(code, at, columns, 0);
        });
    }

    fn element_type(&self) -> Type {
        match self.element {
            1 => I8,
            2 => I16,
            4 => I32,
            _ => I64,
        }
    }

    fn vector_type(&self) -> Type {
        let lanes = u32::try_from(VECTOR / self.element).expect("a vector has a few lanes");
        self.element_type().by(lanes).expect("there are vectors of 128 bits of every type")
    }

    fn load<M: Module>(&self, code: &mut Code<'_, M>, address: Value) -> Value {
        code.builder.ins().load(self.element_type(), MemFlags::new(), address, 0)
    }
}

impl Axis {
    /// Whether the last element of this dimension is followed by an inner dimension's elements, in operand and result.
    fn continues_with(self, inner: Axis) -> bool {
        let n = as_imm(inner.n);
        match (self.x, inner.x) {
            (Way::Step(x), Way::Step(inner_x)) => x == n * inner_x && self.y == n * inner.y,
            (Way::Step(_) | Way::Table(_), _) => false,
        }
    }

    fn advance<M: Module>(self, code: &mut Code<'_, M>, at: At, index: Value) -> At {
        let x = match self.x {
            Way::Step(step) => code.at(at.x, index, step),
            Way::Table(table) => {
                let table = code.weight(table);
                let entry = code.at(table, index, as_imm(size_of::<u32>()));
                let distance = code.load_int(entry, 0);
                code.add(at.x, distance)
            }
        };
        At { x, y: code.at(at.y, index, self.y) }
    }
}

fn load_bytes<M: Module>(code: &mut Code<'_, M>, address: Value) -> Value {
    code.builder.ins().load(I8X16, MemFlags::new(), address, 0)
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Origin::View(view) = &self.x {
            write!(f, " {view}")?;
        }
        write!(f, " -> {} by", self.y)?;
        for axis in &self.axes {
            match axis.x {
                Way::Step(step) => write!(f, " {}:{step}", axis.n)?,
                Way::Table(_) => write!(f, " {}:table", axis.n)?,
            }
        }
        Ok(())
    }
}
