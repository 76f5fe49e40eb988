"""A piece of a Python expression while it is being put together."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """Python text for a value.

    `depth` counts nested brackets (Python's parser allows 200, readers fewer). A `simple` text is a name or a literal
    and may be written several times. `never_null` promises a value other than None.
    """

    text: str
    depth: int = 0
    simple: bool = False
    never_null: bool = False


MAX_DEPTH = 6


def name(text: str, *, never_null: bool = False) -> Code:
    """Make the code of a name."""
    return Code(text, 0, simple=True, never_null=never_null)
