"""The curves of a training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ._figures import BLUE, INK, LINE, ORANGE, grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..callbacks import History


def history(history: History) -> Figure:
    """The curves of a training: a panel for each value, training and validation together.

    Parameters
    ----------
    history
        What `fit` returned; ``history.plot()`` is the same.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If no epoch has been finished.
    """
    values = history.history
    keys = [key for key in values if not (key.startswith("val_") and key[4:] in values)]
    # The loss first, as everybody looks for it there.
    keys.sort(key=lambda key: (key != "loss", key == "learning_rate"))
    if not keys:
        raise ValueError("the history holds no epoch, so there is nothing to plot")
    columns = min(len(keys), 3)
    figure, panels = grid(math.ceil(len(keys) / columns), columns, 4.0, 3.2)
    for axes, key in zip(panels, keys, strict=False):
        _draw_curves(axes, key, history)
    return figure


def _draw_curves(axes: Axes, key: str, history: History) -> None:
    axes.set_axis_on()
    values = history.history
    curves = [(key, "training", BLUE), (f"val_{key}", "validation", ORANGE)]
    for name, label, colour in curves:
        if name in values:
            points = history._points(name)
            axes.plot(
                [epoch + 1 for epoch, _ in points],
                [value for _, value in points],
                color=colour,
                label=label,
                marker="o" if len(points) < 20 else None,
                markersize=4,
                linewidth=1.8,
            )
    axes.set(xlabel="epoch", title=key.replace("_", " "))
    if key == "learning_rate" and min(values[key]) > 0:
        axes.set_yscale("log")
    axes.locator_params(axis="x", integer=True)
    axes.grid(color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if f"val_{key}" in values:
        axes.legend(frameon=False, labelcolor=INK)
