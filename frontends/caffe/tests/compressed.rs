//! Deep Compression files: what is read of them, and what is said of those that fit no net.

use bytes::Bytes;
use firebrick_caffe::{Definition, Options, Weights, import};
use firebrick_diagnostics::Report;
use firebrick_ir::{Graph, Op};
use proptest::prelude::*;

/// Codes of 8 bits in `conv`, of 4 in `ip`.
const NET: &str = "input: 'data' input_shape { dim: 1 dim: 2 dim: 3 dim: 3 }
layer { name: 'conv' type: 'Convolution' bottom: 'data' top: 'conv' convolution_param { num_output: 3 kernel_size: 3 } }
layer { name: 'relu' type: 'ReLU' bottom: 'conv' top: 'conv' }
layer { name: 'ip' type: 'InnerProduct' bottom: 'conv' top: 'ip' inner_product_param { num_output: 2 } }";

/// Weights that most of are 0, in runs of up to 22; and those of `ip`.
fn weights() -> (Vec<u8>, Vec<u8>) {
    let mut conv = vec![0; 54];
    for (at, code) in [(0, 3), (1, 255), (24, 1), (40, 7), (53, 2)] {
        conv[at] = code;
    }
    (conv, vec![0, 15, 0, 1, 9, 0])
}

fn codebook(n_entries: usize) -> impl Iterator<Item = f32> {
    (0..n_entries).map(|code| if code == 0 { 0.0 } else { code as f32 / 8.0 - 4.0 })
}

/// A layer as Deep Compression writes it: its number of entries, and its bytes.
fn encode(codes: &[u8], bits: u32, bias: &[f32]) -> (u32, Vec<u8>) {
    let mut entries: Vec<(u8, u8)> = Vec::new();
    let mut gap = 0;
    for &code in codes {
        // A run that a gap can't say is bridged by entries that stand for zeros.
        if code != 0 || gap == 15 {
            entries.push((code, gap));
            gap = 0;
        } else {
            gap += 1;
        }
    }
    let halves = |numbers: Vec<u8>| -> Vec<u8> {
        numbers.chunks(2).map(|pair| pair[0] | pair.get(1).copied().unwrap_or(0) << 4).collect()
    };
    let codes: Vec<u8> = entries.iter().map(|entry| entry.0).collect();
    let mut bytes: Vec<u8> = codebook(1 << bits).chain(bias.iter().copied()).flat_map(f32::to_le_bytes).collect();
    bytes.extend(if bits == 8 { codes } else { halves(codes) });
    bytes.extend(halves(entries.iter().map(|entry| entry.1).collect()));
    (entries.len() as u32, bytes)
}

/// The file of `NET`.
fn file() -> Vec<u8> {
    let (conv, ip) = weights();
    let layers = [encode(&conv, 8, &[0.5, -0.5, 0.25]), encode(&ip, 4, &[1.0, -1.0])];
    let header = layers.iter().flat_map(|(n, _)| n.to_le_bytes());
    header.chain(layers.iter().flat_map(|(_, bytes)| bytes.clone())).collect()
}

fn definition(text: &str) -> Definition {
    Definition::read_text("net.prototxt", text.as_bytes()).expect("the text is right")
}

fn open(text: &str, file: Vec<u8>) -> Result<Graph, Report> {
    let (definition, options) = (definition(text), Options::default());
    let weights = Weights::decompress("net.net", &Bytes::from(file), &definition, &options)?;
    Ok(import(&definition, Some(&weights), &options)?.graph)
}

#[test]
fn codes_stay_beside_the_weights() {
    let graph = open(NET, file()).expect("a net and its file");
    insta::assert_snapshot!(graph);
    let (conv, ip) = weights();
    for (name, codes, n_entries) in [("conv/weights", conv, 256), ("ip/weights", ip, 16)] {
        let value = graph.find(name).expect("the layer has weights");
        let Op::Const(constant) = &graph.node(value.node).op else { panic!("{name} is no constant") };
        let coded = constant.codes().expect("it was read as codes");
        assert_eq!(coded.codes().bytes().as_ref(), codes, "{name}");
        let dense = constant.tensor().expect("it has values").values::<f32>().expect("f32").into_owned();
        let entries: Vec<f32> = codebook(n_entries).collect();
        assert_eq!(dense, codes.iter().map(|&code| entries[usize::from(code)]).collect::<Vec<_>>(), "{name}");
    }
}

/// What is said of files that are not the net's, and of nets that can't have such a file.
#[test]
fn refused() {
    let mut cases: Vec<(&str, String, Vec<u8>)> = Vec::new();
    let mut damaged = |what, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = file();
        change(&mut bytes);
        cases.push((what, NET.to_owned(), bytes));
    };
    damaged("empty", &|bytes| bytes.clear());
    damaged("cut off in the header", &|bytes| bytes.truncate(7));
    damaged("cut off in a codebook", &|bytes| bytes.truncate(500));
    damaged("cut off by a byte", &|bytes| bytes.truncate(bytes.len() - 1));
    damaged("a byte too long", &|bytes| bytes.push(0));
    damaged("too many entries", &|bytes| bytes[..8].copy_from_slice(&[55, 0, 0, 0, 7, 0, 0, 1]));
    // The last layer's gaps.
    damaged("gaps too long", &|bytes| bytes.iter_mut().rev().take(2).for_each(|byte| *byte = 0xff));
    damaged("a codebook with a NaN", &|bytes| bytes[16..20].copy_from_slice(&f32::NAN.to_le_bytes()));
    let mut net = |what, from: &str, to: &str| cases.push((what, NET.replace(from, to), file()));
    net("a net of other sizes", "num_output: 3", "num_output: 4");
    net("an error of the net's own", "bottom: 'data'", "bottom: 'dat'");
    net("no bias", "kernel_size: 3", "kernel_size: 3 bias_term: false");
    net("a name without a sign", "name: 'ip'", "name: 'last'");
    net("a name taken twice", "name: 'ip'", "name: 'conv'");
    net("more weights", "type: 'ReLU'", "type: 'PReLU'");
    net("shared weights", "bottom: 'data'", "bottom: 'data' param { name: 'w' }");
    net("far more weights than the file has", "num_output: 2", "num_output: 200000000");
    let said = cases.into_iter().map(|(what, net, file)| {
        let report = open(&net, file).expect_err(what);
        format!("# {what}\n{report}\n")
    });
    insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_length_but_the_whole_is_refused() {
    let whole = file();
    let definition = definition(NET);
    for length in 0..=whole.len() + 1 {
        let mut bytes = whole.clone();
        bytes.resize(length, 0);
        let bytes = Bytes::from(bytes);
        let is_whole = length == whole.len();
        assert_eq!(Weights::is_compressed(&bytes, &definition, &Options::default()), is_whole, "{length} bytes");
        assert_eq!(open(NET, bytes.into()).is_ok(), is_whole, "{length} bytes");
    }
}

proptest! {
    /// Changed bytes give other weights, or an error.
    #[test]
    fn changed_bytes(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = file();
        for (at, byte) in changes {
            *at.get_mut(&mut bytes) = byte;
        }
        if let Ok(graph) = open(NET, bytes) {
            prop_assert!(firebrick_ir::verify(&graph).is_ok());
        }
    }

    /// Whatever is in a file.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        drop(open(NET, bytes));
    }
}
