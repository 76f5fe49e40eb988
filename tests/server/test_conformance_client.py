"""`cds conformance` finds nothing at our own server, with and without client authentication."""

from __future__ import annotations

import asyncio

import httpx

from cds.app import local_now
from cds.conformance.report import as_text
from cds.conformance.results import Outcome
from cds.conformance.signing import Signer
from cds.conformance.suite import run
from tests.server.client_tokens import KEYS, clients_file
from tests.server.conftest import running


def report_on(address, signer=None):
    async def go():
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            return await run(address, http, signer)

    return asyncio.run(go())


def all_pass(report):
    assert report.count(Outcome.PASS) == len(report.results), as_text(report)
    return {result.check.id for result in report.results}


def test_our_own_server_passes_every_check(server):
    checks = all_pass(report_on(server.settings.public_url))
    assert {"silence", "invariants", "no-failure", "feedback", "cors"} <= checks


def test_our_own_server_passes_every_check_of_client_authentication(tmp_path):
    options = {
        "guidelines": ("nl-lenalidomide",),
        "client_auth": "jwt",
        "clients": clients_file(tmp_path),
        "clock": local_now,
    }
    with running(**options) as jwt:
        signer = Signer("https://ehr-1.example", KEYS["ehr-1"])
        checks = all_pass(report_on(jwt.settings.public_url, signer))
        assert {"auth-required", "auth-forged", "auth-replay", "auth-same-body"} <= checks
        assert not report_on(jwt.settings.public_url).conformant
