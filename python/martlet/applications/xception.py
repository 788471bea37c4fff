"""Xception: convolutions of channels apart and positions apart, and sums of what came in."""

from __future__ import annotations

from typing import Any

from ..layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    MaxPooling2D,
    SeparableConv2D,
)
from ..layers._symbol import KerasTensor
from . import imagenet_utils
from ._ends import AUTOMATIC, Ends, network
from ._parts import channel_axis
from ._published import pair
from .imagenet_utils import decode_predictions as decode_predictions


@network(
    pair(
        "xception",
        "xception",
        "0a58e3b7378bc2990ea3b43d5981f1f6",
        "b0042744bf5b25fce3cb969f33bebb97",
    )
)
def Xception(ends: Ends) -> KerasTensor:
    """Inception taken to the extreme: 23 million parameters with the top.

    Images: 299 × 299 if nothing is said, at least 71 × 71, through :func:`preprocess_input`. The
    arguments are described in :mod:`martlet.applications`.

    References
    ----------
    Chollet 2016, arXiv:1610.02357.
    """
    x = ends.image(299, smallest=71)
    for number, (filters, strides) in enumerate(((32, 2), (64, 1)), 1):
        name = f"block1_conv{number}"
        x = Conv2D(filters, 3, strides=strides, use_bias=False, name=name)(x)
        x = _activated(_normalized(x, f"{name}_bn"), f"{name}_act")
    x = _halved(x, 2, (128, 128), activates=False)
    x = _halved(x, 3, (256, 256))
    x = _halved(x, 4, (728, 728))
    for block in range(5, 13):
        x = Add()([_separated(x, block, (728, 728, 728)), x])
    x = _halved(x, 13, (728, 1024))
    for number, filters in enumerate((1536, 2048), 1):
        name = f"block14_sepconv{number}"
        x = _activated(_convolved(x, filters, name), f"{name}_act")
    return ends.head(x, AUTOMATIC)


def _halved(
    x: KerasTensor, block: int, filters: tuple[int, ...], activates: bool = True
) -> KerasTensor:
    """A block whose image is half as large, plus what came in, thinned out."""
    shortcut = Conv2D(filters[-1], 1, strides=2, padding="same", use_bias=False)(x)
    shortcut = _normalized(shortcut, None)
    x = _separated(x, block, filters, activates)
    x = MaxPooling2D(3, strides=2, padding="same", name=f"block{block}_pool")(x)
    return Add()([x, shortcut])


def _separated(
    x: KerasTensor, block: int, filters: tuple[int, ...], activates: bool = True
) -> KerasTensor:
    """Separable convolutions, each behind a relu; the first one not if so asked."""
    for number, count in enumerate(filters, 1):
        name = f"block{block}_sepconv{number}"
        if activates or number > 1:
            x = _activated(x, f"{name}_act")
        x = _convolved(x, count, name)
    return x


def _convolved(x: KerasTensor, filters: int, name: str) -> KerasTensor:
    x = SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return _normalized(x, f"{name}_bn")


def _normalized(x: KerasTensor, name: str | None) -> KerasTensor:
    return BatchNormalization(channel_axis(), name=name)(x)


def _activated(x: KerasTensor, name: str) -> KerasTensor:
    return Activation("relu", name=name)(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """:func:`martlet.applications.imagenet_utils.preprocess_input` with ``mode="tf"``."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")
