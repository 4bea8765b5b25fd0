//! The text form: what is printed, what is read, and what is refused and where.

use std::fmt::Write;

use firebrick_ir::text::{ParseError, WeightStore, Weights, parse};
use firebrick_ir::{DType, Graph, Op, Tensor, Type, bf16, f16};
use insta::assert_snapshot;

/// A fire module of SqueezeNet, with every form that fixtures have and printed graphs have not.
const FIRE: &str = r#"
// Comments may stand
graph "fire2" { // anywhere.
  %data = input : f32[N, 8, 5, 5]
  %fire2/squeeze1x1/w = const random(1) : f32[2, 8, 1, 1]
  %fire2/squeeze1x1/b = const [0.5, -1] : f32[2]
  %s = conv(%data, %fire2/squeeze1x1/w, %fire2/squeeze1x1/b)
       strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
       : f32[N, 2, 5, 5] from Convolution "fire2/squeeze1x1"
  %squeezed = relu(%s) from ReLU "fire2/relu_squeeze1x1"
  %w1 = const splat(0.25) : f32[4, 2, 1, 1]
  %w3 = const missing : f32[4, 2, 3, 3]
  %"expand 1×1" = conv(%squeezed, %w1) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
  %expand3x3 = conv(%squeezed, %w3) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
  %both = concat(%"expand 1×1", %expand3x3) axis=1 : f32[N, 8, 5, 5]
  %values, %indices = top_k(%both) axis=1 k=1 largest=true ties=lowest : f32[N, 1, 5, 5], i64[N, 1, 5, 5]
  %clipped = clip(%both) min=-inf max=6.0
  %dead = elu(%both) alpha=1e-5
  return %both, %values, %both, %clipped from "" "the \"outputs\""
}
"#;

/// Parses what has no digests.
fn read(text: &str) -> Result<Graph, ParseError> {
    parse(text, &())
}

/// A graph of one constant.
fn constant(tensor: Tensor) -> Graph {
    let mut graph = Graph::new("");
    let value = graph.constant("c", tensor).expect("the name is free");
    graph.output(value);
    graph
}

#[test]
fn fire_module() {
    let graph = read(FIRE).expect("the text is a graph");
    firebrick_ir::verify(&graph).expect("the graph is valid");
    assert_snapshot!(graph);
    assert_eq!(parse(&graph.to_string(), &WeightStore::of(&graph)), Ok(graph));
}

#[test]
fn constants() {
    let dims = |dims: &[usize]| dims.to_vec();
    let tensors = [
        Tensor::from_vec(&dims(&[3]), vec![0.1f32, -0.0, 1e-45]),
        Tensor::from_vec(&dims(&[4]), vec![f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX]),
        Tensor::from_vec(&dims(&[1]), vec![f32::from_bits(0xffc0_0001)]), // a NaN that is not spelled `NaN`
        Tensor::from_vec(&dims(&[2, 2]), vec![f16::from_f32(0.1), f16::MAX, f16::MIN_POSITIVE_SUBNORMAL, f16::NAN]),
        Tensor::from_vec(&dims(&[2]), vec![i8::MIN, i8::MAX]),
        Tensor::from_vec(&dims(&[2]), vec![u8::MIN, u8::MAX]),
        Tensor::from_vec(&dims(&[2]), vec![i32::MIN, i32::MAX]),
        Tensor::from_vec(&dims(&[2]), vec![i64::MIN, i64::MAX]),
        Tensor::from_vec(&dims(&[2]), vec![u64::MIN, u64::MAX]),
        Tensor::from_vec(&dims(&[4]), vec![0.1f64, 1e-310, f64::MIN, f64::NAN]),
        Tensor::from_vec(&dims(&[3]), vec![bf16::from_f32(0.1), bf16::MAX, bf16::NEG_INFINITY]),
        Tensor::new(DType::F8E4M3Fn, &[4], vec![0x80u8, 0x01, 0x7e, 0x7f].into()),
        Tensor::new(DType::F8E4M3Fn, &[1], vec![0xffu8].into()), // the other NaN
        Tensor::new(DType::F8E5M2Fnuz, &[3], vec![0x80u8, 0x01, 0x7f].into()),
        Tensor::new(DType::F8E8M0, &[3], vec![0u8, 127, 254].into()),
        Tensor::new(DType::F4E2M1, &[3], vec![1u8, 8, 15].into()),
        Tensor::new(DType::I4, &[2], vec![7u8, 8].into()),
        Tensor::new(DType::U2, &[2], vec![0u8, 3].into()),
        Tensor::new(DType::U2, &[1], vec![4u8].into()), // no code
        Tensor::from_bools(&dims(&[2]), &[true, false]),
        Tensor::new(DType::Bool, &[2], vec![1u8, 7].into()), // a byte that is neither
        Ok(Tensor::scalar(7i64)),
        Tensor::from_vec(&dims(&[0, 3]), Vec::<f32>::new()),
        Tensor::from_vec(&dims(&[8]), (0..8).collect::<Vec<i32>>()),
        Tensor::from_vec(&dims(&[9]), (0..9).collect::<Vec<i32>>()),
    ];
    let mut printed = String::new();
    for tensor in tensors {
        let graph = constant(tensor.expect("elements and dimensions fit"));
        let text = graph.to_string();
        assert_eq!(parse(&text, &WeightStore::of(&graph)), Ok(graph), "{text}");
        let line = text.lines().nth(1).unwrap_or_default();
        writeln!(printed, "{}", line.trim()).expect("a string can be written to");
    }
    assert_snapshot!(printed);
}

