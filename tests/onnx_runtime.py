#!/usr/bin/env python3
"""Checks models that Firebrick wrote by onnx.checker, and runs them in ONNX Runtime.

    python tests/onnx_runtime.py FOLDER

Every folder below FOLDER with a file `model.onnx` is a case: a model, and `arrays.npz` with its inputs (`in:NAME`) and
what others computed from them (`out:INDEX`, `mid:NAME`). It needs the packages onnx, onnxruntime and numpy.

A result may be off by TOLERANCE of the array's largest magnitude, as engines sum in another order, or by what a case
says for a blob (`tolerance:NAME`, absolute).
"""

import argparse
import collections
import pathlib
import sys

import numpy
import onnx
import onnxruntime

TOLERANCE = 1e-5
# Elements of few bits are rounded after every layer, each time a little differently.
COARSE = {"float16": 1e-2, "bfloat16": 5e-2}
# Below that, numbers lose bits one after another.
SMALLEST = 1e-30
# ONNX Runtime has no kernels for some element types of an operator, which are valid all the same.
NO_KERNEL = ("NOT_IMPLEMENTED", "Only support", "Only 4-D or 5-D", "is unsupported", "No corresponding Numpy type", "not supported", "Unsupported type")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--allow-missing-kernels", action="store_true", help="count them instead of failing")
    parser.add_argument("--as-written", action="store_true", help="without ONNX Runtime's own rewrites of the graph")
    parser.add_argument("--verbose", action="store_true", help="say how far each case is off")
    args = parser.parse_args()
    onnxruntime.set_default_logger_severity(4)
    found = sorted(args.folder.rglob("model.onnx"))
    if not found:
        sys.exit(f"error: there is no model.onnx below {args.folder}")
    counts = collections.Counter()
    for path in found:
        name = str(path.parent.relative_to(args.folder))
        try:
            error = check(path, args.as_written)
        except NoKernel as missing:
            counts["without a kernel"] += 1
            if not args.allow_missing_kernels:
                counts["failed"] += 1
                print(f"{name}: {missing}")
        except Exception as error:  # whatever the packages raise is what is wrong with the model
            counts["failed"] += 1
            print(f"{name}: {type(error).__name__}: {error}")
        else:
            counts["passed"] += 1
            if args.verbose:
                print(f"{name}: {error:.1e}")
    print(", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    sys.exit(1 if counts["failed"] else 0)


class NoKernel(Exception):
    """ONNX Runtime can't run an operator on these elements."""


class Wrong(Exception):
    """A result is not what it should be."""


def check(path, as_written):
    """Checks and runs one case; its largest error, relative to the largest magnitude of the array."""
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(path)
    initializers = {tensor.name for tensor in model.graph.initializer}
    listed = initializers & {value.name for value in model.graph.input}
    if listed:
        raise Wrong(f"initializers are inputs: {sorted(listed)}")
    arrays = dict(numpy.load(path.parent / "arrays.npz"))
    results = run(path, model, arrays, as_written)
    worst = 0.0
    for key, expected in arrays.items():
        kind, _, name = key.partition(":")
        if kind == "out":
            name = model.graph.output[int(name)].name
        elif kind in ("in", "tolerance") or name not in results:
            continue
        worst = max(worst, compare(name, results[name], expected, arrays.get(f"tolerance:{name}")))
    return worst


def run(path, model, arrays, as_written):
    """Every named value of the model that is among the arrays, by its name."""
    outputs = {value.name for value in model.graph.output}
    computed = {name for node in model.graph.node for name in node.output}
    known = {value.name: value for value in model.graph.value_info}
    between = [key[4:] for key in arrays if key.startswith("mid:")]
    for name in between:
        if name in computed and name in known and name not in outputs:
            model.graph.output.append(known[name])
            outputs.add(name)
    external = any(tensor.external_data for tensor in model.graph.initializer)
    source = str(path) if external else model.SerializeToString()
    options = onnxruntime.SessionOptions()
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        inputs = {}
        for value in session.get_inputs():
            inputs[value.name] = as_type(arrays[f"in:{value.name}"], value.type)
        names = [value.name for value in session.get_outputs()]
        results = session.run(names, inputs)
    except Exception as error:
        if any(word in str(error) for word in NO_KERNEL):
            raise NoKernel(str(error)) from error
        raise
    return dict(zip(names, results))


def as_type(array, onnx_type):
    word = onnx_type.removeprefix("tensor(").removesuffix(")")
    names = {"float": "float32", "double": "float64"}
    if word == "bfloat16":
        raise NoKernel("NumPy has no bfloat16")
    return array.astype(names.get(word, word))


def compare(name, found, expected, absolute):
    if tuple(found.shape) != tuple(expected.shape):
        raise Wrong(f"{name} has shape {found.shape} instead of {expected.shape}")
    tolerance = COARSE.get(str(found.dtype), TOLERANCE)
    if expected.size == 0:
        return 0.0
    if found.dtype.kind not in "fV":
        differ = numpy.flatnonzero(found.astype(expected.dtype).ravel() != expected.ravel())
        if len(differ):
            i = differ[0]
            raise Wrong(f"{name}[{i}] is {found.ravel()[i]} instead of {expected.ravel()[i]}, {len(differ)} such")
        return 0.0
    found = found.astype(numpy.float64)
    expected = expected.astype(numpy.float64)
    same = (found == expected) | (numpy.isnan(found) & numpy.isnan(expected))
    off = numpy.where(same, 0.0, numpy.abs(found - expected))
    finite = expected[numpy.isfinite(expected)]
    magnitude = max(numpy.abs(finite).max(), SMALLEST) if finite.size else 0.0
    worst = numpy.nanmax(off) if not numpy.isnan(off).any() else numpy.inf
    relative = worst / magnitude if magnitude else worst
    if worst > absolute if absolute is not None else relative > tolerance:
        i = int(numpy.nanargmax(off))
        raise Wrong(
            f"{name}[{i}] is {found.ravel()[i]} instead of {expected.ravel()[i]}: off by {relative:.1e} of {magnitude}"
        )
    return relative


if __name__ == "__main__":
    main()
