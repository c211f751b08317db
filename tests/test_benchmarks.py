"""The benchmarks measure what they say they do, and README.md says what they found. No test measures time."""

import json
import subprocess
import sys

import numpy as np
import pytest
from helpers.project import ROOT
from PIL import Image

from benchmarks import __main__ as command
from benchmarks import catalogue, machine, pairs, project, raw_images, recipes, results, seeds
from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.measure import Run, run
from pipeline.core.errors import UserError

INFO = {
    "model name": "Xeon(R) Gold",
    "cpu family": "6",
    "model": "143",
    "flags": "avx2 avx512f avx512_vnni avx512_bf16 amx_tile",
}
FOUND = Result(
    [Figure("CPU", 0.8), Figure("verify", 1.25, "s")], {"ours": [Run(1.0, 2.0, 3_000_000, [], "")]}, {"epochs": 3}
)


def benchmark(name="B1", function=lambda settings: FOUND, reach="CPU ≤ 1"):
    return Benchmark(name, "ours", "theirs", reach, "a minute", function)


def test_programs_take_turns_and_each_pair_has_a_ratio():
    order = []

    def program(name, seconds):
        def measured():
            order.append(name)
            return Run(seconds.pop(0), 1.0, 0, [], "")

        return measured

    runs = pairs.alternate(3, {"ours": program("ours", [1.0, 2.0, 9.0]), "theirs": program("theirs", [2.0, 2.0, 3.0])})
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert pairs.ratios(runs, "ours", "theirs") == [Figure("CPU", 1.0), Figure("wall", 1.0)]  # of 0.5, 1 and 3
    assert pairs.spread([3.0, 1.0, 2.5]) == "2.50 (1.00 to 3.00)"


def test_what_a_program_starts_is_counted_with_it(tmp_path):
    work = "import time\nkept = bytearray(120_000_000).replace(b'\\0', b'x')\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; print('ready', flush=True); subprocess.run([sys.executable, '-c', {work!r}])"
    measured = run([sys.executable, "-c", code], tmp_path, mark="^rea")
    assert measured.cpu >= 0.3 and measured.wall >= 0.3
    assert measured.peak >= 120_000_000
    assert [mark.line for mark in measured.marks] == ["ready"] and measured.marks[0].cpu < measured.cpu


def test_a_program_that_is_stopped_at_a_line_has_the_seconds_until_then(tmp_path):
    code = "print('first', flush=True); print('second', flush=True); input(); raise SystemExit(1)"
    measured = run([sys.executable, "-c", f"import time; {code}; time.sleep(600)"], tmp_path, mark="first", stops=True)
    assert (measured.cpu, measured.wall) == measured.marks[0][1:]


@pytest.mark.parametrize(
    ("code", "mark", "said"),
    [
        ("import sys; print('shown'); sys.exit('no disk')", "shown", "exit code 1:\nshown\nno disk"),
        ("print('shown')", "never", "shown"),
    ],
    ids=["it fails", "it never prints the line"],
)
def test_a_program_that_gives_nothing_to_measure_is_named_with_what_it_said(tmp_path, code, mark, said):
    with pytest.raises(UserError, match=said):
        run([sys.executable, "-c", code], tmp_path, mark=mark)


def test_a_result_is_written_and_replaced_and_both_tables_follow(tmp_path):
    readme, known = tmp_path / "README.md", [benchmark(), benchmark("B2"), benchmark("seeds", reach="")]
    readme.write_text(f"before\n{results.BEGIN}\nold\n{results.END}\nafter\n")
    described = machine.describe() | {"processor": machine.processor(INFO)}
    for rounds in (1, 3):
        path = results.save(known[0], FOUND, rounds, described, tmp_path)
    results.write_tables(known, tmp_path, readme)
    stored = json.loads(path.read_text())
    assert path.parent.name == "xeon-gold-family-6-model-143-cores-" + str(stored["processor"]["cores"])
    assert stored["rounds"] == 3 and stored["processor"]["flags"][0] == "AMX"
    assert stored["programs"]["ours"] == [{"cpu": 1.0, "wall": 2.0, "peak_bytes": 3_000_000}]
    assert {"threads", "date", "commit"} < set(stored) and {"python", "tensorflow", "optuna"} < set(stored["versions"])
    page = (path.parent / "results.md").read_text()
    assert "## B1: ours" in page and "| ours | 1.00 | 2.00 | 0.00 | 1 |" in page and "- epochs: 3" in page
    shown = readme.read_text()
    assert "| B1 | ours | theirs | CPU ≤ 1 | CPU 0.80, verify 1.2 s |\n| B2 | ours | theirs | CPU ≤ 1 | – |\n" in shown
    assert shown.startswith("before\n") and shown.endswith("after\n") and "\nold" not in shown and "seeds" not in shown


def test_the_recipes_have_a_table_and_a_picture(tmp_path):
    readme = tmp_path / "README.md"
    between = [results.BEGIN, results.END, results.BEGIN_RECIPES, results.END_RECIPES]
    readme.write_text("\n".join(between))
    described = machine.describe() | {"processor": machine.processor(INFO)}
    for name, cpu in (("slow", 300.0), ("fast", 60.0)):
        notes = {"validation": [92.0, 94.0], "test": [91.0, 92.0], "parameters": 1234, "multiply-adds": 5_600_000}
        result = Result([], {name: [Run(cpu, 1.0, 1, [], "")] * 2}, notes)
        results.save(benchmark(f"seeds-{name}", reach=""), result, 3, described, tmp_path)
    (tmp_path / "docs").mkdir()
    results.write_tables([benchmark()], tmp_path, readme)
    rows = readme.read_text().partition(results.BEGIN_RECIPES)[2].splitlines()
    assert rows[1].startswith("On Xeon(R) Gold") and rows[1].endswith("three seeds each:")
    assert rows[5] == "| `fast` | 1,234 | 5.6 million | 1.0 | 93.00 ± 1.41 | 91.50 ± 0.71 |"
    assert rows[6].startswith("| `slow` | 1,234 | 5.6 million | 5.0 |")
    with Image.open(tmp_path / results.PICTURE) as picture:
        assert picture.size == (900, 520)


