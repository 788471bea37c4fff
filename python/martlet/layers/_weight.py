"""Weights of layers, as Python sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _native

if TYPE_CHECKING:
    from ._layer import Layer


class Variable:
    """One weight of a layer: a view that reads and writes the layer's own numbers.

    Attributes
    ----------
    name : str
        ``"kernel"``.
    path : str
        ``"conv2d/kernel"``.
    shape : tuple of int
    trainable : bool
    dtype : str
        ``"float32"``.

    Examples
    --------
    >>> import martlet
    >>> layer = martlet.layers.Dense(2, name="head")
    >>> layer.build((None, 3))
    >>> layer.weights
    [<Variable path=head/kernel, shape=(3, 2)>, <Variable path=head/bias, shape=(2,)>]
    >>> layer.bias.assign([1.0, 2.0])
    >>> layer.bias.numpy()
    array([1., 2.], dtype=float32)
    """

    dtype = "float32"

    def __init__(self, owner: Layer, index: int, info: _native.WeightInfo) -> None:
        self._owner = owner
        self._index = index
        self.name = info.name
        self.path = f"{info.layer}/{info.name}"
        self.shape = info.shape
        self.trainable = info.trainable

    def numpy(self) -> np.ndarray:
        """A copy of the values."""
        return _native.get_weight(self._owner._handle, self._index, self.shape)

    def assign(self, value: Any) -> None:
        """Sets the values; the shape must be the weight's."""
        values = self._owner.get_weights()
        values[self._index] = value
        self._owner.set_weights(values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self.numpy()
        return values if dtype is None else values.astype(dtype)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}>"
