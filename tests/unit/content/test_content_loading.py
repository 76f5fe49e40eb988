"""Content is read from folders, packages and Bundles; what is broken is told all together, with file and JSON path."""

from __future__ import annotations

import base64
import io
import json
import tarfile

import pytest

from cds.content.library import load_content
from cds.content.loader import read_content, read_package
from cds.content.problems import BrokenContent
from cds.errors import ContentError, NotFound

BASE = "https://example.org/fhir"


def library(name: str = "Logic", *definitions: str, includes: tuple = (), value_sets: tuple = (), **others) -> dict:
    elm = {
        "library": {
            "identifier": {"id": name, "version": "1"},
            "includes": {"def": [{"localIdentifier": path, "path": path, "version": "1"} for path in includes]},
            "valueSets": {"def": [{"name": url, "id": url} for url in value_sets]},
            "statements": {"def": [{"name": one, "expression": {"type": "Literal"}} for one in definitions]},
        }
    }
    data = base64.b64encode(json.dumps(elm).encode()).decode()
    return {
        "resourceType": "Library",
        "id": name.lower(),
        "url": f"{BASE}/Library/{name}",
        "version": "1",
        "status": "active",
        "type": {"coding": [{"code": "logic-library"}]},
        "content": [{"contentType": "application/elm+json", "data": data}],
    } | others


def plan(*actions: dict, **others) -> dict:
    return {
        "resourceType": "PlanDefinition",
        "id": "demo",
        "url": f"{BASE}/PlanDefinition/demo",
        "version": "1",
        "status": "active",
        "title": "Demo",
        "library": [f"{BASE}/Library/Logic|1"],
        "action": list(actions),
    } | others


def action(name: str = "Is Due", *hooks: str, **others) -> dict:
    return {
        "id": "card",
        "title": "Do it",
        "trigger": [{"type": "named-event", "name": hook} for hook in hooks or ("patient-view",)],
        "condition": [{"kind": "applicability", "expression": {"language": "text/cql-identifier", "expression": name}}],
    } | others


def write(folder, *resources: dict) -> None:
    for resource in resources:
        target = folder / resource["resourceType"]
        target.mkdir(parents=True, exist_ok=True)
        (target / f"{resource.get('id', 'x')}-{resource.get('version', '')}.json").write_text(json.dumps(resource))


def problems_of(*paths) -> list[str]:
    with pytest.raises(BrokenContent) as caught:
        load_content(paths)
    return [str(problem) for problem in caught.value.problems]


def package(path, *resources: dict, name: str = "demo", dependencies: dict | None = None) -> None:
    manifest = {"name": name, "version": "1.0.0", "dependencies": dependencies or {}}
    files = {"package/package.json": manifest, "package/.index.json": {}, "package/example/x.json": {"bad": 1}}
    files |= {f"package/{one['resourceType']}-{one['id']}.json": one for one in resources}
    with tarfile.open(path, "w:gz") as archive:
        for file, document in files.items():
            body = json.dumps(document).encode()
            member = tarfile.TarInfo(file)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))


@pytest.mark.pd("PD-202", "PD-207")
def test_every_hook_of_a_guideline_is_a_service(tmp_path):
    write(tmp_path, library("Logic", "Is Due"), plan(action("Is Due", "patient-view", "order-sign", "ward round")))
    content = load_content([tmp_path])
    assert [service.id for service in content.services] == ["demo-patient-view", "demo-order-sign"]
    assert content.find_service("demo-order-sign").guideline.title == "Demo"
    with pytest.raises(NotFound):
        content.find_service("demo-order-select")


@pytest.mark.pd("PD-018", "PD-019")
@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"status": "retired"}, "demo is retired: set the status of its PlanDefinition to active"),
        ({"status": "draft"}, "demo is a draft: set the status of its PlanDefinition to active"),
        ({"experimental": True}, "demo is experimental: take `experimental` out of its PlanDefinition"),
    ],
)
def test_only_active_and_tried_guidelines_are_offered_and_the_others_say_why_not(tmp_path, others, said):
    write(tmp_path, library("Logic", "Is Due"), plan(action(), **others))
    content = load_content([tmp_path])
    assert content.services == ()
    assert [(guideline.id, guideline.withheld) for guideline in content.guidelines] == [("demo", said)]


