//! `firebrick bench`

mod perf_map;
mod profile;
mod serve;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use firebrick::ir::{DType, Tensor};
use firebrick::passes::{self, Level};
use firebrick::{Listing, Model, Session, read_file, write_file};
use profile::Written;
use serde::Serialize;

use crate::Failure;
use crate::display::{json_line, line};
use crate::engine::TargetArgs;
use crate::level_arg::level;
use crate::model_args::{InputArg, ModelArgs};

/// Compile a model and measure how long it takes to run
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    model: ModelArgs,

    #[command(flatten)]
    target: TargetArgs,

    /// Runs that are measured
    #[arg(long, value_name = "N", default_value_t = 20)]
    iters: usize,

    /// Runs before these that are not
    #[arg(long, value_name = "W", default_value_t = 2)]
    warmup: usize,

    /// How much the model is rewritten first
    #[arg(short = 'O', value_name = "LEVEL", default_value = "2", value_parser = level())]
    optimize: Level,

    /// The only input's elements: f32, little-endian, row-major. Without it, inputs are noise that is always the same
    #[arg(long, value_name = "FILE.f32")]
    input: Option<PathBuf>,

    /// Where the first output's elements are written, in the same form
    #[arg(long, value_name = "FILE.f32")]
    output: Option<PathBuf>,

    /// The shape of an input that the model leaves open; may be repeated
    #[arg(long, value_name = "NAME=1,3,224,224")]
    shape: Vec<InputArg>,

    /// Print one line of JSON
    #[arg(long, conflicts_with_all = ["serve", "emit"])]
    json: bool,

    /// Stay, and do what lines on stdin ask for: `run N`, `out FILE.f32`, `quit`
    #[arg(long, conflicts_with = "emit")]
    serve: bool,

    /// Show how long each layer takes, beside what the machine can do. It is measured in runs of its own, as many again
    #[arg(long, conflicts_with_all = ["serve", "emit"])]
    profile: bool,

    /// Tell Linux's profiler `perf` what the compiled functions are called, in /tmp/perf-PID.map
    #[arg(long, conflicts_with = "emit")]
    perf_map: bool,

    /// Print what the model is compiled to instead of running it
    #[arg(long, value_enum)]
    emit: Option<Emit>,
}

/// A form between the model and machine code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Emit {
    /// The graph, rewritten.
    Ir,
    /// The steps, with the layouts and places of what they read and write.
    Plan,
    /// The functions in Cranelift's intermediate language.
    Clif,
    /// The machine's instructions.
    Asm,
}

/// What was measured, in milliseconds and bytes.
#[derive(Debug, Serialize)]
struct Measured {
    ms: Vec<f64>,
    /// Reading the model.
    load_ms: f64,
    /// Rewriting and compiling it.
    compile_ms: f64,
    /// The first run, with inputs already there.
    first_ms: f64,
    threads: Option<usize>,
    isa: &'static str,
    arena_bytes: usize,
    code_bytes: usize,
    weight_bytes: usize,
    /// Values that the reference evaluator computes, as there is no kernel for their ops.
    evaluated: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Written>,
}

/// Runs the command.
pub(crate) fn bench(args: &BenchArgs) -> Result<(), Failure> {
    let start = Instant::now();
    let mut model = args.model.open(shapes(args)?, Some(1))?;
    let load_ms = ms(start);
    let start = Instant::now();
    model.optimize(args.optimize, passes::Options::default())?;
    let executable = model.compile(&args.target.options())?;
    let compile_ms = ms(start);
    let inputs = inputs(&model, args.input.as_deref())?;
    let start = Instant::now();
    let mut session = executable.session(inputs)?;
    let compile_ms = compile_ms + ms(start);
    if let Some(form) = args.emit {
        return emit(form, &model, &session);
    }
    // Programs have their own weights: the model's need not be held as well.
    drop((model, executable));
    if args.perf_map {
        perf_map::write(session.program())?;
    }
    let first_ms = time(&mut session)?;
    let mut measured = measured(args, &session);
    (measured.load_ms, measured.compile_ms, measured.first_ms) = (load_ms, compile_ms, first_ms);
    if args.serve {
        return serve::serve(&mut session, &measured);
    }
    for _ in 0..args.warmup {
        time(&mut session)?;
    }
    for _ in 0..args.iters {
        measured.ms.push(time(&mut session)?);
    }
    if let Some(n_runs) = NonZeroUsize::new(args.iters).filter(|_| args.profile) {
        measured.profile = Some(Written::of(&session.profile(n_runs)?));
    }
    if let Some(path) = &args.output {
        write_output(&session, path)?;
    }
    if args.json { json_line(&measured) } else { line(&text(&measured, session.n_threads())) }
}

