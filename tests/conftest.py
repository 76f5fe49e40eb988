"""What holds for every test: servers under test keep their caches with pytest's, not with those of the user."""

from __future__ import annotations

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Let this process, and those that tests start, use a cache that later runs of the tests find again."""
    if config.cache is not None:
        os.environ["XDG_CACHE_HOME"] = str(config.cache.mkdir("caches"))
