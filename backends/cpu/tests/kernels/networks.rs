//! Architectures as they are met in practice, a few layers of each: none of their ops may be left to the evaluator.

use std::fmt::Write;

use crate::check::check_native;

/// A network's text as it grows. Values are named by numbers.
struct Net {
    text: String,
    n: usize,
}

/// A value with its channels.
#[derive(Clone)]
struct Map {
    name: String,
    c: usize,
}

impl Net {
    fn new(dims: &[usize]) -> (Self, Map) {
        let text = format!("graph \"network\" {{ %x = input : f32{dims:?}\n");
        (Net { text, n: 0 }, Map { name: "%x".to_owned(), c: dims[1] })
    }

    fn add(&mut self, op: &str, c: usize) -> Map {
        self.n += 1;
        let name = format!("%v{}", self.n);
        writeln!(self.text, "{name} = {op}").expect("strings can be written");
        Map { name, c }
    }

    fn weights(&mut self, dims: &[usize]) -> String {
        self.n += 1;
        let (n, name) = (self.n, format!("%w{}", self.n));
        writeln!(self.text, "{name} = const random({n}) : f32{dims:?}").expect("strings can be written");
        name
    }

    fn conv(&mut self, x: &Map, o: usize, [kernel, stride, group]: [usize; 3]) -> Map {
        let (w, b) = (self.weights(&[o, x.c / group, kernel, kernel]), self.weights(&[o]));
        let pad = kernel / 2;
        let attributes =
            format!("strides=[{stride}, {stride}] pads=[{pad}, {pad}, {pad}, {pad}] dilations=[1, 1] group={group}");
        self.add(&format!("conv({}, {w}, {b}) {attributes}", x.name), o)
    }

    fn unary(&mut self, function: &str, x: &Map) -> Map {
        self.add(&format!("{function}({})", x.name), x.c)
    }

    fn binary(&mut self, function: &str, a: &Map, b: &Map) -> Map {
        self.add(&format!("{function}({}, {})", a.name, b.name), a.c)
    }

    fn batch_norm(&mut self, x: &Map) -> Map {
        let [s, b, m] = [0, 1, 2].map(|_| self.weights(&[x.c]));
        let v = self.add(&format!("const splat(0.75) : f32[{}]", x.c), x.c).name;
        self.add(&format!("batch_norm({}, {s}, {b}, {m}, {v}) epsilon=0.5", x.name), x.c)
    }

    fn pool(&mut self, function: &str, x: &Map) -> Map {
        let attributes = "kernel=[2, 2] strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] ceil=true \
                          count_include_pad=false indices=false";
        self.add(&format!("pool({}) function={function} {attributes}", x.name), x.c)
    }

    fn mean(&mut self, x: &Map) -> Map {
        self.add(&format!("reduce({}) function=mean axes=[2, 3] keep_dims=true", x.name), x.c)
    }

    fn concat(&mut self, parts: &[Map], axis: usize) -> Map {
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        let c = if axis == 1 { parts.iter().map(|part| part.c).sum() } else { parts[0].c };
        self.add(&format!("concat({}) axis={axis}", names.join(", ")), c)
    }

    fn classify(&mut self, x: &Map, n: usize) -> Map {
        let mean = self.mean(x);
        let flat = self.add(&format!("reshape({}) shape=[{n}, -1]", mean.name), x.c);
        let w = self.weights(&[10, x.c]);
        // Behind layers whose weights are as large as these, a softmax would make much of rounding errors.
        self.add(&format!("gemm({}, {w}) trans_a=false trans_b=true", flat.name), 10)
    }

    fn check(mut self, results: &[&Map]) {
        let names: Vec<&str> = results.iter().map(|result| result.name.as_str()).collect();
        writeln!(self.text, "return {} }}", names.join(", ")).expect("strings can be written");
        check_native(&self.text);
    }
}

