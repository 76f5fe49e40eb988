"""A small guideline that works: the one that `cds new-guideline` writes."""

from __future__ import annotations

from datetime import date

import pytest

from cds.app import content_paths
from cds.authoring.scaffold import NewGuideline, write_guideline
from cds.tester.runner import knowledge_with_drafts

GUIDELINE = "xx-painkillers"


@pytest.fixture
def folder(tmp_path):
    write_guideline(NewGuideline(id=GUIDELINE, title="Painkillers"), tmp_path, today=date(2026, 11, 20))
    return tmp_path / GUIDELINE


@pytest.fixture(scope="session")
def knowledge(tmp_path_factory):
    into = tmp_path_factory.mktemp("content")
    write_guideline(NewGuideline(id=GUIDELINE, title="Painkillers"), into, today=date(2026, 11, 20))
    return knowledge_with_drafts(content_paths([into / GUIDELINE]))
