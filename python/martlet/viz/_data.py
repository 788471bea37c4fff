"""Data and answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._figures import INK, RED, as_classes, as_images, class_name, grid, scaled, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_IMAGES = 25
#: Characters that fit over an image.
_WIDTH = 16


def images(
    x: Any,
    y: Any = None,
    class_names: Sequence[str] | None = None,
    *,
    predicted: Any = None,
    columns: int | None = None,
) -> Figure:
    """Images in a grid, each with its class.

    Parameters
    ----------
    x
        Images of shape ``(samples, height, width)`` or ``(samples, height, width, channels)`` with
        1, 3 or 4 channels; the first 25 are shown. The greatest value of all that are shown is
        white, and 0, or the least if that is negative, is black.
    y
        Their classes, as numbers, ``(samples, 1)`` or one-hot; None for none.
    class_names
        What to call the classes; None for their numbers.
    predicted
        Classes or probabilities that a model has given. Wrong answers are red and name both.
    columns
        Images in a row; None for what looks square.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If shapes do not fit together.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from martlet import datasets, viz
    >>> (x, y), _ = datasets.digits.load_data()
    >>> len(viz.images(x[:6], y[:6]).axes)
    6
    """
    x = as_images(x, "x")
    count = min(len(x), _MOST_IMAGES)
    truth = as_classes(y, "y", len(x))
    answers = as_classes(predicted, "predicted", len(x))
    shown = scaled(x[:count])
    columns = columns or min(math.ceil(math.sqrt(count)), 10)
    rows = math.ceil(count / columns)
    captions = [_caption(truth, answers, index, class_names) for index in range(count)]
    lines = max(1 + text.count("\n") if text else 0 for text, _ in captions)
    figure, cells = grid(rows, columns, width=1.25, height=(1.25, 1.55, 1.7)[lines])
    for axes, image, (text, colour) in zip(cells, shown, captions, strict=False):
        show(axes, image)
        axes.set_title(text, color=colour, fontsize=9, pad=3)
    if len(x) > count:
        figure.suptitle(f"{count} of {len(x):,} images", fontsize=10, fontweight="normal")
    return figure


def _caption(
    truth: np.ndarray | None, answers: np.ndarray | None, index: int, names: Any
) -> tuple[str, str]:
    if truth is None and answers is None:
        return "", INK
    if truth is None or answers is None:
        known = answers if truth is None else truth
        assert known is not None
        return class_name(known[index], names), INK
    name, answer = class_name(truth[index], names), class_name(answers[index], names)
    if truth[index] == answers[index]:
        return name, INK
    text = f"{answer}, not {name}"
    return text if len(text) <= _WIDTH else f"{answer},\nnot {name}", RED


def confusion_matrix(y_true: Any, y_pred: Any, class_names: Sequence[str] | None = None) -> Figure:
    """How often samples of each class are taken for each class.

    A row holds the samples of one true class; its shades are shares of that row, so that rare
    classes show as well as frequent ones.

    Parameters
    ----------
    y_true, y_pred
        Classes as numbers, or one value per class: one-hot, probabilities.
    class_names
        What to call the classes, from class 0 on; None for their numbers.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the two have different lengths, a class is negative, or there are more classes than
        names.

    Examples
    --------
    >>> from martlet import viz
    >>> figure = viz.confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2], ["cat", "dog", "owl"])
    >>> figure.axes[0].get_title()
    '3 of 4 right (75.0 %)'
    """
    truth = as_classes(y_true, "y_true", None)
    answers = as_classes(y_pred, "y_pred", None)
    if truth is None or answers is None or not len(truth):
        raise ValueError("confusion_matrix needs y_true and y_pred, of at least one sample")
    if len(truth) != len(answers):
        raise ValueError(
            f"confusion_matrix: y_true has {len(truth)} samples, y_pred has {len(answers)}"
        )
    size = 1 + int(max(truth.max(), answers.max()))
    if class_names is not None:
        if len(class_names) < size:
            raise ValueError(
                f"confusion_matrix: class {size - 1} has no name; there are "
                f"{len(class_names)} class_names"
            )
        size = len(class_names)
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (truth, answers), 1)
    figure, axes = confusion_panel(size)
    draw_confusion(axes, counts, [class_name(each, class_names) for each in range(size)])
    return figure


def confusion_panel(size: int) -> tuple[Figure, Axes]:
    """A figure for a matrix of so many classes."""
    side = min(2.0 + 0.48 * size, 12.0)
    figure, (axes,) = grid(1, 1, width=side + 0.3, height=side)
    axes.set_axis_on()
    return figure, axes


def draw_confusion(
    axes: Axes, counts: np.ndarray, names: Sequence[str], cmap: str = "Blues"
) -> None:
    """Draws a matrix of counts, with a row for each true class."""
    size = len(names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    axes.imshow(shares, cmap=cmap, vmin=0, vmax=1)
    axes.set_xticks(range(size), names, rotation=0 if max(map(len, names)) < 4 else 45)
    if max(map(len, names)) >= 4:
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), names)
    axes.set(xlabel="predicted", ylabel="true")
    axes.tick_params(length=0)
    # White lines between the cells.
    axes.set_xticks(np.arange(size - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(size - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    for side_of_frame in axes.spines.values():
        side_of_frame.set_visible(False)
    if size <= 25:
        _write_counts(axes, counts, shares)
    axes.set_title(_how_many_right(counts), pad=10)


def _write_counts(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    cells = list(zip(*np.nonzero(counts), strict=True))
    texts = [_number(counts[cell]) for cell in cells]
    for (row, column), text in zip(cells, texts, strict=True):
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=10 if max(map(len, texts)) <= 3 else 8,
            color="white" if shares[row, column] > 0.5 else INK,
        )


def _how_many_right(counts: np.ndarray) -> str:
    right, total = np.trace(counts), counts.sum()
    if not total:
        return "no samples"
    share = f"{right / total:.1%}".replace("%", " %")
    return f"{_number(right)} of {_number(total)} right ({share})"


def _number(value: Any) -> str:
    """A count; samples may have weights that are not whole."""
    return f"{value:,.4g}" if isinstance(value, np.floating) else f"{value:,}"
