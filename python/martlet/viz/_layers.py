"""What a network has learned, and what its layers make of an image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ._figures import colour_bar, grid, row_label, show
from ._parts import as_sample, image_symbols, names_of, symbol_of, values_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..layers._layer import Layer
    from ..models import Model

_MOST_FILTERS = 64
_MOST_CHANNELS = 12
_MOST_MAPS = 64
#: Inches for a colour bar.
_BAR = 0.75


def filters(layer: Layer) -> Figure:
    """The filters of a convolution.

    Red raises what comes out where the image is bright, blue lowers it. Filters over 3 channels
    that see an RGB image are shown in colour, grey being 0; of others each row is a filter and each
    column an input channel.

    Parameters
    ----------
    layer
        A layer with a kernel of rank 4, such as `Conv2D`, that has been built.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the layer has no such kernel yet.
    """
    kernel = getattr(layer, "kernel", None)
    if kernel is None or len(kernel.shape) != 4:
        state = "is not built: call it on data first" if not layer.built else "has no such kernel"
        raise ValueError(
            f"viz.filters draws kernels of shape (height, width, channels, filters); layer "
            f"'{layer.name}' {state}"
        )
    values = np.asarray(kernel.numpy())
    height, width, channels, count = values.shape
    limit = float(np.abs(values).max()) or 1.0
    colours: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    if channels in (1, 3):
        shown, bar = min(count, _MOST_FILTERS), _BAR if channels == 1 else 0.0
        columns = min(math.ceil(math.sqrt(2 * shown)), 16)
        figure, cells = grid(math.ceil(shown / columns), columns, 0.62, 0.62, head=0.35, side=bar)
        for index in range(shown):
            if channels == 3:
                cells[index].imshow(0.5 + values[..., index] / (2 * limit))
            else:
                cells[index].imshow(values[:, :, 0, index], **colours)
        what = f"{shown} of {count} filters" if shown < count else f"{count} filters"
    else:
        shown, across = min(count, _MOST_CHANNELS), min(channels, _MOST_CHANNELS)
        figure, cells = grid(shown, across, 0.55, 0.55, head=0.5, side=0.3 + _BAR)
        for row in range(shown):
            for column in range(across):
                cells[row * across + column].imshow(values[:, :, column, row], **colours)
            row_label(cells[row * across], str(row))
        what = f"filters (rows) {shown} of {count}, channels (columns) {across} of {channels}"
    figure.suptitle(f"{layer.name}: {what}, {height} × {width}")
    if channels != 3:
        colour_bar(figure, cells, limit)
    return figure


def feature_maps(model: Model, image: Any, layer: Layer | str | int | None = None) -> Figure:
    """What layers make of an image, channel by channel.

    Parameters
    ----------
    model
        A built model with one input.
    image
        One image, with or without an axis of samples in front.
    layer
        A layer of the model, its name or its index: up to 64 of its channels in a grid. None for
        the first 8 channels of every layer that gives images, a row per layer.

    Returns
    -------
    matplotlib.figure.Figure
        Each map from its least value (dark) to its greatest (bright).

    Raises
    ------
    ValueError
        If the image does not fit the model, or the layer gives no images.
    """
    sample = as_sample(model, image)
    symbols = image_symbols(model)
    if layer is not None:
        symbol = symbol_of(model, layer)
        if symbol.ndim != 4:
            raise ValueError(
                f"viz.feature_maps: layer '{symbol.name}' gives {symbol.shape}, no images; "
                f"layers that do: {names_of(symbols)}"
            )
        maps = values_of(model, [symbol], sample)[0][0]
        return _draw_maps(symbol.name, maps)
    if not symbols:
        raise ValueError(f"viz.feature_maps: no layer of model '{model.name}' gives images")
    columns = 8
    figure, cells = grid(len(symbols), columns, 0.85, 0.9, side=1.75)
    for row, values in enumerate(values_of(model, symbols, sample)):
        symbol = symbols[row]
        for column in range(min(columns, values.shape[-1])):
            show(cells[row * columns + column], values[0, :, :, column], cmap="viridis")
        height, width, channels = values.shape[1:]
        size = f"{height} × {width}, {channels} channel{'s' * (channels > 1)}"
        row_label(cells[row * columns], f"{symbol.name}\n{size}")
    return figure


def _draw_maps(name: str, maps: np.ndarray) -> Figure:
    height, width, channels = maps.shape
    shown = min(channels, _MOST_MAPS)
    columns = min(math.ceil(math.sqrt(1.6 * shown)), 12)
    figure, cells = grid(math.ceil(shown / columns), columns, 0.9, 0.9, head=0.5)
    for index in range(shown):
        show(cells[index], maps[:, :, index], cmap="viridis")
    what = f"{shown} of {channels}" if shown < channels else f"{channels}"
    figure.suptitle(f"{name}: {what} feature maps, {height} × {width}")
    return figure
