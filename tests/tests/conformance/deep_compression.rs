//! The compressed SqueezeNet of Deep Compression's authors: its weights, and ten images as Caffe 1.0 computes them.

use firebrick::ir::{Op, Tensor};
use firebrick::passes::{Level, Options};
use firebrick::{CompileOptions, Model, OpenOptions};
use firebrick_tests::{best, compare, npy, shared};

use crate::reference::{flat, item, prepared};

/// Caffe and ONNX Runtime differ by 4e-5 on these nets.
const TOLERANCE: f32 = 1e-4;

fn open() -> Option<Model> {
    let folder = shared("models")?.join("deep_compression");
    let files = ["SqueezeNet_deploy.prototxt", "compressed_SqueezeNet.net"].map(|name| folder.join(name));
    // The two are told apart, whatever their order.
    let files = [files[1].clone(), files[0].clone()];
    Some(Model::open(files, &OpenOptions::default()).unwrap_or_else(|error| panic!("{}", error.render(false))))
}

/// The codebook and the weights of a layer.
fn layer(model: &Model, name: &str) -> (Vec<f32>, Vec<f32>) {
    let graph = model.graph().unwrap_or_else(|error| panic!("{error}"));
    let value = graph.find(&format!("{name}/weights")).unwrap_or_else(|| panic!("no layer {name}"));
    let Op::Const(constant) = &graph.node(value.node).op else { panic!("{name}'s weights are computed") };
    let floats = |tensor: &Tensor| tensor.values::<f32>().unwrap_or_else(|error| panic!("{error}")).into_owned();
    let (Some(coded), Some(dense)) = (constant.codes(), constant.tensor()) else { panic!("{name} has no codes") };
    (floats(coded.codebook()), floats(dense))
}

#[test]
fn weights_are_decoded() {
    let Some(model) = open() else { return };
    let graph = model.graph().unwrap_or_else(|error| panic!("{error}"));
    let layers: Vec<String> = graph
        .nodes()
        .filter_map(|(_, node)| Some(node.outputs.first()?.name.strip_suffix("/weights")?.to_owned()))
        .collect();
    let decoded: Vec<(Vec<f32>, Vec<f32>)> = layers.iter().map(|name| layer(&model, name)).collect();
    let n_weights: usize = decoded.iter().map(|(_, dense)| dense.len()).sum();
    let n_kept = decoded.iter().flat_map(|(_, dense)| dense).filter(|&&weight| weight != 0.0).count();
    assert_eq!((layers.len(), n_weights, n_kept), (26, 1_244_448, 415_921));
    assert_eq!(layer(&model, "conv1").0[1], -0.696_757_7);
    for (name, (codebook, _)) in layers.iter().zip(&decoded) {
        assert_eq!(codebook.iter().filter(|&&entry| entry == 0.0).count(), 1, "{name}");
        assert_eq!(codebook[0], 0.0, "{name}");
    }
    assert_eq!(model.parameters().values().sum::<u64>(), 1_248_424);
}

#[test]
fn outputs_are_as_caffe_computes_them() {
    let (Some(mut model), Some(reference)) = (open(), shared("reference")) else { return };
    let inputs = npy(&reference.join("inputs_u8_bgr_nhwc_10x227x227x3.npy"));
    let expected = npy(&reference.join("dc.pool_final.caffe-1.0-openblas.10.npy"));
    let image = |row| [("data".to_owned(), prepared(&inputs, row, 0, inputs.dims()[1]))];
    let check = |what: &str, row: usize, found: &Tensor| {
        let found = found.values::<f32>().unwrap_or_else(|error| panic!("{error}"));
        let expected = item(&expected, row);
        let difference = compare(&flat(&found), &flat(&expected));
        assert!(difference.within(TOLERANCE), "{what}, image {row}: {difference}");
        assert_eq!(best(&found, 5), best(&expected, 5), "{what}, image {row}");
    };
    let evaluated = model.run(image(0)).unwrap_or_else(|error| panic!("{}", error.render(false)));
    check("evaluated", 0, &evaluated[0].tensor);
    model.optimize(Level::O2, Options::default()).unwrap_or_else(|error| panic!("{error}"));
    let executable =
        model.compile(&CompileOptions::default()).unwrap_or_else(|error| panic!("{}", error.render(false)));
    for row in 0..inputs.dims()[0] {
        let outputs = executable.run(image(row)).unwrap_or_else(|error| panic!("{}", error.render(false)));
        check("compiled", row, &outputs[0].tensor);
    }
}
