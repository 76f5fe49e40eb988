"""Small wrong versions of a guideline's logic: one comparison turned or one number moved by a step.

They are made in the ELM, in memory. Comparisons: `<` becomes `<=` (one step) and `>=` (its opposite), so the others,
before and after, and the same functions of ClinicalData; `=`, `~` and `same day as` become their opposites; the end of
an interval is left out or taken in. Numbers and quantities move by one of their last digit up and down, dates by a day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from cds.expressions.logic_graph import Unit, kind_of_statement
from cds.expressions.own_libraries import OwnLibrary, first_line, tags

Path = tuple[str | int, ...]
_TURNED = {"Less": "LessOrEqual", "Greater": "GreaterOrEqual", "Before": "SameOrBefore", "After": "SameOrAfter"}
_OPERATORS = {**_TURNED, **{other: one for one, other in _TURNED.items()}}
_OPPOSITES = {"Less": "GreaterOrEqual", "Greater": "LessOrEqual", "Before": "SameOrAfter", "After": "SameOrBefore"}
_OPPOSITE = {**_OPPOSITES, **{other: one for one, other in _OPPOSITES.items()}}
_NEGATED = {"Equal": ("=", "!="), "Equivalent": ("~", "!~"), "SameAs": ("same as", "not same as")}
_SIGNS = {
    "Less": "<",
    "LessOrEqual": "<=",
    "Greater": ">",
    "GreaterOrEqual": ">=",
    "Before": "before",
    "SameOrBefore": "on or before",
    "After": "after",
    "SameOrAfter": "on or after",
}
_TURNED_FUNCTIONS = {"Is Below": "Is At Most", "Is Above": "Is At Least"}
_FUNCTIONS = {**_TURNED_FUNCTIONS, **{other: one for one, other in _TURNED_FUNCTIONS.items()}}
_OPPOSITE_FUNCTIONS = {"Is Below": "Is At Least", "Is Above": "Is At Most"}
_OPPOSITE_FUNCTION = {**_OPPOSITE_FUNCTIONS, **{other: one for one, other in _OPPOSITE_FUNCTIONS.items()}}
_NUMBERS = ("Integer", "Decimal", "Long")
# Where a number is a place in a text or list, or a count of digits, and no clinical limit.
_PLACES = {"Indexer", "Substring", "PositionOf", "LastPositionOf", "Slice", "Round", "Power"}
_NOT_LOGIC = {"annotation", "signature", "resultTypeSpecifier"}
_DATE_PARTS = {"Date": ("year", "month", "day"), "DateTime": ("year", "month", "day")}
_ELM_TYPES = "{urn:hl7-org:elm-types:r1}"


class _Change(NamedTuple):
    """Another node in the place of one, in words, and whether it is next to it or its opposite."""

    node: Mapping[str, Any]
    words: str
    is_step: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One wrong version: where it differs, in words and in the ELM of its library.

    `excuse` is why no case need notice it: the author's tag `@survives: REASON` above the definition, "" without one.
    It covers steps only: where not even the opposite of a comparison is noticed, no case is about it.
    """

    library: str
    file: str
    unit: Unit
    line: int
    cql: str
    change: str
    path: Path
    node: Mapping[str, Any]
    excuse: str = ""

    def apply(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the ELM document with this change; the given one, and all it holds, stay as they are."""
        changed: dict[str, Any] = _replaced(document, self.path, self.node)
        return changed


def mutants(library: OwnLibrary) -> list[Mutant]:
    """Return every wrong version of a library, in the order of its CQL."""
    found = []
    for index, statement in enumerate(library.document["library"].get("statements", {}).get("def", ())):
        if statement["name"] == "Patient" or "expression" not in statement:
            continue
        unit = Unit(kind_of_statement(statement), library.name, statement["name"])
        excuse = next((text for name, text in tags(statement) if name == "survives"), "")
        start: Path = ("library", "statements", "def", index, "expression")
        found += [
            Mutant(
                library=library.name,
                file=library.file,
                unit=unit,
                line=line,
                cql=library.line(line),
                change=change,
                path=path,
                node=node,
                excuse=excuse if is_step else "",
            )
            for line, path, (node, change, is_step) in _changes(statement["expression"], start, first_line(statement))
        ]
    return sorted(found, key=lambda mutant: mutant.line)


def without_annotations(value: Any) -> Any:
    """Return ELM without the annotations, which repeat the CQL and are not run: smaller, so faster to compile."""
    if isinstance(value, Mapping):
        return {name: without_annotations(member) for name, member in value.items() if name != "annotation"}
    if isinstance(value, list):
        return [without_annotations(member) for member in value]
    return value


def _changes(node: Any, path: Path, line: int) -> Iterator[tuple[int, Path, _Change]]:
    """Yield (line, path, change) for a node and everything below it."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _changes(item, (*path, index), line)
    if not isinstance(node, Mapping):
        return
    line = first_line(node) or line
    if "locator" in node:  # without one the translator made it, and the author's CQL has no such comparison
        yield from ((line, path, change) for change in _of_node(node))
    kind = node.get("type")
    if kind in _DATE_PARTS:
        return
    for name, member in node.items():
        if name not in _NOT_LOGIC and not (kind in _PLACES and _is_literal(member)):
            yield from _changes(member, (*path, name), line)


def _is_literal(member: Any) -> bool:
    """Tell whether a member of a node is a literal, or operands of which the last one is."""
    last = member[-1] if isinstance(member, list) and member else member
    return isinstance(last, Mapping) and last.get("type") == "Literal"


def _of_node(node: Mapping[str, Any]) -> Iterator[_Change]:
    kind = node.get("type")
    if kind in _OPERATORS:
        for turned, is_step in ((_OPERATORS[kind], True), (_OPPOSITE[kind], False)):
            yield _Change({**node, "type": turned}, f"`{_SIGNS[kind]}` → `{_SIGNS[turned]}`", is_step)
    elif kind in _NEGATED:
        one, other = _NEGATED[kind]
        negated = {"type": "Not", "operand": node, "resultTypeName": f"{_ELM_TYPES}Boolean", "locator": node["locator"]}
        yield _Change(negated, f"`{one}` → `{other}`")
    elif kind == "FunctionRef" and node.get("libraryName") == "ClinicalData" and node["name"] in _FUNCTIONS:
        for turned, is_step in ((_FUNCTIONS[node["name"]], True), (_OPPOSITE_FUNCTION[node["name"]], False)):
            yield _Change({**node, "name": turned}, f"`{node['name']}` → `{turned}`", is_step)
    elif kind == "Interval":
        for end in ("lowClosed", "highClosed"):
            if isinstance(node.get(end, True), bool) and f"{end}Expression" not in node:
                verb = "leaves out" if node.get(end, True) else "takes in"
                words = f"the interval {verb} its {end.removesuffix('Closed')} end"
                yield _Change({**node, end: not node.get(end, True)}, words)
    elif kind == "Literal" and str(node.get("valueType", "")).removeprefix(_ELM_TYPES) in _NUMBERS:
        for text in _steps(str(node["value"])):
            yield _Change({**node, "value": text}, f"{node['value']} → {text}")
    elif kind == "Quantity":
        for text in _steps(str(node["value"])):
            number, unit = Decimal(text), node.get("unit", "1")
            value = int(number) if number == number.to_integral_value() else float(number)
            yield _Change({**node, "value": value}, f"{node['value']} {unit} → {text} {unit}")
    elif kind in _DATE_PARTS:
        yield from _days(node)


def _steps(text: str) -> Iterator[str]:
    """Yield the number moved by one of its last digit: 2.5 gives 2.6 and 2.4, 18 gives 19 and 17."""
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    step = Decimal(1).scaleb(exponent) if isinstance(exponent, int) and exponent < 0 else Decimal(1)
    for moved in (number + step, number - step):
        if moved >= 0:  # a negative number is Negate of a positive one
            yield str(moved)


def _days(node: Mapping[str, Any]) -> Iterator[_Change]:
    """Yield a date that is written out, moved by one day."""
    parts = [node.get(name) for name in _DATE_PARTS[node["type"]]]
    if not all(isinstance(part, Mapping) and part.get("type") == "Literal" for part in parts):
        return
    given = date(*(int(part["value"]) for part in parts if part is not None))
    for days in (1, -1):
        moved = given + timedelta(days=days)
        values = {"year": moved.year, "month": moved.month, "day": moved.day}
        new = {name: {**node[name], "value": str(value)} for name, value in values.items()}
        yield _Change({**node, **new}, f"@{given} → @{moved}")


def _replaced(value: Any, path: Path, node: Mapping[str, Any]) -> Any:
    """Return a copy of a JSON value with another node at the path; everything beside the path is shared."""
    if not path:
        return dict(node)
    if isinstance(value, list):
        index = int(path[0])
        return [*value[:index], _replaced(value[index], path[1:], node), *value[index + 1 :]]
    return {**value, path[0]: _replaced(value[path[0]], path[1:], node)}
