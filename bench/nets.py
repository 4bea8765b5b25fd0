"""SqueezeNets of any size, batch and depth, as prototxt whose fillers draw the weights."""

# Squeeze and expand channels of the Fire modules, and where the maxima are taken: before the module of that number.
VERSIONS = {
    "1.0": {"conv1": (96, 7), "size": 227, "pools": (2, 5, 9), "conv10_pad": 1},
    "1.1": {"conv1": (64, 3), "size": 224, "pools": (2, 4, 6), "conv10_pad": 0},
}
FIRES = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128), 6: (48, 192), 7: (48, 192), 8: (64, 256), 9: (64, 256)}
BYPASSED = (3, 5, 7, 9)


def squeezenet(version, batch=1, size=None, bypass=False, n_more_fires=0):
    """The prototxt of a SqueezeNet; `n_more_fires` modules like the last one are put behind it."""
    form = VERSIONS[version]
    size = size or form["size"]
    dims = " ".join(f"dim: {n}" for n in (batch, 3, size, size))
    layers = [f'layer {{ name: "data" type: "Input" top: "data" input_param {{ shape {{ {dims} }} }} }}']

    def conv(name, bottom, n_out, kernel, stride=1, pad=0):
        filler = 'weight_filler { type: "msra" }'
        layers.append(
            f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{name}" convolution_param {{ '
            f"num_output: {n_out} kernel_size: {kernel} stride: {stride} pad: {pad} {filler} }} }}"
        )
        layers.append(f'layer {{ name: "{name}/relu" type: "ReLU" bottom: "{name}" top: "{name}" }}')
        return name

    def pool(name, bottom):
        layers.append(
            f'layer {{ name: "{name}" type: "Pooling" bottom: "{bottom}" top: "{name}" '
            "pooling_param { pool: MAX kernel_size: 3 stride: 2 } }"
        )
        return name

    def fire(number, bottom, has_bypass):
        squeeze, expand = FIRES[min(number, 9)]
        name = f"fire{number}"
        squeezed = conv(f"{name}/squeeze1x1", bottom, squeeze, 1)
        one = conv(f"{name}/expand1x1", squeezed, expand, 1)
        three = conv(f"{name}/expand3x3", squeezed, expand, 3, pad=1)
        top = f"{name}/concat"
        layers.append(f'layer {{ name: "{top}" type: "Concat" bottom: "{one}" bottom: "{three}" top: "{top}" }}')
        if has_bypass:
            total = f"{name}/sum"
            layers.append(f'layer {{ name: "{total}" type: "Eltwise" bottom: "{bottom}" bottom: "{top}" top: "{total}" }}')
            top = total
        return top

    channels, kernel = form["conv1"]
    top = conv("conv1", "data", channels, kernel, stride=2)
    for number in range(2, 10 + n_more_fires):
        if number in form["pools"]:
            top = pool(f"pool{number - 1}", top)
        top = fire(number, top, bypass and number in BYPASSED)
    top = conv("conv10", top, 1000, 1, pad=form["conv10_pad"])
    layers.append(
        f'layer {{ name: "pool10" type: "Pooling" bottom: "{top}" top: "pool10" '
        "pooling_param { pool: AVE global_pooling: true } }"
    )
    layers.append('layer { name: "prob" type: "Softmax" bottom: "pool10" top: "prob" }')
    return "\n".join([f'name: "SqueezeNet {version}"', *layers]) + "\n"
