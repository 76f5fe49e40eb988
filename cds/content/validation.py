"""Content is parsed strictly, once, at load: an unknown member or a wrong type stops the start with its JSON path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import BaseModel, ValidationError

from cds.content.artifact import Artifact
from cds.content.problems import Problem

_ADVICE = {
    "extra_forbidden": "R4 has no such element here: correct its name, or remove it",
    "missing": "this element is required: add it",
    "model_validator_missing": "this element is required: add it",
}
_MORE = ("+", "etc.")


def validate(artifact: Artifact) -> Iterator[Problem]:
    """Yield every way in which the artifact is not a valid R4 resource, required codes included."""
    for path in _nulls(artifact.resource, ()):
        yield Problem(artifact.file, artifact.at(json_path(path)), "FHIR's JSON has no null here: leave the member out")
        return
    try:
        model = get_fhir_model_class(artifact.type).model_validate(dict(artifact.resource))
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            place = artifact.at(json_path(fault["loc"]))
            yield Problem(artifact.file, place, _ADVICE.get(fault["type"], fault["msg"].removeprefix("Value error, ")))
        return
    except (KeyError, TypeError):  # fhir.resources looks a contained resource up by its type
        yield Problem(artifact.file, artifact.at(""), "a resource inside it has a resourceType that R4 does not have")
        return
    for path, code, allowed in _unknown_codes(model, ()):
        message = f"{code!r} is not one of the codes R4 allows here: {', '.join(allowed)}"
        yield Problem(artifact.file, artifact.at(json_path(path)), message)


def _nulls(value: Any, at: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the places of members that are null; null is a value in a list of primitives alone."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            if member is None:
                yield (*at, name)
            else:
                yield from _nulls(member, (*at, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nulls(item, (*at, index))


def json_path(location: tuple[Any, ...]) -> str:
    """Write a pydantic location, such as ("action", 0, "title"), as a JSON path: `action[0].title`."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif path:
            path += f".{part}"
        else:
            path = str(part)
    return path


def _unknown_codes(model: BaseModel, at: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str, list[str]]]:
    """Yield codes outside their required binding, which fhir.resources lists with the field but does not check.

    A list that ends in "+" or "etc." is not the whole list.
    """
    fields = type(model).model_fields
    for name in model.model_fields_set:
        field, value = fields.get(name), getattr(model, name)
        if field is None or value is None:
            continue
        here = (*at, field.alias or name)
        extra = field.json_schema_extra
        allowed: Any = extra.get("enum_values") if isinstance(extra, dict) else None
        for index, item in enumerate(value) if isinstance(value, list) else ((None, value),):
            place = here if index is None else (*here, index)
            if isinstance(item, BaseModel):
                yield from _unknown_codes(item, place)
            elif allowed and allowed[-1] not in _MORE and item not in allowed:
                yield place, str(item), allowed
