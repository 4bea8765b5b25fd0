use crate::check::{check, check_native};

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

#[test]
fn what_is_added() {
    for dims in ["[1, 9]", "[1]", "[1, 1]", "[]"] {
        check_native(&format!(
            r#"graph "gemm" {{ %x = input : f32[4, 6] %w = const random(3) : f32[6, 9] %b = const random(4) : f32{dims}
            %y = gemm(%x, %w, %b) trans_a=false trans_b=false return %y }}"#
        ));
    }
    for dims in ["[4, 1]", "[4, 9]"] {
        check(&format!(
            r#"graph "gemm" {{ %x = input : f32[4, 6] %w = const random(3) : f32[6, 9] %b = const random(4) : f32{dims}
            %y = gemm(%x, %w, %b) trans_a=false trans_b=false return %y }}"#
        ));
    }
}

#[test]
fn other_forms() {
    check(
        r#"graph "gemm" { %x = input : f32[6, 4] %w = const random(3) : f32[6, 9]
        %y = gemm(%x, %w) trans_a=true trans_b=false return %y }"#,
    );
    check(
        r#"graph "gemm" { %x = input : f32[4, 6] %w = input : f32[6, 9]
        %y = gemm(%x, %w) trans_a=false trans_b=false return %y }"#,
    );
}
