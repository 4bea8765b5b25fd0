//! A prototxt that has its weights in it runs without a second file; one that has none doesn't.

use firebrick::{Error, Model, OpenOptions};
use firebrick_tests::tensor;

/// Opens an InnerProduct of two inputs, whose layer has these blobs, and runs it on 3 and 4.
fn run(blobs: &str) -> Result<Vec<f32>, Error> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("net.prototxt");
    let net = format!(
        "layer {{ name: 'data' type: 'Input' top: 'data' input_param {{ shape {{ dim: 1 dim: 2 }} }} }}
        layer {{ name: 'ip' type: 'InnerProduct' bottom: 'data' top: 'ip'
            inner_product_param {{ num_output: 1 bias_term: false }} {blobs} }}"
    );
    std::fs::write(&path, net).expect("the folder is ours");
    let model = Model::open([path], &OpenOptions::default())?;
    let outputs = model.run([("data".to_owned(), tensor(&[1, 2], vec![3.0, 4.0]))])?;
    Ok(outputs[0].tensor.values::<f32>().expect("ip is f32").into_owned())
}

#[test]
fn inline_weights() {
    let values = run("blobs { shape { dim: 1 dim: 2 } data: [0.5, -1] }").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(values, [-2.5]);
    assert!(matches!(run(""), Err(Error::Request(message)) if message.contains("without weights")));
}