def test_the_readme_agrees_with_the_results():
    for (begin, end), table in results.tables(catalogue.known(), results.load()).items():
        assert f"{begin}\n{table}{end}" in results.README.read_text(), "python -m benchmarks --table"
    for processor, stored in results.load().items():
        page = results.page(catalogue.known(), stored)
        assert (results.FOLDER / processor / "results.md").read_text() == page, "python -m benchmarks --table"


def test_an_unknown_name_is_one_line_with_what_may_have_been_meant():
    shown = subprocess.run(
        [sys.executable, "-m", "benchmarks", "b6", "verfy"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 1 and shown.stdout == ""
    assert shown.stderr.startswith("error: verfy: there is no such benchmark; did you mean verify?")
    assert shown.stderr.count("\n") == 1


def test_names_are_found_in_small_letters_and_a_name_stands_once():
    names = [each.name for each in catalogue.known()]
    assert names[:11] == [f"B{number}" for number in range(1, 12)] and len(set(names)) == len(names)
    assert [each.name for each in catalogue.find(["b10", "B3"])] == ["B10", "B3"]
    assert all(f"  {name} " in catalogue.listing() for name in names)


def test_one_without_a_result_does_not_stop_the_others_and_quick_ones_write_nothing(monkeypatch, capsys):
    def refuses(settings):
        raise UserError("there is no recipe yet")

    known = [benchmark("B1", refuses), benchmark("B2")]
    monkeypatch.setattr(catalogue, "known", lambda: known)
    monkeypatch.setattr(results, "save", lambda *_: pytest.fail("a quick run is no result"))
    with pytest.raises(UserError, match="1 of 2 gave no result: B1"):
        command.main(["--all", "--quick"], standalone_mode=False)
    shown = capsys.readouterr().out
    assert "B1: there is no recipe yet\n" in shown and "B2: CPU 0.80, verify 1.2 s\n" in shown


def test_a_recipe_that_is_not_there_is_one_line():
    with pytest.raises(UserError, match=r"^recipes/nothing.yaml: there is no such recipe yet$"):
        seeds.recipe("nothing")


def test_a_recipe_is_judged_by_its_curve(monkeypatch):
    runs = {
        recipes.FAST: [],
        recipes.SHORT: [],
        recipes.TUTORIAL: [Run(seconds, 1.0, 0, [], "test accuracy 0.91") for seconds in (20.0, 30.0)],
    }
    curves = {
        recipes.SHORT: recipes.Curve([5.0, 10.0], [0.91, 0.9168]),
        recipes.FAST: recipes.Curve([5.0, 12.0, 24.0, 26.0], [0.9, 0.9168, 0.93, 0.94]),
    }
    monkeypatch.setattr(recipes, "fast_and_tutorial", lambda settings: (runs, curves))
    assert recipes.until_wanted(Settings()).figures == [Figure("CPU", 10 / 25)]
    assert recipes.at_budget(Settings()).figures == [Figure("accuracy", 93.0, "%")]


@pytest.mark.parametrize("count", [12, 84], ids=["a part", "copies"])
def test_a_data_set_of_another_size_is_balanced_and_has_no_image_twice(tmp_path, count):
    raw, params = tmp_path / "raw", {"preprocess": {"validation": 6}, "evaluate": {"showcase": 666}}
    raw.mkdir()
    params["dataset"] = {"train": {"count": 36}, "test": {"count": 6}}
    generator = np.random.default_rng(1)
    for half, described in params["dataset"].items():
        size = described["count"]
        labels = generator.permutation(np.arange(size, dtype=np.uint8) % 3)
        for kind, values in (("labels", labels), ("images", generator.integers(1, 256, (size, 4, 4), np.uint8))):
            described[kind] = f"{half}-{kind}"
            (raw / described[kind]).write_bytes(idx(values))
    changes = raw_images.write(raw, tmp_path / "other", params, count)
    train = changes["dataset"]["train"]
    images = np.fromfile(tmp_path / "other" / train["images"], np.uint8, offset=16).reshape(-1, 16)
    labels = np.fromfile(tmp_path / "other" / train["labels"], np.uint8, offset=8)
    assert len(images) == len(labels) == train["count"] == count * 36 // 42
    assert np.ptp(np.bincount(labels)) <= 1
    assert len(np.unique(images, axis=0)) == len(images)
    assert changes["preprocess"] == {"validation": 6 * count // 42}
    assert (tmp_path / "other" / train["images"]).read_bytes()[:8] == bytes([0, 0, 8, 3, 0, 0, 0, len(images)])


def idx(values):
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes() + values.tobytes()


def test_the_copy_of_the_project_has_all_that_a_stage_needs_and_other_parameters(tmp_path):
    project.copy_code(tmp_path)
    this = project.Project(tmp_path)
    this.change(Settings(quick=True).train(seed=5))
    assert (this.params()["train"]["epochs"], this.params()["train"]["seed"]) == (1, 5)
    assert "# what the pictures are" in (tmp_path / "params.yaml").read_text(), "the layout stays"
    assert (tmp_path / "pipeline" / "__main__.py").is_file() and not (tmp_path / "tests").exists()
