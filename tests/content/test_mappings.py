"""fhir_mappings/: what was written from the terminology catalogue holds together, and no false friend is in it."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from cds.terminology.mappings import Mappings
from cds.terminology.value_sets import ValueSets

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "fhir_mappings"
LOINC, SNOMED, ATC, ICD10 = (
    "http://loinc.org",
    "http://snomed.info/sct",
    "http://www.whocc.no/atc",
    "http://hl7.org/fhir/sid/icd-10",
)
SKS = "urn:oid:1.2.208.176.2.4.12"
BASE = "https://fhir-cds.example.org/fhir"


@cache
def resources(kind):
    return {path.stem: json.loads(path.read_bytes()) for path in sorted((MAPPINGS / kind).glob("*.json"))}


@cache
def value_sets():
    return ValueSets([*resources("ValueSet").values(), *resources("CodeSystem").values()])


def contains(name, system, code):
    return value_sets().contains(f"{BASE}/ValueSet/{name}", None, system, code)


@pytest.mark.parametrize(
    ("name", "code", "what"),
    [
        ("plasma-cells-marrow", "26450-7", "eosinophils"),
        ("plasma-cells-marrow", "26098-4", "an ankle X-ray"),
        ("flc-kappa", "33944-0", "lambda light chains"),
        ("flc-lambda", "36916-5", "kappa light chains"),
        ("hcv-ab", "16933-4", "hepatitis B core antibody"),
        ("egfr", "35591-7", "a creatinine clearance"),
        ("creatinine-clearance-measured", "12195-4", "a clearance per 1.73 m2"),
        ("creatinine-clearance-estimated", "35592-5", "a clearance per 1.73 m2"),
        ("creatinine-clearance-measured", "98979-8", "an eGFR"),
    ],
)
def test_a_false_friend_is_in_no_value_set_of_the_other(name, code, what):
    assert contains(name, LOINC, code) is False, what


@pytest.mark.parametrize(
    ("name", "code"),
    [("imid", "L04AX01"), ("imid", "L04AX03"), ("bispecific-antibody", "L01FX15"), ("esa", "B03XA06")],
)
def test_a_drug_group_that_lists_its_members_takes_nothing_else_of_their_prefix(name, code):
    assert contains(name, ATC, code) is False


@pytest.mark.parametrize(
    ("name", "system", "code", "belongs"),
    [
        ("multiple-myeloma", ICD10, "C90.0", True),
        ("multiple-myeloma", ICD10, "C90.00", True),
        ("multiple-myeloma", ICD10, "C900", True),
        ("multiple-myeloma", ICD10, "C90.1", False),
        ("multiple-myeloma", SKS, "DC900", True),
        ("multiple-myeloma", SKS, "DC900A", True),
        ("multiple-myeloma", SKS, "C900", False),
        ("multiple-myeloma", SNOMED, "109989006", True),
        ("mds", ICD10, "D46.6", True),
        ("mds", ICD10, "D47.2", False),
        ("anticoagulant", ATC, "B01AF02", True),
        ("anticoagulant", ATC, "B01AC06", False),
        ("antithrombotic", ATC, "B01AC06", True),
        ("antithrombotic", ATC, "N02BA01", False),
        ("thromboembolic-event", ICD10, "I26.9", True),
        ("thromboembolic-event", ICD10, "I61.9", False),
        ("thromboembolic-event", ICD10, "I80.0", False),
    ],
)
def test_prefixes_reach_what_lies_below_and_no_further(name, system, code, belongs):
    assert contains(name, system, code) is belongs


def test_a_value_set_has_a_complete_expansion_or_none():
    for name, resource in resources("ValueSet").items():
        filtered = any("filter" in part for part in resource["compose"]["include"])
        listed = [
            (part["system"], one["code"]) for part in resource["compose"]["include"] for one in part.get("concept", ())
        ]
        expanded = [(one["system"], one["code"]) for one in resource.get("expansion", {}).get("contains", ())]
        assert ("expansion" in resource) is not filtered, name
        assert filtered or sorted(listed) == sorted(expanded), name
        assert len(listed) == len(set(listed)), f"{name} lists a code twice"


def test_every_value_set_holds_the_code_that_local_codes_are_mapped_to():
    for name in resources("ValueSet"):
        own = [f"{BASE}/CodeSystem/{system}" for system in ("clinical-concept", "clinical-finding")]
        assert any(contains(name, system, name) for system in own), name


def test_a_code_has_the_same_display_wherever_it_stands():
    displays = {}
    for name, resource in resources("ValueSet").items():
        for part in resource["compose"]["include"]:
            for one in part.get("concept", ()):
                plain = re.sub(r" \([a-z]+\)$", "", one["display"]).casefold()
                known, where = displays.setdefault((part["system"], one["code"]), (plain, name))
                assert plain == known, f"{one['code']} in {name} and in {where}"


def test_findings_are_defined_in_a_sentence():
    for concept in resources("CodeSystem")["clinical-finding"]["concept"]:
        assert concept["definition"].endswith("."), concept["code"]


@pytest.mark.parametrize(
    ("code", "unit", "canonical", "factor"),
    [
        ("2160-0", "mg/dL", "umol/L", "88.4"),
        ("14682-9", "µmol/L", "umol/L", "1"),
        ("718-7", "mmol/L", "g/dL", "1.6114"),
        ("718-7", "g/L", "g/dL", "0.1"),
        ("26499-4", "10^9/L", "10*9/L", "1"),
        ("26499-4", "/uL", "10*9/L", "0.001"),
        ("98979-8", "mL/min/1.73 m2", "mL/min/{1.73_m2}", "1"),
        ("21198-7", "m[IU]/mL", "[IU]/L", "1"),
        ("1952-1", "nmol/L", "mg/L", "0.0118"),
        ("1952-1", "nmol/l", "mg/L", "0.0118"),
        ("2160-0", "mg/dl", "umol/L", "88.4"),
        ("2160-0", "mg/L", "umol/L", "8.84"),
        ("2000-8", "meq/L", "mmol/L", "0.5"),
        ("777-3", "K/uL", "10*9/L", "1"),
        ("777-3", "G/L", "10*9/L", "1"),
        ("21198-7", "mIU/ml", "[IU]/L", "1"),
        ("8310-5", "°C", "Cel", "1"),
        ("38265-5", "SD", "{T-score}", "1"),
    ],
)
def test_units_of_a_laboratory_become_the_unit_of_the_guidelines(code, unit, canonical, factor):
    mappings = Mappings([*resources("ObservationDefinition").values(), *resources("ConceptMap").values()])
    found = mappings.conversion({(LOINC, code)}, unit)
    assert found is not None
    assert (found[0], str(found[1])) == (canonical, factor)


@pytest.mark.parametrize(("code", "unit"), [("98979-8", "mL/min"), ("2164-2", "mL/min/1.73 m2"), ("718-7", "umol/L")])
def test_a_unit_that_means_something_else_is_not_converted(code, unit):
    mappings = Mappings([*resources("ObservationDefinition").values()])
    assert mappings.conversion({(LOINC, code)}, unit) is None


@pytest.mark.parametrize("script", ["clinical_data_table.py", "concepts_table.py"])
def test_what_is_written_from_the_content_is_current(script):
    command = [sys.executable, str(ROOT / "tools" / "mappings" / script), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_page_of_concepts_lists_every_value_set_with_its_unit():
    rows = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")
    for name in resources("ValueSet"):
        assert f"| `{name}` |" in rows, name
    for name, definition in resources("ObservationDefinition").items():
        unit = definition["quantitativeDetails"]["unit"]["coding"][0]["code"]
        assert re.search(rf"\| `{re.escape(name)}` \| [^|]+ \| `{re.escape(unit)}` \|", rows), name
