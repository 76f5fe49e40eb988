"""Plans that others wrote and published, loaded unchanged from HL7's package of R4 examples.

`python -m tools.conformance.fhir_packages` fetches the package; without it these tests are skipped.
"""

from __future__ import annotations

import base64
import itertools
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cds.cards import cards_from_request_group
from cds.checks.check import check_content
from cds.content.artifact import Artifact
from cds.content.library import load_content
from cds.content.validation import validate
from cds.expressions.logic import Compiler
from cds.hooks.response import CDSResponse
from cds.reasoning.apply import apply_plan_definition
from cds.reasoning.call import Applied, Call
from cds.reasoning.results import care_plan
from tools.conformance.fhir_packages import R4_EXAMPLES, package_path, resource, resources

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(
        package_path(R4_EXAMPLES) is None,
        reason="run `python -m tools.conformance.fhir_packages` to fetch the examples",
    ),
]
NOW = datetime(2017, 3, 6, 17, 31, tzinfo=UTC)
PATIENT = {"resourceType": "Patient", "id": "example"}
# Where our RequestGroup is not HL7's, and why.
DIFFERENCES = {
    "RequestGroup.id": "ids are made, stable for equal input (PD-070)",
    "RequestGroup.identifier": "the hook instance; a direct call has none (PD-072)",
    "RequestGroup.intent": "proposal, as the CPG guide has it (PD-065); HL7's example is a plan already",
    "RequestGroup.priority": "the plan gives none, none is invented",
    "RequestGroup.contained": "the requests stand beside the group: CarePlan.contained or Bundle entries (PD-011)",
    "RequestGroup.action.id": "an action without an id gets one, because traces name it (PD-099)",
    "MedicationRequest.id": "as above; HL7's are those of the definitions",
    "MedicationRequest.status": "draft (PD-068); HL7's example says unknown",
    "MedicationRequest.intent": "option under an action (PD-066); HL7's example says proposal",
    "MedicationRequest.encounter, authoredOn, requester, recorder": "set from the call (PD-004, PD-073)",
}


def loaded(tmp_path, *files: str):
    for file, body in resources(R4_EXAMPLES, {file.partition("-")[0] for file in files}):
        if file in files:
            (tmp_path / file).write_bytes(body)
    return load_content([tmp_path])


def applied(content) -> Applied:
    (guideline,) = content.guidelines
    evaluators = Compiler(content).compile_guidelines()[guideline.id].evaluators([PATIENT], parameters={}, now=NOW)
    call = Call(patient=PATIENT, now=NOW, encounter="Encounter/example", practitioner="Practitioner/1")
    return apply_plan_definition(guideline.artifact, evaluators, call)


def without_made_ids(action: dict[str, Any], written: set[str], requests: dict[str, str]) -> dict[str, Any]:
    """The action with the ids that its author wrote, and references by the definition instead of the made id."""
    result = {name: value for name, value in action.items() if name != "id" or value in written}
    if "resource" in result:
        result["resource"] = {"reference": requests[result["resource"]["reference"]]}
    if "action" in result:
        result["action"] = [without_made_ids(one, written, requests) for one in result["action"]]
    return result


