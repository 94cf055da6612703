"""How well each way to search finds, as a picture with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finetune.evaluation.rankings import MEASURES

COLOURS = ("#9aa5b1", "#5b8db8", "#2f6f5e", "#c2613a", "#8a5a9e")


def plot_retrieval(reports: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write a PNG: a panel for each set, a group of bars for each measure, a bar for each way to search."""
    from matplotlib.figure import Figure  # not pyplot: no window system, safe in threads

    figure = Figure(figsize=(8, 3 * len(reports)), layout="constrained")
    panels = figure.subplots(len(reports), 1, squeeze=False)[:, 0]
    for axes, report in zip(panels, reports, strict=True):
        ways = {way: row for way, row in report["measures"]["all"].items() if way != "gain"}
        width = 0.8 / len(ways)
        for n, (way, row) in enumerate(ways.items()):
            means = [row[name]["mean"] for name in MEASURES]
            ends = [
                [row[name]["mean"] - row[name]["low"] for name in MEASURES],
                [row[name]["high"] - row[name]["mean"] for name in MEASURES],
            ]
            places = [i + (n - (len(ways) - 1) / 2) * width for i in range(len(MEASURES))]
            axes.bar(places, means, width, yerr=ends, color=COLOURS[n % len(COLOURS)], label=way,
                     error_kw={"linewidth": 0.8})  # fmt: skip
        axes.set_xticks(range(len(MEASURES)), MEASURES)
        axes.set_ylim(0, 1)
        axes.set_title(f"{report['set']}, {report['questions']} questions", fontsize=10)
        axes.grid(axis="y", alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=130)
