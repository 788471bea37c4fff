"""MobileNet: convolutions of each channel alone, then of all channels at each position."""

from __future__ import annotations

from typing import Any

from ..layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    ReLU,
    Reshape,
    ZeroPadding2D,
)
from ..layers._symbol import KerasTensor
from ..models import Model
from . import imagenet_utils
from ._ends import AUTOMATIC, Ends
from ._parts import channel_axis, extents
from ._published import HOME, Pair, Published
from .imagenet_utils import decode_predictions as decode_predictions

#: Filters and stride of each block.
_BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)
#: There are published weights for these, and for these sizes of images.
_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
_SIZES = (128, 160, 192, 224)


def MobileNet(
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 0.001,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """A network for small devices: 4.3 million parameters with the top.

    Images: 224 × 224 if nothing is said, at least 32 × 32, through :func:`preprocess_input`. The
    other arguments are described in :mod:`martlet.applications`.

    Parameters
    ----------
    alpha
        Factor of the number of filters in every layer. Weights are published for 0.25, 0.5, 0.75
        and 1.
    depth_multiplier
        Channels that each depthwise convolution makes of one; 1 for published weights.
    dropout
        Share of the features that are dropped before the classes.
    input_shape, include_top, weights, input_tensor, pooling, classes, classifier_activation, name
        See :mod:`martlet.applications`. The published weights with a top are for images of 128,
        160, 192 or 224 rows and columns.

    References
    ----------
    Howard et al. 2017, arXiv:1704.04861.
    """
    ends = Ends(
        "MobileNet",
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
    )
    ends.check_published(alpha=(alpha, _ALPHAS), depth_multiplier=(depth_multiplier, (1,)))
    size = ends.published_size(_SIZES)
    x = ends.image(size, smallest=32)
    rows = size if ends.from_imagenet else extents(x)[0]
    x = Conv2D(int(32 * alpha), 3, 2, "same", use_bias=False, name="conv1")(x)
    x = _activated(x, "conv1")
    for number, (filters, strides) in enumerate(_BLOCKS, 1):
        x = _block(x, int(filters * alpha), strides, depth_multiplier, number)
    x = _top(x, ends, dropout) if include_top else ends.pooled(x, AUTOMATIC)
    return ends.model(x, name or f"mobilenet_{alpha:.2f}_{rows}", _published(alpha, size))


def _block(
    x: KerasTensor, filters: int, strides: int, depth_multiplier: int, number: int
) -> KerasTensor:
    padding = "same"
    if strides > 1:
        x = ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
        padding = "valid"
    name = f"conv_dw_{number}"
    x = DepthwiseConv2D(
        3,
        strides=strides,
        padding=padding,
        depth_multiplier=depth_multiplier,
        use_bias=False,
        name=name,
    )(x)
    x = _activated(x, name)
    name = f"conv_pw_{number}"
    x = Conv2D(filters, 1, padding="same", use_bias=False, name=name)(x)
    return _activated(x, name)


def _activated(x: KerasTensor, name: str) -> KerasTensor:
    """Normalized and cut at 0 and 6."""
    x = BatchNormalization(channel_axis(), name=f"{name}_bn")(x)
    return ReLU(6.0, name=f"{name}_relu")(x)


def _top(x: KerasTensor, ends: Ends, dropout: float) -> KerasTensor:
    x = GlobalAveragePooling2D(keepdims=True)(x)
    x = Dropout(dropout, name="dropout")(x)
    x = Conv2D(ends.classes, 1, padding="same", name="conv_preds")(x)
    x = Reshape((ends.classes,), name="reshape_2")(x)
    return Activation(ends.classifier_activation, name="predictions")(x)


def _published(alpha: float, size: int) -> Pair:
    stem = f"{HOME}/mobilenet/mobilenet_{_ALPHAS.get(alpha)}_{size}_tf"
    return {True: Published(f"{stem}.h5"), False: Published(f"{stem}_no_top.h5")}


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """:func:`martlet.applications.imagenet_utils.preprocess_input` with ``mode="tf"``."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")
