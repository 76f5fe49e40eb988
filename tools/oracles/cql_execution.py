"""Ask cql-execution + cql-exec-fhir for the values of definitions, as the second opinion on the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cds.authoring.translator import installed_packages, run_node

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Patient:
    """What one evaluation sees: the patient's resources, and parameters: plain values, resources or lists."""

    resources: list[dict[str, Any]]
    parameters: dict[str, Any] = field(default_factory=dict)


def evaluate(
    elm: Sequence[Mapping[str, Any]],
    ask: Mapping[str, Sequence[str]],
    patients: Sequence[Patient],
    *,
    now: datetime,
    value_sets: Mapping[str, Sequence[Mapping[str, str]]],
) -> list[dict[str, dict[str, dict[str, Any]]]]:
    """Evaluate definitions (by library) for each patient.

    Gives one row per patient: library → definition → {"value": tagged value} or {"error": text}. `elm` must hold the
    ELM of FHIRHelpers too.
    """
    job = {
        "elm": list(elm),
        "ask": [{"library": name, "definitions": list(definitions)} for name, definitions in ask.items()],
        "patients": [{"resources": one.resources, "parameters": one.parameters} for one in patients],
        "valueSets": {url: list(codes) for url, codes in value_sets.items()},
        "now": now.isoformat(timespec="milliseconds"),
        "timezone": _zone(now),
    }
    answer = run_node(installed_packages(FOLDER), "cql_execution.mjs", json.dumps(job))
    return [json.loads(line) for line in answer.split("\n") if line]


def _zone(now: datetime) -> str:
    """Name the zone of an instant: "Etc/GMT-1" is one hour ahead of UTC."""
    offset = now.utcoffset()
    assert offset is not None
    hours = int(offset.total_seconds()) // 3600
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"
