"""Parameters by their leaf names: `filters` stands for train.model.filters, `model` for train.model.name.

Command lines, sweeps and MLflow's runs know parameters by leaf names. They are unique in a section, over all kinds of
the sections in it (a test holds that).
"""

import contextlib
from collections.abc import Iterator
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic.fields import FieldInfo

from pipeline.config.schema.section import Section

AnySection = TypeVar("AnySection", bound=Section)


class Leaf(NamedTuple):
    """Where a parameter stands in its section, ("model", "filters"), of which type it is, and what it means."""

    path: tuple[str, ...]
    annotation: Any
    description: str | None


def kinds(field: FieldInfo) -> dict[str, type[Section]]:
    """Tag → class of each section that a field may hold: {"cnn": Cnn, …}; empty for a field that holds none."""
    if not isinstance(field.discriminator, str):
        return {}
    classes = [each for each in get_args(field.annotation) or (field.annotation,) if each is not type(None)]
    return {get_args(each.model_fields[field.discriminator].annotation)[0]: each for each in classes}


@cache
def leaves(schema: type[Section]) -> dict[str, Leaf]:
    """Leaf name → leaf, of every kind. The tag of a section is called as the section is."""
    found = {}
    for name, field in schema.model_fields.items():
        inner = kinds(field)
        if not inner:
            found[name] = Leaf((name,), field.annotation, field.description)
        for kind in inner.values():
            for key, leaf in leaves(kind).items():
                if key == field.discriminator:
                    found[name] = Leaf((name, key), str, field.description)
                else:
                    found[key] = leaf._replace(path=(name, *leaf.path))
    return found


def values(section: Section) -> dict[str, Any]:
    """Leaf name → value, of the kinds that the section has."""
    found = {}
    for name, leaf in leaves(type(section)).items():
        with contextlib.suppress(AttributeError):  # a parameter of another kind
            found[name] = attrgetter(".".join(leaf.path))(section)
    return found


def with_values(section: Section, changes: dict[str, Any]) -> dict[str, Any]:
    """The section as nested dicts with other values, by leaf name, unchecked.

    Where the kind of a section changes, what both kinds have stays. Raises KeyError for an unknown name.
    """
    tree = section.model_dump()
    for name, field in type(section).model_fields.items():
        if kind := kinds(field).get(str(changes.get(name, ""))):
            tree[name] = {key: value for key, value in tree[name].items() if key in kind.model_fields}
    for name, value in changes.items():
        *parents, key = leaves(type(section))[name].path
        node = tree
        for parent in parents:
            node = node[parent]
        node[key] = value
    return tree


def replace(section: AnySection, changes: dict[str, Any]) -> AnySection:
    """The section with other values, by leaf name. Raises ValidationError, and KeyError for an unknown name."""
    return type(section).model_validate(with_values(section, changes))


def flatten(tree: dict[str, Any], separator: str = ".", prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested dicts → (keys joined by `separator`, value) of every leaf."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flatten(value, separator, f"{prefix}{key}{separator}")
        else:
            yield f"{prefix}{key}", value
