"""Expand: an interval cut into pieces of one size.

Boundaries finer than the size are cut to it, so the pieces may reach a little beyond; dates and times coarser than the
size give nothing. A piece that does not fit whole is left out. https://cql.hl7.org/09-b-cqlreference.html#expand
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final

from cds.engine.errors import BudgetExceeded, EvaluationError
from cds.engine.runtime import units
from cds.engine.runtime.calendar_units import HOUR, MONTH, PRECISIONS, UNIT_MS, YEAR, step_of
from cds.engine.runtime.collapse import boundary_points, given_intervals
from cds.engine.runtime.interval import Interval, end, start
from cds.engine.runtime.temporal import Date, DateTime, Temporal, Time
from cds.engine.runtime.temporal_parts import date_at, date_time_at, time_at, with_offset
from cds.engine.runtime.uncertainty import Uncertainty
from cds.engine.runtime.values import Quantity

_MOST_PIECES: Final = 1_000_000
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class _Grid:
    """The whole steps of an interval as numbers `low` to `high`, `size` of them to a piece; `point` turns one back."""

    low: int
    high: int
    size: int
    point: Callable[[int], Any]

    def starts(self) -> range:
        if self.size <= 0:
            raise EvaluationError("an interval is expanded per a size greater than zero")
        found = range(self.low, self.high - self.size + 2, self.size)
        if len(found) > _MOST_PIECES:
            raise BudgetExceeded("an interval would be expanded into more than a million pieces")
        return found


def expand(operand: Sequence[Interval | None] | Interval | None, per: Quantity | None = None) -> list[Any] | None:
    """ELM Expand: of a list, intervals of size `per`, each once; of one interval, their starting points.

    An interval with a null boundary gives nothing. Without `per`, the coarsest precision of the boundaries is the size.
    Raises EvaluationError for a unit that does not fit and BudgetExceeded beyond a million pieces.
    """
    if operand is None:
        return None
    items = [operand] if isinstance(operand, Interval) else given_intervals(operand)
    items = [item for item in items if item.low is not None and item.high is not None]
    if not items:
        return []
    size = _coarsest(boundary_points(items)) if per is None else per
    grids = [grid for item in items if (grid := _grid(item, size)) is not None]
    if isinstance(operand, Interval):
        return [grid.point(step) for grid in grids for step in grid.starts()]
    pieces = (Interval(grid.point(step), grid.point(step + grid.size - 1)) for grid in grids for step in grid.starts())
    return list(dict.fromkeys(pieces))


def _coarsest(points: Sequence[Any]) -> Quantity:
    first = points[0]
    if isinstance(first, Date | DateTime | Time):
        return Quantity(_ONE, PRECISIONS[min(point.rank for point in points)])
    values = [point.value if isinstance(point, Quantity) else point for point in points]
    decimals = min(_decimals(value) for value in values)
    return Quantity(_ONE.scaleb(-decimals), first.unit if isinstance(first, Quantity) else "1")


def _grid(item: Interval, per: Quantity) -> _Grid | None:
    first, last = start(item), end(item)
    if isinstance(first, Uncertainty) or isinstance(last, Uncertainty):
        return None
    if isinstance(first, Date | DateTime | Time):
        return _calendar_grid(first, last, per)
    if isinstance(first, str):
        raise EvaluationError("an interval of strings cannot be expanded")
    if not isinstance(first, Quantity):
        if per.unit not in ("1", ""):
            raise EvaluationError("numbers are expanded per a plain number, without a unit")
        return _number_grid(first, last, per.value)
    unit = first.unit
    high, size = units.convert(last.value, last.unit, unit), units.convert(per.value, per.unit, unit)
    if high is None or size is None:
        raise EvaluationError("the interval and the unit it is expanded per have nothing in common")
    grid = _number_grid(first.value, high, size)
    return _Grid(grid.low, grid.high, grid.size, lambda step: Quantity(grid.point(step), unit))


def _number_grid(first: Any, last: Any, size: Decimal) -> _Grid:
    size = size.normalize()
    decimals = _decimals(size)
    low, high = _floor(first, decimals), _floor(last, decimals)
    if not isinstance(last, Decimal) and decimals:
        high += 10**decimals - 1  # A whole number stands for all its decimals: 10 for 10.0 to 10.9.
    if isinstance(first, Decimal) or decimals:
        return _Grid(low, high, int(size.scaleb(decimals)), lambda step: Decimal(step).scaleb(-decimals))
    return _Grid(low, high, int(size), type(first))


def _floor(value: Any, decimals: int) -> int:
    return int(Decimal(value).scaleb(decimals).to_integral_value(ROUND_FLOOR))


def _decimals(value: Any) -> int:
    if not isinstance(value, Decimal):
        return 0
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _calendar_grid(first: Temporal, last: Temporal, per: Quantity) -> _Grid | None:
    rank, per_unit = step_of(per.unit)
    if isinstance(first, DateTime) and isinstance(last, DateTime) and rank >= HOUR and first.offset is not None:
        last = with_offset(last, first.offset)
    if first.rank < rank or last.rank < rank:
        return None
    return _Grid(_steps(first, rank), _steps(last, rank), int(per.value) * per_unit, _point_of(first, rank))


def _steps(value: Temporal, rank: int) -> int:
    if rank > MONTH or isinstance(value, Time):
        return value.first // UNIT_MS[rank]
    return value.year if rank == YEAR else value.year * 12 + (value.month or 1) - 1


def _point_of(example: Temporal, rank: int) -> Callable[[int], Temporal]:
    """Return what makes a step into a value like the example."""
    if isinstance(example, Time):
        return lambda step: time_at(step * UNIT_MS[rank], rank)
    if isinstance(example, DateTime):
        offset = example.offset
        if rank <= MONTH:
            return lambda step: DateTime(*_year_and_month(step, rank), offset=offset)
        return lambda step: date_time_at(step * UNIT_MS[rank], rank, offset)
    if rank <= MONTH:
        return lambda step: Date(*_year_and_month(step, rank))
    return lambda step: date_at(step, rank)


def _year_and_month(step: int, rank: int) -> tuple[int, int | None]:
    return (step, None) if rank == YEAR else (step // 12, step % 12 + 1)
