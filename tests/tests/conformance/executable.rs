//! What a compiled model promises to those who use it: views without copies, threads, any order of dropping.

use std::sync::Arc;
use std::thread;

use firebrick::ir::Tensor;
use firebrick::passes::{Level, Options};
use firebrick::{CompileOptions, Executable, Model, OpenOptions, Session};
use firebrick_tests::{compare, workspace};

/// Probabilities of the digits net, compiled and evaluated.
const TOLERANCE: f32 = 1e-5;
const N_PIXELS: usize = 32 * 32;

fn model() -> Model {
    let files = ["deploy.prototxt", "digits.caffemodel"].map(|file| workspace().join("examples/digits").join(file));
    let mut model = Model::open(files, &OpenOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    model.optimize(Level::O2, Options::default()).unwrap_or_else(|error| panic!("{error}"));
    model
}

fn compiled(model: &Model) -> Executable {
    model.compile(&CompileOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn pixels(seed: usize) -> Vec<f32> {
    (0..N_PIXELS).map(|i| ((i * (seed + 3)) % 17) as f32 / 17.0).collect()
}

fn image(seed: usize) -> (String, Tensor) {
    let tensor = Tensor::from_vec(&[1, 1, 32, 32], pixels(seed)).unwrap_or_else(|error| panic!("{error}"));
    ("data".to_owned(), tensor)
}

fn prob(session: &Session) -> Tensor {
    let values = session.output_view::<f32>("prob").unwrap_or_else(|error| panic!("{error}"));
    Tensor::from_vec(&[1, 10, 1, 1], values.to_vec()).unwrap_or_else(|error| panic!("{error}"))
}

fn expected(model: &Model, seed: usize) -> Tensor {
    model.run([image(seed)]).unwrap_or_else(|error| panic!("{error}"))[0].tensor.clone()
}

#[track_caller]
fn check(found: &Tensor, expected: &Tensor) {
    let difference = compare(found, expected);
    assert!(difference.within(TOLERANCE), "{difference}");
}

#[test]
fn views_are_the_memory_itself() {
    let model = model();
    let mut session = compiled(&model).empty_session().unwrap_or_else(|error| panic!("{error}"));
    let mut places = Vec::new();
    for seed in 0..3 {
        let input = session.input_mut::<f32>("data").unwrap_or_else(|error| panic!("{error}"));
        input.copy_from_slice(&pixels(seed));
        let input = input.as_ptr().addr();
        session.run().unwrap_or_else(|error| panic!("{error}"));
        check(&prob(&session), &expected(&model, seed));
        places.push((input, session.output_view::<f32>("prob").map(|view| view.as_ptr().addr()).ok()));
    }
    assert!(places.iter().all(|place| place == &places[0]), "the same memory each time: {places:?}");
    // What was written stays.
    let kept = session.input_mut::<f32>("data").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(kept, pixels(2));
}

#[test]
fn views_of_what_is_not_there_are_refused() {
    let mut session = compiled(&model()).empty_session().unwrap_or_else(|error| panic!("{error}"));
    let message = |error: firebrick::Error| error.to_string();
    let messages = [
        session.input_mut::<f32>("dada").err().map(message),
        session.input_mut::<u8>("data").err().map(message),
        session.output_view::<f32>("conv1").err().map(message),
        session.output_view::<i64>("prob").err().map(message),
        session
            .set("data", &Tensor::from_vec(&[1], vec![1.0f32]).unwrap_or_else(|error| panic!("{error}")))
            .err()
            .map(message),
    ];
    let messages = messages.map(|message| message.expect("each of them is refused")).join("\n");
    insta::assert_snapshot!(messages, @r"
    the model has no input `dada`
    cannot run the model: input 0 is f32[1, 1, 32, 32], not u8
    the model has no output `conv1`
    cannot run the model: output 0 is f32[1, 10, 1, 1], not i64
    cannot run the model: input 0 is f32[1, 1, 32, 32], not f32[1]
    ");
}

/// Many threads, one program: each run has memory of its own.
#[test]
fn threads_share_a_program() {
    fn shared<T: Send + Sync + 'static>(value: T) -> Arc<T> {
        Arc::new(value)
    }
    let model = model();
    let executable = shared(compiled(&model));
    let expected: Vec<Tensor> = (0..4).map(|seed| expected(&model, seed)).collect();
    let threads: Vec<_> = (0..4)
        .map(|seed| {
            let executable = Arc::clone(&executable);
            thread::spawn(move || {
                let run = |_| executable.run([image(seed)]).unwrap_or_else(|error| panic!("{error}"))[0].tensor.clone();
                (0..20).map(run).collect::<Vec<_>>()
            })
        })
        .collect();
    drop(executable);
    for (thread, expected) in threads.into_iter().zip(expected) {
        let found = thread.join().expect("the thread did not panic");
        check(&found[0], &expected);
        assert!(found.iter().all(|tensor| *tensor == found[0]), "the same bits in each run");
    }
}

/// Code and weights live as long as anything that uses them.
#[test]
fn handles_may_be_dropped_in_any_order() {
    let model = model();
    let expected = expected(&model, 1);
    let executable = compiled(&model);
    let mut first = executable.session([image(1)]).unwrap_or_else(|error| panic!("{error}"));
    let second = executable.session([image(2)]).unwrap_or_else(|error| panic!("{error}"));
    drop(model);
    drop(second);
    drop(executable);
    first.run().unwrap_or_else(|error| panic!("{error}"));
    check(&prob(&first), &expected);
    // A session moves between threads, and outlives the one that made it.
    let moved = thread::spawn(move || {
        first.run().unwrap_or_else(|error| panic!("{error}"));
        first
    });
    let first = moved.join().expect("the thread did not panic");
    check(&prob(&first), &expected);
}
