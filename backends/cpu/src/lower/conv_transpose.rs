//! Transposed convolutions. The results that lie as far apart as the stride read their inputs like those of a
//! convolution with the taps that meet them: each such phase is one.

use firebrick_ir::ops::{ConvTranspose, Epilogue};
use firebrick_ir::{Dim, Graph, NodeId, Value};

use super::Lowered;
use super::conv::{Convolution, MAX_CLASSES, MAX_PAD, Shape, Target, is_addressable, kernel_name};
use super::epilogue::{Parts, Tiles};
use super::planner::Planner;
use crate::CompileError;
use crate::emit::as_imm;
use crate::kernels::{Axis, Move, Origin, Way};
use crate::plan::{Halo, Image, Size, View};
use crate::tile::Finish;

/// Phases that there is code for: each has code of its own.
const MAX_PHASES: usize = 64;

/// Taps along one dimension beyond which there is no kernel.
const MAX_KERNEL: usize = 1 << 12;

/// The results along one dimension that lie a stride apart.
#[derive(Debug, Clone)]
pub(super) struct Phase {
    /// The first of them.
    first: usize,
    n: usize,
    /// The taps that meet them, in the order of what they read.
    pub(super) taps: Vec<usize>,
    /// The element that the first result reads with the first tap; beyond the ends there are zeros.
    start: i64,
    /// Elements between what two taps read.
    dilation: usize,
}

/// A transposed convolution along one dimension.
struct Line {
    input: usize,
    phases: Vec<Phase>,
}

impl Line {
    /// `None` if there are too many phases, or positions that can't be counted.
    fn new(input: usize, output: usize, kernel: usize, [stride, dilation, pad]: [usize; 3]) -> Option<Self> {
        if stride.min(output) > MAX_PHASES || kernel > MAX_KERNEL {
            return None;
        }
        let [step, apart, before] = [stride, dilation, pad].map(|n| i64::try_from(n).ok());
        let (step, apart, before) = (step?, apart?, before?);
        let phase = |first: usize| {
            let n = (output - first).div_ceil(stride);
            let mut read: Vec<(usize, i64)> = Vec::new();
            for tap in 0..kernel {
                let way = as_imm(first).checked_add(before)?.checked_sub(as_imm(tap).checked_mul(apart)?)?;
                let at = way.div_euclid(step);
                let is_met = at < as_imm(input) && at.checked_add(as_imm(n))? > 0;
                if way.rem_euclid(step) == 0 && is_met {
                    read.push((tap, at));
                }
            }
            read.reverse();
            let start = read.first().map_or(0, |&(_, at)| at);
            let dilation = read.get(1).map_or(1, |&(_, at)| usize::try_from(at - start).unwrap_or(1));
            Some(Phase { first, n, taps: read.into_iter().map(|(tap, _)| tap).collect(), start, dilation })
        };
        let phases = (0..stride.min(output)).map(phase).collect::<Option<Vec<Phase>>>()?;
        Some(Line { input, phases })
    }

    /// Elements that are read before the first and behind the last; `None` if they are too many.
    fn pads(&self) -> Option<[usize; 2]> {
        let met = self.phases.iter().filter(|phase| !phase.taps.is_empty());
        let pads = met.map(|phase| {
            let last = phase.start + as_imm((phase.taps.len() - 1) * phase.dilation + phase.n);
            [-phase.start, last - as_imm(self.input)]
        });
        let widest = pads.fold([0, 0], |a, b| [a[0].max(b[0]), a[1].max(b[1])]);
        let [before, behind] = widest.map(|n| usize::try_from(n).ok().filter(|&n| n <= MAX_PAD));
        Some([before?, behind?])
    }
}

/// Both dimensions; of one, the first has a single element.
pub(super) struct Lines([Line; 2]);

impl Lines {
    fn of(op: &ConvTranspose, input: &[usize], output: &[usize], kernel: &[usize]) -> Option<Self> {
        let rank = kernel.len();
        let line = |i: usize| Line::new(input[i], output[i], kernel[i], [op.strides[i], op.dilations[i], op.pads[i]]);
        let lines = match rank {
            1 => [Line::new(1, 1, 1, [1, 1, 0])?, line(0)?],
            2 => [line(0)?, line(1)?],
            _ => return None,
        };
        (lines[0].phases.len() * lines[1].phases.len() <= MAX_PHASES).then_some(Lines(lines))
    }

