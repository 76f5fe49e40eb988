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
from cds.expressions.evaluation import Evaluated, Scope
from cds.expressions.evaluators import Evaluators
from cds.expressions.outcome import Outcome

IS_DUE = DefinitionName("Logic", "Is Due")


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


def evaluators(value: Any) -> Evaluators:
    return Evaluators(
        OneValue(value),
        shelf=Shelf([]),
        compile_path=lambda text: pytest.fail(text),
        to_json=str,
        now=datetime(2026, 3, 2, tzinfo=UTC),
    )


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
    assert evaluators(value).decide(IS_DUE) is outcome


def test_an_expression_that_is_known_to_run_a_definition_needs_no_scope():
    expression = {"language": "text/cql-identifier", "expression": "Is Due", "description": "whether it is due"}
    evaluated = evaluators(5).evaluate(expression, Scope(), definition=IS_DUE)
    assert evaluated == Evaluated("Is Due", "text/cql-identifier", "whether it is due", "5", definition=IS_DUE)
    failed = evaluators(EvaluationError("cannot compare")).evaluate(expression, Scope(), definition=IS_DUE)
    assert failed == Evaluated("Is Due", "text/cql-identifier", "whether it is due", error="cannot compare")
