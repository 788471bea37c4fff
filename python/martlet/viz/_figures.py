"""What all pictures have in common: figures, colours, and values as matplotlib takes them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _data

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, LINE, RED = "#222222", "#777777", "#dddddd", "#c0392b"
BLUE, ORANGE = "#2a6fbb", "#e07b28"
_STYLE = {
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlesize": 10,
    "axes.titlecolor": INK,
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError(
            'martlet.viz draws with matplotlib, which is not installed: pip install "martlet[viz]"'
        ) from None
    return pyplot


def grid(
    rows: int, columns: int, width: float, height: float, head: float = 0.0, side: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """A figure of panels without frames, each so many inches wide and high, and room beside."""
    pyplot = _pyplot()
    # The first figure loads the backend, and a notebook's makes pyplot interactive. A context would
    # take that back at its end, and later plots would not be shown.
    figure = pyplot.figure(
        figsize=(columns * width + side, rows * height + head),
        layout="constrained",
        FigureClass=_figure_class(),
    )
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    with pyplot.rc_context(_STYLE):
        panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    return figure, list(panels.flat)


def _figure_class() -> type[Figure]:
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    class ShownOnce(Figure):
        """A figure that a notebook shows once.

        Its inline backend shows all open figures at the end of a cell: what has been shown as the
        value of the last line must not be open any more.
        """

        def _ipython_display_(self) -> None:
            from IPython.display import Image, display

            memory = io.BytesIO()
            self.savefig(memory, format="png")
            pyplot.close(self)
            display(Image(memory.getvalue()))

    return ShownOnce


def show(axes: Axes, values: np.ndarray, cmap: str = "gray") -> None:
    limits: dict[str, Any] = {} if cmap != "gray" else {"vmin": 0, "vmax": 1}
    axes.imshow(values, cmap=cmap, interpolation="nearest", **limits)


def row_label(axes: Axes, text: str) -> None:
    axes.text(
        -0.12, 0.5, text, transform=axes.transAxes, ha="right", va="center", fontsize=8, color=INK
    )


def colour_bar(figure: Figure, cells: list[Axes], limit: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    bar = figure.colorbar(
        ScalarMappable(Normalize(-limit, limit), "RdBu_r"), ax=cells, shrink=0.8, aspect=30
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, length=0)


# ---- Values ------------------------------------------------------------------------------------


def as_images(x: Any, what: str) -> np.ndarray:
    """Images as (samples, height, width) or with 3 or 4 channels behind."""
    array = _data.as_array(x, what)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 3 or (array.ndim == 4 and array.shape[-1] in (3, 4)):
        if not array.size:
            raise ValueError(f"{what} is empty: its shape is {array.shape}")
        return array
    hint = ""
    if array.ndim == 2:
        hint = "; one image is x[None], and rows of points are to be reshaped"
    elif array.ndim == 4 and array.shape[1] in (1, 3):
        hint = "; channels come last: move axis 1 to the end"
    raise ValueError(
        f"{what} has shape {array.shape}, expected images (samples, height, width) or (samples, "
        f"height, width, channels) with 1, 3 or 4 channels{hint}"
    )


def scaled(x: np.ndarray) -> np.ndarray:
    """Values from 0 to 1: 0, or the least, is black and the greatest white."""
    values = x.astype(np.float32)
    low, high = min(0.0, float(values.min())), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def as_classes(y: Any, what: str, count: int | None) -> np.ndarray | None:
    """Class numbers, also of one-hot rows and probabilities."""
    if y is None:
        return None
    array = _data.as_array(y, what)
    if array.ndim == 2:
        array = array[:, 0] if array.shape[1] == 1 else array.argmax(axis=1)
    if array.ndim != 1 or (count is not None and len(array) != count):
        wanted = "one class per sample" if count is None else f"{count} classes, one per image"
        raise ValueError(f"{what} has shape {array.shape}, expected {wanted}")
    if array.dtype.kind == "f" and not np.equal(array, np.round(array)).all():
        # The output of a single sigmoid.
        if not ((array >= 0) & (array <= 1)).all():
            raise ValueError(f"{what} holds numbers that are no classes, such as {array[0]:.4g}")
        array = array > 0.5
    classes = array.astype(np.int64)
    if len(classes) and classes.min() < 0:
        raise ValueError(f"{what} holds class {classes.min()}; classes are numbered from 0")
    return classes


def class_name(index: int, names: Sequence[str] | None) -> str:
    return str(names[index]) if names is not None and index < len(names) else str(index)
