"""What a CQL definition says at once, and what takes more to say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cds.content.elm import DefinitionName
from cds.content.shelf import Shelf
from cds.engine.errors import EvaluationError
from cds.engine.evidence import Explanation
from cds.engine.question import Question
from cds.expressions.evaluators import Evaluators
from cds.expressions.outcome import Outcome


class OneValue:
    def __init__(self, value: Any) -> None:
        self._value = value

    def evaluate(self, library: str, definition: str) -> Any:
        assert (library, definition) == ("Logic", "Is Due")
        if isinstance(self._value, Exception):
            raise self._value
        return self._value

    def first_false(self, question: Question) -> int | None:
        pytest.fail(str(question))

    def explanation(self) -> Explanation:
        return Explanation({}, {})


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (True, Outcome.TRUE),
        (False, Outcome.FALSE),
        (None, Outcome.UNKNOWN),
        (1, None),
        (0, None),
        ("true", None),
        ([True], None),
        ([], None),
        (EvaluationError("cannot compare mg with mL"), None),
    ],
)
def test_only_true_false_and_null_are_said_at_once(value, outcome):
    ready = Evaluators(
        OneValue(value),
        shelf=Shelf([]),
        compile_path=lambda text: pytest.fail(text),
        to_json=lambda value: value,
        now=datetime(2026, 3, 2, tzinfo=UTC),
    )
    assert ready.decide(DefinitionName("Logic", "Is Due")) is outcome
