"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._built_in import BuiltInLayer


class MaxPooling2D(BuiltInLayer):
    """The largest value of each window.

    Parameters
    ----------
    pool_size
        Height and width of a window, or one number for both.
    strides
        From one window to the next; None for `pool_size`.
    padding
        ``"valid"``: windows lie within the image. ``"same"``: they may hang over its edge, the
        output has ``ceil(extent / stride)`` rows and columns, and what is outside never wins.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    name
        Automatic when None.
    **kwargs
        ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        ``(samples, new_height, new_width, channels)``

    Raises
    ------
    ValueError
        If the image is smaller than a window.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import MaxPooling2D
    >>> MaxPooling2D()(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {
                "pool_size": pool_size,
                "strides": strides,
                "padding": padding,
                "data_format": data_format,
            },
            name=name,
            **kwargs,
        )


class AveragePooling2D(BuiltInLayer):
    """The mean of each window; with ``"same"`` padding, of what lies within the image.

    Parameters
    ----------
    pool_size
        Height and width of a window, or one number for both.
    strides
        From one window to the next; None for `pool_size`.
    padding
        ``"valid"`` or ``"same"``, see :class:`MaxPooling2D`.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    name
        Automatic when None.
    **kwargs
        ``input_shape``.

    Raises
    ------
    ValueError
        If the image is smaller than a window.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import AveragePooling2D
    >>> AveragePooling2D(2)(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {
                "pool_size": pool_size,
                "strides": strides,
                "padding": padding,
                "data_format": data_format,
            },
            name=name,
            **kwargs,
        )


class GlobalAveragePooling2D(BuiltInLayer):
    """The mean of each channel over the whole image.

    Parameters
    ----------
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    keepdims
        Whether height and width stay, as axes of 1.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import GlobalAveragePooling2D
    >>> GlobalAveragePooling2D()(np.ones((2, 7, 7, 3))).shape
    (2, 3)
    """

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(
            {
                "data_format": data_format,
                "keepdims": keepdims,
            },
            **kwargs,
        )


class GlobalMaxPooling2D(BuiltInLayer):
    """The largest value of each channel over the whole image.

    The gradient goes to equal ones in equal parts.

    Parameters
    ----------
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    keepdims
        Whether height and width stay, as axes of 1.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import GlobalMaxPooling2D
    >>> GlobalMaxPooling2D()(np.arange(12.0).reshape(1, 2, 2, 3))
    array([[ 9., 10., 11.]], dtype=float32)
    """

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(
            {
                "data_format": data_format,
                "keepdims": keepdims,
            },
            **kwargs,
        )


class MaxPooling1D(BuiltInLayer):
    """The largest value of each window of a sequence.

    Parameters
    ----------
    pool_size
        Steps of a window.
    strides
        From one window to the next; None for `pool_size`.
    padding
        ``"valid"``: windows lie within the sequence. ``"same"``: they may hang over its ends, the
        output has ``ceil(steps / stride)`` steps, and what is outside does not count.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    name
        Automatic when None.
    **kwargs
        ``input_shape``.

    Input shape
        ``(samples, steps, channels)``
    Output shape
        ``(samples, new_steps, channels)``

    Raises
    ------
    ValueError
        If the sequence is shorter than a window.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import MaxPooling1D
    >>> MaxPooling1D()(np.arange(6.0).reshape(1, 6, 1))[0, :, 0]
    array([1., 3., 5.], dtype=float32)
    """

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {
                "pool_size": pool_size,
                "strides": strides,
                "padding": padding,
                "data_format": data_format,
            },
            name=name,
            **kwargs,
        )


class AveragePooling1D(BuiltInLayer):
    """The mean of each window of a sequence.

    Parameters
    ----------
    pool_size
        Steps of a window.
    strides
        From one window to the next; None for `pool_size`.
    padding
        ``"valid"``: windows lie within the sequence. ``"same"``: they may hang over its ends, the
        output has ``ceil(steps / stride)`` steps, and what is outside does not count.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    name
        Automatic when None.
    **kwargs
        ``input_shape``.

    Input shape
        ``(samples, steps, channels)``
    Output shape
        ``(samples, new_steps, channels)``

    Raises
    ------
    ValueError
        If the sequence is shorter than a window.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import AveragePooling1D
    >>> AveragePooling1D(2)(np.arange(6.0).reshape(1, 6, 1))[0, :, 0]
    array([0.5, 2.5, 4.5], dtype=float32)
    """

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {
                "pool_size": pool_size,
                "strides": strides,
                "padding": padding,
                "data_format": data_format,
            },
            name=name,
            **kwargs,
        )


class GlobalAveragePooling1D(BuiltInLayer):
    """The mean of each channel over the whole sequence.

    Parameters
    ----------
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    keepdims
        Whether the steps stay, as an axis of 1.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import GlobalAveragePooling1D
    >>> GlobalAveragePooling1D()(np.arange(6.0).reshape(1, 3, 2))
    array([[2., 3.]], dtype=float32)
    """

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(
            {
                "data_format": data_format,
                "keepdims": keepdims,
            },
            **kwargs,
        )


class GlobalMaxPooling1D(BuiltInLayer):
    """The largest value of each channel over the whole sequence.

    The gradient goes to equal ones in equal parts.

    Parameters
    ----------
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    keepdims
        Whether the steps stay, as an axis of 1.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import GlobalMaxPooling1D
    >>> GlobalMaxPooling1D()(np.arange(6.0).reshape(1, 3, 2))
    array([[4., 5.]], dtype=float32)
    """

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(
            {
                "data_format": data_format,
                "keepdims": keepdims,
            },
            **kwargs,
        )


MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
MaxPool1D = MaxPooling1D
AvgPool1D = AveragePooling1D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalMaxPool1D = GlobalMaxPooling1D
