"""A small line chart of results over time, as numbers that the template writes into SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

WIDTH, HEIGHT, MARGIN = 90, 32, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChart:
    """Coordinates in a box of `WIDTH` by `HEIGHT`, and the same in words for who cannot see it."""

    words: str
    line: str
    points: tuple[tuple[float, float], ...]


def draw(name: str, points: Sequence[tuple[str, Decimal]], unit: str) -> LineChart:
    """Place (ISO day, value) points in the order of time; equal values make a line in the middle."""
    days = [date.fromisoformat(day).toordinal() for day, _ in points]
    values = [value for _, value in points]
    placed = tuple(
        (
            round(MARGIN + _share(day, min(days), max(days)) * (WIDTH - 2 * MARGIN), 1),
            round(HEIGHT - MARGIN - _share(value, min(values), max(values)) * (HEIGHT - 2 * MARGIN), 1),
        )
        for day, value in zip(days, values, strict=True)
    )
    words = "; ".join(f"{day}: {value} {unit}".strip() for day, value in points)
    return LineChart(words=f"{name}. {words}", line=" ".join(f"{x},{y}" for x, y in placed), points=placed)


def _share(value: int | Decimal, lowest: int | Decimal, highest: int | Decimal) -> float:
    return 0.5 if highest == lowest else float(value - lowest) / float(highest - lowest)
