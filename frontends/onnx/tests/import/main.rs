//! Models, and what becomes of them.

mod common;
mod errors;
mod families;
mod graphs;
mod numeric;
