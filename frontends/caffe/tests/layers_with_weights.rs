//! What layers with weights, pooling, normalising and resizing layers become, and what they compute where Caffe has a
//! way of its own.

use std::collections::HashMap;

use firebrick_caffe::{Definition, Options, Phase, State, import};
use firebrick_diagnostics::Report;
use firebrick_ir::{Evaluator, Graph, Tensor, verify};

/// Compares what small nets become, or what is said about them, with the snapshot of that name. A case is the
/// dimensions of the inputs `a`, `b` and so on, and a layer's type, number of tops and fields.
fn check(name: &str, options: &Options, cases: &[(&str, &str, usize, &str)]) {
    let shown: Vec<String> = cases
        .iter()
        .map(|&(inputs, kind, n_tops, fields)| {
            let graph = imported(inputs, kind, n_tops, fields, options);
            let shown = graph.map_or_else(|report| format!("{report}\n"), |graph| graph.to_string());
            format!("# {inputs} -> {kind} {{ {fields} }}\n{shown}")
        })
        .collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown.join("\n")));
}

/// The dimensions of the inputs, their numbers, used again and again, a layer's type and fields, and its tops' numbers.
type NumbersCase<'a> = (&'a str, &'a [f32], &'a str, &'a str, &'a [&'a [f32]]);

/// Compares the numbers of a layer's tops with those expected.
fn check_numbers(cases: &[NumbersCase<'_>]) {
    for &(inputs, numbers, kind, fields, expected) in cases {
        let case = format!("{inputs} -> {kind} {{ {fields} }}");
        let graph = imported(inputs, kind, expected.len(), fields, &Options::default());
        let found = run(&graph.unwrap_or_else(|report| panic!("{case}: {report}")), numbers);
        let same = |a: f32, b: f32| (a - b).abs() <= 1e-6 * b.abs().max(1.0) || a.is_nan() && b.is_nan();
        let agree = found.len() == expected.len()
            && found.iter().zip(expected).all(|(found, expected)| {
                found.len() == expected.len() && found.iter().zip(*expected).all(|(&a, &b)| same(a, b))
            });
        assert!(agree, "{case}: {found:?}, not {expected:?}");
    }
}

fn imported(inputs: &str, kind: &str, n_tops: usize, fields: &str, options: &Options) -> Result<Graph, Report> {
    let mut text = String::new();
    let mut bottoms = String::new();
    for (name, dims) in ('a'..).zip(inputs.split(';')) {
        let dims: String = dims.split_whitespace().map(|dim| format!(" dim: {dim}")).collect();
        text +=
            &format!("layer {{ name: '{name}' type: 'Input' top: '{name}' input_param {{ shape {{{dims} }} }} }}\n");
        bottoms += &format!(" bottom: '{name}'");
    }
    let tops: String = (0..n_tops).map(|top| format!(" top: 'top{top}'")).collect();
    text += &format!("layer {{ name: 'l' type: '{kind}'{bottoms}{tops} {fields} }}\n");
    let definition = Definition::read_text("net.prototxt", text.as_bytes())?;
    Ok(import(&definition, None, options)?.graph)
}

fn run(graph: &Graph, numbers: &[f32]) -> Vec<Vec<f32>> {
    let mut numbers = numbers.iter().copied().cycle();
    let inputs: HashMap<String, Tensor> = graph
        .inputs()
        .iter()
        .map(|&input| {
            let output = &graph.node(input).outputs[0];
            let dims: Vec<usize> = output.ty.shape.as_fixed().unwrap_or_default().iter().map(|&n| n as usize).collect();
            let values: Vec<f32> = numbers.by_ref().take(dims.iter().product()).collect();
            (output.name.clone(), Tensor::from_vec(&dims, values).expect("as many values as the dimensions say"))
        })
        .collect();
    let verified = verify(graph).expect("an imported graph is valid");
    let outputs = Evaluator::new(verified).run(&inputs).expect("the graph can be evaluated");
    outputs.iter().map(|tensor| tensor.values::<f32>().expect("tops are f32").into_owned()).collect()
}

const X: &str = "2 6 7 5";

#[test]
fn convolutions() {
    check(
        "convolutions",
        &Options::default(),
        &[
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 2 group: 2 }"),
            (
                X,
                "Convolution",
                1,
                "convolution_param { num_output: 4 kernel_h: 3 kernel_w: 1 pad_h: 1 bias_term: false }",
            ),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 kernel_size: 2 dilation: 2 }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 axis: -2 force_nd_im2col: true }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 1 axis: 3 }"),
            ("2 3 9", "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 engine: CUDNN }"),
            ("1 1 2 5", "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 stride: 2 }"),
            ("1 2 4 4; 1 2 4 4", "Convolution", 2, "convolution_param { num_output: 1 kernel_size: 3 }"),
            (X, "ConvolutionDepthwise", 1, "convolution_param { num_output: 6 kernel_size: 3 }"),
            (X, "DepthwiseConvolution", 1, "convolution_param { num_output: 12 kernel_size: 3 group: 6 }"),
            (X, "Deconvolution", 1, "convolution_param { num_output: 4 kernel_size: 4 stride: 2 pad: 1 group: 2 }"),
            (X, "Im2col", 1, "convolution_param { kernel_size: 2 }"),
        ],
    );
    check(
        "convolutions_refused",
        &Options::default(),
        &[
            (X, "Convolution", 1, ""),
            (X, "Convolution", 1, "convolution_param { kernel_size: 3 }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 group: 4 }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 group: 0 }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: [3, 3, 3] }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 kernel_h: 3 }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 stride_h: 2 }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 stride: 0 }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 axis: 4 }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 9 }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 4294967295 dilation: 4294967295 }"),
            (X, "Convolution", 1, "convolution_param { num_output: 4 kernel_size: 3 hole: 2 dilation: 2 }"),
            ("2 3 9", "Convolution", 1, "convolution_param { num_output: 4 kernel_h: 3 kernel_w: 3 }"),
            ("1 2 4 4; 1 2 4 5", "Convolution", 2, "convolution_param { num_output: 1 kernel_size: 3 }"),
            ("1 2 4 4; 1 2 4 4", "Convolution", 1, "convolution_param { num_output: 1 kernel_size: 3 }"),
            (X, "DepthwiseConvolution", 1, "convolution_param { num_output: 12 kernel_size: 3 group: 2 }"),
            (X, "Deconvolution", 1, "convolution_param { num_output: 4 kernel_size: 2 pad: 100 }"),
            (X, "Im2col", 1, "convolution_param { kernel_size: 1000 pad: 1000 }"),
        ],
    );
}

