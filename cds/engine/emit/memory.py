"""Results of functions that a run keeps: the same function of the same arguments is computed once.

Many definitions ask the same of the same result or order: when it was taken, what it says in mmol/L. What the code of
the function noted for the evidence is kept with the result, and noted again for whoever asks next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cds.engine.emit.code import Code

if TYPE_CHECKING:
    from cds.engine.emit.function import FunctionWriter

MOST_RESULTS = 50_000
"""How many results a run keeps: enough for the whole record of a patient, too few to fill the memory."""

LOCALS = ("known", "key", "kept", "said", "notes", "noted")
"""The names that these lines take in a function."""


class Remembered(NamedTuple):
    """How the results of a function are kept: under its `key`, unique in the program, and its arguments.

    `by_value` says of each argument whether equal ones are the same, as texts are. The others are the same when they
    are one object: 1.0 equals 1.00, and is written differently.
    """

    key: str
    by_value: tuple[bool, ...]


def recall(writer: FunctionWriter, remembered: Remembered, parameters: list[str]) -> None:
    """Write the lines that return the kept result."""
    names = zip(parameters, remembered.by_value, strict=True)
    parts = [repr(remembered.key), *(name if by_value else f"id({name})" for name, by_value in names)]
    writer.line("known = s.known")
    writer.line(f"key = ({', '.join(parts)},)")
    writer.line("kept = known.get(key)")
    if writer.explain:
        writer.line("notes = s.notes")
    writer.line("if kept is not None:")
    with writer.inner() as block:
        if writer.explain:
            writer.line("if kept[1]: notes.append(kept[1])")
        writer.line("return kept[0]")
    writer.put(block)
    writer.line("said = len(s.messages)")
    if writer.explain:
        writer.line("noted = len(notes)")


def keep(writer: FunctionWriter, result: Code, parameters: list[str]) -> None:
    """Write the lines that keep the result, with the arguments: while they live, nothing else has their identity.

    A function that said something says it each time.
    """
    writer.line(f"if len(known) < {MOST_RESULTS} and len(s.messages) == said:")
    with writer.inner() as block:
        notes = "notes[noted:], " if writer.explain else ""
        writer.line(f"known[key] = ({result.text}, {notes}{', '.join(parameters)})")
    writer.put(block)
