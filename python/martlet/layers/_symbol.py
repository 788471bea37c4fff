"""Tensors to be: what layers are called on when a model is put together."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .. import _native

if TYPE_CHECKING:
    from ._layer import Layer


#: Whether the call of a layer of one's own is being run to see what it does.
tracing: ContextVar[bool] = ContextVar("tracing", default=False)
#: Whether it is a loss or metric, which may look at a batch as a whole.
of_batches: ContextVar[bool] = ContextVar("of_batches", default=False)


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

    def __lt__(self, other: Any) -> Any:
        return _ops().less(self, other)

    def __le__(self, other: Any) -> Any:
        return _ops().less_equal(self, other)

    def __gt__(self, other: Any) -> Any:
        return _ops().greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return _ops().greater_equal(self, other)

    def __neg__(self) -> Any:
        return _ops().negative(self)

    def __abs__(self) -> Any:
        return _ops().absolute(self)


#: What an operator with an array in front of it is to NumPy.
_OPERATORS = (
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "matmul",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
)


def _ops() -> Any:
    from .. import ops

    return ops


class KerasTensor(Arithmetic):
    """The output of a layer call, or an input, before there is data.

    Attributes
    ----------
    shape : tuple
        With None in place of the number of samples. What is the same for all samples of a batch,
        such as the mean over them, has no axis of samples, or one of 1.
    dtype : str
        Always ``"float32"``, in which everything is computed.
    name : str
        Name of the layer that makes it.
    """

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **_options: Any) -> Any:
        """Operators of arrays and symbols, which NumPy asks for here."""
        name = {"true_divide": "divide"}.get(ufunc.__name__, ufunc.__name__)
        if method == "__call__" and name in _OPERATORS and len(operands) == 2:
            return getattr(_ops(), name)(*operands)
        raise TypeError(
            f"{self!r} has no values, so NumPy's {ufunc.__name__} cannot take it; use martlet.ops"
        )

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
        self._lead = layer._lead if layer._lead is not None else _common_lead(inputs)
        self.dtype = "float32"

    @property
    def shape(self) -> tuple[int | None, ...]:
        return (*self._lead, *_native.symbol_shape(self._handle))

    def _led_by(self, lead: tuple[int, ...]) -> KerasTensor:
        """The same, of all samples at once, with an axis of 1 for them or without one."""
        other = KerasTensor(self._handle, self._layer, self._inputs, self._index)
        other._lead = lead
        return other

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
            "call that on data; in a loss, metric or layer of your own use martlet.ops in place of "
            "NumPy's functions."
        )

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} has no values, so it cannot be tested: what is computed cannot depend on "
            "numbers by 'if'; see ops.where, ops.maximum and ops.clip"
        )

    def __iter__(self) -> Any:
        raise TypeError(f"{self!r} has no values to go through")

    def __getitem__(self, part: Any) -> Any:
        return _ops().part_of(self, part)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def _common_lead(inputs: tuple[KerasTensor, ...]) -> tuple[int | None, ...]:
    """What stands in the place of the samples: None, 1 or nothing."""
    leads = [each._lead for each in inputs]
    if not leads or (None,) in leads:
        return (None,)
    return (1,) if (1,) in leads else ()
