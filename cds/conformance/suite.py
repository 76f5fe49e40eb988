"""The run, in order: discovery, every service, the server as a whole, client authentication."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from cds.conformance import checks, rules
from cds.conformance.client_auth_checks import client_auth_results
from cds.conformance.results import Report, Result, judge
from cds.conformance.server_checks import server_results
from cds.conformance.service_checks import service_results
from cds.conformance.signing import Signer
from cds.conformance.target import Answer, Target
from cds.hooks.contexts import HOOKS


async def run(url: str, http: httpx.AsyncClient, signer: Signer | None = None) -> Report:
    """Check the server whose base URL is `url` (the address before /cds-services) and report.

    `signer` signs the requests, for a server that asks who calls; then its refusals are checked as well.
    """
    if signer is not None:
        http.auth = signer
    results = [result async for result in _results(Target(url, http), signer)]
    return Report(url=url, results=tuple(results))


async def _results(target: Target, signer: Signer | None) -> AsyncIterator[Result]:
    discovery = await target.discover()
    listed = discovery.document.get("services") if isinstance(discovery.document, dict) else None
    if discovery.status != httpx.codes.OK or not isinstance(listed, list):
        hint = "; it asks who calls: give --key and --issuer" if discovery.status == httpx.codes.UNAUTHORIZED else ""
        yield judge(checks.DISCOVERY, [f"{discovery}{hint}" if not discovery.is_success else "no services array"])
        return
    yield judge(checks.DISCOVERY, [])
    for result in _discovery(discovery.document, listed):
        yield result
    yield await _etag(target, discovery)
    services = [entry for entry in listed if isinstance(entry, dict) and not [*rules.service_entry(entry, "")]]
    for service in services:
        async for result in service_results(target, service):
            yield result
    async for result in server_results(target, services):
        yield result
    if signer is not None:
        async for result in client_auth_results(target, services, signer):
            yield result


def _discovery(document: dict[str, Any], listed: list[Any]) -> Iterator[Result]:
    yield judge(checks.DISCOVERY_JSON, rules.nulls_and_empties(document))
    faults = [fault for i, entry in enumerate(listed) for fault in rules.service_entry(entry, f"services[{i}]")]
    yield judge(checks.ENTRIES, faults)
    entries = [entry for entry in listed if isinstance(entry, dict)]
    yield judge(checks.TITLES, [f"{entry.get('id')} has none" for entry in entries if not entry.get("title")])
    faults = [f"{entry.get('id')}: {fault}" for entry in entries for fault in rules.prefetch_templates(entry)]
    yield judge(checks.TEMPLATES, faults)
    hooks = {str(entry.get("hook")) for entry in entries}
    yield judge(checks.HOOK_NAMES, [f"{hook} is neither" for hook in sorted(hooks) if not _is_hook(hook)])
    yield judge(checks.HOOK_VERSIONS, [fault for entry in entries for fault in _hook_version(entry)])


def _is_hook(name: str) -> bool:
    return name in HOOKS or "." in name.strip(".")


def _hook_version(entry: dict[str, Any]) -> Iterator[str]:
    hook, version = HOOKS.get(str(entry.get("hook"))), entry.get("hookVersion")
    if hook is not None and version is not None and version != hook.version:
        yield f"{entry.get('id')} says {version}, the library {hook.version}"


async def _etag(target: Target, discovery: Answer) -> Result:
    etag = discovery.headers.get("etag")
    if not etag:
        return judge(checks.ETAG, ["there is no ETag"])
    again = await target.discover({"If-None-Match": etag})
    return judge(checks.ETAG, [] if again.status == httpx.codes.NOT_MODIFIED else [str(again)])
