"""Searching as R4 defines it: where a test server is lax, a prefetch template that fetches nothing looks right."""

from __future__ import annotations

import pytest

from cds.fhir.bundles import link_of, outcomes_of
from cds.sandbox.errors import SandboxRefusal
from cds.sandbox.store import FHIRStore

LOINC, NPU = "http://loinc.org", "http://npu-terminology.org"
BASE = "http://sandbox.invalid/fhir"


def observation(identifier: str, code: str, when: str | None, system: str | None = LOINC, **more) -> dict:
    coding = {"system": system, "code": code} if system else {"code": code}
    return {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [coding]},
        **({"effectiveDateTime": when} if when else {}),
        **more,
    }


RESOURCES = [
    {
        "resourceType": "Patient",
        "id": "p1",
        "birthDate": "1950-05-05",
        "gender": "male",
        "active": True,
        "name": [{"family": "Østergård", "given": ["Anne"]}],
    },
    {"resourceType": "Patient", "id": "p2", "gender": "female"},
    observation("early", "2160-0", "2024-03-02T01:00:00+02:00"),
    observation("late", "2160-0", "2024-03-01T23:30:00-05:00"),
    observation("npu", "NPU18016", "2024-02", NPU, status="amended"),
    observation("local", "CREA", None, None),
    observation("both", "x", "2024-04-01", valueQuantity={"value": 7.1, "unit": "mmol/L"})
    | {"code": {"coding": [{"system": "urn:l", "code": "x"}, {"system": LOINC, "code": "718-7"}]}},
    observation("foreign", "2160-0", "2024-03-05") | {"subject": {"reference": "Patient/p2"}},
    observation("absolute", "1", "2023", subject={"reference": f"{BASE}/Patient/p1"}),
    observation("elsewhere", "1", "2023", subject={"reference": "https://other.example/fhir/Patient/p1"}),
    {
        "resourceType": "Condition",
        "id": "c1",
        "subject": {"reference": "Patient/p1"},
        "onsetPeriod": {"start": "2020-01-01"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
    },
    {"resourceType": "Medication", "id": "m1", "code": {"text": "x"}},
    {
        "resourceType": "MedicationRequest",
        "id": "r1",
        "status": "active",
        "subject": {"reference": "Patient/p1"},
        "medicationReference": {"reference": "Medication/m1"},
        "authoredOn": "2024-03-01",
    },
]


class ValueSets:
    def codes(self, url, version):
        return {LOINC: frozenset({"2160-0"})} if url == "http://vs" else None


@pytest.fixture
def store() -> FHIRStore:
    return FHIRStore(RESOURCES, base_url=BASE, value_sets=ValueSets())


def ids(store: FHIRStore, query: str, resource_type: str = "Observation") -> list[str]:
    return [entry["resource"]["id"] for entry in store.search(resource_type, query, strict=True).get("entry", [])]


MINE = ["early", "late", "npu", "local", "both", "absolute"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("patient=p1", MINE),
        ("patient=Patient/p1", MINE),
        (f"subject={BASE}/Patient/p1", MINE),
        ("subject:Patient=p1", MINE),
        ("subject:Device=p1", []),
        ("patient=p2", ["foreign"]),
        ("patient=p1,p2", [*MINE[:5], "foreign", "absolute"]),
        ("patient=Group/p1", []),
        ("patient=https://other.example/fhir/Patient/p1", []),
        ("_id=early,late", ["early", "late"]),
        (f"patient=p1&code={LOINC}|2160-0", ["early", "late"]),
        (f"patient=p1&code={LOINC}|2160-0,{NPU}|NPU18016", ["early", "late", "npu"]),
        ("patient=p1&code=2160-0", ["early", "late"]),
        (f"patient=p1&code={NPU}|2160-0", []),
        (f"patient=p1&code={NPU}|", ["npu"]),
        ("patient=p1&code=|CREA", ["local"]),
        ("patient=p1&code=|2160-0", []),
        (f"patient=p1&code={LOINC}|718-7", ["both"]),
        ("patient=p1&code:in=http://vs", ["early", "late"]),
        ("patient=p1&code:not=2160-0", ["npu", "local", "both", "absolute"]),
        ("patient=p1&status=amended", ["npu"]),
        ("patient=p1&status=http://hl7.org/fhir/observation-status|amended", ["npu"]),
        ("patient=p1&date:missing=true", ["local"]),
        ("code=2160-0&code=718-7", []),
        ("value-quantity=gt7", ["both"]),
        ("value-quantity=7", ["both"]),
        ("value-quantity=7.0", []),
        ("value-quantity=ge7.1|http://unitsofmeasure.org|mmol/L", ["both"]),
        ("value-quantity=ge7.1|http://unitsofmeasure.org|mg/dL", []),
        ("patient=p1&code=urn:l|x,", ["both"]),
    ],
)
def test_a_search_finds_what_r4_says(store, query, expected):
    assert ids(store, query) == expected


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ("eq2024-03-02", ["late"]),
        ("2024-03", ["early", "late"]),
        ("2024-02-15", []),
        ("ge2024-02-15", ["early", "late", "npu", "both"]),
        ("gt2024-03", ["both"]),
        ("ge2024-03", ["early", "late", "both"]),
        ("lt2024-02-15", ["npu", "absolute"]),
        ("le2024-02", ["npu", "absolute"]),
        ("lt2024-02", ["absolute"]),
        ("sa2024-03-02T00:00:00Z", ["late", "both"]),
        ("eb2024-03-02", ["early", "npu", "absolute"]),
        ("ne2024-03", ["npu", "both", "absolute"]),
        ("ge2024-03-02T04:30:00Z&date=lt2024-03-02T04:31:00Z", ["late"]),
        ("ge2024-03-01T23:30:00-05:00", ["late", "both"]),
        ("ge2024-03-02T06:30:00%2B02:00", ["late", "both"]),
    ],
)
def test_dates_are_spans_and_compared_by_instant(store, criterion, expected):
    assert ids(store, f"patient=p1&date={criterion}") == expected


