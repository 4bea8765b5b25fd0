//! What is done to results before they are stored, and what has to be done to them afterwards.

use firebrick_ir::ops::{BinaryFn, Epilogue, Fused, Fusible, Step, UnaryFn};
use firebrick_ir::{NodeId, Value};

use super::planner::Planner;
use super::{Lowered, binary};
use crate::CompileError;
use crate::kernels::{Map, MapOp};
use crate::plan::{Image, View};
use crate::tile::Finish;

/// How an op of these operands is lowered, with an epilogue of operands of its own.
pub(super) type LowerWith<T> =
    fn(&mut Planner<'_>, NodeId, &T, &[Value], (&Epilogue, &[Value])) -> Result<Lowered, CompileError>;

/// Lowers an op that has no epilogue.
pub(super) fn without<T>(
    planner: &mut Planner<'_>,
    id: NodeId,
    op: &T,
    lower: LowerWith<T>,
) -> Result<Lowered, CompileError> {
    lower(planner, id, op, &planner.graph.operands(id), (&Epilogue::default(), &[]))
}

/// Lowers an op with its epilogue.
pub(super) fn with<T: Fusible>(
    planner: &mut Planner<'_>,
    id: NodeId,
    fused: &Fused<T>,
    lower: LowerWith<T>,
) -> Result<Lowered, CompileError> {
    let all = planner.graph.operands(id);
    let (operands, others) = fused.split(&all);
    lower(planner, id, &fused.op, operands, (&fused.epilogue, others))
}

/// An epilogue in two parts: the steps that tiles can do, and those behind them.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) finish: Vec<Finish>,
    /// What [`Finish::Add`] adds.
    pub(super) residual: Option<Value>,
    rest: Vec<Rest>,
}

#[derive(Debug)]
enum Rest {
    Unary(UnaryFn),
    Binary(BinaryFn, Value),
}

/// What of an epilogue a tile can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tiles {
    /// Everything that a tile has code for.
    All,
    /// Nothing that has an operand.
    Unary,
    /// Nothing.
    None,
}

impl Parts {
    /// The parts of an epilogue of the value `y`, with its operands; `None` if there is no kernel for one of them.
    pub(super) fn of(
        planner: &Planner<'_>,
        epilogue: &Epilogue,
        operands: &[Value],
        y: Value,
        tiles: Tiles,
    ) -> Option<Self> {
        let mut operands = operands.iter();
        let mut parts = Parts::default();
        for step in &epilogue.0 {
            let operand = match step {
                Step::Unary(_) => None,
                Step::Binary(_) => operands.next().copied(),
            };
            if !parts.add_finish(planner, step, operand, y, tiles) && !parts.add_rest(step, operand) {
                return None;
            }
        }
        Some(parts)
    }

    fn add_finish(
        &mut self,
        planner: &Planner<'_>,
        step: &Step,
        operand: Option<Value>,
        y: Value,
        tiles: Tiles,
    ) -> bool {
        if !self.rest.is_empty() || tiles == Tiles::None {
            return false;
        }
        match (step, operand) {
            (Step::Unary(UnaryFn::Relu {}), _) => {
                self.finish.push(Finish::Relu);
                true
            }
            (Step::Binary(BinaryFn::Add), Some(operand))
                if tiles == Tiles::All && self.residual.is_none() && planner.dims(operand) == planner.dims(y) =>
            {
                self.finish.push(Finish::Add);
                self.residual = Some(operand);
                true
            }
            (Step::Unary(_) | Step::Binary(_), _) => false,
        }
    }

    fn add_rest(&mut self, step: &Step, operand: Option<Value>) -> bool {
        match (step, operand) {
            (Step::Unary(function), _) => self.rest.push(Rest::Unary(*function)),
            (Step::Binary(function), Some(operand)) if Map::has_binary(*function) => {
                self.rest.push(Rest::Binary(*function, operand));
            }
            (Step::Binary(_), _) => return false,
        }
        true
    }

    /// Whether nothing is left to do.
    pub(super) fn is_done_by_tiles(&self) -> bool {
        self.rest.is_empty()
    }

    /// Puts a function before what is left to do. Tiles must have been left nothing.
    pub(super) fn begin_with(&mut self, function: BinaryFn, operand: Value) {
        self.rest.insert(0, Rest::Binary(function, operand));
    }

    /// Does what tiles didn't, to the value where it lies.
    pub(super) fn push_rest(&self, planner: &mut Planner<'_>, y: Value, view: View) -> Result<(), CompileError> {
        let dims = planner.dims(y);
        let operands = self.rest.iter().filter_map(|rest| match rest {
            Rest::Unary(_) => None,
            Rest::Binary(_, operand) => Some(*operand),
        });
        let grouping = binary::plain_grouping(planner, &dims, &operands.collect::<Vec<_>>());
        let is_blocked = view.image.block > 1;
        let mut ops = Vec::new();
        for step in &self.rest {
            ops.push(match *step {
                Rest::Unary(function) => MapOp::Unary(function),
                Rest::Binary(function, operand) => {
                    let constant = if is_blocked { binary::constant(planner, operand, &dims)? } else { None };
                    let other = match constant {
                        Some(other) => other,
                        None if is_blocked => binary::blocked_other(planner, operand, &dims)?,
                        None => binary::plain_other(planner, y, operand, &dims, &grouping)?,
                    };
                    MapOp::Binary { function, other, is_second: false }
                }
            });
        }
        let image = if is_blocked { view.image } else { Image::plain(view.image.dtype, grouping.size(&dims)) };
        let view = View { image, ..view };
        if !ops.is_empty() {
            planner.push(y, Map { x: view, y: view, ops });
        }
        Ok(())
    }
}
