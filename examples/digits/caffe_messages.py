"""The part of Caffe's protobuf messages that this example writes, declared here so that no .proto file or protoc is needed.

One `NetParameter` gives both forms of a Caffe net: the text of a `.prototxt` and the bytes of a `.caffemodel`.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# message: "field=number kind", where kind is a scalar, an enum or a message below; `*` repeats it, `+` repeats it packed.
MESSAGES = {
    "NetParameter": "name=1 string, layer=100 LayerParameter*",
    "LayerParameter": """name=1 string, type=2 string, bottom=3 string*, top=4 string*, loss_weight=5 float*, blobs=7 BlobProto*,
        phase=10 Phase, transform_param=100 TransformationParameter,
        convolution_param=106 ConvolutionParameter, dropout_param=108 DropoutParameter,
        memory_data_param=119 MemoryDataParameter, pooling_param=121 PoolingParameter, input_param=143 InputParameter""",
    "BlobProto": "data=5 float+, shape=7 BlobShape",
    "BlobShape": "dim=1 int64+",
    "TransformationParameter": "scale=1 float, force_gray=7 bool",
    "ConvolutionParameter": "num_output=1 uint32, pad=3 uint32*, kernel_size=4 uint32*, stride=6 uint32*",
    "DropoutParameter": "dropout_ratio=1 float",
    "InputParameter": "shape=1 BlobShape*",
    "MemoryDataParameter": "batch_size=1 uint32, channels=2 uint32, height=3 uint32, width=4 uint32",
    "PoolingParameter": "pool=1 PoolMethod, kernel_size=2 uint32, stride=3 uint32, global_pooling=12 bool",
}
ENUMS = {"Phase": ["TRAIN", "TEST"], "PoolMethod": ["MAX", "AVE"]}


def _declare():
    """The classes of `MESSAGES`, by name."""
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
    for name, values in ENUMS.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields.split(","):
            _declare_field(message, *field.split())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe.{name}")) for name in MESSAGES}


def _declare_field(message, name_and_number, kind):
    name, number = name_and_number.split("=")
    field = message.field.add(name=name, number=int(number))
    field.label = field.LABEL_REPEATED if kind[-1] in "*+" else field.LABEL_OPTIONAL
    if kind.endswith("+"):
        field.options.packed = True
    kind = kind.rstrip("*+")
    if kind in MESSAGES or kind in ENUMS:
        field.type_name = f".caffe.{kind}"
    else:
        field.type = getattr(field, f"TYPE_{kind.upper()}")


_CLASSES = _declare()
NetParameter = _CLASSES["NetParameter"]
LayerParameter = _CLASSES["LayerParameter"]
