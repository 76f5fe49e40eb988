"""docs/lenalidomide-story.md says what the lenalidomide guideline really answers, visit by visit."""

from __future__ import annotations

import pytest
import yaml

from tools import lenalidomide_story
from tools.lenalidomide_story import PAGE, ROOT, StoryFailed, page


def test_the_committed_page_is_what_the_guideline_answers_now():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tools.lenalidomide_story`"


def test_the_page_is_in_the_navigation_of_the_site():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert PAGE.name in {
        path for part in yaml.safe_load(navigation)["nav"] for path in part.values() if isinstance(path, str)
    }


def test_a_story_without_visits_is_no_page(monkeypatch):
    monkeypatch.setattr(lenalidomide_story, "STORY", "no-such-story")
    with pytest.raises(StoryFailed, match="no-such-story"):
        page()
