"""Borders of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._layer import Layer


class ZeroPadding2D(Layer):
    """Zeros around an image.

    Parameters
    ----------
    padding
        Rows and columns on each side: one number; one for the height and one for the width; or
        ``((top, bottom), (left, right))``.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        ``(samples, top + height + bottom, left + width + right, channels)``

    Raises
    ------
    ValueError
        If a number is negative.
    TypeError
        If `padding` has none of the three forms.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import ZeroPadding2D
    >>> ZeroPadding2D(((0, 1), (0, 2)))(np.ones((1, 2, 2, 1)))[0, :, :, 0]
    array([[1., 1., 0., 0.],
           [1., 1., 0., 0.],
           [0., 0., 0., 0.]], dtype=float32)
    """

    def __init__(
        self,
        padding: int | Sequence[int] | Sequence[Sequence[int]] = (1, 1),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {"padding": padding, "data_format": data_format},
            **kwargs,
        )
