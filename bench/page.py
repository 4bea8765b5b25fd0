"""Results as tables and plots of docs/performance.md."""

import re
from pathlib import Path

# Share of the peak below which a layer is to be explained, and of the run from which it is shown.
EXPLAINED_BELOW = 0.75
SHOWN_FROM = 0.005


def write(results, docs):
    """Puts each table between its marks in the page, and the plots beside it."""
    page = docs / "performance.md"
    text = page.read_text()
    parts = {
        "machine": machine(results),
        "targets": targets(results),
        "f32": side_by_side(results.get("peers", [])),
        "int8": side_by_side(results.get("int8", [])),
        "isas": side_by_side(results.get("isas", [])),
        "cold": cold(results.get("cold", [])),
        "profile": profiles(results.get("profile", [])),
    }
    for name, part in parts.items():
        mark = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, n = mark.subn(lambda found: f"{found[1]}\n{part}\n\n{found[2]}", text)
        if n != 1:
            raise SystemExit(f"{page}: there is no place for {name}")
    page.write_text(text)
    if "growth" in results:
        plots(results["growth"], docs / "performance")


def table(headings, rows):
    lines = [headings, ["---"] + ["--:"] * (len(headings) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def machine(results):
    m = results["machine"]
    versions = {}
    for part in ("peers", "int8", "isas"):
        for found in results.get(part, []):
            for name, row in found["rows"].items():
                if row.get("version"):
                    versions[name.split(",")[0]] = row["version"]
    missing = {name for found in results.get("peers", []) for name in found["missing"]}
    known = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    left_out = f" Left out where they did not run: {', '.join(sorted(missing))}." if missing else ""
    return (
        f"{m['cpu']}, {m['cores']} cores ({', '.join(m['features'])}), {m['system']}. Firebrick at {m['commit']}, "
        f"{m['date']}, beside {known or 'no other engine'}.{left_out}"
    )


def fastest_peer(rows):
    others = {name: row["min_ms"] for name, row in rows.items() if not name.startswith("firebrick")}
    return min(others.items(), key=lambda other: other[1], default=(None, None))


def title(found):
    return found["model"] + (f", batch {found['batch']}" if found["batch"] > 1 else "")


def targets(results):
    goals = []
    for found in results.get("peers", []):
        own = found["model"].startswith("SqueezeNet")
        goals.append((found, (1.5 if found["batch"] == 1 else 1.3) if own else 1.0, "firebrick"))
    goals += [(found, 1.4, "firebrick") for found in results.get("int8", [])]
    rows = {}
    for found, goal, name in goals:
        row = rows.setdefault((title(found), goal), {})
        other, other_ms = fastest_peer(found["rows"])
        own = found["rows"].get(name)
        if own and other:
            ratio = other_ms / own["min_ms"]
            row[found["threads"]] = f"{ratio:.2f}× {other}" if ratio < goal else f"**{ratio:.2f}×** {other}"
        else:
            row[found["threads"]] = "not measured"
    lines = [[name, f"{goal:.1f}×", row.get(1, ""), row.get(2, "")] for (name, goal), row in rows.items()]
    lines += isa_targets(results) + scaling(results) + cold_targets(results) + memory_targets(results)
    return table(["", "target", "one thread", "two threads"], lines)


# An instruction set of ours, what it is compared with, what that is called, and the target.
ISA_TARGETS = [("avx2", "openvino, AVX2", "OpenVINO held to AVX2", 1.2), ("clif", "tract", "tract", 1.0)]


def isa_targets(results):
    lines = []
    for isa, other, title, goal in ISA_TARGETS:
        by_model = {}
        for found in results.get("isas", []):
            own, its = found["rows"].get(f"firebrick --isa {isa}"), found["rows"].get(other)
            if own and its:
                ratio = its["min_ms"] / own["min_ms"]
                text = f"{ratio:.2f}×" if ratio < goal else f"**{ratio:.2f}×**"
                by_model.setdefault(found["model"], {})[found["threads"]] = text
        for model, row in by_model.items():
            lines.append([f"{model}, `--isa {isa}`, beside {title}", f"{goal:.1f}×", row.get(1, ""), row.get(2, "")])
    return lines


def scaling(results):
    times = {}
    for found in results.get("peers", []):
        if found["batch"] == 1 and "firebrick" in found["rows"]:
            times.setdefault(found["model"], {})[found["threads"]] = found["rows"]["firebrick"]["min_ms"]
    lines = []
    for name, by_threads in times.items():
        if {1, 2} <= by_threads.keys() and name.startswith("SqueezeNet"):
            ratio = by_threads[1] / by_threads[2]
            text = f"{ratio:.2f}×" if ratio < 1.85 else f"**{ratio:.2f}×**"
            lines.append([f"{name}, two threads beside one", "1.85×", "", text])
    return lines


def bold_below(value, goal, unit):
    text = f"{value:.0f} {unit}" if value >= 20 else f"{value:.1f} {unit}"
    return f"**{text}**" if value <= goal else text


def cold_targets(results):
    found = next((found for found in results.get("cold", []) if found["model"].endswith("1.1")), None)
    if not found:
        return []
    return [
        ["v1.1: start of the process to the first result", "30 ms", "", bold_below(found["start_ms"]["firebrick"], 30, "ms")],
        ["v1.1: rewriting, planning and compiling", "30 ms", "", bold_below(found["compile_ms"], 30, "ms")],
        ["v1.1: code", "300 KB", "", bold_below(found["code_bytes"] / 1e3, 300, "KB")],
    ]


def memory_targets(results):
    lines = []
    for found in results.get("peers", []):
        if found["model"] == "SqueezeNet v1.1" and found["batch"] == 1 and found["threads"] == 2:
            own = found["rows"].get("firebrick", {}).get("resident_mb")
            others = [row["resident_mb"] for name, row in found["rows"].items() if name != "firebrick" and row["resident_mb"]]
            if own and others:
                lines.append(["v1.1: resident memory", f"{min(others) / 2:.0f} MB", "", bold_below(own, min(others) / 2, "MB")])
    return lines


def side_by_side(found_all):
    """A row a network and number of threads, a column an engine: minimum, and median behind it."""
    names = []
    for found in found_all:
        names += [name for name in found["rows"] if name not in names]
    if not names:
        return "Not measured."
    rows = []
    for found in found_all:
        cells = []
        for name in names:
            row = found["rows"].get(name)
            cells.append(f"{row['min_ms']:.2f} ({row['median_ms']:.2f})" if row else "")
        errors = [row["error"] for name, row in found["rows"].items() if name.startswith("firebrick") and "error" in row]
        cells.append(f"{max(errors):.0e}" if errors else "")
        rows.append([f"{title(found)}, {found['threads']} thread{'s' if found['threads'] > 1 else ''}", *cells])
    return table(["ms: minimum (median)", *names, "error"], rows)


def cold(found_all):
    if not found_all:
        return "Not measured."
    names = list(found_all[0]["start_ms"])
    rows = []
    for found in found_all:
        starts = [f"{found['start_ms'][name]:.0f}" for name in names]
        kb = [f"{found[key] / 1024:,.0f}" for key in ("code_bytes", "weight_bytes", "arena_bytes")]
        rows.append([found["model"], *starts, f"{found['load_ms']:.1f}", f"{found['compile_ms']:.1f}", f"{found['first_ms']:.1f}", *kb])
    headings = [f"{name}: start to result, ms" for name in names]
    return table(["", *headings, "load ms", "compile ms", "first run ms", "code KiB", "weights KiB", "values KiB"], rows)


def profiles(found_all):
    return "\n\n".join(profile(found) for found in found_all) or "Not measured."


def profile(found):
    total = sum(step["fastest_ms"] for step in found["steps"])
    rows = []
    rest = 0.0
    for step in found["steps"]:
        of_run = step["fastest_ms"] / total
        if of_run < SHOWN_FROM:
            rest += step["fastest_ms"]
            continue
        share = step["share_of_peak"]
        mark = "" if share is None else f"{share:.0%}" if share >= EXPLAINED_BELOW else f"*{share:.0%}*"
        gflops = "" if step["gflops"] is None else f"{step['gflops']:.0f}"
        rows.append([f"{step['layer']}", f"`{step['kernel']}`", f"{step['fastest_ms']:.3f}", f"{of_run:.0%}", gflops, mark])
    if rest:
        rows.append([f"each under {SHOWN_FROM:.1%} of the run", "", f"{rest:.3f}", f"{rest / total:.0%}", "", ""])
    gflops = sum(step["macs"] for step in found["steps"]) * 2e-6 / total
    rows.append(["**all**", "", f"{total:.3f}", "", f"{gflops:.0f}", f"{gflops / found['peak_gflops']:.0%}"])
    head = f"{found['model']}, one thread; the peak was {found['peak_gflops']:.0f} GFLOP/s."
    return f"{head}\n\n{table(['layer', 'kernel', 'ms', 'of run', 'GFLOP/s', 'of peak'], rows)}"


def plots(growth, folder):
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "firebrick", "font.size": 8})
    from matplotlib import pyplot

    axes = [("batch", "batch"), ("threads", "threads"), ("size", "height and width"), ("n_more_fires", "further Fire modules")]
    measures = [
        ("ms a run", lambda point: point["min_ms"]),
        ("MiB of values and weights", lambda point: (point["arena_bytes"] + point["weight_bytes"]) / 2**20),
        ("ms to compile", lambda point: point["compile_ms"]),
    ]
    figure, panels = pyplot.subplots(len(measures), len(axes), figsize=(10, 6), sharex="col")
    for column, (axis, label) in enumerate(axes):
        points = growth[axis]
        for row, (name, of) in enumerate(measures):
            panel = panels[row][column]
            panel.plot([point["at"] for point in points], [of(point) for point in points], marker=".", color="#a33")
            panel.set_ylim(bottom=0)
            panel.grid(alpha=0.3)
            if column == 0:
                panel.set_ylabel(name)
            if row == len(measures) - 1:
                panel.set_xlabel(label)
    figure.tight_layout()
    folder.mkdir(exist_ok=True)
    figure.savefig(folder / "growth.svg", metadata={"Date": None})
    pyplot.close(figure)

    figure, panel = pyplot.subplots(figsize=(4, 2.4))
    points = growth["busy"]
    for key, label in (("median_ms", "median"), ("p90_ms", "90th percentile")):
        panel.plot([point["busy"] for point in points], [point[key] for point in points], marker=".", label=label)
    panel.set(xlabel="other busy processes", ylabel="ms a run on two threads", xticks=[point["busy"] for point in points])
    panel.set_ylim(bottom=0)
    panel.grid(alpha=0.3)
    panel.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(folder / "busy.svg", metadata={"Date": None})
    pyplot.close(figure)
