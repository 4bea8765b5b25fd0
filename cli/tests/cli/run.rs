//! `firebrick run`

use crate::check::{Scratch, check, check_in, run};

const DIGITS: [&str; 3] = ["run", "examples/digits/deploy.prototxt", "examples/digits/digits.caffemodel"];

/// Runs the net that ships with the project.
#[track_caller]
fn digits(name: &str, args: &[&str]) {
    check(name, &[&DIGITS, args].concat());
}

#[test]
fn an_image() {
    digits("run_image", &["--image", "examples/digits/images/three.png"]);
    let labels = ["--labels", "examples/digits/labels.txt"];
    digits("run_labels", &[&["--image", "examples/digits/images/three.png"][..], &labels].concat());
    digits(
        "run_json",
        &[&["--image", "examples/digits/images/three.png", "--top", "1", "--format", "json"][..], &labels].concat(),
    );
    digits("run_top", &["--image", "examples/digits/images/three.png", "--top", "1"]);
}

#[test]
fn several_images() {
    let images = ["three", "five", "seven"].map(|digit| format!("examples/digits/images/{digit}.png"));
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let args = [&["--labels", "examples/digits/labels.txt", "--top", "1", "--image"][..], &images].concat();
    digits("run_images", &args);
    // The last batch is not full.
    let batched = run(&[&DIGITS, &["--batch", "2"][..], &args].concat());
    assert_eq!(batched.stdout, run(&[&DIGITS, &args[..]].concat()).stdout, "batches do not show");
}

#[test]
fn preparation() {
    digits("run_other_scale", &["--image", "examples/digits/images/three.png", "--top", "2", "--scale", "0.5"]);
    digits("run_other_mean", &["--image", "examples/digits/images/three.png", "--top", "2", "--mean", "128"]);
    digits("run_crop", &["--image", "examples/digits/images/three.png", "--top", "2", "--resize", "crop=40"]);
    let net = ["run", "cli/tests/fixtures/train_val.prototxt", "--random-weights=7"];
    check("run_training_net", &[&net, &["--image", "examples/digits/images/three.png"][..]].concat());
}

/// Blobs that depend on no input are blobs all the same.
#[test]
fn nothing_to_read() {
    let folder = Scratch::new();
    let net = "cli/tests/fixtures/constant.prototxt";
    check_in(&folder, "run_constant", &["run", net, "--save", "data={tmp}/data.npy"]);
    let data = firebrick::npy::read(folder.path("data.npy")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((data.dims(), data.values::<f32>().expect("f32").as_ref()), (&[1, 2, 3][..], &[2.5_f32; 6][..]));
}

#[test]
fn arrays() {
    let folder = Scratch::new();
    let array = firebrick::ir::Tensor::from_vec(&[1, 3, 4, 4], (0..48_u8).map(|i| f32::from(i) - 20.0).collect());
    let array = array.unwrap_or_else(|error| panic!("{error}"));
    for name in ["a.npy", "b.npy"] {
        firebrick::npy::write(folder.path(name), &array).unwrap_or_else(|error| panic!("{error}"));
    }
    let net = "cli/tests/fixtures/two_inputs.prototxt";
    check_in(&folder, "run_arrays", &["run", net, "--input", "a={tmp}/a.npy", "--input", "b={tmp}/b.npy"]);
    check_in(&folder, "run_array_missing", &["run", net, "--input", "a={tmp}/a.npy"]);
    check_in(&folder, "run_array_unknown", &["run", net, "--input", "a={tmp}/a.npy", "--input", "c={tmp}/b.npy"]);
    check_in(
        &folder,
        "run_array_and_image",
        &["run", net, "--input", "a={tmp}/a.npy", "--image", "examples/digits/images/three.png"],
    );
    check("run_image_for_two_inputs", &["run", net, "--image", "examples/digits/images/three.png"]);
    folder.write("c.npy", b"no array");
    check_in(&folder, "run_array_of_no_numbers", &["run", net, "--input", "a={tmp}/c.npy"]);
}