    /// Those of the op in the graph; `None` if there is no kernel for it.
    pub(super) fn in_graph(graph: &Graph, id: NodeId, op: &ConvTranspose) -> Option<Self> {
        let operands = graph.operands(id);
        let spatial = |value: Value| {
            let dims = graph.ty(value).shape.0.iter().skip(2).map(|dim| dim.fixed().and_then(|n| n.try_into().ok()));
            dims.collect::<Option<Vec<usize>>>()
        };
        let (input, kernel) = (spatial(operands[0])?, spatial(operands[1])?);
        let output = graph.ty(Value { node: id, port: 0 }).shape.0.iter().skip(2).map(Dim::fixed);
        let output = output.map(|dim| dim.and_then(|n| n.try_into().ok())).collect::<Option<Vec<usize>>>()?;
        if output.contains(&0) || kernel.contains(&0) {
            return None;
        }
        Lines::of(op, &input, &output, &kernel)
    }

    /// The zeros that are read around the input; `None` if they are too many.
    pub(super) fn halo(&self) -> Option<Halo> {
        let [[top, bottom], [left, right]] = [self.0[0].pads()?, self.0[1].pads()?];
        Some(Halo { top, left, bottom, right, fill: 0 })
    }

    /// Of rows and of columns, each with each.
    pub(super) fn phases(&self) -> impl Iterator<Item = [&Phase; 2]> {
        let [rows, columns] = &self.0;
        rows.phases.iter().flat_map(|rows| columns.phases.iter().map(move |columns| [rows, columns]))
    }

    /// Whether every result is met by a tap.
    fn is_full(&self) -> bool {
        self.0.iter().flat_map(|line| &line.phases).all(|phase| !phase.taps.is_empty())
    }
}

/// The zeros that the op reads around its input; `None` if there is no kernel for it.
pub(super) fn halo(graph: &Graph, id: NodeId, op: &ConvTranspose) -> Option<Halo> {
    Lines::in_graph(graph, id, op)?.halo()
}

pub(super) fn lower(
    planner: &mut Planner<'_>,
    id: NodeId,
    op: &ConvTranspose,
    operands: &[Value],
    (epilogue, others): (&Epilogue, &[Value]),
) -> Result<Lowered, CompileError> {
    let (x, y) = (operands[0], Value { node: id, port: 0 });
    let lines = Lines::in_graph(planner.graph, id, op).filter(|lines| lines.halo().is_some());
    let Some(lines) = lines.filter(|_| planner.is_all_f32(id)) else { return Ok(Lowered::NoKernel) };
    let Some(weights) = planner.constant(operands[1])? else { return Ok(Lowered::NoKernel) };
    let n_out = planner.dims(operands[1])[1] * op.group;
    let bias = operands.get(2).map_or(Ok(Some(vec![0.0; n_out])), |&bias| planner.constant(bias))?;
    let Some(bias) = bias else { return Ok(Lowered::NoKernel) };
    // Results that no tap meets are no tile's.
    let tiles = if lines.is_full() { Tiles::Unary } else { Tiles::None };
    let Some(parts) = Parts::of(planner, epilogue, others, y, tiles) else { return Ok(Lowered::NoKernel) };
    let form = Form { op, dims: planner.dims(operands[1]) };
    let is_small = form.convolution([1, 1]).n_classes(planner.isa.lanes()) <= MAX_CLASSES;
    if !is_small || ![x, y].iter().all(|&value| is_addressable(planner, value, planner.halo(value))) {
        return Ok(Lowered::NoKernel);
    }
    let view = planner.new_blocked(y)?;
    let deconvolution = Deconvolution { form, x, weights, bias };
    for phases in lines.phases() {
        deconvolution.push(planner, y, view, phases, &parts.finish)?;
    }
    parts.push_rest(planner, y, view)?;
    Ok(Lowered::Done)
}

/// The op, and the dimensions of its weights.
pub(super) struct Form<'a> {
    pub(super) op: &'a ConvTranspose,
    pub(super) dims: Vec<usize>,
}

