//! Images sampled at positions and in regions, moved taps, determinants and Fourier transforms. Results of samples are
//! ONNX Runtime 1.32's but for its rounding of weights to f32, those of moved taps the reference implementation's of ONNX, and of transforms NumPy's.

mod common;

use firebrick_ir::Tensor;
use firebrick_ir::ops::{DeformConv, Det, Dft, GridPadding, GridSample, ResizeFn, RoiAlign, RoiAlignFn, RoiPool};

use common::{check, check_infer, f32s, tensor};

const ZEROS: GridPadding = GridPadding::Zeros;
const BORDER: GridPadding = GridPadding::Border;
const REFLECTION: GridPadding = GridPadding::Reflection;

#[test]
fn grid_sample() {
    let x = f32s(&[1, 1, 2, 3], [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
    // In both kinds of coordinates, a position at a corner, one inside and three outside.
    let grid = f32s(&[1, 1, 5, 2], [-1.0, -1.0, 0.25, 0.0, 1.2, 0.5, -1.5, 2.5, 0.9, -0.6]);
    let cases: &[(ResizeFn, GridPadding, bool, [f32; 5])] = &[
        (ResizeFn::Nearest, ZEROS, false, [1.0, 2.0, 0.0, 0.0, 4.0]),
        (ResizeFn::Nearest, ZEROS, true, [1.0, 2.0, 32.0, 0.0, 4.0]),
        (ResizeFn::Nearest, BORDER, true, [1.0, 2.0, 32.0, 8.0, 4.0]),
        (ResizeFn::Nearest, REFLECTION, false, [1.0, 2.0, 32.0, 1.0, 4.0]),
        (ResizeFn::Linear, ZEROS, false, [0.25, 12.375, 6.4, 0.0, 2.34]),
        (ResizeFn::Linear, ZEROS, true, [1.0, 11.25, 20.0, 1.0, 9.12]),
        (ResizeFn::Linear, BORDER, false, [1.0, 12.375, 32.0, 8.0, 4.0]),
        (ResizeFn::Linear, BORDER, true, [1.0, 11.25, 25.0, 8.0, 9.12]),
        (ResizeFn::Linear, REFLECTION, false, [1.0, 12.375, 32.0, 1.25, 4.0]),
        (ResizeFn::Linear, REFLECTION, true, [1.0, 11.25, 22.5, 4.125, 9.12]),
        (ResizeFn::Cubic, ZEROS, false, [-0.063_476_56, 16.534_836, 6.015_997, 0.0, 1.424_078]),
        (ResizeFn::Cubic, ZEROS, true, [1.0, 14.423_95, 25.437_87, 0.836_303_7, 10.296_09]),
        (ResizeFn::Cubic, BORDER, false, [0.311_523_4, 12.737_55, 32.384, 8.0, 2.426_487]),
        (ResizeFn::Cubic, BORDER, true, [1.0, 11.513_67, 26.887_76, 7.473_022, 8.577_018]),
        (ResizeFn::Cubic, REFLECTION, false, [-0.253_906_2, 12.737_55, 33.92, 1.156_25, 2.290_009]),
        (ResizeFn::Cubic, REFLECTION, true, [1.0, 11.830_08, 26.685_75, 2.551_758, 6.850_226]),
    ];
    for &(function, padding, align_corners, expected) in cases {
        let op = GridSample { function, padding, align_corners };
        check(op, &[x.clone(), grid.clone()], Ok(&[f32s(&[1, 1, 1, 5], expected)]));
    }
}

#[test]
fn grid_sample_elsewhere() {
    let op = GridSample { function: ResizeFn::Linear, padding: BORDER, align_corners: false };
    let x = f32s(&[1, 1, 2, 2, 2], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    let grid = f32s(&[1, 1, 1, 2, 3], [0.0, 0.0, 0.0, 1.0, -0.5, 0.5]);
    check(op.clone(), &[x, grid], Ok(&[f32s(&[1, 1, 1, 1, 2], [3.5, 5.0])]));
    let x = f32s(&[1, 1, 2], [1.0, 2.0]);
    let grid = f32s(&[1, 4, 1], [f32::NAN, f32::INFINITY, f32::MIN, f32::MAX]);
    let expected = f32s(&[1, 1, 4], [f32::NAN, 2.0, 1.0, 2.0]);
    check(op.clone(), &[x.clone(), grid.clone()], Ok(&[expected]));
    let zeros = GridSample { padding: ZEROS, ..op.clone() };
    check(zeros, &[x, grid], Ok(&[f32s(&[1, 1, 4], [f32::NAN, 0.0, 0.0, 0.0])]));
    check(op.clone(), &[f32s(&[1, 0, 2], []), f32s(&[1, 1, 1], [0.0])], Ok(&[f32s(&[1, 0, 1], [])]));

    check_infer(op.clone(), "f16[N, C, 4, 5] f32[N, H, W, 2]", Ok("f16[N, C, H, W]"));
    let fit = "images [N, C, 4, 5] and positions [N, H, W, 3] do not fit each other";
    check_infer(op.clone(), "f32[N, C, 4, 5] f32[N, H, W, 3]", Err(fit));
    let nothing = "there is nothing to sample in [1, 1, 0]";
    check_infer(op.clone(), "f32[1, 1, 0] f32[1, 1, 1]", Err(nothing));
    check_infer(op, "f32[1, 1] f32[1, 1, 1]", Err("operand 0 has 2 dimensions, but should have 3 to 5"));
}

/// k² / 4 for 16 elements.
fn squares() -> Tensor {
    f32s(&[1, 1, 4, 4], (0u8..16).map(|k| f32::from(k) * f32::from(k) / 4.0).collect::<Vec<_>>())
}

#[test]
fn roi_align() {
    let plain = RoiAlign {
        function: RoiAlignFn::Average,
        size: vec![2, 2],
        sampling_ratio: 0,
        spatial_scale: 1.0,
        half_pixel: true,
    };
    let (inside, across) = ([0.5, 0.5, 3.0, 2.5], [-3.0, -3.0, 2.0, 5.0]);
    let twice = RoiAlign { sampling_ratio: 2, spatial_scale: 0.5, ..plain.clone() };
    let from_middle = RoiAlign { half_pixel: false, ..plain.clone() };
    let maxima = RoiAlign { function: RoiAlignFn::Max, sampling_ratio: 2, ..plain.clone() };
    let cases = [
        (&plain, inside, [2.781_25, 4.828_125, 12.031_25, 16.578_125]),
        (&plain, across, [0.0, 0.0625, 0.0, 25.125]),
        (&from_middle, inside, [6.640_625, 10.218_75, 20.890_625, 26.968_75]),
        (&from_middle, across, [0.166_666_67, 0.840_277_8, 6.0, 20.940_971]),
        (&twice, inside, [0.291_015_63, 0.507_812_5, 2.136_718_8, 2.859_375]),
        (&twice, across, [0.0, 0.011_718_75, 0.0, 6.210_937_5]),
        (&maxima, inside, [4.394_531_3, 5.484_375, 14.238_281, 15.234_375]),
        (&maxima, across, [0.0, 0.218_75, 0.0, 36.968_75]),
    ];
    for (op, region, expected) in cases {
        let operands = [squares(), f32s(&[1, 4], region), tensor::<i64>(&[1], [0])];
        check(op.clone(), &operands, Ok(&[f32s(&[1, 1, 2, 2], expected)]));
    }
    let image = [squares(), f32s(&[1, 4], inside), tensor::<i64>(&[1], [1])];
    check(plain.clone(), &image, Err("index 1 is outside a dimension of 1"));
    let vast = [squares(), f32s(&[1, 4], [0.0, 0.0, 1e9, 1e9]), tensor::<i64>(&[1], [0])];
    check(plain.clone(), &vast, Err("the region [0.0, 0.0, 1000000000.0, 1000000000.0] is not one of an image"));

    check_infer(plain.clone(), "f32[N, C, 4, 4] f32[R, 4] i64[R]", Ok("f32[R, C, 2, 2]"));
    let corners = "regions [R, 5] and their images [R] are not [R, 4] and [R]";
    check_infer(plain, "f32[N, C, 4, 4] f32[R, 5] i64[R]", Err(corners));
}

#[test]
fn roi_pool() {
    let plain = RoiPool { size: vec![2, 2], spatial_scale: 1.0 };
    let regions = f32s(&[1, 5], [0.0, 1.0, 0.0, 3.0, 2.0]);
    check(plain.clone(), &[squares(), regions], Ok(&[f32s(&[1, 1, 2, 2], [9.0, 12.25, 25.0, 30.25])]));
    let halves = RoiPool { spatial_scale: 0.5, ..plain.clone() };
    let regions = f32s(&[1, 5], [0.0, -3.0, -3.0, 5.0, 3.0]);
    check(halves, &[squares(), regions], Ok(&[f32s(&[1, 1, 2, 2], [0.0, 2.25, 16.0, 30.25])]));
    let far = f32s(&[1, 5], [0.0, f32::NAN, 1e30, -1e30, f32::INFINITY]);
    check(plain.clone(), &[squares(), far], Ok(&[f32s(&[1, 1, 2, 2], [0.0; 4])]));
    check_infer(plain.clone(), "f32[N, C, H, W] f32[R, 5]", Ok("f32[R, C, 2, 2]"));
    check_infer(plain, "f32[N, C, H, W] f32[R, 4]", Err("regions should be [R, 5], but are [R, 4]"));
}

#[test]
fn deform_conv() {
    let plain = DeformConv { strides: vec![1, 1], pads: vec![0; 4], dilations: vec![1, 1], group: 1, offset_group: 2 };
    let x = f32s(&[1, 2, 3, 3], (0u8..18).map(f32::from).collect::<Vec<_>>());
    let w = f32s(&[1, 2, 2, 2], [1.0, -1.0, 0.5, 2.0, 1.0, 0.0, 2.0, -1.0]);
    let offsets: Vec<f32> = (0..64u8).map(|i| (f32::from(i) * 7.0 % 11.0 - 5.0) / 4.0).collect();
    let factors: Vec<f32> = (0..32u8).map(|i| (f32::from(i) * 5.0 % 13.0) / 13.0).collect();
    let operands =
        [x.clone(), w.clone(), f32s(&[1, 16, 2, 2], offsets), f32s(&[1], [0.5]), f32s(&[1, 8, 2, 2], factors)];
    check(plain.clone(), &operands, Ok(&[f32s(&[1, 1, 2, 2], [-4.528_846, 13.423_077, 8.019_231, 4.682_692])]));
    let padded = DeformConv { strides: vec![2, 2], pads: vec![1, 0, 0, 1], offset_group: 1, ..plain.clone() };
    let operands = [x, w, f32s(&[1, 8, 2, 2], [0.5; 32])];
    check(padded, &operands, Ok(&[f32s(&[1, 1, 2, 2], [21.25, 16.625, 29.375, 20.5])]));

    let types = "f32[N, 2, 3, 3] f32[4, 2, 2, 2] f32[N, 16, 2, 2]";
    check_infer(plain.clone(), types, Ok("f32[N, 4, 2, 2]"));
    let offsets = "operand 2 is [1, 8, 2, 2], but should be [1, 16, 2, 2]";
    check_infer(plain.clone(), "f32[1, 2, 3, 3] f32[4, 2, 2, 2] f32[1, 8, 2, 2]", Err(offsets));
    let groups = DeformConv { offset_group: 0, ..plain };
    let zero = "attribute `offset_group` is 0, which does not divide 2 channels";
    check_infer(groups, "f32[1, 2, 3, 3] f32[4, 2, 2, 2] f32[1, 8, 2, 2]", Err(zero));
}

#[test]
fn det() {
    check(Det {}, &[f32s(&[2, 2], [0.0, 1.0, 2.0, 3.0])], Ok(&[f32s(&[], [-2.0])]));
    let both =
        f32s(&[2, 3, 3], [2.0, 0.0, 1.0, 1.0, 3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 0.0, 1.0, 1.0]);
    check(Det {}, &[both], Ok(&[f32s(&[2], [0.0, 0.0])]));
    check(Det {}, &[f32s(&[2, 0, 0], [])], Ok(&[f32s(&[2], [1.0, 1.0])]));
    check_infer(Det {}, "f32[N, 3, 3]", Ok("f32[N]"));
    check_infer(Det {}, "f32[3, 2]", Err("[3, 2] are not square matrices"));
    check_infer(Det {}, "f32[3]", Err("[3] are not square matrices"));
}

fn dft(length: usize, inverse: bool, onesided: bool) -> Dft {
    Dft { axis: 0, length, inverse, onesided }
}

#[test]
fn fourier() {
    let x = f32s(&[7, 1], [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
    let spectrum = [
        127.0,
        0.0,
        12.516_32,
        79.242_6,
        -31.157_515,
        42.042_13,
        -41.358_806,
        12.808_93,
        -41.358_806,
        -12.808_93,
        -31.157_515,
        -42.042_13,
        12.516_32,
        -79.242_6,
    ];
    let complex = f32s(&[7, 2], spectrum);
    check(dft(7, false, false), std::slice::from_ref(&x), Ok(std::slice::from_ref(&complex)));
    let half = f32s(&[4, 2], &spectrum[..8]);
    check(dft(7, false, true), std::slice::from_ref(&x), Ok(std::slice::from_ref(&half)));
    check(dft(7, true, true), &[half], Ok(&[x]));
    let ones = [1.0, 0.0, 2.0, 0.0, 4.0, 0.0, 8.0, 0.0, 16.0, 0.0, 32.0, 0.0, 64.0, 0.0];
    check(dft(7, true, false), &[complex], Ok(&[f32s(&[7, 2], ones)]));
    // Cut, and filled with zeros; along another dimension.
    check(dft(2, false, true), &[f32s(&[3, 1], [1.0, 3.0, 9.0])], Ok(&[f32s(&[2, 2], [4.0, 0.0, -2.0, 0.0])]));
    let inner = Dft { axis: 1, ..dft(2, false, false) };
    let operand = f32s(&[2, 1, 1], [5.0, 7.0]);
    check(inner, &[operand], Ok(&[f32s(&[2, 2, 2], [5.0, 0.0, 5.0, 0.0, 7.0, 0.0, 7.0, 0.0])]));
}

/// A long signal of any length comes back.
#[test]
fn long_transforms() {
    for length in [67, 128, 134, 1021] {
        let x = f32s(&[length, 2], (0..2 * length).map(|i| (i * 7 % 11) as f32 - 5.0).collect::<Vec<_>>());
        let op: firebrick_ir::Op = dft(length, false, false).into();
        let spectrum = op.eval(&[&x]).expect("the operand fits");
        check(dft(length, true, false), &spectrum, Ok(&[x]));
    }
}

#[test]
fn types_of_transforms() {
    check_infer(dft(8, false, true), "f32[N, C, 1]", Ok("f32[5, C, 2]"));
    check_infer(dft(8, true, true), "f32[5, C, 2]", Ok("f32[8, C, 1]"));
    check_infer(dft(8, false, true), "f32[8, 2]", Err("the last dimension is 2, but should be one of [1]"));
    check_infer(dft(0, false, true), "f32[8, 1]", Err("attribute `length` is 0"));
    let axis = "attribute `axis` is 0, but [8] has 0 dimensions before the last";
    check_infer(dft(8, false, true), "f32[8]", Err(axis));
}
