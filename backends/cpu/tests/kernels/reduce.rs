use crate::check::check_native;

const FUNCTIONS: &[&str] = &["sum", "mean", "max", "min", "prod", "l1", "l2", "sum_square", "log_sum", "log_sum_exp"];

/// Every function of the operand's sizes, which are above 0 so that their sum has a logarithm.
fn check_functions(dims: &[usize], axes: &[usize], keep_dims: bool) {
    let line = |(i, function): (usize, &&str)| {
        format!("%y{i} = reduce(%a) function={function} axes={axes:?} keep_dims={keep_dims}\n")
    };
    let lines: String = FUNCTIONS.iter().enumerate().map(line).collect();
    let results: Vec<String> = (0..FUNCTIONS.len()).map(|i| format!("%y{i}")).collect();
    check_native(&format!(
        r#"graph "reduce" {{ %x = input : f32{dims:?} %a = abs(%x) {lines} return {} }}"#,
        results.join(", ")
    ));
}

#[test]
fn axes() {
    let dims = [2, 5, 4, 7];
    for mask in 0..16u32 {
        let axes: Vec<usize> = (0..4).filter(|axis| mask & (1 << axis) != 0).collect();
        check_functions(&dims, &axes, mask % 3 == 0);
    }
    check_functions(&dims, &[3, 1], true);
}

#[test]
fn sizes() {
    for (dims, axes) in
        [(&[1][..], &[0][..]), (&[300, 3], &[1]), (&[3, 1000], &[1]), (&[19, 530], &[0]), (&[2, 3, 1, 37], &[1])]
    {
        check_functions(dims, axes, false);
    }
    check_functions(&[], &[], true);
    check_functions(&[2, 3, 2, 3, 2, 5], &[0, 2, 4], false);
    check_functions(&[2, 3, 2, 3, 2, 5], &[1, 3, 5], false);
}

/// What is not finite: logarithms of 0 and of -1.
#[test]
fn specials() {
    for axis in 0..2 {
        check_native(&format!(
            r#"graph "specials" {{ %x = const [0.0, 1.0, -1.0, 2.0, 0.0, 0.0, 1.0, 0.0, 3.0, 3.0] : f32[5, 2] %l = log(%x) %y = neg(%l)
            %max = reduce(%y) function=max axes=[{axis}] keep_dims=false
            %min = reduce(%y) function=min axes=[{axis}] keep_dims=false
            %lse = reduce(%y) function=log_sum_exp axes=[{axis}] keep_dims=false
            return %max, %min, %lse }}"#
        ));
    }
}

/// Sums whose terms cancel each other out.
#[test]
fn signs() {
    for axes in ["[0]", "[1]", "[0, 1]"] {
        check_native(&format!(
            r#"graph "signs" {{ %x = input : f32[123, 457]
            %s = reduce(%x) function=sum axes={axes} keep_dims=true
            %m = reduce(%x) function=mean axes={axes} keep_dims=true return %s, %m }}"#
        ));
    }
}
