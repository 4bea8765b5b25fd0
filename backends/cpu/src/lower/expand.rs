//! Convolutions of one value, each of which writes its part of the result.

use firebrick_ir::ops::{Branch, Epilogue, Expand, Step};
use firebrick_ir::{DType, NodeId, Value};

use super::Lowered;
use super::conv::{Convolution, Target};
use super::epilogue::{Parts, Tiles};
use super::planner::{Planner, part_of};
use crate::CompileError;
use crate::kernels::{Branches, Copy, Kernel};
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
    let others = planner.graph.operands(id).split_off(op.slots().1);
    let (everything, nothing) = ((&op.epilogue, &others[..]), (&Epilogue::default(), &[][..]));
    let Some(fused) = branches(planner, id, op, everything)? else { return Ok(Lowered::NoKernel) };
    let lanes = planner.isa.lanes();
    // What is done to the whole is done to each branch, if it can be, and need not wait for the whole then.
    let (parts, (of_whole, others)) = if fused.iter().all(|part| part.does(everything, lanes)) {
        (fused, nothing)
    } else {
        let Some(parts) = branches(planner, id, op, nothing)? else { return Ok(Lowered::NoKernel) };
        (parts, everything)
    };
    let Some(epilogue) = Parts::of(planner, of_whole, others, y, Tiles::None) else { return Ok(Lowered::NoKernel) };
    let view = if parts.iter().all(|part| part.first_channel.is_multiple_of(lanes)) {
        let whole = planner.new_blocked(y)?;
        let views = parts.iter().map(|part| part_of(&whole, part.first_channel, part.n_channels)).collect();
        push(planner, y, &parts, views)?;
        whole
    } else {
        let whole = planner.new_plain(y)?;
        let mut views = Vec::new();
        for part in &parts {
            let size = Size { c: part.n_channels, ..planner.size(y) };
            views.push(planner.new_temporary(Planner::image(DType::F32, size, lanes, Halo::default())?));
        }
        push(planner, y, &parts, views.clone())?;
        for (part, view) in parts.iter().zip(views) {
            planner.convert(y, view, part_of(&whole, part.first_channel, part.n_channels));
        }
        whole
    };
    epilogue.push_rest(planner, y, view)?;
    Ok(Lowered::Done)
}

/// Adds a step that writes all parts, and what is left to do to each.
fn push(planner: &mut Planner<'_>, y: Value, parts: &[Part], views: Vec<View>) -> Result<(), CompileError> {
    let mut kernels: Vec<Kernel> = Vec::new();
    let mut macs = 0_u64;
    for (part, &view) in parts.iter().zip(&views) {
        kernels.extend(part.kernel(planner, y, view)?);
        macs = macs.saturating_add(part.macs(view.image.size));
    }
    match kernels.len() {
        // Its place may be where it was computed.
        0 => (),
        1 => kernels.into_iter().for_each(|kernel| planner.push_macs(y, kernel, macs)),
        _ => planner.push_macs(y, Branches { kernels }, macs),
    }
    for (part, view) in parts.iter().zip(views) {
        if let Source::Conv(_, rest) = &part.source {
            rest.push_rest(planner, y, view)?;
        }
    }
    Ok(())
}

/// All branches, to each of which an epilogue of the whole is done; `None` if one of them has no kernel.
fn branches(
    planner: &Planner<'_>,
    id: NodeId,
    op: &Expand,
    (epilogue, others): (&Epilogue, &[Value]),
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
                let steps = Epilogue(own.chain(epilogue.0.iter().copied()).collect());
                let Some(finish) = Parts::of(planner, &steps, others, y, Tiles::All) else { return Ok(None) };
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
    /// Whether an epilogue of the whole is done to the part alone.
    fn does(&self, (epilogue, others): (&Epilogue, &[Value]), lanes: usize) -> bool {
        match &self.source {
            Source::Copy(_) => epilogue.0.is_empty(),
            Source::Conv(_, parts) => {
                others.is_empty() || parts.is_done_by_tiles() && self.first_channel.is_multiple_of(lanes)
            }
        }
    }

    fn macs(&self, size: Size) -> u64 {
        match &self.source {
            Source::Conv(convolution, _) => convolution.shape.macs(size),
            Source::Copy(_) => 0,
        }
    }

    /// What writes the part; `None` if it is there.
    fn kernel(&self, planner: &mut Planner<'_>, y: Value, view: View) -> Result<Option<Kernel>, CompileError> {
        match &self.source {
            Source::Conv(convolution, parts) => {
                let residual = parts.residual.map(|value| planner.blocked(value)).transpose()?;
                let residual = residual.map(|whole| part_of(&whole, self.first_channel, self.n_channels));
                let target = Target { value: y, view, strides: [1, 1], finish: parts.finish.clone(), residual };
                Ok(Some(convolution.kernel(planner, target)?))
            }
            Source::Copy(value) => {
                let from = planner.blocked(*value)?;
                Ok((from != view).then(|| Copy { x: from, y: view }.into()))
            }
        }
    }
}
