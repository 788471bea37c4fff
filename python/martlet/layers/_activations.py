"""Activations with arguments, as layers."""

from __future__ import annotations

from typing import Any

from ._layer import Layer


class ReLU(Layer):
    """``max(x, 0)``, and its relatives.

    Parameters
    ----------
    max_value
        Larger values become this one; None for no limit.
    negative_slope
        What values below the threshold are multiplied by, counted from it.
    threshold
        Values below count as negative.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import ReLU
    >>> ReLU(max_value=6)(np.array([[0.0, 3.0, 9.0]]))
    array([[0., 3., 6.]], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {"max_value": max_value, "negative_slope": negative_slope, "threshold": threshold},
            **kwargs,
        )


class LeakyReLU(Layer):
    """``x`` where positive, else ``negative_slope * x``.

    Parameters
    ----------
    negative_slope
        0.3 here, while the function and the name ``"leaky_relu"`` have 0.2, as in Keras.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import LeakyReLU
    >>> LeakyReLU(0.5)(np.array([[-1.0, 2.0]]))
    array([[-0.5,  2. ]], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__({"negative_slope": negative_slope}, **kwargs)


class Softmax(Layer):
    """``exp(x) / sum(exp(x))`` along an axis.

    Parameters
    ----------
    axis
        The axis whose values then sum to 1.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Softmax
    >>> Softmax()(np.zeros((1, 4)))
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__({"axis": axis}, **kwargs)
