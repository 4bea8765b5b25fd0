//! Images into a network's input.

use std::path::Path;

use firebrick_ir::ops::Cast;
use firebrick_ir::{ChannelOrder, DType, Mean, Op, Preprocess, Tensor};
use image::imageops::{self, FilterType};
use image::{DynamicImage, RgbImage};

use crate::{Error, InputInfo, Model, read_file};

/// How an image of any size is brought to the input's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resize {
    /// Width and height each to the input's, whatever that does to the proportions.
    #[default]
    Squash,
    /// The shorter side to that many pixels (the input's own if none are given), then the middle is cut out.
    Crop(Option<u32>),
}

/// The order of an input's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Blue, green, red: Caffe's, which reads images by OpenCV.
    Bgr,
    /// Red, green, blue.
    Rgb,
    /// One channel of brightness.
    Gray,
}

impl Color {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Color::Bgr => "bgr",
            Color::Rgb => "rgb",
            Color::Gray => "gray",
        }
    }
}

/// What a caller says of images instead of the model.
#[derive(Debug, Clone, Default)]
pub struct ImageOptions {
    /// What is subtracted.
    pub mean: Option<Mean>,
    /// What the difference is multiplied by.
    pub scale: Option<f32>,
    /// The order of channels.
    pub color: Option<Color>,
    /// How the size is changed.
    pub resize: Resize,
}

/// Makes an input `[1, C, H, W]` of an image: `(sample - mean) * scale`, with samples from 0 to 255.
#[derive(Debug, Clone)]
pub struct Images {
    height: u32,
    width: u32,
    mean: Mean,
    scale: f32,
    color: Color,
    resize: Resize,
    dtype: DType,
    assumed: Option<String>,
}

/// The mean of the Caffe zoo's ImageNet models: blue, green, red.
const ZOO_MEAN: [f32; 3] = [104.0, 117.0, 123.0];
/// The scale of the Caffe zoo's nets for gray images (MNIST).
const ZOO_GRAY_SCALE: f32 = 1.0 / 256.0;

impl Images {
    /// As the model says, and by the Caffe zoo's customs where it says nothing.
    ///
    /// # Errors
    /// If the input is not `[N, 1 or 3, H, W]`, or a mean file that the model names is missing or faulty.
    pub fn of(model: &Model, input: &InputInfo) -> Result<Self, Error> {
        Self::with(model, input, &ImageOptions::default())
    }

    /// As the options say, else as the model says, else by the Caffe zoo's customs.
    ///
    /// # Errors
    /// As [`Images::of`].
    pub fn with(model: &Model, input: &InputInfo, options: &ImageOptions) -> Result<Self, Error> {
        let (channels, height, width) = plane(input)?;
        let said = input.preprocess.is_some();
        let preprocess = input.preprocess.clone().unwrap_or_else(|| zoo(channels));
        let color = match (options.color, channels) {
            (Some(color), _) => color,
            (None, 1) => Color::Gray,
            (None, _) => match preprocess.order {
                ChannelOrder::Bgr => Color::Bgr,
                ChannelOrder::Rgb => Color::Rgb,
            },
        };
        let mean = match options.mean.clone().unwrap_or(preprocess.mean) {
            Mean::File(name) => named_mean(model, &name)?,
            mean @ (Mean::Zero | Mean::Channels(_) | Mean::Image(_)) => mean,
        };
        let scale = options.scale.unwrap_or(preprocess.scale);
        let mut images =
            Images { height, width, mean, scale, color, resize: options.resize, dtype: input.ty.dtype, assumed: None };
        if images.n_channels() != channels {
            let message = format!(
                "`{}` images have {} channels, but input `{}` has {channels}",
                color.name(),
                images.n_channels(),
                input.name
            );
            return Err(Error::Request(message));
        }
        images.mean = images.fitted_mean(&input.name)?;
        if !said && (options.mean.is_none() || options.scale.is_none()) {
            images.assumed = Some(images.describe());
        }
        Ok(images)
    }

