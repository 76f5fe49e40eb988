"""Ask fhirpath.js for the values of FHIRPath expressions, as the second opinion on the engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cds.authoring.translator import installed_packages, run_node

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Case:
    """One expression over one resource, with variables (plain FHIR JSON) by name."""

    expression: str
    focus: dict[str, Any]
    variables: dict[str, Any] = field(default_factory=dict)


def evaluate(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Give for each case {"value": [tagged values]} or {"error": text}."""
    rows = [{"expression": case.expression, "focus": case.focus, "variables": case.variables} for case in cases]
    answer = run_node(installed_packages(FOLDER), "fhirpath_js.mjs", json.dumps({"cases": rows}))
    return [json.loads(line) for line in answer.split("\n") if line]
