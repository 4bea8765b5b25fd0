//! Compiled programs against the reference evaluator, on the nets and graphs whose snapshots the project keeps.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use firebrick::ir::text::parse;
use firebrick::ir::{Graph, Tensor};
use firebrick::passes::{Level, Options, Step, find, run_steps};
use firebrick::{Model, OpenOptions};
use firebrick_ir::testing::inputs;
use firebrick_tests::{announce, check_native, optimized, shared, tensor, workspace};

use crate::reference::in_parallel;

/// The files of a folder that end so, ordered by name.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == extension)).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.strip_prefix(workspace()).unwrap_or(path).display().to_string()
}

/// Checks a graph as it is and after `-O2`; a row for each failure. `None` if it can't be evaluated.
fn check_levels(name: &str, graph: &Graph, inputs: &HashMap<String, Tensor>) -> Option<Vec<String>> {
    let (rewritten, _) = optimized(graph, Level::O2).unwrap_or_else(|message| panic!("{name}: {message}"));
    let of = |level: Level, graph| check_native(&format!("{name}, -O{level}"), graph, inputs);
    let results = [of(Level::O0, graph)?, of(Level::O2, &rewritten)?];
    Some(results.into_iter().filter_map(Result::err).collect())
}

fn assert_none(failures: &[String]) {
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// The graphs on which passes are tested, before and after their pass.
#[test]
fn fixtures_of_passes() {
    let passes = fs::read_dir(workspace().join("passes/tests/fixtures")).unwrap_or_else(|error| panic!("{error}"));
    let fixtures: Vec<PathBuf> = passes.flatten().flat_map(|folder| files(&folder.path(), "ir")).collect();
    assert!(fixtures.len() >= 142, "only {} fixtures", fixtures.len());
    assert_none(&in_parallel(&fixtures, |path| {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let graph = parse(&text, &()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let pass = find(&folder).unwrap_or_else(|| panic!("there is no pass `{folder}`"));
        let mut after = graph.clone();
        let report = run_steps(&mut after, &[Step::Once(pass)], false, Options::default());
        report.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let values = inputs(&graph, 1);
        let of = |when: &str, graph| check_native(&format!("{}, {when}", name(path)), graph, &values);
        [of("before", &graph), of("after", &after)].into_iter().flatten().filter_map(Result::err).collect()
    }));
}

/// Nets written down from their papers, on images that the evaluator is not slow with.
#[test]
fn architectures() {
    let nets = files(&workspace().join("tests/fixtures/architectures"), "prototxt");
    assert!(nets.len() >= 6, "only {} nets", nets.len());
    assert_none(&in_parallel(&nets, |path| check_net(path, &[3, 67, 67])));
}

/// Published nets; without `FIREBRICK_FULL=1` those that are run fast.
const PUBLISHED: &[(&str, [u64; 3])] = &[
    ("squeezenet_v1.1/deploy.prototxt", [3, 67, 67]),
    ("squeezenet_v1.0/deploy.prototxt", [3, 67, 67]),
    ("bvlc/examples/cifar10/cifar10_quick.prototxt", [3, 32, 32]),
    ("bvlc/examples/cifar10/cifar10_full.prototxt", [3, 32, 32]),
    ("bvlc/examples/mnist/lenet.prototxt", [1, 28, 28]),
    ("bvlc/examples/siamese/mnist_siamese.prototxt", [1, 28, 28]),
    ("residual/deploy_derived.prototxt", [3, 67, 67]),
    ("generator/trainval_bn0_small.prototxt", [3, 67, 67]),
    ("generator/trainval_bn0_large.prototxt", [3, 67, 67]),
    ("generator/trainval_bn1_small.prototxt", [3, 67, 67]),
    ("generator/trainval_bn1_large.prototxt", [3, 67, 67]),
    ("bvlc/models/bvlc_googlenet/deploy.prototxt", [3, 224, 224]),
    ("bvlc/models/bvlc_alexnet/deploy.prototxt", [3, 227, 227]),
];

/// How many of them are run always.
const N_QUICK: usize = 6;

#[test]
fn published_nets() {
    let Some(models) = shared("models") else { return };
    let full = std::env::var_os("FIREBRICK_FULL").is_some();
    let nets = &PUBLISHED[..if full { PUBLISHED.len() } else { N_QUICK }];
    if !full {
        announce(&format!("ran {} of {} nets; FIREBRICK_FULL=1 runs all", nets.len(), PUBLISHED.len()));
    }
    assert_none(&in_parallel(nets, |(net, image)| check_net(&models.join(net), image)));
}

/// Checks a net, its weights drawn as its fillers say, on one image of these channels, rows and columns.
fn check_net(path: &Path, image: &[u64; 3]) -> Vec<String> {
    let open = |input_shapes| {
        let options = OpenOptions { batch: Some(1), random_weights: Some(1), input_shapes, ..OpenOptions::default() };
        Model::open([path], &options).unwrap_or_else(|error| panic!("{}: {}", path.display(), error.render(false)))
    };
    let shape = [&[1], &image[..]].concat();
    let shapes = open(Vec::new()).inputs().into_iter().map(|input| (input.name, shape.clone())).collect();
    let model = open(shapes);
    let graph = model.graph().unwrap_or_else(|error| panic!("{}: {}", path.display(), error.render(false)));
    let waves: HashMap<String, Tensor> = graph.inputs().iter().map(|&id| waves(graph, id)).collect();
    let failures = check_levels(&name(path), graph, &waves);
    failures.unwrap_or_else(|| vec![format!("{} can't be evaluated", path.display())])
}

/// An image of waves in -1..1.
fn waves(graph: &Graph, id: firebrick::ir::NodeId) -> (String, Tensor) {
    let output = &graph.node(id).outputs[0];
    let dims: Vec<usize> = output.ty.shape.as_fixed().unwrap_or_default().iter().map(|&n| n as usize).collect();
    let values = (0..dims.iter().product::<usize>()).map(|i| (i as f32 * 0.37).sin()).collect();
    (output.name.clone(), tensor(&dims, values))
}

/// Nets of one layer of each kind, and more, whose import is a snapshot.
#[test]
fn fixtures_of_imports() {
    let nets = files(&workspace().join("tests/fixtures/caffe"), "prototxt");
    assert!(nets.len() >= 11, "only {} nets", nets.len());
    assert_none(&in_parallel(&nets, |path| {
        let options = OpenOptions { random_weights: Some(1), ..OpenOptions::default() };
        let model = Model::open([path], &options).unwrap_or_else(|error| panic!("{}", error.render(false)));
        let graph = model.graph().unwrap_or_else(|error| panic!("{}", error.render(false)));
        check_levels(&name(path), graph, &inputs(graph, 1)).unwrap_or_default()
    }));
}