@pytest.mark.parametrize(("date", "found"), [("ge2025-01-01", True), ("lt2020-01-01", False), ("le2020-01-02", True)])
def test_an_open_period_goes_on(store, date, found):
    assert bool(ids(store, f"onset-date={date}", "Condition")) is found


def test_sorting_goes_by_instant_and_puts_what_has_no_date_last(store):
    assert ids(store, "patient=p1&_sort=-date") == ["both", "late", "early", "npu", "absolute", "local"]
    assert ids(store, "patient=p1&_sort=date") == ["absolute", "npu", "early", "late", "both", "local"]
    assert ids(store, "patient=p1&_sort=status,-date")[-1] == "local"


def test_pages_lead_through_all_matches_once(store):
    seen, query = [], "patient=p1&_count=4&_sort=date"
    while query:
        bundle = store.search("Observation", query)
        assert bundle["total"] == 6
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        query = (link_of(bundle, "next") or "").partition("?")[2]
    assert sorted(seen) == sorted(MINE)


def test_a_count_is_a_number_without_entries(store):
    for query in ("patient=p1&_summary=count", "patient=p1&_count=0"):
        bundle = store.search("Observation", query)
        assert (bundle["total"], "entry" in bundle) == (6, False)


def test_included_medications_are_marked_and_do_not_count(store):
    bundle = store.search("MedicationRequest", "patient=p1&_include=MedicationRequest:medication")
    assert [entry["search"]["mode"] for entry in bundle["entry"]] == ["match", "include"]
    assert bundle["total"] == 1
    assert bundle["entry"][1]["fullUrl"] == f"{BASE}/Medication/m1"


