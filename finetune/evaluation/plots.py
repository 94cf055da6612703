"""Small plots as SVG that take their colours from the page around them, light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

ROW, LABEL, PLOT, RIGHT = 30, 230, 590, 90


@dataclass(frozen=True, slots=True)
class Bar:
    """A mean with its interval, one row of a plot; `kind` is the CSS class that colours it."""

    label: str
    mean: float
    low: float
    high: float
    kind: str
    told: str


def intervals(bars: Sequence[Bar], about: str) -> str:
    """One line an interval, around a zero line; `about` is what a screen reader says of the plot."""
    reach = max([abs(edge) for bar in bars for edge in (bar.low, bar.high)] + [0.05]) * 1.05
    width, height = LABEL + PLOT + RIGHT, ROW * len(bars) + 34

    def x(value: float) -> float:
        return LABEL + PLOT * (value + reach) / (2 * reach)

    parts = [_svg(width, height, about)]
    for mark in (-reach, -reach / 2, 0.0, reach / 2, reach):
        line = "zero" if not mark else "grid"
        parts.append(
            f'<line class="{line}" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="4" y2="{height - 24}"/>'
        )
        parts.append(
            f'<text class="tick" x="{x(mark):.1f}" y="{height - 8}" text-anchor="middle">'
            f"{_signed(mark * 100)}</text>"
        )
    for n, bar in enumerate(bars):
        y = 4 + ROW * n + ROW / 2
        parts.append(
            f'<text x="{LABEL - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(bar.label)}</text>'
            f'<g class="{bar.kind}"><line class="interval" x1="{x(bar.low):.1f}" x2="{x(bar.high):.1f}" '
            f'y1="{y:.1f}" y2="{y:.1f}"/><circle cx="{x(bar.mean):.1f}" cy="{y:.1f}" r="5"/></g>'
            f'<text class="value {bar.kind}" x="{LABEL + PLOT + 10}" y="{y + 4:.1f}">'
            f"{escape(bar.told)}</text>"
        )
    return "".join([*parts, "</svg>"])


def curve(points: Sequence[tuple[float, float]], held_out: tuple[float, float] | None, about: str) -> str:
    """A loss curve by step; `held_out` is the validation loss before and after."""
    width, height, left, bottom = LABEL + PLOT + RIGHT, 240, 48, 28
    top = max([loss for _, loss in points] + list(held_out or ())) * 1.06
    last = max(step for step, _ in points)

    def at(step: float, loss: float) -> tuple[float, float]:
        return left + (width - left - 16) * step / last, 8 + (height - bottom - 8) * (1 - loss / top)

    parts = [_svg(width, height, about)]
    for n in range(5):
        _, y = at(0, top * n / 4)
        parts.append(f'<line class="grid" x1="{left}" x2="{width - 16}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(
            f'<text class="tick" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{top * n / 4:.1f}</text>'
        )
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
    parts.append(f'<polyline class="training" points="{drawn}"/>')
    if held_out:
        (x0, y0), (x1, y1) = at(0, held_out[0]), at(last, held_out[1])
        parts.append(f'<line class="validation" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"/>')
        parts += [
            f'<circle class="validation" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in ((x0, y0), (x1, y1))
        ]
    parts.append(
        f'<text class="tick" x="{width - 16}" y="{height - 8}" text-anchor="end">step {last:g}</text>'
    )
    return "".join([*parts, "</svg>"])


def _signed(value: float) -> str:
    return f"{value:+.0f}" if round(value) else "0"


def _svg(width: int, height: int, about: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{escape(about)}">'
