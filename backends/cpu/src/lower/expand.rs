//! Convolutions of one value, each of which writes its part of the result.

use firebrick_ir::ops::{Branch, Epilogue, Expand, Step};
use firebrick_ir::{DType, NodeId, Value};

use super::Lowered;
use super::conv::{Convolution, Target};
use super::epilogue::{Parts, Tiles};
use super::planner::{Planner, part_of};
use crate::CompileError;
use crate::kernels::Copy;
use crate::plan::{Halo, Size, View};

/// A branch that can be computed: its channels, and what they come from.
struct Part {
    first_channel: usize,
    n_channels: usize,
    source: Source,
}

enum Source {
    Conv(Box<Convolution>, Parts),
    Copy(Value),
}

pub(super) fn lower(planner: &mut Planner<'_>, id: NodeId, op: &Expand) -> Result<Lowered, CompileError> {
    let y = Value { node: id, port: 0 };
    let (of_branches, of_whole) = epilogues(op);
    let Some(parts) = parts(planner, id, op, &of_branches)? else { return Ok(Lowered::NoKernel) };
    let others = planner.graph.operands(id).split_off(op.slots().1);
    let Some(epilogue) = Parts::of(planner, &of_whole, &others, y, Tiles::None) else {
        return Ok(Lowered::NoKernel);
    };
    let lanes = planner.isa.lanes();
    let view = if parts.iter().all(|part| part.first_channel.is_multiple_of(lanes)) {
        let whole = planner.new_blocked(y)?;
        for part in &parts {
            let view = part_of(&whole, part.first_channel, part.n_channels);
            part.push(planner, y, view)?;
        }
        whole
    } else {
        let whole = planner.new_plain(y)?;
        for part in &parts {
            let size = Size { c: part.n_channels, ..planner.size(y) };
            let view = planner.new_temporary(Planner::image(DType::F32, size, lanes, Halo::default())?);
            part.push(planner, y, view)?;
            let place = part_of(&whole, part.first_channel, part.n_channels);
            planner.convert(y, view, place);
        }
        whole
    };
    epilogue.push_rest(planner, y, view)?;
    Ok(Lowered::Done)
}

/// What is done to each branch, and what is left to do to the whole: functions of one operand need not wait for it
/// unless a branch is a copy.
fn epilogues(op: &Expand) -> (Epilogue, Epilogue) {
    let has_copy = op.branches.contains(&Branch::Copy);
    if has_copy || op.epilogue.n_operands() > 0 {
        (Epilogue::default(), op.epilogue.clone())
    } else {
        (op.epilogue.clone(), Epilogue::default())
    }
}

/// All branches; `None` if one of them has no kernel.
fn parts(
    planner: &Planner<'_>,
    id: NodeId,
    op: &Expand,
    of_branches: &Epilogue,
) -> Result<Option<Vec<Part>>, CompileError> {
    let operands = planner.graph.operands(id);
    let y = Value { node: id, port: 0 };
    if !planner.is_all_f32(id) {
        return Ok(None);
    }
    let mut parts = Vec::new();
    let mut first_channel = 0;
    for (branch, at) in op.slots().0 {
        let (source, n_channels) = match branch {
            Branch::Copy => (Source::Copy(operands[at]), planner.size(operands[at]).c),
            Branch::Conv(conv) => {
                let of_conv = [operands[0], operands[at], operands[at + 1]];
                let Some(convolution) = Convolution::of(planner, &op.conv(conv), &of_conv, y)? else { return Ok(None) };
                let own = conv.activation.into_iter().map(Step::Unary);
                let steps = Epilogue(own.chain(of_branches.0.iter().copied()).collect());
                let Some(finish) = Parts::of(planner, &steps, &[], y, Tiles::All) else { return Ok(None) };
                let n_channels = convolution.n_out();
                (Source::Conv(Box::new(convolution), finish), n_channels)
            }
        };
        parts.push(Part { first_channel, n_channels, source });
        first_channel += n_channels;
    }
    Ok(Some(parts))
}

impl Part {
    /// Adds the steps that write the part.
    fn push(&self, planner: &mut Planner<'_>, y: Value, view: View) -> Result<(), CompileError> {
        match &self.source {
            Source::Conv(convolution, parts) => {
                let finish = parts.finish.clone();
                let target = Target { value: y, view, strides: [1, 1], finish, residual: None };
                convolution.push(planner, target)?;
                parts.push_rest(planner, y, view)
            }
            Source::Copy(value) => {
                let from = planner.blocked(*value)?;
                // Its place may be where it was computed.
                if from != view {
                    planner.push(y, Copy { x: from, y: view });
                }
                Ok(())
            }
        }
    }
}