def test_an_include_may_name_its_target_type(store):
    assert ids(store, "_include=MedicationRequest:medication:Medication", "MedicationRequest") == ["r1", "m1"]
    assert ids(store, "_include=MedicationRequest:medication:Device", "MedicationRequest") == ["r1"]


def test_what_points_at_a_match_may_come_along(store):
    assert ids(store, "_id=m1&_revinclude=MedicationRequest:medication", "Medication") == ["m1", "r1"]


@pytest.mark.parametrize(
    ("resource_type", "query", "expected"),
    [
        ("Patient", "name=oster", []),
        ("Patient", "name=øster", ["p1"]),
        ("Patient", "given=ANN", ["p1"]),
        ("Patient", "family:contains=gard", ["p1"]),
        ("Patient", "family:exact=Østergård", ["p1"]),
        ("Patient", "gender=male", ["p1"]),
        ("Patient", "active=true", ["p1"]),
        ("Patient", "birthdate=1950", ["p1"]),
        ("MedicationRequest", "medication=m1", ["r1"]),
        ("MedicationRequest", "authoredon=ge2024-03-01&intent:missing=true", ["r1"]),
        ("Condition", "clinical-status=active", ["c1"]),
    ],
)
def test_other_types_have_their_own_parameters(store, resource_type, query, expected):
    assert ids(store, query, resource_type) == expected


class TestRefusals:
    @pytest.mark.parametrize(
        "query",
        ["foo=1", "code:text=x", "patient:below=x", "_include=Observation:nothing", "_sort=foo", "patient=", "code=,"],
    )
    def test_a_strict_search_refuses_what_it_does_not_understand(self, store, query):
        with pytest.raises(SandboxRefusal) as refusal:
            store.search("Observation", query, strict=True)
        assert refusal.value.status == 400

    def test_a_lenient_search_leaves_it_out_of_the_self_link_and_says_so(self, store):
        bundle = store.search("Observation", "patient=p1&foo=1&_format=json")
        assert link_of(bundle, "self") == f"{BASE}/Observation?patient=p1"
        assert "foo" in next(outcomes_of(bundle))["issue"][0]["diagnostics"]
        assert bundle["total"] == 6

    @pytest.mark.parametrize(
        "query",
        ["date=yesterday", "date=gt", "value-quantity=many", "_count=x", "_count=-1", "code:in=http://unknown"],
    )
    def test_a_value_that_cannot_be_read_is_refused_and_not_no_match(self, store, query):
        with pytest.raises(SandboxRefusal) as refusal:
            store.search("Observation", query)
        assert refusal.value.status == 400

    def test_a_bad_date_is_refused_also_where_nothing_has_a_date(self, store):
        with pytest.raises(SandboxRefusal):
            store.search("Condition", "recorded-date=yesterday")

    def test_an_unknown_type_is_not_found(self, store):
        with pytest.raises(SandboxRefusal) as refusal:
            store.search("Nonsense", "")
        assert refusal.value.status == 404


def test_an_escaped_separator_is_part_of_the_code():
    store = FHIRStore([observation("odd", "a,b|c", "2024", "urn:l")])
    assert ids(store, r"code=urn:l|a\,b\|c") == ["odd"]
    assert ids(store, "code=urn:l|a,b") == []


@pytest.mark.parametrize("name", ["subject", "code", "status", "effectiveDateTime", "valueQuantity", "meta"])
@pytest.mark.parametrize("garbage", [5, "x", [], ["x"], {}, {"coding": 5}, {"reference": 5}, True])
def test_a_malformed_element_matches_nothing_and_breaks_nothing(name, garbage):
    store = FHIRStore([{**observation("o", "2160-0", "2024"), name: garbage}])
    store.search("Observation", "subject=p1&code=1&date=2024&value-quantity=1&_sort=date,code,_lastUpdated")
    store.search("Observation", "status:not=x&_sort=-date&_include=Observation:subject&_revinclude=Observation:subject")
