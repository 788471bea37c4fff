"""The chart: Martlet's ratio to the best peer, per network."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import report
from libraries import PRECISIONS

COLOURS = {"float32": "#1f5f8b", "high": "#5aa9d6", "bfloat16": "#e08a2c"}


def draw(results: report.Results, path: Path) -> bool:
    """Draws a panel per mode, in it a group of bars per network; the format follows the suffix.

    Returns
    -------
    bool
        Whether there was a mode to draw.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import patches, pyplot

    # The same file for the same results.
    matplotlib.rcParams["svg.hashsalt"] = "martlet"
    modes, networks = report.timed_modes(results), results["options"]["networks"]
    if not modes:
        return False
    precisions = [each for each in PRECISIONS if each in results["options"]["precisions"]]
    figure, panels = pyplot.subplots(
        len(modes), 1, figsize=(9, 2.7 * len(modes)), layout="constrained", squeeze=False
    )
    width = 0.84 / len(precisions)
    for panel, mode in zip(panels[:, 0], modes, strict=True):
        for index, precision in enumerate(precisions):
            offset = (index - (len(precisions) - 1) / 2) * width
            for place, found in enumerate(report.rows(results, mode, precision)):
                if found.ratio is not None:
                    _bar(panel, place + offset, found.ratio, 0.92 * width, COLOURS[precision])
        _dress(panel, report.MODES[mode], networks)
    entries = [
        patches.Patch(color=COLOURS[each], label=report.PRECISION_LABELS[each])
        for each in precisions
    ]
    figure.legend(handles=entries, loc="outside upper right", fontsize=8, ncols=len(entries))
    figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
    return True


def _bar(panel: Any, place: float, ratio: report.Spread, width: float, colour: str) -> None:
    """A bar from 1 to the median, with a whisker over the turns and the figure at its end."""
    # Up for faster and down for slower, as far for twice as for half.
    panel.bar(place, ratio.median - 1, width, bottom=1, color=colour)
    panel.vlines(place, ratio.low, ratio.high, color="#555555", linewidth=0.8)
    up = ratio.median >= 1
    panel.annotate(
        f"{ratio.median:.2f}",
        (place, max(ratio.high, 1) if up else min(ratio.low, 1)),
        xytext=(0, 2 if up else -2),
        textcoords="offset points",
        ha="center",
        va="bottom" if up else "top",
        fontsize=8,
    )


def _dress(panel: Any, title: str, networks: list[str]) -> None:
    """Title, axes and the line of the best peer."""
    panel.axhline(1, color="black", linewidth=0.9)
    panel.set_title(title, loc="left", fontsize=10)
    panel.set_ylabel("times the best peer", fontsize=8)
    panel.set_yscale("log", base=2)
    # Room for the figures at the ends of the bars.
    low, high = panel.get_ylim()
    low, high = min(low, 0.5) / 1.25, max(high, 2) * 1.25
    panel.set_ylim(low, high)
    powers = range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)
    panel.set_yticks([2.0**power for power in powers], [f"{2.0**power:g}" for power in powers])
    panel.minorticks_off()
    panel.set_xlim(-0.5, len(networks) - 0.5)
    panel.set_xticks(range(len(networks)), networks)
    panel.tick_params(labelsize=8)
    panel.tick_params(axis="x", length=0)
    panel.spines[["top", "right", "bottom"]].set_visible(False)
