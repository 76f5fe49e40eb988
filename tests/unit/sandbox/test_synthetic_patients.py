"""The charts are valid FHIR R4, use verified codes only, and say what their stories say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from fhir.resources.R4B import get_fhir_model_class

from cds.fhir.json import dumps, loads
from cds.fhir.systems import ATC, CVX, ICD_10, LOINC, NPU, RXNORM, SNOMED_CT
from cds.sandbox.chart_codes import DRUGS, LABS, PROBLEMS, PROCEDURES
from cds.sandbox.store import FHIRStore
from cds.sandbox.synthetic_patients import (
    DEMO_PATIENT,
    STORIES,
    BrokenSeed,
    find_story,
    read_stories,
    sandbox_resources,
)

TODAY = date(2026, 3, 2)
SYSTEMS = {"LOINC": LOINC, "NPU": NPU, "SNOMED": SNOMED_CT, "ATC": ATC, "RXNORM": RXNORM, "ICD-10": ICD_10, "CVX": CVX}


def all_resources() -> list[dict[str, Any]]:
    return sandbox_resources(TODAY) + [draft for story in STORIES for draft in story.chart(TODAY).drafts]


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for item in node:
            yield from nodes(item)


def test_there_are_at_least_thirty_patients():
    assert len(STORIES) >= 30
    assert len({story.id for story in STORIES}) == len(STORIES)


@pytest.mark.parametrize("resource", all_resources(), ids=lambda resource: resource["id"])
def test_every_resource_is_valid_r4(resource):
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_ids_are_unique_and_the_same_on_every_day():
    today = [(resource["resourceType"], resource["id"]) for resource in all_resources()]
    later = [(r["resourceType"], r["id"]) for r in sandbox_resources(TODAY + timedelta(days=100))]
    assert len(set(today)) == len(today)
    assert today[: len(later)] == later


def test_every_reference_finds_its_resource():
    store = FHIRStore(sandbox_resources(TODAY))
    for resource in all_resources():
        inside = {f"#{inner['id']}" for inner in resource.get("contained", [])}
        for node in nodes(resource):
            if isinstance(node.get("reference"), str) and node["reference"] not in inside:
                store.read(*node["reference"].split("/"))


@pytest.mark.parametrize("today", [date(2026, 3, 2), date(2028, 2, 29), date(2027, 12, 31)])
def test_the_demonstration_patient_has_a_clearance_of_24_on_any_day(today):
    chart = find_story(DEMO_PATIENT).chart(today)
    born = date.fromisoformat(chart.resources[0]["birthDate"])
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    creatinine = next(r for r in chart.resources if r["id"] == "renal-failure-creatinine")["valueQuantity"]["value"]
    weight = next(r for r in chart.resources if r["id"] == "renal-failure-body-weight")["valueQuantity"]["value"]
    clearance = Decimal((140 - age) * weight) / (72 * (creatinine / Decimal("88.4")))
    assert Decimal("23.5") <= clearance < Decimal("24.5")


def test_the_charts_mix_code_systems_units_and_forms_of_medication():
    everything = list(nodes(all_resources()))
    assert {LOINC, NPU} <= {node.get("system") for node in everything}
    assert {"mg/dL", "umol/L"} <= {node["code"] for node in everything if isinstance(node.get("code"), str)}
    orders = [node for node in everything if node.get("resourceType") == "MedicationRequest"]
    assert any("medicationCodeableConcept" in order for order in orders)
    assert any(order.get("medicationReference", {}).get("reference", "").startswith("#") for order in orders)
    assert any(order.get("medicationReference", {}).get("reference", "").startswith("Medication/") for order in orders)
    first = [node["code"]["coding"][0]["system"] for node in everything if node.get("resourceType") == "Observation"]
    assert any("hospital.example.org" in system for system in first)


def test_numbers_survive_json_with_their_digits():
    for resource in all_resources():
        assert loads(dumps(resource)) == resource


def test_every_code_is_a_verified_one():
    shared = Path(os.environ.get("CDS_SHARED", Path(__file__).parents[4] / "shared"))
    terminology = shared / "guidelines" / "terminology.yaml"
    if not terminology.exists():
        pytest.skip("the terminology catalogue is not at hand")
    verified = {
        (SYSTEMS[node["system"]], str(node["code"]))
        for node in nodes(yaml.safe_load(terminology.read_text()))
        if "code" in node and node.get("system") in SYSTEMS
    }
    used = {(n["system"], n["code"]) for n in nodes(all_resources()) if n.get("system") in SYSTEMS.values()}
    assert used <= verified


def test_every_code_of_the_table_is_used():
    used = {node["code"] for node in nodes(all_resources()) if isinstance(node.get("code"), str)}
    drugs = {drug.atc for drug in DRUGS.values()}
    problems = {problem.snomed or problem.icd_10 for problem in PROBLEMS.values()}
    procedures = {code for _, code in PROCEDURES.values()}
    assert drugs <= used
    assert problems | procedures <= used
    assert all({lab.loinc, lab.npu} & used for lab in LABS.values())


SEED = """
group = "Some"

[[patients]]
id = "someone"
title = "Someone"
story = "A person."
hook = "patient-view"
person = { given = "A", family = "B", gender = "male", age = 70 }
"""


def test_a_seed_keeps_its_digits():
    (story,) = read_stories(f'{SEED}results = [{{ name = "creatinine-mass", ago = 1, value = 1.10 }}]', "seed")
    assert str(story.chart(TODAY).resources[-1]["valueQuantity"]["value"]) == "1.10"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("colour = 1", "patients.0.colour"),
        ('results = [{ name = "creatinin", ago = 1, value = 1 }]', "patients.0.results.0.name"),
        ('results = [{ name = "creatinine", value = 1 }]', "ago with value"),
        ('results = [{ name = "creatinine", ago = 1, value = 1, series = [[1, 2]] }]', "ago with value"),
        ('orders = [{ drug = "lenalidomide", dose = "25", daily = 1 }]', "patients.0.orders.0.dose"),
        ('orders = [{ drug = "lenalidomide", dose = "25 mg" }]', "one of daily, every and days"),
        ('orders = [{ drug = "lenalidomide", dose = "25 mg", daily = 1, every = "1 wk" }]', "one of daily"),
        ("problems = [", "seed: "),
    ],
)
def test_a_broken_seed_is_refused_with_the_place(line, said):
    with pytest.raises(BrokenSeed, match=said):
        read_stories(SEED + line, "seed")
