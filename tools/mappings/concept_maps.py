"""Maps between code systems where a concept has verified codes in both (NPU and LOINC, ATC and RxNorm); look-alikes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from canonical import CLINICAL_CONCEPT, CLINICAL_FINDING, SYSTEMS, header

_PAIRS = (
    ("npu-to-loinc", "observations", "NPU", "LOINC"),
    ("loinc-to-npu", "observations", "LOINC", "NPU"),
    ("atc-to-rxnorm", "drugs", "ATC", "RXNORM"),
    ("rxnorm-to-atc", "drugs", "RXNORM", "ATC"),
    ("atc-to-snomed", "drugs", "ATC", "SNOMED"),
    ("snomed-to-atc", "drugs", "SNOMED", "ATC"),
    ("rxnorm-to-snomed", "drugs", "RXNORM", "SNOMED"),
    ("snomed-to-rxnorm", "drugs", "SNOMED", "RXNORM"),
)


def concept_maps(catalogue: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one ConceptMap per pair of systems."""
    for identifier, name, source, target in _PAIRS:
        elements = _elements_of_all(catalogue[name], source, target)
        resource = header(
            "ConceptMap",
            identifier,
            f"{source} to {target}",
            f"Codes of {source} and {target} that belong to the same concept. `relatedto` where the concept is the same"
            " but the two codes differ in method, specimen, unit or salt.",
        )
        resource["group"] = [{"source": SYSTEMS[source], "target": SYSTEMS[target], "element": elements}]
        yield resource


def false_friends(catalogue: dict[str, Any]) -> dict[str, Any]:
    """Return the map of codes that look like a concept and mean something else: equivalence `disjoint`."""
    resource = header(
        "ConceptMap",
        "false-friends",
        "False friends",
        "Codes that were seen in the place of a concept and mean something else. `disjoint`: the code is never read as"
        " the concept, and no value set of the concept may hold it.",
    )
    findings = {finding["id"] for finding in catalogue["findings"]}
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for friend in catalogue["false_friend_codes"]:
        targets: dict[str, list[dict[str, Any]]] = {}
        for concept in friend["not"]:
            system = CLINICAL_FINDING if concept in findings else CLINICAL_CONCEPT
            apart = {"code": concept, "equivalence": "disjoint", "comment": friend["is"]}
            targets.setdefault(system, []).append(apart)
        for system, listed in targets.items():
            group = groups.setdefault((SYSTEMS[friend["system"]], system), [])
            group.append({"code": friend["code"], "target": listed})
    resource["group"] = [
        {"source": source, "target": target, "element": elements} for (source, target), elements in groups.items()
    ]
    return resource


def _elements_of_all(concepts: list[dict[str, Any]], source: str, target: str) -> list[dict[str, Any]]:
    """Map each code once: a code of several concepts by the one that says most, which is the one with fewest codes."""
    chosen: dict[str, str] = {}
    for concept in sorted(concepts, key=lambda one: len(one["codes"])):
        for element in _elements(concept, source, target):
            chosen.setdefault(element["code"], concept["id"])
    return [
        element
        for concept in concepts
        for element in _elements(concept, source, target)
        if chosen[element["code"]] == concept["id"]
    ]


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
