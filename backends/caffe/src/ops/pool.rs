//! Pooling, which rounds the number of windows up in Caffe.

use firebrick_ir::ops::{Pool, PoolFn};
use firebrick_schemas::caffe::{PoolMethod, PoolingParameter};

use super::binary::{Block, scale};
use super::constant::tensor;
use super::pad::padded;
use super::reshape::reshaped;
use super::slice::cropped;
use super::window::number;
use crate::context::Context;
use crate::layer::{Blob, Weight, param};
use crate::selection::Tops;
use crate::{Kind, Reason};

/// Pooling. Windows that Caffe would add are cut off again, windows that it would leave out are kept by padding, and a
/// mean that Caffe would divide by another number is multiplied by the quotient.
pub(super) fn pool(ctx: &mut Context<'_, '_>, op: &Pool) -> Tops {
    let x = ctx.blob(0);
    let (dims, result) = (ctx.dims(x), ctx.result_dims(0));
    let windows = Windows::of(op, &dims, &result)?;
    let wants_positions = op.indices && ctx.is_wanted(1);
    let image = |dims: &[u64]| [dims, &vec![1; 4usize.saturating_sub(dims.len())]].concat();
    let x = reshaped(ctx, x, &image(&dims));
    let missing = windows.missing();
    if wants_positions && missing != [0, 0] {
        return Err(Reason::unsupported("its positions are in an image that would have to be padded"));
    }
    let fill = if op.function == PoolFn::Max { -f32::MAX } else { 0.0 };
    let x = padded(ctx, x, &[0, 0, 0, 0, 0, 0, missing[0], missing[1]], fill);
    let size = [0, 1].map(|i| windows.size[i] + missing[i] as i64);
    let tops = windows.layer(ctx, x, size, if wants_positions { 2 } else { 1 })?;
    let mut results = Vec::with_capacity(2);
    for top in tops {
        let mut y = top;
        for (i, &count) in windows.count.iter().enumerate() {
            y = cropped(ctx, y, 2 + i, 0, count.unsigned_abs());
        }
        if op.function != PoolFn::Max {
            y = windows.divided(ctx, y, size)?;
        }
        results.push(Some(reshaped(ctx, y, &result)));
    }
    results.resize(if op.indices { 2 } else { 1 }, None);
    Ok(results)
}

/// The windows along height and width.
struct Windows {
    size: [i64; 2],
    kernel: [i64; 2],
    strides: [i64; 2],
    begins: [i64; 2],
    ends: [i64; 2],
    /// How many there are to be.
    count: [i64; 2],
    function: PoolFn,
    counts_padding: bool,
}

impl Windows {
    fn of(op: &Pool, dims: &[u64], result: &[u64]) -> Result<Self, Reason> {
        let n_spatial = dims.len().saturating_sub(2);
        if n_spatial > 2 {
            return Err(Reason::unsupported(format!("Caffe pools along 2 dimensions, and these are {n_spatial}")));
        }
        // Caffe's arithmetic is in 32 bits.
        let bounded = |numbers: &[usize]| {
            numbers
                .iter()
                .all(|&n| i32::try_from(n).is_ok())
                .then_some(())
                .ok_or_else(|| Reason::TooLarge(dims.to_vec()))
        };
        for numbers in [&op.kernel, &op.strides, &op.pads] {
            bounded(numbers)?;
        }
        if op.dilations.iter().zip(&op.kernel).any(|(&dilation, &kernel)| dilation != 1 && kernel != 1) {
            return Err(Reason::unsupported("Caffe's pooling has no dilation"));
        }
        let (begins, ends) = op.pads.split_at(op.pads.len() / 2);
        let pair = |numbers: &[usize], default: i64| {
            [0, 1].map(|i| numbers.get(i).map_or(default, |&n| i64::try_from(n).unwrap_or(i64::MAX)))
        };
        let sizes = |dims: &[u64]| [0, 1].map(|i| dims.get(2 + i).map_or(1, |&n| i64::try_from(n).unwrap_or(i64::MAX)));
        let windows = Windows {
            size: sizes(dims),
            kernel: pair(&op.kernel, 1),
            strides: pair(&op.strides, 1),
            begins: pair(begins, 0),
            ends: pair(ends, 0),
            count: sizes(result),
            function: op.function,
            counts_padding: op.count_include_pad,
        };
        if (0..2).any(|i| windows.begins[i] >= windows.kernel[i]) {
            return Err(Reason::unsupported("its padding is as large as its windows, which Caffe refuses"));
        }
        Ok(windows)
    }

    fn pads_anything(&self) -> bool {
        self.begins != [0, 0]
    }

    /// The windows that Caffe finds along a side of that size.
    fn found(&self, i: usize, size: i64) -> i64 {
        let slack = size + 2 * self.begins[i] - self.kernel[i];
        let count = -((-slack).div_euclid(self.strides[i])) + 1;
        let is_behind = (count - 1) * self.strides[i] >= size + self.begins[i];
        if self.pads_anything() && is_behind { count - 1 } else { count }
    }

