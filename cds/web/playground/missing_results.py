"""What a condition that could not be decided would have read: the kinds of results of which the record has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cds.engine import EngineError
from cds.expressions.logic import Logic
from cds.fhir.elements import codings_of, object_at
from cds.web.playground.definition_text import split_name
from cds.web.playground.visits import Exchange


def missing_results(expression: str, exchange: Exchange, logic: Logic) -> tuple[str, ...]:
    """Name the value sets of the Observations that a definition may read and that no result of the patient is in.

    Local codes count as what they are mapped to. A value set that cannot be decided is left out.
    """
    library, name = split_name(expression)
    try:
        retrieves = logic.retrieves(library or logic.libraries[0], name)
    except (EngineError, KeyError):  # not the name of a definition: what it reads cannot be told
        return ()
    wanted = {each.value_set for each in retrieves if each.type == "Observation" and each.value_set}
    codes = set(_codes(exchange, logic))
    return tuple(sorted(_short(value_set) for value_set in wanted if _has_none(value_set, codes, logic)))


def _has_none(value_set: str, codes: set[tuple[str, str]], logic: Logic) -> bool:
    url, _, version = value_set.partition("|")
    return all(logic.value_sets.contains(url, version or None, system, code) is False for system, code in codes)


def _codes(exchange: Exchange, logic: Logic) -> Iterator[tuple[str, str]]:
    patient = f"Patient/{exchange.request.get('context', {}).get('patientId')}"
    for observation in exchange.resources("Observation"):
        if object_at(observation, "subject").get("reference") == patient:
            for coding in codings_of(object_at(observation, "code")):
                system, code = str(coding.get("system", "")), str(coding.get("code", ""))
                yield system, code
                for mapped in logic.mappings.translate(system, code):
                    yield _pair(mapped)


def _pair(coding: Mapping[str, Any]) -> tuple[str, str]:
    return str(coding.get("system", "")), str(coding.get("code", ""))


def _short(value_set: str) -> str:
    return value_set.partition("|")[0].rpartition("/")[2]
