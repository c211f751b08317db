"""params.yaml edited in place."""

import json
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode


def rewrite(text: str, values: dict[str, Any]) -> str:
    """The YAML `text` with other values in the section train; all else stays as it is, character by character."""
    sections: MappingNode = YAML().compose(text)
    train = next(node for key, node in sections.value if key.value == "train")
    places = {key.value: (node.start_mark.index, node.end_mark.index) for key, node in train.value}
    for name, (start, end) in sorted(places.items(), key=lambda item: item[1], reverse=True):
        if name in values:
            text = text[:start] + json.dumps(values[name]).strip('"') + text[end:]
    return text
