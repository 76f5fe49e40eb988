"""The templates that discovery shows: stable keys, short enough, within the subset that clients understand."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest

from cds.data.data_requirements import DataRequirement
from cds.data.prefetch_templates import prefetch_templates
from cds.errors import ContentError
from cds.fhir.extensions import CANONICAL_BASE
from cds.fhir.systems import LOINC


def observations(name: str, *codes: str, system: str = LOINC) -> DataRequirement:
    return DataRequirement(type="Observation", name=name, codes=frozenset((system, code) for code in codes))


def test_the_patient_comes_first_and_keys_are_readable():
    templates = prefetch_templates(
        [
            observations("egfr", "62238-1", "33914-3"),
            DataRequirement(type="MedicationRequest", name="drugs", codes=frozenset({("a", "b")})),
            DataRequirement(type="AllergyIntolerance"),
            DataRequirement(type="Patient"),
        ]
    )
    assert templates == {
        "patient": "Patient/{{context.patientId}}",
        "allergy-intolerances": "AllergyIntolerance?patient={{context.patientId}}",
        "medication-requests": "MedicationRequest?patient={{context.patientId}}&_include=MedicationRequest:medication",
        "egfr": "Observation?patient={{context.patientId}}&code=http://loinc.org|33914-3,http://loinc.org|62238-1",
    }


def test_the_order_of_requirements_does_not_change_the_templates():
    requirements = [observations("a", "1"), observations("b", "2"), DataRequirement(type="Condition")]
    forwards, backwards = prefetch_templates(requirements), prefetch_templates(reversed(requirements))
    assert list(forwards.items()) == list(backwards.items())


def test_a_long_list_of_codes_is_split_and_nothing_is_lost():
    codes = [f"{number}-1" for number in range(500)]
    templates = prefetch_templates([observations("many", *codes)])
    del templates["patient"]
    assert list(templates)[:2] == ["many", "many-2"]
    assert all(len(template) <= 2000 for template in templates.values())
    asked = [code for template in templates.values() for code in re.findall(r"\|(\d+-1)", template)]
    assert sorted(asked) == sorted(codes)


def test_two_value_sets_with_the_same_id_get_two_keys():
    one = DataRequirement(type="Observation", name="egfr", value_set="a/egfr", codes=frozenset({("s", "1")}))
    two = DataRequirement(type="Observation", name="egfr", value_set="b/egfr", codes=frozenset({("s", "2")}))
    assert set(prefetch_templates([one, two])) == {"patient", "egfr", "egfr-2"}


def test_findings_of_our_own_code_system_share_one_key():
    own = f"{CANONICAL_BASE}/CodeSystem/clinical-finding"
    mixed = DataRequirement(type="Observation", name="both", codes=frozenset({(own, "c"), (LOINC, "1")}))
    templates = prefetch_templates([observations("a", "a", system=own), observations("b", "b", system=own), mixed])
    assert set(templates) == {"patient", "both", "clinical-findings"}
    assert templates["clinical-findings"].endswith(f"&code={own}|a,{own}|b")


def test_odd_characters_of_a_code_survive_the_url():
    template = prefetch_templates([observations("odd", "a&b +c|d,e", system="urn:local")])["odd"]
    pairs = dict(parse_qsl(template.partition("?")[2]))
    assert pairs["code"] == r"urn:local|a&b +c\|d\,e"


def test_every_template_is_a_read_or_a_search_with_known_tokens_only():
    templates = prefetch_templates([observations("a", "1"), DataRequirement(type="Condition")])
    for template in templates.values():
        assert re.fullmatch(r"[A-Z][A-Za-z]+(/|\?).+", template)
        assert set(re.findall(r"\{\{(.*?)\}\}", template)) == {"context.patientId"}


def test_medications_and_practitioners_are_not_asked_for_by_patient():
    assert set(prefetch_templates([DataRequirement(type="Medication")])) == {"patient"}


def test_a_type_that_cannot_be_searched_by_patient_is_broken_content():
    with pytest.raises(ContentError, match="ActivityDefinition"):
        prefetch_templates([DataRequirement(type="ActivityDefinition")])