/// Constants keep the codes that they were read as.
#[test]
fn coded_constants() {
    let texts = [
        "coded [0, 2, 1, 0] by [0.0, 0.5, -1.0] : f32[2, 2]",
        "coded splat(1) by [0, 7] : i8[9]",
        "coded random(1) by random(2) : f16[3, 4]",
        "coded [] by [] : f32[0]",
    ];
    let mut printed = String::new();
    for text in texts {
        let graph = read(&format!("graph \"\" {{ %c = const {text} return %c }}")).expect(text);
        let line = graph.to_string();
        assert_eq!(parse(&line, &WeightStore::of(&graph)).as_ref(), Ok(&graph), "{text}");
        let elements = graph.as_const(graph.outputs()[0]).expect("a constant");
        writeln!(printed, "{}", line.lines().nth(1).unwrap_or_default().trim()).expect("a string can be written to");
        writeln!(printed, "  {}", constant(elements.clone()).to_string().lines().nth(1).unwrap_or_default().trim())
            .expect("a string can be written to");
    }
    assert_snapshot!(printed);
}

/// The elements of a `random` constant.
fn random(seed: u64, ty: &str) -> Tensor {
    let graph = read(&format!("graph \"\" {{ %c = const random({seed}) : {ty} return %c }}")).expect("a graph");
    graph.as_const(graph.outputs()[0]).expect("a constant").clone()
}

#[test]
fn random_constants_are_the_same_everywhere() {
    let floats = random(7, "f32[1000]");
    let floats = floats.values::<f32>().expect("they are f32");
    assert!(floats.iter().all(|x| (-1.0..1.0).contains(x)));
    assert!(floats.iter().any(|&x| x < -0.9) && floats.iter().any(|&x| x > 0.9));
    let halves = random(7, "f16[1000]");
    assert!(halves.values::<f16>().expect("they are f16").iter().all(|&x| (-1.0..1.0).contains(&f32::from(x))));
    let digests =
        DType::ALL.iter().map(|dtype| format!("{dtype} {:016x}\n", random(7, &format!("{dtype}[9]")).digest()));
    assert_snapshot!(digests.collect::<String>());
    assert_ne!(random(7, "f32[9]"), random(8, "f32[9]"));
}

#[test]
fn weights_are_found_by_digest() {
    struct Broken(Tensor);
    impl Weights for Broken {
        fn tensor(&self, _: u64) -> Option<Tensor> {
            Some(self.0.clone())
        }
    }
    let graph = constant(Tensor::from_vec(&[9], vec![1.0f32; 9]).expect("nine elements"));
    let error = parse(&graph.to_string(), &Broken(Tensor::scalar(1i64))).expect_err("the type differs");
    assert_snapshot!(error, @"line 2, column 34: the constant of digest #728826decfe87825 is i64[], not f32[9]");
    let error = parse(&graph.to_string(), &()).expect_err("there are no weights");
    assert_snapshot!(error, @"line 2, column 8: no constant of digest #728826decfe87825 is known (a digest stands for a constant that has to be given with the text)");
}

