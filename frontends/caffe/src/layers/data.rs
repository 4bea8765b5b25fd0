//! Layers that read images or arrays from files: their tops become graph inputs, where some layer reads them.

use firebrick_ir::Value;
use firebrick_schemas::caffe::{
    DataParameter, HDF5DataParameter, ImageDataParameter, MemoryDataParameter, WindowDataParameter,
};

use super::input::graph_input;
use super::{LayerContext, Tops};
use crate::preprocess::preprocess;
use crate::problem::Problem;

/// What a layer's images are, as far as its fields say.
struct Images {
    /// The layer's parameter message.
    param: &'static str,
    batch: u32,
    /// 1 or 3 if it is known.
    channels: Option<u64>,
    /// Height and width.
    size: Option<[u32; 2]>,
    /// Whether the layer itself makes images coloured, or gray.
    color: Option<bool>,
    /// What `transform_param` has no part in.
    scale: Option<f32>,
    /// Whether tops after the first have one number for each image.
    has_labels: bool,
}

/// Data: images and labels of a database.
pub(super) fn data(ctx: &mut LayerContext<'_, '_>) -> Tops {
    database(ctx, true)
}

/// SSD's AnnotatedData: images and boxes of a database; how many boxes there are, the database says.
pub(super) fn annotated_data(ctx: &mut LayerContext<'_, '_>) -> Tops {
    database(ctx, false)
}

fn database(ctx: &mut LayerContext<'_, '_>, has_labels: bool) -> Tops {
    let param = ctx.param().data_param.as_deref().cloned().unwrap_or_default();
    let DataParameter {
        source: _, // which images: the caller gives them
        batch_size,
        rand_skip: _, // which images
        backend: _,   // how they are stored
        scale,
        mean_file,
        crop_size,
        mirror,
        force_encoded_color,
        prefetch: _, // how, not what
    } = param;
    note_unread(ctx, "data_param", [scale.is_some(), mean_file.is_some(), crop_size.is_some(), mirror.is_some()]);
    let color = force_encoded_color.unwrap_or_default().then_some(true);
    let batch = batch_size.unwrap_or_default();
    let channels = color.map(|_| 3);
    let images = Images { param: "data_param", batch, channels, size: None, color, scale: None, has_labels };
    image_tops(ctx, images)
}

/// ImageData: images of files, and their labels.
pub(super) fn image_data(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().image_data_param.as_deref().cloned().unwrap_or_default();
    let ImageDataParameter {
        source: _, // which images: the caller gives them
        batch_size: _,
        rand_skip: _, // which images
        shuffle: _,   // in which order
        new_height,
        new_width,
        is_color: _,
        scale,
        mean_file,
        crop_size,
        mirror,
        root_folder: _, // where the images are
    } = &param;
    note_unread(ctx, "image_data_param", [scale.is_some(), mean_file.is_some(), crop_size.is_some(), mirror.is_some()]);
    let size = [new_height.unwrap_or_default(), new_width.unwrap_or_default()];
    if size.contains(&0) && size != [0, 0] {
        let message = "`new_height` and `new_width` should be given together";
        return Err(ctx.problem_at(ctx.field("image_data_param", "new_height"), message));
    }
    let is_color = param.is_color();
    image_tops(
        ctx,
        Images {
            param: "image_data_param",
            batch: param.batch_size(),
            channels: Some(if is_color { 3 } else { 1 }),
            size: (size != [0, 0]).then_some(size),
            color: Some(is_color),
            scale: None,
            has_labels: true,
        },
    )
}

/// WindowData: parts of images, warped to one size, and their classes.
pub(super) fn window_data(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().window_data_param.as_deref().cloned().unwrap_or_default();
    let WindowDataParameter {
        source: _, // which images: the caller gives them
        scale,     // of this layer, Caffe reads it here
        mean_file,
        batch_size,
        crop_size,
        mirror,
        fg_threshold: _, // which windows, here and below
        bg_threshold: _,
        fg_fraction: _,
        context_pad: _, // how much of an image a window is: the caller cuts it out
        crop_mode: _,
        cache_images: _, // how, not what
        root_folder: _,  // where the images are
    } = param;
    note_unread(ctx, "window_data_param", [false, mean_file.is_some(), crop_size.is_some(), mirror.is_some()]);
    image_tops(
        ctx,
        Images {
            param: "window_data_param",
            batch: batch_size.unwrap_or_default(),
            channels: Some(3),
            size: None,
            color: Some(true),
            scale,
            has_labels: true,
        },
    )
}

