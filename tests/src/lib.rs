//! What the tests across crates have in common: where things are, and how other engines' results are read.

mod arrays;
mod compare;
mod places;

pub use arrays::{Arrays, npy, npz, tensor};
pub use compare::{Difference, best, compare};
pub use places::{announce, shared, workspace};