#[test]
fn missing_constants_stay_missing() {
    let graph = read("graph \"\" { %c = const missing : f32[1000000, 1000000] return %c }").expect("a graph");
    let node = graph.node(graph.outputs()[0].node);
    assert!(matches!(&node.op, Op::Const(constant) if constant.tensor().is_none()));
    assert_eq!(node.outputs[0].ty, Type::f32(&[1_000_000, 1_000_000]));
}

#[test]
fn span_is_the_piece_at_fault() {
    let text = "graph \"größe\" {\n  %ß = input : f32[2]\n}";
    let error = read(text).expect_err("`ß` is not bare");
    assert_eq!((&text[error.span.clone()], error.line, error.column), ("ß", 2, 4));
}

/// Texts that are no graphs: the parts of the grammar, then names, ops, attributes, types, constants.
const ERRORS: &[&str] = &[
    "",
    "// nothing",
    "network",
    "graph fire {",
    "graph \"fire {",
    r#"graph "\q" {"#,
    r#"graph "\u{110000}" {"#,
    r#"graph "\u12" {"#,
    r#"graph "" [ return }"#,
    r#"graph "" { }"#,
    r#"graph "" { 7 }"#,
    r#"graph "" { return } and more"#,
    r#"graph "" { return %a }"#,
    r#"graph "" { % = input : f32[] return }"#,
    r#"graph "" { %"" = input : f32[] return }"#,
    r#"graph "" { %a input : f32[] return }"#,
    r#"graph "" { %a, = input : f32[] return }"#,
    r#"graph "" { %a = : f32[] return }"#,
    r#"graph "" { %a = input return }"#,
    r#"graph "" { %a = input : f33[] return }"#,
    r#"graph "" { %a = input : f32 return }"#,
    r#"graph "" { %a = input : f32[2 return }"#,
    r#"graph "" { %a = input : f32[2,] return }"#,
    r#"graph "" { %a = input : f32[-1] return }"#,
    r#"graph "" { %a = input : f32[99999999999999999999] return }"#,
    r#"graph "" { %a = input : f32[4000000000, 4000000000] return }"#,
    r#"graph "" { %a = input : f32[], f32[] return }"#,
    r#"graph "" { %a, %b = input : f32[] return }"#,
    r#"graph "" { %a = input : f32[] %a = input : f32[] return }"#,
    r#"graph "" { %a = input : f32[] from Input return }"#,
    r#"graph "" { %a = input : f32[] from return }"#,
    r#"graph "" { %a = input : f32[] %b = relu return }"#,
    r#"graph "" { %a = input : f32[] %b = relu(3) return }"#,
    r#"graph "" { %a = input : f32[] %b = relu(%a %a) return }"#,
    r#"graph "" { %a = input : f32[] %b = relu(%a) 3 return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha 1.0 return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha= : f32[] return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=[1.0, ] return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=[1.0 2.0] return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=1x return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=1e99 return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=[relu, [1, two]] return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=[[[1]]] return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=clip(0.0 return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=clip(0.0, relu) return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=[clip(0.0, 6.0), 1] return }"#,
    r#"graph "" { %a = input : f32[] %b = relu(%a) region return }"#,
    r#"graph "" { %a = input : f32[] %b = relu(%a) in_place in_place return }"#,
    r#"graph "" { %a = input : f32[1, 1, 1] %b = expand(%a, %a) strides=[1] branches=[conv] pads=[[0, 0]] dilations=[] group=[1] activation=[none] epilogue=[] return }"#,
    r#"graph "" { %a = input : f32[1, 1, 1] %b = fused_conv(%a, %a) strides=[1] pads=[0, 0] dilations=[1] group=1 epilogue=[elu] return }"#,
    r#"graph "" { %a = input : f32[] %b = softmax(%a) axis=99999999999999999999 return }"#,
    r#"graph "" { %data = input : f32[] %b = relu(%dat) return %b }"#,
    r#"graph "" { %b = relu(%something) %something = input : f32[] return %b }"#,
    r#"graph "" { %b = relu(%b) return %b }"#,
    r#"graph "" { %a = input : f32[] %b = rellu(%a) return }"#,
    r#"graph "" { %a = input : f32[] %b = frobnicate(%a) return }"#,
    r#"graph "" { %a = input : f32[] %b = return(%a) return }"#,
    r#"graph "" { %a = input : f32[] %b, %c = relu(%a) return }"#,
    r#"graph "" { %a = input : f32[4] %b, %b = top_k(%a) axis=0 k=1 largest=true ties=lowest return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=1.0 beta=1.0 return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=1 return }"#,
    r#"graph "" { %a = input : f32[] %b = elu(%a) alpha=1.0 alpha=1.0 return }"#,
    r#"graph "" { %a = input : f32[] %b = top_k(%a) axis=0 k=1 largest=yes ties=lowest return }"#,
    r#"graph "" { %a = input : f32[] %b = relu(%a, %a) return }"#,
    r#"graph "" { %a = input : i64[] %b = relu(%a) return }"#,
    r#"graph "" { %a = input : f32[2] %b = add(%a, %a) : f32[3] return }"#,
    r#"graph "" { %a = input : f32["batch size"] %b = relu(%a) : f32[N] return }"#,
    r#"graph "" { %a = input : f32[4] %b, %c = top_k(%a) axis=0 k=1 largest=true ties=lowest : f32[1] return }"#,
    r#"graph "" { %a = input : f32[] %b = relu(%a) in_place return %b }"#,
    r#"graph "" { %a = input : f32[] %b = relu(%a) region r %c = relu(%b) %d = add(%b, %c) region r return %d }"#,
    r#"graph "" { %a = const : f32[] return }"#,
    r#"graph "" { %a = const [1.0] return }"#,
    r#"graph "" { %a = const [1.0,] : f32[] return }"#,
    r#"graph "" { %a = const [1.0] : f32[N] return }"#,
    r#"graph "" { %a = const [1.0] : f32[2] return }"#,
    r#"graph "" { %a = const [true] : f32[1] return }"#,
    r#"graph "" { %a = const [1e39] : f32[1] return }"#,
    r#"graph "" { %a = const [65520.0] : f16[1] return }"#,
    r#"graph "" { %a = const [128] : i8[1] return }"#,
    r#"graph "" { %a = const [0.5] : i32[1] return }"#,
    r#"graph "" { %a = const [1] : bool[1] return }"#,
    r#"graph "" { %a = const [] : f32[9999999999, 9999999999, 0] return }"#,
    r#"graph "" { %a = const missing : f32[N] return }"#,
    r#"graph "" { %a = const #123 : f32[9] return }"#,
    r#"graph "" { %a = const #0123456789abcdef : f32[9] return }"#,
    r#"graph "" { %a = const splat() : f32[9] return }"#,
    r#"graph "" { %a = const splat(1.0 : f32[9] return }"#,
    r#"graph "" { %a = const splat(x) : f32[9] return }"#,
    r#"graph "" { %a = const random(-1) : f32[9] return }"#,
    r#"graph "" { %a = const random(99999999999999999999) : f32[9] return }"#,
    r#"graph "" { %a = const random(1) : f32[1000000000000] return }"#,
    r#"graph "" { %a = const coded [0, 1] : f32[2] return }"#,
    r#"graph "" { %a = const coded [0, 1] by : f32[2] return }"#,
    r#"graph "" { %a = const coded [0, 1, 2] by [0.0, 0.5] : f32[2] return }"#,
    r#"graph "" { %a = const coded [0, 2] by [0.0, 0.5] : f32[2] return }"#,
    r#"graph "" { %a = const coded [0, 256] by [0.0, 0.5] : f32[2] return }"#,
    r#"graph "" { %a = const coded [0, 1] by [0.0, x] : f32[2] return }"#,
    r#"graph "" { %a = const coded [0, 1] by missing : f32[2] return }"#,
    r#"graph "" { %a = const coded [0, 1] by coded [0] by [1.0] : f32[2] return }"#,
    r#"graph "" { %a = const coded random(1) by #0123456789abcdef : f32[2] return }"#,
    r#"graph "" { %a = const coded missing by [0.0] : f32[2] return }"#,
    r#"graph "" { %a = const coded splat(0) by [0.0] : f32[N] return }"#,
    r#"graph "" { %a = const splat(1) : i8[40000000] %b = const splat(1) : i8[40000000] return }"#,
];

#[test]
fn errors() {
    let mut report = String::new();
    for text in ERRORS {
        let error = read(text).expect_err(text);
        let before = text[..error.span.start].chars().count();
        let marks = "^".repeat(text[error.span.clone()].chars().count().max(1));
        writeln!(report, "{text}\n{:before$}{marks} {error}\n", "").expect("a string can be written to");
    }
    assert_snapshot!(report);
}
