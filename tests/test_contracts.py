"""What the project promises about itself: dvc.yaml tells the truth, imports stay light, a default stands once."""

import ast
import re
import subprocess
import sys

import pytest
from project import ROOT
from ruamel.yaml import YAML

STAGES = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
MODULES = {path.stem: path for path in (ROOT / "pipeline").glob("*.py")}


def imported(name: str) -> set[str]:
    """The modules of pipeline/ that one of them imports, at any depth of its code, type checking aside."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "pipeline":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("pipeline.")}
    return found


def closure(name: str) -> set[str]:
    """A module and all that it imports, directly or not."""
    seen, todo = set(), [name]
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += imported(module)
    return seen


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_every_module_it_imports(stage):
    declared = {dep for dep in STAGES[stage]["deps"] if dep.startswith("pipeline/")}
    assert declared == {f"pipeline/{module}.py" for module in closure(stage)}


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "params"])
def test_a_stage_declares_the_sections_that_it_reads(stage):
    calls = [
        node
        for node in ast.walk(ast.parse(MODULES[stage].read_text()))
        if isinstance(node, ast.Call)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) == "begin"
    ]
    read = [argument.value for call in calls for argument in call.args]
    assert sorted(read) == sorted(STAGES[stage]["params"])


def test_no_module_imports_in_a_circle():
    for name in MODULES:
        for other in imported(name):
            assert name == "__init__" or name not in closure(other), f"{name} and {other} import each other"


def test_core_modules_import_no_stage_and_only_four_import_mlflow():
    stages = {*STAGES, "experiment", "summary", "tune", "adopt", "verify", "reproduce"} - {"params"}
    for name, path in MODULES.items():
        if name not in stages:
            assert not imported(name) & stages
        if name not in ("store", "runs", "lookup", "tracking"):
            assert not re.search(r"^\s*(import|from) mlflow", path.read_text(), re.M), name


def test_only_evaluate_opens_the_test_data():
    for name, path in MODULES.items():
        if name not in ("evaluate", "paths", "chain"):  # chain hashes the files and looks at no picture
            assert "paths.TEST" not in path.read_text().replace("paths.TEST_METRICS", ""), name
    assert "data/prepared/test" not in STAGES["train"]["deps"]


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("params", ["tensorflow", "keras", "mlflow", "great_expectations", "pandas", "numpy", "matplotlib"]),
        ("download", ["tensorflow", "keras", "mlflow", "great_expectations", "pandas", "numpy", "matplotlib"]),
        ("summary", ["tensorflow", "keras", "mlflow", "great_expectations", "pandas", "numpy", "matplotlib"]),
        ("preprocess", ["tensorflow", "keras", "mlflow"]),
        ("experiment", ["tensorflow", "keras", "mlflow", "pandas"]),
        ("train", ["tensorflow", "keras", "mlflow"]),
        ("tune", ["tensorflow", "keras", "mlflow", "optuna", "pandas"]),
        ("adopt", ["tensorflow", "keras", "mlflow", "optuna", "pandas"]),
        ("worker", ["tensorflow", "keras", "mlflow", "pandas", "matplotlib"]),
        ("study_runs", ["tensorflow", "keras"]),
        ("checks", ["tensorflow", "keras", "mlflow"]),
    ],
)
def test_light_modules_import_no_heavy_library(module, heavy):
    code = f"import sys, pipeline.{module}; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_nothing_happens_at_import(tmp_path):
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "import tensorflow, keras, mlflow, matplotlib.pyplot, optuna  # what these set is not ours\n"
        "before = dict(os.environ)\n"
        f"for name in {sorted(MODULES)}: __import__(f'pipeline.{{name}}')\n"
        "print(set(os.environ) ^ set(before), os.listdir(), mlflow.active_run())"
    )
    shown = subprocess.run([sys.executable, "-c", code, ROOT], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set() [] None"


def test_no_default_is_stated_twice():
    """Neither signatures nor MLproject nor argparse hold a value that params.yaml holds."""
    values = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
    keys = {key for section in values.values() for key in section}
    for path in MODULES.values():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                arguments = node.args.args[len(node.args.args) - len(node.args.defaults) :] + node.args.kwonlyargs
                assert not {argument.arg for argument in arguments} & keys, f"{path.name}: {node.name}"
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Field":
                assert "default" not in {keyword.arg for keyword in node.keywords} and not node.args, path.name
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
                assert "default" not in {keyword.arg for keyword in node.keywords}, path.name
    assert "parameters" not in YAML(typ="safe", pure=True).load(ROOT / "MLproject")["entry_points"]["main"]


def test_nothing_in_the_package_knows_the_data_set():
    classes = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")["dataset"]["classes"]
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
    for requirement in wanted:
        name = re.match(r"[\w.-]+", requirement).group().replace(".", "-")
        assert re.search(rf"^{name}(\[\w+\])?==[^\n]*\\\n    --hash=sha256:", lock, re.M), name
