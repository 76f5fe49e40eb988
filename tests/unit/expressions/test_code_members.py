"""Value sets as the engine asks for them."""

from __future__ import annotations

import pytest

from cds.engine.errors import EvaluationError
from cds.expressions import code_members
from cds.expressions.code_members import EngineValueSets
from cds.terminology.value_sets import ValueSets

PATTERN = {
    "resourceType": "ValueSet",
    "url": "urn:v",
    "compose": {"include": [{"system": "urn:s", "filter": [{"property": "code", "op": "regex", "value": "C90.*"}]}]},
}


def members():
    codes = EngineValueSets(ValueSets([PATTERN])).codes("urn:v", None)
    assert codes is not None
    return codes["urn:s"]


def test_a_pattern_can_be_asked_for_a_code_and_not_listed():
    pattern = members()
    assert "C90.0" in pattern
    assert "C91.0" not in pattern
    assert None not in pattern
    with pytest.raises(EvaluationError):
        sorted(pattern)


def test_answers_are_right_beyond_those_that_are_kept(monkeypatch):
    monkeypatch.setattr(code_members, "_ANSWERS_KEPT", 2)
    pattern = members()
    for _ in range(2):
        assert [f"C9{number}.1" in pattern for number in range(5)] == [True, False, False, False, False]
    assert pattern._holds.cache_info().currsize == 2
