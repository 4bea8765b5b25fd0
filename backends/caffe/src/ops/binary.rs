//! Functions of two operands, broadcast as the graph does and Caffe doesn't.

use firebrick_ir::Value;
use firebrick_ir::ops::{Binary, BinaryFn};
use firebrick_schemas::caffe::{
    BiasParameter, ClipParameter, EltwiseOp, EltwiseParameter, ExpParameter, PReLUParameter, PowerParameter,
    ScaleParameter,
};

use super::constant::{floats, parameter, tensor};
use super::reshape::reshaped;
use super::tile::expanded;
use crate::context::{Context, single};
use crate::layer::{Blob, Weight, param};
use crate::{Kind, Reason};

/// An operand of [`combine`].
#[derive(Clone)]
pub(crate) enum Operand {
    Blob(Blob),
    Known(Weight),
}

impl Operand {
    /// A value of the graph.
    pub(crate) fn of(ctx: &Context<'_, '_>, value: Value) -> Self {
        match ctx.known(value) {
            Some(tensor) => Operand::Known(Weight { tensor: tensor.clone(), source: Some(value) }),
            None => Operand::Blob(Blob::Value(value)),
        }
    }
}

/// The functions of two operands that layers have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Max,
    Min,
    Prelu,
}

impl Function {
    fn of(function: BinaryFn) -> Result<Self, Reason> {
        match function {
            BinaryFn::Add => Ok(Function::Add),
            BinaryFn::Sub => Ok(Function::Sub),
            BinaryFn::Mul => Ok(Function::Mul),
            BinaryFn::Div => Ok(Function::Div),
            BinaryFn::Pow => Ok(Function::Pow),
            BinaryFn::Max => Ok(Function::Max),
            BinaryFn::Min => Ok(Function::Min),
            BinaryFn::Prelu => Ok(Function::Prelu),
            BinaryFn::Equal | BinaryFn::Greater | BinaryFn::GreaterEqual => Err(Reason::NoLayer),
            BinaryFn::Mod | BinaryFn::Rem => Err(Reason::NoLayer),
            BinaryFn::And | BinaryFn::Or | BinaryFn::Xor | BinaryFn::ShiftLeft | BinaryFn::ShiftRight => {
                Err(Reason::NoLayer)
            }
        }
    }

    fn is_commutative(self) -> bool {
        matches!(self, Function::Add | Function::Mul | Function::Max | Function::Min)
    }
}

/// A function of two operands.
pub(super) fn binary(ctx: &mut Context<'_, '_>, op: &Binary) -> Result<Blob, Reason> {
    let function = Function::of(op.0)?;
    let [a, b] = [0, 1].map(|slot| Operand::of(ctx, ctx.operand(slot)));
    let dims = ctx.result_dims(0);
    combine(ctx, function, a, b, &dims)
}

/// The layers of a function of two operands, whose result has those dimensions.
pub(crate) fn combine(
    ctx: &mut Context<'_, '_>,
    function: Function,
    a: Operand,
    b: Operand,
    dims: &[u64],
) -> Result<Blob, Reason> {
    match (a, b) {
        (Operand::Blob(a), Operand::Blob(b)) => blobs(ctx, function, [a, b], dims),
        (Operand::Blob(a), Operand::Known(b)) => right(ctx, function, a, b, dims),
        (Operand::Known(a), Operand::Blob(b)) if function.is_commutative() => right(ctx, function, b, a, dims),
        (Operand::Known(a), Operand::Blob(b)) => left(ctx, function, a, b, dims),
        (Operand::Known(a), Operand::Known(b)) => {
            let [a, b] = [parameter(ctx, &a.tensor)?, parameter(ctx, &b.tensor)?];
            blobs(ctx, function, [a, b], dims)
        }
    }
}

/// (shift + scale x)^power, of `[scale, shift, power]`.
pub(crate) fn power(ctx: &mut Context<'_, '_>, x: Blob, [scale, shift, power]: [f32; 3]) -> Blob {
    let power = PowerParameter {
        power: (power != 1.0).then_some(power),
        scale: (scale != 1.0).then_some(scale),
        shift: (shift != 0.0).then_some(shift),
    };
    let dims = ctx.dims(x);
    ctx.layer(Kind::Power, param(|p| p.power_param = Some(Box::new(power))), &[x], &dims)
}

