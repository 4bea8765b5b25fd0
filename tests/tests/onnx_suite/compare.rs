//! How near a result must be.

use firebrick::ir::ops::Cast;
use firebrick::ir::{DType, Op, Tensor};
use firebrick::onnx::Datum;

/// As the suite itself has it: `|found - expected| <= ABSOLUTE + RELATIVE * |expected|`.
const RELATIVE: f64 = 1e-3;
/// As above; 1e-5 instead of the suite's 1e-7, since rounding in another order alone gives more near 0.
const ABSOLUTE: f64 = 1e-5;

/// Whether a value is what it should be, and if not, how it differs.
pub(crate) fn compare(found: &Datum, expected: &Datum) -> Result<(), String> {
    match (found, expected) {
        (Datum::Tensor(found), Datum::Tensor(expected)) => compare_tensors(found, expected),
        (Datum::Sequence(found), Datum::Sequence(expected)) if found.len() == expected.len() => {
            found.iter().zip(expected).try_for_each(|(found, expected)| compare(found, expected))
        }
        (Datum::Sequence(found), Datum::Sequence(expected)) => {
            Err(format!("has {} values instead of {}", found.len(), expected.len()))
        }
        (Datum::Absent, Datum::Absent) => Ok(()),
        (_, _) => Err("is of another kind".to_owned()),
    }
}

fn compare_tensors(found: &Tensor, expected: &Tensor) -> Result<(), String> {
    if found.ty() != expected.ty() {
        return Err(format!("is {} instead of {}", found.ty(), expected.ty()));
    }
    let (found, expected) = (wide(found)?, wide(expected)?);
    let is_near = |&(found, expected): &(f64, f64)| {
        found == expected
            || (found.is_nan() && expected.is_nan())
            || (found - expected).abs() <= ABSOLUTE + RELATIVE * expected.abs()
    };
    let pairs = found.into_iter().zip(expected);
    let far: Vec<(usize, (f64, f64))> = pairs.enumerate().filter(|(_, pair)| !is_near(pair)).collect();
    match far.first() {
        None => Ok(()),
        Some((at, (found, expected))) => {
            Err(format!("differs in {} elements, the first at {at}: {found} instead of {expected}", far.len()))
        }
    }
}

/// The elements as f64, which holds all of ours but the largest integers.
fn wide(tensor: &Tensor) -> Result<Vec<f64>, String> {
    let cast = Op::from(Cast::to(DType::F64)).eval(&[tensor]).map_err(|error| error.to_string())?;
    Ok(cast[0].values::<f64>().map_err(|error| error.to_string())?.into_owned())
}
