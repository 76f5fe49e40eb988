"""`apply`: applies a plan to the fake session's answers; `apply.asked` are the definitions it was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from cds.reasoning.call import Applied
from tests.unit.reasoning.fake_session import FakeSession, apply_plan


class Apply:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, *resources: dict[str, Any], values: dict[str, Any] | None = None, **call: Any) -> Applied:
        session = FakeSession(values or {})
        self.asked = session.asked
        return apply_plan(session, *resources, **call)


@pytest.fixture
def apply() -> Apply:
    return Apply()
