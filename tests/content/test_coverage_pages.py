"""docs/coverage/ says what the guidelines really hold."""

from __future__ import annotations

from functools import cache

import pytest
import yaml

from tools import coverage_page
from tools.coverage_page import PAGES, ROOT, SHARED, coded_recommendations, load, pages, shared_catalogue

GUIDELINES = sorted(path.name for path in (ROOT / "plan_definitions").iterdir() if path.is_dir())


@cache
def content():
    return load()


def test_every_committed_page_is_what_the_generator_writes_now():
    stale = [
        str(name)
        for name, text in pages(content()).items()
        if not (PAGES / name).is_file() or (PAGES / name).read_text(encoding="utf-8") != text
    ]
    assert not stale, "run `make coverage-pages`"
    assert {path.name for path in PAGES.iterdir()} == {"index.md", *(f"{name}.md" for name in GUIDELINES)}


def test_every_page_is_in_the_navigation_of_the_site():
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert {f"coverage/{name}.md" for name in GUIDELINES} <= {
        path
        for part in navigation
        for group in part.values()
        if isinstance(group, list)
        for one in group
        for path in one.values()
    }


@pytest.mark.parametrize("guideline", GUIDELINES)
def test_the_recommendation_codes_are_those_of_the_catalogue(guideline):
    path = SHARED / "guidelines" / f"{guideline}.yaml"
    if not path.is_file():
        pytest.skip("the recommendation catalogue is not at hand (CDS_SHARED)")
    assert set(coded_recommendations(guideline, content().shelf)) == set(shared_catalogue(path))


def test_without_the_catalogue_the_codes_are_counted(monkeypatch, tmp_path):
    monkeypatch.setattr(coverage_page, "SHARED", tmp_path)
    (found,) = [one for one in content().guidelines if one.id == "dk-denosumab"]
    page = coverage_page.page(found, content().shelf)
    assert len(page.catalogue) == 31
    assert "**31 of 31 recommendations implemented**" in coverage_page.markdown(page)
