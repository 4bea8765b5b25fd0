"""A peer in a process of its own, spoken to as `firebrick bench --serve` is.

    python engines.py onnxruntime MODEL.onnx --threads 2 --input X.f32

prints a line of JSON with `"ready": true`, and answers `run N` with `{"ms": [...]}` and `out FILE.f32` with
`{"ok": true}`, until `quit`.
"""

import argparse
import json
import os
import sys
import time


def onnxruntime(model, n_threads, tensor):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: tensor}
    return lambda: session.run(None, feed)[0], ort.__version__


def openvino(model, n_threads, tensor):
    import openvino as ov

    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": n_threads,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = ov.Core().compile_model(model, "CPU", config).create_infer_request()
    request.set_input_tensor(ov.Tensor(tensor, shared_memory=True))

    def run():
        request.infer()
        return request.get_output_tensor(0).data

    return run, ov.__version__.split("-")[0]


def deepsparse(model, n_threads, tensor):
    import deepsparse as ds

    engine = ds.compile_model(model, batch_size=tensor.shape[0], num_cores=n_threads)
    return lambda: engine.run([tensor])[0], ds.__version__


ENGINES = {"onnxruntime": onnxruntime, "openvino": openvino, "deepsparse": deepsparse}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--input", required=True, help="raw f32, N x 3 x H x W")
    parser.add_argument("--shape", required=True, help="1,3,224,224")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    # Engines that talk do so on stderr.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**fields):
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    import numpy as np

    shape = [int(n) for n in arguments.shape.split(",")]
    tensor = np.fromfile(arguments.input, np.float32).reshape(shape)
    start = time.perf_counter()
    run, version = ENGINES[arguments.engine](arguments.model, arguments.threads, tensor)
    load_ms = (time.perf_counter() - start) * 1e3
    start = time.perf_counter()
    result = run()
    answer(ready=True, version=version, load_ms=load_ms, first_ms=(time.perf_counter() - start) * 1e3)
    for line in sys.stdin:
        verb, _, rest = line.strip().partition(" ")
        if verb == "run":
            ms = []
            for _ in range(int(rest)):
                start = time.perf_counter()
                result = run()
                ms.append((time.perf_counter() - start) * 1e3)
            answer(ms=ms)
        elif verb == "out":
            np.asarray(result, np.float32).tofile(rest)
            answer(ok=True)
        else:
            return


if __name__ == "__main__":
    main()