impl Form<'_> {
    /// Output channels.
    pub(super) fn n_out(&self) -> usize {
        self.dims[1] * self.op.group
    }

    /// The output channel of a weight, by its index.
    pub(super) fn channel(&self, i: usize) -> usize {
        let (n_taps, per_group) = (self.dims[2..].iter().product::<usize>(), self.dims[1]);
        let (input, output) = (i / n_taps / per_group, i / n_taps % per_group);
        input / (self.dims[0] / self.op.group) * per_group + output
    }

    /// The convolution that a phase is, but for what it reads.
    pub(super) fn convolution(&self, kernel: [usize; 2]) -> Shape {
        Shape {
            n_out: self.n_out(),
            per_group: self.dims[0] / self.op.group,
            group: self.op.group,
            kernel,
            strides: [1, 1],
            dilations: [1, 1],
            pads: [0, 0],
        }
    }

    /// The convolution that a phase is.
    pub(super) fn shape(&self, [rows, columns]: [&Phase; 2]) -> Shape {
        Shape {
            dilations: [rows.dilation, columns.dilation],
            pads: [-rows.start, -columns.start],
            ..self.convolution([rows.taps.len(), columns.taps.len()])
        }
    }

    /// Where a phase's results go, which lie [`strides`](Form::strides) apart.
    pub(super) fn view(whole: View, [rows, columns]: [&Phase; 2]) -> View {
        let image = whole.image;
        let size = Size { h: rows.n, w: columns.n, ..image.size };
        let start = whole.start + rows.first * image.row + columns.first * image.block;
        View { start, image: Image { size, ..image }, ..whole }
    }

    pub(super) fn strides(&self) -> [usize; 2] {
        match self.op.strides[..] {
            [h, w] => [h, w],
            [w] => [1, w],
            _ => [1, 1],
        }
    }

    /// The weights of a phase's taps, as a convolution has them.
    pub(super) fn weights<T: Copy>(&self, all: &[T], [rows, columns]: [&Phase; 2]) -> Vec<T> {
        let (per_group, per_input) = (self.dims[1], self.dims[0] / self.op.group);
        let width = self.dims.get(3).copied().unwrap_or(self.dims[2]);
        let n_taps: usize = self.dims[2..].iter().product();
        let mut weights = Vec::with_capacity(self.n_out() * per_input * rows.taps.len() * columns.taps.len());
        for o in 0..self.n_out() {
            for c in o / per_group * per_input..(o / per_group + 1) * per_input {
                let own = &all[(c * per_group + o % per_group) * n_taps..][..n_taps];
                weights.extend(
                    rows.taps.iter().flat_map(|row| columns.taps.iter().map(move |tap| own[row * width + tap])),
                );
            }
        }
        weights
    }
}

/// What all phases have in common.
struct Deconvolution<'a> {
    form: Form<'a>,
    x: Value,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Deconvolution<'_> {
    fn push(
        &self,
        planner: &mut Planner<'_>,
        y: Value,
        whole: View,
        phases: [&Phase; 2],
        finish: &[Finish],
    ) -> Result<(), CompileError> {
        let (view, strides) = (Form::view(whole, phases), self.form.strides());
        if phases.iter().any(|phase| phase.taps.is_empty()) {
            let bias = planner.add_channels(&self.bias);
            planner.push(y, fill(bias, view, strides));
            return Ok(());
        }
        let shape = self.form.shape(phases);
        let convolution = Convolution {
            name: kernel_name("conv_transpose_f32", &shape),
            weights: self.form.weights(&self.weights, phases).into(),
            shape,
            x: self.x,
            bias: self.bias.clone(),
        };
        convolution.push(planner, Target { value: y, view, strides, finish: finish.to_vec(), residual: None })
    }
}

/// A number for each channel, everywhere.
pub(super) fn fill(numbers: usize, view: View, [down, right]: [usize; 2]) -> Move {
    let Image { dtype, size, block, row, plane, image, .. } = view.image;
    let bytes = |n: usize| as_imm(n * dtype.size());
    let axis = |n: usize, x: usize, y: usize| Axis { n, x: Way::Step(bytes(x)), y: bytes(y) };
    let axes = [
        axis(size.n, 0, image),
        axis(view.image.n_blocks(), block, plane),
        axis(size.h, 0, row * down),
        axis(size.w, 0, block * right),
        axis(block, 1, 1),
    ];
    Move::new("fill", (Origin::Weight(numbers), 0), view, dtype.size(), axes)
}
