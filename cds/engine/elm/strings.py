"""String operators.

https://cql.hl7.org/09-b-cqlreference.html#string-operators-3
"""

from __future__ import annotations

from typing import Any

from cds.engine import build
from cds.engine.elm import types
from cds.engine.elm.lowering import Lowering, lowers
from cds.engine.elm.operators import operator
from cds.engine.elm.types import ListOf
from cds.engine.elm.value import Value
from cds.engine.runtime import lists, strings
from cds.engine.trampoline import Deep

operator("Concatenate", strings.concatenate, types.STRING, grows=True)
operator("Combine", strings.combine, types.STRING, operands=("source", "separator"), grows=True)
operator("Upper", strings.upper, types.STRING)
operator("Lower", strings.lower, types.STRING)
operator("StartsWith", strings.starts_with, types.BOOLEAN)
operator("EndsWith", strings.ends_with, types.BOOLEAN)
operator("PositionOf", strings.position_of, types.INTEGER, operands=("pattern", "string"))
operator("LastPositionOf", strings.last_position_of, types.INTEGER, operands=("pattern", "string"))
operator("Substring", strings.substring, types.STRING, operands=("stringToSub", "startIndex", "length"))
operator("Split", strings.split, ListOf(types.STRING), operands=("stringToSplit", "separator"))
operator(
    "SplitOnMatches", strings.split_on_matches, ListOf(types.STRING), operands=("stringToSplit", "separatorPattern")
)
operator("Matches", strings.matches, types.BOOLEAN, foldable=False)
operator("ReplaceMatches", strings.replace_matches, types.STRING, foldable=False, grows=True)


@lowers("Length")
def _length(lowering: Lowering, node: Any) -> Deep[Value]:
    """Of a string or of a list; only the static type tells them apart when the value is null."""
    operand: Value = yield lowering.lower(node["operand"])
    signature = node.get("signature") or []
    type_ = types.from_specifier(signature[0]) if signature else operand.type
    function = lists.length if isinstance(type_, types.ListOf) else strings.length
    return Value(build.call(function, operand.node, at=lowering.locator), types.INTEGER)


@lowers("Indexer")
def _indexer(lowering: Lowering, node: Any) -> Deep[Value]:
    source, index = yield lowering.lower_all(node["operand"])
    if isinstance(source.type, types.ListOf) or source.type == types.ANY:
        indexed = build.call(lists.indexer, source.node, index.node, at=lowering.locator)
        return Value(indexed, types.element_of(source.type))
    return Value(build.call(strings.indexer, source.node, index.node, at=lowering.locator), types.STRING)