    /// What is subtracted: of a mean image, the part of the input's size.
    pub(crate) fn mean(&self) -> &Mean {
        &self.mean
    }

    /// What the difference is multiplied by.
    pub(crate) fn scale(&self) -> f32 {
        self.scale
    }

    /// The order of channels.
    pub(crate) fn color(&self) -> Color {
        self.color
    }

    /// What was assumed because neither model nor caller say it, in words.
    pub fn assumed(&self) -> Option<&str> {
        self.assumed.as_deref()
    }

    /// Reads an image (JPEG or PNG) into an input `[1, C, H, W]`.
    ///
    /// # Errors
    /// If the file can't be read or decoded.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Tensor, Error> {
        let path = path.as_ref();
        let bytes = read_file(path)?;
        let image = image::load_from_memory(&bytes)
            .map_err(|error| Error::content(path, format!("not a usable image: {error}")))?;
        self.prepare(&image).map_err(|message| Error::content(path, message))
    }

    fn prepare(&self, image: &DynamicImage) -> Result<Tensor, String> {
        let (height, width) = (self.height as usize, self.width as usize);
        let planes: Vec<Vec<u8>> = match self.color {
            Color::Gray => vec![self.resized(&DynamicImage::ImageLuma8(image.to_luma8())).to_luma8().into_raw()],
            Color::Rgb => channel_planes(&self.resized(image).to_rgb8(), [0, 1, 2]),
            Color::Bgr => channel_planes(&self.resized(image).to_rgb8(), [2, 1, 0]),
        };
        let n = height * width;
        let mut values = Vec::with_capacity(planes.len() * n);
        for (c, plane) in planes.iter().enumerate() {
            let mean = self.mean_plane(c, n)?;
            values.extend(plane.iter().zip(mean).map(|(&sample, mean)| (f32::from(sample) - mean) * self.scale));
        }
        let tensor = Tensor::from_vec(&[1, planes.len(), height, width], values).map_err(|error| error.to_string())?;
        let mut cast = Op::from(Cast::to(self.dtype)).eval(&[&tensor]).map_err(|error| error.to_string())?;
        Ok(cast.pop().unwrap_or(tensor))
    }

    /// Bilinear, averaging over the pixels that one of the result covers.
    fn resized(&self, image: &DynamicImage) -> DynamicImage {
        if (image.width(), image.height()) == (self.width, self.height) {
            return image.clone();
        }
        match self.resize {
            Resize::Squash => image.resize_exact(self.width, self.height, FilterType::Triangle),
            Resize::Crop(side) => {
                let shorter = side.unwrap_or(self.width.max(self.height)).max(self.width.max(self.height));
                let factor = f64::from(shorter) / f64::from(image.width().min(image.height()).max(1));
                let scaled = |n: u32| ((f64::from(n) * factor).round() as u32).max(shorter);
                let image = image.resize_exact(scaled(image.width()), scaled(image.height()), FilterType::Triangle);
                let (x, y) = ((image.width() - self.width) / 2, (image.height() - self.height) / 2);
                imageops::crop_imm(&image, x, y, self.width, self.height).to_image().into()
            }
        }
    }

    /// What is subtracted from a channel's `n` samples.
    fn mean_plane(&self, channel: usize, n: usize) -> Result<Vec<f32>, String> {
        match &self.mean {
            Mean::Zero | Mean::File(_) => Ok(vec![0.0; n]),
            Mean::Channels(values) => Ok(vec![values.get(channel).or(values.first()).copied().unwrap_or(0.0); n]),
            Mean::Image(tensor) => {
                let values = tensor.values::<f32>().map_err(|error| error.to_string())?;
                values
                    .get(channel * n..(channel + 1) * n)
                    .map(<[f32]>::to_vec)
                    .ok_or_else(|| "the mean image is too small".to_owned())
            }
        }
    }

    fn n_channels(&self) -> u64 {
        match self.color {
            Color::Gray => 1,
            Color::Bgr | Color::Rgb => 3,
        }
    }

    /// The mean for this input's size: of a larger mean image the middle, as Caffe crops images.
    fn fitted_mean(&self, input: &str) -> Result<Mean, Error> {
        match &self.mean {
            Mean::Channels(values) if values.len() != 1 && values.len() as u64 != self.n_channels() => {
                let message = format!(
                    "the mean has {} values, one for each channel, but input `{input}` has {}",
                    values.len(),
                    self.n_channels()
                );
                Err(Error::Request(message))
            }
            Mean::Image(tensor) => self.cropped_mean(tensor).map(Mean::Image).map_err(Error::Request),
            mean @ (Mean::Zero | Mean::Channels(_) | Mean::File(_)) => Ok(mean.clone()),
        }
    }

    fn cropped_mean(&self, mean: &Tensor) -> Result<Tensor, String> {
        let (height, width) = (self.height as usize, self.width as usize);
        let (&[c, h, w], values) = (mean.dims(), mean.values::<f32>().map_err(|error| error.to_string())?) else {
            return Err(format!("a mean image has 3 dimensions, and this one {:?}", mean.dims()));
        };
        if c as u64 != self.n_channels() || h < height || w < width {
            return Err(format!(
                "the mean image is {c}x{h}x{w}, which does not cover an input of {}x{height}x{width}",
                self.n_channels()
            ));
        }
        let (y, x) = ((h - height) / 2, (w - width) / 2);
        let rows = (0..c).flat_map(|c| (y..y + height).map(move |row| (c * h + row) * w + x));
        let cropped = rows.flat_map(|start| values[start..start + width].iter().copied()).collect();
        Tensor::from_vec(&[c, height, width], cropped).map_err(|error| error.to_string())
    }

    fn describe(&self) -> String {
        let mean = match &self.mean {
            Mean::Zero => "no mean".to_owned(),
            Mean::Channels(values) => {
                format!("mean {}", values.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
            }
            Mean::Image(_) | Mean::File(_) => "a mean image".to_owned(),
        };
        let (color, scale) = (self.color.name(), self.scale);
        let resize = match self.resize {
            Resize::Squash => "squashed",
            Resize::Crop(_) => "cropped",
        };
        format!("{color}, {mean}, scale {scale}, {resize} to {}x{}", self.width, self.height)
    }
}

