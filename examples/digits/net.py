"""The digits net: one list of Caffe layers, from which the PyTorch model, `deploy.prototxt` and `digits.caffemodel` all follow."""

import torch
import torch.nn.functional as F
from torch import nn

from caffe_messages import LayerParameter, NetParameter

NAME = "digits"
SIDE = 32  # of the square input, in pixels
SCALE = 1 / 256  # exact in binary, so that every engine starts from the same input
TRANSFORM = {"scale": SCALE, "force_gray": True}
TRAINING_BATCH = 64


def layer(name, kind, bottoms, tops=None, **params):
    """One layer; its output is called after it unless `tops` says otherwise."""
    return LayerParameter(name=name, type=kind, bottom=bottoms, top=tops or [name], **params)


def conv(name, bottom, num_output, kernel_size, **params):
    params = {"num_output": num_output, "kernel_size": [kernel_size], **params}
    return layer(name, "Convolution", [bottom], convolution_param=params)


def relu(name, blob):
    return layer(name, "ReLU", [blob], [blob])


def max_pool(name, bottom):
    return layer(name, "Pooling", [bottom], pooling_param={"pool": "MAX", "kernel_size": 3, "stride": 2})


def fire(name, bottom, squeeze, expand):
    """SqueezeNet's Fire module: `squeeze` channels, then `expand` of 1x1 and as many of 3x3, side by side."""
    squeezed, expanded1, expanded3 = (f"{name}/{part}" for part in ("squeeze1x1", "expand1x1", "expand3x3"))
    return [
        conv(squeezed, bottom, squeeze, 1),
        relu(f"{name}/relu_squeeze1x1", squeezed),
        conv(expanded1, squeezed, expand, 1),
        relu(f"{name}/relu_expand1x1", expanded1),
        conv(expanded3, squeezed, expand, 3, pad=[1]),
        relu(f"{name}/relu_expand3x3", expanded3),
        layer(f"{name}/concat", "Concat", [expanded1, expanded3]),
    ]


BODY = [
    conv("conv1", "data", 16, 3, pad=[1], stride=[2]),
    relu("relu_conv1", "conv1"),
    max_pool("pool1", "conv1"),
    *fire("fire2", "pool1", 8, 16),
    *fire("fire3", "fire2/concat", 8, 16),
    max_pool("pool3", "fire3/concat"),
    *fire("fire4", "pool3", 16, 32),
    *fire("fire5", "fire4/concat", 16, 32),
    layer("drop5", "Dropout", ["fire5/concat"], ["fire5/concat"], dropout_param={"dropout_ratio": 0.5}),
    conv("conv_final", "fire5/concat", 10, 1),
    layer("pool_final", "Pooling", ["conv_final"], pooling_param={"pool": "AVE", "global_pooling": True}),
]


def deploy_net():
    """The net as it is used: an image in, `prob` out. The preprocessing is in the Input layer."""
    shape = {"dim": [1, 1, SIDE, SIDE]}
    data = layer("data", "Input", [], transform_param=TRANSFORM, input_param={"shape": [shape]})
    return NetParameter(name=NAME, layer=[data, *BODY, layer("prob", "Softmax", ["pool_final"])])


def training_net(model):
    """The net as Caffe saves it while training: a data layer, a loss, Split layers, the weights of `model`."""
    size = {"batch_size": TRAINING_BATCH, "channels": 1, "height": SIDE, "width": SIDE}
    data = layer("data", "MemoryData", [], ["data", "label"], transform_param=TRANSFORM, memory_data_param=size)
    loss = layer("loss", "SoftmaxWithLoss", ["pool_final", "label"], loss_weight=[1])
    net = NetParameter(name=NAME, layer=with_splits([data, *BODY, loss]))
    for each in net.layer:
        each.phase = 0  # TRAIN
        if each.name in model.convs:
            for values in model.convs[each.name].parameters():
                each.blobs.add(shape={"dim": values.shape}, data=values.detach().flatten().tolist())
    return net


def with_splits(layers):
    """`layers` with each blob that is read more than once copied by a Split layer, which is how Caffe runs and saves a net."""
    layers = [LayerParameter.FromString(each.SerializeToString()) for each in layers]
    writers, readers = {}, {}
    for at, each in enumerate(layers):
        for slot, blob in enumerate(each.bottom):
            readers.setdefault((writers[blob], blob), []).append((each, slot))
        writers.update(dict.fromkeys(each.top, at))
    split = []
    for at, each in enumerate(layers):
        split.append(each)
        for index, blob in enumerate(each.top):
            uses = readers.get((at, blob), [])
            if len(uses) < 2:
                continue
            name = f"{blob}_{each.name}_{index}_split"
            copies = [f"{name}_{i}" for i in range(len(uses))]
            split.append(layer(name, "Split", [blob], copies))
            for (reader, slot), copy in zip(uses, copies, strict=True):
                reader.bottom[slot] = copy
    return split


class Net(nn.Module):
    """Runs the layers of a deploy net up to its Softmax: images N x 1 x 32 x 32 of 0..1 in, logits N x 10 out."""

    def __init__(self, net):
        super().__init__()
        self.layers = net.layer
        self.convs = nn.ModuleDict()
        channels = {}
        for each in net.layer:
            inputs = [channels[blob] for blob in each.bottom]
            outputs = sum(inputs)  # of Concat; the other layers but these two have one input and keep its channels
            if each.type == "Input":
                outputs = each.input_param.shape[0].dim[1]
            elif each.type == "Convolution":
                outputs = each.convolution_param.num_output
                self.convs[each.name] = _conv2d(inputs[0], each.convolution_param)
            channels[each.top[0]] = outputs

    def forward(self, images):
        blobs = {}
        for each in self.layers:
            inputs = [blobs[blob] for blob in each.bottom]
            match each.type:
                case "Input":
                    output = images
                case "Convolution":
                    output = self.convs[each.name](*inputs)
                case "ReLU":
                    output = F.relu(*inputs)
                case "Pooling":
                    output = _pool(*inputs, each.pooling_param)
                case "Dropout":
                    output = F.dropout(*inputs, each.dropout_param.dropout_ratio, self.training)
                case "Concat":
                    output = torch.cat(inputs, dim=1)
                case "Softmax":
                    return inputs[0].flatten(1)
                case unknown:
                    raise ValueError(f"layer {each.name}: no rule for type {unknown}")
            blobs[each.top[0]] = output
        raise ValueError("the net does not end in a Softmax layer")


def _conv2d(n_inputs, param):
    stride, pad = (values[0] if values else default for values, default in ((param.stride, 1), (param.pad, 0)))
    conv2d = nn.Conv2d(n_inputs, param.num_output, param.kernel_size[0], stride, pad)
    nn.init.kaiming_normal_(conv2d.weight, nonlinearity="relu")
    nn.init.zeros_(conv2d.bias)
    return conv2d


def _pool(blob, param):
    if param.global_pooling:
        return blob.mean(dim=(2, 3), keepdim=True)
    # Caffe rounds the number of windows up and drops one that would start beyond the map: PyTorch's rule under ceil_mode.
    return F.max_pool2d(blob, param.kernel_size, param.stride, ceil_mode=True)


def scaled(images, dtype):
    """The net's input from pixels 0..255, a NumPy array N x 1 x 32 x 32 of bytes."""
    return torch.from_numpy(images).to(dtype) * SCALE
