"""Maps between code systems where a concept has verified codes in both: NPU and LOINC, ATC and RxNorm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from canonical import SYSTEMS, header

_PAIRS = (
    ("npu-to-loinc", "observations", "NPU", "LOINC"),
    ("loinc-to-npu", "observations", "LOINC", "NPU"),
    ("atc-to-rxnorm", "drugs", "ATC", "RXNORM"),
    ("rxnorm-to-atc", "drugs", "RXNORM", "ATC"),
    ("atc-to-snomed", "drugs", "ATC", "SNOMED"),
)


def concept_maps(catalogue: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one ConceptMap per pair of systems."""
    for identifier, name, source, target in _PAIRS:
        elements = [element for concept in catalogue[name] for element in _elements(concept, source, target)]
        resource = header(
            "ConceptMap",
            identifier,
            f"{source} to {target}",
            f"Codes of {source} and {target} that belong to the same concept. `relatedto` where the concept is the same"
            " but the two codes differ in method, specimen, unit or salt.",
        )
        resource["group"] = [{"source": SYSTEMS[source], "target": SYSTEMS[target], "element": elements}]
        yield resource


def _elements(concept: dict[str, Any], source: str, target: str) -> Iterator[dict[str, Any]]:
    targets = [code for code in concept["codes"] if code["system"] == target]
    if not targets:
        return
    best = next((code for code in targets if str(code.get("role", "")).startswith("preferred")), targets[0])
    for code in concept["codes"]:
        if code["system"] == source:
            yield {
                "code": code["code"],
                "display": code["display"],
                "target": [
                    {"code": best["code"], "display": best["display"], "equivalence": _equivalence(code, best)},
                ],
            }


def _equivalence(source: dict[str, Any], target: dict[str, Any]) -> str:
    same_unit = source.get("unit") == target.get("unit")
    return "equivalent" if same_unit and not source.get("note") and not target.get("note") else "relatedto"