@pytest.mark.pd("PD-112", "PD-127", "PD-131")
def test_kdn5_gives_hl7s_request_group(tmp_path):
    expected = resource(R4_EXAMPLES, "RequestGroup-kdn5-example.json")
    result = applied(loaded(tmp_path, "PlanDefinition-KDN5.json"))
    requests = {reference: one.definition for reference, one in result.made.items()}
    written = {"cycle-definition-1", "action-1", "action-2"}
    ours = result.request_group
    assert [without_made_ids(one, written, requests) for one in ours["action"]] == expected["action"]

    same = {"resourceType", "status", "subject", "encounter", "author", "instantiatesCanonical"}
    assert {name: ours[name] for name in same} == {name: expected[name] for name in same}
    assert datetime.fromisoformat(ours["authoredOn"]) == datetime.fromisoformat(expected["authoredOn"])
    different = {name for name in {*ours, *expected} - {"text"} if ours.get(name) != expected.get(name)}
    assert {f"RequestGroup.{name}" for name in different - {"action", "authoredOn"}} == {
        name for name in DIFFERENCES if name.startswith("RequestGroup.") and not name.startswith("RequestGroup.action")
    }

    for request, theirs in zip(result.made.values(), expected["contained"], strict=True):
        own = request.resource
        for name in ("medicationCodeableConcept", "subject", "dosageInstruction"):
            assert own[name] == theirs[name]
        more = {"id", "status", "intent", "encounter", "authoredOn", "requester", "recorder"}
        assert {name for name in {*own, *theirs} if own.get(name) != theirs.get(name)} == more
    assert [issue.severity for issue in result.trace.issues] == ["warning"] * 3  # the plan is a draft, no kind twice


@pytest.mark.parametrize(
    ("file", "summaries", "labels"),
    [
        (
            "PlanDefinition-KDN5.json",
            ["21-day cycle for 6 cycles"],
            [["gemcitabine", "CARBOplatin"]],
        ),
        ("PlanDefinition-options-example.json", None, None),
    ],
)
def test_a_plan_of_others_runs_to_cards_unchanged(tmp_path, file, summaries, labels):
    content = loaded(tmp_path, file)
    result = applied(content)
    counter = itertools.count()
    cards = cards_from_request_group(result, guideline=content.guidelines[0], new_id=lambda: f"u{next(counter)}")
    wire = CDSResponse(cards=cards).to_wire()["cards"]
    assert wire
    assert all(card["source"]["label"] for card in wire)
    if summaries is not None:
        assert [card["summary"] for card in wire] == summaries
        made = [
            [
                action["resource"]["medicationCodeableConcept"]["text"]
                for offer in card["suggestions"]
                for action in offer["actions"]
            ]
            for card in wire
        ]
        assert made == labels
    plan = content.guidelines[0].artifact
    assert [*validate(Artifact(care_plan(result, plan), "", ""))] == []


@pytest.mark.pd("PD-257")
def test_every_plan_of_the_package_is_linted_with_file_path_and_reason(tmp_path):
    for file, body in resources(R4_EXAMPLES, ("PlanDefinition", "ActivityDefinition", "Library")):
        (tmp_path / file).write_bytes(body)
    findings = [one for one in check_content([tmp_path]) if one.rule in ("processor", "content", "compile")]
    assert all(one.file and one.path and one.message for one in findings)
    said = {one.message for one in findings}
    for expected in (
        "no compiled logic",
        "MedicationRequest has no element prescriber",
        "is no canonical: it is read as a relative reference",
        "is no hook of the CDS Hooks library",
        "no contained resource #amlodipinePrescription is loaded",
    ):
        assert any(expected in message for message in said), expected


ZIKA = Path(__file__).parent / "zika"
QUESTIONS = "http://example.org/questionnaires"
SNOMED = "http://snomed.info/sct"


@pytest.fixture(scope="module")
def zika(tmp_path_factory):
    """HL7's Zika plan and activities unchanged; the logic and the activities that its package lacks from `zika/`.

    The logic in the package is for a draft of FHIR 3: it is written anew for R4, under the names of the plan.
    """
    folder = tmp_path_factory.mktemp("zika")
    shutil.copytree(ZIKA, folder, dirs_exist_ok=True)
    wanted = (
        "PlanDefinition-zika-virus-intervention.json",
        "ActivityDefinition-administer-zika-virus-exposure-assessment.json",
        "ActivityDefinition-provide-mosquito-prevention-advice.json",
    )
    for file, body in resources(R4_EXAMPLES, ("PlanDefinition", "ActivityDefinition")):
        if file in wanted:
            (folder / file).write_bytes(body)
    content = load_content([folder])
    return content.guidelines[0], Compiler(content).compile_guidelines()["zika-virus-intervention"]


