"""The watch over the content outlives whatever goes wrong, and says what is served truly."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from cds.content_watch import ContentWatch
from cds.errors import ContentError, ContentUnreachable
from cds.service import Serving, World
from cds.web.metrics import Metrics

FIRST, NEWER = "first", "newer"


class Content:
    """Content with a state that changes, or that cannot be had; loading it fails with `fault`."""

    def __init__(self) -> None:
        self.state: object = FIRST
        self.fault: Exception | None = None
        self.loads = 0
        self.metrics = Metrics()
        world = World(knowledge=FIRST, fhir_servers=None, decision_log=None, clock=lambda: None)
        self.serving = Serving(world)
        self.watch = ContentWatch(
            self.serving, self.metrics, served=FIRST, state=self._state, load=self._load, seconds=0
        )

    def _state(self) -> object:
        if isinstance(self.state, Exception):
            raise self.state
        return self.state

    def _load(self) -> object:
        self.loads += 1
        if self.fault is not None:
            raise self.fault
        return SimpleNamespace(name=self.state, content=SimpleNamespace(guidelines=()))

    def look(self, times: int = 1) -> list[str]:
        """Look so often; give what the log says is wrong."""
        with capture_logs() as logs:
            for _ in range(times):
                asyncio.run(self.watch.look())
        return [entry["problem"] for entry in logs if "problem" in entry]

    @property
    def is_newest(self) -> bool:
        stale = self.metrics.registry.get_sample_value("cds_content_stale")
        assert stale == (self.serving.fault is not None)
        return self.serving.fault is None


@pytest.mark.parametrize("fault", [ContentError("wrong"), TypeError("a patient's name"), RecursionError()], ids=repr)
def test_broken_content_is_refused_once_and_loaded_again_when_it_changes(fault):
    content = Content()
    content.state, content.fault = NEWER, fault
    (problem,) = content.look(3)
    assert "a patient's name" not in problem
    assert content.loads == 1
    assert not content.is_newest
    assert content.serving.world.knowledge == FIRST
    content.state, content.fault = "mended", None
    content.look()
    assert content.serving.world.knowledge.name == "mended"
    assert content.is_newest


@pytest.mark.parametrize("fault", [ContentUnreachable("no answer"), FileNotFoundError()], ids=repr)
def test_what_could_not_be_fetched_is_tried_again_and_told_once(fault):
    content = Content()
    content.state, content.fault = NEWER, fault
    assert len(content.look(3)) == 1
    assert content.loads == 3
    assert not content.is_newest
    content.fault = None
    content.look()
    assert content.serving.world.knowledge.name == NEWER
    assert content.is_newest


@pytest.mark.parametrize("fault", [ContentUnreachable("no answer"), PermissionError()], ids=repr)
def test_a_state_that_cannot_be_had_for_a_while_leaves_no_trace(fault):
    content = Content()
    content.state = fault
    assert len(content.look(2)) == 1
    assert not content.is_newest
    content.state = FIRST
    assert content.look() == []
    assert content.is_newest
    assert content.loads == 0


def test_a_change_that_is_taken_back_is_no_fault_any_more():
    content = Content()
    content.state, content.fault = NEWER, ContentError("wrong")
    content.look()
    content.state = FIRST
    content.look()
    assert content.is_newest
    content.state = NEWER
    content.look()
    assert not content.is_newest
