"""What is valid in values for params.yaml that have mistakes: so that all the others can still be looked for."""

import contextlib
from typing import Annotated, Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from pipeline.config.schema import Params, Section


def params(values: dict[str, Any]) -> Params:
    """Params in whose sections every key with a mistake is missing; to read it is an AttributeError."""
    sections: dict[str, Any] = {
        name: _section(field.annotation, values.get(name))
        for name, field in Params.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    }
    return Params.model_construct(**sections)


def _section(schema: type[Section], values: Any) -> Section:
    found = {}
    for name, field in schema.model_fields.items():
        if isinstance(values, dict) and name in values:
            with contextlib.suppress(ValidationError):
                found[name] = _valid(field, values[name])
    section = schema.model_construct(**found)
    for name in values if isinstance(values, dict) else ():
        if name not in found:
            section.__dict__.pop(name, None)  # else it would be what it is when it is left out
    return section


def _valid(field: FieldInfo, value: Any) -> Any:
    """The value as the section has it; of a mapping from names to sections, the valid ones."""
    if get_origin(field.annotation) is dict and isinstance(value, dict):
        inner = TypeAdapter(get_args(field.annotation)[1])
        found = {}
        for name, each in value.items():
            with contextlib.suppress(ValidationError):
                found[name] = inner.validate_python(each)
        return found
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
    return adapter.validate_python(value, strict=True)
