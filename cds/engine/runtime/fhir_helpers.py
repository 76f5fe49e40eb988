"""What the library FHIRHelpers 4.0.1 computes, answered natively with the same results.

Arguments are FHIR elements as `fhir_values` carries them.
https://github.com/cqframework/clinical_quality_language/wiki/FHIRHelpers
"""

from __future__ import annotations

from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.model import r4
from cds.engine.run import Run
from cds.engine.runtime import clinical, evaluation, fhir_values, interval
from cds.engine.runtime.fhir_values import (
    Element,
    Json,
    date_time_value,
    decimal_value,
    json_object,
    json_of,
    text_value,
)
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.values import Code, Concept, Quantity, Ratio, ValueSet

_CALENDAR = {
    "ms": "millisecond",
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "mo": "month",
    "a": "year",
}
_UNIT_SYSTEMS = (None, "http://unitsofmeasure.org", "http://hl7.org/fhirpath/CodeSystem/calendar-units")


def to_calendar_unit(unit: str | None) -> str | None:
    """Name a UCUM unit of time as CQL's calendar does: "d" → "day"; other units stay."""
    return None if unit is None else _CALENDAR.get(unit, unit)


def to_quantity_ignoring_comparator(quantity: Any) -> Quantity | None:
    """Return the Quantity. Raises EvaluationError when its unit is of another system than UCUM."""
    quantity = json_object(json_of(quantity))
    if quantity is None:
        return None
    value = decimal_value(quantity.get("value"))
    if value is None:
        return None
    if quantity.get("system") not in _UNIT_SYSTEMS:
        message = f"Invalid FHIR Quantity code: its unit is of the system {quantity.get('system')}, not UCUM"
        raise EvaluationError(message)
    unit = quantity.get("code")
    if unit is None:
        unit = quantity.get("unit")
    return Quantity(value, "1" if unit is None else _CALENDAR.get(unit, unit))


def to_quantity(quantity: Any) -> Quantity | None:
    """Return the Quantity. Raises EvaluationError when it has a comparator: "<5" is not 5."""
    found = json_object(json_of(quantity))
    if found is None or found.get("value") is None:
        return None
    if found.get("comparator") is not None:
        raise EvaluationError(
            "FHIR Quantity value has a comparator and cannot be converted to a System.Quantity value."
        )
    return to_quantity_ignoring_comparator(found)


def quantity_to_interval(quantity: Any) -> Interval | None:
    """Return the interval a Quantity with a comparator stands for; without one, the interval of that one value."""
    found = json_object(json_of(quantity))
    if found is None:
        return None
    comparator = found.get("comparator")
    if comparator is None:
        point = to_quantity(found)
        return _interval(point, point)
    point = to_quantity_ignoring_comparator(found)
    match comparator:
        case "<":
            return _interval(None, point, high_closed=False)
        case "<=":
            return _interval(None, point)
        case ">=":
            return _interval(point, None)
        case ">":
            return _interval(point, None, low_closed=False)
        case _:
            return _interval(to_quantity(found), to_quantity(found))


def period_to_interval(run: Run, period: Any) -> Interval | None:
    """Return the Interval<DateTime>; a missing start is unknown (open), a missing end is not yet (closed).

    Raises EvaluationError for a period that ends before it starts.
    """
    period = json_object(json_of(period))
    if period is None:
        return None
    start = date_time_value(run, period.get("start"))
    end = date_time_value(run, period.get("end"))
    return _interval(start, end, "DateTime", low_closed=period.get("start") is not None)


def range_to_interval(range_: Any) -> Interval | None:
    """Return the Interval<Quantity> of a Range."""
    range_ = json_object(json_of(range_))
    return None if range_ is None else _interval(to_quantity(range_.get("low")), to_quantity(range_.get("high")))


def _interval(
    low: Any, high: Any, point_type: str = "Quantity", *, low_closed: bool = True, high_closed: bool = True
) -> Interval:
    return interval.interval(low, high, low_closed, high_closed, point_type=point_type)


def to_ratio(ratio: Any) -> Ratio | None:
    """Return the Ratio; null when a part is missing."""
    ratio = json_object(json_of(ratio))
    if ratio is None:
        return None
    numerator, denominator = to_quantity(ratio.get("numerator")), to_quantity(ratio.get("denominator"))
    return None if numerator is None or denominator is None else Ratio(numerator, denominator)


