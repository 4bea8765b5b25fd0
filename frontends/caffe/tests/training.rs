//! What training nets become for inference, and nets that have their weights in themselves.

use firebrick_caffe::{Definition, Options, import};
use firebrick_diagnostics::Report;
use firebrick_schemas::caffe::NetParameter;
use prost::Message;

/// Compares what a net becomes, with its notes, or what is said about it, with the snapshot of that name.
fn check(name: &str, net: &str) {
    check_definition(name, Definition::read_text("net.prototxt", net.as_bytes()));
}

/// The same of the net as Caffe saves it.
fn check_saved(name: &str, net: &str) {
    let text = firebrick_caffe::text::Document::parse("net.prototxt", net).expect("the text is right");
    let net: NetParameter = text.bind().expect("the fields are right");
    check_definition(name, Definition::read_binary("net.caffemodel", net.encode_to_vec().into()));
}

fn check_definition(name: &str, definition: Result<Definition, Report>) {
    let shown = definition.and_then(|definition| import(&definition, None, &Options::default())).map_or_else(
        |report| report.to_string(),
        |imported| {
            let notes: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
            format!("{}{}", imported.graph, notes.join("\n"))
        },
    );
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

const DATA: &str = "layer { name: 'data' type: 'Data' top: 'data' top: 'label' data_param { batch_size: 2 }
    transform_param { crop_size: 4 mean_value: 1 mean_value: 2 mean_value: 3 } }\n";

#[test]
fn losses() {
    check(
        "softmax_loss_and_accuracy",
        &format!(
            "{DATA}
            layer {{ name: 'loss' type: 'SoftmaxWithLoss' bottom: 'data' bottom: 'label' top: 'loss' }}
            layer {{ name: 'accuracy' type: 'Accuracy' bottom: 'data' bottom: 'label' top: 'accuracy' }}
            layer {{ name: 'quiet' type: 'Silence' bottom: 'accuracy' }}"
        ),
    );
    check(
        "loss_with_a_second_top",
        &format!(
            "{DATA}layer {{ name: 'loss' type: 'SoftmaxWithLoss' bottom: 'data' bottom: 'label' top: 'loss' top: 'p'
            softmax_param {{ axis: 2 }} }}"
        ),
    );
    check(
        "sigmoid_loss_and_a_label_input",
        "layer { name: 'x' type: 'Input' top: 'x' input_param { shape { dim: 2 dim: 3 } } }
        layer { name: 'label' type: 'Input' top: 'label' input_param { shape { dim: 2 dim: 3 } } }
        layer { name: 'loss' type: 'SigmoidCrossEntropyLoss' bottom: 'x' bottom: 'label' top: 'loss' }",
    );
    check(
        "loss_that_is_read",
        &format!(
            "{DATA}
            layer {{ name: 'loss' type: 'EuclideanLoss' bottom: 'data' bottom: 'label' top: 'loss' }}
            layer {{ name: 'twice' type: 'Power' bottom: 'loss' top: 'twice' power_param {{ scale: 2 }} }}"
        ),
    );
}

#[test]
fn layers_left_out_by_their_rules() {
    check(
        "left_out",
        "layer { name: 'data' type: 'Input' top: 'data' include { stage: 'deploy' } }
        layer { name: 'relu' type: 'ReLU' bottom: 'data' top: 'relu' }",
    );
}

#[test]
fn layers_without_tops_are_not_passed_over() {
    check("no_tops", "layer { name: 'a' type: 'Input' }\nlayer { name: 'b' type: 'Split' }");
}

#[test]
fn saved_nets() {
    check_saved(
        "saved",
        "layer { name: 'data' type: 'Input' top: 'data' input_param { shape { dim: 1 dim: 1 } } include { phase: TRAIN } }
        layer { name: 'label' type: 'Input' top: 'label' input_param { shape { dim: 1 } } }
        layer { name: 'label_s' type: 'Split' bottom: 'label' top: 'label_0' top: 'label_1' }
        layer { name: 'ip' type: 'InnerProduct' bottom: 'data' top: 'ip' inner_product_param { num_output: 2 }
            blobs { shape { dim: 2 dim: 1 } data: 1 data: 2 } blobs { shape { dim: 2 } data: 3 data: 4 } }
        layer { name: 'ip_s' type: 'Split' bottom: 'ip' top: 'ip_0' top: 'ip_1' }
        layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'ip_0' bottom: 'label_0' top: 'loss' }
        layer { name: 'accuracy' type: 'Accuracy' bottom: 'ip_1' bottom: 'label_1' top: 'accuracy' }",
    );
}

#[test]
fn weights_in_the_definition() {
    let net = |n: usize| {
        format!(
            "layer {{ name: 'data' type: 'Input' top: 'data' input_param {{ shape {{ dim: 1 dim: {n} }} }} }}
            layer {{ name: 'ip' type: 'InnerProduct' bottom: 'data' top: 'ip'
                inner_product_param {{ num_output: 1 bias_term: false }}
                blobs {{ shape {{ dim: 1 dim: 2 }} data: [0.5, -1] }} }}"
        )
    };
    check("weights_in_text", &net(2));
    check("weights_in_text_of_another_shape", &net(3));
    check_saved("weights_in_binary_of_another_shape", &net(3));
}
