"""The house: a room imports only from below, imports stay light and do nothing."""

import json
import re
import subprocess
import sys

import pytest
from helpers.modules import MODULES, closure, imported, room
from helpers.project import ROOT

FLOORS = [  # a room imports from lower floors and from itself; two rooms of one floor know nothing of each other
    {"core"},
    {"config"},
    {"sources", "data"},
    {"models", "description"},
    {"training", "evaluation"},
    {"tracking"},
    {"provenance"},
    {"reporting"},
    {"serving"},
    {"workflow"},
    {"tuning"},
    {"stages", "commands"},
    {"__main__"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def test_every_room_has_a_floor_and_imports_only_from_below():
    for name in MODULES:
        for other in imported(name):
            assert room(other) == room(name) or FLOOR[room(other)] < FLOOR[room(name)], f"{name} imports {other}"


def test_no_module_imports_in_a_circle():
    for name in MODULES:
        for other in imported(name):
            assert name not in closure(other), f"{name} and {other} import each other"


def test_stages_and_commands_do_not_import_each_other():
    for name in MODULES:
        if room(name) in ("stages", "commands"):
            assert not {room(other) for other in imported(name)} & {"stages", "commands"}, name


def test_one_room_alone_imports_mlflow():
    for name, path in MODULES.items():
        if room(name) != "tracking":
            assert not re.search(r"^\s*(import|from) mlflow", path.read_text(), re.M), name


def test_only_evaluate_opens_the_test_data():
    for name, path in MODULES.items():
        if name not in (
            "stages.evaluate",
            "workflow.evaluate",
            "core.paths",
            "provenance.model_checks",
            "workflow.compare",
        ):  # the last two: hashes, and shows pictures of which evaluate has said what the models take them for
            assert "paths.TEST" not in path.read_text().replace("paths.TEST_METRICS", ""), name


@pytest.mark.e2e
def test_light_modules_import_no_heavy_library():
    """One process, so that each library is imported once: those that may import least come first."""
    code = (
        "import importlib, json, sys\n"
        "for module, heavy in json.loads(sys.argv[1]):\n"
        "    importlib.import_module(f'pipeline.{module}')\n"
        "    print(module, [name for name in heavy if name in sys.modules])"
    )
    trainer = ["tensorflow", "keras"]
    none = [*trainer, "mlflow", "optuna", "great_expectations", "pandas", "numpy", "matplotlib"]
    wanted = [
        *((module, none) for module in ("stages.params", "stages.download", "commands.summary", "commands.describe")),
        ("tuning.launch", [*trainer, "mlflow", "optuna", "pandas", "matplotlib"]),
        ("commands.predict", [*trainer, "mlflow", "optuna", "pandas", "matplotlib"]),
        *((module, [*trainer, "mlflow", "optuna", "pandas"]) for module in ("commands.tune", "commands.adopt")),
        ("commands.experiment", [*trainer, "mlflow", "pandas"]),
        *((module, [*trainer, "mlflow"]) for module in ("stages.preprocess", "stages.train", "data.expectations")),
        *((module, trainer) for module in ("workflow.compare", "tuning.mlflow_runs", "workflow.training_run")),
    ]
    command = [sys.executable, "-c", code, json.dumps(wanted)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == [f"{module} []" for module, _ in wanted]


@pytest.mark.e2e
def test_nothing_happens_at_import(tmp_path):
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "import tensorflow, keras, mlflow, matplotlib.pyplot, optuna  # what these set is not ours\n"
        "before = dict(os.environ)\n"
        f"for name in {sorted(set(MODULES) - {'__main__'})}: __import__(f'pipeline.{{name}}')\n"
        "print(set(os.environ) ^ set(before), os.listdir(), mlflow.active_run())"
    )
    shown = subprocess.run([sys.executable, "-c", code, ROOT], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set() [] None"
