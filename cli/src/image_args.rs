//! Arguments that say how images are prepared.

use clap::{Args, ValueEnum};
use firebrick::ir::Mean;
use firebrick::{Color, ImageOptions, Resize};

use crate::Failure;

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
