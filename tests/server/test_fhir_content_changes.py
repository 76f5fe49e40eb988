"""Content that changes while the server runs, and content that lives on a FHIR server."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from cds.app import build_knowledge, create_app
from cds.content_watch import ContentWatch, state_of_files
from cds.data.artifact_server import read_artifact_servers
from cds.decisions.memory import MemoryLog
from cds.errors import ContentError
from cds.service import Serving, World
from cds.settings import Settings
from cds.web.metrics import Metrics
from tests.server.conftest import free_port, running, serving
from tests.unit.expressions.small_elm import BASE, boolean, library


def plan(*actions: dict, **others) -> dict:
    return {
        "resourceType": "PlanDefinition",
        "id": "small",
        "url": f"{BASE}/PlanDefinition/small",
        "version": "1",
        "status": "active",
        "title": "Small",
        "library": [f"{BASE}/Library/Logic|1"],
        "action": list(actions),
    } | others


def action(title: str, hook: str = "patient-view") -> dict:
    when = {"kind": "applicability", "expression": {"language": "text/cql-identifier", "expression": "Yes"}}
    return {"id": "a", "title": title, "trigger": [{"type": "named-event", "name": hook}], "condition": [when]}


def write(folder, *resources) -> None:
    for resource in resources:
        path = folder / resource["resourceType"] / f"{resource['id']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(resource))


def until(check, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def summaries(started) -> list[str]:
    body = {
        "hook": "patient-view",
        "hookInstance": "00000000-0000-4000-8000-000000000001",
        "context": {"userId": "Practitioner/1", "patientId": "p1"},
        "prefetch": {"patient": {"resourceType": "Patient", "id": "p1"}},
    }
    return [card["summary"] for card in started.call("small-patient-view", body).json()["cards"]]


@pytest.mark.pd("PD-256", "PD-259")
def test_changed_content_is_served_at_once_and_broken_content_never(tmp_path):
    write(tmp_path, library(boolean("Yes", True)), plan(action("First")))
    with running(sandbox=False, content=(tmp_path,), reload_seconds=1) as started:
        assert summaries(started) == ["First"]
        etag = started.http.get("/cds-services").headers["etag"]
        assert started.http.get("/readyz").json() == {"status": "ready"}

        write(tmp_path, plan(action("Second"), action("On signing", "order-sign") | {"id": "b"}))
        until(lambda: "small-order-sign" in started.services())
        assert summaries(started) == ["Second"]
        assert started.http.get("/cds-services", headers={"If-None-Match": etag}).status_code == 200

        write(tmp_path, plan(action("Third") | {"priority": "whenever"}))
        until(lambda: "content" in started.http.get("/readyz").json())
        assert summaries(started) == ["Second"]
        assert "cds_content_stale 1.0" in started.http.get("/metrics").text

        write(tmp_path, plan(action("Fourth")))
        until(lambda: "content" not in started.http.get("/readyz").json())
        assert summaries(started) == ["Fourth"]
        metrics = started.http.get("/metrics").text
        assert "cds_content_stale 0.0" in metrics
        assert 'cds_content_reloads_total{outcome="refused"} 1.0' in metrics


def test_a_call_keeps_the_content_it_began_with(tmp_path):
    write(tmp_path, library(boolean("Yes", True)), plan(action("First")))
    settings = Settings(content=(tmp_path,))
    world = World(knowledge=build_knowledge(settings), fhir_servers=None, decision_log=MemoryLog(), clock=lambda: None)
    held = Serving(world)
    begun = held.world
    write(tmp_path, plan(action("Second")))
    watch = ContentWatch(
        held,
        Metrics(),
        served=(),
        state=lambda: state_of_files([tmp_path]),
        load=lambda: build_knowledge(settings),
        seconds=1,
    )
    asyncio.run(watch.look())
    assert begun.services["small-patient-view"].guideline.plan["action"][0]["title"] == "First"
    assert held.world.services["small-patient-view"].guideline.plan["action"][0]["title"] == "Second"
    untouched = held.world
    asyncio.run(watch.look())
    assert held.world is untouched


def artifact_server(*resources: dict) -> FastAPI:
    """A FHIR server that knows just the searches by status, url, version and name."""
    app = FastAPI()

    @app.get("/fhir/{kind}")
    async def search(kind: str, request: Request) -> JSONResponse:
        asked = dict(request.query_params)
        found = [
            one
            for one in resources
            if one["resourceType"] == kind and all(one.get(name.removeprefix("_")) == asked[name] for name in asked)
        ]
        entries = [{"resource": one, "search": {"mode": "match"}} for one in found]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}
        bundle["link"] = [{"relation": "self", "url": str(request.url)}]
        return JSONResponse(bundle if entries else {k: v for k, v in bundle.items() if k != "entry"})

    return app


@pytest.mark.pd("PD-256")
def test_the_guidelines_of_a_fhir_server_are_read_with_what_they_stand_on():
    port = free_port()
    logic = library(boolean("Yes", True))
    other = library(boolean("Yes", True)) | {"id": "unused", "url": f"{BASE}/Library/unused"}
    draft = plan(action("Draft"), id="draft", url=f"{BASE}/PlanDefinition/draft", status="draft")
    address = f"http://127.0.0.1:{port}/fhir"
    with serving(artifact_server(plan(action("From afar")), draft, logic, other), port):
        (reading,) = read_artifact_servers([address])
        assert sorted(one.id for one in reading.artifacts) == ["logic", "small"]
        assert reading.artifacts[0].file == f"{address}/PlanDefinition/small"
        settings = Settings(content_servers=(address,), guidelines=("small",))
        assert list(build_knowledge(settings).services) == ["small-patient-view"]


def test_a_content_server_that_cannot_be_read_stops_the_start():
    address = f"http://127.0.0.1:{free_port()}/fhir"
    with pytest.raises(ContentError, match="could not be read"):
        create_app(Settings(content_servers=(address,), database="sqlite://"))


def test_what_a_content_server_lacks_is_named():
    port = free_port()
    with serving(artifact_server(plan(action("From afar"))), port):
        settings = Settings(content_servers=(f"http://127.0.0.1:{port}/fhir",))
        with pytest.raises(ContentError, match=r"Library/Logic\|1"):
            build_knowledge(settings)
        assert httpx.get(f"http://127.0.0.1:{port}/fhir/Library", trust_env=False).status_code == 200
