use crate::check::check_native;

#[test]
fn sizes() {
    for m in [1, 2, 5, 17] {
        for (k, n) in [(1, 1), (3, 7), (16, 16), (33, 10), (100, 130)] {
            for (trans_b, dims) in [(false, [k, n]), (true, [n, k])] {
                check_native(&format!(
                    r#"graph "gemm" {{ %x = input : f32[{m}, {k}] %w = const random(3) : f32{dims:?}
                    %b = const random(4) : f32[{n}]
                    %y = gemm(%x, %w, %b) trans_a=false trans_b={trans_b} return %y }}"#
                ));
            }
        }
    }
}

/// Rows of whole vectors, for which there are more sums than registers.
#[test]
fn single_rows() {
    for n in [32, 56, 64, 96, 120, 128, 500, 1000] {
        check_native(&format!(
            r#"graph "gemm" {{ %x = input : f32[1, 20] %w = const random(3) : f32[{n}, 20]
            %y = gemm(%x, %w) trans_a=false trans_b=true return %y }}"#
        ));
    }
}

#[test]
fn what_is_added() {
    for dims in ["[1, 9]", "[1]", "[1, 1]", "[]", "[4, 1]", "[4, 9]"] {
        check_native(&format!(
            r#"graph "gemm" {{ %x = input : f32[4, 6] %w = const random(3) : f32[6, 9] %b = const random(4) : f32{dims}
            %y = gemm(%x, %w, %b) trans_a=false trans_b=false return %y }}"#
        ));
    }
}

/// Both factors computed, stored either way, with something computed added, and with an epilogue.
#[test]
fn computed() {
    for (m, k, n) in [(4, 6, 9), (1, 3, 33), (7, 20, 16), (5, 9, 200)] {
        for (trans_a, trans_b) in [(false, false), (true, false), (false, true), (true, true)] {
            let a = if trans_a { [k, m] } else { [m, k] };
            let b = if trans_b { [n, k] } else { [k, n] };
            check_native(&format!(
                r#"graph "gemm" {{ %a = input : f32{a:?} %b = input : f32{b:?} %c = input : f32[{n}] %r = input : f32[{m}, 1]
                %w = const random(1) : f32{b:?}
                %y = gemm(%a, %b) trans_a={trans_a} trans_b={trans_b}
                %z = fused_gemm(%a, %b, %c, %r) trans_a={trans_a} trans_b={trans_b} epilogue=[relu, add]
                %v = gemm(%a, %w, %c) trans_a={trans_a} trans_b={trans_b} return %y, %z, %v }}"#
            ));
        }
    }
}

#[test]
fn stacks() {
    let forms = [
        ("[3, 4, 6]", "[3, 6, 9]"),
        ("[2, 3, 4, 6]", "[6, 17]"),
        ("[4, 6]", "[3, 6, 9]"),
        ("[2, 1, 4, 6]", "[1, 3, 6, 9]"),
        ("[2, 3, 1, 6]", "[3, 6, 9]"),
        ("[1, 5, 6]", "[2, 1, 6, 33]"),
        ("[1, 1, 5, 6]", "[1, 6, 8]"),
    ];
    for (a, b) in forms {
        check_native(&format!(
            r#"graph "matmul" {{ %a = input : f32{a} %b = input : f32{b} %w = const random(1) : f32{b}
            %y = matmul(%a, %b) %z = matmul(%a, %w) return %y, %z }}"#
        ));
    }
}