/// x with something known at its right.
fn right(ctx: &mut Context<'_, '_>, function: Function, x: Blob, c: Weight, dims: &[u64]) -> Result<Blob, Reason> {
    let x = expanded(ctx, x, dims)?;
    if function == Function::Prelu {
        return prelu(ctx, x, c);
    }
    if let Some(c) = single(&c.tensor) {
        return match function {
            Function::Add => Ok(power(ctx, x, [1.0, c, 1.0])),
            Function::Sub => Ok(power(ctx, x, [1.0, -c, 1.0])),
            Function::Mul => Ok(power(ctx, x, [c, 0.0, 1.0])),
            Function::Div => Ok(power(ctx, x, [1.0 / c, 0.0, 1.0])),
            Function::Pow => Ok(power(ctx, x, [1.0, 0.0, c])),
            Function::Max => Ok(clip(ctx, x, c, f32::INFINITY)),
            Function::Min => Ok(clip(ctx, x, f32::NEG_INFINITY, c)),
            Function::Prelu => Err(Reason::NoLayer),
        };
    }
    match function {
        Function::Mul => scaled(ctx, x, c),
        Function::Div => {
            let inverse = mapped(&c, |c| 1.0 / c)?;
            scaled(ctx, x, inverse)
        }
        Function::Add => biased(ctx, x, c),
        Function::Sub => {
            let negative = mapped(&c, |c| -c)?;
            biased(ctx, x, negative)
        }
        Function::Max | Function::Min => {
            let c = parameter(ctx, &c.tensor)?;
            blobs(ctx, function, [x, c], dims)
        }
        Function::Pow | Function::Prelu => Err(Reason::NoLayer),
    }
}

/// x with something known at its left, of a function that is not commutative.
fn left(ctx: &mut Context<'_, '_>, function: Function, c: Weight, x: Blob, dims: &[u64]) -> Result<Blob, Reason> {
    match function {
        Function::Sub => {
            let negative = power(ctx, x, [-1.0, 0.0, 1.0]);
            right(ctx, Function::Add, negative, c, dims)
        }
        Function::Div => {
            let inverse = power(ctx, x, [1.0, 0.0, -1.0]);
            right(ctx, Function::Mul, inverse, c, dims)
        }
        Function::Pow => match single(&c.tensor) {
            Some(base) if base > 0.0 => {
                let x = expanded(ctx, x, dims)?;
                let exp = ExpParameter { base: Some(base), ..ExpParameter::default() };
                Ok(ctx.layer(Kind::Exp, param(|p| p.exp_param = Some(Box::new(exp))), &[x], dims))
            }
            Some(_) | None => Err(Reason::NoLayer),
        },
        Function::Add | Function::Mul | Function::Max | Function::Min => right(ctx, function, x, c, dims),
        Function::Prelu => Err(Reason::NoLayer),
    }
}

/// Two blobs.
fn blobs(ctx: &mut Context<'_, '_>, function: Function, [a, b]: [Blob; 2], dims: &[u64]) -> Result<Blob, Reason> {
    let (whole_a, whole_b) = (ctx.dims(a) == dims, ctx.dims(b) == dims);
    let spread = matches!(function, Function::Add | Function::Sub | Function::Mul | Function::Div);
    // Scale and Bias spread a second bottom along the first.
    if spread && whole_a != whole_b {
        let (large, small) = if whole_a { (a, b) } else { (b, a) };
        if let Some(block) = Block::of(&ctx.dims(small), dims) {
            let [large, small] = signed(ctx, function, [large, small], whole_a);
            let small = reshaped(ctx, small, &block.dims);
            let is_product = matches!(function, Function::Mul | Function::Div);
            let bottoms = [large, small];
            return Ok(if is_product {
                scale(ctx, &bottoms, &block, Vec::new())
            } else {
                bias(ctx, &bottoms, &block, Vec::new())
            });
        }
    }
    let [a, b] = [expanded(ctx, a, dims)?, expanded(ctx, b, dims)?];
    Ok(match function {
        Function::Add => eltwise(ctx, EltwiseOp::Sum, &[a, b], Vec::new()),
        Function::Sub => eltwise(ctx, EltwiseOp::Sum, &[a, b], vec![1.0, -1.0]),
        Function::Mul => eltwise(ctx, EltwiseOp::Prod, &[a, b], Vec::new()),
        Function::Div => {
            let inverse = power(ctx, b, [1.0, 0.0, -1.0]);
            eltwise(ctx, EltwiseOp::Prod, &[a, inverse], Vec::new())
        }
        Function::Max => eltwise(ctx, EltwiseOp::Max, &[a, b], Vec::new()),
        Function::Min => {
            let negative = [a, b].map(|x| power(ctx, x, [-1.0, 0.0, 1.0]));
            let max = eltwise(ctx, EltwiseOp::Max, &negative, Vec::new());
            power(ctx, max, [-1.0, 0.0, 1.0])
        }
        Function::Pow | Function::Prelu => return Err(Reason::NoLayer),
    })
}

