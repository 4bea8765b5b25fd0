//! Known figures of known nets.

use std::path::Path;

use firebrick::{Inspection, Model, OpenOptions};
use firebrick_tests::{shared, workspace};

/// Checks the numbers of parameters and of multiply-accumulates of a net, which need no weights.
fn check(prototxt: &Path, parameters: u64, macs: u64) {
    let model =
        Model::open([prototxt], &OpenOptions::default()).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let inspection = Inspection::of(&model).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((inspection.parameters, inspection.macs), (parameters, macs), "{}", prototxt.display());
    let sum = |of: fn(&firebrick::LayerRow) -> u64| inspection.layers.iter().map(of).sum::<u64>();
    assert_eq!((sum(|layer| layer.parameters), sum(|layer| layer.macs)), (parameters, macs));
}

#[test]
fn squeezenet_1_0() {
    let Some(folder) = shared("models/squeezenet_v1.0") else { return };
    check(&folder.join("deploy.prototxt"), 1_248_424, 861_339_936);
}

#[test]
fn squeezenet_1_1() {
    let Some(folder) = shared("models/squeezenet_v1.1") else { return };
    check(&folder.join("deploy.prototxt"), 1_235_496, 387_747_520);
}

/// By hand, from the table in examples/digits/README.md: conv1 reads 3x3x1 for 16x16x16 results, and so on.
#[test]
fn digits() {
    let conv1 = 16 * 16 * 16 * 9;
    let fire2_and_3 = 8 * 8 * ((16 * 8 + 8 * 16 + 8 * 16 * 9) + (32 * 8 + 8 * 16 + 8 * 16 * 9));
    let fire4_and_5 = 4 * 4 * ((32 * 16 + 16 * 32 + 16 * 32 * 9) + (64 * 16 + 16 * 32 + 16 * 32 * 9));
    let conv_final = 4 * 4 * 64 * 10;
    check(&workspace().join("examples/digits/deploy.prototxt"), 15_770, conv1 + fire2_and_3 + fire4_and_5 + conv_final);
}
