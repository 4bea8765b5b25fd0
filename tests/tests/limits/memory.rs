//! Weights are the file's own bytes: opening a large model takes hardly more memory than the file.

use std::fs;

use firebrick::ir::Op;
use firebrick::{Model, OpenOptions};

use crate::caffemodel::fully_connected;
use crate::{peak, turn};

const ROWS: usize = 3000;
const COLUMNS: usize = 5000;

const PROTOTXT: &str = r#"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 5000 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 3000 bias_term: false } }
"#;

#[test]
fn weights_are_not_copied() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let (prototxt, weights) = (folder.path().join("net.prototxt"), folder.path().join("net.caffemodel"));
    fs::write(&prototxt, PROTOTXT).expect("the folder can be written");
    let size = {
        let bytes = fully_connected(ROWS, COLUMNS);
        fs::write(&weights, &bytes).expect("the folder can be written");
        bytes.len()
    };
    assert!(size > 4 * ROWS * COLUMNS && size < 4 * ROWS * COLUMNS + 100);
    let (model, bytes) = peak(|| Model::open([&prototxt, &weights], &OpenOptions::default()));
    let model = model.unwrap_or_else(|error| panic!("{}", error.render(false)));
    let graph = model.graph().unwrap_or_else(|error| panic!("{error}"));
    let constants = graph.nodes().filter_map(|(_, node)| {
        let Op::Const(constant) = &node.op else { return None };
        constant.tensor()
    });
    let elements: usize = constants.map(firebrick::ir::Tensor::len).sum();
    assert_eq!(elements, ROWS * COLUMNS, "the weights are in the graph");
    assert!(bytes * 10 < size * 13, "{bytes} bytes were held for a file of {size}");
}
