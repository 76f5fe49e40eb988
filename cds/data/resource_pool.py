"""The resources of one call as they come in: checked for their patient, without doubles, with their origins."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cds.data.fhir_servers import BaseURL
from cds.data.patient_data import DataProblem, DataProblemKind
from cds.errors import BadRequest, PreconditionFailed
from cds.fhir.dates import BEGINNING, time_span
from cds.fhir.patient_compartment import NOT_ABOUT_A_PATIENT, patient_reference
from cds.fhir.references import literal_of, parse_reference


class ResourcePool:
    """Collects the resources about one patient; `base_url` is the FHIR server that absolute references may name."""

    def __init__(self, patient_id: str, base_url: str | None) -> None:
        self.patient_id = patient_id
        self._base = BaseURL.parse(base_url) if base_url else None
        self.by_literal: dict[str, dict[str, Any]] = {}
        self.origins: dict[str, str] = {}
        self.problems: list[DataProblem] = []
        self._without_id: dict[str, dict[str, Any]] = {}
        self._doubts: dict[str | None, DataProblemKind | None] = {}

    @property
    def resources(self) -> list[dict[str, Any]]:
        """List the Patient and what is about the patient, sorted by type and id whatever order it came in."""
        named = [self.by_literal[literal] for literal in sorted(self.by_literal)]
        about = [resource for resource in named if resource["resourceType"] not in NOT_ABOUT_A_PATIENT]
        return about + [self._without_id[text] for text in sorted(self._without_id)]

    @property
    def dropped_other_patient(self) -> int:
        """Count the resources of other patients that came and were not used."""
        return sum(problem.kind is DataProblemKind.OTHER_PATIENT for problem in self.problems)

    def add(self, resources: Iterable[dict[str, Any]], origin: str) -> None:
        """Take in what one source gave. Raises BadRequest or PreconditionFailed for a wrong Patient."""
        for resource in resources:
            if resource["resourceType"] == "Patient":
                self._check_patient(resource, origin)
            elif not self._is_accepted(resource, origin):
                continue
            literal = literal_of(resource)
            if literal is None:
                self._without_id.setdefault(json.dumps(resource, sort_keys=True, default=str), resource)
            elif literal not in self.by_literal:
                self.by_literal[literal] = resource
                self.origins[literal] = origin
            else:
                self._add_copy(literal, resource, origin)

    def drafts(self, drafts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give the drafts of the hook, without those that name another patient.

        A draft may not say yet whom it is for, or say it by an identifier: it was written in this patient's context.
        """
        kept = []
        for draft in drafts:
            subject = patient_reference(draft)
            named = parse_reference(subject.get("reference")) if subject else None
            if draft.get("resourceType") in NOT_ABOUT_A_PATIENT:
                self.add([draft], "context")
            elif named is None or named.literal == f"Patient/{self.patient_id}":
                kept.append(draft)
            else:
                self.problems.append(DataProblem(DataProblemKind.OTHER_PATIENT, "context"))
        return kept

    def note_future(self, now: datetime) -> None:
        """Note the results of moments that have not come: a wrong date, which nobody else would hear of."""
        yesterday = (now.astimezone(UTC) - timedelta(days=1)).date().isoformat()
        for literal, resource in self.by_literal.items():
            moment = resource.get("effectiveDateTime") or resource.get("effectiveInstant")
            # Most results are old, which their first characters tell.
            if isinstance(moment, str) and moment[:10] >= yesterday and _is_after(moment, now):
                origin = self.origins[literal]
                self.problems.append(DataProblem(DataProblemKind.IN_THE_FUTURE, origin, literal))

    def _is_accepted(self, resource: Mapping[str, Any], origin: str) -> bool:
        if resource.get("resourceType") in NOT_ABOUT_A_PATIENT:
            return True
        subject = patient_reference(resource)
        text = subject.get("reference") if subject else None
        text = text if isinstance(text, str) else None
        try:
            kind = self._doubts[text]
        except KeyError:
            kind = self._doubts[text] = self._doubt(text)
        if kind is not None:  # the id of another patient's resource is not written down
            self.problems.append(DataProblem(kind, origin))
        return kind is None

    def _doubt(self, text: str | None) -> DataProblemKind | None:
        """Say what is wrong with the reference to the patient; None when it is the patient of this call."""
        reference = parse_reference(text)
        if reference is None:
            return DataProblemKind.NO_PATIENT
        if reference.literal != f"Patient/{self.patient_id}" or not self.is_here(reference.base):
            return DataProblemKind.OTHER_PATIENT
        return None

    def is_here(self, base: str | None) -> bool:
        """Say whether the base of a reference is the server of this call."""
        return base is None or self._base is None or BaseURL.parse(base) == self._base

    def _check_patient(self, patient: Mapping[str, Any], origin: str) -> None:
        if patient.get("id") == self.patient_id:
            return
        if origin.startswith("prefetch:"):
            key = origin.removeprefix("prefetch:")
            msg = "the Patient in the prefetch is not the patient in context"
            raise BadRequest(msg, expression=f"prefetch.{key}")
        msg = "the FHIR server answered with another Patient than the one in context"
        raise PreconditionFailed(msg, expression="fhirServer")

    def _add_copy(self, literal: str, resource: dict[str, Any], origin: str) -> None:
        """Keep the newer of two copies, and say so when they differ in content."""
        earlier = self.by_literal[literal]
        if _content(earlier) == _content(resource):
            return
        self.problems.append(DataProblem(DataProblemKind.CONFLICTING_COPIES, origin, literal))
        if _last_updated(resource) > _last_updated(earlier):
            self.by_literal[literal] = resource
            self.origins[literal] = origin


def _content(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in ("meta", "text")}


def _is_after(moment: str, now: datetime) -> bool:
    try:
        return time_span(moment, now.tzinfo or UTC).start > now
    except ValueError:
        return False


def _last_updated(resource: Mapping[str, Any]) -> Any:
    try:
        return time_span(resource["meta"]["lastUpdated"]).start
    except (KeyError, TypeError, ValueError):
        return BEGINNING
