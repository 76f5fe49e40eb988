"""A guideline: one PlanDefinition with everything it stands on, offered as one CDS service per hook."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cds.content.artifact import Artifact
from cds.content.dependencies import Dependencies
from cds.content.override_reasons import codes_with_displays
from cds.content.walk import actions, named_events
from cds.fhir.dates import span_of

# The hooks of the CDS Hooks library (checklist CH-171 … CH-181).
HOOKS = frozenset(
    {
        "patient-view",
        "order-select",
        "order-sign",
        "order-dispatch",
        "encounter-start",
        "encounter-discharge",
        "appointment-book",
        "medication-refill",
        "medication-verify",
        "allergyintolerance-create",
        "problem-list-item-create",
    }
)
_ENDPOINT = "/cqf-cdsHooksEndpoint"
_OWN_HOOK = re.compile(r"[a-z][a-z0-9\-]*(\.[A-Za-z0-9][A-Za-z0-9_\-]*)+")


def is_hook(name: str) -> bool:
    """Say whether a named event is a hook: of the library, or an organisation's own in reverse-domain form (CH-041).

    Other event names are not published (PD-203).
    """
    return name in HOOKS or _OWN_HOOK.fullmatch(name) is not None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Guideline:
    """A PlanDefinition that can be applied.

    `revision` is a digest over the bytes of every file the guideline stands on: two answers with the same revision and
    the same data are the same answer.
    """

    id: str
    artifact: Artifact
    dependencies: Dependencies
    revision: str

    @property
    def plan(self) -> Mapping[str, Any]:
        """The PlanDefinition."""
        return self.artifact.resource

    @property
    def version(self) -> str | None:
        """The plan's business version."""
        return self.artifact.version

    @property
    def title(self) -> str:
        """The plan's title, or its name, or its id."""
        return str(self.plan.get("title") or self.plan.get("name") or self.id)

    @property
    def description(self) -> str:
        """What discovery says about the guideline: description, else purpose, else title (PD-208)."""
        return str(self.plan.get("description") or self.plan.get("purpose") or self.title)

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks that trigger any of the plan's actions, in the plan's order (PD-202)."""
        names = (name for _, action in actions(self.plan) for name in named_events(action) if is_hook(name))
        return tuple(dict.fromkeys(names))

    @property
    def withheld(self) -> str | None:
        """Why the guideline is not offered to EHRs, and what to do; None if it is.

        Offered is what is active, not experimental, and about a patient (PD-018, 019, 031). One whose logic lives at
        another service is not: no patient data are passed on (PD-209).
        """
        status = self.plan.get("status")
        codings = self.plan.get("subjectCodeableConcept", {}).get("coding", ())
        if status != "active":
            return f"{self.id} is {_in_words(status)}: set the status of its PlanDefinition to active"
        if self.plan.get("experimental", False):
            return f"{self.id} is experimental: take `experimental` out of its PlanDefinition"
        if codings and all(coding.get("code") != "Patient" for coding in codings):
            return f"{self.id} is not about patients: correct the subject of its PlanDefinition"
        if any(one["url"].endswith(_ENDPOINT) for one in self.plan.get("extension", ())):
            return f"{self.id} names another service (cqf-cdsHooksEndpoint): take that out to have it served here"
        return None

    @property
    def published(self) -> bool:
        """Whether the guideline is offered to EHRs."""
        return self.withheld is None

    def in_force(self, now: datetime) -> bool:
        """Tell whether `now` is in the plan's effectivePeriod; without one it always is (PD-020)."""
        return in_force(self.plan, now)

    def codes_of(self, canonical: str) -> list[dict[str, str]]:
        """Return the Codings with display of a ValueSet or CodeSystem that the plan names for override reasons."""
        return codes_with_displays(canonical, self.dependencies.artifacts)


def in_force(plan: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether `now` is in the artefact's effectivePeriod; dates without a zone are dates where `now` is."""
    period = span_of(plan.get("effectivePeriod", {}), now.tzinfo or UTC)
    return period is None or period.start <= now < period.end


def _in_words(status: object) -> str:
    return {"draft": "a draft", "retired": "retired"}.get(str(status), "of unknown status")


def guideline_id(plan: Artifact) -> str:
    """Return the plan's id, else the last segment of its URL (PD-207)."""
    return plan.id or (plan.url or "").rstrip("/").rpartition("/")[2]


def revision(depends_on: Dependencies, digests: Mapping[str, str]) -> str:
    """Return a short digest of the files that hold the artifacts a guideline stands on."""
    files = sorted({artifact.file for artifact in depends_on.artifacts})
    return hashlib.sha256("".join(f"{file}\n{digests[file]}\n" for file in files).encode()).hexdigest()[:16]
