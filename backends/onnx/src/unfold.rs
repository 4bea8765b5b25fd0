//! Ops on quantized values as the ops that they are folded from: dequantize, the op on numbers, quantize. Runtimes fold
//! them again.

use firebrick_ir::ops::{
    Binary, BinaryFn, Concat, Conv, ConvTranspose, Dequantize, Gemm, Identity, MatMul, Pool, QType, Quantizable,
    Quantize, Quantized, Reduce, Reshape, Rounding, Softmax, Unary, UnaryFn,
};
use firebrick_ir::{DType, Family, Graph, NodeId, Op, Tensor, Type, Value};

use crate::lower::{Reason, cast, eval};
use crate::{Opset, QuantizedForm, Refusal};

/// What [`Quantized`] has, of any family.
pub(crate) struct Parts {
    pub(crate) op: Op,
    pub(crate) x: Vec<QType>,
    pub(crate) y: Option<QType>,
    pub(crate) clip: Option<[i32; 2]>,
    pub(crate) rounding: Rounding,
    /// Whether it is a sum of products: its operands are then `x`, weights, their scale, their zero point, a bias.
    is_sum: bool,
}

/// An op on quantized values; `None` of any other.
pub(crate) fn parts(op: &Op) -> Option<Parts> {
    fn of<T: Quantizable + Clone + Into<Op>>(op: &Op) -> Option<Parts>
    where
        Quantized<T>: Family,
    {
        let Quantized { op, x, y, clip, rounding } = Quantized::<T>::of(op)?.clone();
        Some(Parts { op: op.into(), x, y, clip, rounding, is_sum: T::SUMS.is_some() })
    }
    let families = [
        of::<Conv>,
        of::<ConvTranspose>,
        of::<Gemm>,
        of::<MatMul>,
        of::<Binary>,
        of::<Concat>,
        of::<Identity>,
        of::<Pool>,
        of::<Reduce>,
        of::<Softmax>,
        of::<Unary>,
    ];
    families.iter().find_map(|of| of(op))
}

/// The graph with ops on quantized values unfolded; those stay that have an operator of their own in this form, and
/// those that have no other form in the operator set, which are refused later.
///
/// # Errors
/// If the graph can't be changed so, which is a fault of ours.
pub(crate) fn unfold(graph: &Graph, opset: Opset, form: QuantizedForm) -> Result<Graph, Refusal> {
    let mut graph = graph.clone();
    for id in graph.schedule() {
        let Some(parts) = parts(&graph.node(id).op) else { continue };
        if has_operator(&graph, id, &parts, opset, form) {
            continue;
        }
        let old = Value { node: id, port: 0 };
        let result = (Unfolding { graph: &mut graph, id, opset }).unfold(&parts);
        let replaced = result.and_then(|result| {
            let Some(result) = result else { return Ok(()) };
            graph.replace_uses(old, result).map_err(|error| error.to_string())?;
            graph.swap_names(old, result);
            graph.remove(id);
            Ok(())
        });
        replaced.map_err(|reason: Reason| {
            let node = graph.node(id);
            let reason = format!("{reason}, which is an error in Firebrick");
            Refusal { value: node.outputs[0].name.clone(), op: node.op.mnemonic(), origin: node.origin.clone(), reason }
        })?;
    }
    Ok(graph)
}

/// Whether it becomes QLinearConv, which takes no bias of f32, or QLinearMatMul, which takes none; limits are a Clip of
/// integers behind it.
fn has_operator(graph: &Graph, id: NodeId, parts: &Parts, opset: Opset, form: QuantizedForm) -> bool {
    let types: Vec<&Type> = graph.operands(id).into_iter().map(|operand| graph.ty(operand)).collect();
    let Some(scale) = types.get(2) else { return false };
    let is_product = matches!(parts.op, Op::MatMul(_));
    let takes_scale = matches!(parts.op, Op::Conv(_))
        || is_product && (scale.shape.n_elements() == Some(1) || types[1].shape.rank() == 2);
    let takes_bias = types.get(4).is_none_or(|bias| bias.dtype == DType::I32 && !is_product);
    let can_limit = parts.clip.is_none() || opset.version() >= 12;
    form == QuantizedForm::QLinear && takes_scale && parts.y.is_some() && takes_bias && can_limit
}

/// An op that is being unfolded.
struct Unfolding<'a> {
    graph: &'a mut Graph,
    id: NodeId,
    opset: Opset,
}

