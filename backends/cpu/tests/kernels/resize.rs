use crate::check::check_native;

/// A plain value, and one in blocks behind a convolution and before one with padding.
fn check_both(c: usize, attributes: &str) {
    check_native(&format!(
        r#"graph "resize" {{ %x = input : f32[2, {c}, 5, 7] %w = const random(1) : f32[{c}, {c}, 1, 1]
        %v = const random(2) : f32[2, {c}, 3, 3]
        %c = conv(%x, %w) strides=[1, 1] pads=[0, 0, 0, 0] dilations=[1, 1] group=1
        %y = resize(%x) {attributes} %z = resize(%c) {attributes}
        %p = conv(%z, %v) strides=[1, 1] pads=[1, 1, 1, 1] dilations=[1, 1] group=1 return %y, %z, %p }}"#
    ));
}

fn attributes(function: &str, coordinates: &str, axes: &str, size: &str, more: &str) -> String {
    let rest = if more.is_empty() { "scales=[] roi=[]" } else { more };
    format!(
        "function={function} coordinates={coordinates} nearest=round_prefer_floor cubic=-0.75 antialias=false \
         exclude_outside=false extrapolation=2.5 axes={axes} size={size} {rest}"
    )
}

#[test]
fn functions() {
    for function in ["nearest", "linear", "cubic"] {
        for coordinates in ["asymmetric", "align_corners", "half_pixel", "pytorch_half_pixel"] {
            check_both(3, &attributes(function, coordinates, "[2, 3]", "[11, 4]", ""));
        }
        for size in ["[10, 14]", "[1, 1]", "[3, 21]"] {
            check_both(17, &attributes(function, "half_pixel", "[2, 3]", size, ""));
        }
    }
}

#[test]
fn other_axes() {
    for (axes, size) in [("[3]", "[9]"), ("[3, 0]", "[4, 3]"), ("[0, 1, 2, 3]", "[2, 3, 9, 2]"), ("[2]", "[5]")] {
        check_both(3, &attributes("linear", "half_pixel", axes, size, ""));
    }
    let channels = attributes("linear", "half_pixel", "[1, 2]", "[5, 3]", "");
    check_native(&format!(
        r#"graph "channels" {{ %x = input : f32[2, 3, 5, 7] %y = resize(%x) {channels} return %y }}"#
    ));
    for dims in ["[7]", "[2, 3, 7]", "[1, 2, 4, 3, 7]"] {
        let axis = dims.matches(',').count();
        check_native(&format!(
            r#"graph "resize" {{ %x = input : f32{dims} %y = resize(%x) {} return %y }}"#,
            attributes("linear", "align_corners", &format!("[{axis}]"), "[13]", "")
        ));
    }
    check_native(&format!(
        r#"graph "volume" {{ %x = input : f32[1, 2, 4, 3, 7] %y = resize(%x) {} return %y }}"#,
        attributes("linear", "asymmetric", "[2, 3, 4]", "[3, 6, 14]", "")
    ));
}

#[test]
fn other_forms() {
    check_both(
        5,
        &attributes("linear", "tf_crop_and_resize", "[2, 3]", "[8, 9]", "scales=[] roi=[-0.25, 0.1, 0.9, 1.5]"),
    );
    check_both(5, &attributes("nearest", "asymmetric", "[2, 3]", "[7, 9]", "scales=[1.5, 1.3] roi=[]"));
    let antialias = attributes("cubic", "half_pixel", "[2, 3]", "[2, 3]", "");
    check_both(5, &antialias.replace("antialias=false", "antialias=true"));
    check_both(5, &antialias.replace("exclude_outside=false", "exclude_outside=true"));
}
