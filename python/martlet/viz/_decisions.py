"""Where a decision comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _native
from ._figures import as_images, grid, scaled, show
from ._parts import (
    as_sample,
    image_symbols,
    last_convolution,
    names_of,
    part_between,
    symbol_of,
    values_of,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..layers._layer import Layer
    from ..models import Model

#: How much of the map's colour is taken where the image is black.
_DARKEST = 0.45


def class_activation(
    model: Model, image: Any, class_index: int | None = None, layer: Layer | str | int | None = None
) -> np.ndarray:
    """How much each place of a convolution's output speaks for a class (Grad-CAM).

    The gradient of the class's score, before a final softmax or sigmoid, says for each channel how
    much it counts: its mean over the image is the weight of that channel's map. The sum of the
    weighted maps, where it is positive, is the answer.

    Parameters
    ----------
    model
        A built model with one input and one output of shape ``(samples, classes)``.
    image
        One image, with or without an axis of samples in front.
    class_index
        The class; None for the one that the model chooses.
    layer
        A layer that gives images, its name or its index; None for the last convolution.

    Returns
    -------
    numpy.ndarray
        float32 of the size of the layer's output, from 0 up to 1, its greatest value; zeros where
        nothing speaks for the class.

    Raises
    ------
    ValueError
        If there is no such class or layer.

    References
    ----------
    Selvaraju et al. 2017, arXiv:1610.02391.
    """
    sample = as_sample(model, image)
    symbol = last_convolution(model) if layer is None else symbol_of(model, layer)
    if symbol.ndim != 4:
        raise ValueError(
            f"viz.grad_cam: layer '{symbol.name}' gives {symbol.shape}, no images; "
            f"layers that do: {names_of(image_symbols(model))}"
        )
    class_index = _chosen_class(model, sample, class_index)
    maps = values_of(model, [symbol], sample)[0]
    factors = np.zeros((1, *model.output_shape[1:]), np.float32)
    factors[0, class_index] = 1
    # What goes around the layer, as the shortcut of a residual block does, starts at the image.
    rest = part_between([symbol, *model.inputs], model.outputs)
    gradient, _ = _native.input_gradients(
        rest, [maps, sample], [factors], of_scores=True, batch_size=1
    )
    weights = gradient.mean(axis=(0, 1, 2))
    heat = np.maximum((maps[0] * weights).sum(axis=-1), 0)
    return heat / heat.max() if heat.max() > 0 else heat


def grad_cam(
    model: Model, image: Any, class_index: int | None = None, layer: Layer | str | int | None = None
) -> Figure:
    """The places of an image that speak for a class: the image, the heat map, both.

    Parameters
    ----------
    model, image, class_index, layer
        As for :func:`class_activation`, which gives the map as numbers.

    Returns
    -------
    matplotlib.figure.Figure
    """
    sample = as_sample(model, image)
    index = _chosen_class(model, sample, class_index)
    heat = class_activation(model, sample, index, layer)
    answer = model.predict(sample, verbose=0)[0]
    picture = scaled(as_images(sample, "image"))[0]
    figure, (left, middle, right) = grid(1, 3, width=2.5, height=2.7, head=0.35)
    bounds = (-0.5, picture.shape[1] - 0.5, picture.shape[0] - 0.5, -0.5)
    warm: dict[str, Any] = {"cmap": "plasma", "vmin": 0, "vmax": 1, "extent": bounds}
    show(left, picture)
    middle.imshow(heat, interpolation="nearest", **warm)
    # Colour is the map's alone; the image is its shadow, so that both can be read.
    grey = picture if picture.ndim == 2 else picture[..., :3].mean(axis=-1)
    shadow = np.zeros((*grey.shape, 4))
    shadow[..., 3] = _DARKEST * (1 - grey)
    right.imshow(heat, interpolation="bilinear", **warm)
    right.imshow(shadow)
    left.set_title("image")
    middle.set_title(f"{heat.shape[0]} × {heat.shape[1]} points of the layer")
    right.set_title("where it looks")
    value = f" ({answer[index]:.1%})".replace("%", " %") if 0 <= answer[index] <= 1 else ""
    # A single output is the probability of class 1.
    shown = index if model.output_shape[1] > 1 else 1
    figure.suptitle(f"What speaks for class {shown}{value}")
    return figure


def _chosen_class(model: Model, sample: np.ndarray, class_index: int | None) -> int:
    shape = model.output_shape
    if len(model.outputs) != 1 or len(shape) != 2:
        raise ValueError(
            f"viz.grad_cam: model '{model.name}' has outputs of shape {shape}; expected one, of "
            "shape (None, classes)"
        )
    if class_index is None:
        return int(model.predict(sample, verbose=0)[0].argmax())
    if not 0 <= class_index < shape[1]:
        raise ValueError(
            f"viz.grad_cam: class_index {class_index} is out of range; model '{model.name}' has "
            f"{shape[1]} classes"
        )
    return int(class_index)
