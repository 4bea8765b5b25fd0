//! Einsum: sums of products in NumPy's notation, as diagonals, sums, and products of stacks of matrices.

use firebrick_ir::Value;
use firebrick_ir::ops::{MatMul, Reduce, ReduceFn, Slice};

use super::make::{dims, reshaped, transposed};
use super::{NodeContext, Outputs, Stop};

/// A dimension: a letter, or one that an ellipsis stands for, counted from the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Letter(char),
    More(usize),
}

/// A value whose dimensions have labels, each once.
struct Labelled {
    value: Value,
    labels: Vec<Label>,
}

/// Einsum.
pub(super) fn einsum(ctx: &mut NodeContext<'_, '_>) -> Outputs {
    let equation = ctx.string("equation")?;
    let equation: String = ctx.required("equation", equation)?.split_whitespace().collect();
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (equation.as_str(), None),
    };
    let inputs = ctx.all_inputs()?;
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != inputs.len() {
        return Err(
            ctx.attribute_problem("equation", format!("it has {} terms for {} inputs", terms.len(), inputs.len()))
        );
    }
    let mut operands = Vec::new();
    let mut all: Vec<Label> = Vec::new();
    for (&term, &value) in terms.iter().zip(&inputs) {
        let labels = labels(ctx, term, Some(ctx.rank(value)), 0)?;
        all.extend(&labels);
        operands.push(diagonal(ctx, value, labels)?);
    }
    let n_more = all.iter().filter_map(|label| if let Label::More(i) = label { Some(i + 1) } else { None }).max();
    let wanted = match right {
        Some(right) => labels(ctx, right, None, n_more.unwrap_or(0))?,
        None => implied(&all, n_more.unwrap_or(0)),
    };
    let is_fit = |(i, label): (usize, &Label)| all.contains(label) && !wanted[..i].contains(label);
    if !wanted.iter().enumerate().all(is_fit) {
        return Err(ctx.attribute_problem("equation", format!("\"{equation}\" has an output that no input has")));
    }
    let mut operands = operands.into_iter();
    let first = operands.next().ok_or_else(|| ctx.problem("it has no inputs"))?;
    let rest: Vec<Labelled> = operands.collect();
    let mut result = first;
    for (i, next) in rest.iter().enumerate() {
        let later =
            |label: &Label| wanted.contains(label) || rest[i + 1..].iter().any(|other| other.labels.contains(label));
        result = product(ctx, result, next, &later)?;
    }
    let result = summed(ctx, result, &|label| wanted.contains(label))?;
    let places: Vec<usize> =
        wanted.iter().filter_map(|label| result.labels.iter().position(|other| other == label)).collect();
    Ok(vec![transposed(ctx, "ordered", result.value, &places)?.into()])
}

/// The labels of a term. The ellipsis stands for what is left of the rank, or for `n_more` dimensions.
fn labels(ctx: &NodeContext<'_, '_>, term: &str, rank: Option<usize>, n_more: usize) -> Result<Vec<Label>, Stop> {
    let problem = || ctx.attribute_problem("equation", format!("\"{term}\" are no labels of its dimensions"));
    let (before, behind) = term.split_once("...").map_or((term, None), |(before, behind)| (before, Some(behind)));
    let letters = |text: &str| -> Result<Vec<Label>, Stop> {
        text.chars().map(|c| if c.is_ascii_alphabetic() { Ok(Label::Letter(c)) } else { Err(problem()) }).collect()
    };
    let (mut all, behind_letters) = (letters(before)?, letters(behind.unwrap_or_default())?);
    if behind.is_some() {
        let n_letters = all.len() + behind_letters.len();
        let n = rank.map_or(Some(n_more), |rank| rank.checked_sub(n_letters)).ok_or_else(problem)?;
        all.extend((0..n).rev().map(Label::More));
    }
    all.extend(behind_letters);
    if rank.is_some_and(|rank| rank != all.len()) { Err(problem()) } else { Ok(all) }
}

/// The output without an arrow: the ellipsis, and the letters that occur once, in order.
fn implied(all: &[Label], n_more: usize) -> Vec<Label> {
    let mut letters: Vec<char> =
        all.iter().filter_map(|label| if let Label::Letter(c) = label { Some(*c) } else { None }).collect();
    letters.sort_unstable();
    let once = |c: &char| letters.iter().filter(|other| *other == c).count() == 1;
    let single: Vec<Label> = letters.iter().filter(|c| once(c)).map(|&c| Label::Letter(c)).collect();
    (0..n_more).rev().map(Label::More).chain(single).collect()
}

