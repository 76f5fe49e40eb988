"""The prefetch templates of a service, derived from its data requirements.

https://cds-hooks.hl7.org/2.0/#prefetch-template
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from cds.data.data_requirements import DataRequirement, merge_requirements
from cds.errors import ContentError
from cds.fhir.extensions import CANONICAL_BASE
from cds.fhir.patient_compartment import NOT_ABOUT_A_PATIENT
from cds.fhir.search_parameters import patient_parameter

PATIENT_KEY = "patient"
PATIENT_TEMPLATE = "Patient/{{context.patientId}}"
_MAX_LENGTH = 2000
_URL_SAFE = "/:|\\,$()[]@!*'~"  # readable in a template; whoever sends it encodes what is left
_MEDICATION_TYPES = frozenset(
    {"MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefetchQuery:
    """One key of the prefetch: its template, the types it may bring, and the codes it asks for (None: all)."""

    key: str
    template: str
    resource_type: str
    codes: frozenset[tuple[str, str]] | None = None

    @property
    def is_read(self) -> bool:
        """Say whether the template reads one resource, not a search."""
        return "?" not in self.template

    @property
    def resource_types(self) -> tuple[str, ...]:
        """Name the types that may come: with drugs come the Medications that the matches refer to."""
        return (self.resource_type, "Medication") if self.resource_type in _MEDICATION_TYPES else (self.resource_type,)


def prefetch_templates(requirements: Iterable[DataRequirement]) -> dict[str, str]:
    """Give the prefetch of the discovery answer, in a stable order, the patient first."""
    return {query.key: query.template for query in prefetch_queries(tuple(requirements))}


@lru_cache(maxsize=256)
def prefetch_queries(requirements: tuple[DataRequirement, ...]) -> tuple[PrefetchQuery, ...]:
    """Plan the queries that bring all the requirements.

    Observations are asked for by code, one key per value set, because a patient may have thousands; those that only
    our own code systems can express share one key per system. Every other type is asked for whole, because a code
    filter would miss local codes, descendants and referenced Medications. Raises ContentError for a type that cannot
    be searched by patient.
    """
    queries = [PrefetchQuery(key=PATIENT_KEY, template=PATIENT_TEMPLATE, resource_type="Patient")]
    merged = _share_own_systems(merge_requirements(requirements))
    keys = {PATIENT_KEY}
    for requirement in sorted(merged, key=lambda item: (item.type, item.name or "", item.value_set or "")):
        if requirement.type in NOT_ABOUT_A_PATIENT | {"Patient"}:
            continue
        if requirement.type == "Observation" and requirement.codes is not None:
            queries += _by_code(requirement, requirement.codes, keys)
        elif (key := _key_of_type(requirement.type)) not in keys:
            keys.add(key)
            queries.append(_whole_type(requirement.type, key))
    return tuple(queries)


def join_codes(codes: Iterable[tuple[str, str]]) -> str:
    """Write (system, code) pairs as the OR list of a token parameter."""
    return ",".join(_token(system, code) for system, code in sorted(codes))


def split_codes(codes: Iterable[tuple[str, str]], room: int) -> list[list[tuple[str, str]]]:
    """Split codes into lists that each fit into `room` characters when written as an OR list."""
    parts: list[list[tuple[str, str]]] = [[]]
    used = 0
    for code in sorted(codes):
        length = len(_token(*code)) + 1
        if used + length > room and parts[-1]:
            parts.append([])
            used = 0
        parts[-1].append(code)
        used += length
    return parts


def observations_by_code(patient_id: str, codes: Iterable[tuple[str, str]]) -> str:
    """Write the search for a patient's Observations with any of the codes."""
    return f"Observation?patient={patient_id}&code={join_codes(codes)}"


def _share_own_systems(requirements: Iterable[DataRequirement]) -> list[DataRequirement]:
    """Put together the Observations that are coded in one of our own code systems alone: few hospitals have any."""
    shared: dict[str, set[tuple[str, str]]] = {}
    others = []
    for requirement in requirements:
        systems = {system for system, _ in requirement.codes or ()}
        system = next(iter(systems)) if len(systems) == 1 else ""
        if requirement.type == "Observation" and system.startswith(f"{CANONICAL_BASE}/CodeSystem/"):
            shared.setdefault(system, set()).update(requirement.codes or ())
        else:
            others.append(requirement)
    for system, codes in shared.items():
        name = _key_of_type(system.rpartition("/")[2])
        others.append(DataRequirement(type="Observation", code_path="code", name=name, codes=frozenset(codes)))
    return others


def _by_code(requirement: DataRequirement, codes: frozenset[tuple[str, str]], keys: set[str]) -> list[PrefetchQuery]:
    room = _MAX_LENGTH - len(observations_by_code("{{context.patientId}}", ()))
    queries = []
    for part in split_codes(codes, room):
        key = _free_key(_kebab(requirement.name or "observations"), keys)
        template = observations_by_code("{{context.patientId}}", part)
        queries.append(PrefetchQuery(key=key, template=template, resource_type="Observation", codes=frozenset(part)))
    return queries


def _whole_type(resource_type: str, key: str) -> PrefetchQuery:
    parameter = patient_parameter(resource_type)
    if parameter is None:
        msg = f"the logic reads {resource_type}, which cannot be searched by patient"
        raise ContentError(msg)
    template = f"{resource_type}?{parameter}={{{{context.patientId}}}}"
    if resource_type in _MEDICATION_TYPES:
        template += f"&_include={resource_type}:medication"
    return PrefetchQuery(key=key, template=template, resource_type=resource_type)


def _token(system: str, code: str) -> str:
    """Write one token: escaped for FHIR search, then for the URL that a template is."""
    escaped = re.sub(r"([\\,|$])", r"\\\1", code)
    return quote(f"{system}|{escaped}" if system else escaped, safe=_URL_SAFE)


def _free_key(wanted: str, keys: set[str]) -> str:
    key, number = wanted, 1
    while key in keys:
        number += 1
        key = f"{wanted}-{number}"
    keys.add(key)
    return key


def _key_of_type(resource_type: str) -> str:
    name = _kebab(resource_type)
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def _kebab(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()).strip("-")
