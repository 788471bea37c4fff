"""U-Net: a class for every pixel. Not in Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..layers import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Dropout,
    Input,
    MaxPooling2D,
)
from ..layers._symbol import KerasTensor
from ..models import Model
from ._parts import channel_axis, extents


def UNet(
    input_shape: Sequence[int | None] = (128, 128, 3),
    classes: int = 1,
    filters: int = 64,
    depth: int = 4,
    dropout: float = 0.0,
    batch_normalization: bool = False,
    classifier_activation: Any = "auto",
    name: str = "unet",
) -> Model:
    """Down to small images with many channels and up again, past copies of what was there before.

    Unlike the paper's its convolutions are framed with zeros, so that the output is as large as the
    input and nothing is cut off.

    Parameters
    ----------
    input_shape
        Of one image. Height and width are multiples of ``2**depth``, or None to be left open.
    classes
        Channels of the output: 1 for a mask.
    filters
        Of the first two convolutions; every level down has twice as many.
    depth
        How often the image is halved.
    dropout
        Share of the values that are dropped at the bottom in training.
    batch_normalization
        Whether every 3 × 3 convolution is normalized.
    classifier_activation
        Of the last layer. ``"auto"``: ``"sigmoid"`` for one class, else ``"softmax"``; None for
        logits.
    name
        Of the model.

    Returns
    -------
    Model
        From ``(samples, height, width, channels)`` to ``(samples, height, width, classes)``.

    Raises
    ------
    ValueError
        If the image cannot be halved so often.

    References
    ----------
    Ronneberger, Fischer and Brox 2015, arXiv:1505.04597.

    Examples
    --------
    >>> from martlet.applications import UNet
    >>> UNet((64, 64, 1), classes=3, filters=8, depth=3).output_shape
    (None, 64, 64, 3)
    """
    if classifier_activation == "auto":
        classifier_activation = "sigmoid" if classes == 1 else "softmax"
    inputs = Input(input_shape)
    _check_extents(inputs, depth)
    x, before = inputs, []
    for level in range(1, depth + 1):
        x = _convolved(x, filters, f"down{level}", batch_normalization)
        before.append(x)
        x = MaxPooling2D(2, name=f"down{level}_pool")(x)
        filters *= 2
    x = _convolved(x, filters, "bottom", batch_normalization)
    if dropout > 0:
        x = Dropout(dropout, name="bottom_dropout")(x)
    for level in range(depth, 0, -1):
        filters //= 2
        x = Conv2DTranspose(filters, 2, strides=2, name=f"up{level}_enlarged")(x)
        x = Concatenate(channel_axis(), name=f"up{level}_concat")([before.pop(), x])
        x = _convolved(x, filters, f"up{level}", batch_normalization)
    outputs = Conv2D(classes, 1, activation=classifier_activation, name="predictions")(x)
    return Model(inputs, outputs, name=name)


def _check_extents(image: KerasTensor, depth: int) -> None:
    if depth < 1:
        raise ValueError(f"UNet: depth must be at least 1, got {depth}")
    if len(image.shape) != 4:
        raise ValueError(
            f"UNet: input_shape={image.shape[1:]}: expected three numbers, such as (128, 128, 3), "
            "without the samples' axis"
        )
    step = 2**depth
    if any((extent or 0) % step for extent in extents(image)):
        height, width = (extent and -(-extent // step) * step for extent in extents(image))
        raise ValueError(
            f"UNet: input_shape={image.shape[1:]}: with depth={depth} height and width must be "
            f"multiples of {step}; Resizing({height}, {width}) makes them so, or take a smaller "
            "depth"
        )


def _convolved(x: KerasTensor, filters: int, name: str, normalizes: bool) -> KerasTensor:
    """Two convolutions with a relu each."""
    for number in (1, 2):
        step = f"{name}_conv{number}"
        x = Conv2D(filters, 3, padding="same", kernel_initializer="he_normal", name=step)(x)
        if normalizes:
            x = BatchNormalization(channel_axis(), name=f"{step}_bn")(x)
        x = Activation("relu", name=f"{step}_relu")(x)
    return x
