//! Lists of values. A list is a matter of names: what is in it, and at which place, is known when a model is imported.

use firebrick_ir::ops::{Concat, Slice};
use firebrick_ir::{Dim, Tensor, Value};

use super::reshape::to_dims;
use super::{Item, NodeContext, Outputs, Stop};

/// SequenceConstruct: a list of the inputs.
pub(super) fn construct(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    Ok(vec![Item::Sequence((0..ctx.n_inputs()).map(|index| ctx.item(index)).collect())])
}

/// SequenceEmpty: a list of nothing.
pub(super) fn empty(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    ctx.ignore("dtype", "what is put into a list has its own type");
    Ok(vec![Item::Sequence(Vec::new())])
}

/// SequenceAt: the value at a place.
pub(super) fn at(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let items = list(ctx, 0)?;
    let place = ctx.input(1)?;
    let index = place_in(ctx, place, items.len(), items.len())?;
    Ok(vec![items[index].clone()])
}

/// SequenceInsert: a list with another value at a place, or at its end.
pub(super) fn insert(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let mut items = list(ctx, 0)?;
    let index = match ctx.optional(2) {
        Some(place) => place_in(ctx, place, items.len(), items.len() + 1)?,
        None => items.len(),
    };
    items.insert(index, ctx.item(1));
    Ok(vec![Item::Sequence(items)])
}

/// SequenceErase: a list without the value at a place, or without its last.
pub(super) fn erase(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let mut items = list(ctx, 0)?;
    let last = items.len().checked_sub(1).ok_or_else(|| ctx.problem("the list is empty"))?;
    let index = match ctx.optional(1) {
        Some(place) => place_in(ctx, place, items.len(), items.len())?,
        None => last,
    };
    items.remove(index);
    Ok(vec![Item::Sequence(items)])
}

/// SequenceLength: the number of values in a list.
pub(super) fn length(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let length = i64::try_from(list(ctx, 0)?.len()).unwrap_or(i64::MAX);
    Ok(vec![ctx.constant("length", Tensor::scalar(length))?.into()])
}

/// SplitToSequence: parts of a dimension, as a list: of the sizes that are given, of one size, or single elements, which
/// may lose the dimension.
pub(super) fn split(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int_or("axis", 0)?;
    let keep_dims = ctx.flag("keepdims", true)?;
    let x = ctx.input(0)?;
    let axis = ctx.axis("axis", axis, ctx.rank(x))?;
    let size = usize::try_from(ctx.dim(x, axis)?).unwrap_or(usize::MAX);
    let Some(split) = ctx.optional(1) else {
        let parts =
            (0..size).map(|index| if keep_dims { part(ctx, x, axis, index, 1) } else { element(ctx, x, axis, index) });
        return Ok(vec![Item::Sequence(parts.map(|part| part.map(Item::from)).collect::<Result<_, _>>()?)]);
    };
    let sizes = ctx.constant_ints(split)?;
    let sizes = match (ctx.rank(split), &sizes[..]) {
        (0, &[each]) if each > 0 => {
            let each = usize::try_from(each).unwrap_or(usize::MAX);
            (0..size).step_by(each).map(|start| each.min(size - start)).collect()
        }
        (1, sizes) => ctx.sizes("split", sizes)?,
        (_, sizes) => return Err(ctx.problem(format!("parts of {sizes:?} make no sense"))),
    };
    if sizes.iter().try_fold(0usize, |sum, &part| sum.checked_add(part)) != Some(size) {
        return Err(ctx.problem(format!("parts of {sizes:?} are not {size} elements")));
    }
    let mut start = 0;
    let mut parts = Vec::new();
    for size in sizes {
        parts.push(Item::from(part(ctx, x, axis, start, size)?));
        start += size;
    }
    Ok(vec![Item::Sequence(parts)])
}

