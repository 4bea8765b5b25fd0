use super::window::fixed;
use super::{Concat, Conv, Epilogue, Unary, UnaryFn};
use crate::attr::{AttrReader, list_from_attr, list_to_attr};
use crate::op::{Arity, InferError, Operator};
use crate::{Attr, AttrError, AttrValue, EvalError, Tensor, Type};

/// Several convolutions of one value, with their results one behind the other along the channels: the layer with
/// filters of several sizes that SqueezeNet's paper (Iandola et al., 2016, 3.1.1) calls expand and builds of two layers
/// and a Concat.
///
/// Operands: input `[N, C, spatial...]`; for each branch, in order, weights `[O, C / group, kernel...]` and bias `[O]`
/// of a convolution, or the value `[N, O, spatial...]` of a copy; then the operands of the epilogue. Result:
/// `[N, ΣO, spatial...]`; all branches give the same size.
#[derive(Debug, Clone, PartialEq)]
pub struct Expand {
    /// Steps between windows, a number for each spatial dimension: the same for all convolutions.
    pub strides: Vec<usize>,
    /// What the result consists of, in order. At least one is a convolution.
    pub branches: Vec<Branch>,
    /// What is done to the whole result.
    pub epilogue: Epilogue,
}

/// A run of channels of an [`Expand`]'s result.
#[derive(Debug, Clone, PartialEq)]
pub enum Branch {
    /// A convolution of the op's first operand.
    Conv(BranchConv),
    /// A value from elsewhere, as it is.
    Copy,
}

/// A convolution among the branches of an [`Expand`].
#[derive(Debug, Clone, PartialEq)]
pub struct BranchConv {
    /// Zeros added: all beginnings, then all ends.
    pub pads: Vec<usize>,
    /// Steps between a window's elements.
    pub dilations: Vec<usize>,
    /// Channels are split into that many groups, each convolved by itself.
    pub group: usize,
    /// What is done to this branch's elements, before the epilogue.
    pub activation: Option<UnaryFn>,
}

impl Branch {
    /// How many operands it takes.
    pub fn n_operands(&self) -> usize {
        match self {
            Branch::Conv(_) => 2,
            Branch::Copy => 1,
        }
    }
}

impl Expand {
    /// A branch's convolution as an op of its own: operands are the input, the branch's weights and its bias.
    pub fn conv(&self, branch: &BranchConv) -> Conv {
        let BranchConv { pads, dilations, group, activation: _ } = branch;
        Conv { strides: self.strides.clone(), pads: pads.clone(), dilations: dilations.clone(), group: *group }
    }

    /// Each branch with the slot of its first operand, and behind them the slot of the epilogue's first operand.
    pub fn slots(&self) -> (Vec<(&Branch, usize)>, usize) {
        let mut next = 1;
        let mut slots = Vec::with_capacity(self.branches.len());
        for branch in &self.branches {
            slots.push((branch, next));
            next += branch.n_operands();
        }
        (slots, next)
    }

    /// Something of each convolution.
    fn of_convs<T>(&self, of: impl Fn(&BranchConv) -> T) -> Vec<T> {
        let of_branch = |branch: &Branch| match branch {
            Branch::Conv(conv) => Some(of(conv)),
            Branch::Copy => None,
        };
        self.branches.iter().filter_map(of_branch).collect()
    }

    /// Whether the operand in that slot is a part of the result, as it is.
    pub(crate) fn copies_slot(&self, slot: usize) -> bool {
        let copied = |&(branch, at): &(&Branch, usize)| *branch == Branch::Copy && at == slot;
        self.epilogue.0.is_empty() && self.slots().0.iter().any(copied)
    }

    /// A branch's type; `at` is the slot of its first operand.
    fn infer_branch(&self, branch: &Branch, at: usize, operands: &[&Type]) -> Result<Type, InferError> {
        let conv = match branch {
            Branch::Copy => return Ok(operands[at].clone()),
            Branch::Conv(conv) => conv,
        };
        let of_conv = [operands[0], operands[at], operands[at + 1]];
        let results = self.conv(conv).infer(&of_conv).map_err(|error| error.in_slots(&[0, at, at + 1]))?;
        match (results.into_iter().next(), conv.activation) {
            (Some(ty), Some(activation)) => Ok(Unary(activation).infer(&[&ty])?.into_iter().next().unwrap_or(ty)),
            (Some(ty), None) => Ok(ty),
            (None, _) => Ok(operands[0].clone()),
        }
    }

    /// Checks that a branch gives what the first one does, but for the channels.
    fn check_fit(i: usize, first: &Type, ty: &Type) -> Result<(), InferError> {
        let dims =
            |ty: &Type| [ty.shape.0.get(..1).unwrap_or_default(), ty.shape.0.get(2..).unwrap_or_default()].concat();
        if first.dtype == ty.dtype && first.shape.rank() == ty.shape.rank() && dims(first) == dims(ty) {
            return Ok(());
        }
        Err(InferError::Shape(format!("branch {i} gives {ty}, but branch 0 gives {first}: only channels may differ")))
    }

    fn eval_branch(&self, branch: &Branch, at: usize, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        match branch {
            Branch::Copy => Ok(vec![operands[at].clone()]),
            Branch::Conv(conv) => {
                let results = self.conv(conv).eval(&[operands[0], operands[at], operands[at + 1]])?;
                let Some(activation) = conv.activation else { return Ok(results) };
                Unary(activation).eval(&results.iter().collect::<Vec<_>>())
            }
        }
    }
}

