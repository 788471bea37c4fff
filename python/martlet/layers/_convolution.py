"""Convolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._built_in import BuiltInLayer, WeightNamed


class Conv2D(BuiltInLayer):
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


class DepthwiseConv2D(BuiltInLayer):
    """Convolution of each channel of an image with filters of its own.

    Parameters
    ----------
    kernel_size, strides, dilation_rate
        One number, or one for the height and one for the width.
    padding
        ``"valid"`` for none; ``"same"`` for zeros around the image, see :class:`Conv2D`.
    depth_multiplier
        Filters of each channel. Channel ``c`` gives the outputs from ``c * depth_multiplier`` on.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    activation
        Name or function of :mod:`martlet.activations`; None for none.
    use_bias
        Whether there is a bias.
    depthwise_initializer, bias_initializer
        Name or object of :mod:`martlet.initializers`.
    depthwise_regularizer, bias_regularizer, activity_regularizer
        Name or object of :mod:`martlet.regularizers`: what weights and outputs add to the loss.
    depthwise_constraint, bias_constraint
        Name or object of :mod:`martlet.constraints`: what weights are brought back to after each
        step.
    **kwargs
        ``name``, ``trainable``, ``dtype`` (see :class:`martlet.DTypePolicy`), and in the first
        layer of a `Sequential` ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        ``(samples, new_height, new_width, channels * depth_multiplier)``

    With ``"channels_first"`` the channels stand behind the samples.

    Raises
    ------
    ValueError
        If an argument does not fit, here or against the image: a kernel larger than the image.

    References
    ----------
    Sifre & Mallat 2014 (arXiv:1403.1687); the layer of MobileNet, Howard et al. 2017
    (arXiv:1704.04861).

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import DepthwiseConv2D
    >>> layer = DepthwiseConv2D(3, padding="same", depth_multiplier=2)
    >>> layer(np.zeros((2, 28, 28, 8))).shape
    (2, 28, 28, 16)
    >>> layer.kernel.shape
    (3, 3, 8, 2)
    >>> layer
    DepthwiseConv2D(3, padding='same', depth_multiplier=2)  # 160 parameters
    """

    kernel = WeightNamed("kernel")
    bias = WeightNamed("bias")

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        activation: str | Callable[..., Any] | None = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {
                "kernel_size": kernel_size,
                "strides": strides,
                "padding": padding,
                "depth_multiplier": depth_multiplier,
                "data_format": data_format,
                "dilation_rate": dilation_rate,
                "activation": activation,
                "use_bias": use_bias,
                "depthwise_initializer": depthwise_initializer,
                "bias_initializer": bias_initializer,
                "depthwise_regularizer": depthwise_regularizer,
                "bias_regularizer": bias_regularizer,
                "depthwise_constraint": depthwise_constraint,
                "bias_constraint": bias_constraint,
            },
            activity_regularizer=activity_regularizer,
            **kwargs,
        )


class SeparableConv2D(BuiltInLayer):
    """Convolution of each channel by itself, then of all channels point by point.

    Parameters
    ----------
    filters
        Channels of the output.
    kernel_size, strides, dilation_rate
        One number, or one for the height and one for the width.
    padding
        ``"valid"`` for none; ``"same"`` for zeros around the image, see :class:`Conv2D`.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    depth_multiplier
        Filters of each channel in the first step.
    activation
        Name or function of :mod:`martlet.activations`; None for none.
    use_bias
        Whether there is a bias.
    depthwise_initializer, pointwise_initializer, bias_initializer
        Name or object of :mod:`martlet.initializers`.
    depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer
        Name or object of :mod:`martlet.regularizers`: what weights and outputs add to the loss.
    depthwise_constraint, pointwise_constraint, bias_constraint
        Name or object of :mod:`martlet.constraints`: what weights are brought back to after each
        step.
    **kwargs
        ``name``, ``trainable``, ``dtype`` (see :class:`martlet.DTypePolicy`), and in the first
        layer of a `Sequential` ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        ``(samples, new_height, new_width, filters)``

    With ``"channels_first"`` the channels stand behind the samples.

    Raises
    ------
    ValueError
        If an argument does not fit, here or against the image: a kernel larger than the image.

    References
    ----------
    Chollet 2016, "Xception" (arXiv:1610.02357).

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import SeparableConv2D
    >>> layer = SeparableConv2D(16, 3, padding="same")
    >>> layer(np.zeros((2, 28, 28, 8))).shape
    (2, 28, 28, 16)
    >>> layer.depthwise_kernel.shape, layer.pointwise_kernel.shape
    ((3, 3, 8, 1), (1, 1, 8, 16))
    >>> layer
    SeparableConv2D(16, 3, padding='same')  # 216 parameters
    """

    depthwise_kernel = WeightNamed("depthwise_kernel")
    pointwise_kernel = WeightNamed("pointwise_kernel")
    bias = WeightNamed("bias")

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        depth_multiplier: int = 1,
        activation: str | Callable[..., Any] | None = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
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
                "depth_multiplier": depth_multiplier,
                "activation": activation,
                "use_bias": use_bias,
                "depthwise_initializer": depthwise_initializer,
                "pointwise_initializer": pointwise_initializer,
                "bias_initializer": bias_initializer,
                "depthwise_regularizer": depthwise_regularizer,
                "pointwise_regularizer": pointwise_regularizer,
                "bias_regularizer": bias_regularizer,
                "depthwise_constraint": depthwise_constraint,
                "pointwise_constraint": pointwise_constraint,
                "bias_constraint": bias_constraint,
            },
            activity_regularizer=activity_regularizer,
            **kwargs,
        )


class Conv2DTranspose(BuiltInLayer):
    """Transposed convolution of images: the input gradient of a `Conv2D` as a layer.

    Parameters
    ----------
    filters
        Channels of the output.
    kernel_size, strides, dilation_rate
        One number, or one for the height and one for the width.
    padding
        ``"valid"``: the output has all points that a kernel reaches. ``"same"``: it has
        ``extent * stride`` rows and columns, and what is beyond falls away.
    output_padding
        Rows and columns added at the end, less than the strides; None for the sizes above. With
        ``"same"`` the output then has ``(extent - 1) * stride + kernel % 2 + output_padding``.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
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

    With ``"channels_first"`` the channels stand behind the samples.

    Raises
    ------
    ValueError
        If an argument does not fit, here or against the image.

    References
    ----------
    Dumoulin & Visin 2016 (arXiv:1603.07285).

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Conv2DTranspose
    >>> layer = Conv2DTranspose(4, 3, strides=2, padding="same")
    >>> layer(np.zeros((2, 7, 7, 8))).shape
    (2, 14, 14, 4)
    >>> layer.kernel.shape
    (3, 3, 4, 8)
    >>> layer
    Conv2DTranspose(4, 3, strides=2, padding='same')  # 292 parameters
    """

    kernel = WeightNamed("kernel")
    bias = WeightNamed("bias")

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
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
                "output_padding": output_padding,
                "data_format": data_format,
                "dilation_rate": dilation_rate,
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


class Conv1D(BuiltInLayer):
    """Convolution of sequences with a bank of filters (nothing is flipped).

    Parameters
    ----------
    filters
        Channels of the output.
    kernel_size, strides, dilation_rate
        One number.
    padding
        ``"valid"`` for none; ``"same"`` for zeros around the sequence, so that the output has
        ``ceil(steps / stride)`` steps; ``"causal"`` for zeros before it alone, so that no output
        sees later steps.
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
        ``(samples, steps, channels)``
    Output shape
        ``(samples, new_steps, filters)``

    With ``"channels_first"`` the channels and filters stand behind the samples.

    Raises
    ------
    ValueError
        If an argument does not fit, here or against the sequence: a kernel longer than the
        sequence, channels that the groups do not divide.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Conv1D
    >>> layer = Conv1D(4, 3, padding="causal", activation="relu")
    >>> layer(np.zeros((2, 100, 6))).shape
    (2, 100, 4)
    >>> layer.kernel.shape
    (3, 6, 4)
    >>> layer
    Conv1D(4, 3, padding='causal', activation='relu')  # 76 parameters
    """

    kernel = WeightNamed("kernel")
    bias = WeightNamed("bias")

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
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


Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution2DTranspose = Conv2DTranspose
SeparableConvolution2D = SeparableConv2D
