"""Residual networks: blocks of three convolutions whose result is added to what came in."""

from __future__ import annotations

from typing import Any

from ..layers import Activation, Add, BatchNormalization, Conv2D, MaxPooling2D, ZeroPadding2D
from ..layers._symbol import KerasTensor
from . import imagenet_utils
from ._ends import Ends, network
from ._parts import channel_axis
from ._published import pair
from .imagenet_utils import decode_predictions as decode_predictions

FILTERS = (64, 128, 256, 512)
EPSILON = 1.001e-5


@network(
    pair(
        "resnet",
        "resnet50",
        "2cb95161c43110f7111970584f804107",
        "4d473c1dd8becc155b73f8504c6f6626",
    )
)
def ResNet50(ends: Ends) -> KerasTensor:
    """A residual network of 50 layers: 26 million parameters with the top.

    Images: 224 × 224 if nothing is said, at least 32 × 32, through :func:`preprocess_input`. The
    arguments are described in :mod:`martlet.applications`.

    References
    ----------
    He, Zhang, Ren and Sun 2015, arXiv:1512.03385.

    Examples
    --------
    >>> from martlet.applications import ResNet50
    >>> base = ResNet50(weights=None, include_top=False, input_shape=(64, 64, 3), pooling="avg")
    >>> base.output_shape
    (None, 2048)
    """
    return _resnet(ends, (3, 4, 6, 3))


@network(
    pair(
        "resnet",
        "resnet101",
        "f1aeb4b969a6efcfb50fad2f0c20cfc5",
        "88cf7a10940856eca736dc7b7e228a21",
    )
)
def ResNet101(ends: Ends) -> KerasTensor:
    """A residual network of 101 layers: 45 million parameters with the top; else as `ResNet50`."""
    return _resnet(ends, (3, 4, 23, 3))


@network(
    pair(
        "resnet",
        "resnet152",
        "100835be76be38e30d865e96f2aaae62",
        "ee4c566cf9a93f14d82f913c2dc6dd0c",
    )
)
def ResNet152(ends: Ends) -> KerasTensor:
    """A residual network of 152 layers: 60 million parameters with the top; else as `ResNet50`."""
    return _resnet(ends, (3, 8, 36, 3))


def _resnet(ends: Ends, depths: tuple[int, ...]) -> KerasTensor:
    """Four stages of so many blocks each; all but the first begin with a stride of 2."""
    x = ends.image(224, smallest=32)
    x = ZeroPadding2D(3, name="conv1_pad")(x)
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = activated(normalized(x, "conv1_bn"), "conv1_relu")
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (depth, filters) in enumerate(zip(depths, FILTERS, strict=True), 2):
        for number in range(1, depth + 1):
            strides = 2 if number == 1 and stage > 2 else 1
            x = _block(x, f"conv{stage}_block{number}", filters, strides, projects=number == 1)
    return ends.head(x)


def _block(x: KerasTensor, name: str, filters: int, strides: int, *, projects: bool) -> KerasTensor:
    """What comes in, projected to the channels of the result where they change, plus the result."""
    shortcut = x
    if projects:
        shortcut = Conv2D(4 * filters, 1, strides=strides, name=f"{name}_0_conv")(x)
        shortcut = normalized(shortcut, f"{name}_0_bn")
    x = Conv2D(filters, 1, strides=strides, name=f"{name}_1_conv")(x)
    x = activated(normalized(x, f"{name}_1_bn"), f"{name}_1_relu")
    x = Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = activated(normalized(x, f"{name}_2_bn"), f"{name}_2_relu")
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = normalized(x, f"{name}_3_bn")
    return activated(Add(name=f"{name}_add")([shortcut, x]), f"{name}_out")


def normalized(x: KerasTensor, name: str) -> KerasTensor:
    """A batch normalization as these networks have it."""
    return BatchNormalization(channel_axis(), epsilon=EPSILON, name=name)(x)


def activated(x: KerasTensor, name: str) -> KerasTensor:
    """A relu of its own name."""
    return Activation("relu", name=name)(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """:func:`martlet.applications.imagenet_utils.preprocess_input` with ``mode="caffe"``."""
    return imagenet_utils.preprocess_input(x, data_format, "caffe")
