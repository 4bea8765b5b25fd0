//! Loop and Scan, unrolled: a graph has no loops, so how often their nodes are computed must be known.

use firebrick_ir::{DType, Dim, Tensor, Value};
use firebrick_schemas::onnx::GraphProto;

use super::sequence::{element, stack};
use super::{Item, NodeContext, Outputs, Stop};
use crate::inputs::declared;
use crate::problem::At;

/// Loop: the nodes of a body, as often as a number and a condition say. What a step carries over is the next one's
/// input; what it scans is put one behind the other.
pub(super) fn r#loop(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let body = ctx.graph("body")?;
    let body = ctx.required("body", body)?;
    let most = match ctx.optional(0) {
        Some(count) => Some(single(ctx, count)?),
        None => None,
    };
    let mut goes_on = match ctx.optional(1) {
        Some(condition) => single(ctx, condition)? != 0,
        None => true,
    };
    let mut carried: Vec<Item> = (2..ctx.n_inputs()).map(|index| ctx.item(index)).collect();
    let n_scanned = body.output.len().checked_sub(1 + carried.len());
    let n_scanned = n_scanned.ok_or_else(|| ctx.attribute_problem("body", "the body has too few outputs"))?;
    let mut scanned = vec![Vec::new(); n_scanned];
    let mut step = 0;
    while goes_on && most.is_none_or(|most| step < most) {
        let number = ctx.constant("step", Tensor::scalar(step))?;
        let condition = truth(ctx, true)?;
        let inputs = [number.into(), condition.into()].into_iter().chain(carried.clone()).collect();
        let mut outputs = ctx.body(body, "body", usize::try_from(step).ok(), inputs)?.into_iter();
        let condition = outputs.next().and_then(|item| item.tensor());
        let condition = condition.ok_or_else(|| ctx.attribute_problem("body", "the condition is no tensor"))?;
        let n_carried = carried.len();
        carried = outputs.by_ref().take(n_carried).collect();
        for (list, item) in scanned.iter_mut().zip(outputs) {
            list.push(item.tensor().ok_or_else(|| ctx.attribute_problem("body", "what is scanned is no tensor"))?);
        }
        step += 1;
        // After the last step that there can be, nobody asks.
        if most.is_none_or(|most| step < most) {
            goes_on = single(ctx, condition)? != 0;
        }
    }
    for (index, list) in scanned.iter().enumerate() {
        let joined =
            if list.is_empty() { nothing(ctx, body, 1 + carried.len() + index)? } else { stack(ctx, list, 0)? };
        carried.push(joined.into());
    }
    Ok(carried)
}

/// Scan: the nodes of a body for every element along a dimension of some inputs.
pub(super) fn scan(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let body = ctx.graph("body")?;
    let body = ctx.required("body", body)?;
    let n_scanned = ctx.int("num_scan_inputs")?;
    let n_scanned = ctx.required("num_scan_inputs", n_scanned)?;
    let old = ctx.opset() < 9;
    let first = usize::from(old);
    if old && ctx.optional(0).is_some() {
        return Err(ctx.problem("sequences of different lengths are not supported"));
    }
    let n_inputs = ctx.n_inputs() - first;
    let n_scanned = usize::try_from(n_scanned).ok().filter(|&n| n > 0 && n <= n_inputs);
    let n_scanned =
        n_scanned.ok_or_else(|| ctx.problem(format!("`num_scan_inputs` does not fit {n_inputs} inputs")))?;
    let n_states = n_inputs - n_scanned;
    let n_collected = body.output.len().checked_sub(n_states);
    let n_collected = n_collected.ok_or_else(|| ctx.attribute_problem("body", "the body has too few outputs"))?;
    let scan = Steps {
        body,
        input_axes: numbers(ctx, "scan_input_axes", n_scanned)?,
        backwards: numbers(ctx, if old { "directions" } else { "scan_input_directions" }, n_scanned)?,
        output_axes: numbers(ctx, "scan_output_axes", n_collected)?,
        output_backwards: numbers(ctx, "scan_output_directions", n_collected)?,
    };
    let inputs = (first..ctx.n_inputs()).map(|index| ctx.input(index)).collect::<Result<Vec<_>, _>>()?;
    let (states, scanned) = inputs.split_at(n_states);
    let outputs = if old { by_item(ctx, &scan, states, scanned)? } else { scan.run(ctx, states, scanned, 0)? };
    Ok(outputs.into_iter().map(Item::from).collect())
}

/// Opset 8: all inputs have a batch before everything else, each of whose items is scanned by itself.
fn by_item<'a>(
    ctx: &mut NodeContext<'_, 'a>,
    scan: &Steps<'a>,
    states: &[Value],
    scanned: &[Value],
) -> Result<Vec<Value>, Stop> {
    let batch = usize::try_from(ctx.dim(scanned[0], 0)?).unwrap_or(usize::MAX);
    let mut columns: Vec<Vec<Value>> = Vec::new();
    for item in 0..batch {
        let mut of_item = |values: &[Value]| -> Result<Vec<Value>, Stop> {
            values.iter().map(|&value| element(ctx, value, 0, item)).collect()
        };
        let (states, scanned) = (of_item(states)?, of_item(scanned)?);
        let outputs = scan.run(ctx, &states, &scanned, item)?;
        columns.resize(outputs.len(), Vec::new());
        columns.iter_mut().zip(outputs).for_each(|(column, output)| column.push(output));
    }
    columns.iter().map(|column| stack(ctx, column, 0)).collect()
}

