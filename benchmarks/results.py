"""Results as files: one JSON for each benchmark and processor, and the tables made of them."""

import json
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import machine, recipe_table
from benchmarks.benchmark import Benchmark, Figure, Result
from benchmarks.pairs import spread
from pipeline.core import files

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
BEGIN, END = "<!-- written by python -m benchmarks --table -->", "<!-- end of what it wrote -->"
BEGIN_RECIPES, END_RECIPES = "<!-- recipes, written by the same -->", "<!-- end of recipes -->"
PICTURE = Path("docs", "recipes.png")
Stored = dict[str, Any]  # what a JSON file holds


def save(benchmark: Benchmark, result: Result, rounds: int, described: Stored, folder: Path = FOLDER) -> Path:
    """Writes the result of a benchmark in place of an earlier one on this processor."""
    place = folder / machine.slug(described["processor"])
    place.mkdir(parents=True, exist_ok=True)
    stored = {
        "benchmark": benchmark.name,
        "measures": benchmark.measures,
        "against": benchmark.against,
        "figures": [asdict(figure) for figure in result.figures],
        "rounds": rounds,
        "programs": {
            name: [{"cpu": round(run.cpu, 3), "wall": round(run.wall, 3), "peak_bytes": run.peak} for run in runs]
            for name, runs in result.runs.items()
        },
        "notes": result.notes,
    }
    path = place / f"{benchmark.name}.json"
    files.write_text(path, json.dumps(stored | described, indent=2, ensure_ascii=False) + "\n")
    return path


def load(folder: Path = FOLDER) -> dict[str, dict[str, Stored]]:
    """Folder of a processor → name of a benchmark → its result."""
    found: dict[str, dict[str, Stored]] = {}
    for path in sorted(folder.glob("*/*.json")):
        found.setdefault(path.parent.name, {})[path.stem] = json.loads(path.read_text(encoding="utf-8"))
    return found


def write_tables(known: list[Benchmark], folder: Path = FOLDER, readme: Path = README) -> None:
    """Writes results.md for each processor, the tables in README.md and the picture of recipes, from the JSON files."""
    found = load(folder)
    for processor, stored in found.items():
        files.write_text(folder / processor / "results.md", page(known, stored))
    text = readme.read_text(encoding="utf-8")
    for (begin, end), written in tables(known, found).items():
        before, found_begin, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        if found_begin and found_end:
            text = f"{before}{begin}\n{written}{end}{after}"
    files.write_text(readme, text)
    if recipes := most_recipes(found)[1]:
        recipe_table.draw(recipes, readme.parent / PICTURE)


def tables(known: list[Benchmark], found: dict[str, dict[str, Stored]]) -> dict[tuple[str, str], str]:
    """What stands in README.md between two lines, for each pair of such lines."""
    processor, recipes = most_recipes(found)
    shown = f"On {processor}, three seeds each:\n\n{recipe_table.table(recipes)}" if recipes else ""
    return {(BEGIN, END): table(known, found), (BEGIN_RECIPES, END_RECIPES): shown}


def most_recipes(found: dict[str, dict[str, Stored]]) -> tuple[str, list[recipe_table.Recipe]]:
    """The processor on which most recipes were measured, and they; no processor where none was."""
    measured = {
        machine.title(next(iter(stored.values()))["processor"]): recipe_table.measured(stored)
        for stored in found.values()
    }
    return max(measured.items(), key=lambda item: len(item[1]), default=("", []))


def table(known: list[Benchmark], found: dict[str, dict[str, Stored]]) -> str:
    """The short table of README.md: what is aimed for, and what was found on each processor."""
    columns = list(found)
    titles = [machine.title(next(iter(found[name].values()))["processor"]) for name in columns]
    rows = [["", "Measured", "Against", "Aim", *titles], ["---"] * (4 + len(columns))]
    for benchmark in known:
        if benchmark.reach:
            cells = [cell(found[name].get(benchmark.name)) for name in columns]
            rows.append([benchmark.name, benchmark.measures, benchmark.against, benchmark.reach, *cells])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def cell(stored: Stored | None) -> str:
    return ", ".join(str(Figure(**figure)) for figure in stored["figures"]) if stored else "–"


def page(known: list[Benchmark], stored: dict[str, Stored]) -> str:
    """All results of a processor, as Markdown."""
    first = next(iter(stored.values()))["processor"]
    text = f"# {machine.title(first)}\n\nWritten by `python -m benchmarks --table` from the JSON files beside it.\n"
    order = {benchmark.name: number for number, benchmark in enumerate(known)}
    for name in sorted(stored, key=lambda name: (order.get(name, len(order)), name)):
        text += section(stored[name])
    return text


def section(one: Stored) -> str:
    """One result, as Markdown: the figures, the median and range of each program, and what it holds for."""
    lines = [f"\n## {one['benchmark']}: {one['measures']}\n", f"Against: {one['against']}. **{cell(one)}**\n"]
    lines += ["| Program | CPU seconds | Wall seconds | Peak memory, GB | Runs |", "|---|---|---|---|---|"]
    for name, runs in one["programs"].items():
        cpu, wall = (spread([run[key] for run in runs]) for key in ("cpu", "wall"))
        peak = median(run["peak_bytes"] for run in runs) / 1e9
        lines.append(f"| {name} | {cpu} | {wall} | {peak:.2f} | {len(runs)} |")
    lines += [""] + [f"- {key}: {value}" for key, value in one["notes"].items()]
    versions = ", ".join(f"{name} {number}" for name, number in one["versions"].items())
    changed = ", with uncommitted changes" if one["uncommitted_changes"] else ""
    lines.append(f"- {one['date']}, commit {one['commit'][:12]}{changed}; {versions}; {one['threads']} threads; ")
    lines[-1] += f"{one['busy_before']:.0f} % busy before"
    return "\n".join(lines) + "\n"
