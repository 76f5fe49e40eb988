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

from cds.errors import CDSError
from cds.knowledge import Knowledge
from cds.service import Serving
from cds.web.metrics import Metrics

_log = structlog.get_logger()


class ContentWatch:
    """Looks at the content every so many seconds; `load` runs when `state` is not as it was `seen` (both block)."""

    def __init__(
        self,
        serving: Serving,
        metrics: Metrics,
        *,
        seen: Any,
        state: Callable[[], Any],
        load: Callable[[], Knowledge],
        seconds: float,
    ) -> None:
        self._serving = serving
        self._metrics = metrics
        self._state = state
        self._load = load
        self._seconds = seconds
        self._seen = seen

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self._seconds)
            await self.look()

    async def look(self) -> None:
        """Look once, and serve what is new if it is whole."""
        try:
            state = await asyncio.to_thread(self._state)
            if state == self._seen:
                return
            self._seen = state
            knowledge = await asyncio.to_thread(self._load)
        except CDSError as error:
            self._refuse(error)
            return
        # Calls that are running keep the world that they began with; the next one gets this.
        self._serving.world = replace(self._serving.world, knowledge=knowledge)
        self._serving.fault = None
        self._metrics.reloads.labels("served").inc()
        self._metrics.stale.set(0)
        gc.collect()
        gc.freeze()
        revisions = {guideline.id: guideline.revision for guideline in knowledge.content.guidelines}
        _log.info("new content is served", guidelines=revisions)

    def _refuse(self, error: CDSError) -> None:
        self._serving.fault = "newer content is broken and not served: the log says what is wrong"
        self._metrics.reloads.labels("refused").inc()
        self._metrics.stale.set(1)
        _log.error("new content is broken, the last good one stays", problem=str(error))


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
