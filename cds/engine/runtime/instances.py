"""Values that a library makes by an instance selector."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.model import r4
from cds.engine.runtime import units
from cds.engine.runtime.fhir_values import Element
from cds.engine.runtime.to_json import to_json
from cds.engine.runtime.values import Code, CodeSystem, Concept, Quantity, Ratio, ValueSet, type_name


def quantity(value: Decimal | None, unit: str | None) -> Quantity | None:
    """Make a Quantity. Raises EvaluationError for a unit that is none."""
    if value is None:
        return None
    reason = None if unit is None else units.validate(unit)
    if reason is not None:
        message = f"the unit {unit!r} is not a UCUM unit: {reason}"
        raise EvaluationError(message)
    return Quantity(Decimal(value), unit or "1")


def ratio(numerator: Quantity | None, denominator: Quantity | None) -> Ratio | None:
    """Make a Ratio."""
    return None if numerator is None or denominator is None else Ratio(numerator, denominator)


def code(code_: str | None, system: str | None, version: str | None, display: str | None) -> Code | None:
    """Make a Code."""
    return None if code_ is None else Code(code_, system, version, display)


def concept(codes: list[Code] | None, display: str | None) -> Concept:
    """Make a Concept."""
    return Concept(tuple(code for code in codes or () if code is not None), display)


def value_set(id_: str | None, version: str | None, name: str | None) -> ValueSet | None:
    """Make a reference to a value set."""
    return None if id_ is None else ValueSet(id_, version, name)


def code_system(id_: str | None, version: str | None, name: str | None) -> CodeSystem | None:
    """Make a reference to a code system."""
    return None if id_ is None else CodeSystem(id_, version, name)


def json_value(value: Any) -> Any:
    """Make the JSON of a FHIR primitive from its System value."""
    return to_json(value)


def json_object(names: tuple[str, ...], *values: Any) -> dict[str, Any]:
    """Make the JSON of a FHIR element; members without a value are left out. `value[x]` is named by its value."""
    return {
        _json_name(name, value): to_json(value)
        for name, value in zip(names, values, strict=True)
        if value is not None and value != []
    }


def _json_name(name: str, value: Any) -> str:
    stem, choice, _ = name.partition("[x]")
    if not choice:
        return name
    if isinstance(value, Element):
        return r4.json_name(stem, r4.fhir_type(value.type))
    message = f"{name} does not take a {type_name(value)}"
    raise EvaluationError(message)
