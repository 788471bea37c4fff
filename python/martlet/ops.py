"""Operations on tensors, as :mod:`keras.ops` has them.

On symbols, and in the `call` of a layer of one's own, they say what is to be computed; on arrays
and numbers they compute at once, with NumPy. Axes count that of the samples, which no operation on
symbols touches.

Examples
--------
>>> import martlet
>>> from martlet import ops
>>> x = martlet.Input((4, 3))
>>> ops.mean(x, axis=1).shape
(None, 3)
>>> (2 * x - ops.max(x, axis=-1, keepdims=True)).shape
(None, 4, 3)
>>> ops.sqrt([4.0, 9.0])
array([2., 3.])
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _naming
from ._errors import not_supported
from .activations import elu as elu
from .activations import gelu as gelu
from .activations import hard_sigmoid as hard_sigmoid
from .activations import hard_silu as hard_silu
from .activations import hard_swish as hard_swish
from .activations import leaky_relu as leaky_relu
from .activations import log_sigmoid as log_sigmoid
from .activations import relu as relu
from .activations import relu6 as relu6
from .activations import selu as selu
from .activations import sigmoid as sigmoid
from .activations import silu as silu
from .activations import softmax as softmax
from .activations import softplus as softplus
from .activations import softsign as softsign
from .activations import swish as swish
from .activations import tanh as tanh
from .layers._symbol import KerasTensor, tracing
from .layers._weight import Variable

Axes = int | Sequence[int] | None


# ---- Operands --------------------------------------------------------------------------------


def _is_symbolic(*operands: Any) -> bool:
    """Whether an operation says what is to be computed, rather than computing it."""
    return any(isinstance(each, KerasTensor) for each in operands)


def _weights_as_symbols(*operands: Any) -> tuple[Any, ...]:
    """Weights alone, while it is seen what a call does, are symbols without an axis of samples."""
    if not tracing.get() or _is_symbolic(*operands):
        return operands
    return tuple(each._symbol() if isinstance(each, Variable) else each for each in operands)


def _numbers(operand: Any) -> Any:
    return operand.numpy() if isinstance(operand, Variable) else np.asarray(operand)


def _is_number(operand: Any) -> bool:
    return np.ndim(operand) == 0 and not isinstance(operand, KerasTensor | Variable)


def _symbol(operand: Any, rank: int) -> KerasTensor:
    """A symbol of an operand beside one of so many axes, that of the samples included."""
    if isinstance(operand, KerasTensor):
        return operand
    shape = np.shape(operand) if not isinstance(operand, Variable) else operand.shape
    if isinstance(operand, Variable):
        found = operand._symbol()
    else:
        from .layers._operations import Constant

        found = Constant.symbol(np.asarray(operand, np.float32), _naming.automatic("constant"))
    if len(shape) < rank:
        return found
    if len(shape) > rank or shape[0] != 1:
        raise ValueError(
            f"an operand of shape {tuple(shape)} has an axis too many beside symbols of {rank}: "
            "the first one of them is that of the samples, which all get the same"
        )
    return reshape(found, (-1, *shape[1:])) if rank > 1 else found


def _together(name: str, make: Any, a: Any, b: Any) -> KerasTensor:
    """A merge layer on two operands, weights and constants behind."""
    rank = builtins.max(each.ndim for each in (a, b) if isinstance(each, KerasTensor))
    return make(name=_naming.automatic(name))([_symbol(a, rank), _symbol(b, rank)])


def _scaled(name: str, x: KerasTensor, scale: Any, offset: Any = 0.0) -> KerasTensor:
    from .layers import Rescaling

    return Rescaling(float(scale), float(offset), name=_naming.automatic(name))(x)


def _function(name: str, x: Any, numpy: Callable[..., Any]) -> Any:
    from .layers._operations import ElementFunction

    (x,) = _weights_as_symbols(x)
    if not _is_symbolic(x):
        return numpy(_numbers(x))
    return ElementFunction(name, name=_naming.automatic(name))(x)


# ---- Arithmetic ------------------------------------------------------------------------------


def add(x1: Any, x2: Any) -> Any:
    """``x1 + x2``."""
    from .layers import Add

    x1, x2 = _weights_as_symbols(x1, x2)
    if not _is_symbolic(x1, x2):
        return _numbers(x1) + _numbers(x2)
    if not isinstance(x1, KerasTensor):
        x1, x2 = x2, x1
    return _scaled("add", x1, 1, x2) if _is_number(x2) else _together("add", Add, x1, x2)


def subtract(x1: Any, x2: Any) -> Any:
    """``x1 - x2``."""
    from .layers import Subtract

    x1, x2 = _weights_as_symbols(x1, x2)
    if not _is_symbolic(x1, x2):
        return _numbers(x1) - _numbers(x2)
    if _is_number(x2):
        return _scaled("subtract", x1, 1, -x2)
    if _is_number(x1):
        return _scaled("subtract", x2, -1, x1)
    return _together("subtract", Subtract, x1, x2)


def multiply(x1: Any, x2: Any) -> Any:
    """``x1 * x2``."""
    from .layers import Multiply

    x1, x2 = _weights_as_symbols(x1, x2)
    if not _is_symbolic(x1, x2):
        return _numbers(x1) * _numbers(x2)
    if not isinstance(x1, KerasTensor):
        x1, x2 = x2, x1
    return (
        _scaled("multiply", x1, x2) if _is_number(x2) else _together("multiply", Multiply, x1, x2)
    )


def divide(x1: Any, x2: Any) -> Any:
    """``x1 / x2``; on symbols ``x1 * (1 / x2)``."""
    x1, x2 = _weights_as_symbols(x1, x2)
    if not _is_symbolic(x1, x2):
        return _numbers(x1) / _numbers(x2)
    if _is_number(x2):
        return _scaled("divide", x1, 1 / float(x2))
    if not isinstance(x2, KerasTensor):
        x2 = _symbol(x2, x1.ndim)
    return multiply(reciprocal(x2), x1)


def negative(x: Any) -> Any:
    """``-x``."""
    (x,) = _weights_as_symbols(x)
    return _scaled("negative", x, -1) if _is_symbolic(x) else -_numbers(x)


def power(x1: Any, x2: Any) -> Any:
    """``x1 ** x2``; on symbols for an exponent that is a number.

    For a whole one it is a product; for others `x1` must not be negative.
    """
    x1, x2 = _weights_as_symbols(x1, x2)
    if not _is_symbolic(x1, x2):
        return _numbers(x1) ** _numbers(x2)
    if not _is_number(x2):
        not_supported("power: an exponent that is no number")
    exponent = float(x2)
    if exponent < 0:
        return reciprocal(power(x1, -exponent))
    if exponent == 0.5:
        return sqrt(x1)
    if not exponent.is_integer() or exponent > 64:
        return exp(multiply(log(x1), exponent))
    if exponent == 0:
        return _scaled("power", x1, 0, 1)
    half = power(x1, exponent // 2) if exponent > 1 else None
    if half is None:
        return x1
    return square(half) if exponent % 2 == 0 else multiply(square(half), x1)


def square(x: Any) -> Any:
    """``x * x``."""
    return _function("square", x, np.square)


def sqrt(x: Any) -> Any:
    """The square root."""
    return _function("sqrt", x, np.sqrt)


def rsqrt(x: Any) -> Any:
    """``1 / sqrt(x)``."""
    return reciprocal(sqrt(x))


def reciprocal(x: Any) -> Any:
    """``1 / x``."""
    return _function("reciprocal", x, np.reciprocal)


def exp(x: Any) -> Any:
    """The exponential."""
    return _function("exp", x, np.exp)


def log(x: Any) -> Any:
    """The natural logarithm."""
    return _function("log", x, np.log)


def absolute(x: Any) -> Any:
    """The absolute value; its slope at 0 is 0."""
    return _function("abs", x, np.abs)


def clip(x: Any, x_min: float | None, x_max: float | None) -> Any:
    """Elements brought within bounds; None for no bound."""
    from .layers._operations import Clip

    if not _is_symbolic(x):
        return np.clip(_numbers(x), x_min, x_max)
    return Clip(x_min, x_max, name=_naming.automatic("clip"))(x)


def maximum(x1: Any, x2: Any) -> Any:
    """The greater of two, element by element."""
    return _extreme("maximum", x1, x2, np.maximum)


def minimum(x1: Any, x2: Any) -> Any:
    """The lesser of two, element by element."""
    return _extreme("minimum", x1, x2, np.minimum)


def _extreme(name: str, x1: Any, x2: Any, numpy: Callable[..., Any]) -> Any:
    from .layers import Maximum, Minimum

    x1, x2 = _weights_as_symbols(x1, x2)
    if not _is_symbolic(x1, x2):
        return numpy(_numbers(x1), _numbers(x2))
    if not isinstance(x1, KerasTensor):
        x1, x2 = x2, x1
    if _is_number(x2):
        return clip(x1, x2, None) if name == "maximum" else clip(x1, None, x2)
    return _together(name, Maximum if name == "maximum" else Minimum, x1, x2)


def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product of the last two axes.

    Parameters
    ----------
    x1
        ``(samples, ..., k)``.
    x2
        A weight ``(k, n)``, or a tensor ``(samples, ..., k, n)``.
    """
    from .layers._operations import Matmul

    x1, x2 = _weights_as_symbols(x1, x2)
    if not _is_symbolic(x1, x2):
        return _numbers(x1) @ _numbers(x2)
    if not isinstance(x1, KerasTensor):
        not_supported("matmul: a weight or an array as the first factor")
    if not isinstance(x2, KerasTensor):
        # Its two axes are those of the matrix: none is that of the samples.
        x2 = _symbol(x2, 3)
    return Matmul(name=_naming.automatic("matmul"))([x1, x2])