#[test]
fn pools() {
    check(
        "pools",
        &Options::default(),
        &[
            (X, "Pooling", 1, "pooling_param { kernel_size: 3 stride: 2 }"),
            (X, "Pooling", 1, "pooling_param { kernel_size: 2 stride: 2 }"),
            (X, "Pooling", 1, "pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR }"),
            (X, "Pooling", 1, "pooling_param { kernel_size: 2 stride: 2 ceil_mode: false }"),
            (X, "Pooling", 1, "pooling_param { pool: AVE kernel_h: 3 kernel_w: 2 stride: 2 pad_h: 1 pad_w: 0 }"),
            (X, "Pooling", 2, "pooling_param { kernel_size: 2 stride: 2 }"),
            (X, "Pooling", 1, "pooling_param { pool: AVE global_pooling: true }"),
            (X, "Pooling", 1, "pooling_param { pool: STOCHASTIC kernel_size: 3 }"),
            ("1 1 5 5", "Pooling", 2, "pooling_param { kernel_size: 1 stride: 3 }"),
            ("1 1 5 3", "Pooling", 1, "pooling_param { pool: AVE kernel_size: 1 stride: 3 }"),
            ("1 1 2 2", "Pooling", 1, "pooling_param { kernel_size: 3 stride: 2 }"),
            (X, "SPP", 1, "spp_param { pyramid_height: 2 pool: AVE }"),
            (X, "SPP", 1, "spp_param { pyramid_height: 1 }"),
        ],
    );
    check(
        "pools_refused",
        &Options::default(),
        &[
            ("2 3 4", "Pooling", 1, "pooling_param { kernel_size: 3 }"),
            (X, "Pooling", 1, ""),
            (X, "Pooling", 1, "pooling_param { kernel_h: 3 }"),
            (X, "Pooling", 1, "pooling_param { kernel_size: 3 kernel_h: 3 kernel_w: 3 }"),
            (X, "Pooling", 1, "pooling_param { kernel_size: 3 pad_h: 1 }"),
            (X, "Pooling", 1, "pooling_param { kernel_size: 2 pad: 2 }"),
            (X, "Pooling", 1, "pooling_param { kernel_size: 2 stride: 0 }"),
            (X, "Pooling", 1, "pooling_param { kernel_size: 9 }"),
            (X, "Pooling", 1, "pooling_param { global_pooling: true kernel_size: 2 }"),
            (X, "Pooling", 1, "pooling_param { global_pooling: true stride: 2 }"),
            (X, "Pooling", 1, "pooling_param { pool: STOCHASTIC kernel_size: 3 pad: 1 }"),
            (X, "Pooling", 2, "pooling_param { pool: AVE kernel_size: 3 }"),
            (X, "Pooling", 1, "phase: TRAIN pooling_param { pool: STOCHASTIC kernel_size: 3 }"),
            (X, "SPP", 1, ""),
            (X, "SPP", 1, "spp_param { pyramid_height: 4294967295 }"),
        ],
    );
}

