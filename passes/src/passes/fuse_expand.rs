use std::collections::{HashMap, HashSet};

use firebrick_ir::ops::{
    BinaryFn, Branch, BranchConv, Concat, Conv, Epilogue, Expand, FusedConv, Slice, Step, UnaryFn,
};
use firebrick_ir::{Graph, NodeId, Tensor, Value};

use crate::affine::of_channels;
use crate::{At, Draft, Operand, Rule};

/// Convolutions of one value that meet in a channel concat, as in SqueezeNet's Fire module, with or without
/// activations. What comes from elsewhere is copied; where a convolution has other readers, they read a slice of the
/// result.
pub(crate) struct FuseExpand;

impl Rule for FuseExpand {
    const NAME: &'static str = "fuse-expand";
    const DESCRIPTION: &'static str =
        "Lets convolutions of one value that meet in a concat write into its result: SqueezeNet's expand layers";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let concat = at.is::<Concat>().filter(|concat| concat.op.axis == 1)?;
        let mut parts: Vec<Part<'_>> = concat.operands.iter().map(|&value| Part::of(at, value)).collect();
        let mut groups = groups(&parts);
        let largest = groups.iter().enumerate().rev().max_by_key(|(_, group)| group.len())?.0;
        let largest = groups.remove(largest);
        // Of several groups, those that are side by side become an expand each, which the largest one copies.
        let mut runs = groups.iter().filter_map(|group| as_run(group));
        let run = runs.find_map(|(first, n)| Some((first, n, fuse(at, &parts[first..first + n])?)));
        if let Some((first, n, (mut draft, expand))) = run {
            let mut operands: Vec<Operand> = concat.operands.iter().copied().map(Operand::Old).collect();
            operands.splice(first..first + n, [expand]);
            let shorter = draft.node(concat.op.clone(), &operands);
            return Some(draft.replace(at.result(), shorter));
        }
        for (i, part) in parts.iter_mut().enumerate() {
            // Its members are in order.
            part.conv = part.conv.take().filter(|_| largest.binary_search(&i).is_ok());
        }
        let (draft, expand) = fuse(at, &parts)?;
        Some(draft.replace(at.result(), expand))
    }
}

/// An operand of the concat.
struct Part<'g> {
    value: Value,
    /// The convolution that it is; `None` if it is to be copied.
    conv: Option<PartConv<'g>>,
}

/// A convolution with at most an activation.
struct PartConv<'g> {
    conv: &'g Conv,
    activation: Option<UnaryFn>,
    /// PReLU's slopes, if that is the activation.
    slopes: Option<&'g Tensor>,
    x: Value,
    weights: Value,
    bias: Option<Value>,
}

