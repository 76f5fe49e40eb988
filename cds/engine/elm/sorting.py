"""The sort clause.

https://cql.hl7.org/elm.html#sortclause
"""

from __future__ import annotations

from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import Lowering, Refused, lowers
from cds.engine.elm.members import member
from cds.engine.elm.value import Origin, Value
from cds.engine.runtime import query_sources
from cds.engine.trampoline import Deep

_STEPS = {"asc": False, "ascending": False, "desc": True, "descending": True}


def sort(lowering: Lowering, source: Value, node: Any) -> Deep[Value]:
    """Sort a list by the items of a sort clause."""
    keys: list[ir.Node] = []
    descending = []
    for item in node["by"]:
        descending.append(_STEPS[item.get("direction", "asc")])
        name = lowering.names.fresh("row")
        # The origin keeps reads for the order alone out of the evidence.
        row = Value(ir.Local(name), types.element_of(source.type), Origin(ir.Reads()))
        with lowering.scope({"$row": row, "$this": row}):
            key: Value = yield _key(lowering, item, row)
        keys.append(ir.Lambda((name,), key.node))
    call = build.call(
        query_sources.sort_by, source.node, ir.Const(tuple(descending)), *keys, with_run=True, at=lowering.locator
    )
    return Value(call, source.type)


def _key(lowering: Lowering, item: Any, row: Value) -> Deep[Value]:
    yield from ()
    match item["type"]:
        case "ByDirection":
            return row
        case "ByColumn":
            value = row
            for step in item["path"].split("."):
                value = member(lowering, value, step)
            return value
        case "ByExpression":
            key: Value = yield lowering.lower(item["expression"])
            return key
    message = f"{item['type']} is no sort item"
    raise Refused(message)


@lowers("Sort")
def _sort(lowering: Lowering, node: Any) -> Deep[Value]:
    source: Value = yield lowering.lower(node["source"])
    result: Value = yield sort(lowering, source, node)
    return result
