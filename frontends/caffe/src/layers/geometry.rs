//! What the convolution family reads of `convolution_param`: channels and windows.

use firebrick_ir::Value;
use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::ConvolutionParameter;

use super::LayerContext;
use super::reshape::{count, reshaped};
use crate::problem::Problem;

/// A bottom's channels, and the window that slides over the dimensions behind them.
pub(super) struct Geometry {
    /// The dimensions before the channels, which are a batch all together.
    leading: Vec<u64>,
    /// The channels.
    pub(super) channels: u64,
    /// The dimensions behind them; may be none.
    spatial: Vec<u64>,
    /// The window: a number for each spatial dimension.
    pub(super) kernel: Vec<u64>,
    /// Steps between windows.
    pub(super) strides: Vec<usize>,
    /// Elements added at both ends.
    pub(super) pads: Vec<usize>,
    /// Steps between a window's elements.
    pub(super) dilations: Vec<usize>,
}

/// How many outputs a filter bank has, and into how many groups it is split.
#[derive(Clone, Copy)]
pub(super) struct Filters {
    pub(super) n_out: u64,
    pub(super) group: u64,
}

impl Geometry {
    /// Reads the fields that say it: one number for all dimensions, one for each, or `_h` and `_w`.
    pub(super) fn read(ctx: &LayerContext<'_, '_>, param: &ConvolutionParameter) -> Result<Self, Problem> {
        let ConvolutionParameter {
            // The filters, which the layers read.
            num_output: _,
            bias_term: _,
            group: _,
            weight_filler: _,
            bias_filler: _,
            pad,
            kernel_size,
            stride,
            dilation,
            pad_h,
            pad_w,
            kernel_h,
            kernel_w,
            stride_h,
            stride_w,
            axis: _, // read through its getter
            hole,
            // How to compute, not what.
            engine: _,
            force_nd_im2col: _,
        } = param;
        let dims = ctx.dims(ctx.bottom(0));
        let axis = ctx.axis(&field("axis", ctx), param.axis(), dims.len())?;
        let (leading, spatial) = (dims[..axis].to_vec(), dims[axis + 1..].to_vec());
        let n = spatial.len();
        let dilation = match (dilation.as_slice(), hole) {
            ([], Some(hole)) => std::slice::from_ref(hole),
            (dilation, None) => dilation,
            (_, Some(_)) => {
                return Err(ctx.problem_at(field("hole", ctx), "`hole` and `dilation` are two names of the same thing"));
            }
        };
        let strides = Numbers { name: "stride", all: stride, two: [*stride_h, *stride_w], default: Some(1) };
        let pads = Numbers { name: "pad", all: pad, two: [*pad_h, *pad_w], default: Some(0) };
        let dilations = Numbers { name: "dilation", all: dilation, two: [None, None], default: Some(1) };
        let kernel = Numbers { name: "kernel_size", all: kernel_size, two: [*kernel_h, *kernel_w], default: None };
        Ok(Geometry {
            channels: dims[axis],
            leading,
            spatial,
            kernel: kernel.read(ctx, n)?.into_iter().map(u64::from).collect(),
            strides: sizes(strides.read(ctx, n)?),
            pads: sizes(pads.read(ctx, n)?),
            dilations: sizes(dilations.read(ctx, n)?),
        })
    }

    /// The filters, if they divide the channels.
    pub(super) fn filters(&self, ctx: &LayerContext<'_, '_>, n_out: u64, group: u64) -> Result<Filters, Problem> {
        if n_out == 0 {
            return Err(ctx.problem_at(field("num_output", ctx), "`num_output` is missing or 0"));
        }
        let channels = self.channels;
        if group == 0 || !channels.is_multiple_of(group) || !n_out.is_multiple_of(group) {
            let message = format!("`group` is {group}, which does not divide {channels} channels and {n_out} outputs");
            return Err(ctx.problem_at(field("group", ctx), message));
        }
        Ok(Filters { n_out, group })
    }

    /// The weights as blobs of the layer: those of `dims` with the kernel behind, and a bias if there is one.
    pub(super) fn weights(
        &self,
        ctx: &mut LayerContext<'_, '_>,
        param: &ConvolutionParameter,
        dims: [u64; 2],
        n_out: u64,
    ) -> Result<Vec<Value>, Problem> {
        let stored = [&dims, self.kernel.as_slice()].concat();
        let graph = [&dims, self.op_kernel()].concat();
        let mut weights = vec![ctx.weight_as(0, "weights", &stored, param.weight_filler.as_deref(), &graph)?];
        if param.bias_term() {
            weights.push(ctx.weight(1, "bias", &[n_out], param.bias_filler.as_deref())?);
        }
        Ok(weights)
    }

