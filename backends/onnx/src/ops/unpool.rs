//! Values put back where a pool found them.

use firebrick_ir::ops::Unpool;
use firebrick_ir::{Tensor, Type};

use crate::attr;
use crate::lower::{Lowered, Lowering};

/// Zeros in which the values are scattered, plane by plane. (MaxUnpool's positions are in the whole tensor, and runtimes
/// don't agree on what they mean if its shape is given.)
pub(super) fn unpool(l: &mut Lowering<'_>, op: &Unpool) -> Lowered {
    let (values, positions) = (l.arg(0), l.arg(1));
    let ty: &Type = l.result(0);
    let (batch, channels) = match (&ty.shape.0[0].fixed(), &ty.shape.0[1].fixed()) {
        (Some(batch), Some(channels)) => (*batch as usize, *channels as usize),
        (_, _) => return Err("its batch or its channels are symbolic: give the input's shape".to_owned()),
    };
    let plane: usize = op.size.iter().product();
    let n_bytes = batch.saturating_mul(channels).saturating_mul(plane).saturating_mul(ty.dtype.size());
    let zeros = Tensor::new(ty.dtype, &[batch, channels, plane], vec![0; n_bytes].into());
    let zeros = l.tensor("zeros", zeros.map_err(|error| error.to_string())?);
    let in_planes = [batch as i64, channels as i64, -1].to_vec();
    let values = l.reshape(&values, in_planes.clone())?;
    let positions = l.reshape(&positions, in_planes)?;
    let scatter = if l.version() < 11 { "Scatter" } else { "ScatterElements" };
    let scattered = l.same(scatter, &[zeros, positions, values], vec![attr::int("axis", 2)])?;
    let size = op.size.iter().map(|&n| n as i64);
    Ok(vec![l.reshape(&scattered, [batch as i64, channels as i64].into_iter().chain(size).collect())?])
}
