"""The conformance client must pass a good server and fail each kind of bad one."""

from __future__ import annotations

import asyncio
import json
from xml.etree import ElementTree

import httpx
import pytest

from cds.conformance.report import as_html, as_json, as_junit, as_text
from cds.conformance.results import Outcome
from cds.conformance.suite import run

SERVICE = {
    "id": "s",
    "hook": "order-sign",
    "title": "t",
    "description": "d",
    "prefetch": {"patient": "Patient/{{context.patientId}}", "labs": "Observation?patient={{context.patientId}}"},
}
CARD = {"uuid": "u", "summary": "s", "indicator": "info", "source": {"label": "l"}}


class GoodServer:
    """The least that is conformant; each bad server below overrides one answer."""

    services = (SERVICE,)
    card = CARD

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "OPTIONS":
            return self.preflight()
        if request.url.path == "/cds-services":
            return self.discovery(request)
        if request.method == "GET":
            return self.refuse(405)
        if request.url.path == "/cds-services/s/feedback":
            return self.feedback(request)
        if request.url.path != "/cds-services/s":
            return self.refuse(404)
        return self.call(request)

    def preflight(self):
        return httpx.Response(200, headers={"access-control-allow-origin": "*"})

    def discovery(self, request):
        if request.headers.get("if-none-match") == '"1"':
            return httpx.Response(304)
        return httpx.Response(200, json={"services": list(self.services)}, headers={"etag": '"1"'})

    def refuse(self, status):
        issue = {"severity": "error", "code": "invalid"}
        return httpx.Response(status, json={"resourceType": "OperationOutcome", "issue": [issue]})

    def feedback(self, request):
        body = json.loads(request.content)
        return self.refuse(400) if body["feedback"][0]["outcome"] != "overridden" else httpx.Response(200, json={})

    def call(self, request):
        if request.headers["content-type"] != "application/json":
            return self.refuse(415)
        try:
            body = json.loads(request.content)
        except ValueError:
            return self.refuse(400)
        if not self.accepts(body):
            return self.refuse(400)
        prefetch = body.get("prefetch", {})
        if set(prefetch) != {"patient", "labs"} or (prefetch["labs"] or {}).get("resourceType") == "OperationOutcome":
            return self.refuse(412)
        return httpx.Response(200, json={"cards": [self.card]})

    def accepts(self, body):
        if not isinstance(body, dict) or body.get("hook") != "order-sign" or "hookInstance" not in body:
            return False
        patient = body.get("context", {}).get("patientId")
        return isinstance(patient, str) and "/" not in patient


def check(server):
    async def go():
        async with httpx.AsyncClient(transport=httpx.MockTransport(server), base_url="https://s.example") as http:
            return await run("https://s.example", http)

    return asyncio.run(go())


def failed(report):
    return {result.check.id for result in report.results if result.outcome in (Outcome.FAIL, Outcome.WARNING)}


def test_a_good_server_passes_every_check():
    report = check(GoodServer())
    assert report.conformant
    assert failed(report) == set()
    assert report.count(Outcome.SKIPPED) == 0


def bad(name, **members):
    return type(name, (GoodServer,), members)()


def _unwilling(self, request):
    return self.refuse(500)


BAD = {
    "discovery": bad("A", discovery=lambda self, request: httpx.Response(200, json=[])),
    "discovery-json": bad("B", services=({**SERVICE, "usageRequirements": None},)),
    "discovery-entries": bad("C", services=(SERVICE, {"id": "x", "hook": "patient-view"})),
    "discovery-titles": bad("D", services=({key: SERVICE[key] for key in SERVICE if key != "title"},)),
    "prefetch-templates": bad("E", services=({**SERVICE, "prefetch": {"p": "/Patient/{{context.patientId}}"}},)),
    "discovery-etag": bad("F", discovery=lambda self, request: httpx.Response(200, json={"services": [SERVICE]})),
    "call": bad("G", call=_unwilling),
    "cards": bad("H", card={**CARD, "summary": "x" * 140}),
    "cards-json": bad("I", card={**CARD, "links": None}),
    "cards-uuid": bad("J", card={key: CARD[key] for key in CARD if key != "uuid"}),
    "malformed": bad("K", accepts=lambda self, body: isinstance(body, dict)),
    "unknown-service": bad(
        "L",
        __call__=lambda self, r: (
            httpx.Response(200, json={"cards": []}) if "no-such" in r.url.path else GoodServer.__call__(self, r)
        ),
    ),
    "error-body": bad("M", refuse=lambda self, status: httpx.Response(status, text="no")),
    "no-echo": bad(
        "N",
        call=lambda self, r: (
            httpx.Response(400, content=r.content) if b"canary" in r.content else GoodServer.call(self, r)
        ),
    ),
    "feedback": bad("O", feedback=_unwilling),
    "feedback-malformed": bad("P", feedback=lambda self, request: httpx.Response(200, json={})),
    "cors": bad("Q", preflight=lambda self: self.refuse(405)),
}


@pytest.mark.parametrize("fault", sorted(BAD))
def test_each_fault_is_found_by_its_check(fault):
    assert fault in failed(check(BAD[fault]))


def test_a_server_that_does_not_answer_is_reported_not_raised():
    def refuse(request):
        raise httpx.ConnectError("refused")

    assert failed(check(refuse)) == {"discovery"}


def test_the_report_can_be_read_as_text_json_junit_and_a_page():
    report = check(BAD["cards"])
    assert "NOT conformant" in as_text(report)
    assert as_json(report)["counts"]["fail"] == 1
    assert ElementTree.fromstring(as_junit(report)).get("failures") == "1"
    assert "not conformant" in as_html(report)
