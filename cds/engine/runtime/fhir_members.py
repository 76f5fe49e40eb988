"""Reading members of values whose type is known only at run time."""

from __future__ import annotations

from typing import Any

from cds.engine.errors import EvaluationError
from cds.engine.model import r4
from cds.engine.run import Run
from cds.engine.runtime import fhir_values
from cds.engine.runtime.fhir_values import Element, Json
from cds.engine.runtime.interval import Interval
from cds.engine.runtime.values import Code, CodeSystem, Concept, Quantity, Ratio, Tuple, ValueSet

_ATTRIBUTES: dict[type, dict[str, str]] = {
    Quantity: {"value": "value", "unit": "unit"},
    Ratio: {"numerator": "numerator", "denominator": "denominator"},
    Code: {"code": "code", "system": "system", "version": "version", "display": "display"},
    Concept: {"codes": "codes", "display": "display"},
    ValueSet: {"id": "id", "version": "version", "name": "name"},
    CodeSystem: {"id": "id", "version": "version", "name": "name"},
    Interval: {"low": "low", "high": "high", "lowClosed": "low_closed", "highClosed": "high_closed"},
}


def member(run: Run, target: Any, name: str) -> Any:
    """Read a member of any value; lists are read item by item and flattened; a member that is not there is null.

    Elements come back knowing their type. Raises EvaluationError for a value that can have no members.
    """
    if target is None:
        return None
    if isinstance(target, list):
        return _of_items(run, target, name)
    if isinstance(target, Element):
        if r4.is_primitive(target.type):
            return _of_primitive(run, target, name)
        return typed(fhir_values.json_object(target.value), target.type, name)
    if isinstance(target, Tuple):
        return target.get(name)
    if isinstance(target, dict):
        resource_type = target.get("resourceType")
        return typed(target, resource_type, name) if resource_type is not None else target.get(name)
    attributes = _ATTRIBUTES.get(type(target))
    if attributes is None or name not in attributes:
        message = f"a {type(target).__name__} has no {name}"
        raise EvaluationError(message)
    value = getattr(target, attributes[name])
    return list(value) if isinstance(value, tuple) else value


def _of_items(run: Run, items: list[Any], name: str) -> list[Any]:
    found: list[Any] = []
    for item in items:
        value = member(run, item, name)
        if isinstance(value, list):
            found.extend(value)
        elif value is not None:
            found.append(value)
    return found


def _of_primitive(run: Run, target: Element, name: str) -> Any:
    if name == "value":
        return fhir_values.system_value(run, target)
    value = None if target.extra is None else target.extra.get(name)
    return fhir_values.elements("Extension", value) if name == "extension" else value


def typed(target: Json | None, type_name: str, name: str) -> Any:
    """Read a member of a JSON object of a known type; elements come back knowing theirs."""
    found = r4.element(type_name, name)
    if target is None or found is None:
        return None
    if found.is_choice:
        return fhir_values.choice(target, tuple((json, of) for of, json in r4.choice_names(type_name, name).items()))
    of = found.types[0]
    if of.startswith("System."):
        return target.get(name)
    if r4.is_primitive(of):
        if found.is_list:
            return fhir_values.elements(of, fhir_values.primitives(target, name, of))
        return fhir_values.element(of, fhir_values.primitive(target, name, of))
    value = target.get(name)
    if r4.is_subtype(of, "Resource"):
        return value
    return fhir_values.elements(of, fhir_values.listed(value)) if found.is_list else fhir_values.element(of, value)


def children(run: Run, target: Any) -> list[Any] | None:
    """Return what is directly inside a value: members of resources, elements and tuples, or of each item of a list."""
    if target is None:
        return None
    found: list[Any] = []
    for value in target if isinstance(target, list) else (target,):
        for name in _names(value):
            inner = member(run, value, name)
            found.extend(inner if isinstance(inner, list) else [] if inner is None else [inner])
    return found


def descendents(run: Run, target: Any) -> list[Any] | None:
    """Return the children, their children, and so on."""
    level = children(run, target)
    if level is None:
        return None
    found: list[Any] = []
    while level:
        run.charge(len(level))
        found.extend(level)
        level = children(run, level) or []
    return found


def _names(value: Any) -> list[str]:
    if isinstance(value, Element):
        return list(r4.elements(value.type))
    if isinstance(value, dict):
        resource_type = value.get("resourceType")
        return list(value) if resource_type is None else list(r4.elements(str(resource_type)))
    return list(_ATTRIBUTES.get(type(value), ()))
