"""Layers that prepare data."""

from __future__ import annotations

from typing import Any

from ._layer import Layer


class Rescaling(Layer):
    """``x * scale + offset``, for pixels that come as 0 to 255.

    Parameters
    ----------
    scale
        Factor, such as ``1 / 255``.
    offset
        Added afterwards.
    **kwargs
        ``name``, ``input_shape``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Rescaling
    >>> Rescaling(1 / 255)(np.array([[0, 255]], np.uint8))
    array([[0., 1.]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__({"scale": scale, "offset": offset}, **kwargs)
