#!/usr/bin/env python3
"""How fast is Firebrick on this machine, beside other engines? Writes the figures of docs/performance.md.

    cargo build --release
    python -m venv venv
    venv/bin/pip install numpy matplotlib onnx onnxruntime openvino
    venv/bin/python bench/compare.py

Networks are SqueezeNets with weights drawn at random (bench/nets.py), which Firebrick writes as ONNX for all engines.
`--also MODEL.onnx` compares further models. Engines that are not installed are left out, and named. `--only PART` does
a part again and keeps what was measured of the others; `--match` and `--threads` make the parts smaller. Nothing else
should run meanwhile: times are minima, but two threads need two quiet cores.

An engine that needs packages of other versions may have a Python of its own:

    --python deepsparse=other/bin/python

Engines that are no Python packages (tract, rten) can be compared by a program that speaks as `firebrick bench --serve`
does, given as a command line:

    --with 'tract=tractbench serve {model} --threads {threads} --input {input}'
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import measure
import nets
import page

ROOT = Path(__file__).resolve().parent.parent
PEERS = ["onnxruntime", "openvino", "deepsparse"]
THREADS = [1, 2]

# What is compared: name, version, batch, bypass.
SQUEEZENETS = [
    ("SqueezeNet v1.1", "1.1", 1, False),
    ("SqueezeNet v1.0", "1.0", 1, False),
    ("SqueezeNet v1.0 with bypass", "1.0", 1, True),
    ("SqueezeNet v1.1", "1.1", 8, False),
    ("SqueezeNet v1.0", "1.0", 8, False),
]


BOTH = [("SqueezeNet v1.1", "1.1"), ("SqueezeNet v1.0", "1.0")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    built = str(ROOT / "target/release/firebrick")
    parser.add_argument("--firebrick", default=built, help="the command, built with --release")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--only", action="append", choices=PARTS, help="may be repeated")
    parser.add_argument("--match", metavar="TEXT", help="only networks with that in their name, behind which is `b` and the batch")
    parser.add_argument("--threads", type=int, action="append", help="only so many; may be repeated [default: 1 and 2]")
    parser.add_argument("--python", type=pair, action="append", default=[], metavar="ENGINE=PYTHON")
    parser.add_argument("--with", type=pair, action="append", default=[], metavar="NAME=COMMAND", dest="others")
    parser.add_argument("--also", action="append", default=[], metavar="MODEL.onnx", help="f32, with one input of fixed size")
    parser.add_argument("--work", type=Path, default=ROOT / "target/bench", help="where models and results are kept")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    kept = arguments.work / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    results["machine"] = machine(arguments)
    for part in arguments.only or PARTS:
        print(f"== {part}", file=sys.stderr)
        results[part] = merged(results.get(part, []), PARTS[part](arguments))
        kept.write_text(json.dumps(results, indent=1))
    page.write(results, ROOT / "docs")


def pair(text):
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError("expected NAME=VALUE")
    return name, value


def threads(arguments):
    return arguments.threads or THREADS


def peer(arguments, name, path, n_threads, tensor, shape):
    python = dict(arguments.python).get(name)
    return measure.peer(name, path, n_threads, tensor, shape, python)


def others(arguments, path, n_threads, tensor):
    return [(name, measure.other(template, path, n_threads, tensor), None) for name, template in arguments.others]


def merged(before, now):
    """What was measured now, in the place of the same measured before."""
    if isinstance(now, dict):
        return now
    key = lambda found: (found["model"], found.get("batch"), found.get("threads"))
    by_key = {key(found): found for found in before}
    by_key.update((key(found), found) for found in now)
    return list(by_key.values())


def is_wanted(arguments, model, batch=1):
    return arguments.match is None or arguments.match in f"{model} b{batch}"


def machine(arguments):
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    flags = next((line.split(":")[1].split() for line in lines if line.startswith("flags")), [])
    known = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "amx_tile") if flag in flags]
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return {
        "cpu": model,
        "features": known,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "date": datetime.date.today().isoformat(),
        "commit": commit.stdout.strip(),
    }


def call(arguments, *command):
    ran = subprocess.run([arguments.firebrick, *map(str, command)], capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"firebrick {' '.join(map(str, command))}: {ran.stderr.strip()}")
    return ran.stdout


def bench_json(arguments, *command):
    return json.loads(call(arguments, "bench", *command, "--json").splitlines()[-1])


def model(arguments, version, batch=1, **form):
    """A SqueezeNet as ONNX, and its input: path, raw elements, shape."""
    import numpy as np

    size = form.get("size") or nets.VERSIONS[version]["size"]
    name = "_".join([version, f"b{batch}", *(f"{key}{value}" for key, value in form.items() if value)])
    prototxt, onnx = arguments.work / f"{name}.prototxt", arguments.work / f"{name}.onnx"
    prototxt.write_text(nets.squeezenet(version, batch, **form))
    if not onnx.exists():
        call(arguments, "convert", prototxt, "--random-weights", "-o", onnx, "--batch", batch)
    shape = (batch, 3, size, size)
    return onnx, elements(arguments, shape), shape


def elements(arguments, shape):
    import numpy as np

    path = arguments.work / f"input_{'x'.join(map(str, shape))}.f32"
    np.random.default_rng(1).standard_normal(shape).astype(np.float32).tofile(path)
    return path


def compare(arguments, commands):
    import numpy as np

    rows, outputs, missing = measure.side_by_side(commands, arguments.rounds)
    for name, reason in missing.items():
        print(f"left out: {name}: {reason}", file=sys.stderr)
    reference = outputs.get("onnxruntime")
    for name, row in rows.items():
        if reference is not None and outputs[name].shape == reference.shape:
            row["error"] = float(np.max(np.abs(outputs[name] - reference)) / np.max(np.abs(reference)))
    return {"rows": rows, "missing": missing}


def peers(arguments):
    """f32, side by side."""
    found = []
    models = [(name, *model(arguments, version, batch, bypass=on), batch) for name, version, batch, on in SQUEEZENETS]
    for path in map(Path, arguments.also):
        import onnx

        dims = onnx.load(path, load_external_data=False).graph.input[0].type.tensor_type.shape.dim
        shape = tuple(dim.dim_value for dim in dims)
        models.append((path.stem, path, elements(arguments, shape), shape, shape[0]))
    for name, path, tensor, shape, batch in models:
        if not is_wanted(arguments, name, batch):
            continue
        for n_threads in threads(arguments):
            commands = [("firebrick", measure.firebrick(arguments.firebrick, path, n_threads, tensor, shape), None)]
            commands += [(name, peer(arguments, name, path, n_threads, tensor, shape), None) for name in PEERS]
            found.append({"model": name, "batch": batch, "threads": n_threads, **compare(arguments, commands)})
    return found


def int8(arguments):
    """The same networks as ONNX Runtime quantises them: u8 activations, s8 weights, a scale for each channel. OpenVINO
    also held to the instructions that machines without AMX have."""
    found = []
    for name, version in BOTH:
        if not is_wanted(arguments, f"{name} in int8"):
            continue
        path, tensor, shape = model(arguments, version)
        quantized = path.with_name(f"{path.stem}_int8.onnx")
        if not quantized.exists():
            quantize(path, quantized, shape)
        for n_threads in threads(arguments):
            own = measure.firebrick(arguments.firebrick, quantized, n_threads, tensor, shape)
            commands = [("firebrick", own, None)]
            commands += [(name, peer(arguments, name, quantized, n_threads, tensor, shape), None) for name in PEERS]
            held = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"}
            commands.append(("openvino, VNNI", peer(arguments, "openvino", quantized, n_threads, tensor, shape), held))
            found.append({"model": f"{name} in int8", "batch": 1, "threads": n_threads, **compare(arguments, commands)})
    return found


def quantize(path, quantized, shape):
    import numpy as np
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Noise(CalibrationDataReader):
        def __init__(self):
            random = np.random.default_rng(2)
            self.feeds = iter([{"data": random.standard_normal(shape).astype(np.float32)} for _ in range(4)])

        def get_next(self):
            return next(self.feeds, None)

    quantize_static(
        path,
        quantized,
        Noise(),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
    )


def isas(arguments):
    """Instruction sets other than the best one; OpenVINO can be held to one by oneDNN's ONEDNN_MAX_CPU_ISA."""
    found = []
    for name, version in BOTH:
        if not is_wanted(arguments, name):
            continue
        path, tensor, shape = model(arguments, version)
        for n_threads in threads(arguments):
            of = lambda *options: measure.firebrick(arguments.firebrick, path, n_threads, tensor, shape, *options)
            commands = [(f"firebrick --isa {isa}", of("--isa", isa), None) for isa in ("avx2", "clif")]
            held = {"ONEDNN_MAX_CPU_ISA": "AVX2"}
            commands.append(("openvino, AVX2", peer(arguments, "openvino", path, n_threads, tensor, shape), held))
            commands.append(("onnxruntime", peer(arguments, "onnxruntime", path, n_threads, tensor, shape), None))
            commands += others(arguments, path, n_threads, tensor)
            found.append({"model": name, "batch": 1, "threads": n_threads, **compare(arguments, commands)})
    return found


