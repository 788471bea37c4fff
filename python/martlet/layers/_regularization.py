"""Layers against overfitting."""

from __future__ import annotations

from typing import Any

from .._errors import refuse
from ._layer import Layer


class Dropout(Layer):
    """In training, sets values to 0 at random and scales the others by ``1 / (1 - rate)``.

    Parameters
    ----------
    rate
        Share of the values that become 0, from 0 to below 1.
    noise_shape
        Not supported yet.
    seed
        Fixes which; None draws one.
    **kwargs
        ``name``.

    References
    ----------
    Srivastava et al. 2014, Journal of Machine Learning Research 15.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Dropout
    >>> layer = Dropout(0.5)
    >>> float(layer(np.ones((1, 1000))).mean())
    1.0
    >>> sorted(set(layer(np.ones((1, 1000)), training=True).ravel().tolist()))
    [0.0, 2.0]
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        refuse("Dropout", noise_shape=noise_shape)
        super().__init__({"rate": rate, "seed": seed}, **kwargs)