impl Operator for Expand {
    const MNEMONICS: &'static [&'static str] = &["expand"];

    fn arity(&self) -> Arity {
        Arity::exactly(self.slots().1.saturating_add(self.epilogue.n_operands()))
    }

    fn infer(&self, operands: &[&Type]) -> Result<Vec<Type>, InferError> {
        if self.of_convs(|_| ()).is_empty() {
            let problem = "has no convolution: this is a `concat`".to_owned();
            return Err(InferError::Attribute { name: "branches", problem });
        }
        let (slots, first_other) = self.slots();
        let mut types: Vec<Type> = Vec::with_capacity(slots.len());
        for (i, (branch, at)) in slots.into_iter().enumerate() {
            let ty = self.infer_branch(branch, at, operands)?;
            Self::check_fit(i, types.first().unwrap_or(&ty), &ty)?;
            // Only a copy's channels may be a symbol.
            fixed(at, &ty, 1)?;
            types.push(ty);
        }
        let results = Concat { axis: 1 }.infer(&types.iter().collect::<Vec<_>>())?;
        let others = operands.get(first_other..).unwrap_or_default();
        results.iter().try_for_each(|ty| self.epilogue.infer(ty, others, first_other))?;
        Ok(results)
    }

    fn eval(&self, operands: &[&Tensor]) -> Result<Vec<Tensor>, EvalError> {
        let (slots, first_other) = self.slots();
        let mut parts = Vec::with_capacity(slots.len());
        for (branch, at) in slots {
            parts.extend(self.eval_branch(branch, at, operands)?);
        }
        let results = Concat { axis: 1 }.eval(&parts.iter().collect::<Vec<_>>())?;
        let others = operands.get(first_other..).unwrap_or_default();
        results.into_iter().map(|result| self.epilogue.eval(result, others)).collect()
    }

    fn macs(&self, operands: &[&Type], _: &[Type]) -> u64 {
        let of_branch = |(branch, at): (&Branch, usize)| {
            let Branch::Conv(conv) = branch else { return 0 };
            let operands = [operands[0], operands[at], operands[at + 1]];
            let conv = self.conv(conv);
            conv.infer(&operands).map_or(0, |results| conv.macs(&operands, &results))
        };
        self.slots().0.into_iter().map(of_branch).fold(0, u64::saturating_add)
    }

    fn attributes(&self) -> Vec<(&'static str, Attr)> {
        vec![
            ("strides", self.strides.to_attr()),
            ("branches", List(self.branches.iter().map(Branch::kind).collect()).to_attr()),
            ("pads", List(self.of_convs(|conv| conv.pads.clone())).to_attr()),
            ("dilations", List(self.of_convs(|conv| conv.dilations.clone())).to_attr()),
            ("group", self.of_convs(|conv| conv.group).to_attr()),
            ("activation", List(self.of_convs(|conv| conv.activation)).to_attr()),
            ("epilogue", self.epilogue.to_attr()),
        ]
    }

    fn read(mnemonic: &str, attrs: &mut AttrReader) -> Option<Result<Self, AttrError>> {
        Self::MNEMONICS.contains(&mnemonic).then(|| read(attrs))
    }
}

crate::attr::words! {
    /// The kinds of branches, as the text form lists them.
    BranchKind {
        /// A convolution.
        Conv = "conv",
        /// A value from elsewhere.
        Copy = "copy",
    }
}

/// A list of an attribute of each convolution, or of words.
struct List<T>(Vec<T>);

impl<T: AttrValue> AttrValue for List<T> {
    const EXPECTED: &'static str = "a list";

    fn to_attr(&self) -> Attr {
        list_to_attr(&self.0)
    }

    fn from_attr(attr: &Attr) -> Option<Self> {
        list_from_attr(attr).map(List)
    }
}

impl Branch {
    /// Which kind it is.
    pub fn kind(&self) -> BranchKind {
        match self {
            Branch::Conv(_) => BranchKind::Conv,
            Branch::Copy => BranchKind::Copy,
        }
    }
}

fn read(attrs: &mut AttrReader) -> Result<Expand, AttrError> {
    let strides = attrs.take("strides")?;
    let List(words) = attrs.take::<List<BranchKind>>("branches")?;
    let n_convs = words.iter().filter(|&&word| word == BranchKind::Conv).count();
    let List(pads) = for_each_conv(attrs, "pads", n_convs, |List(pads)| pads.len())?;
    let List(dilations) = for_each_conv(attrs, "dilations", n_convs, |List(dilations)| dilations.len())?;
    let groups: Vec<usize> = for_each_conv(attrs, "group", n_convs, Vec::len)?;
    let List(activations) = for_each_conv(attrs, "activation", n_convs, |List(activations)| activations.len())?;
    let mut convs = pads
        .into_iter()
        .zip(dilations)
        .zip(groups)
        .zip(activations)
        .map(|(((pads, dilations), group), activation)| BranchConv { pads, dilations, group, activation });
    let branches = words.iter().filter_map(|word| match word {
        BranchKind::Conv => convs.next().map(Branch::Conv),
        BranchKind::Copy => Some(Branch::Copy),
    });
    Ok(Expand { strides, branches: branches.collect(), epilogue: attrs.take("epilogue")? })
}

/// A list that has an entry for each convolution.
fn for_each_conv<T: AttrValue>(
    attrs: &mut AttrReader,
    name: &str,
    n_convs: usize,
    len: fn(&T) -> usize,
) -> Result<T, AttrError> {
    let list: T = attrs.take(name)?;
    if len(&list) == n_convs {
        return Ok(list);
    }
    let (name, expected) = (name.to_owned(), "a list with an entry for each `conv` in `branches`");
    Err(AttrError::Kind { name, expected, found: list.to_attr() })
}
