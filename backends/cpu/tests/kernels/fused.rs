use crate::check::{check, check_native};

const EPILOGUES: &[(&str, &str)] = &[
    ("[relu]", ""),
    ("[add]", ", %r"),
    ("[add, relu]", ", %r"),
    ("[relu, add]", ", %r"),
    ("[add, relu, add, relu]", ", %r, %s"),
    ("[clip(0.0, 0.5)]", ""),
    ("[leaky_relu(0.25), mul]", ", %k"),
    ("[prelu, add, tanh]", ", %k, %r"),
    ("[add, max]", ", %n, %n"),
];

fn conv(c: usize, group: usize, (epilogue, operands): (&str, &str)) -> String {
    format!(
        r#"graph "fused" {{
        %x = input : f32[2, {c}, 9, 10] %r = input : f32[2, 20, 9, 5]
        %w = const random(1) : f32[20, {}, 3, 3] %b = const random(2) : f32[20]
        %s = const random(3) : f32[2, 20, 9, 5] %k = const random(4) : f32[20, 1, 1] %n = const splat(0.1) : f32[]
        %y = fused_conv(%x, %w, %b{operands}) strides=[1, 2] pads=[1, 1, 1, 0] dilations=[1, 1] group={group} epilogue={epilogue}
        %v = const random(5) : f32[3, 20, 3, 3]
        %z = conv(%y, %v) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1
        return %z, %y }}"#,
        c / group
    )
}

#[test]
fn convolutions() {
    for &epilogue in EPILOGUES {
        check_native(&conv(3, 1, epilogue));
        check_native(&conv(20, 20, epilogue));
    }
    // A number for each column has no kernel.
    check(
        &conv(3, 1, ("[add]", ", %x"))
            .replace("%x = input : f32[2, 3, 9, 10]", "%x = input : f32[2, 3, 9, 10] %q = const random(9) : f32[5]")
            .replace("%b, %x", "%b, %q"),
    );
}

/// What is added may lie in a halo of its own.
#[test]
fn residuals() {
    check_native(
        r#"graph "residual" { %x = input : f32[1, 16, 7, 7] %w = const random(1) : f32[16, 16, 3, 3] %b = const random(2) : f32[16]
        %a = fused_conv(%x, %w, %b) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 epilogue=[relu]
        %c = fused_conv(%a, %w, %b, %a) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 epilogue=[add, relu]
        %u = const random(3) : f32[16, 16, 1, 1]
        %d = fused_conv(%c, %u, %b, %x) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1 epilogue=[add]
        return %d }"#,
    );
}

#[test]
fn products() {
    for (epilogue, operands) in [("[relu]", ""), ("[relu, add]", ", %r"), ("[add, sigmoid]", ", %r"), ("[mul]", ", %n")]
    {
        for (m, n) in [(1, 10), (4, 16), (5, 21)] {
            check_native(&format!(
                r#"graph "fused" {{ %x = input : f32[{m}, 6] %r = input : f32[{m}, {n}] %w = const random(3) : f32[6, {n}]
                %b = const random(4) : f32[{n}] %n = const splat(3.0) : f32[1]
                %y = fused_gemm(%x, %w, %b{operands}) trans_a=false trans_b=false epilogue={epilogue} return %y }}"#
            ));
        }
    }
}

/// Two convolutions and a value from elsewhere, with whole blocks of channels and without.
#[test]
fn expands() {
    for [a, copied, b] in [[16, 32, 48], [16, 16, 5], [3, 7, 10]] {
        for epilogue in ["[]", "[relu]"] {
            check_native(&format!(
                r#"graph "expand" {{ %x = input : f32[2, 12, 8, 9]
                %w0 = const random(1) : f32[{copied}, 12, 1, 1]
                %c = conv(%x, %w0) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
                %w1 = const random(2) : f32[{a}, 12, 1, 1] %b1 = const random(3) : f32[{a}]
                %w2 = const random(4) : f32[{b}, 12, 3, 3] %b2 = const random(5) : f32[{b}]
                %e = expand(%x, %w1, %b1, %c, %w2, %b2) strides=[1, 1] branches=[conv, copy, conv]
                    pads=[[0, 0, 0, 0], [1, 1, 1, 1]] dilations=[[1, 1], [1, 1]] group=[1, 1]
                    activation=[relu, none] epilogue={epilogue}
                %w3 = const random(6) : f32[4, {}, 3, 3]
                %y = conv(%e, %w3) strides=[2, 2] pads=[1, 1, 0, 0] dilations=[1, 1] group=1
                return %y, %e }}"#,
                a + copied + b
            ));
        }
    }
}

/// Without a copy, what is done to the whole is done to each branch: by tiles, if they can do it and parts are whole
/// blocks.
#[test]
fn expands_with_epilogues() {
    let epilogues = [
        ("[relu]", "", ""),
        ("[leaky_relu(0.5), relu]", "", ""),
        ("[add, relu]", ", %r", "[1, 48, 8, 9]"),
        ("[relu, add]", ", %r", "[1, 48, 8, 9]"),
        ("[add]", ", %r", "[1, 48, 1, 1]"),
        ("[mul, relu]", ", %r", "[1, 48, 8, 9]"),
    ];
    for (epilogue, operands, residual) in epilogues {
        for (activation, a) in [("tanh", 16), ("relu", 16), ("none", 32), ("relu", 7)] {
            let input = if residual.is_empty() { String::new() } else { format!("%r = input : f32{residual}") };
            check_native(&format!(
                r#"graph "expand" {{ %x = input : f32[1, 5, 8, 9] {input}
                %w1 = const random(2) : f32[{a}, 5, 1, 1] %b1 = const random(3) : f32[{a}]
                %w2 = const random(4) : f32[{b}, 5, 3, 3] %b2 = const random(5) : f32[{b}]
                %e = expand(%x, %w1, %b1, %w2, %b2{operands}) strides=[1, 1] branches=[conv, conv]
                    pads=[[0, 0, 0, 0], [1, 1, 1, 1]] dilations=[[1, 1], [1, 1]] group=[1, 1]
                    activation=[{activation}, none] epilogue={epilogue}
                return %e }}"#,
                b = 48 - a
            ));
        }
    }
}
