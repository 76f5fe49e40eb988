"""Definitions that are asked together, made ready once for any number of sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cds.engine.errors import EngineError


class Question:
    """Definitions, (library, definition), that are asked one after the other until one is false.

    Shared by threads. `found` are their slots in the program that was asked last, which its table of slots stands for.
    """

    __slots__ = ("definitions", "found")

    def __init__(self, definitions: Iterable[tuple[str, str]]) -> None:
        self.definitions = tuple(definitions)
        self.found: tuple[Mapping[tuple[str, str, str], int], tuple[int, ...]] = ({}, ())

    def find(self, slot_of: Mapping[tuple[str, str, str], int]) -> tuple[int, ...]:
        """Find the slots of the definitions in a program; raises EngineError for one that it does not have."""
        slots = tuple(slot_in(slot_of, *definition) for definition in self.definitions)
        self.found = slot_of, slots
        return slots


def slot_in(slot_of: Mapping[tuple[str, str, str], int], library: str, definition: str) -> int:
    """Return the slot of a definition; raises EngineError when there is none."""
    slot = slot_of.get(("definition", library, definition))
    if slot is None:
        message = f"there is no definition {definition!r} in a library {library!r}"
        raise EngineError(message)
    return slot
