"""Engines that are measured side by side, each in a process of its own."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Runs of a burst that are not counted, and how long a burst takes about.
N_WARMUP = 2
BURST_MS = 120
MAX_RUNS = 40


class Engine:
    """A process that answers lines, as `firebrick bench --serve` does."""

    def __init__(self, name, command, environment=None):
        self.name = name
        self.ms = []
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self.ready = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise RuntimeError(f"{self.name} ended: {self.errors.read().strip()[-400:]}")
        return json.loads(line)

    def ask(self, request):
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return self.answer()

    def run(self, n):
        return self.ask(f"run {n}")["ms"]

    def resident_mb(self):
        """The most memory that the process has had, where the system says so."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return None
        return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), None)

    def stop(self):
        try:
            self.process.communicate("quit\n", timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def firebrick(binary, model, n_threads, tensor, shape, *options):
    own = [*shlex.split(binary), "bench", str(model), "--batch", str(shape[0]), "--threads", str(n_threads)]
    return [*own, "--input", str(tensor), "--serve", *options]


def peer(name, model, n_threads, tensor, shape, python=None):
    shape = ",".join(map(str, shape))
    engine = [python or sys.executable, str(HERE / "engines.py"), name, str(model)]
    return [*engine, "--threads", str(n_threads), "--input", str(tensor), "--shape", shape]


def other(template, model, n_threads, tensor):
    """A command line with places for what it is to run."""
    words = shlex.split(template)
    return [word.format(model=model, threads=n_threads, input=tensor) for word in words]


def side_by_side(commands, n_rounds):
    """Bursts of each engine in turn, in an order that changes, so that what disturbs one disturbs all.

    `commands` has (name, command, environment) of each engine. Those that can't be started are left out and named.
    Gives a row for each engine: minimum and median of all its runs, memory, and what it said of itself.
    """
    engines, missing = [], {}
    for name, command, environment in commands:
        try:
            engines.append(Engine(name, command, environment))
        except (RuntimeError, OSError) as error:
            missing[name] = str(error).splitlines()[-1] if str(error) else "it did not start"
    try:
        n_runs = {e.name: max(3, min(MAX_RUNS, int(BURST_MS / min(e.run(3))))) for e in engines}
        for turn in range(n_rounds):
            first = turn % max(len(engines), 1)
            for engine in engines[first:] + engines[:first]:
                engine.ms += engine.run(N_WARMUP + n_runs[engine.name])[N_WARMUP:]
        rows = {e.name: row(e) for e in engines}
        return rows, outputs(engines), missing
    finally:
        for engine in engines:
            engine.stop()


def row(engine):
    ms = sorted(engine.ms)
    return {
        "min_ms": ms[0],
        "median_ms": ms[len(ms) // 2],
        "n_runs": len(ms),
        "resident_mb": engine.resident_mb(),
        "load_ms": engine.ready.get("load_ms"),
        "first_ms": engine.ready.get("first_ms"),
        "version": engine.ready.get("version"),
    }


def outputs(engines):
    import numpy as np

    found = {}
    for engine in engines:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "out.f32"
            engine.ask(f"out {path}")
            found[engine.name] = np.fromfile(path, np.float32)
    return found


def cold_ms(command, n_times):
    """Milliseconds from the start of a process to the end of its first run; the least of some times."""
    times = []
    for _ in range(n_times):
        start = time.perf_counter()
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, text=True)
        process.stdout.readline()
        times.append((time.perf_counter() - start) * 1e3)
        process.communicate("quit\n")
    return min(times)