#[test]
fn products() {
    check(
        "products",
        &Options::default(),
        &[
            (X, "InnerProduct", 1, "inner_product_param { num_output: 4 }"),
            (X, "InnerProduct", 1, "inner_product_param { num_output: 4 axis: -1 transpose: true bias_term: false }"),
            ("6", "InnerProduct", 1, "inner_product_param { num_output: 4 axis: 0 }"),
            (X, "InnerProduct", 1, "inner_product_param { axis: 4 num_output: 1 }"),
            (X, "InnerProduct", 1, ""),
            ("2 3", "Embed", 1, "embed_param { num_output: 4 input_dim: 9 }"),
            ("2 3", "Embed", 1, "embed_param { num_output: 4 }"),
            ("4 2 3; 4 2", "LSTM", 1, "recurrent_param { num_output: 5 }"),
            ("4 2 3; 4 2; 2 6; 1 2 5; 1 2 5", "LSTM", 3, "recurrent_param { num_output: 5 expose_hidden: true }"),
            ("4 2 3; 4 2; 2 6", "RNN", 1, "recurrent_param { num_output: 5 }"),
            ("4 2 3; 4 2; 1 2 4", "RNN", 2, "recurrent_param { num_output: 5 expose_hidden: true }"),
            ("4 2 3; 4 2", "LSTM", 2, "recurrent_param { num_output: 5 }"),
            ("4 2 3; 4 3", "LSTM", 1, "recurrent_param { num_output: 5 }"),
            ("4 2; 4 2", "RNN", 1, "recurrent_param { num_output: 5 }"),
            ("4 2 3; 4 2; 3 6", "RNN", 1, "recurrent_param { num_output: 5 }"),
        ],
    );
}

