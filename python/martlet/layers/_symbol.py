"""Tensors to be: what layers are called on when a model is put together."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .. import _native
from .._errors import not_supported

if TYPE_CHECKING:
    from ._layer import Layer


#: Whether the call of a layer of one's own is being run to see what it does.
tracing: ContextVar[bool] = ContextVar("tracing", default=False)


class Arithmetic:
    """Operators of tensors, by :mod:`martlet.ops`."""

    def __add__(self, other: Any) -> Any:
        return _ops().add(self, other)

    def __radd__(self, other: Any) -> Any:
        return _ops().add(other, self)

    def __sub__(self, other: Any) -> Any:
        return _ops().subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return _ops().subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return _ops().multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _ops().multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return _ops().divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _ops().divide(other, self)

    def __pow__(self, other: Any) -> Any:
        return _ops().power(self, other)

    def __matmul__(self, other: Any) -> Any:
        return _ops().matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _ops().matmul(other, self)

    def __neg__(self) -> Any:
        return _ops().negative(self)

    def __abs__(self) -> Any:
        return _ops().absolute(self)


def _ops() -> Any:
    from .. import ops

    return ops


class KerasTensor(Arithmetic):
    """The output of a layer call, or an input, before there is data.

    Attributes
    ----------
    shape : tuple
        With None in place of the number of samples.
    dtype : str
        Always ``"float32"``, in which everything is computed.
    name : str
        Name of the layer that makes it.
    """

    # NumPy arrays leave `array * symbol` to the symbol.
    __array_ufunc__ = None

    # A symbol holds the layer and the symbols it is made of, never the other way round, so a model
    # and its graph go as soon as the last name for them does.
    def __init__(
        self,
        handle: _native.Handle,
        layer: Layer,
        inputs: tuple[KerasTensor, ...] = (),
        index: int = 0,
    ) -> None:
        self._handle = handle
        self._layer = layer
        self._inputs = inputs
        self._index = index
        self.shape: tuple[int | None, ...] = (None, *_native.symbol_shape(handle))
        self.dtype = "float32"

    @property
    def name(self) -> str:
        """Name of the layer that makes it."""
        return self._layer.name

    @property
    def ndim(self) -> int:
        """Number of axes, that of the samples included."""
        return len(self.shape)

    def __array__(self, *_arguments: Any, **_options: Any) -> Any:
        raise TypeError(
            f"{self!r} has no values: it stands for the output of a layer. Make a Model of it and "
            "call that on data."
        )

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} has no values, so it cannot be tested: what is computed cannot depend on "
            "numbers by 'if'; see ops.maximum and ops.clip"
        )

    def __iter__(self) -> Any:
        raise TypeError(f"{self!r} has no values to go through")

    def __getitem__(self, _part: Any) -> Any:
        not_supported("a part of a symbol, x[...]")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"
