//! Firebrick against other engines' results, published models, and the project's own rules.

mod accuracy;
mod architecture;
mod caffe_cases;
mod caffe_pipelines;
mod compiled;
mod deep_compression;
mod digits;
mod executable;
mod figures;
mod images;
mod inline_weights;
mod native;
mod onnx_export;
mod onnx_microsoft;
mod onnx_zoo;
mod pipelines;
mod published;
mod quantized;
mod reference;
mod rewritten;
mod ristretto;
