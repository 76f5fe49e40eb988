"""Functions of single values: one item in, single arguments, one value out. Most functions are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cds.engine import build
from cds.engine.fhirpath import types
from cds.engine.fhirpath.functions import boundaries, comparison, conversion, dates, mathematics, strings
from cds.engine.fhirpath.lowering.coercion import item, one
from cds.engine.fhirpath.lowering.expr import Expr
from cds.engine.fhirpath.lowering.registry import Invocation, Lower, function
from cds.engine.fhirpath.types import Type

_Row = tuple[str, Callable[..., Any], Type | None, int, int]
_SINGLE: tuple[_Row, ...] = (
    # name, function, type of the result, fewest and most arguments
    ("toBoolean", conversion.to_boolean, types.BOOLEAN, 0, 0),
    ("toInteger", conversion.to_integer, types.INTEGER, 0, 0),
    ("toLong", conversion.to_long, types.LONG, 0, 0),
    ("toDecimal", conversion.to_decimal, types.DECIMAL, 0, 0),
    ("toString", conversion.to_string, types.STRING, 0, 0),
    ("toDate", conversion.to_date, types.DATE, 0, 0),
    ("toDateTime", conversion.to_date_time, types.DATETIME, 0, 0),
    ("toTime", conversion.to_time, types.TIME, 0, 0),
    ("toQuantity", conversion.to_quantity, types.QUANTITY, 0, 1),
    ("convertsToBoolean", conversion.converts_to_boolean, types.BOOLEAN, 0, 0),
    ("convertsToInteger", conversion.converts_to_integer, types.BOOLEAN, 0, 0),
    ("convertsToLong", conversion.converts_to_long, types.BOOLEAN, 0, 0),
    ("convertsToDecimal", conversion.converts_to_decimal, types.BOOLEAN, 0, 0),
    ("convertsToString", conversion.converts_to_string, types.BOOLEAN, 0, 0),
    ("convertsToDate", conversion.converts_to_date, types.BOOLEAN, 0, 0),
    ("convertsToDateTime", conversion.converts_to_date_time, types.BOOLEAN, 0, 0),
    ("convertsToTime", conversion.converts_to_time, types.BOOLEAN, 0, 0),
    ("convertsToQuantity", conversion.converts_to_quantity, types.BOOLEAN, 0, 1),
    ("length", strings.length, types.INTEGER, 0, 0),
    ("indexOf", strings.index_of, types.INTEGER, 1, 1),
    ("lastIndexOf", strings.last_index_of, types.INTEGER, 1, 1),
    ("substring", strings.substring, types.STRING, 1, 2),
    ("startsWith", strings.starts_with, types.BOOLEAN, 1, 1),
    ("endsWith", strings.ends_with, types.BOOLEAN, 1, 1),
    ("contains", strings.contains, types.BOOLEAN, 1, 1),
    ("upper", strings.upper, types.STRING, 0, 0),
    ("lower", strings.lower, types.STRING, 0, 0),
    ("replace", strings.replace, types.STRING, 2, 2),
    ("matches", strings.matches, types.BOOLEAN, 1, 2),
    ("matchesFull", strings.matches_full, types.BOOLEAN, 1, 2),
    ("replaceMatches", strings.replace_matches, types.STRING, 2, 3),
    ("trim", strings.trim, types.STRING, 0, 0),
    ("encode", strings.encode, types.STRING, 1, 1),
    ("decode", strings.decode, types.STRING, 1, 1),
    ("escape", strings.escape, types.STRING, 1, 1),
    ("unescape", strings.unescape, types.STRING, 1, 1),
    ("abs", mathematics.absolute, None, 0, 0),
    ("ceiling", mathematics.ceiling, None, 0, 0),
    ("floor", mathematics.floor, None, 0, 0),
    ("truncate", mathematics.truncate, None, 0, 0),
    ("round", mathematics.round_, None, 0, 1),
    ("exp", mathematics.exp, types.DECIMAL, 0, 0),
    ("ln", mathematics.ln, types.DECIMAL, 0, 0),
    ("log", mathematics.log, types.DECIMAL, 1, 1),
    ("power", mathematics.power, None, 1, 1),
    ("sqrt", mathematics.sqrt, types.DECIMAL, 0, 0),
    ("lowBoundary", boundaries.low_boundary, None, 0, 1),
    ("highBoundary", boundaries.high_boundary, None, 0, 1),
    ("precision", boundaries.precision, types.INTEGER, 0, 0),
    ("comparable", comparison.comparable, types.BOOLEAN, 1, 1),
    ("yearOf", dates.component("year"), types.INTEGER, 0, 0),
    ("monthOf", dates.component("month"), types.INTEGER, 0, 0),
    ("dayOf", dates.component("day"), types.INTEGER, 0, 0),
    ("hourOf", dates.component("hour"), types.INTEGER, 0, 0),
    ("minuteOf", dates.component("minute"), types.INTEGER, 0, 0),
    ("secondOf", dates.component("second"), types.INTEGER, 0, 0),
    ("millisecondOf", dates.component("millisecond"), types.INTEGER, 0, 0),
    ("timezoneOffsetOf", dates.timezone_offset_of, types.DECIMAL, 0, 0),
    ("dateOf", dates.date_of, types.DATE, 0, 0),
    ("timeOf", dates.time_of, types.TIME, 0, 0),
    ("duration", dates.duration, types.INTEGER, 2, 2),
    ("difference", dates.difference, types.INTEGER, 2, 2),
)
_MAY_TAKE_LONG = frozenset({"matches", "matchesFull", "replaceMatches"})  # run in an evaluation, which has a deadline
_LISTS: tuple[_Row, ...] = (
    ("toChars", strings.to_chars, types.STRING, 0, 0),
    ("split", strings.split, types.STRING, 1, 1),
)


def _lower(row: _Row, *, many: bool) -> Lower:
    def lower(call: Invocation) -> Expr:
        arguments = [item(one(call.argument(index, value=True), call.at)) for index in range(call.count)]
        source = item(one(call.source, call.at))
        node = build.call(row[1], source, *arguments, foldable=row[0] not in _MAY_TAKE_LONG, at=call.at)
        return Expr(node, row[2], many=many)

    return lower


for _rows, _many in ((_SINGLE, False), (_LISTS, True)):
    for _row in _rows:
        function(_row[0], _row[3], _row[4], value_source=True)(_lower(_row, many=_many))
