"""Weights of layers, as Python sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _native
from .._errors import not_supported
from ._symbol import Arithmetic, tracing

if TYPE_CHECKING:
    from ._layer import Layer
    from ._symbol import KerasTensor


class Variable(Arithmetic):
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

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def _symbol(self) -> KerasTensor:
        """The weight as a value, in the call of the layer of one's own that it belongs to."""
        symbol = getattr(self._owner, "symbol", None)
        if symbol is None:
            not_supported(
                f"the weight '{self.path}' of a built-in layer in an operation on symbols"
            )
        return symbol()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if tracing.get():
            raise TypeError(
                f"the weight '{self.path}' has no values while it is seen what the call of a layer "
                "does; use martlet.ops in place of NumPy"
            )
        values = self.numpy()
        return values if dtype is None else values.astype(dtype)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}>"
