//! What the tests across crates have in common: where things are, how other engines' results are read,
//! graphs after a pipeline, and compiled programs.

mod arrays;
mod compare;
mod native;
mod onnx_cases;
mod pipelines;
mod places;

pub use arrays::{Arrays, npy, npz, tensor};
pub use compare::{Difference, best, compare};
pub use native::{Way, check_native, ways};
pub use onnx_cases::{onnx_case, onnx_cases, write_arrays};
pub use pipelines::{LEVELS, evaluated, optimized};
pub use places::{announce, shared, workspace};
