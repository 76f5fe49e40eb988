"""Rules over the mappings: value sets, concept maps, units. A mistake in them is a mistake in every guideline."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from cds.checks.findings import Rule
from cds.content.artifact import Artifact
from cds.content.shelf import Shelf
from cds.engine.runtime import units
from cds.fhir import systems
from cds.terminology.value_sets import ValueSets

Place = tuple[str, str, str]
Key = tuple[str, str]

_PUBLIC = frozenset(
    {systems.LOINC, systems.NPU, systems.SNOMED_CT, systems.ATC, systems.RXNORM, systems.ICD_10, systems.CVX}
    | {systems.UCUM}
)
_HL7 = ("http://terminology.hl7.org/", "http://hl7.org/fhir/")
_SAFE = frozenset({"equivalent", "equal", "wider", "subsumes"})
_UNIT_CONVERSION = "/StructureDefinition/unit-conversion"
_SEMANTIC_TAG = re.compile(r" \([a-z ]+\)$")
_AGREES = Decimal("0.005")  # what two ways of stating the same factor may differ by
_EQUIVALENTS = re.compile(r"(?<![A-Za-z])m?eq(?![A-Za-z])")  # to UCUM a mole, whatever the charge of the ion


def _known_systems(shelf: Shelf) -> frozenset[str]:
    loaded = {artifact.url for artifact in shelf.of_type("CodeSystem") if artifact.url}
    named = {
        name.get("value", "")
        for artifact in shelf.of_type("NamingSystem")
        for name in artifact.resource.get("uniqueId", ())
    }
    return _PUBLIC | loaded | named


def _systems(shelf: Shelf) -> Iterator[Place]:
    known = _known_systems(shelf)
    for artifact, path, system in _systems_used(shelf):
        if system not in known and not system.startswith(_HL7):
            message = f"{system} is no code system that is known here: correct it, or add its NamingSystem"
            yield artifact.file, artifact.at(path), message


def _systems_used(shelf: Shelf) -> Iterator[tuple[Artifact, str, str]]:
    """Yield (artifact, path, system); the source of a ConceptMap is a site's own affair."""
    for artifact in shelf.of_type("ValueSet"):
        compose = artifact.resource.get("compose", {})
        for name in ("include", "exclude"):
            for index, part in enumerate(compose.get(name, ())):
                if "system" in part:
                    yield artifact, f"compose.{name}[{index}].system", part["system"]
    for artifact in shelf.of_type("ConceptMap"):
        for index, group in enumerate(artifact.resource.get("group", ())):
            if "target" in group:
                yield artifact, f"group[{index}].target", group["target"]
    for artifact in shelf.of_type("ObservationDefinition"):
        for index, coding in enumerate(artifact.resource.get("code", {}).get("coding", ())):
            yield artifact, f"code.coding[{index}].system", coding.get("system", "")


def _duplicate_sources(shelf: Shelf) -> Iterator[Place]:
    seen: dict[tuple[str, str, str], str] = {}
    for artifact in shelf.of_type("ConceptMap"):
        for path, source, target, element in _elements(artifact.resource):
            if any(one.get("equivalence") in _SAFE for one in element.get("target", ())):
                key = (source, element.get("code", ""), target)
                if key in seen:
                    message = f"{key[1]} of {source} is mapped to {target} in {seen[key]} already: keep one of them"
                    yield artifact.file, artifact.at(path), message
                seen.setdefault(key, artifact.file)


def _unread(shelf: Shelf) -> Iterator[Place]:
    """Find what is in a map and not followed; between public systems a loose relation is for the reader."""
    known = _known_systems(shelf)
    for artifact in shelf.of_type("ConceptMap"):
        for index, group in enumerate(artifact.resource.get("group", ())):
            if ":" not in group.get("source", ""):
                message = "give the system of the codes that are mapped as it stands in Coding.system, a URI"
                yield artifact.file, artifact.at(f"group[{index}].source"), message
            if "target" not in group:
                message = "give the system of the codes that they are mapped to"
                yield artifact.file, artifact.at(f"group[{index}].target"), message
        for path, source, _, element in _elements(artifact.resource):
            relations = {one.get("equivalence") for one in element.get("target", ()) if "code" in one}
            if "code" not in element:
                yield artifact.file, artifact.at(path), "say which code is mapped (`code`)"
            elif source not in known and relations and relations.isdisjoint(_SAFE | {"disjoint", "unmatched"}):
                message = f"{element['code']} is not read as its target: if it means that, write equivalent or wider"
                yield artifact.file, artifact.at(path), message