impl<'g> Part<'g> {
    fn of(at: At<'g>, value: Value) -> Part<'g> {
        let plain = at.source::<Conv>(value).map(|found| (found.op, [].as_slice(), found.operands));
        let fused = || at.source::<FusedConv>(value).map(|f| (&f.op.op, f.op.epilogue.0.as_slice(), f.operands));
        let conv = plain.or_else(fused).and_then(|(conv, steps, mut operands)| {
            let (activation, slopes) = match steps {
                [] => (None, None),
                [Step::Unary(function)] => (Some(*function), None),
                [Step::Binary(BinaryFn::Prelu)] => (None, Some(at.constant(operands.pop()?)?)),
                [Step::Binary(_)] | [_, _, ..] => return None,
            };
            let &[x, weights, ..] = operands.as_slice() else { return None };
            Some(PartConv { conv, activation, slopes, x, weights, bias: operands.get(2).copied() })
        });
        Part { value, conv }
    }

    fn n_channels(&self, at: At<'_>) -> Option<usize> {
        usize::try_from(at.ty(self.value).shape.0.get(1)?.fixed()?).ok()
    }
}

/// The operands that are convolutions of the same value with the same strides, with PReLU or without: lists of two or
/// more. One that is there twice is in none.
fn groups(parts: &[Part<'_>]) -> Vec<Vec<usize>> {
    let mut n_uses: HashMap<Value, usize> = HashMap::new();
    parts.iter().for_each(|part| *n_uses.entry(part.value).or_default() += 1);
    let mut numbers = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let Some(conv) = part.conv.as_ref().filter(|_| n_uses.get(&part.value) == Some(&1)) else { continue };
        let key = (conv.x, conv.conv.strides.as_slice(), conv.slopes.is_some());
        let number = *numbers.entry(key).or_insert(groups.len());
        match groups.get_mut(number) {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// The first of them and their number, if they are side by side.
fn as_run(group: &[usize]) -> Option<(usize, usize)> {
    let (first, last) = (*group.first()?, *group.last()?);
    (last - first + 1 == group.len()).then_some((first, group.len()))
}

/// The draft of an expand of these parts, and its result.
fn fuse(at: At<'_>, parts: &[Part<'_>]) -> Option<(Draft, Operand)> {
    let PartConv { conv, x, .. } = parts.iter().find_map(|part| part.conv.as_ref())?;
    let common = Common::of(at, parts)?;
    let mut draft = Draft::new(largest(at, parts)?);
    let mut branches = Vec::with_capacity(parts.len());
    let mut operands = vec![Operand::Old(*x)];
    for part in parts {
        if let Some(PartConv { conv, activation, weights, bias, .. }) = &part.conv {
            let Conv { strides: _, pads, dilations, group } = (*conv).clone();
            let activation = activation.filter(|_| common.step.is_none());
            branches.push(Branch::Conv(BranchConv { pads, dilations, group, activation }));
            operands.push(Operand::Old(*weights));
            operands.push(match bias {
                Some(bias) => Operand::Old(*bias),
                None => draft.constant(format!("{}/bias", at.name(part.value)), zeros(at, part)?),
            });
        } else {
            branches.push(Branch::Copy);
            operands.push(Operand::Old(part.value));
        }
    }
    if needs_its_own_result(at, parts, &operands) {
        return None;
    }
    operands.extend(common.slopes.map(|slopes| draft.constant(format!("{}/slopes", at.name(at.result())), slopes)));
    let epilogue = Epilogue(common.step.into_iter().collect());
    let result = draft.node(Expand { strides: conv.strides.clone(), branches, epilogue }, &operands);
    Some((let_others_read(at, parts, draft, result)?, result))
}

/// What is done to all of the result, so that the epilogue does it.
struct Common {
    step: Option<Step>,
    /// PReLU's slopes for all channels.
    slopes: Option<Tensor>,
}

impl Common {
    /// `None` if each branch would need slopes of its own.
    fn of(at: At<'_>, parts: &[Part<'_>]) -> Option<Common> {
        let convs = || parts.iter().filter_map(|part| part.conv.as_ref());
        let first = convs().next()?;
        let is_whole = convs().count() == parts.len();
        if first.slopes.is_some() {
            let slopes = Some(slopes(at, parts).filter(|_| is_whole)?);
            return Some(Common { step: Some(Step::Binary(BinaryFn::Prelu)), slopes });
        }
        let is_common = is_whole && convs().all(|conv| conv.activation == first.activation);
        Some(Common { step: first.activation.filter(|_| is_common).map(Step::Unary), slopes: None })
    }
}

/// The slopes of all parts, a number for each channel.
fn slopes(at: At<'_>, parts: &[Part<'_>]) -> Option<Tensor> {
    let rank = at.ty(at.result()).shape.rank();
    let mut numbers: Vec<f32> = Vec::new();
    for part in parts {
        let (n, slopes) = (part.n_channels(at)?, of_channels(part.conv.as_ref()?.slopes?, rank, 1)?);
        match slopes.as_slice() {
            &[slope] => numbers.extend(std::iter::repeat_n(slope as f32, n)),
            slopes => numbers.extend(slopes.iter().map(|&slope| slope as f32)),
        }
    }
    let dims: Vec<usize> = std::iter::once(numbers.len()).chain((2..rank).map(|_| 1)).collect();
    Tensor::from_vec(&dims, numbers).ok()
}

/// The convolution with the most weights.
fn largest(at: At<'_>, parts: &[Part<'_>]) -> Option<NodeId> {
    let convs = parts.iter().filter_map(|part| Some((part, part.conv.as_ref()?)));
    let largest = convs.max_by_key(|(_, conv)| at.ty(conv.weights).shape.n_elements());
    largest.map(|(part, _)| part.value.node)
}

/// A bias that changes nothing.
fn zeros(at: At<'_>, part: &Part<'_>) -> Option<Tensor> {
    let (n, dtype) = (part.n_channels(at)?, at.ty(part.value).dtype);
    Tensor::new(dtype, &[n], vec![0; n.checked_mul(dtype.size())?].into()).ok()
}

/// Whether one of the new node's operands is computed from one of its convolutions, which can be if that has other
/// readers.
fn needs_its_own_result(at: At<'_>, parts: &[Part<'_>], operands: &[Operand]) -> bool {
    let convs = parts.iter().filter(|part| part.conv.is_some()).map(|part| part.value.node);
    let shared: HashSet<NodeId> = convs.filter(|&node| !at.graph.has_one_use(node)).collect();
    let old = operands.iter().filter_map(|operand| match operand {
        Operand::Old(value) => Some(value.node),
        Operand::New { .. } => None,
    });
    !shared.is_empty() && reaches(at.graph, old.collect(), &shared)
}

/// Whether one of the nodes is among the sources, or computed from one of them.
fn reaches(graph: &Graph, mut nodes: Vec<NodeId>, sources: &HashSet<NodeId>) -> bool {
    let mut seen = HashSet::new();
    while let Some(node) = nodes.pop() {
        if sources.contains(&node) {
            return true;
        }
        if seen.insert(node) {
            nodes.extend(graph.operands(node).into_iter().map(|value| value.node));
        }
    }
    false
}

/// Lets whatever else reads a convolution read its slice of the result.
fn let_others_read(at: At<'_>, parts: &[Part<'_>], mut draft: Draft, result: Operand) -> Option<Draft> {
    let mut start = 0;
    for part in parts {
        let count = part.n_channels(at)?;
        if part.conv.is_some() && !at.graph.has_one_use(part.value.node) {
            let slice = Slice { axes: vec![1], starts: vec![start], counts: vec![count], steps: vec![1] };
            let slice = draft.node(slice, &[result]);
            draft = draft.replace(part.value, slice);
        }
        start += count;
    }
    Some(draft)
}
