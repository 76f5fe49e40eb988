"""Content cases through a real FHIR server: the same answer as from prefetch, to the last character.

What the server does not take as FHIR R4 no hospital can have on file: such a case shows nothing, and fails.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cds.data.fhir_client import FHIRServers
from cds.data.fhir_servers import AllowedServers
from cds.data.fhir_transport import FHIRTransport, HTTPAnswer
from cds.decisions.memory import MemoryLog
from cds.errors import CDSError
from cds.fhir.json import dumps, loads
from cds.hooks.request import CDSRequest
from cds.hooks.response import CDSResponse
from cds.knowledge import Knowledge
from cds.sandbox.search_query import MAX_COUNT
from cds.sandbox.store import FHIRStore
from cds.service import World, call_service
from cds.tester.expectations import differences
from cds.tester.runner import service_of
from tests.integration.hapi.case_data import NumberedCase

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
GUIDELINES = sorted(path.parent.name for path in (ROOT / "plan_definitions").glob("*/tests"))
CALLS_AT_ONCE = 4


@dataclass
class Answers:
    """What was answered to a case in the two ways, and the seconds that reading from the FHIR server took."""

    case: NumberedCase
    prefetched: CDSResponse | str
    read: CDSResponse | str
    seconds: float

    @property
    def differs(self) -> bool:
        """Say whether the two answers are not the same, refusals included."""
        read, prefetched = (
            answer if isinstance(answer, str) else without_meta(answer.to_wire())
            for answer in (self.read, self.prefetched)
        )
        return read != prefetched

    def faults(self) -> list[str]:
        """Tell how the two differ, and how they are not what the case expects."""
        if isinstance(self.read, str):
            return [self.read]
        if isinstance(self.prefetched, str):
            return [self.prefetched]
        if self.differs:
            return ["other cards than from prefetch"]
        text = dumps(without_meta(self.read.to_wire())).decode().replace(self.case.prefix, "")
        return [*differences(self.case.case.expect, CDSResponse.model_validate(loads(text.encode())).cards)]


def without_meta(node: Any) -> Any:
    """Leave out `meta`, which each server writes itself: an order that a card changes is the whole order as read."""
    if isinstance(node, dict):
        return {name: without_meta(value) for name, value in node.items() if name != "meta"}
    return [without_meta(item) for item in node] if isinstance(node, list) else node


def prefetch_of(case: NumberedCase, templates: dict[str, str]) -> dict[str, Any]:
    """What an EHR would send: every template, answered from the data of the case."""
    store = FHIRStore(case.resources)
    prefetch = {}
    for key, template in templates.items():
        path, mark, query = template.replace("{{context.patientId}}", case.patient_id).partition("?")
        whole = f"{query}&_count={MAX_COUNT}"  # a page of it would be no whole answer
        prefetch[key] = store.search(path, whole, strict=True) if mark else store.read(*path.split("/"))
    return prefetch


async def answer(knowledge: Knowledge, case: NumberedCase, servers: FHIRServers, **how: Any) -> CDSResponse | str:
    """Answer the hook request of a case, or say why not; its uuids are counted, so that equal answers are equal."""
    numbers = itertools.count()
    world = World(
        knowledge=knowledge,
        fhir_servers=servers,
        decision_log=MemoryLog(),
        clock=lambda: case.case.now,
        seconds=60,
        new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012}",
    )
    request = CDSRequest.from_json({**case.request, **how})
    try:
        return await call_service(service_of(case.case, knowledge), request, world)
    except CDSError as error:
        return f"{type(error).__name__}: {error}"


class CountingTransport(FHIRTransport):
    """Counts the requests to the FHIR server."""

    requests = 0

    async def request(self, *request: Any, **options: Any) -> HTTPAnswer:
        self.requests += 1
        return await super().request(*request, **options)


async def both_ways(knowledge: Knowledge, cases: list[NumberedCase], base_url: str) -> tuple[list[Answers], int]:
    """Answer every case from prefetch alone and from the FHIR server alone; and count what was asked of the server."""
    transport = CountingTransport()
    servers = FHIRServers(AllowedServers([base_url]), transport)
    few = asyncio.Semaphore(CALLS_AT_ONCE)

    async def ask(case: NumberedCase) -> Answers:
        templates = service_of(case.case, knowledge).discovery.to_wire()["prefetch"]
        async with few:
            prefetched = await answer(knowledge, case, servers, prefetch=prefetch_of(case, templates))
            begin = time.monotonic()
            read = await answer(knowledge, case, servers, fhirServer=base_url)
            return Answers(case, prefetched, read, time.monotonic() - begin)

    try:
        return await asyncio.gather(*map(ask, cases)), transport.requests
    finally:
        await servers.aclose()


@pytest.mark.parametrize("guideline", GUIDELINES)
def test_a_case_has_the_same_cards_from_the_server_as_from_prefetch(
    guideline, knowledge, cases, written, fhir_server, figures
):
    all_of_it = [case for case in cases if case.case.guideline == guideline]
    if not all_of_it:
        pytest.skip("TEST_CASES names no case of this guideline")
    refused = [f"{case}: {written.refused[case.prefix]}" for case in all_of_it if case.prefix in written.refused]
    chosen = [case for case in all_of_it if case.prefix not in written.refused]
    begin = time.monotonic()
    answers, requests = asyncio.run(both_ways(knowledge, chosen, fhir_server))
    seconds = time.monotonic() - begin
    latencies = sorted(each.seconds for each in answers)
    figures[f"cases of {guideline}"] = (
        f"{len(chosen)} cases, {2 * len(chosen)} hook calls, {requests} FHIR requests in {seconds:.0f} s;"
        f" read from the server: median {1000 * latencies[len(latencies) // 2]:.0f} ms;"
        f" different: {sum(each.differs for each in answers)}, refused by the server: {len(refused)}"
    )
    assert refused + [f"{each.case}: {fault}" for each in answers for fault in each.faults()] == []
