"""Setting one element of a resource by its path, as the R4 definitions shape it (PD-176)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from cds.engine.model import r4
from cds.reasoning.element_path import Step
from cds.reasoning.element_types import DoesNotFit, fit, fit_choice, json_member


class _Place(NamedTuple):
    """An element of a type as a path names it.

    `fixed` is the type that a JSON name such as `timingDateTime` stands for (PD-260), `choices` are the JSON members of
    a choice element, `where` names the element in an error.
    """

    element: r4.Element
    where: str
    choices: tuple[str, ...] = ()
    fixed: str | None = None


def has_element(type_name: str, step: Step) -> bool:
    """Tell whether the type has the element that a path begins with, by its name or its JSON name."""
    return step.name in _places(type_name)


def choices_of(type_name: str, member: str) -> tuple[str, ...]:
    """Return the JSON members of which an object of the type may have one, where `member` is one of them, else ()."""
    place = _places(type_name).get(member)
    return place.choices if place is not None else ()


def check_path(type_name: str, steps: Sequence[Step]) -> None:
    """Raise `DoesNotFit` when no element of the type lies at `steps`, whatever the value would be."""
    step, rest = steps[0], steps[1:]
    place = _place(type_name, step)
    if step.url is not None:
        check_path("Extension", rest or [Step("")])
    elif rest:
        check_path(_member({}, place, step, rest[0])[1], rest)


def set_element(target: dict[str, Any], type_name: str, steps: Sequence[Step], value: Any) -> None:
    """Set the element at `steps` below `target`, a resource or element of R4 type `type_name`, creating its parents.

    A list value goes into a list element as a whole; a single value for a list without an index replaces the list.
    Choice elements take the JSON name for the value's type, and the other choices go. Only `target` itself is changed:
    what it holds may be shared, and gives way to a changed copy. Raises `DoesNotFit`, and then nothing is changed.
    """
    step, rest = steps[0], steps[1:]
    place = _place(type_name, step)
    if step.url is not None:
        target["extension"] = _with_extension(target.get("extension", ()), step.url, rest, value)
    elif rest:
        member, member_type = _member(target, place, step, rest[0])
        if place.element.is_list:
            items = target.get(member, ())
            changed: Any = _with_item(items, member_type, step, rest, value, place.where)
        else:
            changed = _with_element(target.get(member, {}), member_type, rest, value, place.where)
        for other in place.choices:
            if other != member:
                target.pop(other, None)
        target[member] = changed
    elif place.element.is_list:
        target[place.element.name] = _fitted_list(target, place, step, value)
    elif place.choices:
        member, fitted = _fitted_choice(place, step, _single(value, place.where))
        for other in place.choices:
            target.pop(other, None)
        target[member] = fitted
    else:
        type_name = step.of_type or place.element.types[0]
        target[place.element.name] = fit(_single(value, place.where), type_name, place.where)


def _fitted_choice(place: _Place, step: Step, value: Any) -> tuple[str, Any]:
    """Return the JSON member that takes a value, and the value as it stands there."""
    wanted = place.fixed or step.of_type
    if wanted is None:
        wanted, fitted = fit_choice(value, place.element.types, place.where)
    else:
        fitted = fit(value, wanted, place.where)
    return json_member(place.element, wanted), fitted


def _fitted_list(target: Mapping[str, Any], place: _Place, step: Step, value: Any) -> list[Any]:
    """Return the list with the value at the step's index; without an index, the list that the value makes."""
    type_name = place.element.types[0]
    if step.index is None:
        values = value if isinstance(value, list) else [value]
        return [fit(item, type_name, place.where) for item in values]
    fitted = fit(_single(value, place.where), type_name, place.where)
    items = target.get(place.element.name, ())
    _refuse_gap(items, step.index, place.where)
    return [*items[: step.index], fitted, *items[step.index + 1 :]]


def _with_element(held: Any, type_name: str, steps: Sequence[Step], value: Any, where: str) -> dict[str, Any]:
    """Return a copy of an element in which the value is set."""
    if not isinstance(held, dict):
        msg = f"{where} is a simple value and has no elements"
        raise DoesNotFit(msg)
    copy = dict(held)
    set_element(copy, type_name, steps, value)
    return copy


def _with_item(
    items: Sequence[Any], type_name: str, step: Step, rest: Sequence[Step], value: Any, where: str
) -> list[Any]:
    """Return a copy of the list in which the value is set in the item at the step's index, else in the only one."""
    if step.index is None and len(items) > 1:
        msg = f"{where} has {len(items)} items: say which one with an index"
        raise DoesNotFit(msg)
    index = step.index or 0
    _refuse_gap(items, index, where)
    changed = _with_element(items[index] if index < len(items) else {}, type_name, rest, value, where)
    return [*items[:index], changed, *items[index + 1 :]]


def _refuse_gap(items: Sequence[Any], index: int, where: str) -> None:
    if index > len(items):
        msg = f"{where} has {len(items)} items: index {index} would leave a gap"
        raise DoesNotFit(msg)


def _with_extension(
    extensions: Sequence[Mapping[str, Any]], url: str, rest: Sequence[Step], value: Any
) -> list[Mapping[str, Any]]:
    """Return the extensions with the value set in the one with this URL, which is added when there is none."""
    if not rest:
        msg = "a path that ends in extension(url) has no value to set: add .value"
        raise DoesNotFit(msg)
    index = next((index for index, one in enumerate(extensions) if one.get("url") == url), len(extensions))
    extension = dict(extensions[index]) if index < len(extensions) else {"url": url}
    set_element(extension, "Extension", rest, value)
    return [*extensions[:index], extension, *extensions[index + 1 :]]


def _place(type_name: str, step: Step) -> _Place:
    place = _places(type_name).get(step.name)
    if place is None:
        msg = f"{type_name} has no element {step.name}"
        raise DoesNotFit(msg)
    return place


@cache
def _places(type_name: str) -> Mapping[str, _Place]:
    """Return the elements of a type by name, and by the JSON names of choice elements."""
    places: dict[str, _Place] = {}
    chosen: dict[str, _Place] = {}
    for element in r4.elements(type_name).values():
        where = f"{type_name}.{element.name}"
        choices = tuple(json_member(element, one) for one in element.types) if element.is_choice else ()
        places[element.name] = _Place(element, where, choices)
        for member, candidate in zip(choices, element.types, strict=False):
            chosen.setdefault(member, _Place(element, where, choices, fixed=candidate))
    return chosen | places


def _member(target: Mapping[str, Any], place: _Place, step: Step, following: Step) -> tuple[str, str]:
    """Return the JSON member through which a path goes on, and its type."""
    element = place.element
    if not element.is_choice:
        return element.name, element.types[0]
    wanted = place.fixed or step.of_type
    candidates = [wanted] if wanted else [one for one in element.types if has_element(one, following)]
    present = [one for one in candidates if json_member(element, one) in target]
    for candidate in present or candidates[:1]:
        return json_member(element, candidate), candidate
    msg = f"none of the types of {element.name} ({', '.join(element.types)}) has an element {following.name}"
    raise DoesNotFit(msg)


def _single(value: Any, where: str) -> Any:
    if isinstance(value, list):
        if len(value) != 1:
            msg = f"{where} takes one value, but there are {len(value)}"
            raise DoesNotFit(msg)
        return value[0]
    return value