    /// Applies an op to each bottom as `[N, C, spatial...]`, and gives its result the dimensions of the layer's top.
    pub(super) fn apply(
        &self,
        ctx: &mut LayerContext<'_, '_>,
        op: impl Fn(&mut LayerContext<'_, '_>, Value) -> Result<Value, Problem>,
    ) -> super::Tops {
        ctx.not_in_place()?;
        let bottoms = ctx.bottoms();
        if bottoms.len() != ctx.n_tops() {
            let (bottoms, tops) = (bottoms.len(), ctx.n_tops());
            return Err(ctx.problem(format!("{bottoms} bottoms need as many tops, and there are {tops}")));
        }
        let expected = ctx.dims(bottoms[0]);
        let input = [&[count(&self.leading), self.channels], self.op_spatial()].concat();
        let mut tops = Vec::with_capacity(bottoms.len());
        for (index, bottom) in bottoms.into_iter().enumerate() {
            let found = ctx.dims(bottom);
            if found != expected {
                let message =
                    format!("bottom {index} should have the shape {expected:?} of the first, but has {found:?}");
                return Err(ctx.problem(message));
            }
            let x = reshaped(ctx, bottom, &input)?;
            let y = op(ctx, x)?;
            let dims = ctx.dims(y);
            let spatial = if self.spatial.is_empty() { &[] } else { &dims[2..] };
            let top = [&self.leading, &dims[1..2], spatial].concat();
            tops.push(Some(reshaped(ctx, y, &top)?));
        }
        Ok(tops)
    }

    /// The kernel as the ops have it, which need at least one spatial dimension.
    fn op_kernel(&self) -> &[u64] {
        if self.spatial.is_empty() { &[1] } else { &self.kernel }
    }

    fn op_spatial(&self) -> &[u64] {
        if self.spatial.is_empty() { &[1] } else { &self.spatial }
    }

    /// A field as the ops have it.
    pub(super) fn or_one_dimension(&self, numbers: &[usize], one: usize) -> Vec<usize> {
        if self.spatial.is_empty() { vec![one] } else { numbers.to_vec() }
    }

    /// Pads of a convolution: all beginnings, then all ends.
    ///
    /// Caffe divides by the stride towards zero, so that a window that is too large by less than a stride is still
    /// computed once, with zeros where there is nothing.
    pub(super) fn conv_pads(&self) -> Vec<usize> {
        let ends = (0..self.spatial.len()).map(|i| {
            let padded = (self.pads[i] as u64).saturating_mul(2).saturating_add(self.spatial[i]);
            let extent = (self.dilations[i] as u64).saturating_mul(self.kernel[i] - 1).saturating_add(1);
            let missing = usize::try_from(extent.saturating_sub(padded)).unwrap_or(usize::MAX);
            if missing < self.strides[i] { self.pads[i].saturating_add(missing) } else { self.pads[i] }
        });
        let ends: Vec<usize> = ends.collect();
        [self.or_one_dimension(&self.pads, 0), self.or_one_dimension(&ends, 0)].concat()
    }
}

/// One of the window's numbers, as the file may say it.
struct Numbers<'a> {
    name: &'static str,
    /// One for all dimensions, or one for each.
    all: &'a [u32],
    /// The forms with `_h` and `_w`.
    two: [Option<u32>; 2],
    /// What it is if the file says nothing.
    default: Option<u32>,
}

impl Numbers<'_> {
    /// The number for each of `n` spatial dimensions.
    fn read(&self, ctx: &LayerContext<'_, '_>, n: usize) -> Result<Vec<u32>, Problem> {
        let name = self.name;
        let problem = |message: String| Err(ctx.problem_at(field(name, ctx), message));
        let numbers = match (self.two, self.all) {
            ([None, None], []) => match self.default {
                Some(value) => vec![value; n],
                None if n == 0 => Vec::new(),
                None => return problem(format!("`{name}` is missing")),
            },
            ([None, None], [value]) => vec![*value; n],
            ([None, None], values) if values.len() == n => values.to_vec(),
            ([None, None], values) => {
                return problem(format!("`{name}` is given {} times for {n} spatial dimensions", values.len()));
            }
            // One of the two alone leaves the other 0, which only padding can be.
            ([h, w], []) if n == 2 => vec![h.unwrap_or(0), w.unwrap_or(0)],
            ([_, _], []) => return problem(format!("`_h` and `_w` need 2 spatial dimensions, and there are {n}")),
            ([_, _], [_, ..]) => return problem(format!("`{name}` and its `_h` and `_w` forms exclude each other")),
        };
        if name != "pad" && numbers.contains(&0) {
            return problem(format!("`{name}` is missing or 0 for one of the dimensions"));
        }
        Ok(numbers)
    }
}

fn sizes(numbers: Vec<u32>) -> Vec<usize> {
    numbers.into_iter().map(|number| number as usize).collect()
}

fn field(name: &'static str, ctx: &LayerContext<'_, '_>) -> FieldPath {
    ctx.field("convolution_param", name)
}