/// MemoryData: images that a program gives, and their labels.
pub(super) fn memory_data(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().memory_data_param.as_deref().cloned().unwrap_or_default();
    let MemoryDataParameter { batch_size, channels, height, width } = param;
    let [batch, channels, height, width] = [batch_size, channels, height, width].map(Option::unwrap_or_default);
    if [channels, height, width].contains(&0) {
        let message = "`channels`, `height` and `width` should all be given, and above 0";
        return Err(ctx.problem_at(ctx.field("memory_data_param", "batch_size"), message));
    }
    image_tops(
        ctx,
        Images {
            param: "memory_data_param",
            batch,
            channels: Some(u64::from(channels)),
            size: Some([height, width]),
            color: None,
            scale: None,
            has_labels: true,
        },
    )
}

/// HDF5Data: arrays of files, which alone say their shapes.
pub(super) fn hdf5_data(ctx: &mut LayerContext<'_, '_>) -> Tops {
    let param = ctx.param().hdf5_data_param.as_deref().cloned().unwrap_or_default();
    let HDF5DataParameter { source: _, batch_size: _, shuffle: _ } = param; // which data: the caller gives them
    if ctx.param().transform_param.is_some() {
        let message = "an HDF5Data layer does not transform its data";
        return Err(ctx.problem(message));
    }
    let tops = ctx.param().top.iter().enumerate();
    tops.map(|(index, top)| ctx.is_read(top).then(|| graph_input(ctx, index, None)).transpose()).collect()
}

/// The tops of a layer of images: the images, and what belongs to each.
fn image_tops(ctx: &mut LayerContext<'_, '_>, images: Images) -> Tops {
    let mut tops = Vec::with_capacity(ctx.n_tops());
    for (index, top) in ctx.param().top.iter().enumerate() {
        let top = match index {
            _ if !ctx.is_read(top) => None,
            0 => Some(image_top(ctx, &images)?),
            index => {
                let dims = images.has_labels.then(|| vec![u64::from(images.batch)]);
                Some(batched(ctx, &images, index, dims)?)
            }
        };
        tops.push(top);
    }
    Ok(tops)
}

fn image_top(ctx: &mut LayerContext<'_, '_>, images: &Images) -> Result<Value, Problem> {
    let mut preprocess = preprocess(ctx, images.color)?;
    preprocess.scale *= images.scale.unwrap_or(1.0);
    let transform = ctx.param().transform_param.as_deref();
    let n_means = transform.map_or(0, |transform| transform.mean_value.len());
    let is_memory = images.param == "memory_data_param";
    // A crop is of images that are larger; those that a program gives have their final size.
    let crop = preprocess.crop.filter(|_| !is_memory).map(|side| [side, side]);
    let known = if preprocess.color == Some(false) { Some(1) } else { images.channels };
    let channels = known.or((n_means > 1).then_some(n_means as u64));
    let dims = crop.or(images.size).map(|[height, width]| {
        vec![u64::from(images.batch), channels.unwrap_or(3), u64::from(height), u64::from(width)]
    });
    let name = &ctx.param().top[0];
    if dims.is_some() && channels.is_none() && ctx.input_dims(name, None).is_none() {
        ctx.note(format!("the file does not say how many channels `{name}` has: 3 are assumed"));
    }
    let value = batched(ctx, images, 0, dims)?;
    if let Some(&n) = ctx.dims(value).get(1)
        && n_means > 1
        && n != n_means as u64
    {
        let message = format!("`mean_value` is given {n_means} times, but images have {n} channels");
        return Err(ctx.problem_at(ctx.field("transform_param", "mean_value"), message));
    }
    ctx.set_preprocessing(name, preprocess);
    Ok(value)
}

/// A graph input whose first dimension is the batch, which must be known.
fn batched(
    ctx: &mut LayerContext<'_, '_>,
    images: &Images,
    index: usize,
    dims: Option<Vec<u64>>,
) -> Result<Value, Problem> {
    let value = graph_input(ctx, index, dims)?;
    if images.batch == 0 && ctx.dims(value).first() == Some(&0) {
        return Err(ctx.problem_at(ctx.field(images.param, "batch_size"), "`batch_size` is missing or 0"));
    }
    Ok(value)
}

/// Caffe has the fields of the preprocessing of old in this message, and reads only `transform_param` since.
fn note_unread(ctx: &mut LayerContext<'_, '_>, param: &'static str, present: [bool; 4]) {
    let names = ["scale", "mean_file", "crop_size", "mirror"];
    for (name, _) in names.into_iter().zip(present).filter(|(_, is_present)| *is_present) {
        ctx.note(format!("Caffe does not read `{name}` of `{param}`: its place is in `transform_param`"));
    }
}
