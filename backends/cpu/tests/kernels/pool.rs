use crate::check::{check, check_native};

fn pool(c: usize, attributes: &str, function: &str) -> String {
    format!(
        r#"graph "pool" {{ %x = input : f32[2, {c}, 11, 9] %w = const random(1) : f32[{c}, {c}, 1, 1]
        %c = conv(%x, %w) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
        %y = pool(%c) function={function} {attributes} indices=false
        %z = pool(%x) function={function} {attributes} indices=false
        return %y, %z }}"#
    )
}

#[test]
fn forms() {
    let attributes = [
        "kernel=[3, 3] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=true count_include_pad=false",
        "kernel=[3, 3] strides=[2, 2] pads=[1, 1, 1, 1] dilations=[1, 1] ceil=true count_include_pad=true",
        "kernel=[2, 5] strides=[3, 1] pads=[0, 2, 1, 4] dilations=[2, 1] ceil=false count_include_pad=true",
        "kernel=[11, 9] strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=false count_include_pad=false",
        "kernel=[2, 2] strides=[1, 1] pads=[4, 4, 4, 4] dilations=[3, 2] ceil=false count_include_pad=false",
        "kernel=[1, 1] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=false count_include_pad=false",
    ];
    for attributes in attributes {
        for c in [1, 5, 16, 37] {
            check_native(&pool(c, attributes, "max"));
            check_native(&pool(c, attributes, "average"));
        }
    }
}

#[test]
fn other_dimensions() {
    check_native(
        r#"graph "pool" { %x = input : f32[2, 3, 11]
        %y = pool(%x) function=max kernel=[3] strides=[2] pads=[1, 1] dilations=[1] ceil=true count_include_pad=false indices=false
        return %y }"#,
    );
    for function in ["max", "average", "sum"] {
        check_native(&format!(
            r#"graph "pool" {{ %x = input : f32[1, 2, 5, 6, 7]
            %y = pool(%x) function={function} kernel=[2, 3, 2] strides=[2, 1, 2] pads=[0, 1, 0, 1, 0, 2] dilations=[1, 1, 2] ceil=true count_include_pad=true indices=false
            return %y }}"#
        ));
    }
}

#[test]
fn positions() {
    check(
        r#"graph "pool" { %x = input : f32[1, 2, 5, 5]
        %y, %i = pool(%x) function=max kernel=[2, 2] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=false count_include_pad=false indices=true
        return %y, %i }"#,
    );
}

#[test]
fn means_of_planes() {
    check_native(
        r#"graph "mean" { %x = input : f32[2, 5, 4, 3] %y = reduce(%x) function=mean axes=[2, 3] keep_dims=true return %y }"#,
    );
    check_native(
        r#"graph "mean" { %x = input : f32[2, 5, 4, 3] %y = reduce(%x) function=mean axes=[1] keep_dims=false return %y }"#,
    );
}
