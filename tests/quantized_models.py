#!/usr/bin/env python3
"""Quantizes ONNX models by ONNX Runtime's quantizer, and runs them in ONNX Runtime.

    python tests/quantized_models.py FOLDER MODEL.onnx [IMAGES.npy] ...

Each model, which takes one image of floats, becomes a folder NAME-FORMAT-TYPES-WEIGHTS below FOLDER for each format
(qdq, qlinear), types of activations and weights (u8s8, s8s8) and scales of weights (channel, tensor), and for activations
whose scales are computed (dynamic), with weights of both types (u8s8, u8u8): `model.onnx`, and
`arrays.npz` with an input (`in:NAME`) and what ONNX Runtime makes of it: outputs (`out:INDEX`) and every value of
integers between (`mid:NAME`). IMAGES are uint8, `[N, height, width, 3]` of blue, green, red, of which Caffe's mean is
subtracted; without them, inputs are random. All but the last calibrate, the last is the input.

It needs the packages onnx, onnxruntime and numpy.
"""

import argparse
import logging
import pathlib
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

FORMATS = {"qdq": QuantFormat.QDQ, "qlinear": QuantFormat.QOperator}
TYPES = {"u8s8": (QuantType.QUInt8, False), "s8s8": (QuantType.QInt8, True)}
DYNAMIC = {"u8s8": QuantType.QInt8, "u8u8": QuantType.QUInt8}
MEAN = numpy.array([104, 117, 123], dtype=numpy.float32)
# The quantizer looks for patterns that Caffe's nets don't have, and says so.
logging.getLogger().setLevel(logging.ERROR)


class Images(CalibrationDataReader):
    """Images one after another."""

    def __init__(self, name, images):
        self.feeds = iter([{name: image[None]} for image in images])

    def get_next(self):
        return next(self.feeds, None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("files", type=pathlib.Path, nargs="+", help="models, and images behind one")
    args = parser.parse_args()
    onnxruntime.set_default_logger_severity(4)
    images = None
    for index, path in enumerate(args.files):
        if path.suffix == ".npy":
            continue
        following = args.files[index + 1] if index + 1 < len(args.files) else path
        images = numpy.load(following) if following.suffix == ".npy" else None
        write_all(args.folder, path, images)


def write_all(folder, path, images):
    value = onnx.load(path).graph.input[0]
    dims = [dim.dim_value for dim in value.type.tensor_type.shape.dim][1:]
    if images is None:
        floats = numpy.random.default_rng(7).standard_normal([5, *dims]).astype(numpy.float32)
    else:
        top = (images.shape[1] - dims[1]) // 2
        cut = images[:, top : top + dims[1], top : top + dims[2]]
        floats = numpy.ascontiguousarray((cut.astype(numpy.float32) - MEAN).transpose(0, 3, 1, 2))
    for form in FORMATS:
        for types in TYPES:
            for weights in ("channel", "tensor"):
                case = new(folder, f"{path.stem}-{form}-{types}-{weights}")
                quantize(path, case / "model.onnx", Images(value.name, floats[:-1]), FORMATS[form], TYPES[types], weights)
                write_arrays(case, value.name, floats[-1:])
    for types, weights in DYNAMIC.items():
        case = new(folder, f"{path.stem}-dynamic-{types}-tensor")
        quantize_dynamic(path, case / "model.onnx", weight_type=weights)
        write_arrays(case, value.name, floats[-1:])


def new(folder, name):
    (folder / name).mkdir(parents=True, exist_ok=True)
    return folder / name


def write_arrays(case, name, image):
    arrays = run(case / "model.onnx", name, image)
    numpy.savez(case / "arrays.npz", **arrays)
    print(f"{case.name}: {len(arrays) - 2} values of integers")


def quantize(source, target, reader, form, types, weights):
    activation, symmetric = types
    quantize_static(
        source,
        target,
        reader,
        quant_format=form,
        per_channel=weights == "channel",
        activation_type=activation,
        weight_type=QuantType.QInt8,
        extra_options={"ActivationSymmetric": symmetric, "WeightSymmetric": True},
    )


def run(path, name, image):
    """What ONNX Runtime computes: each value of integers, and the outputs."""
    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    outputs = [value.name for value in model.graph.output]
    between = [value for node in model.graph.node for value in quantized(node, model)]
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, dtype, None) for name, dtype in between)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "model.onnx"
        onnx.save(model, file)
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    # The outputs of the model as it is: an output in between keeps ONNX Runtime from making one operator of several.
    plain = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    arrays = {f"in:{name}": image}
    for index, found in enumerate(plain.run(outputs, {name: image})):
        arrays[f"out:{index}"] = found
    names = [name for name, _ in between]
    for between_name, found in zip(names, session.run(names, {name: image})):
        arrays[f"mid:{between_name}"] = found
    return arrays


def quantized(node, model):
    """The results of an operator that are integers of 8 bits, with their element types."""
    if node.op_type == "DynamicQuantizeLinear":
        return [(node.output[0], onnx.TensorProto.UINT8)]
    if not (node.op_type == "QuantizeLinear" or node.op_type.startswith("QLinear") or node.op_type == "MaxPool"):
        return []
    zeros = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    if node.op_type == "MaxPool":
        known = {value.name: value.type.tensor_type.elem_type for value in model.graph.value_info}
        dtype = known.get(node.output[0])
    else:
        dtype = next((zeros[name] for name in reversed(node.input) if zeros.get(name) in (2, 3)), None)
    return [(node.output[0], dtype)] if dtype in (2, 3) else []


if __name__ == "__main__":
    sys.exit(main())
