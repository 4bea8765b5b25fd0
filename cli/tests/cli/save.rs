//! Blobs in files: `--save` and `--save-all`.

use std::collections::BTreeMap;

use firebrick::ir::Tensor;

use crate::check::{Scratch, check_in, run};

const DIGITS: [&str; 3] = ["run", "examples/digits/deploy.prototxt", "examples/digits/digits.caffemodel"];
const THREE: &str = "examples/digits/images/three.png";

#[track_caller]
fn digits(folder: &Scratch, name: &str, args: &[&str]) {
    check_in(folder, name, &[&DIGITS[..], &["--image", THREE, "--top", "1"], args].concat());
}

fn read(folder: &Scratch, file: &str) -> Tensor {
    firebrick::npy::read(folder.path(file)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn one_blob() {
    let folder = Scratch::new();
    digits(&folder, "save", &["--save", "fire2/concat={tmp}/concat.npy", "--save", "prob={tmp}/new/prob.npy"]);
    assert_eq!(folder.files(), ["concat.npy", "new/prob.npy"]);
    assert_eq!(read(&folder, "concat.npy").dims(), [1, 32, 8, 8]);
    let prob = read(&folder, "new/prob.npy");
    let sum: f32 = prob.values::<f32>().expect("npy files are read as f32").iter().sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
}

#[test]
fn all_blobs() {
    let folder = Scratch::new();
    digits(&folder, "save_all", &["--save-all", "{tmp}/blobs"]);
    let index = std::fs::read(folder.path("blobs/blobs.json")).expect("there is a list of files");
    let index: BTreeMap<String, String> = serde_json::from_slice(&index).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(index["fire2/concat"], "fire2/concat.npy");
    assert!(index.contains_key("data") && index.contains_key("prob"), "{:?}", index.keys());
    let mut files: Vec<String> = index.values().map(|file| format!("blobs/{file}")).collect();
    files.push("blobs/blobs.json".to_owned());
    files.sort();
    assert_eq!(folder.files(), files, "the list has every file, and every file is there");
    assert!(index.values().all(|file| !read(&folder, &format!("blobs/{file}")).is_empty()));
}

/// A blob in a file of several images has all of them, in their order.
#[test]
fn batches() {
    let images = ["zero", "three", "five"].map(|digit| format!("examples/digits/images/{digit}.png"));
    let save = |batch: &str| {
        let folder = Scratch::new();
        let file = format!("conv1={}", folder.path("conv1.npy").display());
        let images: Vec<&str> = images.iter().map(String::as_str).collect();
        let ran = run(&[&DIGITS, &["--batch", batch, "--save", &file, "--image"][..], &images].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        read(&folder, "conv1.npy")
    };
    let one_at_a_time = save("1");
    assert_eq!(one_at_a_time.dims(), [3, 16, 16, 16]);
    assert_eq!(one_at_a_time, save("2"));
}

#[test]
fn names_that_are_paths_stay_in_the_folder() {
    let folder = Scratch::new();
    let array =
        Tensor::from_vec(&[1, 1, 2, 2], vec![1.0_f32, -2.0, 3.0, -4.0]).unwrap_or_else(|error| panic!("{error}"));
    firebrick::npy::write(folder.path("in/data.npy"), &array).unwrap_or_else(|error| panic!("{error}"));
    let net = "cli/tests/fixtures/names.prototxt";
    check_in(
        &folder,
        "save_all_paths",
        &["run", net, "--input", "data={tmp}/in/data.npy", "--save-all", "{tmp}/in/out"],
    );
    let files = folder.files();
    assert!(files.iter().all(|file| file == "in/data.npy" || file.starts_with("in/out/")), "{files:?}");
    let index = std::fs::read(folder.path("in/out/blobs.json")).expect("there is a list of files");
    let index: BTreeMap<String, String> = serde_json::from_slice(&index).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(index.len(), 7);
    assert!(index.values().all(|file| read(&folder, &format!("in/out/{file}")).len() == 4), "{index:?}");
}

#[test]
fn failures_leave_nothing_behind() {
    let folder = Scratch::new();
    digits(&folder, "save_unknown_blob", &["--save", "fire2/concta={tmp}/x.npy"]);
    digits(&folder, "save_unlike_any_blob", &["--save", "something else={tmp}/x.npy"]);
    digits(&folder, "save_second_image_missing", &["--image", "missing.png", "--save", "prob={tmp}/prob.npy"]);
    digits(&folder, "save_all_second_image_missing", &["--image", "missing.png", "--save-all", "{tmp}/all"]);
    assert_eq!(folder.files(), [""; 0]);
    // A folder where the file should be, and a file where the folder should be.
    folder.write("file", b"as it was");
    std::fs::create_dir(folder.path("prob.npy")).expect("the folder can be written");
    digits(&folder, "save_to_a_folder", &["--save", "prob={tmp}/prob.npy"]);
    digits(&folder, "save_below_a_file", &["--save-all", "{tmp}/file"]);
    assert_eq!(folder.files(), ["file"]);
    assert_eq!(std::fs::read(folder.path("file")).expect("the file is there"), b"as it was");
}
