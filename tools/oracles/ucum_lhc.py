"""Ask ucum-lhc (in fhirpath.js's packages) for conversions, as the second opinion on the engine's units."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cds.authoring.translator import installed_packages, run_node

FOLDER = Path(__file__).resolve().parent


def convert(conversions: Sequence[tuple[float, str, str]]) -> list[float | None]:
    """Give the value in the target unit for each (value, from, to); None where ucum-lhc refuses."""
    answer = run_node(installed_packages(FOLDER), "ucum_lhc.mjs", json.dumps({"conversions": list(conversions)}))
    return [json.loads(line) for line in answer.split("\n") if line]