impl Unfolding<'_> {
    /// The result; `None` if there is no form of it.
    fn unfold(&mut self, parts: &Parts) -> Result<Option<Value>, Reason> {
        let operands = self.graph.operands(self.id);
        let numbers = if parts.is_sum {
            let Some(numbers) = self.sum_operands(parts, &operands)? else { return Ok(None) };
            numbers
        } else {
            let each = operands.iter().zip(&parts.x);
            each.map(|(&operand, &x)| self.number(operand, x)).collect::<Result<Vec<_>, _>>()?
        };
        let mut result = self.result(parts, &numbers)?;
        let Some(y) = parts.y else { return Ok(Some(result)) };
        if let Some(limits) = parts.clip {
            result = self.add("limited", Unary(limit(y, limits)), &[result])?;
        }
        let quantize = Quantize { axis: 0, block: 0, dtype: y.dtype, saturate: true, rounding: parts.rounding };
        let (scale, zero) = self.scale_and_zero(y)?;
        Ok(Some(self.add("quantized", quantize, &[result, scale, zero])?))
    }

    /// The op on numbers. A product of stacks of matrices has no bias there: it is added behind it.
    fn result(&mut self, parts: &Parts, numbers: &[Value]) -> Result<Value, Reason> {
        if let (Op::MatMul(_), &[x, weights, bias]) = (&parts.op, numbers) {
            let product = self.add("product", parts.op.clone(), &[x, weights])?;
            return self.add("result", Binary(BinaryFn::Add), &[product, bias]);
        }
        self.add("result", parts.op.clone(), numbers)
    }

    /// The numbers that an operand's integers stand for.
    fn number(&mut self, operand: Value, x: QType) -> Result<Value, Reason> {
        let (scale, zero) = self.scale_and_zero(x)?;
        self.add("number", Dequantize { axis: 0, block: 0 }, &[operand, scale, zero])
    }

    /// The operands of a sum of products as numbers.
    fn sum_operands(&mut self, parts: &Parts, operands: &[Value]) -> Result<Option<Vec<Value>>, Reason> {
        let [x, w, scale, zero, ..] = operands[..] else { return Ok(None) };
        let Some(weights) = self.weights(&parts.op, w, scale, zero)? else { return Ok(None) };
        let mut numbers = vec![self.number(x, parts.x[0])?, weights];
        if let Some(&bias) = operands.get(4) {
            numbers.push(if self.graph.ty(bias).dtype == DType::I32 {
                self.bias(bias, scale, parts.x[0].scale)?
            } else {
                bias
            });
        }
        Ok(Some(numbers))
    }

    fn weights(&mut self, op: &Op, w: Value, scale: Value, zero: Value) -> Result<Option<Value>, Reason> {
        let ty = self.graph.ty(w).clone();
        if self.graph.ty(scale).shape.n_elements() == Some(1) {
            let (scale, zero) = (self.single(scale, "scale")?, self.single(zero, "zero_point")?);
            return self.add("weights", Dequantize { axis: 0, block: 0 }, &[w, scale, zero]).map(Some);
        }
        let axis = if let Op::Conv(_) = op {
            Some(0)
        } else if let Op::ConvTranspose(op) = op {
            (op.group == 1).then_some(1)
        } else if let Op::Gemm(op) = op {
            Some(usize::from(!op.trans_b))
        } else {
            Some(ty.shape.rank() - 1)
        };
        match axis {
            Some(axis) if self.opset.version() >= 13 => {
                self.add("weights", Dequantize { axis, block: 0 }, &[w, scale, zero]).map(Some)
            }
            Some(_) | None => self.constant_weights(op, axis, [w, scale, zero]),
        }
    }

    /// Weights with scales that no operator can say, as numbers.
    fn constant_weights(
        &mut self,
        op: &Op,
        axis: Option<usize>,
        operands: [Value; 3],
    ) -> Result<Option<Value>, Reason> {
        let [Some(w), Some(scale), Some(zero)] = operands.map(|value| self.graph.as_const(value).cloned()) else {
            return Ok(None);
        };
        let dims = w.dims().to_vec();
        let channel = |i: usize| match (op, axis) {
            (_, Some(axis)) => i / dims[axis + 1..].iter().product::<usize>() % dims[axis],
            (Op::ConvTranspose(op), None) => {
                let kernel: usize = dims[2..].iter().product();
                i / kernel / dims[1] / (dims[0] / op.group) * dims[1] + i / kernel % dims[1]
            }
            (_, None) => 0,
        };
        let (scales, w, zeros) =
            (scale.values::<f32>().map_err(|error| error.to_string())?, integers(&w)?, integers(&zero)?);
        let numbers = w.iter().enumerate().map(|(i, w)| (w - zeros[channel(i)]) as f32 * scales[channel(i)]).collect();
        let numbers = Tensor::from_vec(&dims, numbers).map_err(|error| error.to_string())?;
        self.constant("weights", numbers).map(Some)
    }

    /// A bias of integers, in steps of the product of the scales.
    fn bias(&mut self, bias: Value, scale: Value, x_scale: f32) -> Result<Value, Reason> {
        let is_single = self.graph.ty(scale).shape.n_elements() == Some(1);
        let x_scale = Tensor::scalar(x_scale);
        let known = self.graph.as_const(scale).map(|scale| (scale.clone(), self.graph.as_const(bias).cloned()));
        let Some((w_scale, bias_tensor)) = known else {
            let scale = if is_single { self.single(scale, "scale")? } else { scale };
            let x_scale = self.constant("scale", x_scale)?;
            let product = self.add("scales", Binary(BinaryFn::Mul), &[x_scale, scale])?;
            return self.add("bias", Dequantize { axis: 0, block: 0 }, &[bias, product]);
        };
        let w_scale = if is_single { w_scale.reshaped(&[]).unwrap_or(w_scale) } else { w_scale };
        let product = eval(Binary(BinaryFn::Mul), &[&x_scale, &w_scale])?;
        let op = Dequantize { axis: 0, block: 0 };
        match bias_tensor {
            Some(bias) if !is_single && self.opset.version() < 13 => {
                self.constant("bias", eval(op, &[&bias, &product])?)
            }
            Some(_) | None => {
                let product = self.constant("scales", product)?;
                self.add("bias", op, &[bias, product])
            }
        }
    }

    /// A vector of one number as a number.
    fn single(&mut self, value: Value, what: &str) -> Result<Value, Reason> {
        match self.graph.as_const(value).and_then(|tensor| tensor.reshaped(&[]).ok()) {
            Some(tensor) => self.constant(what, tensor),
            None => self.add(what, Reshape { shape: Vec::new() }, &[value]),
        }
    }

    fn scale_and_zero(&mut self, ty: QType) -> Result<(Value, Value), Reason> {
        let zero = ty.zero.to_le_bytes()[..1].to_vec();
        let zero = Tensor::new(ty.dtype, &[], zero.into()).map_err(|error| error.to_string())?;
        Ok((self.constant("scale", Tensor::scalar(ty.scale))?, self.constant("zero_point", zero)?))
    }

    fn constant(&mut self, what: &str, tensor: Tensor) -> Result<Value, Reason> {
        let name = self.name(what);
        self.graph.constant(name, tensor).map_err(|error| error.to_string())
    }

    fn add(&mut self, what: &str, op: impl Into<Op>, operands: &[Value]) -> Result<Value, Reason> {
        let name = self.name(what);
        let value = self.graph.value(op, operands, name).map_err(|error| error.to_string())?;
        let origin = self.graph.node(self.id).origin.clone();
        self.graph.set_origin(value.node, origin);
        Ok(value)
    }

    fn name(&self, what: &str) -> String {
        let base = self.graph.value_name(Value { node: self.id, port: 0 });
        self.graph.fresh_name(&format!("{base}/{what}"))
    }
}

/// A ReLU if that is what the limits say; what they say of integers is exact of the numbers, since rounding is monotonic.
fn limit(y: QType, [low, high]: [i32; 2]) -> UnaryFn {
    let [least, greatest] = y.limits();
    if [low, high] == [y.zero, greatest] {
        return UnaryFn::Relu {};
    }
    let min = if low == least { f32::NEG_INFINITY } else { y.real(low) };
    let max = if high == greatest { f32::INFINITY } else { y.real(high) };
    UnaryFn::Clip { min, max }
}

/// The integers of a tensor of bytes.
fn integers(tensor: &Tensor) -> Result<Vec<i32>, Reason> {
    let wide = cast(tensor, DType::I32)?;
    Ok(wide.values::<i32>().map_err(|error| error.to_string())?.into_owned())
}
