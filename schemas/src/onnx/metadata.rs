//! Keys of `metadata_props` that say what a graph can't: where a model came from, how images are prepared, names of
//! classes.

/// The files that the model was made of, separated by line breaks.
pub const SOURCE: &str = "firebrick.source";

/// The names of a classifier's classes, by index, a line each.
pub const LABELS: &str = "firebrick.labels";

/// What begins the keys that say how an input is made of an image: `firebrick.preprocess.INPUT.FIELD`.
pub const PREPROCESS: &str = "firebrick.preprocess.";

/// What is subtracted from samples of 0 to 255: a number for each channel in the input's order, or one for all.
pub const MEAN: &str = "mean";
/// The same as an image, in a file of that name.
pub const MEAN_FILE: &str = "mean_file";
/// What the difference is multiplied by.
pub const SCALE: &str = "scale";
/// The order of channels: `bgr`, `rgb` or `gray`.
pub const COLOR: &str = "color";
/// The side of the square that was cut out of the middle of images in training.
pub const CROP: &str = "crop";