fn emit(form: Emit, model: &Model, session: &Session) -> Result<(), Failure> {
    let program = session.program();
    let listing = |form| program.listing(form).map_err(firebrick::Error::from);
    let text = match form {
        Emit::Ir => model.graph()?.to_string(),
        Emit::Plan => program.plan(),
        Emit::Clif => listing(Listing::Clif)?,
        Emit::Asm => listing(Listing::Asm)?,
    };
    line(text.trim_end())
}

fn shapes(args: &BenchArgs) -> Result<Vec<(String, Vec<u64>)>, Failure> {
    let shape = |arg: &InputArg| match arg {
        InputArg::Shape(name, dims) => Ok((name.clone(), dims.clone())),
        InputArg::File(name, _) => Err(Failure::Usage(format!("`--shape` takes a shape: `{name}=1,3,224,224`"))),
    };
    args.shape.iter().map(shape).collect()
}

/// Milliseconds since then.
fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// Runs once; how many milliseconds it took.
fn time(session: &mut Session) -> Result<f64, Failure> {
    let start = Instant::now();
    session.run()?;
    Ok(ms(start))
}

fn measured(args: &BenchArgs, session: &Session) -> Measured {
    let program = session.program();
    Measured {
        ms: Vec::new(),
        load_ms: 0.0,
        compile_ms: 0.0,
        first_ms: 0.0,
        threads: args.target.threads.map(NonZeroUsize::get),
        isa: program.isa().name(),
        arena_bytes: program.arena_bytes(),
        code_bytes: program.code_bytes(),
        weight_bytes: program.weight_bytes(),
        evaluated: program.evaluated().len(),
        profile: None,
    }
}

/// A tensor for each input.
fn inputs(model: &Model, file: Option<&Path>) -> Result<Vec<(String, Tensor)>, Failure> {
    if file.is_some() {
        model.sole_input()?;
    }
    let tensor = |info: firebrick::InputInfo| {
        let Some(dims) = info.ty.shape.as_fixed() else {
            let (name, ty) = (&info.name, &info.ty);
            return Err(Failure::Usage(format!("input `{name}` is {ty}: give its size by `--shape {name}=...`")));
        };
        let dims: Vec<usize> = dims.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
        let n_elements = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim));
        let n_bytes = n_elements.and_then(|n| n.checked_mul(info.ty.dtype.size()));
        let Some((n_elements, n_bytes)) = n_elements.zip(n_bytes) else {
            return Err(Failure::Usage(format!("input `{}` is {}, which is too large", info.name, info.ty)));
        };
        let tensor = match (file, info.ty.dtype) {
            (Some(path), _) => Tensor::new(info.ty.dtype, &dims, read_file(path)?),
            (None, DType::F32) => Tensor::from_vec(&dims, noise(n_elements)),
            // Any bytes would do, but not as indices.
            (None, dtype) => Tensor::new(dtype, &dims, vec![0; n_bytes].into()),
        };
        let message = |error| firebrick::Error::Request(format!("input `{}`: {error}", info.name));
        Ok((info.name.clone(), tensor.map_err(message)?))
    };
    model.inputs().into_iter().map(tensor).collect()
}

/// Numbers between -1 and 1, the same each time.
fn noise(n: usize) -> Vec<f32> {
    let mut state = 1u32;
    let number = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(number).collect()
}

fn write_output(session: &Session, path: &Path) -> Result<(), Failure> {
    let outputs = session.outputs()?;
    let first = outputs.first().ok_or_else(|| Failure::Usage("the model has no output".to_owned()))?;
    Ok(write_file(path, |file| file.write_all(first.tensor.bytes()))?)
}

fn text(measured: &Measured, n_threads: usize) -> String {
    let mut sorted = measured.ms.clone();
    sorted.sort_by(f64::total_cmp);
    let of = |at: usize| sorted.get(at).map_or("-".to_owned(), |ms| format!("{ms:.3} ms"));
    let Measured {
        load_ms, compile_ms, first_ms, isa, arena_bytes, code_bytes, weight_bytes, evaluated, profile, ..
    } = measured;
    let kib = |bytes: usize| bytes.div_ceil(1024);
    let summary = [
        format!("median      {}", of(sorted.len() / 2)),
        format!("fastest     {}", of(0)),
        format!("first       {first_ms:.3} ms"),
        format!("compile     {compile_ms:.3} ms for {isa}"),
        format!("load        {load_ms:.3} ms"),
        format!(
            "memory      {} KiB of values, {} KiB of weights, {} KiB of code",
            kib(*arena_bytes),
            kib(*weight_bytes),
            kib(*code_bytes)
        ),
        format!("no kernel   {evaluated} values"),
    ]
    .join("\n");
    profile.as_ref().map_or(summary.clone(), |profile| format!("{}\n{summary}", profile.text(n_threads)))
}
