"""EfficientNets: one network in eight sizes, with depth, width and image growing together."""

from __future__ import annotations

import math
import string
from typing import Any, NamedTuple

from .. import _settings
from ..initializers import VarianceScaling
from ..layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Multiply,
    Normalization,
    Rescaling,
    Reshape,
    ZeroPadding2D,
)
from ..layers._symbol import KerasTensor
from ._ends import Ends, network
from ._parts import border_for_stride_2, channel_axis, channels, channels_last, rounded
from ._published import Pair, Published
from .imagenet_utils import DEVIATION_RED_GREEN_BLUE
from .imagenet_utils import decode_predictions as decode_predictions


class _Stage(NamedTuple):
    """Of the paper's table 1: blocks that are alike."""

    size: int
    repeats: int
    filters: int
    widening: int
    strides: int


_STAGES = (
    _Stage(3, 1, 16, 1, 1),
    _Stage(3, 2, 24, 6, 2),
    _Stage(5, 2, 40, 6, 2),
    _Stage(3, 3, 80, 6, 2),
    _Stage(5, 3, 112, 6, 1),
    _Stage(5, 4, 192, 6, 2),
    _Stage(3, 1, 320, 6, 1),
)
#: Share of the last block's results that are dropped whole (Huang et al. 2016, arXiv:1603.09382).
_DROPPED_BLOCKS = 0.2
#: Channels between which a block weighs its own, as a share of what came in.
_SQUEEZE = 0.25

_CONVOLUTION = VarianceScaling(2.0, "fan_out", "truncated_normal")
_CLASSES = VarianceScaling(1 / 3, "fan_out", "uniform")


def _published(variant: str, with_top: str, without_top: str) -> Pair:
    stem = f"https://storage.googleapis.com/keras-applications/efficientnet{variant}"
    return {
        True: Published(f"{stem}.h5", with_top),
        False: Published(f"{stem}_notop.h5", without_top),
    }


@network(_published("b0", "902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d"))
def EfficientNetB0(ends: Ends) -> KerasTensor:
    """The smallest EfficientNet: 5.3 million parameters with the top.

    Images: 224 × 224 if nothing is said, at least 32 × 32, with values from 0 to 255: the network
    itself brings them into its range. The arguments are described in :mod:`martlet.applications`.

    References
    ----------
    Tan and Le 2019, arXiv:1905.11946.
    """
    return _efficient(ends, width=1.0, depth=1.0, size=224, dropout=0.2)


@network(_published("b1", "1d254153d4ab51201f1646940f018540", "74c4e6b3e1f6a1eea24c589628592432"))
def EfficientNetB1(ends: Ends) -> KerasTensor:
    """An EfficientNet for images of 240 × 240: 7.9 million parameters; else as `EfficientNetB0`."""
    return _efficient(ends, width=1.0, depth=1.1, size=240, dropout=0.2)


@network(_published("b2", "b15cce36ff4dcbd00b6dd88e7857a6ad", "111f8e2ac8aa800a7a99e3239f7bfb39"))
def EfficientNetB2(ends: Ends) -> KerasTensor:
    """An EfficientNet for images of 260 × 260: 9.2 million parameters; else as `EfficientNetB0`."""
    return _efficient(ends, width=1.1, depth=1.2, size=260, dropout=0.3)


@network(_published("b3", "ffd1fdc53d0ce67064dc6a9c7960ede0", "af6d107764bb5b1abb91932881670226"))
def EfficientNetB3(ends: Ends) -> KerasTensor:
    """An EfficientNet for images of 300 × 300: 12 million parameters; else as `EfficientNetB0`."""
    return _efficient(ends, width=1.2, depth=1.4, size=300, dropout=0.3)


@network(_published("b4", "18c95ad55216b8f92d7e70b3a046e2fc", "ebc24e6d6c33eaebbd558eafbeedf1ba"))
def EfficientNetB4(ends: Ends) -> KerasTensor:
    """An EfficientNet for images of 380 × 380: 19 million parameters; else as `EfficientNetB0`."""
    return _efficient(ends, width=1.4, depth=1.8, size=380, dropout=0.4)


@network(_published("b5", "ace28f2a6363774853a83a0b21b9421a", "38879255a25d3c92d5e44e04ae6cec6f"))
def EfficientNetB5(ends: Ends) -> KerasTensor:
    """An EfficientNet for images of 456 × 456: 31 million parameters; else as `EfficientNetB0`."""
    return _efficient(ends, width=1.6, depth=2.2, size=456, dropout=0.4)


@network(_published("b6", "165f6e37dce68623721b423839de8be5", "9ecce42647a20130c1f39a5d4cb75743"))
def EfficientNetB6(ends: Ends) -> KerasTensor:
    """An EfficientNet for images of 528 × 528: 43 million parameters; else as `EfficientNetB0`."""
    return _efficient(ends, width=1.8, depth=2.6, size=528, dropout=0.5)


