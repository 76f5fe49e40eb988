"""The specification's own executable rules, run by our FHIRPath engine.

Source: the FHIRPath invariants published with CDS Hooks (HL7/cds-hooks, input/fsh/invariants, Apache-2.0). ord-1 of the
hook library is not among them: the request model checks references itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cds.engine.errors import EngineError
from cds.engine.fhirpath import FHIRPath, fhirpath
from cds.engine.runtime.fhir_values import Element

# The rules ask for nothing that depends on the time; the engine wants one.
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_CARD = "CDSHooksResponse.Card"
_SUGGESTION = "CDSHooksResponse.Suggestion"
_ACTION = "CDSHooksResponse.Action"
_LINK = "CDSHooksResponse.Link"
_AUTHORIZATION = "CDSHooksRequest.FHIRAuthorization"
_WHY = "CDSHooksFeedback.OverrideReason"


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule: the type of element it is evaluated on, and whether breaking it is an error or a warning."""

    name: str
    on: str
    expression: str
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold, and where."""

    place: str
    rule: Invariant

    def __str__(self) -> str:
        return f"{self.place} breaks {self.rule.name}"


INVARIANTS = (
    Invariant(
        "cds-resp-1", _CARD, "(selectionBehavior = 'at-most-one') implies suggestions.where(isRecommended).count() <= 1"
    ),
    Invariant(
        "cds-resp-2", _ACTION, "(type = 'delete') implies (resourceId.exists() and resource.empty())", is_error=False
    ),
    Invariant("cds-resp-3", _LINK, "(type != 'smart') implies (appContext.empty())"),
    Invariant("cds-resp-4", "Coding", "all(display.exists())"),
    Invariant("cds-resp-5", _SUGGESTION, "actions.all(description.exists())"),
    Invariant("cds-resp-6", _CARD, "suggestions.exists() implies selectionBehavior.exists()"),
    Invariant(
        "cds-resp-7",
        _SUGGESTION,
        "actionSelectionBehavior.empty() or actionSelectionBehavior = 'all' or actionSelectionBehavior = 'any' "
        "or actionSelectionBehavior = 'at-most-one'",
    ),
    Invariant("cds-r-1", "CDSHooksRequest", "fhirAuthorization.exists() implies fhirServer.exists()"),
    Invariant("cds-r-2", _AUTHORIZATION, "scope.contains('patient/') implies patient.exists()", is_error=False),
    Invariant("cds-fb-1", "CDSHooksFeedback", "outcome = 'accepted' or outcome = 'overridden'"),
    Invariant("cds-fb-2", "CDSHooksFeedback", "(outcome = 'accepted') implies acceptedSuggestions.exists()"),
    Invariant("cds-fb-3", _WHY, "reason.exists() or userComment.exists()"),
)


def broken_by_response(document: Any) -> Iterator[Broken]:
    """Yield the rules that an answer to a hook call breaks, each with its place."""
    for here, card in _objects(document, "cards"):
        yield from _broken(_CARD, card, here)
        yield from _broken("Coding", [reason for _, reason in _objects(card, "overrideReasons")], here)
        for there, link in _objects(card, "links"):
            yield from _broken(_LINK, link, f"{here}.{there}")
        for there, suggestion in _objects(card, "suggestions"):
            yield from _broken(_SUGGESTION, suggestion, f"{here}.{there}")
            for place, action in _objects(suggestion, "actions"):
                yield from _broken(_ACTION, action, f"{here}.{there}.{place}")
    for here, action in _objects(document, "systemActions"):
        yield from _broken(_ACTION, action, here)


def broken_by_request(document: Any) -> Iterator[Broken]:
    """Yield the rules that a hook call breaks."""
    yield from _broken("CDSHooksRequest", document, "the request")
    yield from _broken(_AUTHORIZATION, document.get("fhirAuthorization"), "fhirAuthorization")


def broken_by_feedback(document: Any) -> Iterator[Broken]:
    """Yield the rules that a feedback request breaks."""
    for here, item in _objects(document, "feedback"):
        yield from _broken("CDSHooksFeedback", item, here)
        yield from _broken(_WHY, item.get("overrideReason"), f"{here}.overrideReason")


def _broken(type_name: str, value: Any, place: str) -> Iterator[Broken]:
    focus: Any = [Element(type_name, one) for one in (value if isinstance(value, list) else [value]) if one is not None]
    if not focus:
        return
    for rule in INVARIANTS:
        if rule.on == type_name and not _holds(rule, focus):
            yield Broken(place, rule)


def _holds(rule: Invariant, focus: list[Element]) -> bool:
    """Evaluate a rule; one whose elements have the wrong JSON type cannot hold."""
    try:
        return _compiled(rule.expression).evaluate(focus if rule.on == "Coding" else focus[0], now=_NOW) == [True]
    except EngineError:
        return False


@cache
def _compiled(expression: str) -> FHIRPath:
    return fhirpath(expression)


def _objects(element: Any, member: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the objects of a list with their places, whatever else the server sent there."""
    listed = element.get(member) if isinstance(element, Mapping) else None
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(entry, Mapping):
            yield f"{member}[{index}]", entry
