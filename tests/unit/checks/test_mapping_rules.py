"""cds check on mappings: every rule finds its fault, and only its fault."""

import pytest

from cds.checks.mapping_rules import MAPPING_RULES
from cds.content.artifact import Artifact
from cds.content.shelf import Shelf

BASE = "https://x.example.org/fhir"
OWN = f"{BASE}/CodeSystem/clinical-concept"
LOINC, NPU = "http://loinc.org", "http://npu-terminology.org"


def code_system(**displays):
    concepts = [{"code": code.replace("_", "-"), "display": display} for code, display in displays.items()]
    return {
        "resourceType": "CodeSystem",
        "id": "clinical-concept",
        "url": OWN,
        "content": "complete",
        "concept": concepts,
    }


def value_set(identifier, *codes):
    include = [{"system": system, "concept": [{"code": code, "display": display}]} for system, code, display in codes]
    return {
        "resourceType": "ValueSet",
        "id": identifier,
        "url": f"{BASE}/ValueSet/{identifier}",
        "compose": {"include": include},
    }


def concept_map(identifier, source, target, *pairs, equivalence="equivalent"):
    elements = [{"code": one, "target": [{"code": other, "equivalence": equivalence}]} for one, other in pairs]
    group = {"source": source, "target": target, "element": elements}
    return {"resourceType": "ConceptMap", "id": identifier, "url": f"{BASE}/ConceptMap/{identifier}", "group": [group]}


def observable(identifier, unit, *conversions, codes=()):
    """Conversions are (from, factor, basis)."""
    extensions = [
        {
            "url": f"{BASE}/StructureDefinition/unit-conversion",
            "extension": [
                {"url": "from", "valueString": source},
                {"url": "factor", "valueDecimal": factor},
                {"url": "basis", "valueString": basis},
            ][: 3 if basis else 2],
        }
        for source, factor, basis in conversions
    ]
    return {
        "resourceType": "ObservationDefinition",
        "id": identifier,
        "extension": extensions,
        "code": {"coding": [{"system": system, "code": code} for system, code in codes]},
        "quantitativeDetails": {"unit": {"coding": [{"code": unit}]}},
    }


def found(*resources):
    shelf = Shelf([Artifact(resource, f"{resource['id']}.json", ".") for resource in resources])
    return [(one.rule, one.file, one.path, one.message) for rule in MAPPING_RULES for one in rule.findings(shelf)]


SOUND = (
    code_system(creatinine="Creatinine", flc_kappa="Kappa"),
    value_set("creatinine", (LOINC, "14682-9", "Creatinine"), (OWN, "creatinine", "Creatinine")),
    value_set("flc-kappa", (LOINC, "36916-5", "Kappa"), (OWN, "flc-kappa", "Kappa")),
    concept_map("local", "https://hospital.example.org/codes", OWN, ("KREA", "creatinine"), ("CREA", "creatinine")),
    concept_map("false-friends", LOINC, OWN, ("33944-0", "flc-kappa"), equivalence="disjoint"),
    observable(
        "creatinine",
        "umol/L",
        ("mg/dL", 88.4, "molar mass"),
        ("mmol/L", 1000, "SI"),
        ("µmol/l", 1, "spelling"),
        codes=[(LOINC, "14682-9")],
    ),
    {"resourceType": "NamingSystem", "id": "sks", "uniqueId": [{"value": "urn:oid:1.2.3"}]},
    value_set("by-oid", ("urn:oid:1.2.3", "DC900", "Myeloma")),
)


def test_sound_mappings_have_no_findings():
    assert found(*SOUND) == []


