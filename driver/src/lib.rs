//! Firebrick: convolutional networks as they were released, opened, inspected and run.
//!
//! ```no_run
//! use firebrick::{Model, OpenOptions, Images};
//!
//! # fn main() -> Result<(), firebrick::Error> {
//! // The published file is for batches of 10.
//! let options = OpenOptions { batch: Some(1), ..OpenOptions::default() };
//! let model = Model::open(["deploy.prototxt", "squeezenet_v1.1.caffemodel"], &options)?;
//! let input = model.sole_input()?;
//! let images = Images::of(&model, &input)?;
//! let outputs = model.run([(input.name.clone(), images.load("cat.jpg")?)])?;
//! println!("{:?}", outputs[0].tensor.dims());
//! # Ok(())
//! # }
//! ```
//!
//! Only this crate and the command line touch files. Everything else works on bytes in memory.

mod accuracy;
mod compare;
mod convert;
mod error;
mod executable;
mod external;
mod files;
mod form;
mod images;
mod inspect;
pub mod items;
mod labels;
mod model;
mod named;
pub mod npy;
mod profile;
mod properties;
mod random;
pub mod ranking;
mod sources;
mod specialize;

pub use accuracy::{Classifier, Dataset, Evaluation, LabelledImage, Prediction, Run};
pub use compare::{BlobDifference, Comparison};
pub use convert::{
    Batch, CaffeFiles, CaffeOptions, Conversion, ConvertOptions, Figures, Summary, Verification, convert,
    convert_to_caffe,
};
pub use error::Error;
pub use executable::{CompileOptions, Executable, Session};
pub use files::{read_file, write_file};
pub use firebrick_caffe::{Fork, LayerEntry, Phase, State, layer_types, training_layers};
pub use firebrick_cpu::{Isa, Listing, Program, Symbol};
pub use firebrick_diagnostics as diagnostics;
pub use firebrick_ir as ir;
pub use firebrick_onnx as onnx;
pub use firebrick_onnx_writer::{Opset, QuantizedForm};
pub use firebrick_passes as passes;
pub use images::{Color, ImageOptions, Images, Resize};
pub use inspect::{EvaluatedRow, Inspection, LayerRow, Size, ValueRow};
pub use labels::Labels;
pub use model::{InputInfo, Model, OpenOptions, OutputTensor, SourceFile, read_mean_file};
pub use profile::{Profile, StepTimes};
