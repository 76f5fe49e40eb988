"""Forty hostile inputs and faults, each with the behaviour that is required of the server.

Every row ends alike: no failure of ours (500), and the next good call gets its cards.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.broken_connections import breaking
from tests.server.client_tokens import PUBLIC_URL, clients_file
from tests.server.conftest import NOW, free_port, running, serving
from tests.server.faulty_fhir import FaultyFHIR
from tests.server.fhir_faults import FAULTS
from tests.server.forty import bodies, callers, canaries, data, fhir_server, framing, handed_over, key_source, operation
from tests.server.forty.rows import CHECKS, Check, Range

MODULES = (framing, bodies, callers, key_source, handed_over, data, fhir_server, operation, canaries)


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> Iterator[Range]:
    folder = tmp_path_factory.mktemp("rows")
    port = free_port()
    ehr = FaultyFHIR(port, NOW.date(), FAULTS)
    jwt = {
        "sandbox": False,
        "guidelines": ("nl-lenalidomide",),
        "client_auth": "jwt",
        "clients": clients_file(folder),
        "public_url": PUBLIC_URL,
        "database": f"sqlite:///{folder}/locked.sqlite3",
    }
    with serving(ehr.app, port), breaking() as broken, running(**jwt) as first, running(**jwt) as second:
        fhir_servers = (*map(ehr.base, FAULTS), *broken.values())
        with running(guidelines=("nl-lenalidomide",), fhir_servers=fhir_servers, deadline_ms=6000) as opened:
            found = Range(open=opened, locked=(first, second), ehr=ehr, broken=broken, folder=folder)
            found.prepare()
            yield found


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_a_row_is_answered_as_it_must_be(target: Range, check: Check):
    check.run(target)
    target.is_unharmed()


def test_there_are_forty_rows():
    assert sorted({check.row for check in CHECKS}) == list(range(1, 41))
