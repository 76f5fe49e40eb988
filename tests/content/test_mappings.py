"""fhir_mappings/: what was written from the terminology catalogue holds together, and no false friend is in it."""

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from cds.app import content_paths
from cds.checks.check import check_content
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


@pytest.mark.parametrize(
    ("concept", "says"),
    [
        ("creatinine", "28 days (Creatinine Window)"),
        ("creatinine", "no-venetoclax: 7 days (Window Of Chemistry)"),
        ("dialysis", "nl-lenalidomide: 30 days (Dialysis Window)"),
        ("beta2-microglobulin", "no-myeloma: 90 days (Staging Window)"),
        ("pregnancy-test", "3 days (Test Before The Prescription, Test Window)"),
        ("hysterectomy", "nl-lenalidomide: any age"),
    ],
)
def test_the_page_of_concepts_says_in_which_window_a_guideline_reads_them(concept, says):
    rows = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8").splitlines()
    (row,) = [row for row in rows if row.startswith(f"| `{concept}` |")]
    assert says in row


def test_every_concept_that_is_used_has_a_window_or_any_age():
    rows = [row for row in (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8").splitlines() if "| `" in row]
    used = [row.split(" | ") for row in rows if not row.endswith("|  |")]
    assert len(used) > 200
    assert [
        cells[0] for cells in used if not all(name in cells[-2] for name in cells[-1].strip(" |").split(", "))
    ] == []


CATALOGUE = ROOT.parent / "shared" / "guidelines" / "terminology.yaml"


@pytest.fixture
def edited(tmp_path):
    """A copy of fhir_mappings with a concept, a definition and a unit that somebody wrote by hand."""
    folder = tmp_path / "fhir_mappings"
    shutil.copytree(MAPPINGS, folder)
    change(folder / "CodeSystem" / "clinical-finding.json", add_finding)
    change(folder / "ValueSet" / "creatinine.json", lambda resource: resource.update(description="Seen by us."))
    (folder / "ValueSet" / "hair-loss.json").write_text(json.dumps(HAIR_LOSS))
    return folder


HAIR_LOSS = {
    "resourceType": "ValueSet",
    "id": "hair-loss",
    "url": f"{BASE}/ValueSet/hair-loss",
    "version": "1.0.0",
    "status": "active",
    "compose": {"include": [{"system": f"{BASE}/CodeSystem/clinical-finding", "concept": [{"code": "hair-loss"}]}]},
}


def add_finding(system):
    system["concept"].insert(0, {"code": "hair-loss", "display": "Hair loss", "definition": "Hair was lost."})
    system["count"] = len(system["concept"])


def change(path, edit):
    resource = json.loads(path.read_bytes())
    edit(resource)
    path.write_text(json.dumps(resource, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


@pytest.mark.skipif(not CATALOGUE.is_file(), reason="the terminology catalogue is not beside this checkout")
def test_generating_again_keeps_what_was_written_by_hand_and_adds_what_is_missing(edited):
    change(edited / "CodeSystem" / "clinical-concept.json", lambda system: system["concept"].pop(0))
    (edited / "ObservationDefinition" / "urate.json").unlink()
    before = {path: path.read_bytes() for path in edited.rglob("*.json")}
    script = ROOT / "tools" / "mappings" / "generate.py"
    subprocess.run([sys.executable, str(script), str(CATALOGUE), "--out", str(edited)], check=True)
    after = {path: path.read_bytes() for path in edited.rglob("*.json")}
    changed = {path.relative_to(edited).as_posix() for path in after if after[path] != before.get(path)}
    assert changed == {"ObservationDefinition/urate.json", "CodeSystem/clinical-concept.json"}
    concepts = json.loads(after[edited / "CodeSystem" / "clinical-concept.json"])["concept"]
    shipped = resources("CodeSystem")["clinical-concept"]["concept"]
    assert sorted(one["code"] for one in concepts) == sorted(one["code"] for one in shipped)


def checked(folder):
    """What `cds check` finds in mappings alone."""
    return {(finding.rule, Path(finding.file).name) for finding in check_content([folder])}


def test_the_shipped_mappings_can_be_named_to_be_checked():
    assert content_paths([MAPPINGS]) == content_paths([])


def test_a_concept_added_by_hand_is_checked_like_any_other(edited):
    assert checked(edited) == set()
    change(edited / "CodeSystem" / "clinical-finding.json", lambda system: system["concept"].pop(0))
    assert checked(edited) == {("mapping-code", "hair-loss.json")}


BREAKING = [
    ("mapping-system", "ValueSet/creatinine.json", lambda vs: include(vs, LOINC).update(system="http://loinc.com")),
    ("mapping-display", "ValueSet/creatinine.json", lambda vs: include(vs, LOINC)["concept"][0].update(display="Urea")),
    (
        "mapping-twice",
        "ValueSet/anc.json",
        lambda vs: include(vs, LOINC)["concept"].append(include(vs, LOINC)["concept"][0]),
    ),
    (
        "mapping-false-friend",
        "ValueSet/flc-kappa.json",
        lambda vs: include(vs, LOINC)["concept"].append({"code": "33944-0"}),
    ),
    (
        "mapping-false-friend",
        "ObservationDefinition/flc-kappa.json",
        lambda definition: definition["code"]["coding"].append({"system": LOINC, "code": "33944-0"}),
    ),
    (
        "mapping-source",
        "ConceptMap/rxnorm-to-atc.json",
        lambda concept_map: concept_map["group"][0]["element"].append(concept_map["group"][0]["element"][0]),
    ),
    (
        "mapping-unit",
        "ObservationDefinition/creatinine.json",
        lambda definition: definition["extension"][1]["extension"][1].update(valueDecimal=100),
    ),
]


def include(value_set, system):
    return next(part for part in value_set["compose"]["include"] if part.get("system") == system)


@pytest.mark.parametrize(
    ("rule", "file", "broken"), BREAKING, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_fault_in_the_shipped_mappings_is_found(tmp_path, rule, file, broken):
    folder = tmp_path / "fhir_mappings"
    shutil.copytree(MAPPINGS, folder)
    change(folder / file, broken)
    assert (rule, Path(file).name) in checked(folder)
