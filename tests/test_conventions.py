"""A default stands once, no code knows the data set, and each dependency is pinned."""

import ast
import re

from helpers.data import SHIPPED
from helpers.modules import MODULES
from helpers.project import ROOT
from ruamel.yaml import YAML

from pipeline.config.schema import Params, leaves


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
