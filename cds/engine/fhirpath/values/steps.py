"""The steps from a FHIR element to its children, for items that carry their type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from cds.engine.fhirpath.types import Type
from cds.engine.fhirpath.values.elements import TypeInfo, is_a, type_of, with_type, with_types
from cds.engine.fhirpath.values.system import system_value
from cds.engine.model import r4
from cds.engine.run import Run
from cds.engine.runtime import fhir_values
from cds.engine.runtime.fhir_values import Element, Json

_Read = Callable[[Json], list[Any]]


def primitives(owner: Json | None, name: str, type_name: str) -> list[Any]:
    """Read a repeated primitive; positions that have neither a value nor extensions are no items."""
    return [item for item in fhir_values.primitives(owner, name, type_name) or () if item is not None]


def bare_primitives(owner: Json | None, name: str) -> list[Any]:
    """Read the values of a repeated primitive, without ids and extensions."""
    values = None if owner is None else fhir_values.listed(owner.get(name))
    return [value for value in values or () if value is not None]


def member(item: Any, name: str) -> list[Any]:
    """Give the children of this name, with their types; none where the item's type has no such element."""
    if type(item) is TypeInfo:
        return [getattr(item, name)] if name in TypeInfo._fields else []
    type_ = type_of(item)
    if type_.namespace != "FHIR":
        return []
    content = item.value if type(item) is Element else item
    if type(item) is Element and r4.is_primitive(item.type):
        if name == "value":
            value = system_value(item)
            return [] if value is None else [value]
        content = item.extra
    read = _reader(type_.name, name)
    if read is None or content is None:
        return []
    return read(fhir_values.json_object(content) or {})


def members(items: Iterable[Any] | None, name: str) -> list[Any]:
    """Give the children of this name of all items."""
    found: list[Any] = []
    for item in items or ():
        found += member(item, name)
    return found


def head(items: Iterable[Any] | None, name: str, type_: Type | None) -> list[Any]:
    """Take the first name of a path: the items themselves where it is their type, else their children of this name."""
    found: list[Any] = []
    for item in items or ():
        if type_ is not None and is_a(item, type_):
            found.append(item)
        else:
            found += member(item, name)
    return found


def children(items: Iterable[Any] | None) -> list[Any]:
    """Give all children of all items."""
    found: list[Any] = []
    for item in items or ():
        type_ = type_of(item)
        if type_.namespace == "FHIR":
            for name in r4.elements(type_.name):
                found += member(item, name)
    return found


def descendants(run: Run, items: Iterable[Any] | None) -> list[Any]:
    """Give all children, their children and so on, level by level; every item is charged to the budget."""
    found: list[Any] = []
    level = children(items)
    while level:
        run.charge(len(level))
        found += level
        level = children(level)
    return found


@cache
def choice_members(owner: str, name: str) -> tuple[tuple[str, str], ...]:
    """Give the JSON members of a choice element, each with its type."""
    return tuple((json, type_name) for type_name, json in r4.choice_names(owner, name).items())


@cache
def _reader(owner: str, name: str) -> _Read | None:
    """Give what reads one element of one type, as a list of items with types."""
    found = r4.element(owner, name)
    if found is None:
        return None
    if found.is_choice:
        names = choice_members(owner, name)
        return lambda content: _at_most_one(fhir_values.choice(content, names))
    type_name = found.types[0]
    if type_name.startswith("System."):
        return lambda content: _at_most_one(content.get(name))
    if r4.is_primitive(type_name):
        if found.is_list:
            return lambda content: with_types(primitives(content, name, type_name), type_name)
        return lambda content: _at_most_one(with_type(fhir_values.primitive(content, name, type_name), type_name))
    if found.is_list:
        return lambda content: with_types(fhir_values.listed(content.get(name)), type_name)
    return lambda content: _at_most_one(with_type(content.get(name), type_name))


def _at_most_one(value: Any) -> list[Any]:
    return [] if value is None else [value]