#[test]
fn normalisations() {
    let cases = [
        (X, "BatchNorm", 1, ""),
        ("2 6", "BatchNorm", 1, "batch_norm_param { use_global_stats: false eps: 0.5 moving_average_fraction: 0.9 }"),
        (X, "LRN", 1, "lrn_param { k: 2 }"),
        (X, "LRN", 1, "lrn_param { local_size: 3 norm_region: WITHIN_CHANNEL k: 2 }"),
        (X, "MVN", 1, ""),
        (X, "MVN", 1, "mvn_param { across_channels: true normalize_variance: false }"),
        (X, "Normalize", 1, ""),
        (X, "Normalize", 1, "norm_param { across_spatial: false channel_shared: false }"),
        (X, "Scale", 1, ""),
        (X, "Scale", 1, "scale_param { axis: 0 num_axes: -1 bias_term: true }"),
        (X, "Scale", 1, "scale_param { num_axes: 0 }"),
        ("2 6 7 5; 6 7", "Scale", 1, "scale_param { bias_term: true }"),
        ("2 6 7 5; 2 6", "Bias", 1, "bias_param { axis: -4 }"),
        (X, "Bias", 1, "bias_param { axis: 2 num_axes: 2 }"),
    ];
    check("normalisations", &Options::default(), &cases);
    // Each with its fillers, and statistics that normalise nothing.
    check("normalisations_filled", &Options { random_weights: Some(1), ..Options::default() }, &cases[..2]);
    let train = State { phase: Phase::Train, ..State::default() };
    check("normalisations_trained", &Options { state: train, ..Options::default() }, &cases[..1]);
    check(
        "normalisations_refused",
        &Options::default(),
        &[
            ("2 6", "LRN", 1, ""),
            (X, "LRN", 1, "lrn_param { local_size: 4 }"),
            ("1 1 1 1 1", "MVN", 1, ""),
            ("3", "Normalize", 1, ""),
            (X, "Scale", 1, "scale_param { axis: 2 num_axes: 3 }"),
            (X, "Scale", 1, "scale_param { num_axes: -2 }"),
            (X, "Bias", 1, "bias_param { axis: 9 }"),
            ("2 6 7 5; 2 6", "Scale", 1, ""),
        ],
    );
}

#[test]
fn resizings() {
    check(
        "resizings",
        &Options::default(),
        &[
            (X, "Interp", 1, "interp_param { zoom_factor: 2 }"),
            (X, "Interp", 1, "interp_param { height: 9 width: 9 pad_beg: -1 pad_end: -2 }"),
            (X, "Interp", 1, "interp_param { pad_end: 1 zoom_factor: 2 }"),
            (X, "Interp", 1, "interp_param { pad_end: -5 zoom_factor: 2 }"),
            (X, "Interp", 1, "interp_param { height: 3 }"),
            (X, "Upsample", 1, "upsample_param { scale: 2 }"),
            ("2 6 7 5; 2 6 7 5", "Upsample", 1, "upsample_param { scale: 2 pad_out_h: true }"),
            ("2 6 7 5; 2 6 7 5", "Upsample", 1, "upsample_param { scale_h: 3 scale_w: 2 pad_out_h: true }"),
            ("2 6 7 5; 2 6 7 4", "Upsample", 1, ""),
            (X, "Upsample", 1, "upsample_param { scale: 4294967295 }"),
        ],
    );
}

