"""Hook request → patient data: the prefetch first, then the EHR's FHIR server for what is missing."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any

from cds.data.data_requirements import DataRequirement
from cds.data.fhir_reader import FhirReader
from cds.data.fhir_reads import read_medications, read_queries
from cds.data.normalise import normalise_all, normalise_retrievable
from cds.data.patient_data import DataProblem, DataProblemKind, PatientData
from cds.data.prefetch import Prefetched, read_prefetch
from cds.data.prefetch_templates import PATIENT_KEY, PrefetchQuery, prefetch_queries
from cds.data.remembered_mappings import Mappings
from cds.data.resource_pool import ResourcePool
from cds.data.unobtainable import Unobtainable
from cds.fhir.elements import codings_of
from cds.fhir.references import literal_of
from cds.hooks.request import CDSRequest


async def gather_patient_data(
    requirements: Sequence[DataRequirement],
    request: CDSRequest,
    fhir: FhirReader | None,
    mappings: Mappings | None,
    *,
    now: datetime,
    given: Sequence[dict[str, Any]] | None = None,
    known_systems: Container[str] | None = None,
    retrieved: frozenset[tuple[str, str]] | None = None,
) -> PatientData:
    """Gather all that the requirements ask for, or refuse.

    What the prefetch does not settle is read through `fhir` (None: there is no server that may be read), everything
    at once. `given` are resources that came with an operation: they add to what is read, and without a server they are
    all there is, because who gives the data answers for them being whole. A drafted drug without a code in one of the
    `known_systems` (None: any is known) is a problem of the data. `retrieved` are the codes of the Observations that
    the logic can retrieve (None: any), so that others wait until somebody needs them. Raises PreconditionFailed naming
    every prefetch key whose data could not be had (CH-068), and BadRequest when the prefetched Patient is not the one
    in context (CH-070).
    """
    pool = ResourcePool(request.patient_id, fhir.base_url if fhir else request.fhir_server)
    pool.add(given or (), "data")
    unobtainable = Unobtainable()
    open_queries: list[PrefetchQuery] = []
    for query in prefetch_queries(tuple(requirements)):
        prefetched = read_prefetch(request.prefetch, query)
        if _settles(prefetched, query):
            pool.add(prefetched.resources, f"prefetch:{query.key}")
        elif not _is_given(query, pool, given, fhir):
            open_queries.append(query)
            if fhir is None:
                unobtainable.add(query.key, f"{prefetched.state} in the prefetch, and {_no_server(request)}")
    if fhir is not None:
        await read_queries(fhir, open_queries, request.token_values(now), pool, unobtainable)
    unobtainable.refuse_if_any()
    drafts = pool.drafts(request.draft_orders)
    await read_medications(drafts, fhir or _no_server(request), pool, unobtainable)
    unobtainable.refuse_if_any()
    pool.note_future(now)
    return _patient_data(pool, drafts, mappings, known_systems, retrieved)


def _no_server(request: CDSRequest) -> str:
    """Say why no FHIR server is read."""
    if request.fhir_server is None:
        return "the request names no fhirServer"
    return "its fhirServer is not one that may be read (CDS_FHIR_SERVERS)"


def _settles(prefetched: Prefetched, query: PrefetchQuery) -> bool:
    # "No such patient" contradicts the hook itself, so that only a Patient settles the key of the patient.
    return prefetched.is_settled and (query.key != PATIENT_KEY or len(prefetched.resources) == 1)


def _is_given(
    query: PrefetchQuery, pool: ResourcePool, given: Sequence[dict[str, Any]] | None, fhir: FhirReader | None
) -> bool:
    """Tell whether the resources given with the call are the answer to a query, so that nobody is asked."""
    if query.key == PATIENT_KEY:
        return f"Patient/{pool.patient_id}" in pool.by_literal
    return given is not None and fhir is None


def _patient_data(
    pool: ResourcePool,
    drafts: list[dict[str, Any]],
    mappings: Mappings | None,
    known_systems: Container[str] | None,
    retrieved: frozenset[tuple[str, str]] | None,
) -> PatientData:
    by_literal = pool.by_literal
    normalised = normalise_all(drafts, by_literal, mappings)
    strange = [] if known_systems is None else [one for one in normalised if _is_strange(one, known_systems)]
    received_drafts = {literal: draft for draft in drafts if (literal := literal_of(draft))}
    return PatientData(
        patient_id=pool.patient_id,
        resources=normalise_retrievable(pool.resources, by_literal, mappings, retrieved),
        draft_orders=tuple(normalised),
        origins=pool.origins,
        as_received={**by_literal, **received_drafts},
        dropped_other_patient=pool.dropped_other_patient,
        problems=(
            *pool.problems,
            *(DataProblem(DataProblemKind.NOT_UNDERSTOOD, "context", literal_of(draft)) for draft in strange),
        ),
    )


def _is_strange(draft: dict[str, Any], known_systems: Container[str]) -> bool:
    """Say whether a draft is for a drug of which no code is in a known system."""
    codings = codings_of(draft.get("medicationCodeableConcept"))
    return draft.get("resourceType") == "MedicationRequest" and not any(
        isinstance(system := coding.get("system"), str) and system in known_systems for coding in codings
    )