dot = matmul


# ---- Reductions ------------------------------------------------------------------------------


def sum(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The sum along axes."""
    return _reduced("sum", x, axis, keepdims, np.sum)


def mean(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The mean along axes."""
    return _reduced("mean", x, axis, keepdims, np.mean)


def max(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The greatest number along axes."""
    return _reduced("max", x, axis, keepdims, np.max)


def min(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The least number along axes."""
    return _reduced("min", x, axis, keepdims, np.min)


def var(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The mean square of the distances to the mean along axes."""
    if not _is_symbolic(x):
        return np.var(_numbers(x), _as_axis(axis), keepdims=keepdims)
    return mean(square(subtract(x, mean(x, axis, keepdims=True))), axis, keepdims)


def std(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The square root of `var`."""
    return sqrt(var(x, axis, keepdims))


def _as_axis(axis: Axes) -> Any:
    return tuple(axis) if isinstance(axis, list | tuple) else axis


def _reduced(name: str, x: Any, axis: Axes, keepdims: bool, numpy: Callable[..., Any]) -> Any:
    from .layers._operations import Reduction

    if not _is_symbolic(x):
        return numpy(_numbers(x), axis=_as_axis(axis), keepdims=keepdims)
    if axis is None:
        raise ValueError(
            f"ops.{name}: axis=None goes over the samples, too, which no operation on symbols "
            f"does; give the axes: {tuple(range(1, x.ndim))}"
        )
    axes = [axis] if isinstance(axis, int) else list(axis)
    return Reduction(name, axes, keepdims, name=_naming.automatic(name))(x)


# ---- Shapes ----------------------------------------------------------------------------------


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape, with None for the samples of a symbol."""
    return x.shape if isinstance(x, KerasTensor | Variable) else np.shape(x)


def ndim(x: Any) -> int:
    """Number of axes."""
    return len(shape(x))


def reshape(x: Any, newshape: Sequence[int | None]) -> Any:
    """Another shape of as many numbers.

    For symbols the first entry, -1 or None, is that of the samples.
    """
    from .layers import Reshape

    if not _is_symbolic(x):
        return np.reshape(_numbers(x), newshape)
    if not newshape or newshape[0] not in (-1, None):
        raise ValueError(
            f"ops.reshape: the shape of a symbol starts with -1, for the samples, got "
            f"{tuple(newshape)}"
        )
    rest = tuple(-1 if extent is None else extent for extent in newshape[1:])
    return Reshape(rest, name=_naming.automatic("reshape"))(x)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order; of symbols the first one stays."""
    from .layers import Permute

    if not _is_symbolic(x):
        return np.transpose(_numbers(x), axes)
    order = [axis % x.ndim for axis in axes] if axes is not None else []
    if sorted(order) != list(range(x.ndim)) or order[0] != 0:
        raise ValueError(
            f"ops.transpose: axes of a symbol of {x.ndim} axes are those numbers in some order, 0 "
            f"for the samples first, got {axes}"
        )
    return Permute(tuple(order[1:]), name=_naming.automatic("transpose"))(x)


def expand_dims(x: Any, axis: int) -> Any:
    """One more axis, of extent 1."""
    if not _is_symbolic(x):
        return np.expand_dims(_numbers(x), axis)
    place = axis + x.ndim + 1 if axis < 0 else axis
    _behind_samples("expand_dims", axis, place, x.ndim + 1)
    return reshape(x, (-1, *x.shape[1:place], 1, *x.shape[place:]))


def squeeze(x: Any, axis: Axes = None) -> Any:
    """Without axes of extent 1: those given, or all."""
    if not _is_symbolic(x):
        return np.squeeze(_numbers(x), _as_axis(axis))
    given = [axis] if isinstance(axis, int) else axis
    if given is None:
        places = [place for place in range(1, x.ndim) if x.shape[place] == 1]
    else:
        places = [each + x.ndim if each < 0 else each for each in given]
    for place in places:
        _behind_samples("squeeze", place, place, x.ndim)
        if x.shape[place] != 1:
            raise ValueError(f"ops.squeeze: axis {place} of shape {x.shape} is not of extent 1")
    kept = [extent for place, extent in enumerate(x.shape) if place not in places]
    return reshape(x, (-1, *kept[1:]))


def _behind_samples(name: str, given: int, place: int, rank: int) -> None:
    if not 0 < place < rank:
        raise ValueError(
            f"ops.{name}: axis {given} is not one of a sample, which are 1 to {rank - 1}"
        )


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Tensors side by side along an axis."""
    from .layers import Concatenate

    if not _is_symbolic(*xs):
        return np.concatenate([_numbers(each) for each in xs], axis)
    return Concatenate(axis, name=_naming.automatic("concatenate"))(list(xs))


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Tensors of one shape side by side along a new axis."""
    if not _is_symbolic(*x):
        return np.stack([_numbers(each) for each in x], axis)
    return concatenate([expand_dims(each, axis) for each in x], axis)


# ---- Kinds of numbers ------------------------------------------------------------------------


def cast(x: Any, dtype: Any) -> Any:
    """Another type; symbols are float32 and stay so."""
    if not _is_symbolic(x):
        return _numbers(x).astype(dtype)
    if np.dtype(dtype) != np.float32:
        not_supported(f"ops.cast: a symbol as {dtype!r}")
    return x


def convert_to_tensor(x: Any, dtype: Any = None) -> Any:
    """An array; symbols stay what they are."""
    return x if _is_symbolic(x) else np.asarray(_numbers(x), dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """The values of an array or a weight."""
    return np.array(_numbers(x))


abs = absolute
amax, amin = max, min
true_divide = divide