def cold(arguments):
    """From the start of a process to its first result; code, memory and compile time."""
    found = []
    for name, version in BOTH:
        if not is_wanted(arguments, name):
            continue
        path, tensor, shape = model(arguments, version)
        start = {"firebrick": measure.cold_ms(measure.firebrick(arguments.firebrick, path, 2, tensor, shape), 15)}
        for engine in PEERS[:2]:
            start[engine] = measure.cold_ms(peer(arguments, engine, path, 2, tensor, shape), 3)
        start |= {engine: measure.cold_ms(command, 5) for engine, command, _ in others(arguments, path, 2, tensor)}
        runs = [bench_json(arguments, path, "--threads", 2, "--iters", 3) for _ in range(15)]
        least = {key: min(run[key] for run in runs) for key in ("load_ms", "compile_ms", "first_ms")}
        sizes = {key: runs[0][key] for key in ("code_bytes", "weight_bytes", "arena_bytes")}
        found.append({"model": name, "start_ms": start, **least, **sizes})
    return found


def profile(arguments):
    """Where one thread's time goes."""
    found = []
    for name, version in BOTH:
        if not is_wanted(arguments, name):
            continue
        path, _, _ = model(arguments, version)
        measured = bench_json(arguments, path, "--threads", 1, "--iters", 200, "--profile")
        found.append({"model": name, **measured["profile"], "min_ms": min(measured["ms"])})
    return found


