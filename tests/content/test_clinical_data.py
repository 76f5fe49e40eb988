"""ClinicalData, the library that every guideline includes: cases of fhir_mappings/tests through the engine."""

import asyncio
import base64
import json
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from cds.data.gather import gather_patient_data
from cds.engine import Engine, to_json
from cds.errors import PreconditionFailed
from cds.expressions.code_members import EngineValueSets
from cds.hooks.request import CDSRequest
from cds.terminology.mappings import Mappings
from cds.terminology.value_sets import ValueSets

MAPPINGS = Path(__file__).parents[2] / "fhir_mappings"
NOW = "2026-03-02T10:00:00+01:00"
PATIENT = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1966-03-03"}


@cache
def engine():
    libraries = [*(MAPPINGS / "Library").glob("*.json"), MAPPINGS / "tests" / "Library" / "ClinicalDataProbe.json"]
    value_sets = ValueSets([json.loads(path.read_bytes()) for path in (MAPPINGS / "ValueSet").glob("*.json")])
    return Engine([elm(json.loads(path.read_bytes())) for path in libraries], value_sets=EngineValueSets(value_sets))


def elm(library):
    content = next(item for item in library["content"] if item["contentType"] == "application/elm+json")
    return json.loads(base64.b64decode(content["data"]))


def probe(definition, resources, *, now=NOW, patient=PATIENT, **parameters):
    about = [patient, *({"subject": {"reference": "Patient/p"}, **resource} for resource in resources)]
    session = engine().session(about, parameters=parameters, now=datetime.fromisoformat(now))
    return to_json(session.evaluate("ClinicalDataProbe", definition))


def cases(name):
    return [pytest.param(case, id=case["name"]) for case in json.loads((MAPPINGS / "tests" / name).read_bytes())]


def same(actual, expected):
    if isinstance(expected, list):
        return len(actual) == len(expected) and all(map(same, actual, expected))
    return actual == expected if expected is None or isinstance(expected, str | bool) else float(actual) == expected


@pytest.mark.parametrize("case", cases("dosages.json"))
def test_a_dosage_is_read_or_is_unknown(case):
    order = {"resourceType": "MedicationRequest", "id": "o", "status": "active", "intent": "order"}
    order |= {name: case[name] for name in ("dosageInstruction", "contained") if name in case}
    (read,) = probe("Orders", [order])
    differing = {
        name: read.get(name) for name, expected in case["expect"].items() if not same(read.get(name), expected)
    }
    assert not differing


@pytest.mark.parametrize("case", cases("results.json"))
def test_the_latest_result_is_found_and_compared_or_said_to_be_missing(case):
    read = probe("Results", case["resources"], now=case["now"])
    differing = {
        name: read.get(name) for name, expected in case["expect"].items() if not same(read.get(name), expected)
    }
    assert not differing


DERIVED = {
    "formulas.json": "Formulas",
    "light-chains.json": "Light Chains",
    "courses.json": "Courses",
    "missing.json": "Missing",
    "missing-courses.json": "Missing Courses",
    "missing-problems.json": "Missing Problems",
    "missing-inputs.json": "Missing Inputs",
    "patients.json": "Patient Facts",
    "pregnancy.json": "Pregnancy Potential",
    "records.json": "Records",
}


@pytest.mark.parametrize(
    ("definition", "case"),
    [pytest.param(name, *case.values, id=case.id) for file, name in DERIVED.items() for case in cases(file)],
)
def test_what_is_derived_is_right_or_says_what_is_missing(definition, case):
    patient = {name: value for name, value in (PATIENT | case.get("patient", {})).items() if value is not None}
    read = probe(definition, case["resources"], patient=patient, **case.get("parameters", {}))
    (read,) = read if isinstance(read, list) else (read,)
    differing = {
        name: read.get(name) for name, expected in case["expect"].items() if not same(read.get(name), expected)
    }
    assert not differing


LOCAL_MAP = {
    "resourceType": "ConceptMap",
    "group": [
        {
            "source": "https://hospital.example.org/codes",
            "target": "https://fhir-cds.example.org/fhir/CodeSystem/clinical-concept",
            "element": [
                {"code": f"X-{name}", "target": [{"code": name, "equivalence": "equivalent"}]}
                for name in ("creatinine", "lenalidomide")
            ],
        }
    ],
}


