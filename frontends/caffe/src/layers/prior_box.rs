//! SSD's PriorBox.

use firebrick_schemas::caffe::PriorBoxParameter;

use super::{LayerContext, Tops};
use crate::problem::Problem;

/// Aspect ratios nearer to each other than this are the same.
const SAME_RATIO: f64 = 1e-6;

/// The most numbers a top may have: some ten times what the largest detectors have, since the constant is made here,
/// and its size is that of no weight in a file.
const MAX_NUMBERS: u64 = 1 << 24;

/// PriorBox: boxes of several sizes and shapes about the centre of every cell of the first bottom, relative to the
/// image, which is the second bottom, and then their variances: `[1, 2, 4 n]`.
///
/// They depend on shapes only, so that they are a constant. The arithmetic is SSD's: sizes are cut down to integers,
/// centres and sizes are f32, corners f64 until they are stored.
pub(super) fn prior_box(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().prior_box_param.as_deref().cloned().unwrap_or_default();
    let PriorBoxParameter {
        min_size: _,
        max_size: _,
        aspect_ratio: _,
        flip: _,
        clip: _,
        variance,
        img_size: _,
        img_h: _,
        img_w: _,
        step: _,
        step_h: _,
        step_w: _,
        offset: _,
    } = &param;
    let variance = match variance.as_slice() {
        [] => [0.1; 4],
        [all] => [*all; 4],
        [a, b, c, d] => [*a, *b, *c, *d],
        _ => {
            return Err(problem(
                ctx,
                "variance",
                format!("`variance` is given {} times: 1 or 4 are meant", variance.len()),
            ));
        }
    };
    if !variance.iter().all(|&v| v > 0.0) {
        return Err(problem(ctx, "variance", "`variance` should be above 0".to_owned()));
    }
    let [height, width] = cells(ctx, 0)?;
    let grid = Grid { height, width, image: image(ctx, &param)?, step: step(ctx, &param)?, offset: param.offset() };
    let shapes = shapes(ctx, &param, height.saturating_mul(width))?;
    let mut numbers = corners(&grid, &shapes);
    if param.clip() {
        numbers.iter_mut().for_each(|x| *x = x.clamp(0.0, 1.0));
    }
    let n = numbers.len();
    numbers.extend(variance.iter().cycle().take(n));
    Ok(vec![Some(ctx.floats("priors", &[1, 2, n as u64], numbers)?)])
}

/// Where the boxes' centres are.
struct Grid {
    height: u64,
    width: u64,
    /// Height and width in pixels.
    image: [u64; 2],
    /// Pixels between centres, down and across, if they aren't what divides the image evenly.
    step: Option<[f32; 2]>,
    offset: f32,
}

/// Every box's corners: x and y of one, x and y of the other.
fn corners(grid: &Grid, shapes: &[[f32; 2]]) -> Vec<f32> {
    let [image_h, image_w] = grid.image;
    let even = [image_h as f32 / grid.height as f32, image_w as f32 / grid.width as f32];
    let [step_h, step_w] = grid.step.unwrap_or(even);
    let mut numbers = Vec::new();
    for row in 0..grid.height {
        for column in 0..grid.width {
            let x = f64::from((column as f32 + grid.offset) * step_w);
            let y = f64::from((row as f32 + grid.offset) * step_h);
            for &[width, height] in shapes {
                let (half_w, half_h) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
                numbers.push(((x - half_w) / image_w as f64) as f32);
                numbers.push(((y - half_h) / image_h as f64) as f32);
                numbers.push(((x + half_w) / image_w as f64) as f32);
                numbers.push(((y + half_h) / image_h as f64) as f32);
            }
        }
    }
    numbers
}

