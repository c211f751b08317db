"""params.yaml edited in place."""

import json
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode


def rewrite(text: str, values: dict[str, Any]) -> str:
    """The YAML `text` with other values, by path ("train.model.filters"); all else stays, character by character.

    A path that is not there is left out.
    """
    places = dict(_places(YAML().compose(text)))
    for path in sorted(places.keys() & values.keys(), key=lambda path: places[path], reverse=True):
        start, end = places[path]
        text = text[:start] + json.dumps(values[path]).strip('"') + text[end:]
    return text


def _places(mapping: MappingNode, prefix: str = "") -> Iterator[tuple[str, tuple[int, int]]]:
    """Path → where its value begins and ends, of all that is no mapping itself."""
    for key, node in mapping.value:
        if isinstance(node, MappingNode):
            yield from _places(node, f"{prefix}{key.value}.")
        else:
            yield prefix + key.value, (node.start_mark.index, node.end_mark.index)
