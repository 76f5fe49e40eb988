"""The data that could not be had, collected so that one refusal names them all (CH-068)."""

from __future__ import annotations

from cds.errors import PreconditionFailed


class Unobtainable:
    """Prefetch keys with the reason why their data are not there."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    def add(self, key: str, reason: str) -> None:
        """Note a prefetch key, or `context.<field>`; the first reason stays."""
        self._reasons.setdefault(key, reason)

    def refuse_if_any(self) -> None:
        """Raise PreconditionFailed naming every key, when there is one."""
        if not self._reasons:
            return
        by_reason: dict[str, list[str]] = {}
        for key, reason in self._reasons.items():
            by_reason.setdefault(reason, []).append(key)
        listed = "; ".join(f"{reason}: {', '.join(keys)}" for reason, keys in by_reason.items())
        msg = f"required data could not be obtained: {listed}"
        expressions = [key if key.startswith("context.") else f"prefetch.{key}" for key in self._reasons]
        raise PreconditionFailed(msg, expression=expressions)
