"""Checks the files of this folder against each other with NumPy alone: no PyTorch, no protobuf package, nothing of train.py.

    python check.py

Reads `deploy.prototxt` and `digits.caffemodel` with small decoders, runs the net by Caffe's rules on the held-out images, and
compares with the logits that PyTorch gave and with `accuracy.txt`.
"""

import re
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
TOLERANCE = 1e-5


def main():
    layers = parse_text((FOLDER / "deploy.prototxt").read_text())["layer"]
    blobs = decode_net((FOLDER / "digits.caffemodel").read_bytes())
    heldout = np.load(FOLDER / "heldout.npz")
    logits = forward(layers, blobs, heldout["images"].astype(np.float64))
    error = np.abs(logits - heldout["logits"]).max()
    n_correct = (logits.argmax(1) == heldout["labels"]).sum()
    print(f"largest difference of {logits.size} logits (up to {np.abs(logits).max():.1f}): {error:.1e}")
    assert error < TOLERANCE
    assert (FOLDER / "accuracy.txt").read_text() == f"held-out accuracy: {n_correct}/{len(logits)}\n"


def parse_text(text):
    """Protobuf text as field -> list of values, whatever the fields."""
    tokens = iter(re.findall(r'"[^"]*"|[{}]|[^\s{}:"]+', re.sub(r"#.*", "", text)))

    def message():
        fields = {}
        for token in tokens:
            if token == "}":
                break
            value = next(tokens)
            fields.setdefault(token, []).append(message() if value == "{" else value.strip('"'))
        return fields

    return message()


def decode_net(data):
    """Layer name -> its blobs, from NetParameter.layer (100) with name (1) and blobs (7)."""
    layers = [fields(body) for body in fields(data)[100]]
    return {layer[1][0].decode(): [decode_blob(blob) for blob in layer.get(7, [])] for layer in layers}


def decode_blob(data):
    """BlobProto: data (5), packed floats; shape (7) with dim (1), packed varints."""
    blob = fields(data)
    packed, shape = fields(blob[7][0])[1][0], []
    while packed:
        dim, packed = varint(packed)
        shape.append(dim)
    return np.frombuffer(blob[5][0], "<f4").reshape(shape)


def fields(data):
    """Field number -> list of values, of one message in the wire format."""
    found = {}
    while data:
        key, data = varint(data)
        match key & 7:
            case 0:
                value, data = varint(data)
            case 2:
                length, data = varint(data)
                value, data = data[:length], data[length:]
                assert len(value) == length
            case 5:
                value, data = data[:4], data[4:]
            case wire_type:
                raise ValueError(f"wire type {wire_type}")
        found.setdefault(key >> 3, []).append(value)
    return found


def varint(data):
    value = 0
    for at, byte in enumerate(data):
        value |= (byte & 127) << (7 * at)
        if byte < 128:
            return value, data[at + 1 :]
    raise ValueError("a number runs past the end")


def forward(layers, weights, images):
    """What reaches the Softmax layer, in float64."""
    blobs = {}
    for layer in layers:
        inputs = [blobs[name] for name in layer.get("bottom", [])]
        match layer["type"][0]:
            case "Input":
                output = images * float(layer["transform_param"][0]["scale"][0])
            case "Convolution":
                output = convolve(*inputs, *weights[layer["name"][0]], layer["convolution_param"][0])
            case "ReLU":
                output = np.maximum(inputs[0], 0)
            case "Pooling":
                output = pool(*inputs, layer["pooling_param"][0])
            case "Concat":
                output = np.concatenate(inputs, axis=1)
            case "Dropout":
                output = inputs[0]
            case "Softmax":
                return inputs[0][:, :, 0, 0]
            case other:
                raise ValueError(f"layer type {other}")
        blobs[layer["top"][0]] = output


def convolve(x, weight, bias, param):
    pad, stride = int(param.get("pad", [0])[0]), int(param.get("stride", [1])[0])
    assert weight.shape[2:] == (int(param["kernel_size"][0]),) * 2 and weight.shape[0] == int(param["num_output"][0])
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.tensordot(windows, weight.astype(np.float64), axes=([1, 4, 5], [1, 2, 3]))
    return y.transpose(0, 3, 1, 2) + bias[:, None, None]


def pool(x, param):
    if param.get("global_pooling") == ["true"]:
        assert param["pool"] == ["AVE"]
        return x.mean(axis=(2, 3), keepdims=True)
    assert param["pool"] == ["MAX"]
    kernel, stride, size = int(param["kernel_size"][0]), int(param["stride"][0]), x.shape[2]
    n_windows = -(-(size - kernel) // stride) + 1  # Caffe rounds up; without padding the last window still starts inside
    starts = [i * stride for i in range(n_windows)]
    assert starts[-1] < size
    return np.stack(
        [np.stack([x[:, :, r : r + kernel, c : c + kernel].max(axis=(2, 3)) for c in starts], axis=-1) for r in starts], axis=-2
    )


if __name__ == "__main__":
    main()
