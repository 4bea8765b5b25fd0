//! What one op becomes: operators with their operands, not yet named.

use std::collections::HashSet;

use firebrick_ir::{Code, DType, Graph, Node, NodeId, Op, Tensor, Type, Value};

use crate::Opset;
use crate::attr::{self, Attr};
use crate::elements::{data_type, wider};
use crate::operators::Operator;

/// Why an op can't be written, in words.
pub(crate) type Reason = String;

/// The results of an op, in order.
pub(crate) type Lowered = Result<Vec<Arg>, Reason>;

/// A value, as operands are given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arg {
    /// Which one.
    pub(crate) source: Source,
    /// The type of its elements.
    pub(crate) dtype: DType,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// A value of the graph.
    Value(Value),
    /// A result of one of the operators that this op becomes.
    Temp(usize),
    /// A constant that this op needs beside its operands.
    Extra(usize),
    /// An optional operand that isn't there.
    Absent,
}

impl Arg {
    /// The optional operand that isn't there.
    pub(crate) fn absent() -> Self {
        Arg { source: Source::Absent, dtype: DType::F32 }
    }
}

/// An operator with its operands and results.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Its name.
    pub(crate) operator: &'static str,
    /// Its operands.
    pub(crate) inputs: Vec<Source>,
    /// Its results: indices of [`Source::Temp`].
    pub(crate) outputs: Vec<usize>,
    /// Its attributes.
    pub(crate) attrs: Vec<Attr>,
}

/// A constant with what it is, in a word.
#[derive(Debug)]
pub(crate) struct Extra {
    /// What it is: `shape`.
    pub(crate) what: &'static str,
    /// Its elements.
    pub(crate) tensor: Tensor,
}

/// An op on its way to ONNX.
pub(crate) struct Lowering<'g> {
    /// The graph.
    pub(crate) graph: &'g Graph,
    /// The operator set written.
    pub(crate) opset: Opset,
    /// The operators so far.
    pub(crate) drafts: Vec<Draft>,
    /// The constants so far.
    pub(crate) extras: Vec<Extra>,
    /// How many results the operators have.
    pub(crate) n_temps: usize,
    id: NodeId,
    operands: Vec<Value>,
}

impl<'g> Lowering<'g> {
    /// Nothing yet of that node.
    pub(crate) fn new(graph: &'g Graph, id: NodeId, opset: Opset) -> Self {
        let operands = graph.operands(id);
        Lowering { graph, opset, drafts: Vec::new(), extras: Vec::new(), n_temps: 0, id, operands }
    }

