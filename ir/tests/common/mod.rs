//! What the tests of ops share: one check of evaluation, one of inference.

use std::iter::zip;

use firebrick_ir::{AttrReader, DType, Dim, Element, Op, Shape, Tensor, Type};

/// A tensor of f32.
pub(crate) fn f32s(dims: &[usize], values: impl Into<Vec<f32>>) -> Tensor {
    tensor(dims, values)
}

/// A tensor of any element type.
pub(crate) fn tensor<T: Element>(dims: &[usize], values: impl Into<Vec<T>>) -> Tensor {
    Tensor::from_vec(dims, values.into()).expect("a test's tensors have as many elements as they say")
}

/// Checks that an op gives these results (f32 to one part in a million), or fails with a message of that text; and
/// that it can be read from its own attributes.
#[track_caller]
pub(crate) fn check(op: impl Into<Op>, operands: &[Tensor], expected: Result<&[Tensor], &str>) {
    let op = op.into();
    check_attributes(&op);
    let found = op.eval(&operands.iter().collect::<Vec<_>>()).map_err(|error| error.to_string());
    match (&found, expected) {
        (Ok(found), Ok(expected)) => {
            assert_eq!(found.len(), expected.len(), "{op:?}: number of results");
            for (i, (found, expected)) in zip(found, expected).enumerate() {
                assert!(are_close(found, expected), "{op:?}, result {i}: {} for {}", show(found), show(expected));
            }
        }
        (Err(found), Err(expected)) => assert_eq!(found, expected, "{op:?}"),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => panic!("{op:?}: {found:?} for {expected:?}"),
    }
}

/// Checks that an op infers these types, `f32[N, 3] i64[N]`, from others, or fails with a message of that text.
#[track_caller]
pub(crate) fn check_infer(op: impl Into<Op>, operands: &str, expected: Result<&str, &str>) {
    let op = op.into();
    check_attributes(&op);
    let operands: Vec<Type> = operands.split_inclusive(']').map(ty).collect();
    let found = op.infer(&operands.iter().collect::<Vec<_>>());
    let found = found.map(|types| types.iter().map(Type::to_string).collect::<Vec<_>>().join(" "));
    let found = found.map_err(|error| error.to_string());
    assert_eq!(found.as_deref().map_err(String::as_str), expected, "{op:?} of {operands:?}");
}

#[track_caller]
fn check_attributes(op: &Op) {
    let attributes = op.attributes().into_iter().map(|(name, attr)| (name.to_owned(), attr)).collect();
    assert_eq!(Op::read(op.mnemonic(), AttrReader::new(attributes)), Some(Ok(op.clone())));
}

/// The type spelled so: `f32[N, 3]`.
fn ty(text: &str) -> Type {
    let (dtype, dims) = text.trim().trim_end_matches(']').split_once('[').expect("a type has brackets");
    let dims = dims.split(", ").filter(|dim| !dim.is_empty());
    let dims = dims.map(|dim| dim.parse().map_or_else(|_| Dim::sym(dim), Dim::Fixed)).collect();
    Type::new(DType::from_name(dtype).expect("an element type"), Shape(dims))
}

fn are_close(found: &Tensor, expected: &Tensor) -> bool {
    let close = |x: f32, y: f32| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= 1e-6 * y.abs().max(1.0);
    match (found.values::<f32>(), expected.values::<f32>()) {
        (Ok(xs), Ok(ys)) => found.dims() == expected.dims() && zip(xs.iter(), ys.iter()).all(|(&x, &y)| close(x, y)),
        (_, _) => found == expected,
    }
}

fn show(tensor: &Tensor) -> String {
    match tensor.values::<f32>() {
        Ok(values) => format!("{} {values:?}", tensor.ty()),
        Err(_) => format!("{} {:?}", tensor.ty(), tensor.bytes()),
    }
}
