"""What networks trained on ImageNet take and tell: pixels, and the names of the classes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .. import _data, _settings, ops
from .._errors import unknown_name
from ..layers import Normalization, Rescaling
from ..layers._symbol import KerasTensor
from ._ends import CLASSES_OF_IMAGENET
from ._published import Published

_CLASSES = Published(
    "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
    "c2c37ea517e94d9795004a39431a14cb",
)

# Of the training images, per channel.
_MEAN_RED_GREEN_BLUE = np.array([0.485, 0.456, 0.406])  # of 1
DEVIATION_RED_GREEN_BLUE = np.array([0.229, 0.224, 0.225])
_MEAN_BLUE_GREEN_RED = np.array([103.939, 116.779, 123.68])  # of 255


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Pixels as a network was trained on them.

    Unlike Keras's this leaves `x` as it is, so that a cell of a notebook may run twice.

    Parameters
    ----------
    x
        Images with values from 0 to 255 and the channels red, green, blue: an array of one image
        or of several, or a symbol.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    mode
        ``"tf"``: values from -1 to 1. ``"torch"``: from 0 to 1, then the mean of ImageNet's images
        taken off and divided by their deviation, per channel. ``"caffe"``: the channels turned
        around to blue, green, red and their means taken off, not divided.

    Returns
    -------
    numpy.ndarray or KerasTensor
        Of the same shape; float32, or the type of `x` if that is a floating one.

    Raises
    ------
    ValueError
        If the mode is unknown, or there are not 3 channels.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.applications.imagenet_utils import preprocess_input
    >>> preprocess_input(np.full((1, 1, 3), 255), mode="tf")
    array([[[1., 1., 1.]]], dtype=float32)
    >>> preprocess_input(np.zeros((1, 1, 3)), mode="caffe")
    array([[[-103.939, -116.779, -123.68 ]]])
    """
    if mode not in ("caffe", "tf", "torch"):
        raise unknown_name("mode of preprocess_input", mode, ("caffe", "tf", "torch"))
    form = _settings.image_format(data_format, "preprocess_input: data_format")
    axis = -1 if form == "channels_last" else -3
    if isinstance(x, KerasTensor):
        return _symbol_prepared(x, axis, mode)
    pixels = _data.as_array(x, "x")
    if not np.issubdtype(pixels.dtype, np.floating):
        pixels = pixels.astype(np.float32)
    if mode == "tf":
        return pixels / pixels.dtype.type(127.5) - pixels.dtype.type(1)
    if pixels.ndim not in (3, 4) or pixels.shape[axis] != 3:
        raise ValueError(
            f"preprocess_input: expected images of 3 channels, {form}, got the shape {pixels.shape}"
        )

    def spread(numbers: np.ndarray) -> np.ndarray:
        return numbers.astype(pixels.dtype).reshape((3,) + (1,) * (-axis - 1))

    if mode == "torch":
        pixels = pixels / pixels.dtype.type(255)
        return (pixels - spread(_MEAN_RED_GREEN_BLUE)) / spread(DEVIATION_RED_GREEN_BLUE)
    return np.flip(pixels, axis) - spread(_MEAN_BLUE_GREEN_RED)


def _symbol_prepared(x: KerasTensor, axis: int, mode: str) -> KerasTensor:
    if mode == "tf":
        return Rescaling(1 / 127.5, offset=-1.0)(x)
    if mode == "caffe":
        return Normalization(axis, _MEAN_BLUE_GREEN_RED.tolist(), [1.0] * 3)(ops.flip(x, axis))
    mean = (255 * _MEAN_RED_GREEN_BLUE).tolist()
    variance = ((255 * DEVIATION_RED_GREEN_BLUE) ** 2).tolist()
    return Normalization(axis, mean, variance)(x)


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, float]]]:
    """The most probable classes of ImageNet by name.

    The names are in a file of Keras's, ``imagenet_class_index.json``, that is looked for as the
    weights are, see :mod:`martlet.applications`.

    Parameters
    ----------
    preds
        What a network with its top predicted, of shape ``(samples, 1000)``.
    top
        How many classes to tell of.

    Returns
    -------
    list
        For each sample a list of ``(id, name, score)``, the highest score first.

    Raises
    ------
    ValueError
        If `preds` has another shape.
    OSError
        If the file is not here and cannot be downloaded; the message says where to put it.
    """
    scores = np.asarray(preds)
    if scores.ndim != 2 or scores.shape[1] != CLASSES_OF_IMAGENET:
        raise ValueError(
            "decode_predictions: expected predictions of shape "
            f"(samples, {CLASSES_OF_IMAGENET}), got {scores.shape}; only a network with the top "
            "of ImageNet tells its classes"
        )
    if top < 1:
        raise ValueError(f"decode_predictions: top must be at least 1, got {top}")
    classes = json.loads(_CLASSES.path().read_text(encoding="utf-8"))
    best = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return [
        [(*classes[str(index)], row[index]) for index in indices]
        for row, indices in zip(scores, best, strict=True)
    ]
