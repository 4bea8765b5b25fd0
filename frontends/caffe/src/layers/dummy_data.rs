//! DummyData.

use firebrick_schemas::caffe::{BlobShape, DummyDataParameter, FillerParameter};

use super::input::{blob_dims, graph_input};
use super::tile::filled;
use super::{LayerContext, Tops};
use crate::problem::Problem;

/// DummyData: tops as fillers make them. Caffe draws random ones anew each time, so that they are inputs here, unless
/// the caller asks for random weights: then they are drawn once, from the same seed.
pub(super) fn dummy_data(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().dummy_data_param.as_deref().cloned().unwrap_or_default();
    let DummyDataParameter { data_filler, shape: _, num: _, channels: _, height: _, width: _ } = &param;
    let n_tops = ctx.n_tops();
    if data_filler.len() > 1 && data_filler.len() != n_tops {
        let message = format!("{n_tops} tops take no filler, 1 or {n_tops}, not {}", data_filler.len());
        return Err(ctx.problem_at(ctx.field("dummy_data_param", "data_filler"), message));
    }
    let default = FillerParameter::default();
    let mut tops = Vec::with_capacity(n_tops);
    for index in 0..n_tops {
        let dims = dims(ctx, &param, index)?;
        let filler = of_top(data_filler, index).unwrap_or(&default);
        let value = match (filler.r#type(), ctx.drawn(index, filler, &dims)?) {
            ("constant", _) => filled(ctx, filler.value(), &dims)?,
            (_, Some(tensor)) => ctx.constant("drawn", tensor)?,
            (kind, None) => {
                let name = &ctx.param().top[index];
                ctx.note(format!("Caffe fills `{name}` at random ({kind}), anew each time: it is an input here"));
                graph_input(ctx, index, Some(dims))?
            }
        };
        tops.push(Some(value));
    }
    Ok(tops)
}

/// The one for all tops, or the top's own.
fn of_top<T>(each: &[T], index: usize) -> Option<&T> {
    if let [all] = each { Some(all) } else { each.get(index) }
}

/// A top's dimensions: `shape`, or the old form's four numbers.
fn dims(ctx: &LayerContext<'_, '_>, param: &DummyDataParameter, index: usize) -> Result<Vec<u64>, Problem> {
    let n_tops = ctx.n_tops();
    let old = [("num", &param.num), ("channels", &param.channels), ("height", &param.height), ("width", &param.width)];
    let problem = |field, message: &str| ctx.problem_at(ctx.field("dummy_data_param", field), message);
    let fits = |n: usize| n == 1 || n == n_tops;
    let missing = |field| problem(field, &format!("`{field}` should be given once, or for each of {n_tops} tops"));
    if old.iter().all(|(_, values)| values.is_empty()) {
        let shape = of_top(&param.shape, index).filter(|_| fits(param.shape.len()));
        return match shape {
            Some(shape) => blob_dims(ctx, ctx.field("dummy_data_param", "shape"), shape),
            None => Err(missing("shape")),
        };
    }
    if !param.shape.is_empty() {
        return Err(problem("shape", "`shape` excludes `num`, `channels`, `height` and `width`"));
    }
    let mut dim = Vec::with_capacity(old.len());
    for (field, values) in old {
        match of_top(values, index).filter(|_| fits(values.len())) {
            Some(&n) => dim.push(i64::from(n)),
            None => return Err(missing(field)),
        }
    }
    blob_dims(ctx, ctx.field("dummy_data_param", "num"), &BlobShape { dim })
}
