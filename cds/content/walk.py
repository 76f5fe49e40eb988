"""Walking a PlanDefinition: its actions with their paths, and every expression in a resource with its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def actions(plan: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (path, action) for every action of the plan in document order, parents first."""
    for index, action in enumerate(plan.get("action", ())):
        here = f"{path}.action[{index}]" if path else f"action[{index}]"
        yield here, action
        yield from actions(action, here)


def is_fold(action: Mapping[str, Any]) -> bool:
    """Tell whether an action folds recommendations into one card: a titled visual group of coded actions.

    The children of any other action are suggestions, which have no code of their own.
    """
    is_group = action.get("groupingBehavior") == "visual-group" and "title" in action
    return is_group and any("code" in child for child in action.get("action", ()))


def recommendations(plan: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (path, action) of every action that is a recommendation: the top actions, and those that one folds."""
    for index, action in enumerate(plan.get("action", ())):
        if is_fold(action):
            yield from ((f"action[{index}].{path}", child) for path, child in recommendations(action))
        else:
            yield f"action[{index}]", action


def expressions(element: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (path, Expression) for every Expression of the resource, extensions included, contained resources not."""
    waiting = [(path, element)] if isinstance(element, (dict, list)) else []
    while waiting:
        here, one = waiting.pop()
        if isinstance(one, dict):
            if _is_expression(one):
                yield here, one
            inner = [
                (f"{here}.{name}" if here else name, value)
                for name, value in one.items()
                if isinstance(value, (dict, list)) and name != "contained"
            ]
        else:
            inner = [(f"{here}[{index}]", item) for index, item in enumerate(one) if isinstance(item, (dict, list))]
        inner.reverse()
        waiting += inner


def _is_expression(element: Mapping[str, Any]) -> bool:
    language = element.get("language")
    return isinstance(language, str) and "/" in language and ("expression" in element or "reference" in element)


def named_events(action: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the action's named-event triggers: for a hook, the name is the hook's name (PD-202)."""
    return tuple(
        trigger["name"]
        for trigger in action.get("trigger", ())
        if trigger.get("type") == "named-event" and "name" in trigger
    )
