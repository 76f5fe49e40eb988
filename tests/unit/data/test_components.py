"""The components of a panel are results of their own, at the time and with the status of the panel."""

from __future__ import annotations

from decimal import Decimal

from cds.data.components import with_components

SPINE, HIP = {"coding": [{"system": "http://loinc.org", "code": "38267-1"}]}, {"text": "Hip"}
PANEL = {
    "resourceType": "Observation",
    "id": "dxa-1",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "38268-9"}]},
    "subject": {"reference": "Patient/p"},
    "effectiveDateTime": "2026-02-01",
    "valueString": "see the parts",
    "interpretation": [{"text": "abnormal"}],
    "hasMember": [{"reference": "Observation/x"}],
    "component": [
        {"id": "c1", "code": SPINE, "valueQuantity": {"value": Decimal("-2.7"), "unit": "SD"}},
        {"code": HIP, "dataAbsentReason": {"text": "prosthesis"}},
        {"valueString": "without a code"},
        "no object",
    ],
}


def test_each_component_with_a_code_is_an_observation_of_its_own():
    panel, spine, hip = with_components(PANEL)
    assert panel is PANEL
    assert spine == {
        "resourceType": "Observation",
        "id": "dxa-1",
        "status": "final",
        "code": SPINE,
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-02-01",
        "valueQuantity": {"value": Decimal("-2.7"), "unit": "SD"},
    }
    assert hip == {name: value for name, value in spine.items() if name != "valueQuantity"} | {
        "code": HIP,
        "dataAbsentReason": {"text": "prosthesis"},
    }


def test_a_resource_without_components_is_alone():
    single = {name: value for name, value in PANEL.items() if name != "component"}
    assert list(with_components(single)) == [single]
    medication = {"resourceType": "Questionnaire", "component": [{"code": SPINE}]}
    assert list(with_components(medication)) == [medication]
