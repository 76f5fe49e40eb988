"""Examine a FHIR server: whether it answers, is R4, has the right time, can search what the services ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from cds.data.prefetch_templates import PrefetchQuery
from cds.doctor.finding import Examined, bad, doubtful, good
from cds.errors import BadRequest
from cds.fhir.elements import objects_at
from cds.fhir.json import loads

_MAX_SKEW_SECONDS = 60
_ON_EVERY_TYPE = {"_id", "_count", "_include", "_lastUpdated", "_sort"}


def examine_fhir_server(
    url: str, queries: Sequence[PrefetchQuery], http: httpx.Client, now: datetime
) -> Iterator[Examined]:
    """Read the server's CapabilityStatement; nothing about a patient is asked for."""
    subject = f"FHIR server {url}"
    try:
        answer = http.get(f"{url}/metadata", headers={"Accept": "application/fhir+json"})
    except httpx.HTTPError as error:
        yield bad(
            subject, f"does not answer ({type(error).__name__})", "check the address, the network, the certificate"
        )
        return
    if not answer.is_success:
        advice = "the address may need a path such as /fhir, or a login even for its CapabilityStatement"
        yield doubtful(subject, f"answers /metadata with {answer.status_code}", advice)
        return
    yield from _clock(subject, answer.headers.get("date"), now)
    try:
        statement = loads(answer.content)
    except BadRequest:
        statement = None
    if not isinstance(statement, Mapping) or statement.get("resourceType") != "CapabilityStatement":
        yield bad(subject, "gives no CapabilityStatement", "this is no FHIR base URL: correct CDS_FHIR_SERVERS")
        return
    version = str(statement.get("fhirVersion"))
    if version.startswith("4."):
        yield good(subject, f"answers, FHIR {version}")
    else:
        yield bad(subject, f"speaks FHIR {version}", "the services read FHIR R4: give its R4 endpoint")
    yield from _searches(subject, statement, queries)


def _clock(subject: str, date: str | None, now: datetime) -> Iterator[Examined]:
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return
    skew = abs((now.astimezone(UTC) - theirs).total_seconds())
    if skew > _MAX_SKEW_SECONDS:
        advice = "set both clocks by NTP: results of today would read as of the future, tokens as expired"
        yield bad(subject, f"its clock differs by {skew:.0f} s from this machine's", advice)


def _searches(subject: str, statement: Mapping[str, Any], queries: Sequence[PrefetchQuery]) -> Iterator[Examined]:
    """Compare what the services ask for with what the server says it can do."""
    offered = {
        str(resource.get("type")): {str(each.get("name")) for each in objects_at(resource, "searchParam")}
        for rest in objects_at(statement, "rest")
        for resource in objects_at(rest, "resource")
    }
    for resource_type in sorted({query.resource_type for query in queries}):
        asked = {
            parameter.partition("=")[0].partition(":")[0]
            for query in queries
            if query.resource_type == resource_type
            for parameter in query.template.partition("?")[2].split("&")
            if parameter
        }
        if resource_type not in offered:
            advice = f"add {resource_type} to CDS_NOT_KEPT if the EHR does not keep it; without it calls end with 412"
            yield bad(subject, f"does not know {resource_type}", advice)
        elif missing := asked - offered[resource_type] - _ON_EVERY_TYPE:
            names = ", ".join(sorted(missing))
            advice = (
                "the server may ignore them and give too much, or refuse; prefetch from the EHR avoids the question"
            )
            yield doubtful(subject, f"{resource_type}: does not list the search parameters {names}", advice)
