"""params.yaml edited in place."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node


class Place(NamedTuple):
    """Where a value stands: characters of key and value, and the path of the mapping that it is in."""

    key: int
    start: int
    end: int
    above: str


def rewrite(text: str, values: dict[str, Any]) -> str:
    """The YAML `text` with other values, by path ("train.model.filters"); all else stays, character by character.

    A value of None removes the line of its key. A path that is not there gets a line behind the last one of its
    mapping. Neither is done in a mapping in braces, and nothing where the mapping is not there either.
    """
    places = dict(_places(YAML().compose(text)))
    edits: list[tuple[int, int, str]] = []
    for path, value in reversed(values.items()):  # so that those at one place come to stand in this order
        above, _, name = path.rpartition(".")
        beside = [place for place in places.values() if place.above == above]
        if path in places and value is not None:
            edits.append((places[path].start, places[path].end, _scalar(value)))
        elif path in places and _stands_alone(text, places[path]):
            edits.append((*_lines(text, places[path].key, places[path].end), ""))
        elif value is not None and beside and _stands_alone(text, beside[-1]):
            start, end = _lines(text, beside[-1].key, beside[-1].end)
            indent = text[start : beside[-1].key]
            line_end = "\r\n" if text[start:end].endswith("\r\n") else "\n"
            edits.append((end, end, f"{indent}{name}: {_scalar(value)}{line_end}"))
    for start, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _scalar(value: Any) -> str:
    return json.dumps(value).strip('"')


def _lines(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole lines from one character to another."""
    line_end = text.find("\n", max(start, end - 1))
    return text.rfind("\n", 0, start) + 1, len(text) if line_end < 0 else line_end + 1


def _stands_alone(text: str, place: Place) -> bool:
    """Whether a key begins its line, as it does outside of braces, and the line has an end."""
    start, end = _lines(text, place.key, place.end)
    return not text[start : place.key].strip() and text[start:end].endswith("\n")


def _places(mapping: MappingNode, prefix: str = "") -> Iterator[tuple[str, Place]]:
    for key, node in mapping.value:
        path = prefix + key.value
        if isinstance(node, MappingNode):
            yield from _places(node, f"{path}.")
        yield path, Place(key.start_mark.index, node.start_mark.index, _end(node), prefix.rstrip("."))


def _end(node: Node) -> int:
    """Where a value ends; for a mapping without braces ruamel says where the next one begins."""
    last = node.value[-1][1] if isinstance(node, MappingNode) and not node.flow_style and node.value else None
    return _end(last) if last else int(node.end_mark.index)
