"""What one library shows to others: types of definitions, overloads of functions, and which overload a call means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cds.engine import ir
from cds.engine.elm import types
from cds.engine.elm.document import LibraryDocument
from cds.engine.elm.terminology import Terms
from cds.engine.elm.types import Type
from cds.engine.model import r4


@dataclass(frozen=True)
class FunctionSignature:
    """One overload: its key in the library, its operands and what it returns; `reads` tells what it reads of each.

    `silent` promises that it writes nothing down while it runs.
    """

    key: str
    operands: tuple[tuple[str, Type], ...]
    result: Type
    reads: tuple[ir.Reads, ...] = ()
    silent: bool = False


@dataclass(frozen=True)
class LibraryInterface:
    """A compiled library as its users see it."""

    document: LibraryDocument
    terms: Terms
    definitions: Mapping[str, Type] = field(default_factory=dict)
    parameters: Mapping[str, Type] = field(default_factory=dict)
    functions: Mapping[str, tuple[FunctionSignature, ...]] = field(default_factory=dict)

    def context(self, definition: str) -> str:
        """Return the context of a definition: "Patient" or "Unfiltered"."""
        return str(self.document.definitions[definition].get("context", "Patient"))


def function_key(name: str, operands: tuple[Type, ...]) -> str:
    """Name an overload: "latest(List<FHIR.Observation>)"."""
    return f"{name}({', '.join(map(str, operands))})"


def distance(given: Type, wanted: Type) -> int | None:
    """Say how far a type is from what an operand asks for: 0 the same, more for wider types, None for no match."""
    if given == wanted:
        return 0
    if given == types.ANY:
        return 4
    if wanted == types.ANY:
        return 5
    if isinstance(given, types.ListOf) and isinstance(wanted, types.ListOf):
        return distance(given.element, wanted.element)
    if isinstance(given, types.IntervalOf) and isinstance(wanted, types.IntervalOf):
        return distance(given.point, wanted.point)
    if isinstance(wanted, types.Choice):
        given_types = given.choices if isinstance(given, types.Choice) else (given,)
        return 2 if all(any(distance(g, w) is not None for w in wanted.choices) for g in given_types) else None
    if isinstance(given, types.Choice):
        return 3 if any(distance(g, wanted) is not None for g in given.choices) else None
    if isinstance(given, types.TupleOf) and isinstance(wanted, types.TupleOf):
        return 1 if {n for n, _ in given.elements} == {n for n, _ in wanted.elements} else None
    if isinstance(given, types.Named) and isinstance(wanted, types.Named):
        return 1 if not given.is_system and r4.is_subtype(given.name, wanted.name) else None
    return None


def pick(overloads: tuple[FunctionSignature, ...], arguments: list[Type]) -> FunctionSignature | None:
    """Return the overload nearest to the types of the arguments; None if none takes them."""
    ranked = []
    for overload in overloads:
        if len(overload.operands) != len(arguments):
            continue
        distances = [distance(given, of) for given, (_, of) in zip(arguments, overload.operands, strict=True)]
        known = [d for d in distances if d is not None]
        if len(known) == len(distances):
            ranked.append((sum(known), overload))
    return min(ranked, key=lambda found: found[0])[1] if ranked else None