    fn node(&self) -> &'g Node {
        self.graph.node(self.id)
    }

    /// The operator set's number.
    pub(crate) fn version(&self) -> i64 {
        self.opset.version()
    }

    /// The number of operands.
    pub(crate) fn n_operands(&self) -> usize {
        self.operands.len()
    }

    /// An operand.
    pub(crate) fn arg(&self, slot: usize) -> Arg {
        self.value(self.operands[slot])
    }

    /// The value that an operand is.
    pub(crate) fn operand(&self, slot: usize) -> Value {
        self.operands[slot]
    }

    /// A value that others in the graph read.
    pub(crate) fn value(&self, value: Value) -> Arg {
        Arg { source: Source::Value(value), dtype: self.graph.ty(value).dtype }
    }

    /// All operands.
    pub(crate) fn args(&self) -> Vec<Arg> {
        (0..self.n_operands()).map(|slot| self.arg(slot)).collect()
    }

    /// An operand's type.
    pub(crate) fn ty(&self, slot: usize) -> &'g Type {
        self.graph.ty(self.operands[slot])
    }

    /// An operand's dimension, if it is known.
    pub(crate) fn dim(&self, slot: usize, dim: usize) -> Option<usize> {
        self.ty(slot).shape.0.get(dim)?.fixed().and_then(|n| usize::try_from(n).ok())
    }

    /// An operand's elements, if it is a constant.
    pub(crate) fn constant(&self, slot: usize) -> Option<&'g Tensor> {
        self.graph.as_const(self.operands[slot])
    }

    /// A result's type.
    pub(crate) fn result(&self, port: usize) -> &'g Type {
        &self.node().outputs[port].ty
    }

    /// Whether somebody reads a result.
    pub(crate) fn is_read(&self, port: usize) -> bool {
        !self.graph.uses(Value { node: self.id, port }).is_empty()
    }

    /// A constant.
    pub(crate) fn tensor(&mut self, what: &'static str, tensor: Tensor) -> Arg {
        let dtype = tensor.dtype();
        self.extras.push(Extra { what, tensor });
        Arg { source: Source::Extra(self.extras.len() - 1), dtype }
    }

    /// A vector of whole numbers: a shape, axes.
    pub(crate) fn ints(&mut self, what: &'static str, values: Vec<i64>) -> Arg {
        let tensor = Tensor::from_vec(&[values.len()], values).expect("a vector has as many elements as it is long");
        self.tensor(what, tensor)
    }

    /// A floating-point constant without dimensions, of that element type.
    ///
    /// # Errors
    /// If the element type has no conversion.
    pub(crate) fn scalar(&mut self, what: &'static str, value: f32, dtype: DType) -> Result<Arg, Reason> {
        let tensor = cast(&Tensor::scalar(value), dtype)?;
        Ok(self.tensor(what, tensor))
    }

    /// An operator with one result of that element type.
    ///
    /// # Errors
    /// If it does not exist in the operator set, or doesn't take the operands' elements, nor wider ones.
    pub(crate) fn emit(
        &mut self,
        operator: &'static str,
        args: &[Arg],
        attrs: Vec<Attr>,
        dtype: DType,
    ) -> Result<Arg, Reason> {
        let mut results = self.emit_all(operator, args, attrs, &[dtype])?;
        results.pop().ok_or_else(|| format!("`{operator}` has no result"))
    }

    /// An operator with one result of the first operand's element type.
    ///
    /// # Errors
    /// As [`Lowering::emit`].
    pub(crate) fn same(&mut self, operator: &'static str, args: &[Arg], attrs: Vec<Attr>) -> Result<Arg, Reason> {
        let dtype = args.first().map_or(DType::F32, |arg| arg.dtype);
        self.emit(operator, args, attrs, dtype)
    }

    /// An operator with results of these element types. Where it does not take the operands' elements, they are
    /// widened before it, and its results narrowed behind it.
    ///
    /// # Errors
    /// As [`Lowering::emit`].
    pub(crate) fn emit_all(
        &mut self,
        operator: &'static str,
        args: &[Arg],
        attrs: Vec<Attr>,
        dtypes: &[DType],
    ) -> Result<Vec<Arg>, Reason> {
        let entry = Operator::find(operator).ok_or_else(|| format!("`{operator}` is not among the operators"))?;
        if !entry.exists(self.opset) {
            return Err(format!("operator set {} has no {operator}", self.opset));
        }
        let Some(own) = args.get(entry.typed).map(|arg| arg.dtype) else {
            return Err(format!("`{operator}` has no operand"));
        };
        if entry.takes(self.opset, own) {
            return Ok(self.push(operator, args, attrs, dtypes));
        }
        let wide =
            wider(own).iter().copied().find(|&dtype| entry.takes(self.opset, dtype)).ok_or_else(|| {
                format!("{operator} of operator set {} does not take elements of type {own}", self.opset)
            })?;
        let mut widened = Vec::with_capacity(args.len());
        for arg in args {
            let same = arg.dtype == own && arg.source != Source::Absent;
            widened.push(if same { self.cast(arg, wide)? } else { arg.clone() });
        }
        let wide_dtypes: Vec<DType> = dtypes.iter().map(|&dtype| if dtype == own { wide } else { dtype }).collect();
        let results = self.push(operator, &widened, attrs, &wide_dtypes);
        results.iter().zip(dtypes).map(|(result, &dtype)| self.cast(result, dtype)).collect()
    }

    /// The value with elements of that type: itself if it has them.
    ///
    /// # Errors
    /// If the operator set does not know one of the types.
    pub(crate) fn cast(&mut self, arg: &Arg, dtype: DType) -> Result<Arg, Reason> {
        self.cast_with(arg, dtype, true)
    }

    /// As [`Lowering::cast`]; `saturate` says what becomes of numbers too large for a float of 8 bits.
    ///
    /// # Errors
    /// As [`Lowering::cast`].
    pub(crate) fn cast_with(&mut self, arg: &Arg, dtype: DType, saturate: bool) -> Result<Arg, Reason> {
        if arg.dtype == dtype {
            return Ok(arg.clone());
        }
        for ty in [arg.dtype, dtype] {
            if !Operator::find("Cast").is_some_and(|cast| cast.takes(self.opset, ty)) {
                return Err(format!("Cast of operator set {} does not know elements of type {ty}", self.opset));
            }
        }
        let mut attrs = vec![attr::int("to", data_type(dtype) as i64)];
        if !saturate && dtype.code().is_some_and(Code::is_float) {
            attrs.push(attr::int("saturate", 0));
        }
        let results = self.push("Cast", std::slice::from_ref(arg), attrs, &[dtype]);
        Ok(results.into_iter().next().unwrap_or_else(|| arg.clone()))
    }

    fn push(&mut self, operator: &'static str, args: &[Arg], attrs: Vec<Attr>, dtypes: &[DType]) -> Vec<Arg> {
        let first = self.n_temps;
        self.n_temps += dtypes.len();
        let mut inputs: Vec<Source> = args.iter().map(|arg| arg.source.clone()).collect();
        while inputs.last() == Some(&Source::Absent) {
            inputs.pop();
        }
        self.drafts.push(Draft { operator, inputs, outputs: (first..self.n_temps).collect(), attrs });
        dtypes.iter().enumerate().map(|(i, &dtype)| Arg { source: Source::Temp(first + i), dtype }).collect()
    }

    /// The value under other dimensions: sizes, 0 for the same as before, -1 for what is left.
    ///
    /// # Errors
    /// As [`Lowering::emit`].
    pub(crate) fn reshape(&mut self, arg: &Arg, shape: Vec<i64>) -> Result<Arg, Reason> {
        let shape = self.ints("shape", shape);
        self.same("Reshape", &[arg.clone(), shape], Vec::new())
    }

    /// The value with its dimensions in another order.
    ///
    /// # Errors
    /// As [`Lowering::emit`].
    pub(crate) fn transpose(&mut self, arg: &Arg, perm: &[usize]) -> Result<Arg, Reason> {
        self.same("Transpose", std::slice::from_ref(arg), vec![attr::sizes("perm", perm)])
    }
}

/// A constant with its elements converted, as Cast does.
///
/// # Errors
/// If there is no such conversion.
pub(crate) fn cast(tensor: &Tensor, dtype: DType) -> Result<Tensor, Reason> {
    eval(firebrick_ir::ops::Cast::to(dtype), &[tensor])
}

/// The result of an op with constant operands.
///
/// # Errors
/// If it has none.
pub(crate) fn eval(op: impl Into<Op>, operands: &[&Tensor]) -> Result<Tensor, Reason> {
    let results = op.into().eval(operands).map_err(|error| error.to_string())?;
    results.into_iter().next().ok_or_else(|| "it has no result".to_owned())
}

/// The nodes that outputs depend on.
pub(crate) fn needed(graph: &Graph) -> HashSet<NodeId> {
    let mut seen = HashSet::new();
    let mut open = vec![graph.ret()];
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(graph.operands(id).into_iter().map(|value| value.node));
        }
    }
    seen
}
