//! What is done to results before they are stored, and what has to be done to them afterwards.

use firebrick_ir::Value;
use firebrick_ir::ops::{BinaryFn, Epilogue, Step, UnaryFn};

use super::binary;
use super::planner::Planner;
use crate::CompileError;
use crate::kernels::{Map, MapOp, Other};
use crate::plan::View;
use crate::tile::Finish;

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
    ) -> Result<Option<Self>, CompileError> {
        let mut operands = operands.iter();
        let mut parts = Parts::default();
        for step in &epilogue.0 {
            let operand = match step {
                Step::Unary(_) => None,
                Step::Binary(_) => operands.next().copied(),
            };
            if !parts.add_finish(planner, step, operand, y, tiles) && !parts.add_rest(planner, step, operand, y)? {
                return Ok(None);
            }
        }
        Ok(Some(parts))
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

    fn add_rest(
        &mut self,
        planner: &Planner<'_>,
        step: &Step,
        operand: Option<Value>,
        y: Value,
    ) -> Result<bool, CompileError> {
        match (step, operand) {
            (Step::Unary(function), _) if Map::has_unary(*function) => self.rest.push(Rest::Unary(*function)),
            (Step::Binary(function), Some(operand))
                if Map::has_binary(*function)
                    && (planner.dims(operand) == planner.dims(y)
                        || binary::has_constant(planner, operand, &planner.dims(y))?) =>
            {
                self.rest.push(Rest::Binary(*function, operand));
            }
            (Step::Unary(_) | Step::Binary(_), _) => return Ok(false),
        }
        Ok(true)
    }

    /// Does what tiles didn't, to the value where it lies.
    pub(super) fn push_rest(&self, planner: &mut Planner<'_>, y: Value, view: View) -> Result<(), CompileError> {
        let mut ops = Vec::new();
        for step in &self.rest {
            ops.push(match *step {
                Rest::Unary(function) => MapOp::Unary(function),
                Rest::Binary(function, operand) => {
                    let other = match binary::constant(planner, operand, &planner.dims(y))? {
                        Some(other) => other,
                        None if view.image.block > 1 => Other::Image(planner.blocked(operand)?),
                        None => Other::Image(planner.plain(operand)?),
                    };
                    MapOp::Binary { function, other, is_second: false }
                }
            });
        }
        if !ops.is_empty() {
            planner.push(y, Map { x: view, y: view, ops });
        }
        Ok(())
    }
}
