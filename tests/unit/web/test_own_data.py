"""Bring your own: a patient's Bundle is pasted, a guideline package is uploaded."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cds.errors import BadRequest
from cds.fhir.json import dumps
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import find_story
from cds.web.playground.own_bundle import hook_request_of, keep, read_record
from tests.server.conftest import Server, running

TODAY = datetime.now(UTC).date()
GUIDELINE = Path(__file__).parents[3] / "plan_definitions" / "dk-denosumab"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(guidelines=("nl-lenalidomide",)) as started:
        yield started


def bundle(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources], **more}


def pasted(patient: str) -> dict[str, Any]:
    chart = find_story(patient).chart(TODAY)
    return bundle(*chart.resources, *chart.drafts)


def package(folder: Path, *, without: str = "") -> bytes:
    """The resources of a guideline folder as a FHIR package."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(folder.glob("*/*.json")):
            if path.parent.name != "tests" and path.parent.name != without:
                archive.add(path, f"package/{path.parent.name}-{path.name}")
    return packed.getvalue()


def upload(server: Server, content: bytes, name: str = "mine.tgz") -> str:
    return server.http.post("/playground/package", files={"package": (name, content)}).text


def text_of(page: str) -> str:
    return re.sub(r"<[^>]*>", " ", page)


def test_a_pasted_bundle_gets_the_cards_of_its_patient(server):
    page = server.http.post("/playground/request", data={"request": dumps(pasted("renal-failure")).decode()}).text
    for hook in ("patient-view", "order-select", "order-sign"):
        assert f"POST /cds-services/nl-lenalidomide-{hook}" in page
    assert "CLcr 24 mL/min" in page


def test_a_bundle_without_draft_orders_opens_the_chart_only(server):
    chart = find_story("renal-failure").chart(TODAY)
    page = server.http.post("/playground/request", data={"request": dumps(bundle(*chart.resources)).decode()}).text
    assert "POST /cds-services/nl-lenalidomide-patient-view" in page
    assert "POST /cds-services/nl-lenalidomide-order-select" not in page


def test_references_to_full_urls_are_followed():
    patient = {"resourceType": "Patient", "id": "p"}
    result = {"resourceType": "Observation", "subject": {"reference": "urn:uuid:1"}}
    record = read_record(
        {
            "resourceType": "Bundle",
            "entry": [{"fullUrl": "urn:uuid:1", "resource": patient}, {"fullUrl": "urn:uuid:2", "resource": result}],
        }
    )
    assert record.resources[1]["subject"] == {"reference": "Patient/p"}
    assert record.resources[1]["id"] == "pasted-1"


def test_draft_orders_go_into_the_hook_context_and_not_into_the_record():
    draft = {"resourceType": "MedicationRequest", "id": "d", "status": "draft"}
    active = {"resourceType": "MedicationRequest", "id": "a", "status": "active"}
    record = read_record(bundle({"resourceType": "Patient", "id": "p"}, draft, active))
    request = hook_request_of(record, "order-select", "https://sandbox.example/fhir")
    assert request["context"]["selections"] == ["MedicationRequest/d"]
    assert [entry["resource"]["id"] for entry in request["context"]["draftOrders"]["entry"]] == ["d"]
    assert [each["id"] for each in record.resources] == ["p", "a"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (bundle(), "0 Patients"),
        (bundle({"resourceType": "Patient", "id": "a"}, {"resourceType": "Patient", "id": "b"}), "2 Patients"),
        ({"resourceType": "Bundle", "entry": [{"resource": "text"}]}, r"Bundle.entry\[0\].resource"),
        ({"resourceType": "Bundle", "entry": [{}]}, r"Bundle.entry\[0\].resource"),
    ],
)
def test_a_bundle_that_is_no_record_of_one_patient_is_refused(body, words):
    with pytest.raises(BadRequest, match=words):
        read_record(body)


def test_what_the_store_does_not_keep_is_said():
    record = read_record(
        bundle({"resourceType": "Patient", "id": "p"}, {"resourceType": "Claim"}, {"resourceType": "Claim"})
    )
    store = FHIRStore()
    assert keep(record, store) == [
        "2 x Claim left out: no guideline reads this type, or its id is no FHIR id",
    ]
    assert store.read("Patient", "p")["id"] == "p"


def test_an_uploaded_package_is_checked_and_tried_on_every_patient(server):
    page = text_of(upload(server, package(GUIDELINE)))
    assert "mine.tgz: can be served" in page
    assert "dk-denosumab-order-select" in page
    assert "Osteoporosis on prednisolone" in page
    assert "dk-denosumab-first-choice-alendronate" in page


def test_an_uploaded_package_is_not_served_to_others(server):
    upload(server, package(GUIDELINE))
    assert all(not service.startswith("dk-") for service in server.services())


def test_a_package_with_a_fault_says_where_it_is(server):
    page = text_of(upload(server, package(GUIDELINE, without="Library")))
    assert "cannot be served as it is" in page
    assert "mine.tgz/PlanDefinition-dk-denosumab.json" in page


def bomb() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/big.json")
        member.size = 30_000_000
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Choose a file first"),
        (b"not a package", "no .tgz package that can be read"),
        (b"\x1f\x8b\x08" + bytes(20), "no .tgz package that can be read"),
        (bomb(), "unpacks to more than"),
        (bytes(2_100_000), "larger than 2000000 bytes"),
    ],
)
def test_what_is_no_package_is_refused_with_the_reason(server, content, words):
    assert words in text_of(upload(server, content))


def test_a_form_without_the_file_and_a_form_of_another_site_are_refused(server):
    assert "Choose a file first" in server.http.post("/playground/package", data={"other": "1"}).text
    answer = server.http.post(
        "/playground/package", files={"package": ("a.tgz", b"x")}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert "from its own page only" in answer.text


def test_the_list_of_a_guideline_names_the_cases_of_each_recommendation(server):
    page = server.http.get("/playground/guidelines/nl-lenalidomide").text
    cases = json.loads(
        (GUIDELINE.parent / "nl-lenalidomide" / "tests" / "renal-mm-severe.json").read_text(encoding="utf-8")
    )["cases"]
    row = page.partition("<code>nl-lenalidomide-renal-mm-severe</code>")[2].partition("</tr>")[0]
    assert f"{len(cases)} cases" in row