@cache
def mappings():
    kinds = ("ConceptMap", "NamingSystem", "ObservationDefinition")
    return Mappings(
        [json.loads(path.read_bytes()) for kind in kinds for path in (MAPPINGS / kind).glob("*.json")] + [LOCAL_MAP]
    )


def gathered(resources):
    """The patient's data as the logic gets them: others' dropped, references resolved, codes and units mapped."""
    call = {"hook": "patient-view", "hookInstance": "00000000-0000-4000-8000-000000000001"}
    request = CDSRequest.from_json(call | {"context": {"userId": "Practitioner/d", "patientId": "p"}})
    now = datetime.fromisoformat(NOW)
    return asyncio.run(gather_patient_data((), request, None, mappings(), now=now, given=[PATIENT, *resources]))


def test_an_order_of_a_medication_that_nobody_sent_is_refused_and_not_overlooked():
    unknown = order("o", subject={"reference": "Patient/p"}, medicationReference={"reference": "Medication/m"})
    with pytest.raises(PreconditionFailed, match="Medication"):
        gathered([unknown])


def test_another_patients_results_are_counted():
    theirs = {"resourceType": "Observation", "id": "a", "status": "final", "subject": {"reference": "Patient/q"}}
    assert gathered([theirs]).dropped_other_patient == 1


@pytest.mark.parametrize("case", cases("coded.json"))
def test_codes_units_and_references_are_read_as_hospitals_send_them(case):
    session = engine().session(gathered(case["resources"]).resources, parameters={}, now=datetime.fromisoformat(NOW))
    read = to_json(session.evaluate("ClinicalDataProbe", "Coded"))
    differing = {
        name: read.get(name) for name, expected in case["expect"].items() if not same(read.get(name), expected)
    }
    assert not differing


def order(identifier, **elements):
    return {"resourceType": "MedicationRequest", "id": identifier, "status": "active", "intent": "order", **elements}


def test_current_orders_are_active_or_on_hold_meant_and_not_stopped_by_this_call():
    orders = [
        order("active"),
        order("on-hold", status="on-hold"),
        order("completed", status="completed"),
        order("not-to-be-given", doNotPerform=True),
        order("proposal", intent="proposal"),
        order("being-stopped"),
    ]
    drafts = [order("being-stopped", status="stopped"), order("active", status="draft")]
    assert probe("Treatment", orders, draftOrders=drafts)["orders"] == ["active", "on-hold"]


def test_a_statement_is_current_until_its_period_ends():
    def taking(identifier, status, **period):
        return {"resourceType": "MedicationStatement", "id": identifier, "status": status, "effectivePeriod": period}

    statements = [
        taking("a", "active", start="2026-01-01"),
        taking("b", "intended", start="2026-03-10"),
        taking("c", "active", start="2026-01-01", end="2026-03-02"),
        taking("d", "active", start="2026-01-01", end="2026-03-01"),
        taking("e", "completed", start="2026-01-01"),
    ]
    assert probe("Treatment", statements)["statements"] == ["a", "b", "c"]


def test_a_dose_given_35_days_ago_is_current_treatment_and_one_of_36_days_ago_is_not():
    def given(identifier, when, status="completed"):
        resource = {"resourceType": "MedicationAdministration", "id": identifier, "status": status}
        return resource | {"effectiveDateTime": when}

    doses = [given("a", "2026-01-26"), given("b", "2026-01-25"), given("c", "2026-02-20", "not-done")]
    assert probe("Treatment", doses)["given"] == ["a"]


def test_active_problems_are_neither_over_nor_refuted():
    def problem(identifier, clinical=None, verification=None, **elements):
        resource = {"resourceType": "Condition", "id": identifier, **elements}
        if clinical is not None:
            resource["clinicalStatus"] = {"coding": [{"code": clinical}]}
        if verification is not None:
            resource["verificationStatus"] = {"coding": [{"code": verification}]}
        return resource

    problems = [
        problem("active", "active", "confirmed"),
        problem("relapse", "relapse"),
        problem("no-status"),
        problem("resolved", "resolved"),
        problem("remission", "remission"),
        problem("refuted", "active", "refuted"),
        problem("error", "active", "entered-in-error"),
        problem("abated", "active", "confirmed", abatementDateTime="2026-02-01"),
    ]
    assert probe("Treatment", problems)["problems"] == ["active", "relapse", "no-status"]


