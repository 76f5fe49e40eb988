"""What is known of the patient in one hook call, and where each piece came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cds.data.resources import retrievable


class DataProblemKind(StrEnum):
    """What was wrong with a piece of data."""

    OTHER_PATIENT = "other-patient"  # belongs to another patient: dropped
    NO_PATIENT = "no-patient"  # does not say whose it is: dropped
    DANGLING_REFERENCE = "dangling-reference"  # refers to a Medication that does not exist: the drug is not known
    NOT_UNDERSTOOD = "not-understood"  # a drafted drug in code systems that no value set names: no rule sees it
    IN_THE_FUTURE = "in-the-future"  # a result of a moment that has not come: the guidelines do not use it
    CONFLICTING_COPIES = "conflicting-copies"  # two contents under one id: the newer one is used


@dataclass(frozen=True, slots=True)
class DataProblem:
    """One thing that a reader of the decision should know about the data; no values in it."""

    kind: DataProblemKind
    origin: str  # "prefetch:conditions"
    resource: str | None = None  # "MedicationRequest/r1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientData:
    """The patient's resources, normalised, with their provenance.

    `resources` hold the Patient and everything about the patient, sorted by type and id (`Resources`, where some that
    no retrieve can find wait until they are needed); `draft_orders` the drafts of
    the hook, normalised alike. `origins` maps `Type/id` to "prefetch:<key>", "search:<key>" or "read:<Type/id>";
    `as_received` maps `Type/id`, drafts included, to the resource before normalisation.
    """

    patient_id: str
    resources: Sequence[dict[str, Any]]
    draft_orders: tuple[dict[str, Any], ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    as_received: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    dropped_other_patient: int = 0
    problems: tuple[DataProblem, ...] = ()

    @property
    def patient(self) -> dict[str, Any]:
        """The Patient resource."""
        return next(one for one in retrievable(self.resources) if one["resourceType"] == "Patient")

    def origin_of(self, reference: str | None) -> str:
        """Say where a resource came from; "context" for the drafts of the hook."""
        return self.origins.get(reference or "", "context")
