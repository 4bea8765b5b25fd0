//! Values under another name.

use firebrick_ir::Value;

use crate::context::Context;
use crate::layer::{Blob, param};
use crate::{Kind, Reason};

/// Nothing, where the name is Caffe's own for one of several readers, or a later version of a blob that was written in
/// place. Else a Split layer, so that the name stays.
pub(super) fn identity(ctx: &mut Context<'_, '_>) -> Result<Blob, Reason> {
    let x = ctx.operand(0);
    let y = ctx.result(0);
    let (from, to) = (ctx.graph().value_name(x), ctx.graph().value_name(y));
    let is_output = |value: Value| ctx.selection.outputs.contains(&value);
    if !is_output(y) && is_split_of(from, to) {
        return Ok(Blob::Value(x));
    }
    let is_input = ctx.graph().inputs().contains(&x.node);
    if is_later_version(from, to) && !is_output(x) && !(is_output(y) && is_input) {
        return Ok(renaming(ctx, x));
    }
    Ok(split(ctx, x))
}

/// The value itself, under the node's name if no other value has given it one.
pub(super) fn renaming(ctx: &mut Context<'_, '_>, x: Value) -> Blob {
    let y = ctx.result(0);
    let source = ctx.selection.resolve(x);
    if ctx.selection.outputs.contains(&source) || ctx.selection.renamed.contains_key(&source) {
        return split(ctx, x);
    }
    // The name that the result has been given, if it has one.
    let name = ctx.selection.renamed.remove(&y).unwrap_or(y);
    ctx.selection.renamed.insert(source, name);
    if ctx.selection.outputs.remove(&y) {
        ctx.selection.outputs.insert(source);
    }
    Blob::Value(x)
}

fn split(ctx: &mut Context<'_, '_>, x: Value) -> Blob {
    let dims = ctx.dims(Blob::Value(x));
    ctx.layer(Kind::Split, param(|_| ()), &[Blob::Value(x)], &dims)
}

/// Whether Caffe would name a copy of the blob so: `BLOB_LAYER_0_split_1`.
fn is_split_of(blob: &str, copy: &str) -> bool {
    let blob = blob.split('#').next().unwrap_or(blob);
    let Some((before, number)) = copy.rsplit_once("_split_") else { return false };
    before.starts_with(blob) && !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whether one name is that of a blob written in place, and the other that of the same blob written later: `x#1` and
/// `x#2`, or `x`.
pub(crate) fn is_later_version(name: &str, later: &str) -> bool {
    let Some((blob, version)) = version(name) else { return false };
    match self::version(later) {
        Some((other, later)) => other == blob && later > version,
        None => later == blob,
    }
}

fn version(name: &str) -> Option<(&str, u32)> {
    let (blob, version) = name.rsplit_once('#')?;
    Some((blob, version.parse().ok()?))
}
