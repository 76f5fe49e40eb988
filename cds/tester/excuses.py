"""What an author says of a definition in the comment above it, so that a report need not ask again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds.expressions.own_libraries import tags


def excuses(statement: Mapping[str, Any]) -> dict[str, str]:
    """Return what the author says a definition never is, and why: the tag `@never: null, REASON` in its comment.

    Without a reason it excuses nothing.
    """
    said = (text.partition(",") for name, text in tags(statement) if name == "never")
    return {kind.strip(): reason.strip() for kind, _, reason in said if reason.strip()}