@pytest.mark.pd("PD-253", "PD-254", "PD-255")
def test_a_package_a_bundle_and_a_folder_hold_the_same_content(tmp_path):
    resources = [library("Logic", "Is Due"), plan(action())]
    package(tmp_path / "demo.tgz", *resources)
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "all.json").write_text(json.dumps(bundle))
    write(tmp_path / "tree", *resources)
    for path in (tmp_path / "demo.tgz", tmp_path / "bundles", tmp_path / "tree"):
        assert [service.id for service in load_content([path]).services] == ["demo-patient-view"]


@pytest.mark.pd("PD-254")
def test_a_package_reads_the_packages_it_depends_on_from_beside_it(tmp_path):
    package(tmp_path / "plan.tgz", plan(action()), dependencies={"logic": "1.0.0", "hl7.fhir.r4.core": "4.0.1"})
    assert any("logic#1.0.0 is needed" in problem for problem in problems_of(tmp_path / "plan.tgz"))
    package(tmp_path / "logic-1.0.0.tgz", library("Logic", "Is Due"), name="logic", dependencies={"plan": "1"})
    package(tmp_path / "plan-1.tgz", name="plan")
    assert load_content([tmp_path / "plan.tgz"]).services


def test_a_path_without_content_and_a_file_that_is_no_package_are_said(tmp_path):
    (tmp_path / "broken.tgz").write_bytes(b"not a tar file")
    found = problems_of(tmp_path / "nowhere", tmp_path / "broken.tgz")
    assert "broken.tgz: the package cannot be read" in found[0]
    assert "nowhere: there is no such folder or .tgz package" in found[1]


@pytest.mark.pd("PD-257", "PD-259")
def test_all_broken_files_are_told_together_with_their_paths(tmp_path):
    write(tmp_path, library("Logic", "Is Due"), plan(action(titel="x")))
    (tmp_path / "ValueSet").mkdir()
    (tmp_path / "ValueSet" / "a.json").write_text('{"resourceType": "ValueSet", }')
    (tmp_path / "ValueSet" / "b.json").write_text('{"resourceType": "CodeSystem"}')
    found = problems_of(tmp_path)
    assert any("PlanDefinition.action[0].titel: R4 has no such element here" in one for one in found)
    assert any("a.json: the file is not JSON" in one and "line 1 column" in one for one in found)
    assert any("b.json: resourceType: the folder ValueSet holds resources of this type only" in one for one in found)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ('{"resourceType": ["Library"]}', "resourceType: this is no text"),
        ('{"resourceType": "Bundle", "entry": 5}', "Bundle.entry: this is no list"),
        ('{"resourceType": "Bundle", "entry": null}', "Bundle.entry: this is no list"),
        ('{"resourceType": "Bundle", "entry": [null]}', "Bundle.entry[0]: this holds no resource"),
        ('{"resourceType": "Bundle", "entry": [{}, {"resource": "x"}]}', "Bundle.entry[1]: this holds no resource"),
        ('{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": []}}]}', "Bundle.entry[0]: this holds no"),
    ],
)
def test_a_file_of_another_shape_is_a_problem_in_a_folder_and_in_a_package(tmp_path, document, problem):
    (tmp_path / "x.json").write_text(document)
    assert any(f"x.json: {problem}" in one for one in problems_of(tmp_path))
    sent = io.BytesIO()
    with tarfile.open(fileobj=sent, mode="w:gz") as archive:
        archive.add(tmp_path / "x.json", "package/x.json")
    problems = read_package(sent.getvalue(), "sent", max_bytes=1_000_000, max_files=10).problems
    assert any(f"x.json: {problem}" in str(one) for one in problems)


def test_what_is_no_file_that_can_be_read_is_a_problem(tmp_path):
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.json").mkdir()
    found = problems_of(tmp_path)
    assert any("gone.json: this cannot be read (FileNotFoundError)" in one for one in found)
    assert any("folder.json: this cannot be read (IsADirectoryError)" in one for one in found)


