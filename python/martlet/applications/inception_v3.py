"""Inception: modules of several convolutions side by side, large ones made of small ones."""

from __future__ import annotations

from typing import Any

from ..layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    MaxPooling2D,
)
from ..layers._symbol import KerasTensor
from . import imagenet_utils
from ._ends import AUTOMATIC, Ends, network
from ._parts import channel_axis
from ._published import pair
from .imagenet_utils import decode_predictions as decode_predictions


@network(
    pair(
        "inception_v3",
        "inception_v3",
        "9a0d58056eeedaa3f26cb7ebd46da564",
        "bcbd6486424b2319ff4ef7d526e38f63",
    ),
    "inception_v3",
)
def InceptionV3(ends: Ends) -> KerasTensor:
    """The third Inception network: 24 million parameters with the top.

    Images: 299 × 299 if nothing is said, at least 75 × 75, through :func:`preprocess_input`. The
    arguments are described in :mod:`martlet.applications`.

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens and Wojna 2015, arXiv:1512.00567.
    """
    x = ends.image(299, smallest=75)
    x = _convolved(x, 32, 3, strides=2, padding="valid")
    x = _convolved(x, 32, 3, padding="valid")
    x = _convolved(x, 64, 3)
    x = MaxPooling2D(3, strides=2)(x)
    x = _convolved(x, 80, 1, padding="valid")
    x = _convolved(x, 192, 3, padding="valid")
    x = MaxPooling2D(3, strides=2)(x)
    for number, pooled in enumerate((32, 64, 64)):
        x = _with_fives(x, pooled, f"mixed{number}")
    x = _halved(x, "mixed3")
    for number, inner in enumerate((128, 160, 160, 192), 4):
        x = _with_sevens(x, inner, f"mixed{number}")
    x = _halved_by_sevens(x, "mixed8")
    for number in (9, 10):
        x = _widened(x, f"mixed{number}", forks=f"mixed9_{number - 9}")
    return ends.head(x, AUTOMATIC)


def _convolved(
    x: KerasTensor, filters: int, size: Any, strides: int = 1, padding: str = "same"
) -> KerasTensor:
    x = Conv2D(filters, size, strides, padding, use_bias=False)(x)
    return Activation("relu")(BatchNormalization(channel_axis(), scale=False)(x))


def _chain(x: KerasTensor, *steps: tuple[int, Any]) -> KerasTensor:
    """Convolutions one after the other, each by its filters and the size of its kernel."""
    for filters, size in steps:
        x = _convolved(x, filters, size)
    return x


def _joined(name: str | None, *branches: KerasTensor) -> KerasTensor:
    return Concatenate(channel_axis(), name=name)(list(branches))


def _averaged(x: KerasTensor, filters: int) -> KerasTensor:
    x = AveragePooling2D(3, strides=1, padding="same")(x)
    return _convolved(x, filters, 1)


# The branches of the paper's figures 5 to 7 and 10. They are made in the order of the stored
# weights, which go by the numbers of the layers.


def _with_fives(x: KerasTensor, pooled: int, name: str) -> KerasTensor:
    one = _convolved(x, 64, 1)
    five = _chain(x, (48, 1), (64, 5))
    threes = _chain(x, (64, 1), (96, 3), (96, 3))
    return _joined(name, one, five, threes, _averaged(x, pooled))


def _halved(x: KerasTensor, name: str) -> KerasTensor:
    three = _convolved(x, 384, 3, strides=2, padding="valid")
    threes = _chain(x, (64, 1), (96, 3))
    threes = _convolved(threes, 96, 3, strides=2, padding="valid")
    return _joined(name, three, threes, MaxPooling2D(3, strides=2)(x))


def _with_sevens(x: KerasTensor, inner: int, name: str) -> KerasTensor:
    one = _convolved(x, 192, 1)
    seven = _chain(x, (inner, 1), (inner, (1, 7)), (192, (7, 1)))
    upright, lying = (inner, (7, 1)), (inner, (1, 7))
    sevens = _chain(x, (inner, 1), upright, lying, upright, (192, (1, 7)))
    return _joined(name, one, seven, sevens, _averaged(x, 192))


def _halved_by_sevens(x: KerasTensor, name: str) -> KerasTensor:
    three = _convolved(_convolved(x, 192, 1), 320, 3, strides=2, padding="valid")
    seven = _chain(x, (192, 1), (192, (1, 7)), (192, (7, 1)))
    seven = _convolved(seven, 192, 3, strides=2, padding="valid")
    return _joined(name, three, seven, MaxPooling2D(3, strides=2)(x))


def _widened(x: KerasTensor, name: str, forks: str) -> KerasTensor:
    one = _convolved(x, 320, 1)
    fork = _convolved(x, 384, 1)
    three = _joined(forks, _convolved(fork, 384, (1, 3)), _convolved(fork, 384, (3, 1)))
    fork = _chain(x, (448, 1), (384, 3))
    threes = _joined(None, _convolved(fork, 384, (1, 3)), _convolved(fork, 384, (3, 1)))
    return _joined(name, one, three, threes, _averaged(x, 192))


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """:func:`martlet.applications.imagenet_utils.preprocess_input` with ``mode="tf"``."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")
