"""The conformance client must pass a good server and fail each kind of bad one."""

from __future__ import annotations

import asyncio
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from xml.etree import ElementTree

import httpx
import pytest
from joserfc.jwk import ECKey

from cds.conformance.report import as_html, as_json, as_junit, as_text
from cds.conformance.results import Outcome
from cds.conformance.signing import Signer, read_key
from cds.conformance.suite import run
from cds.errors import SettingsError
from cds.web.client_auth import ClientAuthenticator, Unauthorized
from cds.web.clients import Client
from cds.web.key_sets import KeySets

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
    allows_browsers = True

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.preflight() if request.method == "OPTIONS" else self.route(request)
        if self.allows_browsers:
            answer.headers["access-control-allow-origin"] = "*"
        return answer

    def route(self, request):
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
        return httpx.Response(200)

    def discovery(self, request):
        if request.headers.get("if-none-match") == '"1"':
            return httpx.Response(304)
        return httpx.Response(200, json={"services": list(self.services)}, headers={"etag": '"1"'})

    def refuse(self, status):
        issue = {"severity": "error", "code": "invalid"}
        return httpx.Response(status, json={"resourceType": "OperationOutcome", "issue": [issue]})

    def feedback(self, request):
        items = json.loads(request.content).get("feedback", [])
        good = items and all(item.get("outcome") == "overridden" and "overrideReason" not in item for item in items)
        return httpx.Response(200, json={}) if good else self.refuse(400)

    def call(self, request):
        if request.headers["content-type"] != "application/json":
            return self.refuse(415)
        try:
            body = json.loads(request.content)
        except ValueError:
            return self.refuse(400)
        if not self.accepts(body):
            return self.refuse(400)
        if not self.has_data(body.get("prefetch", {})):
            return self.refuse(412)
        return httpx.Response(200, json={"cards": [self.card] if self.card else []})

    def has_data(self, prefetch):
        if set(prefetch) != {"patient", "labs"}:
            return False
        labs = prefetch["labs"] or {}
        return labs.get("resourceType") != "OperationOutcome" and not labs.get("entry") and not labs.get("link")

    def accepts(self, body):
        if not isinstance(body, dict) or body.get("hook") != "order-sign" or "hookInstance" not in body:
            return False
        if "fhirAuthorization" in body or not isinstance(body.get("prefetch", {}), dict):
            return False
        context = body.get("context")
        patient = context.get("patientId") if isinstance(context, dict) else None
        return isinstance(patient, str) and "/" not in patient


def check(server, signer=None):
    async def go():
        async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as http:
            return await run("https://s.example", http, signer)

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
    "cors": bad("Q", allows_browsers=False),
    "cors-errors": bad("R", allows_browsers=False),
    "hook-names": bad("S", services=({**SERVICE, "hook": "my-hook"},)),
    "hook-versions": bad("T", services=({**SERVICE, "hookVersion": "9.9"},)),
    "invariants": bad("U", card={**CARD, "suggestions": [{"label": "l", "uuid": "s"}]}),
    "empty-bundles": bad("V", has_data=lambda self, prefetch: set(prefetch) and not prefetch["labs"]),
    "no-prefetch": bad(
        "W", call=lambda self, r: self.refuse(500) if b'"prefetch"' not in r.content else GoodServer.call(self, r)
    ),
    "prefetch-outcome": bad("X", refuse=lambda self, status: httpx.Response(500 if status == 412 else status)),
    "silence": bad("Y", card=None, has_data=lambda self, prefetch: True),
    "unknown-members": bad("Z", accepts=lambda self, body: "future" not in body and GoodServer.accepts(self, body)),
    "invariants-advice": bad(
        "U2",
        card={
            **CARD,
            "selectionBehavior": "any",
            "suggestions": [{"label": "l", "uuid": "s", "actions": [{"type": "delete", "description": "d"}]}],
        },
    ),
    "extensions": bad("Y2", accepts=lambda self, body: "extension" not in body and GoodServer.accepts(self, body)),
    "token-without-server": bad(
        "AA",
        accepts=lambda self, body: (
            isinstance(body, dict)
            and GoodServer.accepts(self, {key: body[key] for key in body if key != "fhirAuthorization"})
        ),
    ),
    "method": bad("AB", refuse=lambda self, status: httpx.Response(404 if status == 405 else status)),
    "content-type": bad("AC", refuse=lambda self, status: httpx.Response(400 if status == 415 else status)),
    "no-failure": bad("AD", feedback=_unwilling),
}


@pytest.mark.parametrize("fault", sorted(BAD))
def test_each_fault_is_found_by_its_check(fault):
    assert fault in failed(check(BAD[fault]))


def test_a_server_that_goes_away_in_the_middle_is_reported_not_raised():
    class GoesAway(GoodServer):
        def call(self, request):
            raise httpx.ReadError("gone")

    report = check(GoesAway())
    assert {"call", "no-failure"} <= failed(report)
    assert "no answer (ReadError)" in as_text(report)


class AsksWhoCalls(GoodServer):
    """Verifies tokens with our own authenticator; each class below takes one of its rules away."""

    replay = True

    def __init__(self):
        self.used = set()

    def route(self, request):
        return super().route(request) if self.knows(request) else self.refuse(401)

    def knows(self, request):
        values = request.headers.get_list("authorization")
        client = Client(name="c", iss="https://me.example", jwks={"keys": [KEY.as_dict(private=False)]})
        verify = ClientAuthenticator({client.iss: client}, KeySets(None), self, clock=lambda: datetime.now(UTC))
        try:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(asyncio.run, verify.authenticate(values, str(request.url))).result()
        except Unauthorized:
            return False
        return True

    async def first_use(self, key, expires):
        fresh = key not in self.used or not self.replay
        self.used.add(key)
        return fresh


class KnowsEverybody(AsksWhoCalls):
    def knows(self, request):
        return True


class TakesATokenTwice(AsksWhoCalls):
    replay = False


class SaysWhy(AsksWhoCalls):
    def refuse(self, status):
        return httpx.Response(status, json={"resourceType": "OperationOutcome", "id": str(uuid.uuid4())})


KEY = ECKey.generate_key("P-384", {"kid": "k", "use": "sig"})
SIGNER = Signer("https://me.example", KEY)


def test_a_server_that_asks_who_calls_is_checked_with_a_key():
    assert failed(check(AsksWhoCalls(), SIGNER)) == set()
    assert failed(check(AsksWhoCalls())) == {"discovery"}
    assert "give --key" in as_text(check(AsksWhoCalls()))


@pytest.mark.parametrize(
    ("server", "fault"),
    [
        (KnowsEverybody, "auth-required"),
        (KnowsEverybody, "auth-forged"),
        (TakesATokenTwice, "auth-replay"),
        (SaysWhy, "auth-same-body"),
    ],
)
def test_each_fault_of_client_authentication_is_found(server, fault):
    assert fault in failed(check(server(), SIGNER))


def test_a_key_file_is_a_private_jwk_with_its_id(tmp_path):
    file = tmp_path / "key.json"
    file.write_text(json.dumps(KEY.as_dict(private=True)))
    assert read_key(file).kid == "k"
    for wrong in (json.dumps(KEY.as_dict(private=False)), "{}", "no json"):
        file.write_text(wrong)
        with pytest.raises(SettingsError):
            read_key(file)


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
