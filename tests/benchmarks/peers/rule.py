"""The one rule that all peers answer, as FHIR content in `content/bench-renal`, and calls for it with known cards.

Lenalidomide is drafted and the latest usable eGFR is below 30 mL/min/1.73 m²: one card, with the value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cds.fhir.json import dumps, loads
from tests.benchmarks.engine.bench_data import observations
from tests.benchmarks.load import CallFailed
from tests.benchmarks.requests import call, prefetch

CONTENT = Path(__file__).with_name("content") / "bench-renal"
LIBRARY = "BenchRenal"
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-06-15"}
LOW, NORMAL = 27.5, 45.0
CARD = "eGFR 27.5 (<30): reduce lenalidomide"
DRAFT = {
    "resourceType": "MedicationRequest",
    "id": "d1",
    "status": "draft",
    "intent": "order",
    "subject": {"reference": "Patient/p1"},
    "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AX04"}]},
}


def content() -> list[dict[str, Any]]:
    """Read the PlanDefinition and the Library."""
    return [json.loads(path.read_text()) for path in sorted(CONTENT.glob("[A-Z]*/*.json"))]


def body(templates: Mapping[str, str], number: int, newest: float, *, drafted: bool = True) -> bytes:
    """Write the call with so many results in no order, one in twenty an eGFR, of which the newest has this value.

    The EHR sends all results, whatever codes a template asks for, as some do.
    """
    results = observations(number, datetime.now(UTC).replace(microsecond=0))
    for result in results:
        if result["id"] == "o0":
            result["valueQuantity"]["value"] = newest
    everything = {key: template.partition("&code=")[0] for key, template in templates.items()}
    orders = [{"resource": DRAFT}] if drafted else []
    context = {
        "userId": "Practitioner/1",
        "patientId": "p1",
        "selections": ["MedicationRequest/d1"] if drafted else [],
        "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": orders},
    }
    return dumps(
        {
            "hook": "order-select",
            "hookInstance": "11111111-1111-4111-8111-111111111111",
            "context": context,
            "prefetch": prefetch(everything, [PATIENT, *results, *([DRAFT] if drafted else [])]),
        }
    )


def check(name: str, url: str, service: str, templates: Mapping[str, str]) -> list[str]:
    """Ask for true, false and no draft; give what was answered. Raises `CallFailed` for a wrong card."""
    said = []
    for asked, wanted in (
        (body(templates, 20, LOW), [CARD]),
        (body(templates, 20, NORMAL), []),
        (body(templates, 20, LOW, drafted=False), []),
    ):
        answer = loads(call(url, service, asked).content)
        found = [card["summary"] for card in answer["cards"]]
        if found != wanted:
            msg = f"{name} answers {found}, not {wanted}: what answers wrongly is not timed"
            raise CallFailed(msg)
        said.append(", ".join(found) or "no card")
    return said