@pytest.mark.parametrize(
    ("rule", "fault", "says"),
    [
        ("mapping-system", value_set("x", ("http://loinc.com", "1-8", "X")), "http://loinc.com is no code system"),
        ("mapping-system", concept_map("x", "urn:local", "http://loinc.com", ("a", "1-8")), "is no code system"),
        ("mapping-system", observable("x", "g", codes=[("LOINC", "1-8")]), "LOINC is no code system"),
        (
            "mapping-source",
            concept_map("x", "https://hospital.example.org/codes", OWN, ("KREA", "flc-kappa")),
            "KREA of https://hospital.example.org/codes is mapped to",
        ),
        ("mapping-source", concept_map("x", "urn:local", LOINC, ("a", "1-8"), ("a", "2-6")), "in x.json already"),
        ("mapping-unread", concept_map("x", "hospital lab", OWN, ("a", "creatinine")), "codes that are mapped as it"),
        ("mapping-unread", concept_map("x", "urn:local", OWN, ("a", "creatinine"), equivalence="narrower"), "a is not"),
        (
            "mapping-unread",
            concept_map("x", "urn:local", OWN, ("a", "creatinine"), equivalence="relatedto"),
            "a is not",
        ),
        ("mapping-code", concept_map("x", "urn:local", OWN, ("a", "kreatinin")), "has no code kreatinin"),
        ("mapping-code", value_set("x", (OWN, "kreatinin", "Creatinine")), "has no code kreatinin"),
        ("mapping-display", value_set("x", (LOINC, "36916-5", "Lambda")), "36916-5 is 'Lambda' here and 'kappa'"),
        ("mapping-display", value_set("x", (OWN, "creatinine", "Creatine")), "creatinine is 'Creatine' here"),
        ("mapping-unit", observable("x", "mcg"), "mcg"),
        ("mapping-unit", observable("x", "umol/L", ("mmol/L", 100, "SI")), "1 mmol/L is 1000"),
        ("mapping-unit", observable("x", "umol/L", ("mg/dL", 0, "none")), "factor"),
        (
            "mapping-unit",
            observable("x", "umol/L", ("mg/dL", 88.4, "a"), ("mg/L", 884, "b")),
            "1 mg/L is 0.1 mg/dL by UCUM, and that is 8.84 umol/L",
        ),
        (
            "mapping-unit",
            observable("x", "umol/L", ("mg/dL", 88.4, "a"), ("mg/dL", 88, "b")),
            "mg/dL is converted twice",
        ),
        ("mapping-unit", observable("x", "umol/L", ("mg/dL", 88.4, "")), "basis"),
        ("mapping-unit", observable("x", "mg/dL", codes=[(LOINC, "14682-9")]), "14682-9 stands in creatinine too"),
        ("mapping-twice", value_set("x", (LOINC, "1-8", "X"), (LOINC, "1-8", "X")), "1-8 stands here twice"),
    ],
)
def test_a_rule_finds_its_fault_and_says_where(rule, fault, says):
    ((name, file, path, message),) = found(*SOUND, fault)
    assert (name, file) == (rule, f"{fault['id']}.json")
    assert path.startswith(fault["resourceType"])
    assert says in message


def test_an_element_without_its_code_is_found_and_a_loose_relation_of_public_codes_is_not():
    nameless = concept_map("x", "urn:local", OWN, ("a", "creatinine"))
    del nameless["group"][0]["element"][0]["code"]
    aimless = concept_map("z", "urn:local", OWN, ("b", "creatinine"))
    del aimless["group"][0]["target"]
    for fault in (nameless, aimless):
        assert [one[0] for one in found(*SOUND, fault)] == ["mapping-unread"]
    loose = concept_map("y", LOINC, NPU, ("14682-9", "NPU18016"), equivalence="relatedto")
    assert found(*SOUND, loose) == []


def test_an_equivalent_is_no_mole_of_an_ion_with_two_charges():
    assert found(*SOUND, observable("calcium", "mmol/L", ("meq/L", 0.5, "two charges"), ("mg/dL", 0.2495, "a"))) == []


def flagged(*resources):
    return [(rule, file) for rule, file, *_ in found(*resources)]


def test_a_false_friend_may_stand_in_no_value_set_map_or_observable_of_its_concept():
    friend = concept_map("friends", LOINC, OWN, ("33944-0", "flc-kappa"), equivalence="disjoint")
    concepts = code_system(flc_kappa="Kappa", light_chains="Light chains")
    own, wrong = (OWN, "flc-kappa", "Kappa"), (LOINC, "33944-0", "Lambda")
    rule = "mapping-false-friend"
    assert flagged(concepts, friend, value_set("flc-kappa", own, wrong)) == [(rule, "flc-kappa.json")]
    observed = observable("flc-kappa", "mg/L", codes=[own[:2], wrong[:2]])
    assert flagged(concepts, friend, observed) == [(rule, "flc-kappa.json")]
    mapped = concept_map("local", LOINC, OWN, ("33944-0", "flc-kappa"))
    assert flagged(concepts, friend, mapped) == [(rule, "local.json")]
    group = value_set("light-chains", own, wrong)
    assert flagged(concepts, friend, group) == []


def test_a_false_friend_under_a_pattern_is_found_too():
    friend = concept_map("friends", NPU, OWN, ("NPU0263699", "flc-kappa"), equivalence="disjoint")
    pattern = value_set("flc-kappa", (OWN, "flc-kappa", "Kappa"))
    pattern["compose"]["include"].append(
        {"system": NPU, "filter": [{"property": "code", "op": "regex", "value": "NPU02.*"}]}
    )
    assert flagged(code_system(flc_kappa="Kappa"), friend, pattern) == [("mapping-false-friend", "flc-kappa.json")]
