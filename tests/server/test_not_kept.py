"""A resource type that the EHR does not keep: not asked for, and every decision says so."""

from __future__ import annotations

import pytest

from cds.app import build_knowledge
from cds.errors import SettingsError
from cds.settings import Settings
from tests.server.conftest import running

SERVICE = "nl-lenalidomide-order-select"


def test_it_is_no_prefetch_key_and_the_answer_needs_it_no_more():
    with running(not_kept=("AdverseEvent",)) as server:
        services = {entry["id"]: entry for entry in server.http.get("/cds-services").json()["services"]}
        assert "adverse-events" not in services[SERVICE]["prefetch"]
        everything = server.prefetch(SERVICE, "renal-failure")
        body = server.request("renal-failure", "order-select", fhirServer=..., prefetch=everything)
        answer = server.call(SERVICE, body)
        assert answer.status_code == 200
        decision = server.http.get(f"/decisions/{answer.json()['extension']['org.example.fhir-cds.decision']}").json()
        assert decision["data"]["notAsked"] == ["AdverseEvent"]


def test_without_the_setting_the_missing_key_is_412(server):
    everything = server.prefetch(SERVICE, "renal-failure")
    del everything["adverse-events"]
    body = server.request("renal-failure", "order-select", fhirServer=..., prefetch=everything)
    assert server.call(SERVICE, body).status_code == 412


@pytest.mark.parametrize("name", ["Patient", "AdversEvent", "Medication"])
def test_a_type_that_cannot_be_left_out_stops_the_start(name):
    with pytest.raises(SettingsError, match="CDS_NOT_KEPT"):
        build_knowledge(Settings(not_kept=(name,)))
