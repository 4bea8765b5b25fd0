//! Convolutions to test, of numbers and of bytes.

/// A convolution; what a list does not say is as [`SHAPE`] has it.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) n: usize,
    pub(crate) c: usize,
    pub(crate) o: usize,
    pub(crate) size: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) strides: [usize; 2],
    /// Above, left, below, right.
    pub(crate) pads: [usize; 4],
    pub(crate) dilations: [usize; 2],
    pub(crate) group: usize,
}

pub(crate) const SHAPE: Shape = Shape {
    n: 1,
    c: 3,
    o: 5,
    size: [7, 6],
    kernel: [3, 3],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
    dilations: [1, 1],
    group: 1,
};

impl Shape {
    /// Whether there is a window.
    pub(crate) fn has_windows(&self) -> bool {
        let Shape { size, kernel, pads, dilations, .. } = *self;
        (0..2).all(|i| size[i] + pads[i] + pads[i + 2] > (kernel[i] - 1) * dilations[i])
    }

    /// The attributes of `conv`.
    pub(crate) fn attributes(&self) -> String {
        let Shape { strides, pads, dilations, group, .. } = self;
        format!("strides={strides:?} pads={pads:?} dilations={dilations:?} group={group}")
    }
}

pub(crate) fn channels() -> Vec<Shape> {
    let mut list = Vec::new();
    for c in (1..=20).chain([31, 32, 33, 40]) {
        list.push(Shape { c, o: 40 - c / 2, ..SHAPE });
    }
    list
}

pub(crate) fn outputs() -> Vec<Shape> {
    let mut list = Vec::new();
    for o in (1..=18).chain([31, 32, 33, 47, 48, 49, 64, 80]) {
        list.push(Shape { c: 17, o, size: [4, 5], ..SHAPE });
    }
    list
}

pub(crate) fn sizes() -> Vec<Shape> {
    let mut list = Vec::new();
    for size in 1..=20 {
        list.push(Shape { size: [size, 21 - size], c: 6, ..SHAPE });
        list.push(Shape { size: [size, size], c: 16, o: 16, ..SHAPE });
    }
    list.push(Shape { size: [3, 61], c: 2, ..SHAPE });
    list.push(Shape { size: [5, 130], c: 16, o: 33, ..SHAPE });
    list
}

pub(crate) fn kernels_and_strides() -> Vec<Shape> {
    let mut list = Vec::new();
    for kh in 1..=7 {
        for kw in [1, 2, 3, 5, 7] {
            let strides = [1 + kh % 3, 1 + kw % 3];
            let pads = [kh / 2, kw / 2, kh - 1, kw - 1];
            list.push(Shape { kernel: [kh, kw], strides, pads, size: [11, 13], ..SHAPE });
            list.push(Shape { kernel: [kh, kw], strides, pads: [0; 4], size: [9, 8], c: 18, ..SHAPE });
        }
    }
    list
}

pub(crate) fn pads_larger_than_kernels() -> Vec<Shape> {
    vec![
        Shape { pads: [4, 0, 1, 6], ..SHAPE },
        Shape { pads: [5, 5, 5, 5], kernel: [1, 1], c: 16, o: 16, strides: [2, 2], ..SHAPE },
        Shape { pads: [100, 100, 100, 100], size: [3, 2], c: 1, o: 2, ..SHAPE },
    ]
}

pub(crate) fn dilations() -> Vec<Shape> {
    let mut list = Vec::new();
    for dilations in [[1, 2], [2, 1], [3, 2], [4, 4]] {
        list.push(Shape { dilations, size: [12, 13], pads: [2, 3, 4, 1], c: 20, ..SHAPE });
        list.push(Shape { dilations, size: [12, 13], c: 20, o: 20, group: 20, ..SHAPE });
    }
    list
}

pub(crate) fn groups() -> Vec<Shape> {
    let mut list = Vec::new();
    for (c, o, group) in
        [(4, 4, 2), (32, 64, 2), (30, 20, 2), (96, 32, 2), (12, 24, 3), (32, 32, 8), (35, 21, 7), (64, 64, 4)]
    {
        list.push(Shape { c, o, group, ..SHAPE });
        list.push(Shape { c, o, group, kernel: [1, 1], pads: [0; 4], n: 2, ..SHAPE });
    }
    list
}

pub(crate) fn depthwise() -> Vec<Shape> {
    let mut list = Vec::new();
    for c in [2, 3, 8, 15, 16, 17, 40] {
        for strides in [[1, 1], [2, 2], [3, 1]] {
            list.push(Shape { c, o: c, group: c, strides, size: [14, 15], n: 2, ..SHAPE });
        }
        // Several outputs of each channel.
        list.push(Shape { c, o: 2 * c, group: c, ..SHAPE });
    }
    list.push(Shape { c: 16, o: 16, group: 16, kernel: [5, 7], pads: [2, 3, 2, 3], size: [30, 31], ..SHAPE });
    list
}

pub(crate) fn batches() -> Vec<Shape> {
    let mut list = Vec::new();
    for n in 1..=5 {
        list.push(Shape { n, c: 19, o: 35, ..SHAPE });
        list.push(Shape { n, c: 16, o: 32, kernel: [1, 1], pads: [0; 4], ..SHAPE });
    }
    list
}
