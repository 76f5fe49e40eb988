"""Two kinds of chart as plain SVG, readable in light and in dark: horizontal bars, and lines on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from xml.sax.saxutils import escape

WIDTH, MARGIN, ROW = 720, 16, 30
_COLOURS = ("a", "b", "c", "d")
_STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #222 } .title { font-weight: 600; font-size: 15px } .faint { fill: #666 }
.paper { fill: #fff } .grid { stroke: #ddd } .mark { stroke: #b00020; stroke-dasharray: 5 4; stroke-width: 1.5 }
.a { fill: #1f6feb; stroke: #1f6feb } .b { fill: #b35900; stroke: #b35900 } .c { fill: #1a7f37; stroke: #1a7f37 }
.d { fill: #8250df; stroke: #8250df } .e { fill: #8c959f }
text.a, text.b, text.c, text.d { stroke: none } polyline { stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6e6e6 } .faint { fill: #a0a0a0 } .paper { fill: #16191d } .grid { stroke: #3a3f45 }
.mark { stroke: #ff8080 } .a { fill: #6cb0ff; stroke: #6cb0ff } .b { fill: #ffb266; stroke: #ffb266 }
.c { fill: #6ddb8a; stroke: #6ddb8a } .d { fill: #c9a6ff; stroke: #c9a6ff } .e { fill: #747d87 } }
polyline.a, polyline.b, polyline.c, polyline.d { fill: none }
</style>"""


def bars(
    title: str,
    values: Mapping[str, float],
    *,
    unit: str,
    log: bool = False,
    mark: float | None = None,
    ours: str | None = None,
) -> str:
    """Draw one bar for each value, its number beside it.

    `mark` draws a line across at a value that is wanted; the bar that is `ours` stands out.
    """
    left, right = 24 + 7.2 * max(map(len, values)), WIDTH - 130
    positive = [value for value in (*values.values(), mark or 0) if value > 0]
    low = 10 ** math.floor(math.log10(min(positive))) / 2 if log else 0.0
    top = max(positive)

    def place(value: float) -> float:
        share = math.log(max(value, low) / low) / math.log(top / low) if log else value / top
        return left + share * (right - left)

    height = 48 + ROW * len(values) + 12
    parts = []
    for number, (name, value) in enumerate(values.items()):
        y = 44 + ROW * number
        parts.append(f'<text x="{left - 8:.1f}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        parts.append(
            f'<rect class="{"a" if ours in (None, name) else "e"}" x="{left:.1f}" y="{y}" '
            f'width="{max(1.0, place(value) - left):.1f}" height="20" rx="2"/>'
        )
        parts.append(f'<text x="{place(value) + 6:.1f}" y="{y + 15}">{number_text(value)} {escape(unit)}</text>')
    if mark is not None:
        x = place(mark)
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="36" y2="{height - 8}"/>')
        parts.append(f'<text x="{x:.1f}" y="30" text-anchor="middle">{number_text(mark)} {escape(unit)}</text>')
    return _svg(title + (" (logarithmic)" if log else ""), height, parts)


def lines(title: str, series: Mapping[str, Mapping[int, float]], *, across: str, unit: str) -> str:
    """Draw lines through measured points, both axes logarithmic, each line's name at its end."""
    left, right, top, bottom = 84, WIDTH - 150, 48, 330
    sizes = sorted({size for points in series.values() for size in points})
    values = [value for points in series.values() for value in points.values() if value > 0]
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    lowest, highest = 10.0**first, 10.0 ** max(last, first + 1)

    def x(size: float) -> float:
        return left + math.log(size / sizes[0]) / math.log(sizes[-1] / sizes[0]) * (right - left)

    def y(value: float) -> float:
        return bottom - math.log(max(value, lowest) / lowest) / math.log(highest / lowest) * (bottom - top)

    parts = []
    for power in range(first, max(last, first + 1) + 1):
        value = 10.0**power
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        label = f"{number_text(value)} {escape(unit)}"
        parts.append(f'<text class="faint" x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{label}</text>')
    for size in _apart(sizes, x):
        parts.append(f'<text class="faint" x="{x(size):.1f}" y="{bottom + 20}" text-anchor="middle">{size:,}</text>')
    parts.append(
        f'<text class="faint" x="{(left + right) / 2}" y="{bottom + 40}" text-anchor="middle">{escape(across)}</text>'
    )
    for colour, (name, points) in zip(_COLOURS, series.items(), strict=False):
        path = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in points.items())
        parts.append(f'<polyline class="{colour}" points="{path}"/>')
        parts += [
            f'<circle class="{colour}" cx="{x(size):.1f}" cy="{y(value):.1f}" r="3"/>' for size, value in points.items()
        ]
        end, value = list(points.items())[-1]
        parts.append(f'<text class="{colour}" x="{x(end) + 10:.1f}" y="{y(value) + 4:.1f}">{escape(name)}</text>')
    return _svg(title, bottom + 54, parts)


def number_text(value: float) -> str:
    """Write a number with the digits that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _apart(sizes: Iterable[int], place: Callable[[float], float]) -> list[int]:
    """Leave out sizes whose labels would touch."""
    kept: list[int] = []
    for size in sizes:
        if not kept or place(size) - place(kept[-1]) > 34:
            kept.append(size)
    return kept


def _svg(title: str, height: float, parts: Iterable[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">'
    )
    paper = f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>'
    heading = f'<text class="title" x="{MARGIN}" y="26">{escape(title)}</text>'
    return "\n".join((head, _STYLE, paper, heading, *parts, "</svg>")) + "\n"
