"""Run-time tests of static types, as functions that compiled code calls."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from cds.engine.elm import types
from cds.engine.elm.types import Choice, IntervalOf, ListOf, Named, TupleOf, Type
from cds.engine.errors import EvaluationError
from cds.engine.model import r4
from cds.engine.runtime import values
from cds.engine.runtime.fhir_values import Element, bare, bare_items
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.temporal import Date, DateTime, Time
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import type_name

_CLASSES: dict[str, tuple[type, ...]] = {
    "System.Boolean": (bool,),
    "System.Integer": (int, Uncertainty),
    "System.Long": (values.Long,),
    "System.Decimal": (Decimal,),
    "System.String": (str,),
    "System.Date": (Date,),
    "System.DateTime": (DateTime,),
    "System.Time": (Time,),
    "System.Quantity": (values.Quantity,),
    "System.Ratio": (values.Ratio,),
    "System.Code": (values.Code,),
    "System.Concept": (values.Concept,),
    "System.ValueSet": (values.ValueSet,),
    "System.CodeSystem": (values.CodeSystem,),
    "System.Vocabulary": (values.ValueSet, values.CodeSystem),
}


@lru_cache(4096)
def matches(wanted: Type) -> Callable[[Any], bool]:
    """Return the test whether a value (that says its type) is of a type; null is of no type."""
    if isinstance(wanted, Choice):
        return partial(_is_any_of, tuple(matches(choice) for choice in wanted.choices))
    if isinstance(wanted, ListOf):
        return partial(_is_list_of, matches(wanted.element))
    if isinstance(wanted, IntervalOf):
        return partial(_is_interval_of, matches(wanted.point))
    if isinstance(wanted, TupleOf):
        return partial(_is_tuple_with, frozenset(name for name, _ in wanted.elements))
    name = wanted.name if isinstance(wanted, Named) else ""
    if name == "System.Any":
        return _is_something
    if name in _CLASSES:
        return partial(_is_of_class, _CLASSES[name])
    return partial(_is_fhir, name)


# Tests are made of functions of this module, so that compiled code that holds them can be stored.


def _is_any_of(tests: tuple[Callable[[Any], bool], ...], value: Any) -> bool:
    return any(test(value) for test in tests)


def _is_list_of(of_element: Callable[[Any], bool], value: Any) -> bool:
    return isinstance(value, list) and all(item is None or of_element(item) for item in value)


def _is_interval_of(of_point: Callable[[Any], bool], value: Any) -> bool:
    return isinstance(value, Interval) and all(point is None or of_point(point) for point in (value.low, value.high))


def _is_tuple_with(names: frozenset[str], value: Any) -> bool:
    return isinstance(value, values.Tuple) and value.keys() <= names


def _is_something(value: Any) -> bool:
    return value is not None


def _is_of_class(classes: Collection[type], value: Any) -> bool:
    return type(value) in classes


def _is_fhir(wanted: str, value: Any) -> bool:
    if isinstance(value, Element):
        return r4.is_subtype(value.type, wanted) or r4.fhir_type(wanted) == value.type
    return isinstance(value, dict) and r4.is_subtype(str(value.get("resourceType")), wanted)


class Cast:
    """A value as one of a type, in the form that static type has; else null, or EvaluationError when strict."""

    __name__ = "cast"

    def __init__(self, wanted: Type, *, strict: bool = False) -> None:
        self.wanted = wanted
        self.strict = strict
        self._test = matches(wanted)
        self._take = _taker(wanted)

    def __call__(self, value: Any) -> Any:
        """Cast a value."""
        if value is None or self._test(value):
            return self._take(value)
        if self.strict:
            message = f"a {value.type if isinstance(value, Element) else type_name(value)} is no {self.wanted}"
            raise EvaluationError(message)
        return None


def _taker(wanted: Type) -> Callable[[Any], Any]:
    """Return how a value that says its type is carried under a static type."""
    if types.is_element(wanted):
        return bare
    if isinstance(wanted, ListOf) and types.is_element(wanted.element):
        return bare_items
    if isinstance(wanted, IntervalOf) and isinstance(wanted.point, Named) and wanted.point.is_system:
        return partial(_with_point_type, wanted.point.name.removeprefix("System."))
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _with_point_type(point_type: str, value: Interval | None) -> Interval | None:
    if value is None or value.low is not None or value.high is not None or value.point_type is not None:
        return value
    return Interval(None, None, value.low_closed, value.high_closed, point_type)
