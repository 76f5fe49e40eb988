"""Date and time operators.

https://cql.hl7.org/09-b-cqlreference.html#date-and-time-operators-2
"""

from __future__ import annotations

from typing import Any

from cds.engine import build, ir
from cds.engine.elm import types
from cds.engine.elm.lowering import Lowering, lowers
from cds.engine.elm.operators import Operator, operands, operator
from cds.engine.elm.value import NULL, Value
from cds.engine.runtime import clinical, durations, evaluation, interval_algebra, temporal_parts
from cds.engine.trampoline import Deep

operator("Now", evaluation.now, types.DATETIME, operands=(), with_run=True, never_null=True)
operator("Today", evaluation.today, types.DATE, operands=(), with_run=True, never_null=True)
operator("TimeOfDay", evaluation.time_of_day, types.TIME, operands=(), with_run=True, never_null=True)
operator("Date", temporal_parts.date, types.DATE, operands=("year", "month", "day"))
operator("Time", temporal_parts.time, types.TIME, operands=("hour", "minute", "second", "millisecond"))
operator("DateFrom", temporal_parts.date_from, types.DATE)
operator("TimeFrom", evaluation.time_from, types.TIME, with_run=True)
operator("TimezoneFrom", temporal_parts.timezone_offset_from, types.DECIMAL)
operator("TimezoneOffsetFrom", temporal_parts.timezone_offset_from, types.DECIMAL)
operator("DurationBetween", durations.duration_between, types.INTEGER, has_precision=True)
operator("DifferenceBetween", durations.difference_between, types.INTEGER, has_precision=True)
operator("SameAs", interval_algebra.same_as, types.BOOLEAN, has_precision=True)
operator("SameOrBefore", interval_algebra.same_or_before, types.BOOLEAN, has_precision=True)
operator("SameOrAfter", interval_algebra.same_or_after, types.BOOLEAN, has_precision=True)
operator("CalculateAge", evaluation.calculate_age, types.INTEGER, has_precision=True, with_run=True)
operator("CalculateAgeAt", clinical.calculate_age_at, types.INTEGER, has_precision=True)

_COMPONENTS = ("year", "month", "day", "hour", "minute", "second", "millisecond", "timezoneOffset")
_PARTS: dict[types.Type, tuple[str, ...]] = {
    types.DATE: _COMPONENTS[:3],
    types.DATETIME: _COMPONENTS[:7],
    types.TIME: _COMPONENTS[3:7],
}
_COMPONENT_FROM = Operator(temporal_parts.date_time_component_from, types.INTEGER, has_precision=True)


@lowers("DateTimeComponentFrom")
def _component_from(lowering: Lowering, node: Any) -> Deep[Value]:
    """A component of what is known to have it is read without a call: guidelines take dates apart in their loops."""
    values: list[Value] = yield operands(lowering, node, _COMPONENT_FROM.operands)
    component = str(node.get("precision")).lower()
    if len(values) == 1 and component in _PARTS.get(values[0].type, ()):
        return Value(build.native(f"{{0}}.{component}", values[0].node), types.INTEGER)
    return _COMPONENT_FROM.apply(lowering, node, values)


@lowers("DateTime")
def _date_time(lowering: Lowering, node: Any) -> Deep[Value]:
    """A DateTime without an offset of its own depends on the evaluation."""
    parts = []
    for component in _COMPONENTS:
        value: Value | None = yield lowering.optional(node.get(component))
        parts.append(value or NULL)
    nodes = [part.node for part in parts]
    if node.get("timezoneOffset") is not None and all(isinstance(part, ir.Const) for part in nodes):
        return Value(build.call(temporal_parts.date_time, *nodes, at=lowering.locator), types.DATETIME)
    return Value(build.call(evaluation.date_time, *nodes, with_run=True, at=lowering.locator), types.DATETIME)
