"""The parameters of an operation call: from a query string or a Parameters resource, checked against those declared.

R4: https://hl7.org/fhir/R4/operations.html#request. A parameter that the operation does not have is refused, so that
nobody takes an answer for one to a question that was not read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cds.errors import BadRequest

_TEXTS = frozenset({"string", "uri", "url", "canonical", "code", "id", "dateTime"})
_PRIMITIVES = _TEXTS | {"boolean", "integer"}
_DATATYPES = frozenset({"CodeableConcept", "Coding"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One `in` parameter: its FHIR type (a resource type for a resource, `parts` for one made of parts, else `any`)."""

    name: str
    type: str
    repeats: bool = False

    @property
    def is_primitive(self) -> bool:
        """Whether it can stand in a query string."""
        return self.type in _PRIMITIVES

    @property
    def is_resource(self) -> bool:
        """Whether it is a resource, which stands in the member `resource` and never in a `value[x]`."""
        return self.type[0].isupper() and self.type not in _DATATYPES


class Inputs:
    """The values of a call by parameter name: text, bool, int, or JSON objects; each in the order given."""

    def __init__(self, values: Mapping[str, Sequence[Any]]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return bool(self._values.get(name))

    def all(self, name: str) -> Sequence[Any]:
        """Return every value of a parameter, () when it was not given."""
        return self._values.get(name, ())

    def one(self, name: str) -> Any:
        """Return the value of a parameter, None when it was not given."""
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str | None:
        """Return the value of a parameter of a text type."""
        value: str | None = self.one(name)
        return value

    def required(self, *names: str) -> Any:
        """Return the value of the first of the parameters that was given; raises `BadRequest` when none was."""
        for name in names:
            if name in self:
                return self.one(name)
        msg = f"the parameter {' or '.join(names)} is missing"
        raise BadRequest(msg, expression="Parameters.parameter")


def from_query(pairs: Iterable[tuple[str, str]], declared: Iterable[Parameter]) -> Inputs:
    """Read the parameters of a GET; only primitive ones can come in a query string."""
    known = {parameter.name: parameter for parameter in declared}
    values: dict[str, list[Any]] = defaultdict(list)
    for name, text in pairs:
        if name == "_format":
            continue
        parameter = _declared(name, known, "the query")
        if not parameter.is_primitive:
            msg = f"{parameter.name} is no simple value: send it by POST in a Parameters resource"
            raise BadRequest(msg, expression=parameter.name)
        values[name].append(_primitive(text, parameter))
    return _once(values, known)


def from_parameters(body: Any, declared: Iterable[Parameter]) -> Inputs:
    """Read the parameters of a POST."""
    if not isinstance(body, dict) or body.get("resourceType") != "Parameters":
        msg = "send the parameters as a Parameters resource"
        raise BadRequest(msg, expression="resourceType")
    known = {parameter.name: parameter for parameter in declared}
    values: dict[str, list[Any]] = defaultdict(list)
    listed = body.get("parameter", [])
    for index, item in enumerate(listed if isinstance(listed, list) else [None]):
        place = f"Parameters.parameter[{index}]"
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            msg = "a parameter is an object with a name"
            raise BadRequest(msg, expression=place)
        parameter = _declared(item["name"], known, place)
        values[parameter.name].append(_value(item, parameter, place))
    return _once(values, known)


def _declared(name: str, known: Mapping[str, Parameter], place: str) -> Parameter:
    parameter = known.get(name)
    if parameter is None:
        msg = f"{place} names a parameter that this operation does not have; it has {', '.join(sorted(known))}"
        raise BadRequest(msg, expression=place)
    return parameter


def _once(values: Mapping[str, list[Any]], known: Mapping[str, Parameter]) -> Inputs:
    for name, given in values.items():
        if len(given) > 1 and not known[name].repeats:
            msg = f"{name} is given more than once"
            raise BadRequest(msg, expression=name)
    return Inputs(values)


def _value(item: Mapping[str, Any], parameter: Parameter, place: str) -> Any:
    """Return the one value of a parameter; a Reference or an Endpoint stands for the text it holds."""
    if parameter.type == "any":
        return item
    if parameter.type == "parts":
        return _parts(item, place)
    members = [name for name in item if name == "resource" or name.startswith("value")]
    found = item[members[0]] if len(members) == 1 else None
    if parameter.is_primitive:
        if members == ["valueReference"] and isinstance(found, Mapping):
            found = found.get("reference")
        return _primitive(found, parameter, f"{place}.value[x]")
    if not isinstance(found, Mapping):
        msg = f"{parameter.name} takes one {parameter.type}"
        raise BadRequest(msg, expression=place)
    if parameter.is_resource != (members == ["resource"]):
        msg = f"{parameter.name} takes a {parameter.type} in {'resource' if parameter.is_resource else 'value[x]'}"
        raise BadRequest(msg, expression=place)
    if parameter.is_resource and found.get("resourceType") != parameter.type:
        msg = f"{parameter.name} takes a resource of the type {parameter.type}"
        raise BadRequest(msg, expression=f"{place}.resource")
    return found


def _parts(item: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """Return the parts of a parameter by name, each with its value or resource."""
    parts = item.get("part")
    if not isinstance(parts, list) or not all(isinstance(part, Mapping) and "name" in part for part in parts):
        msg = "the parameter is made of parts that have names"
        raise BadRequest(msg, expression=f"{place}.part")
    return {
        str(part["name"]): value
        for part in parts
        for name, value in part.items()
        if name == "resource" or name.startswith("value")
    }


def _primitive(value: Any, parameter: Parameter, place: str | None = None) -> Any:
    """Return a primitive in its type; the text forms of a query string are read too."""
    where = place or parameter.name
    if parameter.type == "boolean":
        flag = {True: True, False: False, "true": True, "false": False}.get(value) if _is_scalar(value) else None
        if flag is None:
            msg = f"{parameter.name} is true or false"
            raise BadRequest(msg, expression=where)
        return flag
    if parameter.type == "integer":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            return int(value)
        msg = f"{parameter.name} is a whole number"
        raise BadRequest(msg, expression=where)
    if not isinstance(value, str) or not value.strip():
        msg = f"{parameter.name} takes one text ({parameter.type})"
        raise BadRequest(msg, expression=where)
    return value


def _is_scalar(value: Any) -> bool:
    return isinstance(value, bool | str)
