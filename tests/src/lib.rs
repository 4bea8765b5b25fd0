//! What the tests across crates have in common: where things are, how other engines' results are read,
//! and graphs after a pipeline.

mod arrays;
mod compare;
mod onnx_cases;
mod pipelines;
mod places;

pub use arrays::{Arrays, npy, npz, tensor};
pub use compare::{Difference, best, compare};
pub use onnx_cases::{onnx_case, onnx_cases, write_arrays};
pub use pipelines::{LEVELS, evaluated, optimized};
pub use places::{announce, shared, workspace};