def condition(code: str, onset: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": code,
        "subject": {"reference": "Patient/example"},
        "clinicalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
        },
        "code": {"coding": [{"system": SNOMED, "code": code}]},
        "onsetDateTime": onset,
    }


def assessment(*yes: str, weeks: int | None = None) -> dict[str, Any]:
    components = [(name, {"valueBoolean": True}) for name in yes]
    if weeks is not None:
        quantity = {"value": weeks, "unit": "wk", "system": "http://unitsofmeasure.org", "code": "wk"}
        components.append(("weeks-since-exposure", {"valueQuantity": quantity}))
    return {
        "resourceType": "Observation",
        "id": "assessment",
        "status": "final",
        "issued": "2017-03-01T10:00:00Z",
        "subject": {"reference": "Patient/example"},
        "code": {"coding": [{"system": QUESTIONS, "code": "zika-virus-exposure-assessment"}]},
        "component": [
            {"code": {"coding": [{"system": QUESTIONS, "code": name}]}, **value} for name, value in components
        ],
    }


PREGNANT = condition("77386006", "2016-12-01")
TRAVEL, RESIDENT, PLANNED = "recent-travel-to-zika-area", "resident-of-zika-area", "planned-travel-to-zika-area"
PCR, IGM = "Serum and urine rRT-PCR for Zika virus", "Serum Zika virus IgM and dengue virus IgM"
LATE = "Zika virus IgM antibody testing"
ASSESS = "zika-virus-exposure-assessment"


@pytest.mark.parametrize(
    ("facts", "offered"),
    [
        ([], None),
        ([PREGNANT], [ASSESS]),
        ([PREGNANT, assessment()], []),
        ([PREGNANT, assessment(TRAVEL), condition("386661006", "2017-02-28")], [PCR]),
        ([PREGNANT, assessment(TRAVEL), condition("386661006", "2017-02-18")], [IGM]),
        # Fourteen days ago, but at what time of the day? Whether that is two weeks cannot be known.
        ([PREGNANT, assessment(TRAVEL), condition("386661006", "2017-02-20")], []),
        ([PREGNANT, assessment(TRAVEL), condition("386661006", "2016-12-01")], [LATE]),
        ([PREGNANT, assessment(TRAVEL, weeks=1)], [PCR]),
        ([PREGNANT, assessment(TRAVEL, weeks=2)], [IGM]),
        ([PREGNANT, assessment(TRAVEL, weeks=13)], [LATE]),
        ([PREGNANT, assessment(RESIDENT)], [IGM]),
        ([PREGNANT, assessment(PLANNED)], ["Provide Mosquito Prevention Advice", "Contraception advice"]),
    ],
)
def test_hl7s_zika_plan_gives_the_cards_of_the_cdcs_guidance(zika, facts, offered):
    guideline, logic = zika
    patient = PATIENT | {"gender": "female"}
    evaluators = logic.evaluators([patient, *facts], parameters={}, now=NOW)
    result = apply_plan_definition(guideline.artifact, evaluators, Call(patient=patient, now=NOW, hook="patient-view"))
    cards = cards_from_request_group(result, guideline=guideline, new_id=lambda: "00000000-0000-4000-8000-000000000001")
    assert [issue.message for issue in result.trace.issues if issue.severity == "error"] == []
    assert [card.summary for card in cards] == ([] if offered is None else ["Zika Virus Assessment"])
    made = [
        (action.resource.get("code") or action.resource["reasonCode"][0])
        for card in cards
        for offer in card.suggestions or ()
        for action in offer.actions
    ]
    assert [concept.get("text") or concept["coding"][0]["code"] for concept in made] == (offered or [])


def test_the_compiled_logic_of_the_zika_plan_is_that_of_its_cql():
    library = json.loads((ZIKA / "Library" / "zika-virus-intervention-logic.json").read_text())
    (source,) = [one["data"] for one in library["content"] if one["contentType"] == "text/cql"]
    assert base64.b64decode(source) == (ZIKA / "cql" / "ZikaVirusIntervention.cql").read_bytes()
