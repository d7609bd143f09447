"""Where the lines, bars and ticks of the page's charts lie, in the units of an SVG's viewBox.

The templates draw them; a browser scales them to the page.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 620.0, 300.0
MINUTES_FROM_SEC = 180   # a longer video's times are written in minutes
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 14.0, 10.0, 40.0


@dataclass(frozen=True)
class Line:
    """One line of a chart."""

    name: str
    points: str                                   # of an SVG polyline
    dots: tuple[tuple[float, float, str], ...]    # x, y and what a pointer over it shows


@dataclass(frozen=True)
class LineChart:
    """Lines over a horizontal axis; all values are percent."""

    lines: tuple[Line, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    x_label: str
    y_label: str
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM


def line_chart(series: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, x_label: str,
               y_label: str, x_ticks: Sequence[float], dots_at: Sequence[float] | None = None
               ) -> LineChart:
    """Places lines of (x, percent) by name.

    Args:
        x_ticks: Where the horizontal axis is labelled; its first and last bound it with the data.
        dots_at: The x that get a dot; None for all.
    """
    xs = [x for values, _ in series.values() for x in values]
    low, high = min(xs), max(xs)
    steps = ticks(max(y for _, values in series.values() for y in values))
    span = (high - low) or 1.0

    def x_of(value: float) -> float:
        return round(_LEFT + (value - low) / span * (WIDTH - _LEFT - _RIGHT), 2)

    def y_of(value: float) -> float:
        return round(HEIGHT - _BOTTOM - value / steps[-1] * (HEIGHT - _TOP - _BOTTOM), 2)

    lines = []
    for name, (places, values) in series.items():
        points = ' '.join(f'{x_of(x):g},{y_of(y):g}' for x, y in zip(places, values))
        dots = tuple((x_of(x), y_of(y), f'{name}: {y:.2f} % at {x:g}')
                     for x, y in zip(places, values) if dots_at is None or x in dots_at)
        lines.append(Line(name, points, dots))
    return LineChart(tuple(lines), tuple((x_of(x), f'{x:g}') for x in x_ticks),
                     tuple((y_of(y), f'{y:g}') for y in steps), x_label, y_label)


def ticks(highest: float) -> list[float]:
    """0 and up to six round numbers, the last not below `highest`.

    For a `highest` of 0, 0 and 1.
    """
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / 5
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * scale for factor in (1, 2, 2.5, 5, 10) if factor * scale >= rough * 0.999)
    return [round(place * step, 10) for place in range(math.ceil(highest / step - 1e-9) + 1)]


def time_ticks(duration_sec: float) -> list[float]:
    """Round numbers of seconds or minutes from 0 on, within the video, nine at most."""
    choices = [factor * scale for scale in (0.001, 0.01, 0.1, 1, 10) for factor in (1, 2, 5)]
    if duration_sec >= MINUTES_FROM_SEC:   # 0:30 and 1:00 rather than 0:50 and 1:40
        choices = [30]
    choices += [60 * minutes for minutes in (1, 2, 5, 10, 20, 30, 60, 120, 240, 600, 1440)]
    step = next((step for step in sorted(choices) if duration_sec / step <= 8), duration_sec / 8)
    return [round(place * step, 10) for place in range(int(duration_sec / step + 1e-9) + 1)]
