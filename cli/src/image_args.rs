//! Arguments that say how images are prepared.

use clap::{Args, ValueEnum};
use firebrick::ir::{Mean, Tensor};
use firebrick::{Color, Error, ImageOptions, Images, InputInfo, Model, Resize};

use crate::{Failure, display};

/// What is done to images, where the model does not say it or something else is wanted.
#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    /// Mean to subtract from images: values for the channels (`104,117,123`), a binaryproto file, or `none`
    #[arg(long, value_name = "MEAN")]
    mean: Option<String>,

    /// What to multiply images by, after the mean
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    scale: Option<f32>,

    /// The order of the input's channels
    #[arg(long, value_enum)]
    color: Option<ColorArg>,
}

/// All that is done to images on the way to an input.
#[derive(Debug, Args)]
pub(crate) struct PrepareArgs {
    #[command(flatten)]
    images: ImageArgs,

    /// How images get the input's size: `squash`; `crop`, the middle of what fits; or `crop=256`, the middle after
    /// the shorter side was made 256
    #[arg(long, value_name = "HOW", default_value = "squash", value_parser = resize_arg)]
    resize: Resize,
}

/// The order of an input's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ColorArg {
    /// Blue, green, red.
    Bgr,
    /// Red, green, blue.
    Rgb,
    /// One channel.
    Gray,
}

impl ImageArgs {
    /// The options; `resize` is said elsewhere.
    pub(crate) fn options(&self, resize: Resize) -> Result<ImageOptions, Failure> {
        let color = self.color.map(|color| match color {
            ColorArg::Bgr => Color::Bgr,
            ColorArg::Rgb => Color::Rgb,
            ColorArg::Gray => Color::Gray,
        });
        let mean = self.mean.as_deref().map(mean).transpose()?;
        Ok(ImageOptions { mean, scale: self.scale, color, resize })
    }

    /// Whether something is said.
    pub(crate) fn is_given(&self) -> bool {
        self.mean.is_some() || self.scale.is_some() || self.color.is_some()
    }
}

impl PrepareArgs {
    /// What makes an input of images. Says on stderr what had to be assumed.
    pub(crate) fn images(&self, model: &Model, input: &InputInfo) -> Result<Images, Failure> {
        let images = Images::with(model, input, &self.images.options(self.resize)?)?;
        if let Some(assumed) = images.assumed() {
            display::remark(&format!(
                "the model does not say how images are prepared; assumed, as the Caffe zoo does: {assumed} \
                 (`--color`, `--mean`, `--scale` and `--resize` say otherwise)"
            ));
        }
        Ok(images)
    }
}

/// The one input that no array is given for.
pub(crate) fn image_input(model: &Model, arrays: &[(String, Tensor)]) -> Result<InputInfo, Failure> {
    let mut open: Vec<InputInfo> =
        model.inputs().into_iter().filter(|input| !arrays.iter().any(|(name, _)| *name == input.name)).collect();
    match (open.pop(), open.is_empty()) {
        (Some(input), true) => Ok(input),
        (None, _) => Err(Failure::Usage("every input is given by `--input`: there is none left for images".to_owned())),
        (Some(last), false) => {
            let names: Vec<String> = open.into_iter().chain([last]).map(|input| input.name).collect();
            let message = format!(
                "images go to one input, but several are open: {}; give the others by `--input`",
                names.join(", ")
            );
            Err(Error::Request(message).into())
        }
    }
}

/// The items of a batch of images: the first dimension of their input.
pub(crate) fn batch_of(input: &InputInfo) -> usize {
    let first = input.ty.shape.0.first().and_then(firebrick::ir::Dim::fixed);
    first.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1)
}

fn resize_arg(text: &str) -> Result<Resize, String> {
    match text.split_once('=') {
        None if text == "squash" => Ok(Resize::Squash),
        None if text == "crop" => Ok(Resize::Crop(None)),
        Some(("crop", side)) => match side.parse() {
            Ok(side) if (1..=1 << 14).contains(&side) => Ok(Resize::Crop(Some(side))),
            Ok(_) | Err(_) => Err("the side is a number of pixels from 1 to 16384".to_owned()),
        },
        Some(_) | None => Err("expected squash, crop or crop=PIXELS".to_owned()),
    }
}

/// `none`, values, or a file.
fn mean(text: &str) -> Result<Mean, Failure> {
    if text == "none" {
        return Ok(Mean::Zero);
    }
    let values: Result<Vec<f32>, _> = text.split(',').map(|value| value.trim().parse()).collect();
    match values {
        Ok(values) => Ok(Mean::Channels(values)),
        Err(_) => Ok(firebrick::read_mean_file(text)?),
    }
}
