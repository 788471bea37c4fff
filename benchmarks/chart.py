"""The chart: Martlet's ratio to the best peer, per network."""

from __future__ import annotations

from pathlib import Path

import report
from libraries import PRECISIONS

COLOURS = {"float32": "#1f5f8b", "high": "#5aa9d6", "bfloat16": "#e08a2c"}


def draw(results: report.Results, path: Path) -> None:
    """Draws a panel per mode, in it a group of bars per network; the format follows the suffix.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    # The same file for the same results.
    matplotlib.rcParams["svg.hashsalt"] = "martlet"
    modes, networks = report.timed_modes(results), results["options"]["networks"]
    precisions = [each for each in PRECISIONS if each in results["options"]["precisions"]]
    figure, panels = pyplot.subplots(
        len(modes),
        1,
        figsize=(9, 2.6 * len(modes)),
        sharex=True,
        layout="constrained",
        squeeze=False,
    )
    width = 0.8 / len(precisions)
    for panel, mode in zip(panels[:, 0], modes, strict=True):
        for index, precision in enumerate(precisions):
            offset = (index - (len(precisions) - 1) / 2) * width
            bars = [
                (place + offset, found.ratio)
                for place, found in enumerate(report.rows(results, mode, precision))
                if found.ratio is not None
            ]
            if not bars:
                continue
            places, ratios = zip(*bars, strict=True)
            heights = [ratio.median for ratio in ratios]
            spans = [[r.median - r.low for r in ratios], [r.high - r.median for r in ratios]]
            drawn = panel.bar(
                places,
                heights,
                0.92 * width,
                color=COLOURS[precision],
                label=report.PRECISION_LABELS[precision],
            )
            panel.errorbar(places, heights, spans, fmt="none", ecolor="#555555", elinewidth=0.8)
            labels = [f"{height:.2f}" for height in heights]
            panel.bar_label(drawn, labels, fontsize=8, label_type="center", color="white")
        panel.axhline(1, color="black", linewidth=0.9)
        panel.set_title(report.MODES[mode], loc="left", fontsize=10)
        panel.set_ylabel("times the best peer", fontsize=8)
        panel.set_xticks(range(len(networks)), networks)
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    if handles:
        panels[0, 0].legend(handles, labels, fontsize=8, frameon=False, ncols=len(handles))
    figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
