"""Results of functions that a run keeps: the same function of the same arguments is computed once.

Many definitions ask the same of the same result or order: when it was taken, what it says in mmol/L. What the code of
the function noted for the evidence is kept with the result, and noted again for whoever asks next; most functions note
nothing and say nothing, which is known of them when they are compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cds.engine.emit.code import Code

if TYPE_CHECKING:
    from cds.engine.emit.function import FunctionWriter

LOCALS = ("known", "key", "kept", "said", "notes", "noted", "room")
"""The names that these lines take in a function."""


class Remembered(NamedTuple):
    """How the results of a function are kept: in the table of its `key`, unique in the program, by its arguments.

    `by_value` says of each argument whether equal ones are the same, as texts are. The others are the same when they
    are one object: 1.0 equals 1.00, and is written differently. A `silent` function writes nothing down.
    """

    key: str
    by_value: tuple[bool, ...]
    silent: bool = False


def recall(writer: FunctionWriter, remembered: Remembered, parameters: list[str]) -> None:
    """Write the lines that return the kept result."""
    notes = writer.explain and not remembered.silent
    writer.line(f"known = s.known[{writer.constant(remembered.key).text}]")
    writer.line(f"key = {_key(remembered, parameters)}")
    writer.line("kept = known.get(key)")
    if notes:
        writer.line("notes = s.notes")
    writer.line("if kept is not None:")
    with writer.inner() as block:
        if notes:
            writer.line("if kept[1]: notes.append(kept[1])")
        writer.line("return kept[0]")
    writer.put(block)
    if not remembered.silent:
        writer.line("said = len(s.messages)")
    if notes:
        writer.line("noted = len(notes)")


def keep(writer: FunctionWriter, remembered: Remembered, result: Code, parameters: list[str]) -> None:
    """Write the lines that keep the result, with the arguments: while they live, nothing else has their identity.

    A function that said something says it each time.
    """
    writer.line("room = s.room")
    writer.line("if room:" if remembered.silent else "if room and len(s.messages) == said:")
    with writer.inner() as block:
        notes = "notes[noted:], " if writer.explain and not remembered.silent else ""
        writer.line("s.room = room - 1")
        writer.line(f"known[key] = ({result.text}, {notes}{', '.join(parameters)})")
    writer.put(block)


def _key(remembered: Remembered, parameters: list[str]) -> str:
    parts = [
        name if by_value else f"id({name})" for name, by_value in zip(parameters, remembered.by_value, strict=True)
    ]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
