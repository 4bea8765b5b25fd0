//! The model's inputs: their types, from the file and from what the caller says.

use std::collections::HashMap;

use firebrick_ir::{Dim, Shape, Type};
use firebrick_schemas::onnx::{Dimension, GraphProto, TensorProto, TypeProto, ValueInfoProto};

use crate::Options;
use crate::datum::{Datum, Kind};
use crate::dtype::dtype_of;
use crate::problem::{At, Problem, ProblemKind};

/// The inputs that are to be given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inputs {
    /// Tensors, in order: name and type.
    pub(crate) tensors: Vec<(String, Type)>,
    /// The names of lists and optional values.
    pub(crate) structured: Vec<String>,
}

/// The inputs that are to be given. Weights may be listed as inputs too; they are none.
pub(crate) fn inputs(graph: &GraphProto, options: &Options) -> Result<Inputs, Vec<Problem>> {
    let weights = graph.initializer.iter().map(TensorProto::name);
    let sparse = graph.sparse_initializer.iter().filter_map(|tensor| tensor.values.as_deref());
    let weights: Vec<&str> = weights.chain(sparse.map(TensorProto::name)).collect();
    let open = graph.input.iter().enumerate().filter(|(_, input)| !weights.contains(&input.name()));
    let mut problems = Vec::new();
    let (mut types, mut structured) = (Vec::new(), Vec::new());
    for (index, input) in open {
        let at = At::root().field("graph").nth("input", index, input.name());
        let kind = input.r#type.as_deref().map_or(Kind::Other, Kind::of);
        match (kind, declared(input, &at)) {
            (Kind::Sequence | Kind::Optional(_), _) => structured.push(input.name().to_owned()),
            (Kind::Tensor | Kind::Other, Ok(ty)) => types.push((input.name().to_owned(), ty, at)),
            (Kind::Tensor | Kind::Other, Err(problem)) => problems.push(problem),
        }
    }
    problems.extend(unknown_names(&types, &structured, options));
    problems.extend(apply(&mut types, options));
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Inputs { tensors: types.into_iter().map(|(name, ty, _)| (name, ty)).collect(), structured })
}

/// The type that the file gives a value. A dimension that has neither size nor name gets one from its place.
pub(crate) fn declared(info: &ValueInfoProto, at: &At) -> Result<Type, Problem> {
    let name = info.name();
    let at = at.field("type");
    if name.is_empty() {
        return Err(Problem::field("an input has no name", at));
    }
    let tensor = match info.r#type.as_deref() {
        Some(TypeProto { tensor_type: Some(tensor), .. }) => tensor,
        Some(_) => return Err(Problem::field(format!("`{name}` is no tensor, which is not supported"), at)),
        None => return Err(Problem::field(format!("the type of `{name}` is not known"), at)),
    };
    let dtype = dtype_of(i64::from(tensor.elem_type()))
        .map_err(|message| Problem::field(format!("`{name}`: {message}"), at.field("tensor_type.elem_type")))?;
    let Some(shape) = tensor.shape.as_deref() else {
        return Err(Problem::field(format!("the number of dimensions of `{name}` is not known"), at));
    };
    let dims = shape.dim.iter().enumerate().map(|(index, dim)| dimension(name, index, dim, &at));
    Ok(Type::new(dtype, dims.collect::<Result<Vec<_>, _>>()?))
}

fn dimension(name: &str, index: usize, dim: &Dimension, at: &At) -> Result<Dim, Problem> {
    match (dim.dim_value, dim.dim_param.as_deref()) {
        (Some(size), _) => u64::try_from(size).map(Dim::Fixed).map_err(|_| {
            let at = at.nth("tensor_type.shape.dim", index, "");
            Problem::field(format!("dimension {index} of `{name}` is {size}"), at)
        }),
        (None, Some(symbol)) if !symbol.is_empty() => Ok(Dim::sym(symbol)),
        (None, _) => Ok(Dim::sym(&format!("{name}_{index}"))),
    }
}

/// Puts the caller's shapes in the place of the file's, and gives symbols the sizes that follow from them.
fn apply(types: &mut [(String, Type, At)], options: &Options) -> Vec<Problem> {
    let mut sizes: HashMap<Dim, u64> = HashMap::new();
    let mut problems = Vec::new();
    for (name, ty, at) in types.iter_mut() {
        let given = options.input_shapes.iter().find(|(input, _)| input == name).map(|(_, dims)| dims.clone());
        let value = options.input_values.iter().find(|(input, _)| input == name);
        let tensor = value.and_then(|(_, datum)| if let Datum::Tensor(tensor) = datum { Some(tensor) } else { None });
        let given = given.or_else(|| Some(tensor?.dims().iter().map(|&n| n as u64).collect()));
        let rank = ty.shape.rank();
        match (given, options.batch) {
            (Some(dims), _) if dims.len() != rank => {
                let found = dims.len();
                let message = format!("input `{name}` is {ty}, and is given {found} dimensions");
                problems.push(Problem::new(ProblemKind::Option(message), at.clone()));
            }
            (Some(dims), _) => {
                sizes.extend(ty.shape.0.iter().cloned().zip(dims.iter().copied()));
                ty.shape = Shape::fixed(&dims);
            }
            (None, Some(batch)) if rank >= 2 => {
                sizes.entry(ty.shape.0[0].clone()).or_insert(batch);
                ty.shape.0[0] = Dim::Fixed(batch);
            }
            (None, _) => (),
        }
    }
    let dims = types.iter_mut().flat_map(|(_, ty, _)| ty.shape.0.iter_mut()).filter(|dim| dim.fixed().is_none());
    for dim in dims {
        if let Some(&size) = sizes.get(dim) {
            *dim = Dim::Fixed(size);
        }
    }
    problems
}

/// Options that name inputs the model doesn't have.
fn unknown_names(types: &[(String, Type, At)], structured: &[String], options: &Options) -> Vec<Problem> {
    let shapes = options.input_shapes.iter().map(|(name, _)| name);
    let names = shapes.chain(options.input_values.iter().map(|(name, _)| name));
    let inputs: Vec<&str> =
        types.iter().map(|(name, _, _)| name.as_str()).chain(structured.iter().map(String::as_str)).collect();
    let known = |name: &String| inputs.contains(&name.as_str());
    let problem = |name: &String| {
        let kind = ProblemKind::Option(format!("the model has no input named `{name}`"));
        Problem::new(kind, At::root()).help(format!("its inputs are: {}", inputs.join(", ")))
    };
    names.filter(|name| !known(name)).map(problem).collect()
}
