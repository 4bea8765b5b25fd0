//! SSD's Permute, and ShuffleNet's ShuffleChannel.

use firebrick_ir::ops::{Reshape, Transpose};
use firebrick_schemas::caffe::{PermuteParameter, ShuffleChannelParameter};

use super::{LayerContext, Tops};

/// Permute: the dimensions in another order; those that `order` doesn't name come last.
pub(super) fn permute(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().permute_param.as_deref().cloned().unwrap_or_default();
    let PermuteParameter { order } = param;
    let x = ctx.bottom(0);
    let rank = ctx.dims(x).len();
    let mut perm: Vec<usize> = Vec::with_capacity(rank);
    for axis in order.into_iter().map(|axis| axis as usize) {
        let wrong = match axis {
            axis if axis >= rank => Some(format!("dimension {axis} is out of range for {rank} dimensions")),
            axis if perm.contains(&axis) => Some(format!("dimension {axis} is named twice")),
            _ => None,
        };
        if let Some(message) = wrong {
            return Err(ctx.problem_at(ctx.field("permute_param", "order"), message));
        }
        perm.push(axis);
    }
    perm.extend((0..rank).filter(|axis| !perm.contains(axis)).collect::<Vec<_>>());
    if perm.is_sorted() {
        return Ok(vec![Some(x)]);
    }
    Ok(vec![Some(ctx.op("permute", Transpose { perm }, &[x])?)])
}

/// ShuffleChannel: channel `i` of group `g` becomes channel `g` of group `i`.
pub(super) fn shuffle_channel(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().shuffle_channel_param.as_deref().cloned().unwrap_or_default();
    let ShuffleChannelParameter { group: _ } = &param;
    let group = u64::from(param.group());
    let x = ctx.bottom(0);
    let dims = ctx.dims(x);
    let [_, channels, spatial @ ..] = dims.as_slice() else {
        return Err(ctx.problem(format!("it takes 2 dimensions or more, but its bottom has {}", dims.len())));
    };
    if group == 0 || !channels.is_multiple_of(group) {
        let message = format!("`group` is {group}, which does not divide {channels} channels");
        return Err(ctx.problem_at(ctx.field("shuffle_channel_param", "group"), message));
    }
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let tail = spatial.iter().map(|&n| signed(n));
    let split = [0, signed(group), signed(channels / group)].into_iter().chain(tail.clone()).collect();
    let joined = [0, signed(*channels)].into_iter().chain(tail).collect();
    let perm = [0, 2, 1].into_iter().chain(3..spatial.len() + 3).collect();
    let grouped = ctx.op("grouped", Reshape { shape: split }, &[x])?;
    let shuffled = ctx.op("shuffled", Transpose { perm }, &[grouped])?;
    Ok(vec![Some(ctx.op("joined", Reshape { shape: joined }, &[shuffled])?)])
}
