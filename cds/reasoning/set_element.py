"""Setting one element of a resource by its path, as the R4 definitions shape it (PD-176)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cds.engine.model import r4
from cds.fhir.json import copied
from cds.reasoning.element_path import Step
from cds.reasoning.element_types import DoesNotFit, choose, fit, json_member


def has_element(type_name: str, step: Step) -> bool:
    """Tell whether the type has the element that a path begins with, by its name or its JSON name."""
    return _find(type_name, step.name) is not None


def check_path(type_name: str, steps: Sequence[Step]) -> None:
    """Raise `DoesNotFit` when no element of the type lies at `steps`, whatever the value would be."""
    step, rest = steps[0], steps[1:]
    found = _find(type_name, step.name)
    if found is None:
        msg = f"{type_name} has no element {step.name}"
        raise DoesNotFit(msg)
    element, fixed = found
    if step.url is not None:
        check_path("Extension", rest or [Step("")])
    elif rest:
        check_path(_member({}, element, step, fixed, rest[0])[1], rest)


def copied_for(target: Mapping[str, Any], type_name: str, steps: Sequence[Step]) -> dict[str, Any]:
    """Return a copy of `target` for `set_element`: what the first step leads to is copied whole, the rest is shared."""
    found = _find(type_name, steps[0].name)
    copy = dict(target)
    if found is not None:
        element = found[0]
        for choice in element.types:
            member = json_member(element, choice)
            if member in copy:
                copy[member] = copied(copy[member])
    return copy


def set_element(target: dict[str, Any], type_name: str, steps: Sequence[Step], value: Any) -> None:
    """Set the element at `steps` below `target`, a resource or element of R4 type `type_name`, creating its parents.

    A list value goes into a list element as a whole; a single value for a list without an index replaces the list.
    Choice elements take the JSON name for the value's type, and the other choices go. Raises `DoesNotFit`, and then
    `target` may hold empty parents: callers set on a copy.
    """
    step, rest = steps[0], steps[1:]
    found = _find(type_name, step.name)
    if found is None:
        msg = f"{type_name} has no element {step.name}"
        raise DoesNotFit(msg)
    element, fixed = found
    if step.url is not None:
        _set_extension(target, step, rest, value)
        return
    where = f"{type_name}.{element.name}"
    if not rest:
        _set_last(target, element, step, fixed, value, where)
        return
    member, member_type = _member(target, element, step, fixed, rest[0])
    inner = _item(target.setdefault(member, []), step, where) if element.is_list else target.setdefault(member, {})
    if not isinstance(inner, dict):
        msg = f"{where} is a simple value and has no elements"
        raise DoesNotFit(msg)
    set_element(inner, member_type, rest, value)


def _set_last(
    target: dict[str, Any], element: r4.Element, step: Step, fixed: str | None, value: Any, where: str
) -> None:
    if element.is_list:
        if isinstance(value, list) and step.index is None:
            target[element.name] = [fit(item, element.types[0], where) for item in value]
            return
        fitted = fit(_single(value, where), element.types[0], where)
        if step.index is None:
            target[element.name] = [fitted]
        else:
            _put(target.setdefault(element.name, []), step.index, fitted, where)
        return
    single = _single(value, where)
    type_name = (
        fixed or step.of_type or (choose(single, element.types, where) if element.is_choice else element.types[0])
    )
    member = json_member(element, type_name)
    fitted = fit(single, type_name, where)
    for other in element.types if element.is_choice else ():
        target.pop(json_member(element, other), None)
    target[member] = fitted


def _set_extension(target: dict[str, Any], step: Step, rest: Sequence[Step], value: Any) -> None:
    """Set below the extension with the step's URL, which is added when there is none."""
    if not rest:
        msg = "a path that ends in extension(url) has no value to set: add .value"
        raise DoesNotFit(msg)
    extensions = target.setdefault("extension", [])
    extension = next((one for one in extensions if one.get("url") == step.url), None)
    if extension is None:
        extension = {"url": step.url}
        extensions.append(extension)
    set_element(extension, "Extension", rest, value)


def _find(type_name: str, name: str) -> tuple[r4.Element, str | None] | None:
    """Return the element of this name, or of this JSON name (`timingDateTime`) with the type it names (PD-260)."""
    elements = r4.elements(type_name)
    if name in elements:
        return elements[name], None
    for element in elements.values():
        for candidate in element.types if element.is_choice else ():
            if json_member(element, candidate) == name:
                return element, candidate
    return None


def _member(
    target: dict[str, Any], element: r4.Element, step: Step, fixed: str | None, following: Step
) -> tuple[str, str]:
    """Return the JSON member through which a path goes on, and its type."""
    if not element.is_choice:
        return element.name, element.types[0]
    wanted = fixed or step.of_type
    candidates = [wanted] if wanted else [one for one in element.types if _find(one, following.name)]
    present = [one for one in candidates if json_member(element, one) in target]
    for candidate in present or candidates[:1]:
        for other in element.types:
            if json_member(element, other) != json_member(element, candidate):
                target.pop(json_member(element, other), None)
        return json_member(element, candidate), candidate
    msg = f"none of the types of {element.name} ({', '.join(element.types)}) has an element {following.name}"
    raise DoesNotFit(msg)


def _item(items: list[Any], step: Step, where: str) -> Any:
    """Return the item of a list through which a path goes on: the one at the index, else the only one."""
    if step.index is None and len(items) > 1:
        msg = f"{where} has {len(items)} items: say which one with an index"
        raise DoesNotFit(msg)
    index = step.index or 0
    if index >= len(items):
        _put(items, index, {}, where)
    return items[index]


def _put(items: list[Any], index: int, value: Any, where: str) -> None:
    if index > len(items):
        msg = f"{where} has {len(items)} items: index {index} would leave a gap"
        raise DoesNotFit(msg)
    items[index : index + 1] = [value]


def _single(value: Any, where: str) -> Any:
    if isinstance(value, list):
        if len(value) != 1:
            msg = f"{where} takes one value, but there are {len(value)}"
            raise DoesNotFit(msg)
        return value[0]
    return value
