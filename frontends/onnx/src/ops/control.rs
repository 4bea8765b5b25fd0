//! Operators that decide what is in the graph, and compute nothing.

use firebrick_ir::{DType, Tensor};

use super::{NodeContext, Outputs, Stop};

/// Constant: a value that the node holds.
pub(super) fn constant(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let tensor = held(ctx)?;
    let value = ctx.constant("constant", tensor)?;
    ctx.is_weight(value);
    Ok(vec![value.into()])
}

fn held(ctx: &mut NodeContext<'_, '_>) -> Result<Tensor, Stop> {
    if let Some(tensor) = ctx.tensor("value")? {
        return Ok(tensor);
    }
    if let Some(tensor) = ctx.sparse_tensor("sparse_value")? {
        return Ok(tensor);
    }
    if let Some(number) = ctx.float("value_float")? {
        return Ok(Tensor::scalar(number));
    }
    if let Some(number) = ctx.int("value_int")? {
        return Ok(Tensor::scalar(number));
    }
    let list = if let Some(numbers) = ctx.floats("value_floats")? {
        Tensor::from_vec(&[numbers.len()], numbers)
    } else if let Some(numbers) = ctx.ints("value_ints")? {
        Tensor::from_vec(&[numbers.len()], numbers)
    } else if ctx.has("value_string") || ctx.has("value_strings") {
        return Err(ctx.problem("constants of text are not supported"));
    } else {
        return Err(ctx.problem("it holds no value"));
    };
    list.map_err(|error| ctx.problem(error.to_string()))
}

/// Identity: the value itself.
pub(super) fn identity(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    Ok(vec![ctx.item(0)])
}

/// Dropout: nothing, outside of training. The mask of what was kept is all true.
pub(super) fn dropout(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    ctx.ignore("seed", "nothing is drawn");
    let mut ratio = ctx.float_or("ratio", 0.5)?;
    let opset = ctx.opset();
    if opset < 6 {
        ctx.ignore("consumed_inputs", "it says which inputs may be overwritten, and none is");
    }
    if opset < 7 {
        ctx.ignore("is_test", "it is taken to be run, not trained, as models were exported without this attribute");
    }
    let x = ctx.input(0)?;
    if let Some(input) = ctx.optional(1)
        && ctx.optional(2).is_some()
    {
        ratio = ctx.constant_floats(input)?.first().copied().unwrap_or(ratio);
    }
    let training = match ctx.optional(2) {
        Some(mode) => ctx.constant_ints(mode)?.first().is_some_and(|&mode| mode != 0),
        None => false,
    };
    if training && ratio != 0.0 {
        return Err(ctx.problem("it trains (`training_mode`), and draws random numbers"));
    }
    if !ctx.is_used(1) {
        return Ok(vec![x.into()]);
    }
    let dtype = if opset < 10 { ctx.ty(x).dtype } else { DType::Bool };
    let mask = ones(ctx, x, dtype)?;
    Ok(vec![x.into(), ctx.constant("mask", mask)?.into()])
}

/// A tensor of ones in the shape of a value.
fn ones(ctx: &NodeContext<'_, '_>, x: firebrick_ir::Value, dtype: DType) -> Result<Tensor, Stop> {
    let dims: Vec<usize> = ctx.dims(x)?.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
    let n_elements = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim));
    let n_elements = n_elements.filter(|&n| n <= MAX_MASK).ok_or_else(|| ctx.problem("its mask is too large"))?;
    let tensor = Tensor::from_bools(&dims, &vec![true; n_elements]).map_err(|error| ctx.problem(error.to_string()))?;
    let cast = firebrick_ir::Op::from(firebrick_ir::ops::Cast::to(dtype)).eval(&[&tensor]);
    cast.ok().and_then(|mut cast| cast.pop()).ok_or_else(|| ctx.problem(format!("there is no mask of type {dtype}")))
}

/// Elements that a mask may have: a graph holds it as a constant.
const MAX_MASK: usize = 1 << 22;

/// If: the nodes of the branch that is taken, in its place.
pub(super) fn r#if(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let (then, otherwise) = (ctx.graph("then_branch")?, ctx.graph("else_branch")?);
    let (then, otherwise) = (ctx.required("then_branch", then)?, ctx.required("else_branch", otherwise)?);
    let condition = ctx.input(0)?;
    match ctx.constant_ints(condition)?[..] {
        [0] => ctx.body(otherwise, "else_branch", None, Vec::new()),
        [_] => ctx.body(then, "then_branch", None, Vec::new()),
        _ => Err(ctx.problem("its condition is more than one truth value")),
    }
}
