use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::check::check_native;

/// A plain value, and one in blocks.
fn check_all(dims: &[usize], op: &str, attributes: &str) {
    let [n, c, h, w] = dims[..] else { panic!("images have four dimensions") };
    check_native(&format!(
        r#"graph "moved" {{ %x = input : f32[{n}, {c}, {h}, {w}] %y = {op}(%x) {attributes}
        %v = const random(1) : f32[{c}, {c}, 1, 1]
        %b = conv(%x, %v) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1 %z = {op}(%b) {attributes}
        return %y, %z }}"#
    ));
}

/// Elements of other sizes.
fn check_types(dims: &[usize], op: &str, attributes: &str) {
    for dtype in ["u8", "f16", "i64"] {
        check_native(&format!(
            r#"graph "moved" {{ %x = const random(1) : {dtype}{dims:?} %y = {op}(%x) {attributes} return %y }}"#
        ));
    }
}

fn permutations() -> impl Iterator<Item = [usize; 4]> {
    let numbers = (0..256).map(|i| [i / 64, i / 16 % 4, i / 4 % 4, i % 4]);
    numbers.filter(|perm| (0..4).all(|dim| perm.contains(&dim)))
}

#[test]
fn transposes() {
    let sizes = [[2, 3, 4, 5], [1, 16, 9, 7], [3, 32, 1, 6], [2, 5, 8, 12]];
    for (perm, dims) in permutations().zip(sizes.iter().cycle()) {
        check_all(dims, "transpose", &format!("perm={perm:?}"));
    }
    for dims in sizes {
        check_all(&dims, "transpose", "perm=[0, 2, 3, 1]");
    }
    check_types(&[5, 6, 18], "transpose", "perm=[2, 0, 1]");
    check_types(&[5, 1, 18], "transpose", "perm=[0, 2, 1]");
    check_native(
        r#"graph "six" { %x = input : f32[2, 3, 2, 2, 3, 5] %y = transpose(%x) perm=[5, 0, 4, 1, 3, 2] return %y }"#,
    );
    check_native(r#"graph "scalar" { %x = input : f32[] %y = transpose(%x) perm=[] return %y }"#);
}

#[test]
fn slices() {
    let forms = [
        "axes=[] starts=[] counts=[] steps=[]",
        "axes=[1] starts=[2] counts=[9] steps=[1]",
        "axes=[1] starts=[16] counts=[16] steps=[1]",
        "axes=[3, 2] starts=[6, 8] counts=[3, 5] steps=[-3, -2]",
        "axes=[0, 3] starts=[1, 0] counts=[1, 4] steps=[1000000000000, 2]",
    ];
    for form in forms {
        check_all(&[2, 33, 9, 7], "slice", form);
        check_types(&[2, 33, 9, 7], "slice", form);
    }
}

#[test]
fn tiles() {
    for repeats in [[1, 1, 1, 1], [2, 1, 3, 1], [1, 2, 1, 5], [3, 1, 1, 1]] {
        check_all(&[2, 3, 4, 5], "tile", &format!("repeats={repeats:?}"));
        check_types(&[2, 1, 4, 5], "tile", &format!("repeats={repeats:?}"));
    }
    check_types(&[1, 1, 1, 1], "tile", "repeats=[1, 5, 1, 40]");
}

#[test]
fn pads() {
    for pads in ["[0, 0, 0, 0, 0, 0, 0, 0]", "[0, 0, 1, 2, 0, 0, 3, 4]", "[1, 2, 0, 0, 3, 1, 9, 0]"] {
        for mode in ["constant", "edge", "reflect", "wrap"] {
            check_all(&[2, 3, 4, 5], "pad", &format!("mode={mode} pads={pads} value=1.5"));
            check_types(&[2, 3, 4, 5], "pad", &format!("mode={mode} pads={pads} value=1.0"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Slices of transposes of any rank.
    #[test]
    fn moves_of_moves(
        perm in subsequence((0..5usize).collect::<Vec<_>>(), 5).prop_shuffle(),
        dims in prop::collection::vec(1..9usize, 5),
        starts in prop::collection::vec(0..9usize, 5),
    ) {
        let moved: Vec<usize> = perm.iter().map(|&dim| dims[dim]).collect();
        let starts: Vec<usize> = starts.iter().zip(&moved).map(|(start, n)| start % n).collect();
        let counts: Vec<usize> = starts.iter().zip(&moved).map(|(start, n)| (n - start).div_ceil(2)).collect();
        check_native(&format!(
            r#"graph "moved" {{ %x = input : f32{dims:?} %y = transpose(%x) perm={perm:?}
            %z = slice(%y) axes=[0, 1, 2, 3, 4] starts={starts:?} counts={counts:?} steps=[2, 2, 2, 2, 2] return %z, %y }}"#
        ));
    }
}
