"""An optimizer's state, as Python sees it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _data, _native


class Rate(float):
    """A learning rate: a number, which can do what notebooks ask of Keras's variable, too.

    Examples
    --------
    >>> from martlet.optimizers import SGD
    >>> optimizer = SGD(0.5)
    >>> optimizer.learning_rate.assign(optimizer.learning_rate / 2)
    >>> optimizer.learning_rate, optimizer.learning_rate.numpy().dtype
    (0.25, dtype('float32'))
    """

    _optimizer: Any

    def __new__(cls, value: float, optimizer: Any) -> Rate:
        """Of an optimizer."""
        rate = super().__new__(cls, value)
        rate._optimizer = optimizer
        return rate

    def numpy(self) -> np.float32:
        """The number as Keras has it."""
        return np.float32(self)

    def assign(self, value: Any) -> None:
        """Sets the optimizer's `learning_rate`."""
        self._optimizer.learning_rate = value


class OptimizerVariable:
    """One part of an optimizer's state: a view that reads and writes the model's own numbers.

    Attributes
    ----------
    name : str
        ``"iteration"``, ``"learning_rate"``, or a weight and what is remembered of it, such as
        ``"dense_kernel_momentum"``.
    path : str
        ``"adam/dense_kernel_momentum"``.
    shape : tuple of int
    dtype : str
        ``"int64"`` for the count of steps, else ``"float32"``.
    trainable : bool
        False.
    """

    trainable = False

    def __init__(
        self,
        model: _native.Handle,
        index: int,
        info: _native.WeightInfo,
        shown: _native.WeightInfo,
        owner: str,
    ) -> None:
        self._model = model
        self._index = index
        self._core_shape = info.shape
        self.name = shown.name
        self.path = f"{owner}/{shown.name}"
        self.shape = shown.shape
        self.dtype = "int64" if info.name == "iteration" else "float32"

    def numpy(self) -> np.ndarray:
        """A copy of the values."""
        if self.name == "iteration":
            # Beyond 2**24 steps a float would not do.
            return np.array(_native.optimizer_value(self._model, "iterations"), np.int64)
        return _native.optimizer_weight(self._model, self._index, self.shape)

    def assign(self, value: Any) -> None:
        """Sets the values.

        Parameters
        ----------
        value
            Anything NumPy makes a numeric array of the variable's shape from.

        Raises
        ------
        ValueError
            If the shape is another one, or the number cannot be a count or a rate.
        """
        array = _data.as_array(value, self.path)
        if array.shape != self.shape:
            raise ValueError(f"{self.path} has shape {self.shape}, got {array.shape}")
        _native.set_optimizer_weight(
            self._model, self._index, array.reshape(self._core_shape or (1,))
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self.numpy()
        return values if dtype is None else values.astype(dtype)

    def __repr__(self) -> str:
        return f"<OptimizerVariable path={self.path}, shape={self.shape}, dtype={self.dtype}>"