@pytest.mark.parametrize("manifest", ["[]", '{"dependencies": []}', '{"dependencies": null}'])
def test_a_package_whose_manifest_has_another_shape_depends_on_nothing(tmp_path, manifest):
    (tmp_path / "package.json").write_text(manifest)
    (tmp_path / "Library.json").write_text(json.dumps(library("Logic", "Is Due")))
    (tmp_path / "Plan.json").write_text(json.dumps(plan(action())))
    with tarfile.open(tmp_path / "odd.tgz", "w:gz") as archive:
        for name in ("package.json", "Library.json", "Plan.json"):
            archive.add(tmp_path / name, f"package/{name}")
    assert load_content([tmp_path / "odd.tgz"]).services


def test_a_package_with_damaged_bytes_is_a_problem(tmp_path):
    package(tmp_path / "whole.tgz", library("Logic", "Is Due"), plan(action()))
    whole = (tmp_path / "whole.tgz").read_bytes()
    for place in range(12, len(whole), 7):
        (tmp_path / "whole.tgz").write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        assert isinstance(read_content(tmp_path / "whole.tgz").problems, list)


def test_a_code_outside_its_required_binding_is_refused(tmp_path):
    write(tmp_path, library("Logic", "Is Due"), plan(action(selectionBehavior="none")))
    assert "PlanDefinition.action[0].selectionBehavior: 'none' is not one of the codes" in problems_of(tmp_path)[0]


def test_tests_and_sources_beside_the_content_are_not_read_as_content(tmp_path):
    write(tmp_path, library("Logic", "Is Due"), plan(action()))
    for folder in ("tests", "cql", ".hidden"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.json").write_text('{"resourceType": "PlanDefinition", "titel": 1}')
    assert load_content([tmp_path]).services


@pytest.mark.pd("PD-025", "PD-055", "PD-257")
@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ([plan(action())], "PlanDefinition.library[0]: no Library https://example.org/fhir/Library/Logic|1 is loaded"),
        (
            [library("Logic", "Is Due"), plan(action(definitionCanonical=f"{BASE}/ActivityDefinition/x"))],
            "action[0].definitionCanonical: no definition https://example.org/fhir/ActivityDefinition/x is loaded",
        ),
        (
            [library("Logic", "Is Due"), plan(action(definitionCanonical="#x"))],
            "action[0].definitionCanonical: no contained resource #x is loaded",
        ),
        (
            [library("Logic", "Is Due"), plan(action("Is Du"))],
            "condition[0].expression.expression: 'Is Du' is not a public definition of Logic: did you mean 'Is Due'?",
        ),
        (
            [library("Logic", "Is Due", includes=("Shared",)), plan(action())],
            "no CQL library Shared version 1 is loaded",
        ),
        ([library("Logic", "Is Due", value_sets=("urn:v",)), plan(action())], "no ValueSet urn:v is loaded"),
        ([library("Logic", content=[]), plan(action())], "carries no compiled logic"),
        (
            [library("Logic", content=[{"contentType": "application/elm+json", "data": "AAAA"}]), plan(action())],
            "the attachment application/elm+json is not base64 of an ELM document",
        ),
        ([library("Logic", "Is Due"), plan(action(), action())], "the action id 'card' is used at action[0] too"),
        (
            [library("Logic", "Is Due"), plan(action(trigger=[{"type": "named-event"}]))],
            "action[0].trigger[0]: a named-event trigger needs a name",
        ),
        (
            [library("Logic", "Is Due"), plan(action()), plan(action(), id="other")],
            "is already defined in",
        ),
        (
            [library("Logic", "Is Due"), plan(action()), plan(action(), url=f"{BASE}/PlanDefinition/2", version="2")],
            "PlanDefinition/demo is already defined in",
        ),
    ],
)
def test_what_does_not_hang_together_stops_the_start(tmp_path, resources, message):
    write(tmp_path, *resources)
    assert any(message in problem for problem in problems_of(tmp_path))


