"""What the project promises about itself: dvc.yaml tells the truth, imports stay light, a default stands once."""

import ast
import functools
import json
import re
import subprocess
import sys

import pytest
from helpers.data import SHIPPED
from helpers.project import ROOT
from ruamel.yaml import YAML

from pipeline.config.schema import Params, leaves

PACKAGE = ROOT / "pipeline"
STAGES = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "__init__.py" or (path.parent != PACKAGE and path.stat().st_size)
}
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
NO_DEPENDENCY = {  # rooms that a stage imports and that decide nothing about the bytes of its outputs
    "core": "prints, hashes files and writes them whole; what is in them comes from other rooms",
    "config": "the values themselves are dependencies, as `params`",
    "sources": "each file has the sha256 that params.yaml says, whoever fetched it",
    "tracking": "writes into MLflow alone",
    "provenance": "notes where a model comes from, in MLflow",
    "workflow": "calls the rooms that compute, and records",
    "stages": "reads, calls one function, writes",
}


SAID = {
    "data.appearance": "what the logged model says of its training images",
    "data.profile": "what the run says of them",
    "data.sampling": "of which images that is",
}
ONLY_RECORDED = {  # rooms, or modules, of which a stage calls something that does not touch its outputs
    "train": {"evaluation": "the samples that are logged"} | SAID,
    "evaluate": SAID
    | {
        "training": "forgets what a killed training would have gone on from",
        "serving": "loads the champion for the gate, which writes into MLflow alone",
        "data.pictures": "what serving reads pictures with",
    },
}


@functools.cache
def imported(name: str) -> set[str]:
    """The modules of pipeline/ that one of them imports, at any depth of its code, type checking too."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline"):
            above = node.module.removeprefix("pipeline").lstrip(".")
            for alias in node.names:
                inside = f"{above}.{alias.name}".lstrip(".")
                found.add(inside if inside in MODULES else above)
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("pipeline.") for alias in node.names if alias.name.startswith("pipeline.")
            }
    return found


def closure(*names: str) -> set[str]:
    """Modules and all that they import, directly or not."""
    seen, todo = set(), list(names)
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += imported(module)
    return seen


def room(module: str) -> str:
    return module.partition(".")[0]


def place(module: str) -> str:
    return MODULES[module].relative_to(PACKAGE).as_posix()


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


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_rooms_that_decide_about_its_outputs(stage):
    declared = [dep.removeprefix("pipeline/") for dep in STAGES[stage]["deps"] if dep.startswith("pipeline/")]
    needed = {name for name in closure(f"stages.{stage}") if room(name) not in NO_DEPENDENCY}
    if stage == "params":
        needed = {name for name in MODULES if name.startswith("config.schema")}  # params.schema.json is made of it
    if stage == "preprocess":
        needed = {name for name in needed if room(name) in ("data", "reporting")}
    for name in needed:
        if ONLY_RECORDED.get(stage, {}).keys() & {name, room(name)}:
            continue
        path = place(name)
        assert any(path == dep or path.startswith(f"{dep}/") for dep in declared), f"{stage} needs {path}"
    for dep in declared:
        assert any(place(name).startswith(dep) for name in needed), f"{stage} does not need {dep}"


def test_a_study_is_about_the_code_that_decides_about_the_weights():
    from pipeline.training.fingerprint import WEIGHTS

    assert {f"pipeline/{place}" for place in WEIGHTS} == {dep for dep in STAGES["train"]["deps"] if "pipeline" in dep}


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "params"])
def test_a_stage_declares_the_sections_that_it_reads(stage):
    calls = [
        node
        for node in ast.walk(ast.parse(MODULES[f"stages.{stage}"].read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load"
    ]
    read = [argument.value for call in calls for argument in call.args if argument.value != "tracking"]  # only records
    assert sorted(read) == sorted(STAGES[stage]["params"]) and "tracking" not in STAGES[stage]["params"]


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
    assert "data/prepared/test" not in STAGES["train"]["deps"]


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


def test_no_default_is_stated_twice():
    """Neither signatures nor MLproject nor argparse hold a value that params.yaml holds."""
    keys = {key for section in Params.model_fields.values() for key in leaves.leaves(section.annotation)}
    for path in MODULES.values():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                arguments = node.args.args[len(node.args.args) - len(node.args.defaults) :] + node.args.kwonlyargs
                defaults = [*node.args.defaults, *node.args.kw_defaults]
                stated = {
                    argument.arg
                    for argument, default in zip(arguments, defaults, strict=True)
                    if not isinstance(default, ast.Attribute)  # a place that another module names: paths.PARAMS
                }
                assert not stated & keys, f"{path.name}: {node.name}"
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Field":
                assert "default" not in {keyword.arg for keyword in node.keywords} and not node.args, path.name
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
                assert "default" not in {keyword.arg for keyword in node.keywords}, path.name
    assert "parameters" not in YAML(typ="safe", pure=True).load(ROOT / "MLproject")["entry_points"]["main"]


def test_nothing_in_the_package_knows_the_data_set():
    classes = YAML(typ="safe", pure=True).load(SHIPPED)["dataset"]["classes"]
    for name, path in MODULES.items():
        tree = ast.parse(path.read_text())
        numbers = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and type(n.value) is int}
        assert not numbers & {28, 784, 60_000, 55_000, 70_000}, name
        words = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        assert not words & set(classes), name


def test_the_lock_pins_every_direct_dependency_with_hashes():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [item for extra in project["optional-dependencies"].values() for item in extra]
    lock = (ROOT / "requirements.lock").read_text()
    for requirement in (each for each in wanted if not each.startswith(project["name"])):  # extras of its own
        name = re.match(r"[\w.-]+", requirement).group().replace(".", "-")
        assert re.search(rf"^{name}(\[\w+\])?==[^\n]*\\\n    --hash=sha256:", lock, re.M), name
