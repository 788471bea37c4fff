"""Convolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._layer import Layer, WeightNamed


class Conv2D(Layer):
    """Convolution of images with a bank of filters (a cross-correlation: nothing is flipped).

    Parameters
    ----------
    filters
        Channels of the output.
    kernel_size, strides, dilation_rate
        One number, or one for the height and one for the width.
    padding
        ``"valid"`` for none; ``"same"`` for zeros around the image, so that the output has
        ``ceil(extent / stride)`` rows and columns. An uneven zero goes to the bottom and right.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    groups
        Parts that the channels are divided in; each is convolved with filters of its own.
    activation
        Name or function of :mod:`martlet.activations`; None for none.
    use_bias
        Whether there is a bias.
    kernel_initializer, bias_initializer
        Name or object of :mod:`martlet.initializers`.
    kernel_regularizer, bias_regularizer, activity_regularizer
        Name or object of :mod:`martlet.regularizers`: what weights and outputs add to the loss.
    kernel_constraint, bias_constraint
        Name or object of :mod:`martlet.constraints`: what weights are brought back to after each
        step.
    **kwargs
        ``name``, ``trainable``, ``dtype`` (see :class:`martlet.DTypePolicy`), and in the first
        layer of a `Sequential` ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        ``(samples, new_height, new_width, filters)``

    With ``"channels_first"`` the channels and filters stand behind the samples.

    Raises
    ------
    ValueError
        If an argument does not fit, here or against the image: a kernel larger than the image,
        channels that the groups do not divide.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Conv2D
    >>> layer = Conv2D(4, 3, padding="same", activation="relu")
    >>> layer(np.zeros((2, 28, 28, 1))).shape
    (2, 28, 28, 4)
    >>> layer.kernel.shape
    (3, 3, 1, 4)
    >>> layer
    Conv2D(4, 3, padding='same', activation='relu')  # 40 parameters
    """

    kernel = WeightNamed("kernel")
    bias = WeightNamed("bias")

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        groups: int = 1,
        activation: str | Callable[..., Any] | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {
                "filters": filters,
                "kernel_size": kernel_size,
                "strides": strides,
                "padding": padding,
                "data_format": data_format,
                "dilation_rate": dilation_rate,
                "groups": groups,
                "activation": activation,
                "use_bias": use_bias,
                "kernel_initializer": kernel_initializer,
                "bias_initializer": bias_initializer,
                "kernel_regularizer": kernel_regularizer,
                "bias_regularizer": bias_regularizer,
                "kernel_constraint": kernel_constraint,
                "bias_constraint": bias_constraint,
            },
            activity_regularizer=activity_regularizer,
            **kwargs,
        )


Convolution2D = Conv2D
