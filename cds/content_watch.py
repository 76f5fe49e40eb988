"""Live reload: new content is compiled beside the one that is served, and takes its place when it is whole.

Content that is broken is not served: the last good one stays, the log says what is wrong, /readyz and a metric say that
it is not the newest.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from cds.errors import CDSError, ContentUnreachable
from cds.knowledge import Knowledge
from cds.service import Serving
from cds.web.metrics import Metrics

_log = structlog.get_logger()


class ContentWatch:
    """Looks at the content every so many seconds; both `state` and `load` block.

    `load` runs when `state` is not that of the content that is `served`; what was found broken is not loaded again
    before it changes, what could not be fetched is.
    """

    def __init__(
        self,
        serving: Serving,
        metrics: Metrics,
        *,
        served: Any,
        state: Callable[[], Any],
        load: Callable[[], Knowledge],
        seconds: float,
    ) -> None:
        self._serving = serving
        self._metrics = metrics
        self._state = state
        self._load = load
        self._seconds = seconds
        self._served = served
        self._broken: Any = None
        self._told = ""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self._seconds)
            await self.look()

    async def look(self) -> None:
        """Look once, and serve what is new if it is whole; whatever goes wrong, the next look comes."""
        try:
            await self._serve_newest()
        except CDSError as error:
            self._refuse(str(error))
        except Exception as error:  # noqa: BLE001 - a watch that ended would leave the old content for the newest
            self._refuse(f"{type(error).__name__} while it was read")

    async def _serve_newest(self) -> None:
        state = await asyncio.to_thread(self._state)
        if state == self._served:  # perhaps again: a change was taken back, or could not be seen for a while
            self._broken = None
            self._is_newest()
            return
        if state == self._broken:
            return
        try:
            knowledge = await asyncio.to_thread(self._load)
        except (ContentUnreachable, OSError):
            raise
        except Exception:
            self._broken = state
            raise
        # Calls that are running keep the world that they began with; the next one gets this.
        self._serving.world = replace(self._serving.world, knowledge=knowledge)
        self._served, self._broken = state, None
        self._metrics.reloads.labels("served").inc()
        self._is_newest()
        gc.collect()
        gc.freeze()
        revisions = {guideline.id: guideline.revision for guideline in knowledge.content.guidelines}
        _log.info("new content is served", guidelines=revisions)

    def _is_newest(self) -> None:
        self._serving.fault, self._told = None, ""
        self._metrics.stale.set(0)

    def _refuse(self, problem: str) -> None:
        """Say what is wrong, once."""
        self._serving.fault = "newer content is broken and not served: the log says what is wrong"
        self._metrics.stale.set(1)
        if problem != self._told:
            self._told = problem
            self._metrics.reloads.labels("refused").inc()
            _log.error("new content is broken, the last good one stays", problem=problem)


def state_of_files(paths: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a file of the content does: name, time and size of each."""
    files = (file for path in paths for file in (path.rglob("*.json") if path.is_dir() else [path]))
    found = []
    for file in files:
        try:
            stat = file.stat()
        except FileNotFoundError:  # taken away while we look: the next look sees it gone
            continue
        found.append((str(file), stat.st_mtime_ns, stat.st_size))
    return tuple(sorted(found))
