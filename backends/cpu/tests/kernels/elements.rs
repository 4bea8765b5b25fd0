use std::sync::Arc;

use firebrick_cpu::{Context, Isa, Program};
use firebrick_ir::{text, verify};

use crate::check::{check, check_native};

const INTEGERS: &[&str] = &["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];

/// Every type to every other, of numbers that are small, large and in between.
#[test]
fn casts() {
    let types = ["f32", "f64", "f16", "bf16", "bool"].iter().chain(INTEGERS);
    for from in types.clone() {
        let lines = types.clone().enumerate().map(|(i, to)| format!("%a{i} = cast(%x) dtype={to} saturate=true\n"));
        let results: Vec<String> = (0..types.clone().count()).map(|i| format!("%a{i}")).collect();
        check(&format!(
            r#"graph "casts" {{
            %n = const [-3e9, -70000.4, -300.5, -129.0, -1.5, -0.5, 0.0, 0.3, 0.5, 1.5, 127.6, 255.9, 65535.5, 3e9] : f32[14]
            %x = cast(%n) dtype={from} saturate=true
            {} return {} }}"#,
            lines.collect::<String>(),
            results.join(", ")
        ));
    }
}

#[test]
fn native_casts() {
    for (from, to) in
        [("f32", "i64"), ("i64", "f32"), ("bool", "f32"), ("f32", "bool"), ("f16", "f32"), ("f32", "bf16")]
    {
        check_native(&format!(
            r#"graph "cast" {{ %x = const random(1) : {from}[5, 9, 3] %y = cast(%x) dtype={to} saturate=false return %y }}"#
        ));
    }
}

#[test]
fn integers() {
    let functions = ["add", "sub", "mul", "max", "min", "and", "or", "xor", "equal", "greater", "greater_equal"];
    for ty in INTEGERS {
        let line = |(i, function): (usize, &&str)| format!("%y{i} = {function}(%a, %b)\n");
        let lines: String = functions.iter().enumerate().map(line).collect();
        let results: Vec<String> = (0..functions.len()).map(|i| format!("%y{i}")).collect();
        check_native(&format!(
            r#"graph "integers" {{ %a = const random(1) : {ty}[4, 1, 9] %b = const random(2) : {ty}[5, 9] {lines} return {} }}"#,
            results.join(", ")
        ));
    }
    check_native(
        r#"graph "truth" { %a = const random(1) : bool[40] %b = const random(2) : bool[40]
        %c = and(%a, %b) %d = or(%a, %b) %e = xor(%a, %b) %f = equal(%a, %b) return %c, %d, %e, %f }"#,
    );
}

#[test]
fn comparisons() {
    for dims in ["[2, 5, 3, 7]", "[7]", "[5, 1, 1]", "[]"] {
        check_native(&format!(
            r#"graph "comparisons" {{ %x = input : f32[2, 5, 3, 7] %c = const random(2) : f32{dims} %r = sqrt(%x)
            %a = greater(%x, %c) %b = greater_equal(%c, %x) %d = equal(%r, %r) return %a, %b, %d }}"#
        ));
    }
}

#[test]
fn selections() {
    for (condition, a, b) in
        [("[3, 4]", "[3, 4]", "[3, 4]"), ("[3, 1]", "[1, 4]", "[]"), ("[4]", "[2, 3, 1]", "[2, 1, 4]")]
    {
        for ty in ["f32", "i64", "u8", "bool", "f16"] {
            check_native(&format!(
                r#"graph "select" {{ %c = const random(1) : bool{condition} %a = const random(2) : {ty}{a}
                %b = const random(3) : {ty}{b} %y = select(%c, %a, %b) return %y }}"#
            ));
        }
    }
}

/// Constant indices, and computed ones, from either end.
#[test]
fn gathers() {
    for (axis, ty) in [(0, "f32"), (1, "f32"), (2, "f32"), (1, "u8"), (1, "i64")] {
        for indices in ["[4]", "[2, 3]", "[]"] {
            let n = indices.matches(|c: char| c.is_ascii_digit()).count();
            let numbers = ["1.0", "-1.0", "0.0", "2.0", "-2.0", "1.0"].iter().cycle().take(match n {
                0 => 1,
                1 => 4,
                _ => 6,
            });
            let numbers = numbers.copied().collect::<Vec<_>>().join(", ");
            check_native(&format!(
                r#"graph "gather" {{ %x = const random(1) : {ty}[3, 5, 4] %n = const [{numbers}] : f32{indices}
                %i = cast(%n) dtype=i64 saturate=false %j = cast(%n) dtype=i32 saturate=false
                %y = gather(%x, %i) axis={axis} %z = gather(%x, %j) axis={axis} return %y, %z }}"#
            ));
        }
    }
    check_native(
        r#"graph "channels" { %x = input : f32[2, 6, 3, 5] %i = const [5, 0, -2] : i64[3] %y = gather(%x, %i) axis=1 return %y }"#,
    );
}

#[test]
fn indices_outside() {
    let source = r#"graph "outside" { %x = input : f32[3, 4] %n = const [0.0, 3.0] : f32[2]
        %i = cast(%n) dtype=i64 saturate=false %y = gather(%x, %i) axis=0 return %y }"#;
    let graph = text::parse(source, &()).unwrap_or_else(|error| panic!("{error}"));
    let program = Program::compile(verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}")), Isa::Clif);
    let mut context =
        Context::new(Arc::new(program.unwrap_or_else(|error| panic!("{error}"))), 2).expect("it is small");
    let error = context.run().expect_err("there is no such index");
    assert_eq!(error.to_string(), "`y` (gather): an index is outside a dimension of 3");
}