    /// What has to be added behind each side for Caffe to find all windows.
    fn missing(&self) -> [usize; 2] {
        [0, 1].map(|i| {
            if self.found(i, self.size[i]) >= self.count[i] {
                return 0;
            }
            let last = (self.count[i] - 1) * self.strides[i];
            let to_be_found = last - self.strides[i] + 1 + self.kernel[i] - 2 * self.begins[i];
            let to_be_kept = last - self.begins[i] + 1;
            usize::try_from(to_be_found.max(to_be_kept) - self.size[i]).unwrap_or(0)
        })
    }

    fn layer(&self, ctx: &mut Context<'_, '_>, x: Blob, size: [i64; 2], n_tops: usize) -> Result<Vec<Blob>, Reason> {
        let method = match self.function {
            PoolFn::Max => PoolMethod::Max,
            PoolFn::Average | PoolFn::Sum => PoolMethod::Ave,
        };
        let pooling = PoolingParameter { pool: Some(method.into()), ..self.fields(size)? };
        let found = [0, 1].map(|i| self.found(i, size[i]).unsigned_abs());
        let dims = [&ctx.dims(x)[..2], &found].concat();
        let tops: Vec<Blob> = (0..n_tops).map(|_| ctx.new_blob(&dims)).collect();
        let set = param(|p| p.pooling_param = Some(Box::new(pooling)));
        ctx.push(Kind::Pooling, set, &[x], Vec::new(), tops.clone());
        Ok(tops)
    }

    fn fields(&self, size: [i64; 2]) -> Result<PoolingParameter, Reason> {
        if self.kernel == size && !self.pads_anything() && self.count == [1, 1] {
            return Ok(PoolingParameter { global_pooling: Some(true), ..PoolingParameter::default() });
        }
        let numbers = |pair: [i64; 2]| -> Result<[u32; 2], Reason> {
            let [h, w] = pair.map(|n| number(usize::try_from(n).unwrap_or(usize::MAX)));
            Ok([h?, w?])
        };
        let (kernel, strides, pads) = (numbers(self.kernel)?, numbers(self.strides)?, numbers(self.begins)?);
        let one = |[h, w]: [u32; 2], default: u32| (h == w && h != default).then_some(h);
        let two = |pair: [u32; 2], i: usize| (pair[0] != pair[1]).then_some(pair[i]);
        Ok(PoolingParameter {
            pad: one(pads, 0),
            pad_h: two(pads, 0),
            pad_w: two(pads, 1),
            kernel_size: one(kernel, 0),
            kernel_h: two(kernel, 0),
            kernel_w: two(kernel, 1),
            stride: one(strides, 1),
            stride_h: two(strides, 0),
            stride_w: two(strides, 1),
            ..PoolingParameter::default()
        })
    }

    /// A mean multiplied by the number that Caffe divides by and divided by the op's own, where they differ. A sum is
    /// divided by 1.
    fn divided(&self, ctx: &mut Context<'_, '_>, y: Blob, size: [i64; 2]) -> Result<Blob, Reason> {
        let sides = [0, 1].map(|i| {
            (0..self.count[i]).map(|o| (self.caffe_divisor(i, o, size[i]), self.divisor(i, o))).collect::<Vec<_>>()
        });
        if sides.iter().flatten().all(|(caffe, own)| caffe == own) {
            return Ok(y);
        }
        let [rows, columns] = sides;
        let quotients = rows.iter().flat_map(|(caffe_h, own_h)| {
            columns.iter().map(move |(caffe_w, own_w)| {
                let own = own_h * own_w;
                if own == 0 { 0.0 } else { ((caffe_h * caffe_w) as f64 / own as f64) as f32 }
            })
        });
        let dims = [rows.len() as u64, columns.len() as u64];
        let weight = Weight::own(tensor(&dims, quotients.collect())?);
        Ok(scale(ctx, &[y], &Block { axis: 2, dims: dims.to_vec() }, vec![weight]))
    }

    /// What Caffe counts of window `o`: all that is not behind the image and the padding at its end.
    fn caffe_divisor(&self, i: usize, o: i64, size: i64) -> i64 {
        let start = o * self.strides[i] - self.begins[i];
        (start + self.kernel[i]).min(size + self.begins[i]) - start
    }

    /// What the op counts of it.
    fn divisor(&self, i: usize, o: i64) -> i64 {
        if self.function == PoolFn::Sum {
            return 1;
        }
        let start = o * self.strides[i] - self.begins[i];
        let end = start + self.kernel[i];
        if self.counts_padding {
            return (end.min(self.size[i] + self.ends[i]) - start).max(0);
        }
        (end.min(self.size[i]) - start.max(0)).max(0)
    }
}
