"""A cache in memory, which tests can look into."""

from __future__ import annotations


class MemoryCache(dict[tuple[str, str], bytes]):
    """What was put, by kind and key."""

    def get(self, kind: str, key: str) -> bytes | None:  # type: ignore[override]  # a cache's get, not a dict's
        return super().get((kind, key))

    def put(self, kind: str, key: str, value: bytes) -> None:
        self[kind, key] = value
