"""The sandbox page in headless Chromium: cards, accepting, overriding, reasons, keyboard, and what it must not do."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cds.fhir.json import dumps
from cds.sandbox.synthetic_patients import find_story
from tests.e2e.browser import CHROMIUM, Tab, browsing
from tests.server.conftest import Server, running

GUIDELINE = Path(__file__).parents[2] / "plan_definitions" / "dk-denosumab"
AXE = Path(__file__).parents[2] / ".cache" / "axe-core" / "node_modules" / "axe-core" / "axe.min.js"
AXE_VERSION = "4.14.1"
KIDNEY = "article.card[data-topic=nl-lenalidomide-renal-mm-severe]"

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browsing(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab, server: Server) -> Iterator[Tab]:
    """A tab that must neither complain nor ask another host for anything."""
    browser.look()
    browser.problems.clear()
    browser.hosts.clear()
    yield browser
    assert browser.problems == []
    assert browser.hosts == {server.settings.public_url.removeprefix("http://")}


def visit(tab: Tab, server: Server, patient: str, hook: str) -> None:
    """Open a patient from the beginning and fire a hook."""
    server.http.post(f"/playground/patients/{patient}/reset", content="")
    tab.go(f"{server.settings.public_url}/playground/patients/{patient}")
    tab.click(f"button[name=hook][value={hook}]")
    tab.wait("document.querySelector('.call') && document.activeElement.id === 'answer'")


def test_a_patient_is_chosen_a_card_appears_and_goes_when_its_suggestion_is_accepted(tab, server):
    server.http.post("/playground/patients/renal-failure/reset", content="")
    tab.go(f"{server.settings.public_url}/")
    tab.click("a[href$='/renal-failure']")
    tab.wait("document.querySelector('button[value=order-select]')")
    assert "275 umol/L" in tab.text("aside")
    tab.click("button[value=order-select]")
    tab.wait(f"document.querySelector('{KIDNEY}')")
    assert "24 mL/min" in tab.text(KIDNEY)
    assert "CRITICAL" in tab.text(KIDNEY)
    tab.click(f"{KIDNEY} .suggestions button")
    tab.wait("document.querySelector('.note')")
    assert tab.count(KIDNEY) == 0
    assert tab.run("document.querySelector('input[name=dose]').value") == "7.5"
    assert "the draft order was changed" in tab.text(".note")


def test_an_edited_dose_changes_the_answer(tab, server):
    visit(tab, server, "renal-failure", "order-select")
    assert tab.count(KIDNEY) == 1
    tab.fill("input[name=dose]", "7.5")
    tab.click("button[value=order-select]")
    tab.wait(f"!document.querySelector('{KIDNEY}')")
    assert "7.5 mg once daily on days 1-21 of a 28-day cycle" in tab.text(".written")


def test_a_dose_that_is_no_number_is_said_at_the_form(tab, server):
    visit(tab, server, "renal-failure", "order-select")
    tab.fill("input[name=dose]", "a lot")
    tab.click("button[value=order-select]")
    tab.wait("document.querySelector('#visit .fault')")
    assert "must be a number" in tab.text("#visit .fault")
    tab.wait("document.activeElement.matches('#visit .fault')")
    assert 0 <= tab.run("document.querySelector('#visit .fault').getBoundingClientRect().top") < 900


def test_a_server_that_does_not_answer_is_said(tab, server):
    visit(tab, server, "renal-failure", "order-select")
    tab.send("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    tab.click("button[value=order-select]")
    tab.wait("!document.getElementById('failure').hidden")
    tab.send("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    assert "does not answer" in tab.text("#failure")
    tab.click("button[value=order-select]")
    tab.wait("document.getElementById('failure').hidden")
    tab.problems[:] = [each for each in tab.problems if "ERR_INTERNET_DISCONNECTED" not in each and "htmx:" not in each]


@pytest.mark.parametrize("mode", ["prefetch", "mixed", "fhir-server"])
def test_the_cards_are_the_same_however_the_data_come(tab, server, mode):
    server.http.post("/playground/patients/renal-failure/reset", content="")
    tab.go(f"{server.settings.public_url}/playground/patients/renal-failure")
    tab.click(f"input[value={mode}]")
    tab.click("button[value=order-select]")
    tab.wait("document.querySelector('.call')")
    assert tab.count(KIDNEY) == 1
    assert tab.count(".answer article.fault") == 0


def test_an_overridden_card_is_reported_with_its_reason(tab, server):
    visit(tab, server, "renal-failure", "order-select")
    tab.click(f"{KIDNEY} .override summary")
    tab.run(f"document.querySelector('{KIDNEY} input[name=comment]').value = 'Dose agreed with the nephrologist'")
    tab.click(f"{KIDNEY} .override button")
    tab.wait("document.querySelector('.card.overridden')")
    assert "Dose agreed with the nephrologist" in tab.text(".card.overridden")
    tab.click("details.sent summary")
    assert "1 received, 0 unmatched" in tab.text("details.sent")


def test_the_reason_of_a_card_names_value_unit_date_and_resource(tab, server):
    visit(tab, server, "renal-failure", "order-select")
    tab.click(f"{KIDNEY} .why summary")
    why = tab.text(f"{KIDNEY} .why")
    for expected in ("Creatinine: 275 umol/L", "Observation/renal-failure-creatinine", "read from the FHIR server"):
        assert expected in why


def test_silent_recommendations_say_which_condition_did_not_hold(tab, server):
    visit(tab, server, "renal-failure", "order-select")
    tab.click("details[hx-get$='/silent/nl-lenalidomide-order-select'] summary")
    tab.wait("document.querySelector('.silent')")
    assert "Test Is Missing is false" in tab.text(".silent")


def test_the_raw_call_can_be_repeated_with_curl(tab, server):
    visit(tab, server, "renal-failure", "order-select")
    tab.click("details[hx-get$='/calls/nl-lenalidomide-order-select'] summary")
    tab.wait("document.getElementById('curl-nl-lenalidomide-order-select')")
    command = tab.run("document.getElementById('curl-nl-lenalidomide-order-select').textContent")
    answer = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=30)
    assert any("24 mL/min" in card["summary"] for card in json.loads(answer.stdout)["cards"])


def test_the_picture_of_a_guideline_shows_what_the_last_decision_was(tab, server):
    visit(tab, server, "renal-failure", "order-select")
    tab.click("a[href='/playground/guidelines/nl-lenalidomide?patient=renal-failure']")
    tab.wait("document.querySelector('.picture svg')")
    fired = tab.run("[...document.querySelectorAll('.box.action.true title')].map(each => each.textContent)")
    assert len(fired) >= 3
    assert tab.count(".box.action") == tab.count(".recommendations tbody tr")
    assert tab.count(".recommendations .outcome.true") == len(fired)


def test_a_pasted_request_gets_its_cards(tab, server):
    tab.go(f"{server.settings.public_url}/playground/request")
    tab.click("form.order button")
    tab.wait("document.querySelector('.card')")
    assert tab.count(KIDNEY) == 1
    assert tab.count("article.card form") == 0


def test_what_is_wrong_with_a_pasted_request_is_said(tab, server):
    tab.go(f"{server.settings.public_url}/playground/request")
    tab.fill("textarea", '{"hook": "patient-view"')
    tab.click("form.order button")
    tab.wait("document.querySelector('#visit .fault')")
    assert "not JSON" in tab.text("#visit .fault")


def test_no_card_is_explained_and_not_an_empty_page(tab, server):
    visit(tab, server, "nothing-wrong", "order-select")
    assert "No cards" in tab.text("#answer")
    assert "Nothing to advise" in tab.text(".answer")


def test_everything_can_be_done_with_the_keyboard_alone(tab, server):
    server.http.post("/playground/patients/renal-failure/reset", content="")
    tab.go(f"{server.settings.public_url}/")
    _tab_to(tab, "a[href$='/renal-failure']")
    tab.press("Enter")
    tab.wait("document.querySelector('button[value=order-select]')")
    _tab_to(tab, "button[value=order-select]")
    tab.press("Enter")
    tab.wait("document.activeElement.id === 'answer'")
    _tab_to(tab, f"{KIDNEY} .suggestions button")
    tab.press("Enter")
    tab.wait("document.querySelector('.note') && document.activeElement.id === 'answer'")


def _tab_to(tab: Tab, selector: str) -> None:
    for _ in range(60):
        tab.press("Tab")
        if tab.run(f"document.activeElement.matches({json.dumps(selector)})"):
            return
    pytest.fail(f"Tab never reaches {selector}")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("state", ["choose", "patient", "cards", "silent", "guideline", "request", "package"])
def test_axe_finds_no_serious_violation(tab, server, state, dark, tmp_path):
    script = _axe()
    if state == "choose":
        tab.go(f"{server.settings.public_url}/")
    elif state == "patient":
        tab.go(f"{server.settings.public_url}/playground/patients/erythropoietin-too-high")
    elif state == "request":
        tab.go(f"{server.settings.public_url}/playground/request")
        tab.click("form.order button")
        tab.wait("document.querySelector('.card')")
    elif state == "package":
        tab.go(f"{server.settings.public_url}/playground/package")
        tab.choose_file("input[name=package]", _package(tmp_path))
        tab.click("form.order button")
        tab.wait("document.querySelector('#services')")
    else:
        visit(tab, server, "renal-failure", "order-select")
        tab.run("document.querySelectorAll('.card details').forEach(each => { each.open = true })")
    if state == "silent":
        tab.run("document.querySelectorAll('.call details').forEach(each => { each.open = true })")
        tab.wait("document.querySelectorAll('.silent').length === 4 && document.querySelector('.call pre')")
        tab.run("document.querySelectorAll('.silent details').forEach((each, n) => { each.open = n < 5 })")
    if state == "guideline":
        tab.go(f"{server.settings.public_url}/playground/guidelines/nl-lenalidomide?patient=renal-failure")
    tab.look(dark=dark)
    tab.run(f"{script}; 0")
    found = tab.run(
        "axe.run().then(r => r.violations.map(v => [v.id, v.impact, v.nodes.map(n => n.html).slice(0, 3)]))"
    )
    assert [each for each in found if each[1] in ("serious", "critical")] == []


def test_a_narrow_screen_needs_no_scrolling_sideways(tab, server):
    tab.look(width=360, height=740, mobile=True)
    for address in ("/", "/playground/patients/renal-failure", "/playground/guidelines/dk-denosumab"):
        tab.go(f"{server.settings.public_url}{address}")
        assert tab.run("document.documentElement.scrollWidth") <= 360
    visit(tab, server, "renal-failure", "order-select")
    tab.run("document.querySelectorAll('.card details').forEach(each => { each.open = true })")
    assert tab.run("document.documentElement.scrollWidth") <= 360


def _axe() -> str:
    """Return axe-core; it is fetched once into an ignored folder."""
    if not AXE.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed: axe-core cannot be fetched")
        folder = AXE.parents[2]
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--silent", "--no-save", "--prefix", str(folder), f"axe-core@{AXE_VERSION}"]
        if subprocess.run(command, check=False, capture_output=True, timeout=120).returncode:
            pytest.skip("axe-core could not be fetched from the npm registry")
    return AXE.read_text(encoding="utf-8")


def test_a_pasted_bundle_gets_the_cards_of_its_patient(tab, server):
    chart = find_story("renal-failure").chart(datetime.now(UTC).date())
    entries = [{"resource": resource} for resource in [*chart.resources, *chart.drafts]]
    bundle = dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).decode()
    tab.go(f"{server.settings.public_url}/playground/request")
    tab.fill("textarea[name=request]", bundle)
    tab.click("form.order button")
    tab.wait(f"document.querySelector('{KIDNEY}')")


def test_an_uploaded_package_is_checked_and_tried_on_every_patient(tab, server, tmp_path):
    tab.go(f"{server.settings.public_url}/playground/package")
    tab.choose_file("input[name=package]", _package(tmp_path))
    tab.click("form.order button")
    tab.wait("document.querySelector('#services')")
    assert "mine.tgz: can be served" in tab.text("#checks")
    assert tab.count("section details article.card") > 10


def _package(folder: Path) -> Path:
    """A guideline folder as a FHIR package."""
    package = folder / "mine.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for path in sorted(GUIDELINE.glob("*/*.json")):
            if path.parent.name != "tests":
                archive.add(path, f"package/{path.parent.name}-{path.name}")
    return package
