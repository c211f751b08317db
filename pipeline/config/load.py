"""Checks params.yaml before any stage may touch its outputs, and writes params.schema.json.

params.yaml becomes frozen, strict, typed sections. A stage asks for the sections that it reads,
`dataset, train = load("dataset", "train")`, and dvc.yaml declares the same ones (a test compares).
"""

import difflib
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from ruamel.yaml import YAML, YAMLError

from pipeline.config.schema import Params, Section
from pipeline.core import paths
from pipeline.core.errors import UserError


def load(
    *sections: str, overrides: dict[str, dict[str, str]] | None = None, path: Path = paths.PARAMS
) -> tuple[Any, ...]:
    """Reads and checks the whole of params.yaml; returns the sections asked for, in that order.

    `overrides` replaces values, given as text: {"train": {"epochs": "10"}}. Raises UserError, naming key, value and
    what is allowed, for any mistake in any section.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is no UTF-8 text ({error.reason} at byte {error.start})") from None
    params = parse(text, str(path))
    for section, values in (overrides or {}).items():
        params = _override(params, section, values)
    return tuple(getattr(params, section) for section in sections)


def parse(text: str, where: str) -> Params:
    """YAML 1.2 text → Params. Raises UserError; `where` names the text in it."""
    try:
        values = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise UserError(f"{where}:{line} {problem}") from None
    except RecursionError:
        raise UserError(f"{where}: is nested too deeply") from None
    if not isinstance(values, dict):
        raise UserError(f"{where}: should hold the sections {', '.join(Params.model_fields)}")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise UserError("\n".join(f"{where}: {line}" for line in _explain(error, Params))) from None


def _override(params: Params, section: str, values: dict[str, str]) -> Params:
    schema = Params.model_fields[section].annotation
    try:  # not strict: "10" is a number here
        changed = schema.model_validate(dict(getattr(params, section)) | values, strict=False)
        return Params(**dict(params) | {section: changed})
    except ValidationError as error:
        raise UserError("\n".join(_explain(error, schema))) from None


def _explain(error: ValidationError, schema: type[Section]) -> list[str]:
    """One line a mistake: the key, what is wrong with it, what is allowed."""
    lines = []
    for problem in error.errors():
        *parents, key = problem["loc"] or ("",)
        where = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            allowed = _keys(schema, parents)
            close = difflib.get_close_matches(str(key), allowed, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            lines.append(f"unknown name {where}; {hint}allowed here: {', '.join(allowed)}")
        elif problem["type"] == "missing":
            lines.append(f"{where} is missing")
        elif problem["type"] == "value_error":
            nested = len(problem["loc"]) > 2  # those of a section name the key themselves
            lines.append(f"{where}: {problem['ctx']['error']}" if nested else str(problem["ctx"]["error"]))
        else:
            message = problem["msg"][0].lower() + problem["msg"][1:]
            lines.append(f"{where}: {message}, not {problem['input']!r}")
    return lines


def _keys(schema: type[Section], parents: list[Any]) -> list[str]:
    """The names that are allowed below `parents`; in a mapping from any name to a section, those of the section."""
    for parent in parents:
        schema = get_args(schema)[1] if get_origin(schema) is dict else schema.model_fields[parent].annotation
    return list(schema.model_fields)
