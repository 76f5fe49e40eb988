"""Lines of generated source, with places kept open for code that is moved out of a loop later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Union


class Line(NamedTuple):
    """One line of Python and the place in the author's text it is for."""

    indent: int
    text: str
    definition: str
    at: str | None


Block = list[Union[Line, "Block"]]
"""Lines, and nested blocks that stand where they were put although they are filled later."""


def flat(block: Block) -> Iterator[Line]:
    """Give the lines of a block in order."""
    pending = [iter(block)]
    while pending:
        for entry in pending[-1]:
            if isinstance(entry, Line):
                yield entry
            else:
                pending.append(iter(entry))
                break
        else:
            pending.pop()
