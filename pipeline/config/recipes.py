"""Ways to train: recipes/NAME.yaml, each a section train without seed, devices and threads."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from pipeline.config.schema import Train, leaves
from pipeline.config.schema.section import unknown
from pipeline.core.errors import UserError

FOLDER = Path(__file__).parents[2] / "recipes"
NOT_IN_ONE = ("seed", "devices", "threads")  # these belong to whoever trains, and to his machine


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read(name: str) -> dict[str, Any]:
    """The parameters of a recipe, by leaf name. Raises UserError where there is none of that name, or it is damaged."""
    if name not in names():
        raise UserError(unknown(name, names()).replace("unknown name", "there is no recipe", 1))
    path = FOLDER / f"{name}.yaml"
    try:
        tree = YAML(typ="safe", pure=True).load(path)["train"]
        paths = {leaf.path: leaf_name for leaf_name, leaf in leaves.leaves(Train).items()}
        values = {paths[tuple(key.split("."))]: value for key, value in leaves.flatten(tree)}
    except (YAMLError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{path}: should be a section train, as in params.yaml: {said}") from None
    return {key: value for key, value in values.items() if key not in NOT_IN_ONE}


def matching(params: Train) -> str | None:
    """The recipe that has these parameters, but for epochs, seed, devices and threads; None where there is none."""
    own = {key: value for key, value in leaves.values(params).items() if key not in (*NOT_IN_ONE, "epochs")}
    return next((name for name in names() if {k: v for k, v in read(name).items() if k != "epochs"} == own), None)
