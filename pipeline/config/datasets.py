"""Data sets: datasets/NAME.yaml has the section dataset, its sources, and what has to fit them elsewhere."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from pipeline.config.rewrite import EMPTY
from pipeline.config.schema import leaves
from pipeline.config.schema.section import unknown
from pipeline.core.errors import UserError

FOLDER = Path(__file__).parents[2] / "datasets"


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read(name: str) -> dict[str, Any]:
    """Path in params.yaml → value; the section dataset is one. Raises UserError where there is none of that name."""
    if name not in names():
        raise UserError(unknown(name, names()).replace("unknown name", "there is no data set", 1))
    path = FOLDER / f"{name}.yaml"
    try:
        tree = YAML(typ="safe", pure=True).load(path)
        section = tree.pop("dataset")
        others = {key: EMPTY if value is None else value for key, value in leaves.flatten(tree)}
    except (YAMLError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{path}: should be sections of params.yaml, with dataset among them: {said}") from None
    return {"dataset": section, **others}
