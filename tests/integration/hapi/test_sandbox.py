"""The sandbox's patients on a real FHIR server: loaded by `cds sandbox load`, called about over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cds.app import local_now
from cds.commands.load_sandbox import load_sandbox
from cds.fhir.bundles import link_of
from cds.sandbox.synthetic_patients import STORIES, Story
from tests.server.conftest import Server, running

pytestmark = pytest.mark.integration

HOOKS = ("patient-view", "order-select", "order-sign")


@pytest.fixture(scope="module")
def loaded(fhir_server, figures) -> str:
    """The base URL of the server with the sandbox's patients, as `cds sandbox load` leaves them."""
    today = local_now().date()
    load = load_sandbox(fhir_server, today, wait_seconds=60)
    assert load.patients == len(STORIES)
    assert load_sandbox(fhir_server, today).written == 0
    figures["sandbox"] = f"{load.patients} patients; {load.resources} resources written, the second time none"
    return fhir_server


@pytest.fixture(scope="module")
def server(loaded) -> Iterator[Server]:
    with running(fhir_servers=(loaded,)) as started:
        yield started


def cards(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [
        {name: value for name, value in each.items() if name in ("summary", "detail")}
        for each in answer.json()["cards"]
    ]


def prefetched(
    http: httpx.Client, base_url: str, templates: dict[str, str], patient: str, more: str = ""
) -> dict[str, Any]:
    """What an EHR on this server would send: each template, filled in, with the first page of the answer."""
    strict = {"Prefer": "handling=strict", "Cache-Control": "no-cache"}
    filled = {key: template.replace("{{context.patientId}}", patient) for key, template in templates.items()}
    addresses = {key: f"{base_url}/{text}{more if '?' in text else ''}" for key, text in filled.items()}
    return {key: http.get(address, headers=strict).raise_for_status().json() for key, address in addresses.items()}


def calls(server: Server, story: Story, base_url: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield every service that a doctor with this patient would call, with its request."""
    for service in server.services().values():
        if service["hook"] == "patient-view" or (service["hook"] in HOOKS and story.drafts):
            yield service, server.request(story.id, service["hook"], fhirServer=base_url)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.id)
def test_a_patient_has_the_same_cards_on_every_server_however_the_data_come(server, loaded, story):
    """From the embedded sandbox, read from the FHIR server, and prefetched by an EHR on that server."""
    for service, request in calls(server, story, loaded):
        embedded = cards(server.call(service["id"], {**request, "fhirServer": server.fhir}))
        assert cards(server.call(service["id"], request)) == embedded, service["id"]
        sent = prefetched(server.http, loaded, service["prefetch"], story.id)
        assert cards(server.call(service["id"], {**request, "prefetch": sent})) == embedded, service["id"]


def test_first_pages_in_the_prefetch_are_completed_from_the_server(server, loaded):
    """With the longest history, from an EHR that hands over pages of two entries."""
    today = local_now().date()
    story = max(STORIES, key=lambda each: len(each.chart(today).resources))
    incomplete = 0
    for service, request in calls(server, story, loaded):
        sent = prefetched(server.http, loaded, service["prefetch"], story.id, "&_count=2")
        incomplete += sum(link_of(bundle, "next") is not None for bundle in sent.values())
        read = cards(server.call(service["id"], request))
        assert cards(server.call(service["id"], {**request, "prefetch": sent})) == read, service["id"]
    assert incomplete
