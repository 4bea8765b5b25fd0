//! The same elements under other dimensions: the same memory.

use firebrick_ir::{NodeId, Value};

use super::Lowered;
use super::planner::Planner;
use crate::CompileError;
use crate::plan::View;

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let view = planner.plain(x)?;
    planner.add_form(y, View { image: planner.plain_image(y), ..view });
    Ok(Lowered::Done)
}

pub(super) fn identity(planner: &mut Planner<'_>, id: NodeId) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    if planner.forms(x).is_empty() {
        planner.plain(x)?;
    }
    for view in planner.forms(x) {
        planner.add_form(y, view);
    }
    Ok(Lowered::Done)
}
