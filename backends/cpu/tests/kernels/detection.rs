use std::sync::Arc;

use firebrick_cpu::{CompileError, Context, Isa, Program};
use firebrick_ir::{Tensor, text, verify};

use crate::check::check_native;

/// Boxes of six priors, of which more or fewer are detected by what is kept.
fn detections(batch: usize, attributes: &str, results: &str) -> String {
    let priors: Vec<String> = (0..6)
        .flat_map(|i| [0, 0, 3, 3].map(|corner| format!("{:?}", f64::from(i + corner) / 10.0)))
        .chain(["0.1", "0.1", "0.2", "0.2"].iter().cycle().take(24).map(ToString::to_string))
        .collect();
    format!(
        r#"graph "detect" {{ %l = input : f32[{batch}, 24] %s = input : f32[{batch}, 18]
        %p = const [{}] : f32[1, 2, 24] %c = reshape(%s) shape=[{batch}, 6, 3] %e = softmax(%c) axis=2
        %f = reshape(%e) shape=[{batch}, 18]
        %y = detection_output(%l, %f, %p) num_classes=3 share_location=true background=0 {attributes}
            code=center_size variance_in_target=false {results} }}"#,
        priors.join(", ")
    )
}

#[test]
fn numbers_of_detections() {
    let forms = [
        "nms_threshold=0.45 nms_top_k=400 eta=1.0 keep_top_k=200 confidence_threshold=0.01",
        "nms_threshold=0.3 nms_top_k=-1 eta=0.9 keep_top_k=-1 confidence_threshold=0.3",
        "nms_threshold=0.45 nms_top_k=2 eta=1.0 keep_top_k=1 confidence_threshold=0.2",
        // None is as good as that: a row for each image says so.
        "nms_threshold=0.45 nms_top_k=400 eta=1.0 keep_top_k=200 confidence_threshold=2.0",
    ];
    for form in forms {
        let order = form.replace("confidence_threshold", "%");
        let (before, threshold) = order.split_once('%').expect("it has a threshold");
        for batch in [1, 3] {
            let source = detections(batch, before, "keep return %y");
            check_native(&source.replace("keep return", &format!("confidence_threshold{threshold} return")));
        }
    }
}

/// Before the first run there are none; and other ops can't read what has no size.
#[test]
fn unknown_sizes() {
    let form = "nms_threshold=0.45 nms_top_k=400 eta=1.0 keep_top_k=200";
    let source = detections(1, form, "confidence_threshold=0.01 return %y");
    let graph = text::parse(&source, &()).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let verified = verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    let program = Program::compile(verified, Isa::Clif).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(program.outputs()[0].1.to_string(), "f32[1, 1, detections, 7]");
    let mut context = Context::new(Arc::new(program), 1).expect("the arena is small");
    assert_eq!(context.output(0).expect("it is an output").dims(), [1, 1, 0, 7]);
    assert!(context.output_view::<f32>(0).expect("it is an output").is_empty());
    context.set_input(1, &Tensor::from_vec(&[1, 18], vec![0.5f32; 18]).expect("18 numbers")).expect("it is an input");
    context.run().unwrap_or_else(|error| panic!("{error}"));
    let output = context.output(0).expect("it is an output");
    assert_eq!(output.len(), context.output_view::<f32>(0).expect("it is an output").len());

    let source = detections(1, form, "confidence_threshold=0.01 %z = relu(%y) return %z");
    let graph = text::parse(&source, &()).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let refused = Program::compile(verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}")), Isa::Clif);
    assert!(matches!(refused, Err(CompileError::Symbolic { name, .. }) if name == "y"));
}
