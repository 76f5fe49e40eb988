"""Which part of a guideline is judged: by library, recommendation, definition; and what both commands make of it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cds.app import content_paths
from cds.cli.main import app
from cds.errors import ContentError
from cds.expressions.logic_graph import Unit
from cds.tester.focus import EVERYTHING, Focus
from cds.tester.mutation_run import mutate
from cds.tester.runner import run_cases
from tests.unit.tester.conftest import GUIDELINE


def units(knowledge, **limits):
    found = Focus(**limits).units(knowledge.content.find_guideline(GUIDELINE), knowledge.content.shelf)
    return {unit.name for unit in found}


def test_without_a_limit_all_of_the_guidelines_own_logic_is_meant(knowledge):
    assert {"eGFR Is Too Low", "eGFR Window", "NSAID Avoided Below"} <= units(knowledge)
    assert units(knowledge) == units(knowledge, library="XxPainkillers")


@pytest.mark.parametrize("name", ["eGFR Window", "XxPainkillers.eGFR Window", 'XxPainkillers."eGFR Window"'])
def test_a_definition_is_named_alone_or_with_its_library(knowledge, name):
    assert units(knowledge, definition=name) == {"eGFR Window"}


@pytest.mark.parametrize("name", ["xx-painkillers-nsaid-low-egfr", "nsaid-low-egfr"])
def test_a_recommendation_means_what_its_branches_use(knowledge, name):
    assert {"eGFR Is Too Low", "eGFR Window"} <= units(knowledge, recommendation=name)


@pytest.mark.parametrize("limits", [{"library": "Other"}, {"recommendation": "egfr"}, {"definition": "Other"}])
def test_what_the_guideline_does_not_have_is_nothing(knowledge, limits):
    assert units(knowledge, **limits) == set()


def test_a_condition_is_taken_by_its_action_and_by_its_definition():
    condition = Unit("definition", "L", "Is Low")
    assert EVERYTHING.takes("g", "g-low.branch", condition)
    assert EVERYTHING.takes("g", "g-low", None)
    assert Focus(recommendation="low").takes("g", "g-low.branch", condition)
    assert not Focus(recommendation="high").takes("g", "g-low", condition)
    assert Focus(library="L").takes("g", "g-low", condition)
    assert not Focus(library="M").takes("g", "g-low", condition)
    assert not Focus(library="L").takes("g", "g-low", None)


def test_coverage_of_a_part_lists_only_that_part(folder):
    paths = content_paths([folder])
    whole = run_cases(paths, definitions=True)
    part = run_cases(paths, definitions=True, focus=Focus(recommendation="nsaid-low-egfr", definition="eGFR Window"))
    assert [one.definition for one in part.definitions] == ["eGFR Window"]
    assert len(part.results) == len(whole.results)
    assert len(part.definitions) < len(whole.definitions)


def test_a_part_that_no_guideline_has_is_refused_by_its_name(folder):
    with pytest.raises(ContentError, match="there is no library 'Other' in xx-painkillers"):
        run_cases(content_paths([folder]), focus=Focus(library="Other"))
    with pytest.raises(ContentError, match="there is no recommendation 'high' and definition 'eGFR Window'"):
        mutate(content_paths([folder]), GUIDELINE, focus=Focus(recommendation="high", definition="eGFR Window"))


def test_both_commands_take_a_library_and_a_recommendation(folder):
    limits = ["--library", "XxPainkillers", "--recommendation", "nsaid-low-egfr", "--format", "json"]
    done = CliRunner().invoke(app, ["mutate", GUIDELINE, str(folder), *limits])
    assert (done.exit_code, json.loads(done.stdout)["tried"]) == (0, 6), done.output
    done = CliRunner().invoke(app, ["test", str(folder), "--coverage", *limits])
    assert done.exit_code == 0, done.output
    assert {one["library"] for one in json.loads(done.stdout)["definitions"]} == {"XxPainkillers"}