/// ConcatFromSequence: the values of a list one behind the other, along a dimension of theirs or a new one.
pub(super) fn concat(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let axis = ctx.int("axis")?;
    let axis = ctx.required("axis", axis)?;
    let new_axis = ctx.flag("new_axis", false)?;
    let items = list(ctx, 0)?;
    let values: Vec<Value> = items.iter().filter_map(Item::tensor).collect();
    let Some(&first) = values.first() else { return Err(ctx.problem("the list has no tensors")) };
    let rank = ctx.rank(first) + usize::from(new_axis);
    let axis = ctx.axis("axis", axis, rank)?;
    let joined = if new_axis { stack(ctx, &values, axis)? } else { ctx.op("concat", Concat { axis }, &values)? };
    Ok(vec![joined.into()])
}

/// SequenceMap: the nodes of a body for every value of a list, and for those at the same place of others; what is no
/// list is the same for all.
pub(super) fn map(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let body = ctx.graph("body")?;
    let body = ctx.required("body", body)?;
    let length = list(ctx, 0)?.len();
    let mut results = vec![Vec::new(); body.output.len()];
    for index in 0..length {
        let mut inputs = Vec::new();
        for input in 0..ctx.n_inputs() {
            inputs.push(match ctx.item(input) {
                Item::Sequence(items) => {
                    items.get(index).cloned().ok_or_else(|| ctx.problem("its lists differ in length"))?
                }
                item @ (Item::Tensor(_) | Item::Absent) => item,
            });
        }
        let outputs = ctx.body(body, "body", Some(index), inputs)?;
        results.iter_mut().zip(outputs).for_each(|(list, item)| list.push(item));
    }
    Ok(results.into_iter().map(Item::Sequence).collect())
}

/// An input that is a list.
fn list(ctx: &NodeContext<'_, '_>, index: usize) -> Result<Vec<Item>, Stop> {
    match ctx.item(index) {
        Item::Sequence(items) => Ok(items),
        Item::Tensor(_) | Item::Absent => Err(ctx.problem(format!("input {index} is no list"))),
    }
}

/// A place in a list of that length, counted from the end if negative, which must be constant and below `bound`.
fn place_in(ctx: &mut NodeContext<'_, '_>, place: Value, length: usize, bound: usize) -> Result<usize, Stop> {
    let place = ctx.constant_ints(place)?;
    let &[place] = &place[..] else { return Err(ctx.problem("a place in a list is one number")) };
    let from_start = if place < 0 { place.saturating_add(i64::try_from(length).unwrap_or(i64::MAX)) } else { place };
    let index = usize::try_from(from_start).ok().filter(|&index| index < bound);
    index.ok_or_else(|| ctx.problem(format!("there is no place {place} in a list of {length}")))
}

/// `count` elements along a dimension, from `start` on.
pub(super) fn part(
    ctx: &mut NodeContext<'_, '_>,
    x: Value,
    axis: usize,
    start: usize,
    count: usize,
) -> Result<Value, Stop> {
    let start = if count == 0 { 0 } else { start };
    ctx.op("part", Slice { axes: vec![axis], starts: vec![start], counts: vec![count], steps: vec![1] }, &[x])
}

/// One element along a dimension, which goes.
pub(super) fn element(ctx: &mut NodeContext<'_, '_>, x: Value, axis: usize, index: usize) -> Result<Value, Stop> {
    let part = part(ctx, x, axis, index, 1)?;
    let mut dims = ctx.ty(part).shape.0;
    dims.remove(axis);
    to_dims(ctx, "element", part, &dims)
}

/// Values one behind the other along a new dimension.
pub(super) fn stack(ctx: &mut NodeContext<'_, '_>, values: &[Value], axis: usize) -> Result<Value, Stop> {
    let mut parts = Vec::new();
    for &value in values {
        let mut dims = ctx.ty(value).shape.0;
        dims.insert(axis.min(dims.len()), Dim::Fixed(1));
        parts.push(to_dims(ctx, "part", value, &dims)?);
    }
    ctx.op("stack", Concat { axis }, &parts)
}
