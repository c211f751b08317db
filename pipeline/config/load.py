"""Checks params.yaml before any stage may touch its outputs, and says in one line what is wrong with it.

params.yaml becomes frozen, strict, typed sections. A stage asks for the sections that it reads,
`dataset, train = load("dataset", "train")`, and dvc.yaml declares the same ones (a test compares).
"""

import functools
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from ruamel.yaml import YAML, YAMLError

from pipeline.config import moved, partial
from pipeline.config.schema import Params, Section, agreement, leaves
from pipeline.config.schema.params import NO_SWEEP
from pipeline.config.schema.section import unknown
from pipeline.core import paths
from pipeline.core.addresses import mask_passwords
from pipeline.core.errors import UserError


def load(
    *sections: str, overrides: dict[str, dict[str, str]] | None = None, path: Path = paths.PARAMS
) -> tuple[Any, ...]:
    """Reads and checks the whole of params.yaml; returns the sections asked for, in that order.

    `overrides` replaces values by leaf name, given as text: {"train": {"filters": "64"}}. Raises UserError, naming
    key, value and what is allowed, for any mistake in any section.
    """
    params = parse(path.read_bytes(), str(path))
    for section, values in (overrides or {}).items():
        params = _override(params, section, values)
    return tuple(getattr(params, section) for section in sections)


@functools.lru_cache(maxsize=4)  # what begins, loads what it reads, and what ends asks whether it is the same
def parse(text: str | bytes, where: str) -> Params:
    """YAML 1.2 text → Params. Raises UserError; `where` names the text in it."""
    try:
        values = YAML(typ="safe", pure=True).load(text)
    except (
        YAMLError,
        ValueError,
        RecursionError,
    ) as error:  # ValueError: a number of 5,000 digits
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise UserError(f"{where}:{line} {problem}") from None
    if not isinstance(values, dict):
        raise UserError(f"{where}: should hold the sections {', '.join(Params.model_fields)}")
    if moves := moved.moves(values):
        raise UserError(f"{where}: {'; '.join(moves)}")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        lines = _explain(error)
        if all(problem["loc"] for problem in error.errors()):  # pydantic has not come to what sections agree about
            lines += agreement.mistakes(partial.params(values), with_sweep=True, is_whole=False)
        raise UserError("\n".join(f"{where}: {line}" for line in lines)) from None


def _override(params: Params, section: str, values: dict[str, str]) -> Params:
    now: Section = getattr(params, section)
    known = leaves.leaves(type(now))
    if strange := [name for name in values if name not in known]:
        raise UserError("\n".join(unknown(name, known) for name in strange))
    try:  # not strict: "10" is a number here
        changed = params.model_dump() | {section: leaves.with_values(now, values)}
        return Params.model_validate(changed, strict=False, context=NO_SWEEP if section == "train" else None)
    except ValidationError as error:
        raise UserError("\n".join(_explain(error))) from None


def _explain(error: ValidationError) -> list[str]:
    """One line for each key with a mistake: the key, what is wrong with it, what is allowed.

    A name that is unknown is in one line with those that are missing beside it: it is mostly one of them, misspelt.
    """
    lines = {}
    missing: dict[str, list[str]] = {}  # section → its names that are missing
    for problem in error.errors():
        if problem["type"] == "missing":
            *above, name = _find(problem["loc"])[0]
            missing.setdefault(".".join(above), []).append(name)
    for problem in error.errors():
        path, section = _find(problem["loc"])
        where, kind, context = ".".join(path), problem["type"], problem.get("ctx", {})
        tag = str(context.get("discriminator")).strip("'")
        if kind == "missing":
            continue
        if kind == "extra_forbidden":
            home = leaves.leaves(section).get(path[-1])
            belongs = home and f"unknown name {where}; it belongs into {'.'.join((*path[:-1], *home.path[:-1]))}"
            beside = () if belongs else missing.pop(".".join(path[:-1]), ())
            lines[where] = belongs or unknown(where, section.model_fields, beside)
        elif kind == "union_tag_not_found":
            lines[where] = f"{where}.{tag} is missing"
        elif kind == "union_tag_invalid":
            lines[where] = f"{where}.{tag}: input should be {context['expected_tags']}, not {problem['input'][tag]!r}"
        elif kind == "value_error":  # those of several sections name the keys themselves
            said = str(context["error"])
            lines |= {where: f"{where}: {said}"} if where else {line: line for line in said.splitlines()}
        else:
            message = problem["msg"][0].lower() + problem["msg"][1:]
            value = problem["input"]  # of a mapping or a list, the kind: a password in it stands in no address
            shown = f"a {type(value).__name__}" if isinstance(value, dict | list) else repr(value)
            lines[where] = mask_passwords(f"{where}: {message}, not {shown}")
    absent = [".".join(filter(None, (above, name))) for above, names in missing.items() for name in names]
    return [*lines.values(), *(f"{where} is missing" for where in absent)]


def _find(location: tuple[int | str, ...]) -> tuple[list[str], type[Section]]:
    """pydantic's location of a mistake → the keys in params.yaml that lead to it, and the section it is in.

    What pydantic puts in between is left out: the tag of a kind of section, the type in a choice of types.
    """
    path: list[str] = []
    section: type[Section] = Params
    schema: Any = Params
    todo = list(location)
    while todo:
        key = todo.pop(0)
        if get_origin(schema) is dict:  # any name → a section
            schema = get_args(schema)[1]
        elif isinstance(schema, type) and issubclass(schema, Section):
            section = schema
            field = schema.model_fields.get(str(key))
            kinds = leaves.kinds(field) if field else {}
            schema = kinds[str(todo.pop(0))] if kinds and todo else field and field.annotation
        elif isinstance(key, str):
            continue
        path.append(str(key))
    return path, section