#[test]
fn residual() {
    let (mut net, x) = Net::new(&[2, 3, 24, 20]);
    let stem = net.conv(&x, 20, [7, 2, 1]);
    let stem = net.unary("relu", &stem);
    let mut x = net.pool("max", &stem);
    for (o, stride) in [(20, 1), (40, 2)] {
        let a = net.conv(&x, o, [3, stride, 1]);
        let a = net.batch_norm(&a);
        let a = net.unary("relu", &a);
        let b = net.conv(&a, o, [3, 1, 1]);
        let short = if stride == 1 { x } else { net.conv(&x, o, [1, stride, 1]) };
        let sum = net.binary("add", &b, &short);
        x = net.unary("relu", &sum);
    }
    let scores = net.classify(&x, 2);
    net.check(&[&scores, &x]);
}

/// Inverted residuals with gates.
#[test]
fn mobile() {
    let (mut net, x) = Net::new(&[1, 3, 21, 17]);
    let mut x = net.conv(&x, 12, [3, 2, 1]);
    for (activation, stride) in [("hard_swish", 1), ("silu", 2)] {
        let wide = net.conv(&x, 40, [1, 1, 1]);
        let wide = net.unary(activation, &wide);
        let deep = net.conv(&wide, 40, [5, stride, 40]);
        let deep = net.unary(activation, &deep);
        let mean = net.mean(&deep);
        let gate = net.conv(&mean, 8, [1, 1, 1]);
        let gate = net.unary("relu", &gate);
        let gate = net.conv(&gate, 40, [1, 1, 1]);
        let gate = net.unary("sigmoid", &gate);
        let gated = net.binary("mul", &gate, &deep);
        let narrow = net.conv(&gated, 12, [1, 1, 1]);
        x = if stride == 1 { net.binary("add", &narrow, &x) } else { narrow };
    }
    let scores = net.classify(&x, 1);
    net.check(&[&scores]);
}

#[test]
fn dense() {
    let (mut net, x) = Net::new(&[1, 3, 12, 12]);
    let mut parts = vec![net.conv(&x, 16, [3, 1, 1])];
    for _ in 0..3 {
        let all = net.concat(&parts, 1);
        let a = net.batch_norm(&all);
        let a = net.unary("relu", &a);
        parts.push(net.conv(&a, 12, [3, 1, 1]));
    }
    let all = net.concat(&parts, 1);
    let x = net.pool("average", &all);
    let scores = net.classify(&x, 1);
    net.check(&[&scores, &all]);
}

#[test]
fn shuffle() {
    let (mut net, x) = Net::new(&[2, 3, 10, 12]);
    let x = net.conv(&x, 24, [3, 1, 1]);
    let part = |start: usize| format!("axes=[1] starts=[{start}] counts=[12] steps=[1]");
    let [left, right] = [0, 12].map(|start| net.add(&format!("slice({}) {}", x.name, part(start)), 12));
    let right = net.conv(&right, 12, [3, 1, 12]);
    let both = net.concat(&[left, right], 1);
    let apart = net.add(&format!("reshape({}) shape=[2, 2, 12, 10, 12]", both.name), 2);
    let swapped = net.add(&format!("transpose({}) perm=[0, 2, 1, 3, 4]", apart.name), 12);
    let x = net.add(&format!("reshape({}) shape=[2, 24, 10, 12]", swapped.name), 24);
    let x = net.conv(&x, 10, [1, 1, 3 - 1]);
    net.check(&[&x]);
}

/// Down and up again, by transposed convolutions and by resampling.
#[test]
fn u_shaped() {
    let (mut net, x) = Net::new(&[1, 3, 16, 12]);
    let a = net.conv(&x, 16, [3, 1, 1]);
    let down = net.pool("max", &a);
    let b = net.conv(&down, 24, [3, 1, 1]);
    let w = net.weights(&[24, 16, 2, 2]);
    let attributes = "strides=[2, 2] pads=[0, 0, 0, 0] dilations=[1, 1] group=1 output_padding=[0, 0]";
    let up = net.add(&format!("conv_transpose({}, {w}) {attributes}", b.name), 16);
    let linear = "function=linear coordinates=half_pixel nearest=floor cubic=-0.75 antialias=false \
                  exclude_outside=false extrapolation=0.0 axes=[2, 3] size=[16, 12] scales=[] roi=[]";
    let resized = net.add(&format!("resize({}) {linear}", b.name), 24);
    let all = net.concat(&[a, up, resized], 1);
    let y = net.conv(&all, 5, [3, 1, 1]);
    let y = net.unary("abs", &y);
    net.check(&[&y]);
}

