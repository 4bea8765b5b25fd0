//! Graphs as ONNX: what ops become, the file around them, and random graphs.

mod check;
mod files;
mod forms;
mod random;
