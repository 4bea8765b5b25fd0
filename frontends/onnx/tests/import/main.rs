//! Models, and what becomes of them.

mod common;
mod errors;
mod graphs;
mod numeric;