/// What a Scan does, an axis and a direction for each value.
struct Steps<'a> {
    body: &'a GraphProto,
    input_axes: Vec<i64>,
    backwards: Vec<i64>,
    output_axes: Vec<i64>,
    output_backwards: Vec<i64>,
}

impl<'a> Steps<'a> {
    /// The last states, then what every step collects. `item` tells runs of the same node apart.
    fn run(
        &self,
        ctx: &mut NodeContext<'_, 'a>,
        states: &[Value],
        scanned: &[Value],
        item: usize,
    ) -> Result<Vec<Value>, Stop> {
        let axes =
            scanned.iter().zip(&self.input_axes).map(|(&x, &axis)| ctx.axis("scan_input_axes", axis, ctx.rank(x)));
        let axes = axes.collect::<Result<Vec<_>, _>>()?;
        let lengths = scanned.iter().zip(&axes).map(|(&x, &axis)| ctx.dim(x, axis));
        let lengths = lengths.collect::<Result<Vec<_>, _>>()?;
        let n_steps = usize::try_from(lengths[0]).unwrap_or(usize::MAX);
        if lengths.iter().any(|&length| length != lengths[0]) {
            return Err(ctx.problem(format!("what is scanned has the lengths {lengths:?}")));
        }
        let mut states: Vec<Item> = states.iter().copied().map(Item::from).collect();
        let mut collected: Vec<Vec<Value>> = vec![Vec::new(); self.body.output.len() - states.len()];
        for step in 0..n_steps {
            let mut inputs = states.clone();
            for ((&x, &axis), &backwards) in scanned.iter().zip(&axes).zip(&self.backwards) {
                let at = if backwards == 0 { step } else { n_steps - 1 - step };
                inputs.push(element(ctx, x, axis, at)?.into());
            }
            let mut outputs =
                ctx.body(self.body, "body", Some(item.saturating_mul(n_steps) + step), inputs)?.into_iter();
            let n_states = states.len();
            states = outputs.by_ref().take(n_states).collect();
            for (list, output) in collected.iter_mut().zip(outputs) {
                list.push(output.tensor().ok_or_else(|| ctx.attribute_problem("body", "an output is no tensor"))?);
            }
        }
        let mut results: Vec<Value> = states.iter().filter_map(Item::tensor).collect();
        for ((index, mut list), &backwards) in collected.into_iter().enumerate().zip(&self.output_backwards) {
            if backwards != 0 {
                list.reverse();
            }
            results.push(match list.first() {
                Some(&first) => {
                    let axis = ctx.axis("scan_output_axes", self.output_axes[index], ctx.rank(first) + 1)?;
                    stack(ctx, &list, axis)?
                }
                None => nothing(ctx, self.body, states.len() + index)?,
            });
        }
        Ok(results)
    }
}

/// A list of `n` numbers; all are 0 without it.
fn numbers(ctx: &mut NodeContext<'_, '_>, name: &str, n: usize) -> Result<Vec<i64>, Stop> {
    match ctx.ints(name)? {
        None => Ok(vec![0; n]),
        Some(numbers) if numbers.len() == n => Ok(numbers),
        Some(numbers) => {
            let message = format!("attribute `{name}` has {} entries, but {n} are needed", numbers.len());
            Err(ctx.attribute_problem(name, message))
        }
    }
}

/// The only element of a value, which must be constant.
fn single(ctx: &mut NodeContext<'_, '_>, value: Value) -> Result<i64, Stop> {
    match ctx.constant_ints(value)?[..] {
        [number] => Ok(number),
        _ => Err(ctx.problem(format!("{} is not one number", ctx.ty(value)))),
    }
}

fn truth(ctx: &mut NodeContext<'_, '_>, truth: bool) -> Result<Value, Stop> {
    let tensor = Tensor::from_bools(&[], &[truth]).map_err(|error| ctx.problem(error.to_string()))?;
    ctx.constant("condition", tensor)
}

/// What no step has collected: no elements, of the type that the body says.
fn nothing(ctx: &mut NodeContext<'_, '_>, body: &GraphProto, output: usize) -> Result<Value, Stop> {
    let ty = body.output.get(output).and_then(|info| declared(info, &At::root()).ok());
    let dims = ty.as_ref().and_then(|ty| ty.shape.0.iter().map(Dim::fixed).collect::<Option<Vec<_>>>());
    let (Some(ty), Some(dims)) = (ty, dims) else {
        return Err(ctx.problem(format!("it has no steps, and the body does not say the type of its output {output}")));
    };
    let dims: Vec<usize> = [0].into_iter().chain(dims).map(|n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
    let dtype: DType = ty.dtype;
    let tensor = Tensor::new(dtype, &dims, bytes::Bytes::new()).map_err(|error| ctx.problem(error.to_string()))?;
    ctx.constant("nothing", tensor)
}