def growth(arguments):
    """How time, memory and compile time grow with batch, threads, size and depth."""
    axes = {
        "batch": [{"batch": n} for n in (1, 2, 4, 8, 16, 32, 64)],
        "threads": [{"threads": n} for n in range(1, 9)],
        "size": [{"size": n} for n in (64, 96, 128, 192, 224, 256, 320, 384, 448, 512)],
        "n_more_fires": [{"n_more_fires": n} for n in (0, 4, 8, 16, 32)],
    }
    found = {}
    for axis, points in axes.items():
        found[axis] = []
        for point in points:
            n_threads = point.pop("threads", 1)
            path, _, shape = model(arguments, "1.1", **point)
            n_runs = max(3, 20 // shape[0])
            command = (path, "--batch", shape[0], "--threads", n_threads, "--iters", n_runs)
            runs = [bench_json(arguments, *command) for _ in range(2)]
            at = n_threads if axis == "threads" else next(iter(point.values()))
            found[axis].append(
                {
                    "at": at,
                    "min_ms": min(ms for run in runs for ms in run["ms"]),
                    "compile_ms": min(run["compile_ms"] for run in runs),
                    "arena_bytes": runs[0]["arena_bytes"],
                    "weight_bytes": runs[0]["weight_bytes"],
                }
            )
    found["busy"] = busy(arguments)
    return found


def busy(arguments):
    """Two threads while another process keeps as many cores busy as said: median, which is what a user waits for."""
    path, _, _ = model(arguments, "1.1")
    found = []
    for n_busy in range((os.cpu_count() or 1) + 1):
        spin = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n_busy)]
        try:
            ms = sorted(bench_json(arguments, path, "--threads", 2, "--iters", 150)["ms"])
        finally:
            for process in spin:
                process.kill()
                process.wait()
        found.append({"busy": n_busy, "median_ms": ms[len(ms) // 2], "p90_ms": ms[len(ms) * 9 // 10]})
    return found


PARTS = {"peers": peers, "int8": int8, "isas": isas, "cold": cold, "profile": profile, "growth": growth}

if __name__ == "__main__":
    main()
