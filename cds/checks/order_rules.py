"""Rules over the orders that guidelines offer: what the structure says when nobody reads the text or the extension."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from cds.checks.findings import Rule
from cds.content.shelf import Shelf
from cds.fhir import systems

Place = tuple[str, str, str]

_DAYS_OF_CYCLE = "http://hl7.org/fhir/StructureDefinition/timing-daysOfCycle"
_HOURS = {"h": 1, "d": 24, "wk": 168}  # a day of a cycle is never given in months
_DAY = 24


def _listed_days(timing: Mapping[str, Any]) -> list[int]:
    """Return the days that timing-daysOfCycle lists, in order, each once."""
    return sorted(
        {
            int(part["valueInteger"])
            for extension in timing.get("extension", ())
            if extension.get("url") == _DAYS_OF_CYCLE
            for part in extension.get("extension", ())
            if part.get("url") == "day" and "valueInteger" in part
        }
    )


def _bounds_in_days(repeat: Mapping[str, Any]) -> Decimal | None:
    """Return boundsDuration in days (UCUM d or wk); None where it is missing, or in another unit."""
    bounds = repeat.get("boundsDuration", {})
    if bounds.get("system") != systems.UCUM or bounds.get("code") not in _HOURS or "value" not in bounds:
        return None
    return Decimal(str(bounds["value"])) * _HOURS[bounds["code"]] / _DAY


def _contradiction(timing: Mapping[str, Any]) -> str | None:
    """Return how the repeat differs from the listed days, as an EHR schedules it that drops the extension."""
    days, repeat = _listed_days(timing), timing.get("repeat", {})
    unit = repeat.get("periodUnit")
    if not days or unit not in _HOURS or "frequency" not in repeat or "period" not in repeat:
        return None
    frequency = Decimal(str(repeat["frequency"]))
    period = Decimal(str(repeat["period"])) * _HOURS[unit] / _DAY
    bounds = _bounds_in_days(repeat)
    if period <= frequency:  # every day, once or several times
        unbroken = days == list(range(1, len(days) + 1))
        return None if unbroken and bounds == len(days) else f"every day for {_length(bounds)}"
    if period >= days[-1]:  # the period is the cycle
        return None if frequency == len(days) else f"{frequency} times in {period} days"
    if bounds is None:
        return f"{frequency} times in {period} days, for {_length(bounds)}"
    doses = math.ceil(bounds * frequency / period)
    return None if doses == len(days) else f"{doses} times in {_length(bounds)}"


def _length(bounds: Decimal | None) -> str:
    return "an unlimited time" if bounds is None else f"{bounds.normalize():f} days"


def _timing(shelf: Shelf) -> Iterator[Place]:
    for artifact in shelf.of_type("ActivityDefinition"):
        for index, dosage in enumerate(artifact.resource.get("dosage", ())):
            timing = dosage.get("timing", {})
            said = _contradiction(timing)
            if said is not None:
                days = ", ".join(map(str, _listed_days(timing)))
                yield (
                    artifact.file,
                    artifact.at(f"dosage[{index}].timing.repeat"),
                    f"says {said}, but the days listed are {days}: let the repeat alone give these doses",
                )


ORDER_RULES: tuple[Rule[Shelf], ...] = (
    Rule(
        id="order-timing",
        severity="error",
        why="an EHR that drops the extension schedules what the repeat says",
        check=_timing,
    ),
)
