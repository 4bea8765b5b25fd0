//! The same elements under other dimensions: the same memory.

use firebrick_ir::{NodeId, Value};

use super::Lowered;
use super::planner::Planner;
use crate::CompileError;
use crate::plan::{Image, View};

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId) -> Result<Lowered, CompileError> {
    let (x, y) = (planner.graph.operands(id)[0], Value { node: id, port: 0 });
    let view = planner.plain(x)?;
    let image = if planner.is_f32(y) { Image::plain(planner.size(y)) } else { view.image };
    planner.add_form(y, View { image, ..view });
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
