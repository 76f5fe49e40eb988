"""A patient's record as the page shows it: who, problems, drugs, and every result over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cds.fhir.elements import object_at, objects_at, values_at
from cds.web.playground.display import (
    concept_text,
    medication_text,
    observed_value,
    resource_summary,
    text_at,
    value_text,
    when,
)
from cds.web.playground.line_chart import LineChart, draw
from cds.web.playground.ports import Store

_DRUGS = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")
_ENDED = ("completed", "stopped", "cancelled", "entered-in-error")
_FINAL = ("final", "amended", "corrected")
_NOT_A_RESULT = ("entered-in-error", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The latest result of one kind and unit, with all of them drawn; `remark` says what is odd about it."""

    name: str
    value: str
    day: str
    reference: str
    remark: str
    resource: str
    chart: LineChart | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A problem, a drug, a procedure: what, since or on which day, status."""

    text: str
    day: str
    status: str
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """Everything that the chart panel shows."""

    name: str
    description: str
    problems: list[Entry]
    drugs: list[Entry]
    past_drugs: list[Entry]
    others: list[Entry]
    results: list[Result]


def view_chart(resources: Sequence[Mapping[str, Any]], store: Store, today: date) -> ChartView:
    """Arrange a patient's resources; nothing is left out, what has no place of its own is under `others`."""
    patient = next((each for each in resources if each["resourceType"] == "Patient"), {})
    drugs = [_drug(each, store) for each in resources if each["resourceType"] in _DRUGS]
    shown = {"Patient", "Observation", "Condition", *_DRUGS}
    return ChartView(
        name=_name(patient),
        description=_description(patient, today),
        problems=[_entry(each, concept_text(each.get("code"))) for each in _of(resources, "Condition")],
        drugs=[drug for drug in drugs if drug.status not in _ENDED],
        past_drugs=[drug for drug in drugs if drug.status in _ENDED],
        others=[
            _entry(each, f"{each['resourceType']}: {resource_summary(each, store)}")
            for each in resources
            if each["resourceType"] not in shown
        ],
        results=_results(_of(resources, "Observation"), today),
    )


def _of(resources: Sequence[Mapping[str, Any]], resource_type: str) -> list[Mapping[str, Any]]:
    return [each for each in resources if each["resourceType"] == resource_type]


def _name(patient: Mapping[str, Any]) -> str:
    for name in objects_at(patient, "name"):
        return " ".join(map(value_text, [*values_at(name, "given"), *values_at(name, "family")]))
    return "Nameless patient"


def _description(patient: Mapping[str, Any], today: date) -> str:
    born = text_at(patient, "birthDate")
    parts = [text_at(patient, "gender") or "sex not recorded"]
    birth = _day(born)
    if birth is not None:
        years = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
        parts.append(f"{years} years")
    parts.append(f"born {born}" if born else "birth date not recorded")
    return ", ".join(parts)


def _day(text: str) -> date | None:
    """Read a date that is precise to the day."""
    with suppress(ValueError):
        return date.fromisoformat(text) if len(text) == len("2000-01-01") else None
    return None


def _entry(resource: Mapping[str, Any], text: str) -> Entry:
    status = text_at(resource, "status") or concept_text(resource.get("clinicalStatus"))
    return Entry(text=text, day=when(resource), status=status, resource=_literal(resource))


def _drug(resource: Mapping[str, Any], store: Store) -> Entry:
    summary = resource_summary(resource, store)
    status = text_at(resource, "status")
    name = medication_text(resource, store)
    dose = summary.removeprefix(f"{name}, ").removesuffix(f", {status}")
    return _entry(resource, f"{name}: {dose}" if dose and dose != status else name)


def _results(observations: Sequence[Mapping[str, Any]], today: date) -> list[Result]:
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for observation in observations:
        unit = text_at(object_at(observation, "valueQuantity"), "unit")
        groups.setdefault((concept_text(observation.get("code")), unit), []).append(observation)
    return [_result(name, group, today) for (name, _), group in groups.items()]


def _result(name: str, group: list[Mapping[str, Any]], today: date) -> Result:
    valid = [each for each in group if each.get("status") not in _NOT_A_RESULT]
    ordered = sorted(valid or group, key=when)
    latest = ordered[-1]
    points = [(when(each), Decimal(str(each["valueQuantity"]["value"]))) for each in ordered if _is_point(each)]
    return Result(
        name=name or "Result without a name",
        value=observed_value(latest),
        day=when(latest),
        reference=_reference(latest),
        remark=_remark(latest, today),
        resource=_literal(latest),
        chart=draw(name, points, text_at(object_at(latest, "valueQuantity"), "unit")) if len(points) > 1 else None,
    )


def _remark(observation: Mapping[str, Any], today: date) -> str:
    """Say what keeps a result from being taken as it stands: no final status, a date to come."""
    status = text_at(observation, "status") or "no status"
    remarks = [] if status in _FINAL else [status]
    if when(observation) > today.isoformat():
        remarks.append("dated in the future")
    return ", ".join(remarks)


def _is_point(observation: Mapping[str, Any]) -> bool:
    value = object_at(observation, "valueQuantity").get("value")
    is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    return is_number and _day(when(observation)) is not None


def _reference(observation: Mapping[str, Any]) -> str:
    for limits in objects_at(observation, "referenceRange"):
        low, high = object_at(limits, "low").get("value"), object_at(limits, "high").get("value")
        if low is not None and high is not None:
            return f"{low} to {high}"
        return f"up to {high}" if high is not None else f"from {low}" if low is not None else ""
    return ""


def _literal(resource: Mapping[str, Any]) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"
