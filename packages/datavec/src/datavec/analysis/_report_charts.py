"""Charts of the report as inline SVG: histograms, time axes, sparklines, box plots, lines.

Colours come from the page's style sheet through class names, so that charts follow light and dark.
Every mark carries a ``<title>``, which browsers show on hover and screen readers read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..text._zones import offsets_at
from ._report_bars import Bars
from ._report_text import escaped, in_calendar, instant_text, number_text

__all__ = ["histogram_svg", "lines_svg", "nice_ticks", "sparkline_svg", "time_ticks"]

Ticks = list[tuple[float, str]]

_WIDTH, _HEIGHT = 420, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 10, 26
_DAY = 86_400_000
_STEPS = [
    1, 5, 10, 50, 100, 500, 1000, 5000, 15_000, 30_000, 60_000, 300_000, 900_000, 1_800_000,
    3_600_000, 10_800_000, 21_600_000, 43_200_000, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY,
]  # fmt: skip


def nice_ticks(low: float, high: float, count: int = 5, *, whole: bool = False) -> Ticks:
    """About `count` round numbers from `low` to `high`; only integers if `whole`."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [(low, number_text(low, 4))] if math.isfinite(low) else []
    raw = (high / count) - (low / count)
    power = 10.0 ** math.floor(math.log10(raw)) if raw > 0 else 1.0
    step = next((power * m for m in (1, 2, 2.5, 5) if power * m >= raw * 0.999), power * 10)
    if whole:
        step = max(round(step), 1)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > 2 * count or step == 0 or not math.isfinite(step):
        return [(low, number_text(low, 3)), (high, number_text(high, 3))]
    return [(i * step, number_text(i * step, 6)) for i in range(first, last + 1)]


