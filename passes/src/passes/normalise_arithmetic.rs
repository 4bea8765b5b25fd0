use firebrick_ir::ops::{Binary, BinaryFn, Unary, UnaryFn};
use firebrick_ir::{DType, Op, Tensor, Value};

use crate::{At, Draft, Found, Precision, Rule};

/// Brings arithmetic of f32 and f64 with a constant to one spelling, `x * factor + summand`, which is Caffe's Scale:
/// the constant on the right and without leading dimensions of 1; sums for differences, products for quotients. Factors
/// of 1, summands of 0 and exponents of 1 go; constants that are added or multiplied one after another become one.
pub(crate) struct NormaliseArithmetic;

impl Rule for NormaliseArithmetic {
    const NAME: &'static str = "normalise-arithmetic";
    const DESCRIPTION: &'static str = "Brings arithmetic with constants to the form x * factor + summand";
    const PRECISION: Precision = Precision::Rounded;

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let binary = at.is::<Binary>()?;
        let [a, b] = binary.operands[..] else { return None };
        let is_real = matches!(at.ty(a).dtype, DType::F32 | DType::F64);
        match (at.constant(a), at.constant(b)) {
            _ if !is_real => None,
            (Some(_), None) if matches!(binary.op.0, BinaryFn::Add | BinaryFn::Mul) => {
                Some(Draft::swap(binary.node, binary.result(), binary.op.clone(), &[b, a]))
            }
            (None, Some(_)) => {
                let term = Term::of(at, binary)?;
                removed(at, &term).or_else(|| respelt(at, &term)).or_else(|| merged(at, &term))
            }
            // Constants among themselves are folded.
            (Some(_) | None, Some(_) | None) => None,
        }
    }
}

/// A function of a value and a constant.
struct Term<'g> {
    found: Found<'g, Binary>,
    function: BinaryFn,
    x: Value,
    value: Value,
    constant: &'g Tensor,
}

impl<'g> Term<'g> {
    fn of(at: At<'g>, found: Found<'g, Binary>) -> Option<Self> {
        let [x, value] = found.operands[..] else { return None };
        Some(Term { function: found.op.0, x, value, constant: at.constant(value)?, found })
    }

    /// The draft of `x function constant`.
    fn with(&self, at: At<'_>, x: Value, function: BinaryFn, constant: Tensor) -> Draft {
        let mut draft = Draft::new(self.found.node);
        let constant = draft.constant(at.name(self.value), constant);
        let new = draft.node(Binary(function), &[x.into(), constant]);
        draft.replace(self.found.result(), new)
    }
}

/// x, if the constant changes nothing.
fn removed(at: At<'_>, term: &Term<'_>) -> Option<Draft> {
    let is_sum = matches!(term.function, BinaryFn::Add | BinaryFn::Sub);
    let is_product = matches!(term.function, BinaryFn::Mul | BinaryFn::Div | BinaryFn::Pow);
    let neutral = if is_sum { 0.0 } else { 1.0 };
    let is_neutral = (is_sum || is_product) && reals(term.constant).iter().all(|&x| x == neutral);
    let result = term.found.result();
    (is_neutral && at.ty(term.x) == at.ty(result)).then(|| Draft::forward(result, term.x))
}

/// The same with another function, or fewer dimensions of the constant.
fn respelt(at: At<'_>, term: &Term<'_>) -> Option<Draft> {
    if term.function == BinaryFn::Sub {
        let negative = evaluated(Unary(UnaryFn::Neg {}), &[term.constant])?;
        return Some(term.with(at, term.x, BinaryFn::Add, negative));
    }
    if term.function == BinaryFn::Div {
        let one = if term.constant.dtype() == DType::F64 { Tensor::scalar(1.0f64) } else { Tensor::scalar(1.0f32) };
        let reciprocal = evaluated(Binary(BinaryFn::Div), &[&one, term.constant])?;
        // Beyond that, a reciprocal loses digits, or is none.
        let is_sound = reals(&reciprocal).iter().all(|x| (1e-30..1e30).contains(&x.abs()));
        return is_sound.then(|| term.with(at, term.x, BinaryFn::Mul, reciprocal));
    }
    let n_leading = term.constant.dims().iter().take_while(|&&size| size == 1).count();
    let is_sum_or_product = matches!(term.function, BinaryFn::Add | BinaryFn::Mul);
    let n_kept = term.constant.dims().len() - n_leading;
    if !is_sum_or_product || n_leading == 0 || term.constant.dims().len() > at.ty(term.x).shape.rank() {
        return None;
    }
    let plain = term.constant.reshaped(&term.constant.dims()[term.constant.dims().len() - n_kept..]).ok()?;
    Some(term.with(at, term.x, term.function, plain))
}

/// One term instead of several.
fn merged(at: At<'_>, term: &Term<'_>) -> Option<Draft> {
    let inner = Term::of(at, at.sole_source::<Binary>(term.x)?)?;
    if inner.function == term.function && matches!(term.function, BinaryFn::Add | BinaryFn::Mul) {
        let both = combined(term.function, inner.constant, term.constant)?;
        return Some(term.with(at, inner.x, term.function, both));
    }
    if (inner.function, term.function) != (BinaryFn::Add, BinaryFn::Mul) {
        return None;
    }
    // (x * first + summand) * factor: one factor for the two.
    let first = Term::of(at, at.sole_source::<Binary>(inner.x)?)?;
    if first.function != BinaryFn::Mul {
        return None;
    }
    let factor = combined(BinaryFn::Mul, first.constant, term.constant)?;
    let summand = combined(BinaryFn::Mul, inner.constant, term.constant)?;
    let mut draft = Draft::new(term.found.node);
    let factor = draft.constant(at.name(first.value), factor);
    let product = draft.node(Binary(BinaryFn::Mul), &[first.x.into(), factor]);
    let summand = draft.constant(at.name(inner.value), summand);
    let sum = draft.node(Binary(BinaryFn::Add), &[product, summand]);
    Some(draft.replace(term.found.result(), sum))
}

/// Both constants in one, if that is finite and no larger than the larger one.
fn combined(function: BinaryFn, a: &Tensor, b: &Tensor) -> Option<Tensor> {
    let both = evaluated(Binary(function), &[a, b])?;
    let is_sound = both.len() <= a.len().max(b.len()) && reals(&both).iter().all(|x| x.is_finite());
    is_sound.then_some(both)
}

fn evaluated(op: impl Into<Op>, operands: &[&Tensor]) -> Option<Tensor> {
    op.into().eval(operands).ok()?.into_iter().next()
}

/// The elements of an f32 or f64 tensor.
fn reals(tensor: &Tensor) -> Vec<f64> {
    let singles = tensor.values::<f32>().map(|values| values.iter().map(|&x| f64::from(x)).collect());
    singles.or_else(|_| tensor.values::<f64>().map(|values| values.to_vec())).unwrap_or_default()
}