/// Negates or inverts one of two blobs, so that a difference is a sum and a quotient a product.
fn signed(ctx: &mut Context<'_, '_>, function: Function, [large, small]: [Blob; 2], large_is_left: bool) -> [Blob; 2] {
    let changed = match function {
        Function::Sub => [-1.0, 0.0, 1.0],
        Function::Div => [1.0, 0.0, -1.0],
        Function::Add | Function::Mul | Function::Max | Function::Min | Function::Pow => return [large, small],
        Function::Prelu => return [large, small],
    };
    if large_is_left { [large, power(ctx, small, changed)] } else { [power(ctx, large, changed), small] }
}

/// Eltwise, with coefficients if there are any.
pub(crate) fn eltwise(ctx: &mut Context<'_, '_>, operation: EltwiseOp, bottoms: &[Blob], coeff: Vec<f32>) -> Blob {
    let dims = bottoms.first().map(|&bottom| ctx.dims(bottom)).unwrap_or_default();
    let is_sum = operation == EltwiseOp::Sum;
    let eltwise =
        EltwiseParameter { operation: (!is_sum).then_some(operation.into()), coeff, ..EltwiseParameter::default() };
    let eltwise = (eltwise != EltwiseParameter::default()).then(|| Box::new(eltwise));
    ctx.layer(Kind::Eltwise, param(|p| p.eltwise_param = eltwise), bottoms, &dims)
}

pub(super) fn clip(ctx: &mut Context<'_, '_>, x: Blob, min: f32, max: f32) -> Blob {
    let dims = ctx.dims(x);
    ctx.layer(Kind::Clip, param(|p| p.clip_param = Some(Box::new(ClipParameter { min, max }))), &[x], &dims)
}

/// Which dimensions of a blob another one has: those from `axis` on.
pub(crate) struct Block {
    pub(crate) axis: usize,
    pub(crate) dims: Vec<u64>,
}

impl Block {
    /// The dimensions of `dims` that `small`, broadcast to them, has; `None` if it has some between others not.
    pub(crate) fn of(small: &[u64], dims: &[u64]) -> Option<Self> {
        let block = Block::around(small, dims);
        let offset = dims.len().checked_sub(small.len())?;
        let found = small.get(block.axis.saturating_sub(offset)..).unwrap_or_default();
        found.starts_with(&block.dims).then_some(block)
    }

    /// The fewest dimensions that are one behind the other and hold all of `small` that isn't 1.
    pub(crate) fn around(small: &[u64], dims: &[u64]) -> Self {
        let offset = dims.len().saturating_sub(small.len());
        let is_used = |axis: &usize| small.get(*axis).is_some_and(|&dim| dim != 1);
        let mut used = (0..small.len()).filter(is_used);
        let Some(first) = used.next() else { return Block { axis: 0, dims: Vec::new() } };
        let last = used.next_back().unwrap_or(first);
        let (first, last) = (first + offset, last + offset);
        Block { axis: first, dims: dims.get(first..=last).unwrap_or_default().to_vec() }
    }