def to_code(coding: Any) -> Code | None:
    """Return the Code of a Coding."""
    coding = json_object(json_of(coding))
    if coding is None:
        return None
    return Code(
        text_value(coding.get("code")),  # type: ignore[arg-type]  # a Coding without code is a Code that matches none
        text_value(coding.get("system")),
        text_value(coding.get("version")),
        text_value(coding.get("display")),
    )


def to_concept(concept: Any) -> Concept | None:
    """Return the Concept of a CodeableConcept."""
    concept = json_object(json_of(concept))
    if concept is None:
        return None
    codings = fhir_values.listed(concept.get("coding")) or ()
    codes = tuple(code for code in map(to_code, codings) if code is not None)
    return Concept(codes, text_value(concept.get("text")))


def concept_in_value_set(run: Run, concept: Any, value_set: ValueSet | None) -> bool | None:
    """ELM InValueSet of the Concept of a CodeableConcept, which is not made for it. Errors as `to_concept`."""
    concept = json_object(json_of(concept))
    codes = None if concept is None else _codes_of(concept)
    return clinical.any_of_system_in_value_set(codes, value_set, evaluation.terminology(run))


def _codes_of(concept: Json) -> list[tuple[str | None, str | None]]:
    """Return system and code of each Coding; what a Concept would hold beside them has to be text as well."""
    codes = []
    for coding in fhir_values.listed(concept.get("coding")) or ():
        found = json_object(json_of(coding))
        if found is not None:
            codes.append((text_value(found.get("system")), text_value(found.get("code"))))
            text_value(found.get("version"))
            text_value(found.get("display"))
    text_value(concept.get("text"))
    return codes


def to_value_set(uri: str | None) -> ValueSet | None:
    """Return the reference to a value set by its canonical URL."""
    return None if uri is None else ValueSet(uri)


def reference(reference_: str | None) -> dict[str, Any] | None:
    """Return a FHIR Reference to the address."""
    return None if reference_ is None else {"reference": reference_}


_COMPLEX = {
    "CodeableConcept": to_concept,
    "Coding": to_code,
    "Range": range_to_interval,
    "Ratio": to_ratio,
}


def to_value(run: Run, value: Any) -> Any:
    """Return the System value of an element of any type; elements without one stay as they are."""
    if not isinstance(value, Element):
        return value
    if r4.is_primitive(value.type):
        return fhir_values.system_value(run, value)
    if value.type == "Period":
        return period_to_interval(run, value)
    if r4.is_subtype(value.type, "Quantity"):
        return to_quantity(value)
    convert = _COMPLEX.get(value.type)
    return value if convert is None else convert(value)


def extension(element: Any, url: str | None) -> list[Any] | None:
    """Return the extensions of an element or resource with this URL."""
    return _extensions(element, url, "extension")


def modifier_extension(element: Any, url: str | None) -> list[Any] | None:
    """Return the modifier extensions of an element or resource with this URL."""
    return _extensions(element, url, "modifierExtension")


def _extensions(element: Any, url: str | None, name: str) -> list[Any] | None:
    if element is None or url is None:
        return None
    holder = element.extra if isinstance(element, Element) and element.extra is not None else json_of(element)
    found = holder.get(name) if isinstance(holder, dict) else None
    return [extension for extension in fhir_values.listed(found) or () if extension.get("url") == url]


def has_value(element: Any) -> bool:
    """Whether a primitive has a value, not only extensions."""
    value = json_of(element)
    return value is not None and not isinstance(value, dict | list)


def get_value(run: Run, element: Any) -> Any:
    """Return the System value of a primitive element that says its type."""
    return fhir_values.system_value(run, element) if isinstance(element, Element) else element


def to_interval(run: Run, value: Any) -> Interval | None:
    """Return the interval of a Period, Range or Quantity that says its type."""
    if not isinstance(value, Element):
        return value if isinstance(value, Interval) else None
    if value.type == "Period":
        return period_to_interval(run, value)
    if value.type == "Range":
        return range_to_interval(value)
    return quantity_to_interval(value) if r4.is_subtype(value.type, "Quantity") else None
