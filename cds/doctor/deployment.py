"""Examine a deployment as its settings describe it, part by part; a part that is broken does not hide the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import httpx

from cds.app import build_knowledge, cache_of, content_paths
from cds.checks.check import check_content
from cds.data.prefetch_templates import PrefetchQuery, prefetch_queries
from cds.decisions.migrate import NEWEST, version_of
from cds.decisions.opening import opening
from cds.decisions.store import open_database
from cds.doctor.fhir_server import examine_fhir_server
from cds.doctor.finding import Examined, bad, doubtful, good
from cds.errors import CDSError
from cds.knowledge import Knowledge
from cds.settings import Settings
from cds.web.clients import Client, read_clients
from cds.web.key_sets import usable_keys

_TIMEOUT = 10.0


def examine(settings: Settings, *, clock: Callable[[], datetime]) -> Iterator[Examined]:
    """Look at everything that the settings name; yields as it goes."""
    queries: list[PrefetchQuery] = []
    try:
        knowledge = build_knowledge(settings)
    except CDSError as error:
        yield bad("content", str(error), "run `cds check` for all that is wrong with it")
    else:
        yield from _content(settings, knowledge, clock())
        queries = _queries(knowledge)
    with httpx.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as http:
        yield from examine_surroundings(settings, queries, http, clock)


def examine_surroundings(
    settings: Settings, queries: Sequence[PrefetchQuery], http: httpx.Client, clock: Callable[[], datetime]
) -> Iterator[Examined]:
    """Look at database, exposure, clients, FHIR servers and the public address; `queries` are what services ask for."""
    yield asyncio.run(_database(settings.database))
    yield from _exposure(settings)
    if settings.clients is not None:
        yield from _clients(settings.clients, settings.fhir_servers, http)
    if not settings.fhir_servers:
        advice = "set CDS_FHIR_SERVERS if the EHR does not prefetch everything that discovery asks for"
        yield doubtful("FHIR servers", "none may be read: the services live on prefetch alone", advice)
    for url in settings.fhir_servers:
        yield from examine_fhir_server(url.rstrip("/"), queries, http, clock())
    yield from _public_address(settings.public_url, http)


def _content(settings: Settings, knowledge: Knowledge, now: datetime) -> Iterator[Examined]:
    errors = [
        finding for finding in check_content(content_paths(settings.content), cache_of(settings)) if finding.is_error
    ]
    if errors:
        yield bad(
            "content", f"{len(errors)} errors, the first: {errors[0].file}: {errors[0].message}", "run `cds check`"
        )
        return
    for reason in knowledge.not_served(now):
        said, _, advice = reason.partition(": ")
        yield doubtful("content", f"not served: {said}", advice)
    count = len({service.guideline.id for service in knowledge.services.values()})
    if count:
        yield good("content", f"{count} guidelines, {len(knowledge.services)} services")
    else:
        yield bad("content", "no guideline is served", "name content with an active guideline in CDS_CONTENT")


async def _database(url: str) -> Examined:
    subject = "database"
    try:
        engine = open_database(url)
        try:
            with opening(engine.url):
                async with engine.connect() as connection:
                    version = await connection.run_sync(version_of)
        finally:
            await engine.dispose()
    except CDSError as error:
        return bad(subject, str(error), "until then the server does not start")
    if version == NEWEST:
        return good(subject, f"answers, its tables are of version {version}")
    if version is None:
        return good(subject, "answers, has no tables yet: the first start makes them")
    if version < NEWEST:
        return doubtful(
            subject, f"its tables are of version {version}", "the next start brings them forward: keep a copy"
        )
    return bad(subject, f"its tables are of a newer version, {version}", "start that version, or give another database")


def _exposure(settings: Settings) -> Iterator[Examined]:
    """Look for combinations of settings that are right on one's own machine only."""
    if settings.is_local:
        return
    if settings.client_auth == "none":
        advice = "CDS_CLIENT_AUTH=jwt, unless a proxy in front authenticates every caller"
        yield doubtful("callers", "anybody who reaches the server may call it", advice)
    if not settings.public_url.startswith("https://"):
        yield bad("public address", "patient data would travel unencrypted", "serve https and set CDS_PUBLIC_URL to it")
    if "*" in settings.cors_origins:
        yield doubtful(
            "browsers", "pages of every origin may call the services", "name the origins in CDS_CORS_ORIGINS"
        )
    if settings.log_values:
        yield doubtful("records", "patient values are kept in recorded decisions", "CDS_LOG_VALUES=false erases them")


def _clients(path: Path, fhir_servers: Sequence[str], http: httpx.Client) -> Iterator[Examined]:
    try:
        clients = read_clients(path, fhir_servers)
    except CDSError as error:
        yield bad("clients", str(error), "correct the file of CDS_CLIENTS")
        return
    if not clients:
        yield bad("clients", "none is enabled: nobody can call", "`enabled` in the file of CDS_CLIENTS")
    for client in clients.values():
        yield _client(client, http)


def _client(client: Client, http: httpx.Client) -> Examined:
    subject = f"client {client.name}"
    keys = client.jwks
    if keys is None:
        try:
            answer = http.get(str(client.jku))
            keys = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            return bad(subject, f"its key set cannot be had ({type(error).__name__})", f"open {client.jku} from here")
    usable = usable_keys(keys)
    if not usable:
        return bad(subject, "its key set has no usable key", "EC keys, or RSA from 2048 bits, each with a kid, for sig")
    return good(subject, f"{len(usable)} usable key{'' if len(usable) == 1 else 's'}")


def _queries(knowledge: Knowledge) -> list[PrefetchQuery]:
    return [query for service in knowledge.services.values() for query in prefetch_queries(service.requirements)]


def _public_address(url: str, http: httpx.Client) -> Iterator[Examined]:
    try:
        answer = http.get(f"{url}/livez")
    except httpx.HTTPError:
        yield doubtful("public address", f"{url} is not reached from here", "fine if the server is not running yet")
        return
    if answer.is_success:
        yield good("public address", f"{url} answers")
    else:
        yield bad(
            "public address", f"{url}/livez gives {answer.status_code}", "the proxy must pass the paths as they are"
        )
