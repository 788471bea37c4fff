"""VGG16: thirteen convolutions of 3 × 3 and three dense layers."""

from __future__ import annotations

from typing import Any

from ..layers import Conv2D, Dense, Flatten, MaxPooling2D
from ..layers._symbol import KerasTensor
from . import imagenet_utils
from ._ends import AUTOMATIC, Ends, network
from ._published import pair
from .imagenet_utils import decode_predictions as decode_predictions

_FILTERS = (64, 128, 256, 512, 512)


@network(
    pair("vgg16", "vgg16", "64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc")
)
def VGG16(ends: Ends) -> KerasTensor:
    """VGG with 16 layers that have weights: 138 million parameters with the top.

    Images: 224 × 224 if nothing is said, at least 32 × 32, through :func:`preprocess_input`. The
    arguments are described in :mod:`martlet.applications`.

    References
    ----------
    Simonyan and Zisserman 2014, arXiv:1409.1556.

    Examples
    --------
    >>> from martlet.applications import VGG16
    >>> VGG16(weights=None, include_top=False, input_shape=(64, 64, 3)).output_shape
    (None, 2, 2, 512)
    """
    return vgg(ends, (2, 2, 3, 3, 3))


def vgg(ends: Ends, depths: tuple[int, ...]) -> KerasTensor:
    """Five blocks of so many convolutions each; every one halves the image."""
    x = ends.image(224, smallest=32)
    for block, (depth, filters) in enumerate(zip(depths, _FILTERS, strict=True), 1):
        for number in range(1, depth + 1):
            conv = f"block{block}_conv{number}"
            x = Conv2D(filters, 3, padding="same", activation="relu", name=conv)(x)
        x = MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    if not ends.include_top:
        return ends.pooled(x, AUTOMATIC)
    x = Flatten(name="flatten")(x)
    x = Dense(4096, activation="relu", name="fc1")(x)
    x = Dense(4096, activation="relu", name="fc2")(x)
    return ends.classified(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """:func:`martlet.applications.imagenet_utils.preprocess_input` with ``mode="caffe"``."""
    return imagenet_utils.preprocess_input(x, data_format, "caffe")
