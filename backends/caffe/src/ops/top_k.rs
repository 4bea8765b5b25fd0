//! The largest elements.

use firebrick_ir::ops::{Ties, TopK};
use firebrick_schemas::caffe::ArgMaxParameter;

use super::power;
use super::window::number;
use crate::context::Context;
use crate::layer::{Blob, param};
use crate::selection::Tops;
use crate::{Kind, Reason};

/// ArgMax, which gives elements or their indices: a layer for each that is wanted.
pub(super) fn top_k(ctx: &mut Context<'_, '_>, op: &TopK) -> Tops {
    let wanted = [0, 1].map(|port| ctx.is_wanted(port));
    if wanted[1] && op.ties == Ties::Lowest {
        return Err(Reason::unsupported("of equal elements it takes the first, and Caffe the last"));
    }
    let x = if op.largest { ctx.blob(0) } else { power(ctx, ctx.blob(0), [-1.0, 0.0, 1.0]) };
    let values = if wanted[0] { Some(argmax(ctx, x, op, true)?) } else { None };
    let values = values.map(|values| if op.largest { values } else { power(ctx, values, [-1.0, 0.0, 1.0]) });
    let indices = if wanted[1] { Some(argmax(ctx, x, op, false)?) } else { None };
    Ok(vec![values, indices])
}

fn argmax(ctx: &mut Context<'_, '_>, x: Blob, op: &TopK, values: bool) -> Result<Blob, Reason> {
    let k = number(op.k)?;
    let argmax = ArgMaxParameter {
        out_max_val: values.then_some(true),
        top_k: (k != 1).then_some(k),
        axis: Some(i32::try_from(op.axis).unwrap_or(i32::MAX)),
    };
    let mut dims = ctx.dims(x);
    dims[op.axis] = u64::from(k);
    Ok(ctx.layer(Kind::ArgMax, param(|p| p.argmax_param = Some(Box::new(argmax))), &[x], &dims))
}