/// The elements for which dimensions of one label have one index.
fn diagonal(ctx: &mut NodeContext<'_, '_>, mut value: Value, mut labels: Vec<Label>) -> Result<Labelled, Stop> {
    while let Some(second) = (0..labels.len()).find(|&i| labels[..i].contains(&labels[i])) {
        let first = labels.iter().position(|label| *label == labels[second]).unwrap_or(0);
        let sizes = dims(ctx, value)?;
        let n = sizes[first];
        if sizes[second] != n {
            return Err(ctx.problem(format!("dimensions of {n} and {} have one label", sizes[second])));
        }
        let others: Vec<usize> = (0..labels.len()).filter(|&i| i != first && i != second).collect();
        let moved = transposed(ctx, "last", value, &[others.as_slice(), &[first, second]].concat())?;
        let kept: Vec<usize> = others.iter().map(|&i| sizes[i]).collect();
        let flat = reshaped(ctx, "squares", moved, &[kept.as_slice(), &[n.saturating_mul(n)]].concat())?;
        let op = Slice { axes: vec![others.len()], starts: vec![0], counts: vec![n], steps: vec![n as i64 + 1] };
        value = ctx.op("diagonal", op, &[flat])?;
        labels = others.iter().map(|&i| labels[i]).chain([labels[first]]).collect();
    }
    Ok(Labelled { value, labels })
}

/// The sum over all dimensions but those that are kept.
fn summed(ctx: &mut NodeContext<'_, '_>, x: Labelled, keep: &dyn Fn(&Label) -> bool) -> Result<Labelled, Stop> {
    let axes: Vec<usize> = (0..x.labels.len()).filter(|&i| !keep(&x.labels[i])).collect();
    if axes.is_empty() {
        return Ok(x);
    }
    let labels = x.labels.iter().copied().filter(|label| keep(label)).collect();
    let op = Reduce { function: ReduceFn::Sum, axes, keep_dims: false };
    Ok(Labelled { value: ctx.op("sum", op, &[x.value])?, labels })
}

/// The product of two values, summed over what both have and nothing needs later.
fn product(
    ctx: &mut NodeContext<'_, '_>,
    a: Labelled,
    b: &Labelled,
    later: &dyn Fn(&Label) -> bool,
) -> Result<Labelled, Stop> {
    let a = summed(ctx, a, &|label| later(label) || b.labels.contains(label))?;
    let b = Labelled { value: b.value, labels: b.labels.clone() };
    let b = summed(ctx, b, &|label| later(label) || a.labels.contains(label))?;
    let of = |labels: &[Label], want: &dyn Fn(&Label) -> bool| labels.iter().copied().filter(want).collect::<Vec<_>>();
    let stack = of(&a.labels, &|label| b.labels.contains(label) && later(label));
    let inner = of(&a.labels, &|label| b.labels.contains(label) && !later(label));
    let (rows, columns) =
        (of(&a.labels, &|label| !b.labels.contains(label)), of(&b.labels, &|label| !a.labels.contains(label)));
    let (a_sizes, b_sizes) = (sizes(ctx, &a, &b)?, sizes(ctx, &b, &a)?);
    let left = matrices(ctx, &a, &a_sizes, [&stack, &rows, &inner])?;
    let right = matrices(ctx, &b, &b_sizes, [&stack, &inner, &columns])?;
    let products = ctx.op("products", MatMul {}, &[left, right])?;
    let labels = [stack, rows, columns].concat();
    let size = |label: &Label| {
        let own = |x: &Labelled, sizes: &[usize]| x.labels.iter().position(|other| other == label).map(|i| sizes[i]);
        own(&a, &a_sizes).into_iter().chain(own(&b, &b_sizes)).max().unwrap_or(1)
    };
    let apart: Vec<usize> = labels.iter().map(size).collect();
    Ok(Labelled { value: reshaped(ctx, "apart", products, &apart)?, labels })
}

/// The sizes of a value's dimensions, which those of another with the same labels must be.
fn sizes(ctx: &NodeContext<'_, '_>, x: &Labelled, other: &Labelled) -> Result<Vec<usize>, Stop> {
    let (sizes, others) = (dims(ctx, x.value)?, dims(ctx, other.value)?);
    for (label, &size) in x.labels.iter().zip(&sizes) {
        let place = other.labels.iter().position(|same| same == label);
        if let Some(found) = place.map(|i| others[i]).filter(|&found| found != size) {
            return Err(ctx.problem(format!("dimensions of {size} and {found} have one label")));
        }
    }
    Ok(sizes)
}

/// A value as a stack of matrices, with the dimensions of these labels for the stack's, rows and columns.
fn matrices(
    ctx: &mut NodeContext<'_, '_>,
    x: &Labelled,
    sizes: &[usize],
    groups: [&[Label]; 3],
) -> Result<Value, Stop> {
    let place = |label: &Label| x.labels.iter().position(|other| other == label).unwrap_or(0);
    let perm: Vec<usize> = groups.iter().flat_map(|group| group.iter().map(place)).collect();
    let shape = groups.map(|group| group.iter().map(|label| sizes[place(label)]).fold(1usize, usize::saturating_mul));
    let ordered = transposed(ctx, "grouped", x.value, &perm)?;
    reshaped(ctx, "matrices", ordered, &shape)
}
