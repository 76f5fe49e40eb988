"""Values that carry their type.

In a collection whose type is known when the expression is compiled, FHIR elements are plain JSON. Where it is not
(choice elements, `children()`, mixed collections), every item tells its own type: a resource by its resourceType, a
value of the expression by its Python class, and any other FHIR element by standing in an `Element` of the run time. A
primitive that has an id or extensions stands in an `Element` everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from cds.engine.errors import EvaluationError
from cds.engine.fhirpath import types
from cds.engine.fhirpath.types import Type
from cds.engine.model import r4
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.values import Long, Quantity


class TypeInfo(NamedTuple):
    """What `type()` gives."""

    namespace: str
    name: str


_SYSTEM = {
    bool: types.BOOLEAN,
    int: types.INTEGER,
    Long: types.LONG,
    Decimal: types.DECIMAL,
    str: types.STRING,
    Date: types.DATE,
    DateTime: types.DATETIME,
    Time: types.TIME,
    Quantity: types.QUANTITY,
    TypeInfo: Type("System", "TypeInfo"),
}


def type_of(item: Any) -> Type:
    """Give the type of an item that carries it; `EvaluationError` for a JSON object of which nobody said what it is."""
    if type(item) is Element:
        return types.fhir(item.type)
    if isinstance(item, dict):
        name = item.get("resourceType")
        if isinstance(name, str) and name in r4.resource_types():
            return types.fhir(name)
        message = (
            f"{name!r} is no resource type of FHIR R4"
            if name is not None
            else "the type of a JSON object without resourceType is not known; hand it in as an Element"
        )
        raise EvaluationError(message)
    found = _SYSTEM.get(type(item))
    if found is None:
        message = f"a value of the Python type {type(item).__name__} has no meaning in FHIRPath"
        raise EvaluationError(message)
    return found


def is_a(item: Any, of: Type) -> bool:
    """Say whether an item that carries its type has this type or one derived from it."""
    return types.is_subtype(type_of(item), of)


def value_of(item: Any) -> Any:
    """Give the bare JSON of an item of a known type: None for a primitive that has only extensions."""
    return item.value if type(item) is Element else item


def values_of(items: Iterable[Any] | None) -> list[Any]:
    """Give the bare JSON of the items, those without value left out."""
    return [value for item in items or () if (value := value_of(item)) is not None]


def with_type(item: Any, type_name: str) -> Any:
    """Let an item of a known type carry it."""
    if item is None or type(item) is Element:
        return item
    if isinstance(item, dict) and "resourceType" in item and r4.is_subtype(type_name, "Resource"):
        return item
    return Element(type_name, item)


def with_types(items: Iterable[Any] | None, type_name: str) -> list[Any]:
    """Let items of a known type carry it."""
    return [with_type(item, type_name) for item in items or () if item is not None]
