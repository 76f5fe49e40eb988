"""Run-time tests of static types, as functions that compiled code calls."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from cds.engine.elm import types
from cds.engine.elm.types import Choice, IntervalOf, ListOf, Named, TupleOf, Type
from cds.engine.errors import EvaluationError
from cds.engine.model import r4
from cds.engine.runtime import values
from cds.engine.runtime.fhir_values import Element, bare
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
        tests = [matches(choice) for choice in wanted.choices]
        return lambda value: any(test(value) for test in tests)
    if isinstance(wanted, ListOf):
        of_element = matches(wanted.element)
        return lambda value: isinstance(value, list) and all(item is None or of_element(item) for item in value)
    if isinstance(wanted, IntervalOf):
        of_point = matches(wanted.point)
        return lambda value: (
            isinstance(value, Interval) and all(point is None or of_point(point) for point in (value.low, value.high))
        )
    if isinstance(wanted, TupleOf):
        names = {name for name, _ in wanted.elements}
        return lambda value: isinstance(value, values.Tuple) and value.keys() <= names
    name = wanted.name if isinstance(wanted, Named) else ""
    if name == "System.Any":
        return lambda value: value is not None
    if name in _CLASSES:
        classes = _CLASSES[name]
        return lambda value: type(value) in classes
    return lambda value: _is_fhir(value, name)


def _is_fhir(value: Any, wanted: str) -> bool:
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
        return lambda value: None if value is None else [bare(item) for item in value]
    if isinstance(wanted, IntervalOf) and isinstance(wanted.point, Named) and wanted.point.is_system:
        point_type = wanted.point.name.removeprefix("System.")
        return lambda value: _with_point_type(value, point_type)
    return lambda value: value


def _with_point_type(value: Interval | None, point_type: str) -> Interval | None:
    if value is None or value.low is not None or value.high is not None or value.point_type is not None:
        return value
    return Interval(None, None, value.low_closed, value.high_closed, point_type)