@pytest.mark.pd("PD-044")
def test_names_resolve_in_one_library_and_need_a_qualifier_with_several(tmp_path):
    libraries = [library("Logic", "Is Due", "Other"), library("More", "Is Due")]
    both = [f"{BASE}/Library/Logic", f"{BASE}/Library/More"]
    write(tmp_path / "good", *libraries, plan(action('More."Is Due"'), library=both))
    assert load_content([tmp_path / "good"]).services
    write(tmp_path / "bad", *libraries, plan(action(), library=both))
    assert any("needs its library (Logic and More)" in problem for problem in problems_of(tmp_path / "bad"))


@pytest.mark.pd("PD-159")
def test_an_activity_definition_resolves_names_in_its_own_library(tmp_path):
    dynamic = {"path": "code.text", "expression": {"language": "text/cql-identifier", "expression": "Text"}}
    activity = {
        "resourceType": "ActivityDefinition",
        "id": "act",
        "url": f"{BASE}/ActivityDefinition/act",
        "status": "active",
        "dynamicValue": [dynamic],
    }
    resources = [
        library("Logic", "Is Due"),
        library("Texts", "Text"),
        plan(action(definitionCanonical=activity["url"])),
    ]
    write(tmp_path / "own", *resources, activity | {"library": [f"{BASE}/Library/Texts"]})
    assert load_content([tmp_path / "own"]).services
    write(tmp_path / "plans", *resources, activity)
    found = problems_of(tmp_path / "plans")
    assert "ActivityDefinition.dynamicValue[0].expression.expression: 'Text' is not a public definition" in found[0]


@pytest.mark.pd("PD-026")
def test_a_canonical_with_version_is_exact_and_without_one_the_newest_active(tmp_path):
    versions = {"1.9.0": "active", "1.10.0": "active", "2.0.0": "draft"}
    write(tmp_path, *(library("Logic", id=f"v{one}", version=one, status=status) for one, status in versions.items()))
    shelf = load_content([tmp_path]).shelf
    assert shelf.find(f"{BASE}/Library/Logic").version == "1.10.0"
    assert shelf.find(f"{BASE}/Library/Logic|2.0.0").version == "2.0.0"
    assert shelf.find(f"{BASE}/Library/Logic|3") is None
    assert shelf.find(f"{BASE}/Library/Logic", "ValueSet") is None


def test_the_revision_changes_with_the_files_a_guideline_stands_on_and_with_no_others(tmp_path):
    write(tmp_path, library("Logic", "Is Due"), plan(action()), library("Unused"))
    before = load_content([tmp_path]).guidelines[0].revision
    write(tmp_path, library("Unused", "New"))
    assert load_content([tmp_path]).guidelines[0].revision == before
    write(tmp_path, library("Logic", "Is Due", "New"))
    assert load_content([tmp_path]).guidelines[0].revision != before


def test_a_guideline_that_is_asked_for_and_not_there_stops_the_start(tmp_path):
    write(tmp_path, library("Logic", "Is Due"), plan(action()))
    assert load_content([tmp_path], ["demo"]).services
    with pytest.raises(ContentError, match="no guideline called 'dmeo'; those loaded are: demo"):
        load_content([tmp_path], ["dmeo"])


TIMING = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
DATA = [{"type": "Observation"}]
CONDITION = {"language": "text/fhirpath", "expression": "true"}


@pytest.mark.pd("PD-201")
@pytest.mark.parametrize(
    ("trigger", "broken"),
    [
        ({"type": "named-event", "name": "patient-view"}, None),
        ({"type": "named-event"}, "trd-3"),
        ({"type": "periodic", "timingTiming": TIMING}, None),
        ({"type": "periodic"}, "trd-3"),
        ({"type": "data-added", "data": DATA}, None),
        ({"type": "data-added"}, "trd-3"),
        ({"type": "data-added", "data": DATA, "condition": CONDITION}, None),
        ({"type": "named-event", "name": "patient-view", "condition": CONDITION}, "trd-2"),
        ({"type": "data-added", "data": DATA, "timingTiming": TIMING}, "trd-1"),
    ],
)
def test_a_trigger_keeps_the_invariants(tmp_path, trigger, broken):
    write(tmp_path, library("Logic", "Is Due"), plan(action(trigger=[trigger])))
    if broken is None:
        load_content([tmp_path])
    else:
        assert any(f"({broken})" in problem for problem in problems_of(tmp_path))
