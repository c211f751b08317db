"""params.yaml edited in place."""

import io
import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node

EMPTY = ""  # a value that is written as nothing, which is null


class Place(NamedTuple):
    """Where a value stands: characters of key and value, and the path of the mapping that it is in."""

    key: int
    start: int
    end: int
    above: str


def rewrite(text: str, values: dict[str, Any], comments: Mapping[str, str] | None = None) -> str:
    """The YAML `text` with other values, by path ("train.model.filters"); all else stays, character by character.

    A value of None removes the line of its key. A path that is not there gets a line behind the last one of its
    mapping. Neither is done in a mapping in braces, and nothing where the mapping is not there either. `comments` are
    for paths whose lines have none.
    """
    for path, comment in (comments or {}).items():
        text = _commented(_rewritten(text, {path: values[path]} if path in values else {}), path, comment)
    return _rewritten(text, {path: value for path, value in values.items() if path not in (comments or {})})


def dump(value: Any) -> str:
    """A mapping or a list as YAML in the layout of params.yaml: long texts in one line."""
    stream = io.StringIO()
    yaml = YAML()
    yaml.width = 10_000
    yaml.dump(value, stream)
    return stream.getvalue()


def _commented(text: str, path: str, comment: str) -> str:
    """The text with a comment behind a value, where nothing is behind it."""
    place = dict(_places(YAML().compose(text))).get(path)
    if place is None:
        return text
    line_end = _lines(text, place.key, place.end)[1]
    end = len(text[:line_end].rstrip("\r\n"))
    return text if text[place.end : end].strip() else f"{text[: place.end]}  # {comment}{text[end:]}"


def _rewritten(text: str, values: dict[str, Any]) -> str:
    places = dict(_places(YAML().compose(text)))
    edits: list[tuple[int, int, str]] = []
    for path, value in reversed(values.items()):  # so that those at one place come to stand in this order
        above, _, name = path.rpartition(".")
        beside = [place for place in places.values() if place.above == above]
        if path in places and isinstance(value, dict | list):
            edits.append(_collection(text, places[path], value))
        elif path in places and value is not None:
            edits.append(_scalar_edit(text, places[path], value))
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


def _collection(text: str, place: Place, value: dict[str, Any] | list[Any]) -> tuple[int, int, str]:
    """What replaces a mapping or a list: lines as indented as those before, or one in braces where it was."""
    start, end = _lines(text, place.start, place.end)
    indent = text[start : place.start]
    if indent.strip():
        return place.start, place.end, json.dumps(value, ensure_ascii=False)
    last = start + len(text[start:end].rstrip())  # a blank line behind it stays
    end = _lines(text, start, last)[1]
    block = textwrap.indent(dump(value), indent)
    return start, end, block.replace("\n", "\r\n") if text[start:end].endswith("\r\n") else block


def _scalar_edit(text: str, place: Place, value: Any) -> tuple[int, int, str]:
    """What replaces a scalar, which may be empty, before or after."""
    if value == EMPTY:
        return place.start - (text[place.start - 1] == " "), place.end, ""
    return place.start, place.end, (" " if text[place.start - 1] == ":" else "") + _scalar(value)


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


def _places(root: MappingNode) -> Iterator[tuple[str, Place]]:
    """Path and place of each value. What an alias stands for has the place of its anchor, and no other."""
    seen: set[int] = set()

    def walk(mapping: MappingNode, prefix: str) -> Iterator[tuple[str, Place]]:
        for key, node in mapping.value:
            path = prefix + str(key.value)
            if isinstance(node, MappingNode) and id(node) not in seen:
                seen.add(id(node))
                yield from walk(node, f"{path}.")
            start, end = node.start_mark.index, _end(node)
            if start == end:  # nothing, for which ruamel says where the next one begins
                start = end = key.end_mark.index + len(":")
            yield path, Place(key.start_mark.index, start, end, prefix.rstrip("."))

    yield from walk(root, "")


def _end(node: Node) -> int:
    """Where a value ends; for a mapping or a list without braces ruamel says where the next one begins."""
    last = node.value[-1] if isinstance(node, CollectionNode) and not node.flow_style else None
    return _end(last[1] if isinstance(last, tuple) else last) if last else int(node.end_mark.index)
