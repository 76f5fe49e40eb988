"""The report says what was measured: from recorded figures, without a clock."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import charts
from tests.benchmarks.bars import bars_of
from tests.benchmarks.fit import exponent
from tests.benchmarks.peers import rule
from tests.benchmarks.report import page, write_report
from tests.benchmarks.requests import count_observations, prefetch, with_observations
from tests.server.conftest import running

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text())


@pytest.fixture
def results() -> dict[str, Any]:
    return copy.deepcopy(RECORDED)


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        ({10: 5.0, 100: 50.0, 1000: 500.0}, 1.0),
        ({10: 1.0, 100: 100.0}, 2.0),
        ({20: 7.0, 200: 7.0, 2000: 7.0}, 0.0),
        ({1: 1.0, 10: 4.0, 100: 10.0}, 0.5),
    ],
)
def test_the_exponent_is_the_slope_of_the_logarithms(points: dict[int, float], wanted: float) -> None:
    assert exponent(points) == pytest.approx(wanted)


def test_every_chart_of_the_page_is_written_and_is_xml(results: dict[str, Any], tmp_path: Path) -> None:
    write_report(results, tmp_path)
    named = set(re.findall(r"\]\((benchmark-\w+\.svg)\)", (tmp_path / "benchmark.md").read_text()))
    assert named == {path.name for path in tmp_path.glob("*.svg")}
    assert len(named) == 5
    for name in named:
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")


def test_the_page_says_for_each_bar_whether_the_run_met_it(results: dict[str, Any]) -> None:
    row = next(row for row in results["ceiling"] if row["service"] == "nl-lenalidomide-order-select")
    row["bare"]["per_second"] = 1000.0
    for per_second, wanted in ((400.0, "| 40 % | met |"), (399.0, "| 39.9 % | **not met** |")):
        row["ours"]["per_second"] = per_second
        assert wanted in page(results)


def test_what_was_not_measured_is_said_to_be_so_and_is_not_met(results: dict[str, Any]) -> None:
    del results["peers"], results["growth"]
    missing = [bar for bar in bars_of(results) if bar.found is None]
    assert len(missing) == 5
    assert {bar.met for bar in missing} == {None}
    assert page(results).count("| not measured |") == 5


def test_a_peer_that_could_not_be_started_is_named_and_the_others_are_shown(results: dict[str, Any]) -> None:
    results["peers"]["peers"][1] = {"name": "HAPI", "failed": "HapiFailed"}
    for row in results["peers"]["rows"]:
        del row["peers"]["HAPI"]
    assert "| HAPI | not measured (HapiFailed) |" in page(results)
    assert "| 200 | Node |" in page(results)
    assert [bar.met for bar in bars_of(results) if "HAPI" in bar.name] == [None]


def test_a_quick_look_does_not_call_itself_a_benchmark_run(results: dict[str, Any]) -> None:
    results["quick"] = True
    assert "A quick look" in page(results)
    results["quick"] = False
    assert "A quick look" not in page(results)


def test_bars_are_as_long_as_their_values() -> None:
    drawn = ElementTree.fromstring(charts.bars("t", {"one": 10.0, "two": 20.0}, unit="ms"))
    widths = [float(one.get("width", "")) for one in drawn.iter() if one.get("class") == "a"]
    assert widths[1] == pytest.approx(2 * widths[0], rel=0.01)


def test_a_call_is_filled_up_to_the_wanted_observations() -> None:
    templates = {"patient": "Patient/{{context.patientId}}", "results": "Observation?patient={{context.patientId}}"}
    body = json.loads(rule.body(templates, 3, rule.LOW))
    assert count_observations(with_observations(body, 20)) == 20
    assert count_observations(with_observations(body, 2)) == 3


def test_a_template_with_codes_gets_the_results_of_these_codes_only() -> None:
    results = [
        {"resourceType": "Observation", "code": {"coding": [{"system": "http://loinc.org", "code": code}]}}
        for code in ("718-7", "2160-0")
    ]
    filled = prefetch(
        {"hb": "Observation?patient=p&code=http://loinc.org|718-7", "all": "Observation?patient=p"}, results
    )
    assert [entry["resource"] for entry in filled["hb"]["entry"]] == results[:1]
    assert len(filled["all"]["entry"]) == 2


def test_the_rule_of_the_peers_gives_its_card_here() -> None:
    with running(sandbox=False, content=(rule.CONTENT,)) as server:
        (service,) = server.services().values()
        url = str(server.http.base_url).rstrip("/")
        answers = rule.check("this server", url, service["id"], service["prefetch"])
    assert answers == [rule.CARD, "no card", "no card"]