    /// A weight as a blob of these dimensions.
    pub(crate) fn weight(&self, weight: Weight, dims: &[u64]) -> Result<Weight, Reason> {
        let own: Vec<u64> = weight.tensor.dims().iter().map(|&dim| dim as u64).collect();
        let block: Vec<usize> = self.dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(usize::MAX)).collect();
        if let Ok(tensor) = weight.tensor.reshaped(&block) {
            return Ok(Weight { tensor, source: weight.source });
        }
        // A dimension of 1 between others is filled.
        let offset = dims.len() - own.len();
        let repeats = own.iter().enumerate().map(|(axis, &dim)| {
            let within = (self.axis..self.axis + block.len()).contains(&(axis + offset));
            let target = dims.get(axis + offset).copied().filter(|_| within && dim == 1).unwrap_or(1);
            usize::try_from(target).unwrap_or(usize::MAX)
        });
        let tile = firebrick_ir::ops::Tile { repeats: repeats.collect() };
        let filled = super::constant::applied(tile, &weight.tensor)?;
        filled.reshaped(&block).map(Weight::own).map_err(|_| Reason::TooLarge(self.dims.clone()))
    }

    fn axis_fields(&self) -> (Option<i32>, Option<i32>) {
        let axis = i32::try_from(self.axis).unwrap_or(i32::MAX);
        let n_axes = i32::try_from(self.dims.len()).unwrap_or(i32::MAX);
        ((axis != 1).then_some(axis), (n_axes != 1).then_some(n_axes))
    }
}

fn scaled(ctx: &mut Context<'_, '_>, x: Blob, factor: Weight) -> Result<Blob, Reason> {
    let dims = ctx.dims(x);
    let block = Block::around(&sizes(&factor), &dims);
    let factor = block.weight(factor, &dims)?;
    Ok(scale(ctx, &[x], &block, vec![factor]))
}

fn biased(ctx: &mut Context<'_, '_>, x: Blob, summand: Weight) -> Result<Blob, Reason> {
    let dims = ctx.dims(x);
    let block = Block::around(&sizes(&summand), &dims);
    let summand = block.weight(summand, &dims)?;
    Ok(bias(ctx, &[x], &block, vec![summand]))
}

fn sizes(weight: &Weight) -> Vec<u64> {
    weight.tensor.dims().iter().map(|&dim| dim as u64).collect()
}

/// Scale: by a second bottom or by a weight; a further weight is added.
pub(crate) fn scale(ctx: &mut Context<'_, '_>, bottoms: &[Blob], block: &Block, weights: Vec<Weight>) -> Blob {
    let dims = ctx.dims(bottoms[0]);
    let (axis, num_axes) = block.axis_fields();
    // The number of a second bottom's dimensions is its own.
    let num_axes = num_axes.filter(|_| bottoms.len() == 1);
    let has_bias = bottoms.len() + weights.len() > 2;
    let scale = ScaleParameter { axis, num_axes, bias_term: has_bias.then_some(true), ..ScaleParameter::default() };
    let scale = (scale != ScaleParameter::default()).then(|| Box::new(scale));
    ctx.weighted(Kind::Scale, param(|p| p.scale_param = scale), bottoms, weights, &dims)
}

fn bias(ctx: &mut Context<'_, '_>, bottoms: &[Blob], block: &Block, weights: Vec<Weight>) -> Blob {
    let dims = ctx.dims(bottoms[0]);
    let (axis, num_axes) = block.axis_fields();
    let bias = BiasParameter { axis, num_axes: num_axes.filter(|_| bottoms.len() == 1), ..BiasParameter::default() };
    let bias = (bias != BiasParameter::default()).then(|| Box::new(bias));
    ctx.weighted(Kind::Bias, param(|p| p.bias_param = bias), bottoms, weights, &dims)
}

/// PReLU, of a slope for each channel or one for all.
fn prelu(ctx: &mut Context<'_, '_>, x: Blob, slope: Weight) -> Result<Blob, Reason> {
    let dims = ctx.dims(x);
    let block = Block::around(&sizes(&slope), &dims);
    let is_shared = single(&slope.tensor).is_some();
    if dims.len() < 2 || !(is_shared || (block.axis == 1 && block.dims.len() == 1)) {
        return Err(Reason::unsupported("a PReLU has a slope for each channel, or one for all"));
    }
    let slope =
        if is_shared { Weight::own(tensor(&[], floats(&slope.tensor)?)?) } else { block.weight(slope, &dims)? };
    let prelu = is_shared.then(|| Box::new(PReLUParameter { channel_shared: Some(true), ..PReLUParameter::default() }));
    Ok(ctx.weighted(Kind::PReLU, param(|p| p.prelu_param = prelu), &[x], vec![slope], &dims))
}

fn mapped(weight: &Weight, function: impl Fn(f32) -> f32) -> Result<Weight, Reason> {
    let values = floats(&weight.tensor)?.into_iter().map(function).collect();
    Ok(Weight::own(tensor(&sizes(weight), values)?))
}
