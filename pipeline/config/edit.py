"""Other values for params.yaml: checked as a whole, written in place, shown as a difference."""

import difflib
from typing import Any

from ruamel.yaml import YAMLError

from pipeline.config.load import parse
from pipeline.config.rewrite import EMPTY, rewrite
from pipeline.core import files, paths
from pipeline.core.errors import UserError


def edit(values: dict[str, Any], comments: dict[str, str]) -> list[str]:
    """Writes values, by path, into params.yaml; returns the lines of the difference, none where nothing changes.

    Raises UserError, and writes nothing, where params.yaml would not be valid with them, or cannot be changed in place.
    """
    try:
        text = paths.PARAMS.read_bytes().decode()  # line ends stay as they are
        edited = rewrite(text, values, comments)
    except (YAMLError, ValueError, RecursionError) as error:  # ValueError: what is not in UTF-8
        raise UserError(f"{paths.PARAMS}: {' '.join(str(error).split())}") from None
    params = parse(edited, f"{paths.PARAMS}, with this in it").model_dump()
    for path, value in values.items():
        if not _agrees(_at(params, path), None if value == EMPTY else value):
            raise UserError(f"{paths.PARAMS}: {path} is written in a way that cannot be changed in place")
    if edited != text:
        files.write_text(paths.PARAMS.resolve(), edited)  # a link stays one
    lines = difflib.unified_diff(text.splitlines(), edited.splitlines(), "before", str(paths.PARAMS), n=1, lineterm="")
    return list(lines)


def _at(tree: Any, path: str) -> Any:
    for key in path.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _agrees(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is found; what may be left out is None there, or what it is then."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_agrees(found.get(key), value) for key, value in wanted.items())
    return bool(found == wanted)