def time_ticks(low: float, high: float, zone: str, count: int = 4) -> Ticks:
    """Round instants (ms since 1970) in a zone from `low` to `high`: midnights, months, years."""
    if not (high > low and in_calendar(low) and in_calendar(high)):
        return [(low, instant_text(low, zone))]
    offset = int(offsets_at(np.array([int(low)]), zone)[0])
    span = high - low
    step = next((s for s in _STEPS if span / s <= count), 0)
    if step:
        first = math.ceil((low + offset) / step)
        found = [float(i * step - offset) for i in range(first, int((high + offset) // step) + 1)]
    else:
        months, step = _month_step(span, count), 28 * _DAY
        if months >= 12:
            step = 365 * _DAY
        start = np.datetime64(int(low + offset), "ms").astype("datetime64[M]").astype(np.int64)
        end = np.datetime64(int(high + offset), "ms").astype("datetime64[M]").astype(np.int64)
        first = -(-int(start) // months) * months
        marks = np.arange(first, int(end) + 1, months).astype("datetime64[M]")
        found = (marks.astype("datetime64[ms]").astype(np.int64) - offset).astype(float).tolist()
    return [(t, instant_text(t, zone, step)) for t in found if low <= t <= high]


def _month_step(span: float, count: int) -> int:
    months = span / (30.44 * _DAY) / count
    for step in (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 12_000, 120_000):
        if months <= step:
            return step
    return 1_200_000


def _n(x: float) -> str:
    return f"{x:.1f}".rstrip("0").rstrip(".")


def histogram_svg(
    bars: Bars,
    label: str,
    x_ticks: Ticks,
    *,
    box: Sequence[tuple[float, str]] = (),
) -> str:
    """A histogram.

    Args:
        label: what the chart shows, for screen readers (not escaped yet).
        x_ticks: positions and texts under the axis.
        box: five positions with texts (whisker, box, median, box, whisker) of a box plot under
            the bars; may be empty.
    """
    low, high = float(bars.edges[0]), float(bars.edges[-1])
    top = max([*bars.heights, 1e-300])
    height = _HEIGHT + (18 if box else 0)
    plot_w, plot_h = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(value: float) -> float:
        share = (value / 2 - low / 2) / (high / 2 - low / 2)
        return _LEFT + min(max(share, 0.0), 1.0) * plot_w

    def y(value: float) -> float:
        return _TOP + (1 - value / top) * plot_h

    parts = [_open_svg(_WIDTH, height, label)]
    for value, _ in nice_ticks(0, top, 4, whole=not bars.per_number):
        if value > 0 or top == 0:
            parts.append(
                f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" '
                f'y1="{_n(y(value))}" y2="{_n(y(value))}"/>'
                f'<text class="tick" x="{_LEFT - 6}" y="{_n(y(value) + 3.5)}" '
                f'text-anchor="end">{escaped(_short_count(value))}</text>'
            )
    for i, (value, text) in enumerate(zip(bars.heights, bars.texts, strict=True)):
        if value <= 0:
            continue
        a, b = x(bars.edges[i]), x(bars.edges[i + 1])
        gap = 1 if b - a > 4 else 0.3
        tall = max(plot_h * value / top, 1.5)
        parts.append(
            f'<rect class="bar" x="{_n(a + gap / 2)}" y="{_n(_TOP + plot_h - tall)}" '
            f'width="{_n(max(b - a - gap, 0.8))}" height="{_n(tall)}" rx="1">'
            f"<title>{escaped(text)}</title></rect>"
        )
    base = _TOP + plot_h
    parts.append(
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{base}" y2="{base}"/>'
    )
    if box:
        parts.append(_box([(x(v), t) for v, t in box], base + 13))
    parts += _x_labels([(x(v), t) for v, t in x_ticks], base, height - 8)
    return "".join(parts) + "</svg>"


def _open_svg(width: int, height: int, label: str) -> str:
    size = f'viewBox="0 0 {width} {height}"'
    return f'<svg class="chart" {size} role="img" aria-label="{escaped(label)}">'


def _x_labels(ticks: list[tuple[float, str]], base: float, y: float) -> list[str]:
    parts: list[str] = []
    free = 0.0  # where the next text may begin: texts must not touch
    for at, text in ticks:
        wide = 6.2 * len(text)
        start = min(max(at - wide / 2, 2), _WIDTH - 2 - wide)
        parts.append(
            f'<line class="axis" x1="{_n(at)}" x2="{_n(at)}" y1="{base}" y2="{base + 4}"/>'
        )
        if start < free:
            continue
        free = start + wide + 8
        parts.append(
            f'<text class="tick" x="{_n(start + wide / 2)}" y="{_n(y)}" '
            f'text-anchor="middle">{escaped(text)}</text>'
        )
    return parts


def _box(marks: list[tuple[float, str]], y: float) -> str:
    (a, ta), (b, tb), (m, tm), (c, tc), (d, td) = marks
    title = escaped("; ".join((ta, tb, tm, tc, td)))
    return (
        f'<g class="box"><title>{title}</title>'
        f'<line x1="{_n(a)}" x2="{_n(d)}" y1="{y}" y2="{y}"/>'
        f'<rect x="{_n(b)}" y="{y - 4}" width="{_n(max(c - b, 1))}" height="8" rx="2"/>'
        f'<line class="median" x1="{_n(m)}" x2="{_n(m)}" y1="{y - 5}" y2="{y + 5}"/></g>'
    )


def _short_count(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def sparkline_svg(heights: Sequence[float], label: str) -> str:
    """A small histogram without axes, for a row of a table."""
    top = max([*heights, 1e-300])
    width = 96 / max(len(heights), 1)
    rects = "".join(
        f'<rect class="bar" x="{_n(i * width)}" width="{_n(max(width - 0.6, 0.6))}" '
        f'y="{_n(24 - max(24 * h / top, 1))}" height="{_n(max(24 * h / top, 1))}"/>'
        for i, h in enumerate(heights)
        if h > 0
    )
    return (
        f'<svg class="spark" viewBox="0 0 96 24" preserveAspectRatio="none" role="img" '
        f'aria-label="{escaped(label)}">{rects}</svg>'
    )


def lines_svg(ys: Sequence[float], label: str, *, levels: Sequence[str] = ()) -> str:
    """Values by step (0, 1, …) as a line with gaps where they are not finite.

    Args:
        levels: names of the values 0, 1, … where `ys` are categories; drawn as steps.
    """
    finite = [v for v in ys if math.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if levels:
        low, high = -0.5, len(levels) - 0.5
    elif low == high:
        low, high = low - 0.5, high + 0.5
    width, height, left = 720, 200, 72
    plot_w, plot_h = width - left - _RIGHT, height - _TOP - _BOTTOM
    last = max(len(ys) - 1, 1)

    def x(i: float) -> float:
        return left + plot_w * i / last

    def y(v: float) -> float:
        return _TOP + plot_h * (1 - (v / 2 - low / 2) / (high / 2 - low / 2))

    parts = [_open_svg(width, height, label)]
    marks: Ticks = nice_ticks(low, high, 4)
    if levels:
        keep = max(1, -(-len(levels) // 8))
        marks = [(float(i), _cut(name, 11)) for i, name in enumerate(levels) if i % keep == 0]
    for value, text in marks:
        parts.append(
            f'<line class="grid" x1="{left}" x2="{width - _RIGHT}" y1="{_n(y(value))}" '
            f'y2="{_n(y(value))}"/><text class="tick" x="{left - 6}" y="{_n(y(value) + 3.5)}" '
            f'text-anchor="end">{escaped(text)}</text>'
        )
    path, down = [], False
    for i, v in enumerate(ys):
        if not math.isfinite(v):
            down = False
            continue
        if not down:
            path.append(f"M{_n(x(i))} {_n(y(v))}")
            if len(ys) == 1 or i + 1 >= len(ys) or not math.isfinite(ys[i + 1]):
                path.append("h.01")  # a lone point: round line ends make a dot
        else:
            path.append(f"H{_n(x(i))}V{_n(y(v))}" if levels else f"L{_n(x(i))} {_n(y(v))}")
        down = True
    parts.append(f'<path class="line" d="{"".join(path)}"/>')
    base = height - _BOTTOM
    ticks = [(v, t) for v, t in nice_ticks(0, len(ys) - 1, 8) if v == int(v)]
    for value, text in ticks:
        parts.append(
            f'<text class="tick" x="{_n(x(value))}" y="{base + 18}" text-anchor="middle">'
            f"{escaped(text)}</text>"
        )
    return "".join(parts) + "</svg>"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
