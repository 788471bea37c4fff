"""MobileNetV2: blocks that widen, convolve each channel alone and narrow again."""

from __future__ import annotations

from typing import Any

from ..layers import (
    Add,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    ReLU,
    ZeroPadding2D,
)
from ..layers._symbol import KerasTensor
from ..models import Model
from . import imagenet_utils
from ._ends import AUTOMATIC, Ends
from ._parts import border_for_stride_2, channel_axis, channels, extents, rounded
from ._published import HOME, Pair, Published
from .imagenet_utils import decode_predictions as decode_predictions

#: Of the paper's table 2: how much a block widens, its filters, how often, and the first stride.
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
#: There are published weights for these, and for these sizes of images.
_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
_SIZES = (96, 128, 160, 192, 224)


def MobileNetV2(
    input_shape: Any = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """A network for small devices: 3.5 million parameters with the top.

    Images: 224 × 224 if nothing is said, at least 32 × 32, through :func:`preprocess_input`. The
    other arguments are described in :mod:`martlet.applications`.

    Parameters
    ----------
    alpha
        Factor of the number of filters in every layer. Weights are published for 0.35, 0.5, 0.75,
        1, 1.3 and 1.4.
    input_shape, include_top, weights, input_tensor, pooling, classes, classifier_activation, name
        See :mod:`martlet.applications`. The published weights with a top are for images of 96,
        128, 160, 192 or 224 rows and columns.

    References
    ----------
    Sandler, Howard, Zhu, Zhmoginov and Chen 2018, arXiv:1801.04381.

    Examples
    --------
    >>> from martlet.applications import MobileNetV2
    >>> base = MobileNetV2((96, 96, 3), include_top=False, weights=None, pooling="avg")
    >>> base.output_shape
    (None, 1280)
    """
    ends = Ends(
        "MobileNetV2",
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
    )
    ends.check_published(alpha=(alpha, _ALPHAS))
    size = ends.published_size(_SIZES)
    x = ends.image(size, smallest=32)
    rows = size if ends.from_imagenet else extents(x)[0]
    x = Conv2D(rounded(32 * alpha), 3, 2, "same", use_bias=False, name="Conv1")(x)
    x = _activated(x, "bn_Conv1", "Conv1_relu")
    number = 0
    for widening, filters, count, first_stride in _STAGES:
        for strides in (first_stride,) + (1,) * (count - 1):
            # The first block has another name, and nothing to widen.
            block = f"block_{number}" if number else "expanded_conv"
            x = _block(x, block, widening, rounded(int(filters * alpha)), strides)
            number += 1
    last = rounded(1280 * alpha) if alpha > 1 else 1280
    x = Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
    x = _activated(x, "Conv_1_bn", "out_relu")
    if include_top:
        x = GlobalAveragePooling2D()(x)
        x = ends.classified(x)
    else:
        x = ends.pooled(x, AUTOMATIC)
    name = name or f"mobilenetv2_{alpha:.2f}_{rows}"
    return ends.model(x, name, _published(alpha, size))


def _block(x: KerasTensor, name: str, widening: int, filters: int, strides: int) -> KerasTensor:
    """What comes in, if the shape stays, plus the result."""
    given, width = x, channels(x)
    if widening > 1:
        x = Conv2D(widening * width, 1, padding="same", use_bias=False, name=f"{name}_expand")(x)
        x = _activated(x, f"{name}_expand_BN", f"{name}_expand_relu")
    if strides > 1:
        x = ZeroPadding2D(border_for_stride_2(x, 3), name=f"{name}_pad")(x)
    padding = "valid" if strides > 1 else "same"
    x = DepthwiseConv2D(
        3, strides=strides, padding=padding, use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = _activated(x, f"{name}_depthwise_BN", f"{name}_depthwise_relu")
    x = Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}_project")(x)
    x = _normalized(x, f"{name}_project_BN")
    return Add(name=f"{name}_add")([given, x]) if strides == 1 and filters == width else x


def _normalized(x: KerasTensor, name: str) -> KerasTensor:
    return BatchNormalization(channel_axis(), momentum=0.999, name=name)(x)


def _activated(x: KerasTensor, normalization: str, relu: str) -> KerasTensor:
    """Normalized and cut at 0 and 6."""
    return ReLU(6.0, name=relu)(_normalized(x, normalization))


def _published(alpha: float, size: int) -> Pair:
    stem = f"{HOME}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels"
    stem = f"{stem}_{float(alpha)}_{size}"
    return {True: Published(f"{stem}.h5"), False: Published(f"{stem}_no_top.h5")}


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """:func:`martlet.applications.imagenet_utils.preprocess_input` with ``mode="tf"``."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")
