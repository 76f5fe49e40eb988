"""Definitions that are asked together, made ready once for any number of sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cds.engine.errors import EngineError


class Question:
    """Definitions, (library, definition), that are asked one after the other until one is false.

    Shared by threads. It remembers where they stand in the program that was asked last.
    """

    __slots__ = ("_found", "definitions")

    def __init__(self, definitions: Iterable[tuple[str, str]]) -> None:
        self.definitions = tuple(definitions)
        self._found: tuple[Mapping[tuple[str, str, str], int], tuple[int, ...]] = ({}, ())

    def slots(self, slot_of: Mapping[tuple[str, str, str], int]) -> tuple[int, ...]:
        """Return the slots of the definitions in a program; raises EngineError for one that it does not have."""
        program, slots = self._found
        if program is not slot_of:
            slots = tuple(slot_in(slot_of, *definition) for definition in self.definitions)
            self._found = slot_of, slots
        return slots


def slot_in(slot_of: Mapping[tuple[str, str, str], int], library: str, definition: str) -> int:
    """Return the slot of a definition; raises EngineError when there is none."""
    slot = slot_of.get(("definition", library, definition))
    if slot is None:
        message = f"there is no definition {definition!r} in a library {library!r}"
        raise EngineError(message)
    return slot