def _elements(concept_map: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Yield (path, source system, target system, element)."""
    for group_index, group in enumerate(concept_map.get("group", ())):
        for index, element in enumerate(group.get("element", ())):
            path = f"group[{group_index}].element[{index}]"
            yield path, group.get("source", ""), group.get("target", ""), element


def _own_codes(shelf: Shelf) -> Iterator[Place]:
    """Find mappings to, and value sets of, codes that a loaded CodeSystem does not have."""
    loaded = {artifact.url: set(_codes(artifact.resource)) for artifact in shelf.of_type("CodeSystem")}
    for artifact, path, system, code, _ in _codings(shelf):
        if system in loaded and code not in loaded[system]:
            yield artifact.file, artifact.at(path), f"{system} has no code {code}: correct it, or define the code there"


def _codes(resource: Mapping[str, Any]) -> Iterator[str]:
    for concept in resource.get("concept", ()):
        yield concept["code"]
        yield from _codes(concept)


def _displays(shelf: Shelf) -> Iterator[Place]:
    seen: dict[Key, tuple[str, str]] = {}
    for artifact in shelf.of_type("CodeSystem"):
        for concept in artifact.resource.get("concept", ()):
            if "display" in concept:
                seen[artifact.url or "", concept["code"]] = (_plain(concept["display"]), artifact.file)
    for artifact, path, system, code, display in _codings(shelf):
        if display is None:
            continue
        known, file = seen.setdefault((system, code), (_plain(display), artifact.file))
        if known != _plain(display):
            message = f"{code} is {display!r} here and {known!r} in {file}: one of the two names another code"
            yield artifact.file, artifact.at(path), message


def _plain(display: str) -> str:
    """Compare displays without case and without SNOMED CT's semantic tag."""
    return _SEMANTIC_TAG.sub("", display).casefold()


def _codings(shelf: Shelf) -> Iterator[tuple[Artifact, str, str, str, str | None]]:
    """Yield (artifact, path, system, code, display) of everything that value sets, maps and observables list."""
    for artifact in shelf.of_type("ValueSet"):
        for index, part in enumerate(artifact.resource.get("compose", {}).get("include", ())):
            for number, one in enumerate(part.get("concept", ())):
                path = f"compose.include[{index}].concept[{number}]"
                yield artifact, path, part.get("system", ""), one["code"], one.get("display")
    for artifact in shelf.of_type("ConceptMap"):
        for path, source, target, element in _elements(artifact.resource):
            yield artifact, path, source, element.get("code", ""), element.get("display")
            for number, one in enumerate(element.get("target", ())):
                if "code" in one:
                    yield artifact, f"{path}.target[{number}]", target, one["code"], one.get("display")
    for artifact in shelf.of_type("ObservationDefinition"):
        for index, coding in enumerate(artifact.resource.get("code", {}).get("coding", ())):
            path = f"code.coding[{index}]"
            yield artifact, path, coding.get("system", ""), coding.get("code", ""), coding.get("display")


def _false_friends(shelf: Shelf) -> Iterator[Place]:
    """A ConceptMap target with equivalence `disjoint` says that the code does not mean the concept."""
    apart = {
        ((source, element["code"]), (target, one["code"])): one.get("comment", "they mean different things")
        for artifact in shelf.of_type("ConceptMap")
        for _, source, target, element in _elements(artifact.resource)
        for one in element.get("target", ())
        if one.get("equivalence") == "disjoint" and "code" in one
    }
    codes = {key for pair in apart for key in pair}
    value_sets = ValueSets([artifact.resource for artifact in shelf.of_type("ValueSet", "CodeSystem")])
    for artifact in shelf.of_type("ValueSet"):
        members = value_sets.membership(str(artifact.url), artifact.version)
        yield from _together(artifact, "compose", apart, {key for key in codes if members.contains(*key)})
    for artifact in shelf.of_type("ObservationDefinition"):
        codings = artifact.resource.get("code", {}).get("coding", ())
        yield from _together(artifact, "code", apart, {(one.get("system", ""), one.get("code", "")) for one in codings})
    for artifact in shelf.of_type("ConceptMap"):
        for path, source, target, element in _elements(artifact.resource):
            for one in element.get("target", ()):
                pair = ((source, element.get("code", "")), (target, one.get("code", "")))
                if one.get("equivalence") in _SAFE and pair in apart:
                    yield artifact.file, artifact.at(path), f"{pair[0][1]} is not {pair[1][1]}: {apart[pair]}"


def _together(artifact: Artifact, path: str, apart: Mapping[tuple[Key, Key], str], held: set[Key]) -> Iterator[Place]:
    """Find what is apart and stands together in the resource of that concept; a group may hold both."""
    for (code, concept), comment in apart.items():
        if artifact.id == concept[1] and {code, concept} <= held:
            yield artifact.file, artifact.at(path), f"{code[1]} is not {concept[1]}: {comment}"


def _units(shelf: Shelf) -> Iterator[Place]:
    owners: dict[Key, str] = {}
    for artifact in shelf.of_type("ObservationDefinition"):
        coding = artifact.resource.get("quantitativeDetails", {}).get("unit", {}).get("coding", ({},))[0]
        canonical = coding.get("code", "")
        if reason := units.validate(canonical):
            yield artifact.file, artifact.at("quantitativeDetails.unit"), reason
            continue
        yield from _conversions(artifact, canonical)
        for one in artifact.resource.get("code", {}).get("coding", ()):
            owner = owners.setdefault((one.get("system", ""), one.get("code", "")), str(artifact.id))
            if owner != artifact.id:
                message = f"{one.get('code')} stands in {owner} too: only one of the two units would be used"
                yield artifact.file, artifact.at("code"), message


def _conversions(artifact: Artifact, canonical: str) -> Iterator[Place]:
    seen: Counter[str] = Counter()
    factors: dict[str, Decimal] = {}
    for index, extension in enumerate(artifact.resource.get("extension", ())):
        if not str(extension.get("url", "")).endswith(_UNIT_CONVERSION):
            continue
        parts = {part.get("url"): part for part in extension.get("extension", ())}
        source, factor = parts.get("from", {}).get("valueString"), _number(parts.get("factor", {}).get("valueDecimal"))
        path = artifact.at(f"extension[{index}]")
        if source is None or factor is None or factor <= 0:
            yield (
                artifact.file,
                path,
                "a conversion needs `from` (valueString) and `factor` (valueDecimal above zero)",
            )
            continue
        seen[source] += 1
        if seen[source] > 1:
            yield artifact.file, path, f"{source} is converted twice: keep one factor"
        if "basis" not in parts:
            yield artifact.file, path, f"say where the factor of {source} comes from (`basis`)"
        by_ucum = None if _EQUIVALENTS.search(source) else units.convert(Decimal(1), source, canonical)
        if by_ucum is not None and abs(by_ucum - factor) > factor * _AGREES:
            yield artifact.file, path, f"1 {source} is {by_ucum} {canonical} by UCUM, not {factor}"
        for other, known in factors.items():
            ratio = units.convert(Decimal(1), source, other)
            if ratio is not None and abs(ratio * known - factor) > factor * _AGREES:
                yield (
                    artifact.file,
                    path,
                    f"1 {source} is {ratio} {other} by UCUM, and that is {ratio * known} {canonical}",
                )
        if not _EQUIVALENTS.search(source):
            factors[source] = factor


def _number(value: object) -> Decimal | None:
    try:
        return None if isinstance(value, bool) or value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def _twice(shelf: Shelf) -> Iterator[Place]:
    for artifact in shelf.of_type("ValueSet"):
        listed: dict[Key, list[str]] = defaultdict(list)
        for index, part in enumerate(artifact.resource.get("compose", {}).get("include", ())):
            for number, one in enumerate(part.get("concept", ())):
                listed[part.get("system", ""), one["code"]].append(f"compose.include[{index}].concept[{number}]")
        for (_, code), paths in listed.items():
            for path in paths[1:]:
                yield artifact.file, artifact.at(path), f"{code} stands here twice"


MAPPING_RULES: tuple[Rule[Shelf], ...] = (
    Rule(id="mapping-system", severity="error", why="a code of a misspelt system meets nothing", check=_systems),
    Rule(
        id="mapping-source",
        severity="error",
        why="two maps of one code contradict each other sooner or later",
        check=_duplicate_sources,
    ),
    Rule(id="mapping-unread", severity="warning", why="a site believes that its code is understood", check=_unread),
    Rule(id="mapping-code", severity="error", why="a code that nobody defined meets nothing", check=_own_codes),
    Rule(id="mapping-display", severity="error", why="a wrong digit shows in the name", check=_displays),
    Rule(
        id="mapping-false-friend",
        severity="error",
        why="a look-alike would be read as the concept",
        check=_false_friends,
    ),
    Rule(id="mapping-unit", severity="error", why="a wrong factor is a wrong dose", check=_units),
    Rule(id="mapping-twice", severity="warning", why="a list with doubles was not looked through", check=_twice),
)
