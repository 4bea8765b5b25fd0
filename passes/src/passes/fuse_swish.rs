use firebrick_ir::ops::{Binary, BinaryFn, Unary, UnaryFn};
use firebrick_ir::{DType, Value};

use crate::affine::number;
use crate::{At, Draft, Precision, Rule};

/// Swish is `x sigmoid(x)`, hard-swish `x clip(x / 6 + 1/2, 0, 1)`, which formats and frameworks write in several ways:
/// one op each.
pub(crate) struct FuseSwish;

impl Rule for FuseSwish {
    const NAME: &'static str = "fuse-swish";
    const DESCRIPTION: &'static str = "Makes one op of swish and hard-swish that are written as products";
    const PRECISION: Precision = Precision::Rounded;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let (factor, product) = scaled_product(at)?;
        let [a, b] = product;
        let (x, function) =
            [(a, b), (b, a)].into_iter().find_map(|(x, gate)| Some((x, swish(at, x, gate, factor)?)))?;
        // Of narrower types the product is rounded once more than the function.
        if at.ty(x) != at.ty(at.result()) || at.ty(x).dtype != DType::F32 {
            return None;
        }
        Some(Draft::swap(at.node, at.result(), Unary(function), &[x]))
    }
}

/// The product that the node is, and the number that it is multiplied by.
fn scaled_product(at: At<'_>) -> Option<(f64, [Value; 2])> {
    let binary = at.is::<Binary>()?;
    let &[a, b] = binary.operands.as_slice() else { return None };
    let product = |value: Value| {
        let inner = at.sole_source::<Binary>(value).filter(|inner| inner.op.0 == BinaryFn::Mul)?;
        <[Value; 2]>::try_from(inner.operands).ok()
    };
    match (binary.op.0, number(at, a), number(at, b)) {
        (BinaryFn::Mul, None, None) => Some((1.0, [a, b])),
        (BinaryFn::Mul, None, Some(factor)) => Some((factor, product(a)?)),
        (BinaryFn::Mul, Some(factor), None) => Some((factor, product(b)?)),
        (BinaryFn::Div, None, Some(divisor)) => Some((1.0 / divisor, product(a)?)),
        _ => None,
    }
}

/// The function that `factor x gate` is of `x`.
fn swish(at: At<'_>, x: Value, gate: Value, factor: f64) -> Option<UnaryFn> {
    if !at.graph.has_one_use(gate.node) {
        return None;
    }
    let sigmoid = at.source::<Unary>(gate).is_some_and(|gate| gate.op.0 == UnaryFn::Sigmoid {} && gate.x() == x);
    if sigmoid {
        return (factor == 1.0).then_some(UnaryFn::Silu {});
    }
    let (outer, limited) = scalar(at, gate);
    let limited = at.source::<Unary>(limited)?;
    let (inner, limits) = if let UnaryFn::Clip { min, max } = limited.op.0 {
        (Line { scale: 1.0, shift: 0.0 }, [f64::from(min), f64::from(max)])
    } else if let UnaryFn::HardSigmoid { alpha, beta } = limited.op.0 {
        (Line { scale: alpha.into(), shift: beta.into() }, [0.0, 1.0])
    } else {
        return None;
    };
    let (line, source) = scalar(at, limited.x());
    let line = line.then(inner);
    let factor = factor * outer.scale;
    let found = [outer.shift, factor * line.scale, factor * line.shift, factor * limits[0], factor * limits[1]];
    let expected = [0.0, 1.0 / 6.0, 0.5, 0.0, 1.0];
    let same = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6);
    (source == x && same).then_some(UnaryFn::HardSwish {})
}

/// `x scale + shift`
#[derive(Clone, Copy)]
struct Line {
    scale: f64,
    shift: f64,
}

impl Line {
    fn then(self, next: Line) -> Line {
        Line { scale: self.scale * next.scale, shift: self.shift * next.scale + next.shift }
    }
}

/// What sums and products with numbers make of which value.
fn scalar(at: At<'_>, value: Value) -> (Line, Value) {
    let (mut line, mut value) = (Line { scale: 1.0, shift: 0.0 }, value);
    while let Some((next, source)) = step(at, value) {
        line = next.then(line);
        value = source;
    }
    (line, value)
}

fn step(at: At<'_>, value: Value) -> Option<(Line, Value)> {
    let binary = at.source::<Binary>(value)?;
    let &[a, b] = binary.operands.as_slice() else { return None };
    let (source, number) = number(at, b).map(|number| (a, number)).or_else(|| Some((b, number(at, a)?)))?;
    let line = match (binary.op.0, source == a) {
        (BinaryFn::Add, _) => Line { scale: 1.0, shift: number },
        (BinaryFn::Sub, true) => Line { scale: 1.0, shift: -number },
        (BinaryFn::Mul, _) => Line { scale: number, shift: 0.0 },
        (BinaryFn::Div, true) => Line { scale: 1.0 / number, shift: 0.0 },
        _ => return None,
    };
    Some((line, source))
}