#[test]
fn numbers() {
    let nan = f32::NAN;
    let least = -f32::MAX;
    check_numbers(&[
        // Windows behind the image: Caffe has them if there is no padding.
        ("1 1 1 5", &[1., 2., 3., 4., 5.], "Pooling", "pooling_param { kernel_size: 1 stride: 3 }", &[&[1., 4., least], &[0., 3., -1.]]),
        ("1 1 1 5", &[1., 2., 3., 4., 5.], "Pooling", "pooling_param { pool: AVE kernel_size: 1 stride: 3 }", &[&[1., 4., 0.]]),
        ("1 1 1 3", &[1., 2., 3.], "Pooling", "pooling_param { pool: AVE kernel_size: 1 stride: 3 }", &[&[1., nan]]),
        ("1 1 5 3", &[1.], "Pooling", "pooling_param { pool: AVE kernel_size: 1 stride: 3 }", &[&[1., nan, 1., nan, 0., nan]]),
        // A window that is too large by less than a stride.
        ("1 1 1 2", &[4., 6.], "Pooling", "pooling_param { pool: AVE kernel_h: 1 kernel_w: 3 stride: 2 }", &[&[5.]]),
        ("1 1 2", &[1., 2.], "Convolution", "convolution_param { num_output: 1 kernel_size: 3 stride: 2 }
            blobs { shape { dim: [1, 1, 3] } data: [1, 10, 100] } blobs { shape { dim: 1 } data: 5 }", &[&[26.]]),
        ("1 1 1 3", &[1., 3., -9.], "Pooling", "pooling_param { pool: STOCHASTIC kernel_h: 1 kernel_w: 2 }", &[&[2.5, 0.]]),
        // The levels of a pyramid after one another, each with all its channels.
        ("1 2 2 2", &[1., 2., 3., 4., 5., 6., 7., 8.], "SPP", "spp_param { pyramid_height: 2 }",
            &[&[4., 8., 1., 2., 3., 4., 5., 6., 7., 8.]]),
        ("1 1 1 3", &[1., 2., 3.], "Im2col", "convolution_param { kernel_h: 1 kernel_w: 2 }", &[&[1., 2., 2., 3.]]),
        ("1 1 1 2", &[1., 3.], "Interp", "interp_param { height: 1 width: 3 }", &[&[1., 2., 3.]]),
        ("1 1 1 2", &[1., 3.], "Upsample", "upsample_param { scale: 2 }", &[&[1., 1., 3., 3., 1., 1., 3., 3.]]),
        ("1 1 1 1; 1 1 1 1", &[2.], "Upsample", "", &[&[0., 0., 2., 0.]]),
        // A scale factor of 0 leaves no statistics at all.
        ("1 1 2", &[3., 6.], "BatchNorm", "batch_norm_param { eps: 9 } blobs { shape { dim: 1 } data: 7 }
            blobs { shape { dim: 1 } data: 7 } blobs { shape { dim: 1 } data: 0 }", &[&[1., 2.]]),
        ("1 1 2", &[3., 6.], "BatchNorm", "batch_norm_param { eps: 0 } blobs { shape { dim: 1 } data: 6 }
            blobs { shape { dim: 1 } data: 18 } blobs { shape { dim: 1 } data: 2 }", &[&[0., 1.]]),
        // The second step begins a new sequence.
        ("3 1 1; 3 1", &[0.5, 0.5, 0.5, 1., 0., 1.], "RNN", "recurrent_param { num_output: 1 }
            blobs { shape { dim: [1, 1] } data: 1 } blobs { shape { dim: 1 } data: 0.25 } blobs { shape { dim: [1, 1] } data: 3 }
            blobs { shape { dim: [1, 1] } data: 2 } blobs { shape { dim: 1 } data: -1 }",
            &[&[0.263_902, 0.263_902, 0.753_216_1]]),
    ]);
}

#[test]
fn shared_statistics() {
    let text = "layer { name: 'x' type: 'Input' top: 'x' input_param { shape { dim: 1 dim: 1 } } }
        layer { name: 'm' type: 'BatchNorm' bottom: 'x' top: 'y' param { name: 'mean' } param { name: 'var' } param { name: 'n' }
            batch_norm_param { eps: 0 } blobs { shape { dim: 1 } data: 1 } blobs { shape { dim: 1 } data: 4 }
            blobs { shape { dim: 1 } data: 1 } }
        layer { name: 'n' type: 'BatchNorm' bottom: 'x' top: 'z' param { name: 'mean' } param { name: 'var' } param { name: 'n' }
            batch_norm_param { eps: 0 } }";
    let definition = Definition::read_text("net.prototxt", text.as_bytes()).expect("the text is valid");
    let graph = import(&definition, None, &Options::default()).expect("the net is valid").graph;
    assert_eq!(run(&graph, &[5.0]), [[2.0], [2.0]]);
}
