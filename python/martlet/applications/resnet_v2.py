"""Residual networks that normalize before they convolve, so that sums pass on unchanged."""

from __future__ import annotations

from typing import Any

from ..layers import Add, Conv2D, MaxPooling2D, ZeroPadding2D
from ..layers._symbol import KerasTensor
from . import imagenet_utils
from ._ends import Ends, network
from ._published import pair
from .imagenet_utils import decode_predictions as decode_predictions
from .resnet import FILTERS, activated, normalized


@network(
    pair(
        "resnet",
        "resnet50v2",
        "3ef43a0b657b3be2300d5770ece849e0",
        "fac2f116257151a9d068a22e544a4917",
    )
)
def ResNet50V2(ends: Ends) -> KerasTensor:
    """A residual network of the second form, of 50 layers: 26 million parameters with the top.

    Images: 224 × 224 if nothing is said, at least 32 × 32, through :func:`preprocess_input`. The
    arguments are described in :mod:`martlet.applications`.

    References
    ----------
    He, Zhang, Ren and Sun 2016, arXiv:1603.05027.
    """
    return _resnet(ends, (3, 4, 6, 3))


@network(
    pair(
        "resnet",
        "resnet101v2",
        "6343647c601c52e1368623803854d971",
        "c0ed64b8031c3730f411d2eb4eea35b5",
    )
)
def ResNet101V2(ends: Ends) -> KerasTensor:
    """The same of 101 layers: 45 million parameters with the top; else as `ResNet50V2`."""
    return _resnet(ends, (3, 4, 23, 3))


@network(
    pair(
        "resnet",
        "resnet152v2",
        "a49b44d1979771252814e80f8ec446f9",
        "ed17cf2e0169df9d443503ef94b23b33",
    )
)
def ResNet152V2(ends: Ends) -> KerasTensor:
    """The same of 152 layers: 60 million parameters with the top; else as `ResNet50V2`."""
    return _resnet(ends, (3, 8, 36, 3))


def _resnet(ends: Ends, depths: tuple[int, ...]) -> KerasTensor:
    """Four stages of so many blocks each; all but the last end with a stride of 2."""
    x = ends.image(224, smallest=32)
    x = ZeroPadding2D(3, name="conv1_pad")(x)
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (depth, filters) in enumerate(zip(depths, FILTERS, strict=True), 2):
        for number in range(1, depth + 1):
            strides = 2 if number == depth and stage < 5 else 1
            x = _block(x, f"conv{stage}_block{number}", filters, strides, projects=number == 1)
    return ends.head(activated(normalized(x, "post_bn"), "post_relu"))


def _block(x: KerasTensor, name: str, filters: int, strides: int, *, projects: bool) -> KerasTensor:
    """What comes in, projected or thinned out where its shape changes, plus the result."""
    ready = activated(normalized(x, f"{name}_preact_bn"), f"{name}_preact_relu")
    if projects:
        shortcut = Conv2D(4 * filters, 1, strides=strides, name=f"{name}_0_conv")(ready)
    else:
        shortcut = MaxPooling2D(1, strides=strides)(x) if strides > 1 else x
    x = Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(ready)
    x = activated(normalized(x, f"{name}_1_bn"), f"{name}_1_relu")
    x = ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = Conv2D(filters, 3, strides=strides, use_bias=False, name=f"{name}_2_conv")(x)
    x = activated(normalized(x, f"{name}_2_bn"), f"{name}_2_relu")
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return Add(name=f"{name}_out")([shortcut, x])


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """:func:`martlet.applications.imagenet_utils.preprocess_input` with ``mode="tf"``."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")
