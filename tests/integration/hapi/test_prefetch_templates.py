"""Every prefetch template is one that a strict FHIR server takes: an EHR on it can send all that we ask for."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from cds.fhir.bundles import link_of, resources_of
from cds.knowledge import Knowledge

pytestmark = pytest.mark.integration

LONGEST = 2000  # characters; longer addresses are cut or refused on the way by some servers and proxies
STRICT = {"Prefer": "handling=strict", "Accept": "application/fhir+json", "Cache-Control": "no-cache"}
PATIENT = "template-reader"


def templates(knowledge: Knowledge) -> dict[str, list[str]]:
    """Every template that any service derives, with the services and keys that have it."""
    users: dict[str, list[str]] = {}
    for service in knowledge.services.values():
        for key, template in service.discovery.to_wire()["prefetch"].items():
            users.setdefault(template, []).append(f"{service.id} {key}")
    return users


@pytest.fixture(scope="module")
def patient(fhir_server) -> str:
    body = {"resourceType": "Patient", "id": PATIENT}
    assert httpx.put(f"{fhir_server}/Patient/{PATIENT}", json=body, trust_env=False, timeout=60).is_success
    return PATIENT


def fault(answer: httpx.Response, template: str) -> str | None:
    """Say what is wrong with the answer to a filled-in template."""
    if answer.status_code != 200:
        return f"{answer.status_code} {answer.text[:300]}"
    resource = answer.json()
    if "?" not in template:
        return None if (resource["resourceType"], resource["id"]) == ("Patient", PATIENT) else "another resource"
    if (resource["resourceType"], resource["type"]) != ("Bundle", "searchset"):
        return f"a {resource['resourceType']}"
    shown = parse_qsl(urlsplit(link_of(resource, "self") or "").query)
    asked = parse_qsl(urlsplit(template.replace("{{context.patientId}}", PATIENT)).query)
    ignored = sorted({name for name, _ in asked} - {name for name, _ in shown})
    if ignored:
        return f"ignored: {ignored}"
    return "results of nobody" if [*resources_of(resource)] else None


@pytest.mark.pd("PD-189")
def test_a_strict_server_takes_every_template_of_every_service(fhir_server, knowledge, patient, figures):
    used = templates(knowledge)
    faults = []
    with httpx.Client(headers=STRICT, timeout=60, trust_env=False) as http:
        for template, users in used.items():
            address = f"{fhir_server}/{template.replace('{{context.patientId}}', patient)}"
            reason = "a token is left" if "{{" in address else fault(http.get(address), template)
            if reason is not None:
                faults.append(f"{users[0]}: {reason}")
    figures["prefetch templates"] = (
        f"{len(used)} different ones of {sum(map(len, used.values()))}, all taken by a strict server;"
        f" the longest has {max(map(len, used))} characters"
    )
    assert faults == []


@pytest.mark.pd("PD-189")
def test_no_template_is_longer_than_an_address_may_be(knowledge):
    assert [users[0] for template, users in templates(knowledge).items() if len(template) > LONGEST] == []


def test_the_server_would_refuse_a_template_with_a_parameter_it_does_not_know(fhir_server, patient):
    """The strictness that the tests above rest on."""
    address = f"{fhir_server}/Observation?patient={patient}&colour=red"
    assert httpx.get(address, headers=STRICT, timeout=60, trust_env=False).status_code == 400
