"""The patients of the sandbox, each with a story. None of them exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from cds.sandbox import myeloma_patients as myeloma
from cds.sandbox import other_patients as other
from cds.sandbox.chart import Chart


@dataclass(frozen=True, slots=True)
class Story:
    """One patient: the id, a title, what the visit is about, the hook that fires, and who writes the chart."""

    id: str
    title: str
    story: str
    hook: str
    write: Callable[[Chart], None]

    def chart(self, today: date) -> Chart:
        """Write the chart as it stands on that day: `resources`, and `drafts` for the hook context."""
        chart = Chart(self.id, today)
        self.write(chart)
        return chart


DEMO_PATIENT = "renal-failure"

STORIES: tuple[Story, ...] = (
    Story(
        DEMO_PATIENT,
        "Lenalidomide 25 mg at a clearance of 24 mL/min",
        "Man of 71 with new myeloma and failing kidneys. Dexamethasone is running, thrombosis prophylaxis is not.",
        "order-select",
        myeloma.renal_failure,
    ),
    Story(
        "normal-kidneys",
        "Lenalidomide 25 mg, normal kidneys, aspirin",
        "Man of 64 in his third cycle; everything is as it should be.",
        "order-select",
        myeloma.normal_kidneys,
    ),
    Story(
        "dialysis",
        "Lenalidomide on dialysis",
        "Man of 66 with myeloma on haemodialysis three times a week.",
        "order-select",
        myeloma.dialysis,
    ),
    Story(
        "childbearing-potential",
        "A woman of 38 who may become pregnant",
        "Myeloma, contraceptive implant, no pregnancy test on file before the first capsule.",
        "order-select",
        myeloma.childbearing_potential,
    ),
    Story(
        "pregnant",
        "Pregnant",
        "Woman of 33, pregnant by problem list and hCG; lenalidomide is being ordered.",
        "order-sign",
        other.pregnant,
    ),
    Story(
        "suspected-myeloma",
        "CRAB findings, no diagnosis yet",
        "Woman of 69 with MGUS: anaemia, hypercalcaemia, renal failure, 45 % plasma cells in the marrow.",
        "patient-view",
        myeloma.suspected_myeloma,
    ),
    Story(
        "smouldering-myeloma",
        "Smouldering myeloma at follow-up",
        "Woman of 61, M-protein 22 g/L, no sign of organ damage.",
        "patient-view",
        myeloma.smouldering,
    ),
    Story(
        "erythropoietin-too-high",
        "Darbepoetin with haemoglobin 12.5 g/dL",
        "Man of 72 on lenalidomide and darbepoetin; yesterday's haemoglobin passed the limit.",
        "order-select",
        myeloma.erythropoietin_too_high,
    ),
    Story(
        "thrombosis-on-lenalidomide",
        "Deep vein thrombosis on lenalidomide",
        "Woman of 70 with a thrombosis four days ago; the next cycle is being ordered.",
        "order-select",
        myeloma.thrombosis_on_lenalidomide,
    ),
    Story(
        "mds-del5q",
        "MDS with del(5q), low counts",
        "Woman of 76; neutrophils 0.6, platelets 62, clearance below 50 mL/min.",
        "order-select",
        other.mds_del5q,
    ),
    Story(
        "follicular-lymphoma",
        "Follicular lymphoma, platelets 42",
        "Man of 63 who is to start lenalidomide with rituximab.",
        "order-select",
        other.follicular_lymphoma,
    ),
    Story(
        "cll-relapse",
        "Relapsed CLL, venetoclax 400 mg on day one",
        "Man of 68 after bendamustine and rituximab; the ramp-up has been forgotten.",
        "order-select",
        other.cll_relapse,
    ),
    Story(
        "osteoporosis",
        "Osteoporosis on prednisolone",
        "Woman of 68, T-score -2.8, prednisolone 7.5 mg for five months; denosumab as first drug.",
        "order-select",
        other.osteoporosis,
    ),
    Story(
        "unreadable-results",
        "Results that cannot be read",
        "Woman of 67: creatinine without unit, entered in error, in the future, or in a code that nobody mapped.",
        "order-select",
        myeloma.unreadable_results,
    ),
    Story(
        "nothing-wrong",
        "Nothing wrong at all",
        "Woman of 45 with a headache: no card should appear.",
        "order-select",
        other.nothing_wrong,
    ),
)


def find_story(patient_id: str) -> Story | None:
    """Find the story of a patient id."""
    return next((story for story in STORIES if story.id == patient_id), None)


def sandbox_resources(today: date) -> list[dict[str, Any]]:
    """Write all charts as they stand on that day, with the doctor who signs the orders."""
    doctor = {
        "resourceType": "Practitioner",
        "id": "sandbox-doctor",
        "active": True,
        "name": [{"family": "Sandbox", "given": ["Doctor"], "prefix": ["Dr."]}],
    }
    return [doctor] + [resource for story in STORIES for resource in story.chart(today).resources]
