//! Programs against the reference evaluator, on every instruction set that this machine has.

mod check;
mod conv;
mod conv_transpose;
mod detection;
mod each_value;
mod elements;
mod fused;
mod gemm;
mod graphs;
mod handles;
mod maps;
mod moves;
mod networks;
mod pool;
mod q_binary;
mod q_product;
mod quantized;
mod random;
mod reduce;
mod resize;
mod shapes;
mod sweep;
mod winograd;