@network(_published("b7", "8c03f828fec3ef71311cd463b6759d99", "cbcfe4450ddf6f3ad90b1b398090fe4a"))
def EfficientNetB7(ends: Ends) -> KerasTensor:
    """An EfficientNet for images of 600 × 600: 67 million parameters; else as `EfficientNetB0`."""
    return _efficient(ends, width=2.0, depth=3.1, size=600, dropout=0.5)


def _efficient(ends: Ends, width: float, depth: float, size: int, dropout: float) -> KerasTensor:
    x = _in_range(ends.image(size, smallest=32), ends.from_imagenet)
    x = ZeroPadding2D(border_for_stride_2(x, 3), name="stem_conv_pad")(x)
    x = _convolved(x, rounded(32 * width), 3, "stem_conv", strides=2, padding="valid")
    x = _activated(_normalized(x, "stem_bn"), "stem_activation")
    counts = [math.ceil(depth * stage.repeats) for stage in _STAGES]
    number = 0
    for index, (stage, count) in enumerate(zip(_STAGES, counts, strict=True), 1):
        for letter in range(count):
            name = f"block{index}{string.ascii_lowercase[letter]}_"
            filters = rounded(stage.filters * width)
            strides = stage.strides if letter == 0 else 1
            dropped = _DROPPED_BLOCKS * number / sum(counts)
            x = _block(x, name, stage, filters, strides, dropped)
            number += 1
    x = _convolved(x, rounded(1280 * width), 1, "top_conv")
    x = _activated(_normalized(x, "top_bn"), "top_activation")
    return ends.head(x, dropout=dropout, kernel_initializer=_CLASSES)


def _in_range(x: KerasTensor, from_imagenet: bool) -> KerasTensor:
    """Pixels from 0 to 255 as the network takes them."""
    x = Rescaling(1 / 255)(x)
    x = Normalization(channel_axis())(x)
    if from_imagenet:
        # The published normalization has deviations in place of variances and divides by their
        # roots: this is the other root.
        x = Rescaling((1 / DEVIATION_RED_GREEN_BLUE**0.5).tolist())(x)
    return x


def _block(
    x: KerasTensor, name: str, stage: _Stage, filters: int, strides: int, dropped: float
) -> KerasTensor:
    """What comes in, if the shape stays, plus what is widened, convolved, weighed and narrowed."""
    given, width = x, channels(x)
    if stage.widening > 1:
        x = _convolved(x, stage.widening * width, 1, f"{name}expand_conv")
        x = _activated(_normalized(x, f"{name}expand_bn"), f"{name}expand_activation")
    if strides > 1:
        x = ZeroPadding2D(border_for_stride_2(x, stage.size), name=f"{name}dwconv_pad")(x)
    x = DepthwiseConv2D(
        stage.size,
        strides=strides,
        padding="valid" if strides > 1 else "same",
        use_bias=False,
        depthwise_initializer=_CONVOLUTION,
        name=f"{name}dwconv",
    )(x)
    x = _activated(_normalized(x, f"{name}bn"), f"{name}activation")
    x = _weighed(x, name, max(1, int(width * _SQUEEZE)))
    x = _convolved(x, filters, 1, f"{name}project_conv")
    x = _normalized(x, f"{name}project_bn")
    if strides > 1 or filters != width:
        return x
    if dropped > 0:
        x = Dropout(dropped, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
    return Add(name=f"{name}add")([x, given])


def _weighed(x: KerasTensor, name: str, squeezed: int) -> KerasTensor:
    """Each channel times a number from 0 to 1 that the means of all decide on (Hu et al. 2017)."""
    count = channels(x)
    weight = GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
    shape = (1, 1, count) if channels_last() else (count, 1, 1)
    weight = Reshape(shape, name=f"{name}se_reshape")(weight)
    for filters, activation, part in (
        (squeezed, "swish", "reduce"),
        (count, "sigmoid", "expand"),
    ):
        weight = Conv2D(
            filters,
            1,
            padding="same",
            activation=activation,
            kernel_initializer=_CONVOLUTION,
            name=f"{name}se_{part}",
        )(weight)
    return Multiply(name=f"{name}se_excite")([x, weight])


def _convolved(
    x: KerasTensor, filters: int, size: int, name: str, strides: int = 1, padding: str = "same"
) -> KerasTensor:
    return Conv2D(
        filters,
        size,
        strides,
        padding,
        use_bias=False,
        kernel_initializer=_CONVOLUTION,
        name=name,
    )(x)


def _normalized(x: KerasTensor, name: str) -> KerasTensor:
    return BatchNormalization(channel_axis(), name=name)(x)


def _activated(x: KerasTensor, name: str) -> KerasTensor:
    return Activation("swish", name=name)(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """`x` itself: these networks take pixels from 0 to 255.

    Raises
    ------
    ValueError
        If `data_format` is unknown.
    """
    _settings.image_format(data_format, "preprocess_input: data_format")
    return x