/// Width and height of each box of a cell: for each size a square, one of the geometric mean with the larger size, and
/// the aspect ratios other than 1.
fn shapes(ctx: &LayerContext<'_, '_>, param: &PriorBoxParameter, n_cells: u64) -> Result<Vec<[f32; 2]>, Problem> {
    let (min, max) = (&param.min_size, &param.max_size);
    if min.is_empty() || !min.iter().all(|&size| size > 0.0) {
        return Err(problem(ctx, "min_size", "`min_size` is missing, or not above 0".to_owned()));
    }
    if !max.is_empty() && max.len() != min.len() {
        let message = format!("`max_size` is given {} times, but `min_size` {} times", max.len(), min.len());
        return Err(problem(ctx, "max_size", message));
    }
    if !min.iter().zip(max).all(|(min, max)| max > min) {
        return Err(problem(ctx, "max_size", "`max_size` should be above `min_size`".to_owned()));
    }
    let ratios = ratios(param);
    let n_shapes = (min.len() as u64).saturating_mul(ratios.len() as u64).saturating_add(max.len() as u64);
    let n_numbers = n_shapes.saturating_mul(n_cells).saturating_mul(8);
    if n_numbers == 0 || n_numbers > MAX_NUMBERS {
        let message = format!("{n_shapes} boxes for each of {n_cells} cells are none, or too many");
        return Err(problem(ctx, "min_size", message));
    }
    let mut shapes = Vec::new();
    for (index, &size) in min.iter().enumerate() {
        let size = size as i32;
        shapes.push([size as f32; 2]);
        if let Some(&larger) = max.get(index) {
            let area = i64::from(size) * i64::from(larger as i32);
            shapes.push([(area as f64).sqrt() as f32; 2]);
        }
        let rest = ratios.iter().skip(1); // the first is 1
        shapes.extend(rest.map(|ratio| [size as f32 * ratio.sqrt(), size as f32 / ratio.sqrt()]));
    }
    Ok(shapes)
}

/// The aspect ratios, 1 and those of the file, each once; its inverse follows each that `flip` adds one to.
fn ratios(param: &PriorBoxParameter) -> Vec<f32> {
    let mut ratios = vec![1.0];
    for &ratio in &param.aspect_ratio {
        if ratios.iter().any(|other: &f32| f64::from((ratio - other).abs()) < SAME_RATIO) {
            continue;
        }
        ratios.push(ratio);
        if param.flip() {
            ratios.push((1.0 / f64::from(ratio)) as f32);
        }
    }
    ratios
}

/// Height and width of a bottom; a blob of fewer than four dimensions has 1 for the missing ones.
fn cells(ctx: &LayerContext<'_, '_>, bottom: usize) -> Result<[u64; 2], Problem> {
    let dims = ctx.dims(ctx.bottom(bottom));
    if dims.len() > 4 {
        return Err(ctx.problem(format!("it takes up to 4 dimensions, but bottom {bottom} has {}", dims.len())));
    }
    Ok([dims.get(2).copied().unwrap_or(1), dims.get(3).copied().unwrap_or(1)])
}

/// The image's height and width: as the fields say, or those of the second bottom.
fn image(ctx: &LayerContext<'_, '_>, param: &PriorBoxParameter) -> Result<[u64; 2], Problem> {
    let (h, w) = match (param.img_size, param.img_h, param.img_w) {
        (None, None, None) => return cells(ctx, 1),
        (Some(size), None, None) => (size, size),
        (None, h, w) => (h.unwrap_or_default(), w.unwrap_or_default()),
        (Some(_), _, _) => {
            let message = "`img_size` excludes `img_h` and `img_w`".to_owned();
            return Err(problem(ctx, "img_size", message));
        }
    };
    let valid = |n: u32| i32::try_from(n).is_ok_and(|n| n > 0);
    if valid(h) && valid(w) {
        return Ok([u64::from(h), u64::from(w)]);
    }
    let field = if param.img_size.is_some() { "img_size" } else { "img_h" };
    Err(problem(ctx, field, format!("an image of {h} x {w} pixels: both should be given, and above 0")))
}

/// Pixels between centres, down and across, if the fields say them.
fn step(ctx: &LayerContext<'_, '_>, param: &PriorBoxParameter) -> Result<Option<[f32; 2]>, Problem> {
    let (h, w) = match (param.step, param.step_h, param.step_w) {
        (None, None, None) => return Ok(None),
        (Some(step), None, None) => (step, step),
        (None, h, w) => (h.unwrap_or_default(), w.unwrap_or_default()),
        (Some(_), _, _) => {
            return Err(problem(ctx, "step", "`step` excludes `step_h` and `step_w`".to_owned()));
        }
    };
    if h > 0.0 && w > 0.0 {
        return Ok(Some([h, w]));
    }
    let field = if param.step.is_some() { "step" } else { "step_h" };
    Err(problem(ctx, field, format!("steps of {h} and {w}: both should be given, and above 0")))
}

fn problem(ctx: &LayerContext<'_, '_>, field: &'static str, message: String) -> Problem {
    ctx.problem_at(ctx.field("prior_box_param", field), message)
}