/// A multibox detector: a normalised map, boxes and scores of two maps, detections.
#[test]
fn multibox() {
    let (mut net, x) = Net::new(&[1, 3, 12, 12]);
    let first = net.conv(&x, 20, [3, 2, 1]);
    let second = net.pool("max", &first);
    let length = net.add(&format!("reduce({}) function=l2 axes=[1] keep_dims=true", first.name), 1);
    let unit = net.binary("div", &first, &length);
    let scale = net.weights(&[1, 20, 1, 1]);
    let unit = net.add(&format!("mul({}, {scale})", unit.name), 20);
    let mut heads = [Vec::new(), Vec::new()];
    for x in [&unit, &second] {
        for (head, o) in heads.iter_mut().zip([8, 6]) {
            let y = net.conv(x, o, [3, 1, 1]);
            let y = net.add(&format!("transpose({}) perm=[0, 2, 3, 1]", y.name), o);
            head.push(net.add(&format!("reshape({}) shape=[1, -1]", y.name), 1));
        }
    }
    let [boxes, scores] = heads.map(|head| net.concat(&head, 1));
    let rows = net.add(&format!("reshape({}) shape=[1, -1, 3]", scores.name), 1);
    let rows = net.add(&format!("softmax({}) axis=2", rows.name), 1);
    let scores = net.add(&format!("reshape({}) shape=[1, -1]", rows.name), 1);
    let n_priors = 2 * (36 + 9);
    let priors = net.weights(&[1, 2, 4 * n_priors]);
    let y = net.add(
        &format!(
            "detection_output({}, {}, {priors}) num_classes=3 share_location=true background=0 nms_threshold=0.45 \
             nms_top_k=40 eta=1.0 keep_top_k=20 confidence_threshold=0.01 code=corner variance_in_target=false",
            boxes.name, scores.name
        ),
        1,
    );
    net.check(&[&y]);
}

/// One step of attention over the pixels of a map, between normalisations.
#[test]
fn attention() {
    let (mut net, x) = Net::new(&[2, 24, 4, 5]);
    let rows = net.add(&format!("reshape({}) shape=[2, 24, 20]", x.name), 24);
    let rows = net.add(&format!("transpose({}) perm=[0, 2, 1]", rows.name), 24);
    let mean = net.add(&format!("reduce({}) function=mean axes=[2] keep_dims=true", rows.name), 1);
    let moved = net.binary("sub", &rows, &mean);
    let square = net.binary("mul", &moved, &moved);
    let variance = net.add(&format!("reduce({}) function=mean axes=[2] keep_dims=true", square.name), 1);
    let deviation = net.unary("sqrt", &variance);
    let unit = net.binary("div", &moved, &deviation);
    let heads = [0, 1, 2].map(|_| {
        let w = net.weights(&[24, 24]);
        let y = net.add(&format!("matmul({}, {w})", unit.name), 24);
        let y = net.add(&format!("reshape({}) shape=[2, 20, 3, 8]", y.name), 3);
        net.add(&format!("transpose({}) perm=[0, 2, 1, 3]", y.name), 3)
    });
    let [q, k, v] = heads;
    let k = net.add(&format!("transpose({}) perm=[0, 1, 3, 2]", k.name), 3);
    let scores = net.binary("matmul", &q, &k);
    let weights = net.add(&format!("softmax({}) axis=3", scores.name), 3);
    let y = net.binary("matmul", &weights, &v);
    let y = net.add(&format!("transpose({}) perm=[0, 2, 1, 3]", y.name), 3);
    let y = net.add(&format!("reshape({}) shape=[2, 20, 24]", y.name), 24);
    let y = net.binary("add", &y, &rows);
    let y = net.unary("gelu", &y);
    net.check(&[&y]);
}
