"""All shipped logic can be stored, and stored logic answers the cases of its guideline as compiled logic does."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds.content.library import load_content
from cds.engine.elm import compile as elm_compile
from cds.engine.elm import libraries
from cds.expressions.logic import Compiler
from cds.tester.runner import run_cases
from tests.unit.memory_cache import MemoryCache

ROOT = Path(__file__).parents[2]
SHIPPED = [ROOT / "fhir_mappings", ROOT / "plan_definitions"]


@pytest.fixture(scope="module")
def stored() -> MemoryCache:
    """What a first start keeps."""
    cache = MemoryCache()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elm_compile, "_cache", type(elm_compile._cache)())
        content = load_content(SHIPPED, cache=cache)
        Compiler(content, cache=cache).compile_guidelines()
    reached = {
        library
        for guideline in content.guidelines
        for library in guideline.dependencies.of_type("Library")
        if content.shelf.compiled(library)
    }
    assert len([kind for kind, _ in cache if kind == "logic"]) == len(reached) > 50
    return cache


def test_stored_logic_answers_every_case_and_nothing_is_compiled(stored, monkeypatch):
    monkeypatch.setattr(elm_compile, "_cache", type(elm_compile._cache)())
    monkeypatch.setattr(libraries, "compile_library", compiled)
    kept = len(stored)
    report = run_cases([ROOT / "fhir_mappings", ROOT / "plan_definitions" / "dk-denosumab"], cache=stored)
    assert len(report.results) > 50
    assert [result for result in report.results if not result.passed] == []
    assert len(stored) == kept


def compiled(document, *_, **__):
    raise AssertionError(f"{document.title} was compiled")
