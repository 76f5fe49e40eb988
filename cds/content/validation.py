"""Content is parsed strictly, once, at load: an unknown member or a wrong type stops the start with its JSON path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from cds.cache import Cache
from cds.content.artifact import Artifact
from cds.content.problems import Problem

_ADVICE = {
    "extra_forbidden": "R4 has no such element here: correct its name, or remove it",
    "missing": "this element is required: add it",
    "model_validator_missing": "this element is required: add it",
}
_MORE = ("+", "etc.")
_KIND, _KEY = "valid", "r4"
_DIGEST_BYTES = 32
_MOST_KNOWN = 20_000


class KnownFiles:
    """The files that were found valid before, by the SHA-256 of their bytes: they need not be judged again."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        kept = cache.get(_KIND, _KEY) or b""
        self._before = {kept[at : at + _DIGEST_BYTES] for at in range(0, len(kept), _DIGEST_BYTES)}
        self._now: set[bytes] = set()

    def has(self, digest: bytes) -> bool:
        """Say whether a file of these bytes is known to be valid."""
        if digest in self._before:
            self._now.add(digest)
        return digest in self._now

    def add(self, digest: bytes) -> None:
        """Note that a file is valid."""
        self._now.add(digest)

    def keep(self) -> None:
        """Keep what is new for the next time."""
        if not self._now <= self._before:
            before = self._before if len(self._before) < _MOST_KNOWN else set()
            self._cache.put(_KIND, _KEY, b"".join(sorted(self._now | before)))


def validate(artifact: Artifact) -> Iterator[Problem]:
    """Yield every way in which the artifact is not a valid R4 resource, required codes included."""
    null = _first_null(artifact.resource)
    if null is not None:
        yield Problem(artifact.file, artifact.at(json_path(null)), "FHIR's JSON has no null here: leave the member out")
        return
    from fhir.resources.R4B import get_fhir_model_class  # its models take time, and need not be there for known files

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


def _first_null(resource: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Return the place of a member that is null; null is a value in a list of primitives alone."""
    waiting: list[tuple[Any, tuple[Any, ...]]] = [(resource, ())]
    for value, at in waiting:  # which grows
        if isinstance(value, dict):
            for name, member in value.items():
                if member is None:
                    return (*at, name)
                if isinstance(member, (dict, list)):
                    waiting.append((member, (*at, name)))
        else:
            waiting += [((item, (*at, index))) for index, item in enumerate(value) if isinstance(item, (dict, list))]
    return None


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


def _unknown_codes(model: BaseModel, at: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str, Sequence[str]]]:
    """Yield codes outside their required binding, which fhir.resources lists with the field but does not check."""
    elements = _elements(type(model))
    for name in model.model_fields_set:
        element, value = elements.get(name), getattr(model, name)
        if element is None or value is None:
            continue
        here = (*at, element.name)
        for index, item in enumerate(value) if isinstance(value, list) else ((None, value),):
            place = here if index is None else (*here, index)
            if isinstance(item, BaseModel):
                yield from _unknown_codes(item, place)
            elif element.codes and item not in element.codes:
                yield place, str(item), element.codes


class _Element(NamedTuple):
    """An element of a type: its name in JSON, and the codes of its required binding, none where these are not known."""

    name: str
    codes: Sequence[str]


@cache
def _elements(model: type[BaseModel]) -> Mapping[str, _Element]:
    """Return the elements of a type by the names of their fields.

    A list of codes that ends in "+" or "etc." is not the whole list.
    """
    elements = {}
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        codes: Any = extra.get("enum_values") if isinstance(extra, dict) else None
        whole = codes and codes[-1] not in _MORE
        elements[name] = _Element(field.alias or name, tuple(codes) if whole else ())
    return elements
