//! What is done to an image before a network reads it.

use crate::Tensor;

/// How a network's input is made from an image of 8-bit samples: crop, mirror, subtract the mean, scale.
///
/// `value = (sample - mean) * scale`, per channel, in the order of channels that the network was trained with.
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocess {
    /// What is subtracted from each sample.
    pub mean: Mean,
    /// What the difference is multiplied by.
    pub scale: f32,
    /// The side of the square cut out of the middle of the image, in pixels.
    pub crop: Option<u32>,
    /// Whether images may be mirrored at random in training. Inference doesn't.
    pub mirror: bool,
    /// Whether the image is made gray (`Some(false)`) or coloured (`Some(true)`) if it isn't.
    pub color: Option<bool>,
    /// The order of a coloured image's channels.
    pub order: ChannelOrder,
}

/// The order of a coloured image's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelOrder {
    /// Blue, green, red: Caffe's, which reads images by OpenCV.
    #[default]
    Bgr,
    /// Red, green, blue.
    Rgb,
}

/// What is subtracted from samples.
#[derive(Debug, Clone, PartialEq)]
pub enum Mean {
    /// Nothing.
    Zero,
    /// A value for each channel, or one for all.
    Channels(Vec<f32>),
    /// An image `[C, H, W]` of the size before the crop.
    Image(Tensor),
    /// The same, in a file that the model names and that has not been read.
    File(String),
}

impl Default for Preprocess {
    /// Samples as they are.
    fn default() -> Self {
        Preprocess { mean: Mean::Zero, scale: 1.0, crop: None, mirror: false, color: None, order: ChannelOrder::Bgr }
    }
}
