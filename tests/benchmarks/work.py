"""How much work a load and a call are, counted and not timed: calls of functions, the same on every machine.

`python -m tests.benchmarks.work` counts anew and writes `budget.json`, which `test_work.py` holds the code to: whoever
writes it says that the product may cost that much. One guideline and synthetic patients, and the load by the size of
what is loaded, so that content may grow.
"""

from __future__ import annotations

import asyncio
import copy
import json
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from cds.content.library import load_content
from cds.content.shipped import shipped_path
from cds.decisions.decision import Decision
from cds.decisions.memory import MemoryLog
from cds.engine.elm import compile as engine_compile
from cds.fhir.json import dumps, loads
from cds.hooks.request import CDSRequest
from cds.knowledge import Knowledge, prepare_knowledge
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import find_story
from cds.service import World, call_service

BUDGET = Path(__file__).with_name("budget.json")
GUIDELINE = "dk-denosumab"
PATIENT = "denosumab-overdue"
HOOK = "patient-view"
_FOLDERS = (shipped_path("fhir_mappings"), shipped_path("plan_definitions") / GUIDELINE)
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


class _NoServers:
    def reader_for(self, *_: Any, **__: Any) -> None:
        return None


class _ErasingLog(MemoryLog):
    """Does what is done before a database is asked."""

    async def record(self, decision: Decision) -> None:
        dumps(decision.without_values().to_json())


def measure() -> dict[str, int]:
    """Count the calls of functions of each scenario, caches warm."""
    _load()
    size = sum(path.stat().st_size for folder in _FOLDERS for path in folder.glob("[A-Z]*/*.json"))
    counted = {f"load {GUIDELINE}, per megabyte": round(_count(_load) / (size / 1_000_000))}
    world = World(
        knowledge=_load(), fhir_servers=_NoServers(), decision_log=_ErasingLog(), clock=lambda: NOW, seconds=600
    )
    for extra in (20, 200):
        body = _request(world.knowledge, extra)
        for _ in range(2):
            cards = _call(world, body)
        assert cards, "a call that shows no card measures too little"
        counted[f"{GUIDELINE}-{HOOK} with {extra} more results"] = _count(lambda body=body: _call(world, body))
    return counted


def _load() -> Knowledge:
    engine_compile._cache.clear()
    return prepare_knowledge(load_content(_FOLDERS))


def _call(world: World, body: bytes) -> list[Any]:
    async def call() -> list[Any]:
        request = CDSRequest.from_json(loads(body))
        response = await call_service(world.find_service(f"{GUIDELINE}-{HOOK}"), request, world)
        return loads(dumps(response.to_wire()))["cards"]

    return _finished(call())


def _finished(work: Coroutine[Any, Any, list[Any]]) -> list[Any]:
    """Run a coroutine in a loop of its own."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def _request(knowledge: Knowledge, extra: int) -> bytes:
    """A call with everything prefetched, and further results of the kinds that the patient has."""
    story = find_story(PATIENT)
    assert story is not None
    store = FHIRStore(story.chart(NOW.date()).resources)
    prefetch: dict[str, Any] = {}
    for key, template in (knowledge.services[f"{GUIDELINE}-{HOOK}"].discovery.prefetch or {}).items():
        kind, _, query = template.replace("{{context.patientId}}", PATIENT).partition("?")
        prefetch[key] = store.search(kind, query, strict=True) if query else store.read(*kind.split("/"))
    holders = [
        bundle["entry"]
        for bundle in prefetch.values()
        if any(entry["resource"]["resourceType"] == "Observation" for entry in bundle.get("entry", ()))
    ]
    for number in range(extra):
        entries = holders[number % len(holders)]
        older = copy.deepcopy(next(one for one in entries if one["resource"]["resourceType"] == "Observation"))
        older["resource"]["id"] = f"older-{number}"
        older["resource"]["effectiveDateTime"] = f"20{10 + number % 14:02d}-{1 + number % 12:02d}-{1 + number % 28:02d}"
        entries.append(older)
    context = {"userId": "Practitioner/1", "patientId": PATIENT}
    instance = "11111111-1111-4111-8111-111111111111"
    return dumps({"hook": HOOK, "hookInstance": instance, "context": context, "prefetch": prefetch})


def _count(work: Callable[[], Any]) -> int:
    counted = 0

    def profile(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


if __name__ == "__main__":
    BUDGET.write_text(json.dumps(measure(), indent=2) + "\n")
