"""Read from the EHR what the prefetch did not bring: everything at once, few searches, failures by key."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cds.data.errors import FHIRServerError, FHIRServerFault
from cds.data.fhir_reader import FhirReader
from cds.data.patient_data import DataProblem, DataProblemKind
from cds.data.prefetch_templates import PrefetchQuery, observations_by_code, split_codes
from cds.data.referenced import medication_of
from cds.data.resource_pool import ResourcePool
from cds.data.unobtainable import Unobtainable
from cds.fhir.elements import codings_of, object_at
from cds.fhir.references import literal_of, parse_reference

_CODES_PER_SEARCH = 1800  # characters of the OR list; longer addresses are refused by some servers
_MAX_MEDICATION_READS = 100


@dataclass(frozen=True, slots=True)
class _Search:
    """One search that serves one or several prefetch keys."""

    text: str
    queries: tuple[PrefetchQuery, ...]


async def read_queries(
    fhir: FhirReader,
    queries: Sequence[PrefetchQuery],
    tokens: Mapping[str, str],
    pool: ResourcePool,
    unobtainable: Unobtainable,
) -> None:
    """Run the queries in parallel and take in the results; a failed one marks its keys as unobtainable."""
    searches = _plan(queries, tokens)
    answers = await asyncio.gather(*(_run(fhir, search, unobtainable) for search in searches))
    for search, resources in zip(searches, answers, strict=True):
        for resource in resources:
            key = _key_for(resource, search.queries)
            if key is not None:
                pool.add([resource], f"search:{key}")


async def read_medications(
    drafts: Sequence[Mapping[str, Any]], fhir: FhirReader | str, pool: ResourcePool, unobtainable: Unobtainable
) -> None:
    """Read the Medications that orders and drafts refer to and that did not come with them.

    `fhir` is the server, or why none may be read.

    One that does not exist is a problem of the data and noted; one that cannot be read makes the drug unknown, and
    its key unobtainable.
    """
    wanted: dict[str, list[str]] = {}  # id of a Medication → origins of those that refer to it
    for resource in (*pool.resources, *drafts):
        if "medicationReference" not in resource or resource.get("status") == "entered-in-error":
            continue
        if medication_of(resource, pool.by_literal) is not None:
            continue
        literal = literal_of(resource)
        origin = pool.origins.get(literal or "", "context")
        reference = parse_reference(object_at(resource, "medicationReference").get("reference"))
        if reference is None or reference.type != "Medication" or not pool.is_here(reference.base):
            pool.problems.append(DataProblem(DataProblemKind.DANGLING_REFERENCE, origin, literal))
        else:
            wanted.setdefault(reference.id, []).append(origin)
    read = list(wanted)[:_MAX_MEDICATION_READS]
    reasons = dict(zip(read, await asyncio.gather(*(_read_medication(each, fhir, pool) for each in read)), strict=True))
    for medication_id, origins in wanted.items():
        reason = reasons.get(medication_id, "there are too many")
        for origin in origins:
            if reason is FHIRServerFault.ABSENT:
                literal = f"Medication/{medication_id}"
                pool.problems.append(DataProblem(DataProblemKind.DANGLING_REFERENCE, origin, literal))
            elif reason is not None:
                key = origin.partition(":")[2] or "context.draftOrders"
                unobtainable.add(key, f"a referenced Medication could not be read: {reason}")


async def _read_medication(medication_id: str, fhir: FhirReader | str, pool: ResourcePool) -> str | None:
    """Read one Medication into the pool; the reason comes back when that failed."""
    if isinstance(fhir, str):
        return fhir
    try:
        pool.add([await fhir.read("Medication", medication_id)], f"read:Medication/{medication_id}")
    except FHIRServerError as error:
        return error.kind
    return None


def _plan(queries: Sequence[PrefetchQuery], tokens: Mapping[str, str]) -> list[_Search]:
    """Put the Observation keys together into few searches; all other queries stay as they are."""
    by_code = [query for query in queries if query.codes is not None]
    searches = [_Search(_filled(query.template, tokens), (query,)) for query in queries if query.codes is None]
    codes = {code for query in by_code for code in query.codes or ()}
    if codes:
        for part in split_codes(codes, _CODES_PER_SEARCH):
            served = tuple(query for query in by_code if not (query.codes or frozenset()).isdisjoint(part))
            searches.append(_Search(observations_by_code(tokens["context.patientId"], part), served))
    return searches


def _filled(template: str, tokens: Mapping[str, str]) -> str:
    for name, value in tokens.items():
        template = template.replace(f"{{{{{name}}}}}", value)
    return template


async def _run(fhir: FhirReader, search: _Search, unobtainable: Unobtainable) -> list[dict[str, Any]]:
    try:
        if search.queries[0].is_read:
            resource_type, _, resource_id = search.text.partition("/")
            return [await fhir.read(resource_type, resource_id)]
        return await fhir.search(search.text)
    except FHIRServerError as error:
        reason = f"the FHIR server could not be read ({error.kind})"
        if error.kind is FHIRServerFault.ABSENT and search.queries[0].is_read:
            reason = f"the FHIR server has no such {search.queries[0].resource_type}"
        for query in search.queries:
            unobtainable.add(query.key, reason)
        return []


def _key_for(resource: Mapping[str, Any], queries: Sequence[PrefetchQuery]) -> str | None:
    """Name the key a resource answers; None for a type that nobody asked for."""
    resource_type = resource.get("resourceType")
    fitting = [query for query in queries if resource_type in query.resource_types]
    if not fitting:
        return None
    codes = {
        (str(coding.get("system", "")), code)
        for coding in codings_of(resource.get("code"))
        if isinstance(code := coding.get("code"), str)
    }
    by_code = (query for query in fitting if query.codes is not None and not query.codes.isdisjoint(codes))
    return next(by_code, fitting[0]).key
