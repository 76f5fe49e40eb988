"""Prefetch, FHIR server, or both: the same data, or a refusal that names what is missing."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds.data.errors import FHIRServerError, FHIRServerFault
from cds.data.gather import gather_patient_data
from cds.data.patient_data import DataProblemKind
from cds.errors import BadRequest, PreconditionFailed
from cds.fhir.systems import LOINC
from cds.sandbox.in_memory_reader import InMemoryReader
from cds.sandbox.store import FHIRStore
from tests.unit.data.small_guideline import NOW, everything, hook_request, observation, order, prefetch_of, requirements


def gather(request, fhir=None, mappings=None):
    return asyncio.run(gather_patient_data(requirements(), request, fhir, mappings, now=NOW))


def ids(data) -> list[str]:
    return [f"{resource['resourceType']}/{resource['id']}" for resource in data.resources]


KEYS = ["patient", "creatinine", "platelets", "conditions", "medication-requests"]


@pytest.mark.pd("PD-199")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.sets(st.sampled_from(KEYS)))
def test_any_mixture_of_prefetch_and_server_gives_the_same_resources(store, mappings, kept):
    prefetch = {key: value for key, value in prefetch_of(store).items() if key in kept}
    mixed = gather(hook_request(prefetch), InMemoryReader(store), mappings)
    whole = gather(hook_request(prefetch_of(store)), None, mappings)
    assert mixed.resources == whole.resources
    assert ids(whole) == [
        "Condition/mm",
        "MedicationRequest/by-code",
        "MedicationRequest/by-contained",
        "MedicationRequest/by-reference",
        "Observation/crea-1",
        "Observation/crea-2",
        "Observation/plt-1",
        "Patient/p1",
    ]


def test_the_order_in_a_bundle_does_not_matter(store):
    prefetch = prefetch_of(store)
    turned = copy.deepcopy(prefetch)
    for key in KEYS[1:]:
        turned[key]["entry"].reverse()
    assert gather(hook_request(turned)).resources == gather(hook_request(prefetch)).resources


def test_origins_say_from_where_each_resource_came(store):
    prefetch = prefetch_of(store)
    del prefetch["platelets"]
    data = gather(hook_request(prefetch), InMemoryReader(store))
    assert data.origins["Observation/crea-1"] == "prefetch:creatinine"
    assert data.origins["Observation/plt-1"] == "search:platelets"
    assert data.origin_of("MedicationRequest/draft") == "context"


@pytest.mark.parametrize("code", [["777-3"], {}, {"value": "777-3"}, 5, None, True], ids=repr)
def test_a_code_that_is_no_text_is_not_understood_and_takes_nothing_else_away(store, code):
    class Odd(InMemoryReader):
        async def search(self, query: str) -> list[dict]:
            found = copy.deepcopy(await super().search(query))
            for one in found:
                if one["resourceType"] in ("Observation", "Condition"):
                    one["code"]["coding"].insert(0, {"system": LOINC, "code": code})
            return found

    whole = gather(hook_request({}), InMemoryReader(store))
    data = gather(hook_request({}), Odd(store))
    assert ids(data) == ids(whole)
    assert data.origins == whole.origins


def test_every_key_that_cannot_be_had_is_named(store):
    prefetch = prefetch_of(store)
    del prefetch["platelets"]
    prefetch["conditions"] = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
    with pytest.raises(PreconditionFailed, match=r"failed in .*: conditions; missing in .*: platelets") as refusal:
        gather(hook_request(prefetch))
    assert set(refusal.value.expressions) == {"prefetch.conditions", "prefetch.platelets"}


@pytest.mark.parametrize(
    ("server", "why"),
    [(None, "the request names no fhirServer"), ("https://other.example/fhir", r"not one that .*\(CDS_FHIR_SERVERS\)")],
)
def test_why_no_server_is_read_is_the_first_that_is_said(server, why):
    with pytest.raises(
        PreconditionFailed, match=rf"obtained: missing in the prefetch, and .*{why}: patient, "
    ) as refusal:
        gather(hook_request(fhirServer=server) if server else hook_request())
    assert "other.example" not in str(refusal.value)


def test_a_patient_whom_the_server_does_not_have_is_said(store):
    with pytest.raises(PreconditionFailed, match="the FHIR server has no such Patient: patient"):
        gather(hook_request(context={"userId": "Practitioner/1", "patientId": "nobody"}), InMemoryReader(store))


ATC, LOCAL = "http://www.whocc.no/atc", "urn:oid:1.2.3"


@pytest.mark.parametrize(
    ("drug", "kinds"),
    [
        ({"medicationCodeableConcept": {"coding": [{"system": ATC, "code": "L04AX04"}]}}, []),
        ({"medicationCodeableConcept": {"coding": [{"system": LOCAL, "code": "1"}, {"system": ATC, "code": "x"}]}}, []),
        ({"medicationCodeableConcept": {"coding": [{"system": LOCAL, "code": "LEN25"}]}}, ["not-understood"]),
        ({"medicationCodeableConcept": {"coding": [{"system": [ATC], "code": "x"}]}}, ["not-understood"]),
        ({"medicationCodeableConcept": {"text": "lenalidomide 25 mg"}}, ["not-understood"]),
        ({}, ["not-understood"]),
    ],
)
def test_a_drafted_drug_in_codes_that_no_rule_knows_is_said(store, drug, kinds):
    request = hook_request(prefetch_of(store), [order("draft") | {"medicationCodeableConcept": None} | drug])
    data = asyncio.run(gather_patient_data(requirements(), request, None, None, now=NOW, known_systems={ATC}))
    assert [problem.kind for problem in data.problems] == kinds
    assert {(problem.origin, problem.resource) for problem in data.problems} <= {("context", "MedicationRequest/draft")}


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        (timedelta(minutes=-1), []),
        (timedelta(0), []),
        (timedelta(minutes=1), ["in-the-future"]),
        (timedelta(days=400), ["in-the-future"]),
    ],
)
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=13)), timezone(timedelta(hours=-11))], ids=str)
def test_a_result_of_the_future_is_said_though_others_are_used(store, after, kinds, zone):
    prefetch = prefetch_of(store)
    result = prefetch["platelets"]["entry"][0]["resource"]
    result["effectiveDateTime"] = (NOW + after).astimezone(zone).isoformat()
    data = gather(hook_request(prefetch))
    assert [problem.kind for problem in data.problems] == kinds
    assert "Observation/plt-1" in ids(data)


@pytest.mark.parametrize("moment", ["9999", "2999-01", "tomorrow", 5, {"x": 1}])
def test_a_moment_of_any_shape_is_looked_at_without_fault(store, moment):
    prefetch = prefetch_of(store)
    prefetch["platelets"]["entry"][0]["resource"]["effectiveDateTime"] = moment
    kinds = [problem.kind for problem in gather(hook_request(prefetch)).problems]
    assert kinds == (["in-the-future"] if moment in ("9999", "2999-01") else [])


def test_null_means_looked_up_and_not_there_and_is_not_asked_again(store):
    prefetch = {**prefetch_of(store), "platelets": None, "conditions": {"resourceType": "Bundle", "type": "searchset"}}
    data = gather(hook_request(prefetch), InMemoryReader(store))
    assert "Observation/plt-1" not in ids(data)
    assert "Condition/mm" not in ids(data)
    assert "Observation/crea-1" in ids(data)


def test_a_null_patient_is_read_because_the_hook_says_that_there_is_one(store):
    prefetch = {**prefetch_of(store), "patient": None}
    assert "Patient/p1" in ids(gather(hook_request(prefetch), InMemoryReader(store)))
    with pytest.raises(PreconditionFailed, match="patient"):
        gather(hook_request(prefetch))


def test_another_patients_resources_are_dropped_and_counted(store):
    prefetch = prefetch_of(store)
    foreign = observation("x", LOINC, "2160-0", "9", "mg/dL", patient="p2")
    prefetch["creatinine"]["entry"].append({"resource": foreign})
    prefetch["creatinine"]["total"] += 1
    data = gather(hook_request(prefetch))
    assert "Observation/x" not in ids(data)
    assert "Observation/x" not in data.as_received
    assert data.dropped_other_patient == 1


def test_an_absolute_reference_counts_only_on_the_server_of_the_call(store):
    prefetch = prefetch_of(store)
    for entry, base in zip(prefetch["creatinine"]["entry"], ("https://ehr.example/fhir", "https://other"), strict=True):
        entry["resource"]["subject"]["reference"] = f"{base}/Patient/p1"
    data = gather(hook_request(prefetch, fhirServer="https://ehr.example/fhir/"))
    assert data.dropped_other_patient == 1
    assert "Observation/crea-1" in ids(data)
    assert "Observation/crea-2" not in ids(data)


def test_a_resource_that_does_not_say_whose_it_is_is_not_used(store):
    prefetch = prefetch_of(store)
    del prefetch["platelets"]["entry"][0]["resource"]["subject"]
    data = gather(hook_request(prefetch))
    assert "Observation/plt-1" not in ids(data)
    assert [problem.kind for problem in data.problems] == [DataProblemKind.NO_PATIENT]
    assert data.dropped_other_patient == 0


def test_a_prefetched_patient_who_is_not_in_context_is_refused(store):
    prefetch = {**prefetch_of(store), "patient": store.read("Patient", "p2")}
    with pytest.raises(BadRequest) as refusal:
        gather(hook_request(prefetch))
    assert refusal.value.expressions == ("prefetch.patient",)


def test_the_same_resource_under_two_keys_counts_once(store):
    prefetch = prefetch_of(store)
    prefetch["platelets"]["entry"].append(prefetch["creatinine"]["entry"][0])
    prefetch["platelets"]["total"] += 1
    data = gather(hook_request(prefetch))
    assert ids(data).count("Observation/crea-1") == 1
    assert data.problems == ()


@pytest.mark.parametrize("newer_first", [True, False])
def test_of_two_differing_copies_the_newer_is_used_and_it_is_said(store, newer_first):
    prefetch = prefetch_of(store)
    old = prefetch["creatinine"]["entry"][0]["resource"]
    new = {**old, "status": "amended", "meta": {"lastUpdated": "2026-03-02T10:00:01Z"}}
    copies = [new, old] if newer_first else [old, new]
    prefetch["creatinine"] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": resource} for resource in copies],
    }
    data = gather(hook_request(prefetch))
    used = next(resource for resource in data.resources if resource["id"] == "crea-1")
    assert used["status"] == "amended"
    assert [problem.kind for problem in data.problems] == [DataProblemKind.CONFLICTING_COPIES]


@pytest.mark.pd("PD-200")
def test_an_incomplete_bundle_is_read_again_or_refused(store):
    prefetch = prefetch_of(store)
    del prefetch["creatinine"]["entry"][1]
    data = gather(hook_request(prefetch), InMemoryReader(store))
    assert "Observation/crea-2" in ids(data)
    with pytest.raises(PreconditionFailed, match=r"incomplete in the prefetch.*: creatinine"):
        gather(hook_request(prefetch))


class TestMedications:
    def test_a_medication_that_came_with_the_search_needs_no_read(self, store):
        data = gather(hook_request(prefetch_of(store)))
        by_reference = next(resource for resource in data.resources if resource["id"] == "by-reference")
        assert by_reference["medicationCodeableConcept"]["coding"][0]["code"] == "L04AX04"
        assert by_reference["contained"][0]["id"] == "len-10"
        assert "medicationReference" not in by_reference
        assert "medicationReference" in data.as_received["MedicationRequest/by-reference"]

    def test_one_that_did_not_come_is_read(self, store):
        prefetch = prefetch_of(store)
        _without_medications(prefetch)
        data = gather(hook_request(prefetch), InMemoryReader(store))
        assert data.resources == gather(hook_request(prefetch_of(store))).resources

    def test_without_a_server_the_drug_is_unknown_and_the_key_is_named(self, store):
        prefetch = prefetch_of(store)
        _without_medications(prefetch)
        with pytest.raises(PreconditionFailed, match="medication-requests"):
            gather(hook_request(prefetch))

    def test_one_that_does_not_exist_is_a_problem_of_the_data(self, store):
        store.delete("Medication", "len-10")
        data = gather(hook_request(), InMemoryReader(store))
        assert [problem.kind for problem in data.problems] == [DataProblemKind.DANGLING_REFERENCE]

    def test_an_order_entered_in_error_does_not_ask_for_its_medication(self, store):
        prefetch = prefetch_of(store)
        _without_medications(prefetch)
        for entry in prefetch["medication-requests"]["entry"]:
            entry["resource"] = {**entry["resource"], "status": "entered-in-error"}
        assert gather(hook_request(prefetch)).problems == ()

    def test_a_drafts_medication_is_read_too(self, store):
        draft = order("draft", medicationReference={"reference": "Medication/len-10"})
        data = gather(hook_request(drafts=[draft]), InMemoryReader(store))
        assert data.draft_orders[0]["medicationCodeableConcept"]["coding"][0]["code"] == "L04AX04"
        assert data.as_received["MedicationRequest/draft"] == draft


class TestDrafts:
    def test_a_draft_of_another_patient_is_dropped_and_counted(self, store):
        foreign = order("draft") | {"subject": {"reference": "Patient/p2"}}
        data = gather(hook_request(prefetch_of(store), drafts=[foreign]))
        assert data.draft_orders == ()
        assert data.dropped_other_patient == 1

    def test_a_draft_may_not_say_yet_whom_it_is_for(self, store):
        draft = order("draft")
        del draft["subject"]
        assert gather(hook_request(prefetch_of(store), drafts=[draft])).draft_orders == (draft,)

    @pytest.mark.parametrize(
        "subject", [{"identifier": {"value": "1"}}, {"reference": "https://proxy/fhir/Patient/p1"}]
    )
    def test_a_draft_is_not_lost_because_of_how_it_names_the_patient(self, store, subject):
        draft = order("draft") | {"subject": subject}
        data = gather(hook_request(prefetch_of(store), drafts=[draft], fhirServer="https://ehr.example/fhir"))
        assert data.draft_orders == (draft,)

    def test_a_medication_among_the_drafts_is_what_a_draft_may_refer_to(self, store):
        medication = {"resourceType": "Medication", "id": "new", "code": {"coding": [{"code": "x"}]}}
        draft = order("draft", medicationReference={"reference": "Medication/new"})
        data = gather(hook_request(prefetch_of(store), drafts=[medication, draft]))
        assert [each["id"] for each in data.draft_orders] == ["draft"]
        assert data.draft_orders[0]["medicationCodeableConcept"]["coding"][0]["code"] == "x"


class FailingReader(InMemoryReader):
    """Fails every search of one type."""

    def __init__(self, store: FHIRStore, resource_type: str, kind: FHIRServerFault) -> None:
        super().__init__(store)
        self._type, self._kind = resource_type, kind

    async def search(self, query: str):
        if query.startswith(self._type):
            raise FHIRServerError(self._kind, "on purpose")
        return await super().search(query)


@pytest.mark.pd("PD-200")
@pytest.mark.parametrize("kind", list(FHIRServerFault))
def test_a_failed_search_is_a_refusal_and_never_no_results(store, kind):
    reader = FailingReader(store, "Observation", kind)
    with pytest.raises(PreconditionFailed, match=rf"{kind}\): creatinine, platelets"):
        gather(hook_request(), reader)


def test_a_value_is_converted_and_the_received_one_kept(store, mappings):
    data = gather(hook_request(prefetch_of(store)), None, mappings)
    converted = next(resource for resource in data.resources if resource["id"] == "crea-1")
    assert str(converted["valueQuantity"]["value"]) == "176.800"
    assert converted["valueQuantity"]["code"] == "umol/L"
    received = next(resource for resource in everything() if resource["id"] == "crea-1")
    assert data.as_received["Observation/crea-1"]["valueQuantity"] == received["valueQuantity"]


def _without_medications(prefetch: dict) -> None:
    bundle = prefetch["medication-requests"]
    bundle["entry"] = [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] != "Medication"]


class LyingReader(InMemoryReader):
    """Answers every read of a Patient with another one."""

    async def read(self, resource_type: str, resource_id: str):
        return await super().read(resource_type, "p2" if resource_type == "Patient" else resource_id)


def test_a_server_that_gives_another_patient_is_refused(store):
    with pytest.raises(PreconditionFailed, match="another Patient"):
        gather(hook_request(), LyingReader(store))


def test_a_resource_without_an_id_counts_once(store):
    prefetch = prefetch_of(store)
    nameless = {name: value for name, value in prefetch["platelets"]["entry"][0]["resource"].items() if name != "id"}
    prefetch["platelets"] = {"resourceType": "Bundle", "entry": [{"resource": nameless}, {"resource": dict(nameless)}]}
    data = gather(hook_request(prefetch))
    assert [resource for resource in data.resources if "id" not in resource] == [nameless]


def test_of_two_copies_without_a_readable_date_the_first_is_used(store):
    prefetch = prefetch_of(store)
    first = {**prefetch["platelets"]["entry"][0]["resource"], "meta": {"lastUpdated": "yesterday"}}
    second = {**first, "status": "amended", "meta": 5}
    prefetch["platelets"] = {"resourceType": "Bundle", "entry": [{"resource": first}, {"resource": second}]}
    data = gather(hook_request(prefetch))
    assert next(resource for resource in data.resources if resource["id"] == "plt-1")["status"] == "final"


@pytest.mark.parametrize(("number", "obtained"), [(100, True), (101, False)])
def test_more_medications_than_may_be_read_are_a_refusal(store, number, obtained):
    for each in range(number):
        store.put({"resourceType": "Medication", "id": f"m{each}"})
    orders = [order(f"o{each}", medicationReference={"reference": f"Medication/m{each}"}) for each in range(number)]
    prefetch = {**prefetch_of(store), "medication-requests": {"resourceType": "Bundle"}}
    prefetch["medication-requests"]["entry"] = [{"resource": each} for each in orders]
    if obtained:
        assert len(gather(hook_request(prefetch), InMemoryReader(store)).resources) > number
        return
    with pytest.raises(PreconditionFailed, match="too many"):
        gather(hook_request(prefetch), InMemoryReader(store))