def given_on(*days):
    dose = {"resourceType": "MedicationAdministration", "status": "completed"}
    return [dose | {"id": f"dose-{day}", "effectiveDateTime": day} for day in days]


def test_treatment_began_with_its_first_dose_else_with_its_first_order():
    orders = [order("a", authoredOn="2025-12-01"), order("b", authoredOn="2025-11-01", status="cancelled")]
    assert probe("Treatment", [*orders, *given_on("2026-01-20")])["first"].startswith("2026-01-20")
    assert probe("Treatment", orders)["first"].startswith("2025-12-01")


def test_a_pause_of_more_than_56_days_begins_a_new_course():
    assert probe("Treatment", given_on("2025-11-01", "2025-12-27", "2026-02-20"))["start"].startswith("2025-11-01")
    assert probe("Treatment", given_on("2025-11-01", "2025-12-28", "2026-02-20"))["start"].startswith("2025-12-28")


def test_an_order_that_still_runs_holds_its_course_together():
    orders = [order("cycle-1", status="completed", authoredOn="2025-05-01"), order("now", authoredOn="2025-06-01")]
    assert probe("Treatment", [*orders, *given_on("2026-02-20")])["start"].startswith("2025-05-01")


def quantity(identifier, value, unit):
    return {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "code": {"text": identifier},
        "effectiveDateTime": "2026-03-01",
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
    }


def test_cockcroft_gault_and_mosteller():
    measures = [quantity("height", 170, "cm"), quantity("weight", 72, "kg"), quantity("creatinine", 176.8, "umol/L")]
    body = probe("Body", measures)
    # Aged 59 until tomorrow: (140 - 59) x 72 x 0.85 / (72 x 2.0) = 34.425; sqrt(170 x 72 / 3600) = 1.8439
    assert (body["age"], float(body["clearance"]), float(body["surface"])) == (59, 34.43, 1.84)


def test_age_changes_on_the_birthday():
    assert probe("Body", [], now="2026-03-02T23:59:00+01:00")["age"] == 59
    assert probe("Body", [], now="2026-03-03T00:00:00+01:00")["age"] == 60


@pytest.mark.parametrize("missing", ["height", "weight", "creatinine"])
def test_without_an_input_the_formulas_are_unknown(missing):
    measures = [quantity("height", 170, "cm"), quantity("weight", 72, "kg"), quantity("creatinine", 176.8, "umol/L")]
    body = probe("Body", [one for one in measures if one["id"] != missing])
    assert body.get("surface" if missing == "height" else "clearance") is None


@pytest.mark.parametrize("change", [{"gender": "other"}, {"gender": None}, {"birthDate": None}, {"birthDate": "1966"}])
def test_without_sex_or_a_usable_birth_date_the_clearance_is_unknown(change):
    patient = {name: value for name, value in (PATIENT | change).items() if value is not None}
    measures = [quantity("weight", 72, "kg"), quantity("creatinine", 176.8, "umol/L")]
    assert probe("Body", measures, patient=patient).get("clearance") is None


def referenced(node, library):
    """Yield (library, name) of the definitions and functions that an ELM node of a library refers to."""
    if isinstance(node, list):
        for item in node:
            yield from referenced(item, library)
    elif isinstance(node, dict):
        if node.get("type") in ("ExpressionRef", "FunctionRef"):
            yield node.get("libraryName", library), node["name"]
        for value in node.values():
            yield from referenced(value, library)


def test_every_definition_that_guidelines_share_is_reached_by_the_cases():
    uses = {
        (library["identifier"]["id"], statement["name"]): set(referenced(statement, library["identifier"]["id"]))
        for path in [*(MAPPINGS / "Library").glob("*.json"), MAPPINGS / "tests" / "Library" / "ClinicalDataProbe.json"]
        for library in [elm(json.loads(path.read_bytes()))["library"]]
        for statement in library["statements"]["def"]
    }
    reached, found = set(), {named for named in uses if named[0] == "ClinicalDataProbe"}
    while found:
        reached |= found
        found = {named for user in found for named in uses.get(user, ())} - reached
    assert sorted(named for named in set(uses) - reached if named[1] != "Patient") == []
