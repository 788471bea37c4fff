"""Densely connected networks: every block of a stage sees what all before it have made."""

from __future__ import annotations

from typing import Any

from ..layers import AveragePooling2D, Concatenate, Conv2D, MaxPooling2D, ZeroPadding2D
from ..layers._symbol import KerasTensor
from . import imagenet_utils
from ._ends import Ends, network
from ._parts import channel_axis, channels
from ._published import pair
from .imagenet_utils import decode_predictions as decode_predictions
from .resnet import activated, normalized

#: Channels that each block adds.
_GROWTH = 32


@network(
    pair(
        "densenet",
        "densenet121",
        "9d60b8095a5708f2dcce2bca79d332c7",
        "30ee3e1110167f948a6b9946edeeb738",
    )
)
def DenseNet121(ends: Ends) -> KerasTensor:
    """A densely connected network of 121 layers: 8 million parameters with the top.

    Images: 224 × 224 if nothing is said, at least 32 × 32, through :func:`preprocess_input`. The
    arguments are described in :mod:`martlet.applications`.

    References
    ----------
    Huang, Liu, van der Maaten and Weinberger 2016, arXiv:1608.06993.
    """
    return _densenet(ends, (6, 12, 24, 16))


@network(
    pair(
        "densenet",
        "densenet169",
        "d699b8f76981ab1b30698df4c175e90b",
        "b8c4d4c20dd625c148057b9ff1c1176b",
    )
)
def DenseNet169(ends: Ends) -> KerasTensor:
    """The same of 169 layers: 14 million parameters with the top; else as `DenseNet121`."""
    return _densenet(ends, (6, 12, 32, 32))


@network(
    pair(
        "densenet",
        "densenet201",
        "1ceb130c1ea1b78c3bf6114dbdfd8807",
        "c13680b51ded0fb44dff2d8f86ac8bb1",
    )
)
def DenseNet201(ends: Ends) -> KerasTensor:
    """The same of 201 layers: 20 million parameters with the top; else as `DenseNet121`."""
    return _densenet(ends, (6, 12, 48, 32))


def _densenet(ends: Ends, depths: tuple[int, ...]) -> KerasTensor:
    """Four stages of so many blocks each; between them channels and extents are halved."""
    x = ends.image(224, smallest=32)
    x = ZeroPadding2D(3)(x)
    x = Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
    x = activated(normalized(x, "conv1_bn"), "conv1_relu")
    x = ZeroPadding2D(1)(x)
    x = MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, depth in enumerate(depths, 2):
        for number in range(1, depth + 1):
            x = _block(x, f"conv{stage}_block{number}")
        if stage < 5:
            x = _transition(x, f"pool{stage}")
    return ends.head(activated(normalized(x, "bn"), "relu"))


def _block(x: KerasTensor, name: str) -> KerasTensor:
    """What comes in and, beside it, a few channels made of it."""
    made = activated(normalized(x, f"{name}_0_bn"), f"{name}_0_relu")
    made = Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(made)
    made = activated(normalized(made, f"{name}_1_bn"), f"{name}_1_relu")
    made = Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(made)
    return Concatenate(channel_axis(), name=f"{name}_concat")([x, made])


def _transition(x: KerasTensor, name: str) -> KerasTensor:
    filters = channels(x) // 2
    x = activated(normalized(x, f"{name}_bn"), f"{name}_relu")
    x = Conv2D(filters, 1, use_bias=False, name=f"{name}_conv")(x)
    return AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """:func:`martlet.applications.imagenet_utils.preprocess_input` with ``mode="torch"``."""
    return imagenet_utils.preprocess_input(x, data_format, "torch")
