"""`apply`: applies a plan to the fake session's answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cds.expressions.evaluators import Evaluators
from cds.reasoning.apply import apply_plan_definition
from cds.reasoning.call import Applied, Call
from tests.unit.reasoning.fake_session import NOW, PATIENT, FakePath, FakeSession, FakeShelf, failure

Apply = Callable[..., Applied]


@pytest.fixture
def apply() -> Apply:
    def run(
        plan: Mapping[str, Any], *resources: Mapping[str, Any], values: Mapping[str, Any] | None = None, **call: Any
    ):
        known = {"Yes": True, "No": False, "Unknown": None, "Fails": failure(), "Number": 5, "Sum": True} | (
            values or {}
        )
        shelf = FakeShelf(known, plan, *resources)
        session = FakeSession(known)
        evaluators = Evaluators(session, shelf=shelf, compile_path=FakePath, to_json=lambda value: value, now=NOW)
        artifact = next(one for one in shelf.artifacts if one.resource is plan)
        applied = apply_plan_definition(artifact, evaluators, Call(patient=PATIENT, now=NOW, **call))
        run.asked = session.asked
        return applied

    return run
