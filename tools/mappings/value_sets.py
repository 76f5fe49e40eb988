"""One value set per concept: its verified codes, its own code for local maps, ICD-10 and ATC by prefix."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from canonical import CLINICAL_CONCEPT, CLINICAL_FINDING, DANISH_SKS, SYSTEMS, header

Code = dict[str, Any]


def value_sets(catalogue: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a ValueSet for each observation, drug, drug group, condition, procedure, vaccine and finding."""
    for name in ("observations", "conditions", "procedures", "vaccines"):
        for concept in catalogue[name]:
            yield value_set(concept, concept["codes"])
    drugs = {drug["id"]: drug for drug in catalogue["drugs"]}
    for drug in drugs.values():
        yield value_set(drug, drug["codes"], groups=drug.get("classes", ()))
    for group in catalogue["drug_groups"]:
        members = [code for name in group.get("members", ()) for code in drugs[name]["codes"]]
        codes = [*members, *group.get("extra_members", ()), *group.get("codes", ())]
        yield value_set(
            group,
            codes,
            prefixes=group.get("atc_prefixes", ()),
            members=[drugs[name] for name in group.get("members", ())],
        )
    for finding in catalogue["findings"]:
        yield value_set(finding, finding.get("codes", ()), own_system=CLINICAL_FINDING)


def value_set(
    concept: dict[str, Any],
    codes: Iterable[Code],
    *,
    prefixes: Iterable[Code] = (),
    groups: Iterable[str] = (),
    members: Iterable[dict[str, Any]] = (),
    own_system: str = CLINICAL_CONCEPT,
) -> dict[str, Any]:
    """Return the ValueSet of one concept.

    The expansion is given only where the list is complete: a set that also holds every code under a prefix has none,
    because a partial expansion would be taken for the whole.
    """
    listed: dict[str, dict[str, str]] = defaultdict(dict)
    patterns: dict[str, list[str]] = defaultdict(list)
    for code in codes:
        if code["system"] == "ICD-10" and not code.get("exact", False):
            patterns[SYSTEMS["ICD-10"]].append(icd10_pattern(code["code"]))
            patterns[DANISH_SKS].append(sks_pattern(code["code"]))
        else:
            listed[SYSTEMS[code["system"]]].setdefault(code["code"], code["display"])
    for prefix in prefixes:
        patterns[SYSTEMS["ATC"]].append(re.escape(prefix["code"]) + ".*")
    listed[own_system][concept["id"]] = concept["name"]
    for member in members:
        listed[own_system][member["id"]] = member["name"]
    includes = [
        {"system": system, "concept": [{"code": code, "display": display} for code, display in found.items()]}
        for system, found in listed.items()
    ]
    includes += [
        {"system": system, "filter": [{"property": "code", "op": "regex", "value": "|".join(dict.fromkeys(found))}]}
        for system, found in patterns.items()
    ]
    resource = header("ValueSet", concept["id"], concept["name"], _description(concept, groups))
    resource["compose"] = {"include": includes}
    if not patterns:
        resource["expansion"] = _expansion(listed)
    return resource


def icd10_pattern(code: str) -> str:
    """Return the pattern of a code and everything below it: C90.0 and C90.00, D46 and D46.6."""
    category, dot, rest = code.partition(".")
    return rf"{category}\.?{rest}.*" if dot else f"{category}.*"


def sks_pattern(code: str) -> str:
    """Return the same as a Danish SKS diagnosis: DC900."""
    return f"D{code.replace('.', '')}.*"


def _description(concept: dict[str, Any], groups: Iterable[str]) -> str:
    sentences = [f"{concept['name']}, in every code system in which the code was verified."]
    if concept.get("definition"):
        sentences = [concept["definition"]]
    if concept.get("rule"):
        sentences.append(f"Rule: {concept['rule']}.")
    if groups:
        sentences.append(f"Belongs to: {', '.join(groups)}.")
    sentences += [str(concept[key]) for key in ("notes", "must_not_match") if concept.get(key)]
    return " ".join(sentences)


def _expansion(listed: dict[str, dict[str, str]]) -> dict[str, Any]:
    contains = [
        {"system": system, "code": code, "display": display}
        for system, found in listed.items()
        for code, display in found.items()
    ]
    return {"timestamp": "2026-11-20T00:00:00Z", "total": len(contains), "contains": contains}