/// What the Caffe zoo does where a deploy file says nothing.
fn zoo(channels: u64) -> Preprocess {
    if channels == 1 {
        Preprocess { scale: ZOO_GRAY_SCALE, ..Preprocess::default() }
    } else {
        Preprocess { mean: Mean::Channels(ZOO_MEAN.to_vec()), ..Preprocess::default() }
    }
}

fn named_mean(model: &Model, name: &str) -> Result<Mean, Error> {
    model.mean_file(name)?.ok_or_else(|| {
        Error::Request(format!("the model's mean file `{name}` was not found: give the mean by `--mean` (a file, values such as 104,117,123, or none)"))
    })
}

/// Channels, height and width of an input that takes images.
fn plane(input: &InputInfo) -> Result<(u64, u32, u32), Error> {
    let refused = || {
        Error::Request(format!(
            "input `{}` is {}, and an image becomes [N, 1 or 3, height, width]",
            input.name, input.ty
        ))
    };
    let dims = input.ty.shape.as_fixed().ok_or_else(refused)?;
    match dims[..] {
        [_, channels @ (1 | 3), height, width] => {
            let side = |n: u64| u32::try_from(n).ok().filter(|n| (1..=MAX_SIDE).contains(n)).ok_or_else(refused);
            Ok((channels, side(height)?, side(width)?))
        }
        _ => Err(refused()),
    }
}

/// The largest side of an input that images are resized to.
const MAX_SIDE: u32 = 1 << 14;

fn channel_planes(image: &RgbImage, order: [usize; 3]) -> Vec<Vec<u8>> {
    order.iter().map(|&c| image.pixels().map(|pixel| pixel.0[c]).collect()).collect()
}
