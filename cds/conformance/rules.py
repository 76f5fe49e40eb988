"""Rules over the JSON that a server sends; each yields the faults it finds, as text that names the place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

_TOKEN = re.compile(r"\{\{(.*?)\}\}")
_KNOWN_TOKEN = re.compile(
    r"(context\.[A-Za-z]+|userPractitionerId|userPractitionerRoleId|userPatientId|userRelatedPersonId|"
    r"today\(\)( [-+] \d+ days?)?)"
)
_TEMPLATE = re.compile(r"[A-Z][A-Za-z]+(/(\{\{[^}]+\}\}|[A-Za-z0-9\-.]+))?(\?\S.*)?")
_MAY_BE_EMPTY = {"cards", "services"}
_INDICATORS = {"info", "warning", "critical"}


def nulls_and_empties(document: Any, path: str = "$") -> Iterator[str]:
    """No member is null or empty, but `cards` and `services`; FHIR resources inside are FHIR's business (CH-003, 4)."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            here = f"{path}.{name}"
            if name == "resource":
                continue
            if value is None:
                yield f"{here} is null"
            elif value in ("", [], {}) and name not in _MAY_BE_EMPTY:
                yield f"{here} is empty"
            else:
                yield from nulls_and_empties(value, here)
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from nulls_and_empties(value, f"{path}[{index}]")


def service_entry(entry: Any, path: str) -> Iterator[str]:
    """A discovery entry has hook, description and id as strings (CH-014, CH-016, CH-017)."""
    if not isinstance(entry, Mapping):
        yield f"{path} is no object"
        return
    for member in ("hook", "description", "id"):
        if not isinstance(entry.get(member), str) or not entry[member]:
            yield f"{path}.{member} is missing"


def prefetch_templates(entry: Mapping[str, Any]) -> Iterator[str]:
    """A template is a relative FHIR read or search with known tokens only (CH-042 … CH-046)."""
    prefetch = entry.get("prefetch", {})
    if not isinstance(prefetch, Mapping):
        yield "prefetch is no object"
        return
    for key, template in prefetch.items():
        if not isinstance(template, str) or not _TEMPLATE.fullmatch(template):
            yield f"prefetch.{key} is no relative FHIR read or search"
            continue
        for token in _TOKEN.findall(template):
            if not _KNOWN_TOKEN.fullmatch(token.strip()):
                yield f"prefetch.{key} has the token {token}"


def response(document: Any) -> Iterator[str]:
    """A service answers with an object that has a `cards` array (CH-084)."""
    if not isinstance(document, Mapping) or not isinstance(document.get("cards"), list):
        yield "there is no cards array"


def card(item: Any, path: str) -> Iterator[str]:
    """A card has summary, indicator and source as the specification asks (CH-092 … CH-095, CH-103 … CH-109)."""
    if not isinstance(item, Mapping):
        yield f"{path} is no object"
        return
    summary = item.get("summary")
    if not isinstance(summary, str) or not 0 < len(summary) < 140:
        yield f"{path}.summary must have 1 to 139 characters"
    if item.get("indicator") not in _INDICATORS:
        yield f"{path}.indicator must be info, warning or critical"
    source = item.get("source")
    if not isinstance(source, Mapping) or not source.get("label"):
        yield f"{path}.source.label is missing"
    else:
        for member in ("url", "icon"):
            if member in source and not urlsplit(str(source[member])).scheme:
                yield f"{path}.source.{member} is not absolute"
        topic = source.get("topic")
        if topic is not None and not (isinstance(topic, Mapping) and topic.get("code") and topic.get("system")):
            yield f"{path}.source.topic must have code and system"
    yield from _suggestions(item, path)
    yield from _links(item, path)


def _suggestions(item: Mapping[str, Any], path: str) -> Iterator[str]:
    """Suggestions come with a selectionBehavior, a label, and whole actions (CH-097 … CH-122)."""
    suggestions = _objects(item, "suggestions")
    if suggestions and item.get("selectionBehavior") not in ("at-most-one", "any"):
        yield f"{path}.selectionBehavior must be at-most-one or any"
    recommended = [suggestion for suggestion in suggestions if suggestion.get("isRecommended") is True]
    if len(recommended) > 1 and item.get("selectionBehavior") != "any":
        yield f"{path} recommends more than one suggestion"
    for index, suggestion in enumerate(suggestions):
        here = f"{path}.suggestions[{index}]"
        if not suggestion.get("label"):
            yield f"{here}.label is missing"
        for number, action in enumerate(_objects(suggestion, "actions")):
            yield from _action(action, f"{here}.actions[{number}]")
    for index, reason in enumerate(_objects(item, "overrideReasons")):
        if not reason.get("display"):
            yield f"{path}.overrideReasons[{index}].display is missing"


def _action(action: Mapping[str, Any], path: str) -> Iterator[str]:
    if action.get("type") not in ("create", "update", "delete"):
        yield f"{path}.type must be create, update or delete"
    if not action.get("description"):
        yield f"{path}.description is missing"
    if action.get("type") in ("create", "update") and not isinstance(action.get("resource"), Mapping):
        yield f"{path}.resource is missing"


def _links(item: Mapping[str, Any], path: str) -> Iterator[str]:
    for index, link in enumerate(_objects(item, "links")):
        here = f"{path}.links[{index}]"
        for member in ("label", "url", "type"):
            if not link.get(member):
                yield f"{here}.{member} is missing"
        if link.get("type") not in ("absolute", "smart"):
            yield f"{here}.type must be absolute or smart"
        if "appContext" in link and link.get("type") != "smart":
            yield f"{here}.appContext stands on a link that is not smart"


def _objects(item: Mapping[str, Any], member: str) -> list[Mapping[str, Any]]:
    """Return a list of objects, whatever else the server sent there."""
    listed = item.get(member)
    return [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
