"""Operations on tensors, as :mod:`keras.ops` has them.

On symbols, and in the `call` of a layer of one's own, they say what is to be computed; on arrays
and numbers they compute at once, with NumPy. Axes count that of the samples, which no operation on
symbols touches. Only in a loss or metric of one's own sums, means and extremes may go over the
samples, too: what they give is the same for all of them. Comparisons give 1 and 0.

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
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from . import _naming, _native
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
from .layers._symbol import KerasTensor, of_batches, tracing
from .layers._weight import Variable

Axes = int | Sequence[int] | None
#: Python's, whose name an operation here has, too.
slice_of = builtins.slice


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
    if isinstance(operand, KerasTensor) and operand._lead:
        return operand
    shape = np.shape(operand) if not hasattr(operand, "shape") else operand.shape
    if isinstance(operand, KerasTensor):
        found = operand
    elif isinstance(operand, Variable):
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
    return reshape(found, shape[1:]) if rank > 1 else found


def _together(name: str, make: Any, a: Any, b: Any) -> KerasTensor:
    """A merge layer on two operands, weights and constants behind."""
    return make(name=_naming.automatic(name))(_symbols(a, b))


def _symbols(*operands: Any) -> list[KerasTensor]:
    """Symbols that stand beside each other, of operands at least one of which is one."""
    symbols = [each for each in operands if isinstance(each, KerasTensor)]
    led = [each.ndim for each in symbols if each._lead]
    # Where nothing has an axis of samples, shapes stand beside each other as NumPy's do.
    rank = builtins.max(led) if led else 1 + builtins.max(np.ndim(each) for each in operands)
    return [_symbol(each, rank) for each in operands]


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


def sign(x: Any) -> Any:
    """-1, 0 or 1. Its slope is 0."""
    return _function("sign", x, np.sign)


def log1p(x: Any) -> Any:
    """``log(1 + x)``."""
    (x,) = _weights_as_symbols(x)
    return log(add(x, 1)) if _is_symbolic(x) else np.log1p(_numbers(x))


def expm1(x: Any) -> Any:
    """``exp(x) - 1``."""
    (x,) = _weights_as_symbols(x)
    return subtract(exp(x), 1) if _is_symbolic(x) else np.expm1(_numbers(x))


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


def greater(x1: Any, x2: Any) -> Any:
    """Whether ``x1 > x2``; of symbols 1 or 0, whose slope is 0."""
    x1, x2 = _weights_as_symbols(x1, x2)
    if not _is_symbolic(x1, x2):
        return _numbers(x1) > _numbers(x2)
    return maximum(sign(subtract(x1, x2)), 0)


def less(x1: Any, x2: Any) -> Any:
    """Whether ``x1 < x2``, as `greater`."""
    return greater(x2, x1)


def greater_equal(x1: Any, x2: Any) -> Any:
    """Whether ``x1 >= x2``, as `greater`."""
    return logical_not(less(x1, x2))


def less_equal(x1: Any, x2: Any) -> Any:
    """Whether ``x1 <= x2``, as `greater`."""
    return logical_not(greater(x1, x2))


def equal(x1: Any, x2: Any) -> Any:
    """Whether ``x1 == x2``, as `greater`."""
    return logical_not(not_equal(x1, x2))


def not_equal(x1: Any, x2: Any) -> Any:
    """Whether ``x1 != x2``, as `greater`."""
    x1, x2 = _weights_as_symbols(x1, x2)
    if not _is_symbolic(x1, x2):
        return _numbers(x1) != _numbers(x2)
    return square(sign(subtract(x1, x2)))


def logical_not(x: Any) -> Any:
    """Whether `x` is 0; of symbols 1 or 0."""
    (x,) = _weights_as_symbols(x)
    if not _is_symbolic(x):
        return np.logical_not(_numbers(x))
    return subtract(1, square(sign(x)))


def logical_and(x1: Any, x2: Any) -> Any:
    """Whether neither is 0; of symbols 1 or 0."""
    if not _is_symbolic(x1, x2):
        return np.logical_and(_numbers(x1), _numbers(x2))
    return square(multiply(sign(x1), sign(x2)))


def logical_or(x1: Any, x2: Any) -> Any:
    """Whether one of them is not 0; of symbols 1 or 0."""
    if not _is_symbolic(x1, x2):
        return np.logical_or(_numbers(x1), _numbers(x2))
    return maximum(square(sign(x1)), square(sign(x2)))


def where(condition: Any, x1: Any, x2: Any) -> Any:
    """`x1` where the condition holds, that is, is not 0; else `x2`."""
    from .layers._operations import Where

    condition, x1, x2 = _weights_as_symbols(condition, x1, x2)
    if not _is_symbolic(condition, x1, x2):
        return np.where(_numbers(condition), _numbers(x1), _numbers(x2))
    if isinstance(condition, KerasTensor):
        x1, x2 = (
            _scaled("number", condition, 0, each) if _is_number(each) else each for each in (x1, x2)
        )
    return Where(name=_naming.automatic("where"))(_symbols(condition, x1, x2))


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


def logsumexp(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The logarithm of the sum of exponentials along axes."""
    greatest = max(x, axis, keepdims=True)
    total = log(sum(exp(subtract(x, greatest)), axis, keepdims=True))
    result = add(total, greatest)
    if keepdims:
        return result
    return squeeze(result, tuple(range(ndim(x))) if axis is None else axis)


def norm(x: Any, ord: float | None = None, axis: Axes = None, keepdims: bool = False) -> Any:
    """The length of vectors along axes: the root of the sum of squares."""
    if ord not in (None, 2):
        not_supported(f"ops.norm: ord={ord!r}")
    return sqrt(sum(square(x), axis, keepdims))


def normalize(x: Any, axis: int = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """Vectors along an axis, each divided by its length; none by less than `epsilon` (1e-7)."""
    if order != 2:
        not_supported(f"ops.normalize: order={order!r}")
    inverse = rsqrt(sum(square(x), axis, keepdims=True))
    return multiply(x, minimum(inverse, 1 / (1e-7 if epsilon is None else epsilon)))


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the greatest number stands along an axis; of symbols as float32, with a slope of 0."""
    from .layers._operations import Argmax

    if not _is_symbolic(x):
        return np.argmax(_numbers(x), axis, keepdims=keepdims)
    if axis is None:
        raise ValueError("ops.argmax: of a symbol along one axis, such as -1")
    place = axis % x.ndim
    _behind_samples("argmax", axis, place, x.ndim)
    rest = [each for each in range(x.ndim) if each != place]
    moved = x if place == x.ndim - 1 else transpose(x, (*rest, place))
    found = Argmax(name=_naming.automatic("argmax"))(moved)
    return expand_dims(found, place) if keepdims else found


def _as_axis(axis: Axes) -> Any:
    return tuple(axis) if isinstance(axis, list | tuple) else axis


def _reduced(name: str, x: Any, axis: Axes, keepdims: bool, numpy: Callable[..., Any]) -> Any:
    from .layers._operations import BatchReduction, Reduction

    if not _is_symbolic(x):
        return numpy(_numbers(x), axis=_as_axis(axis), keepdims=keepdims)
    axes = _axes_of(name, x, axis)
    over_samples = bool(x._lead) and 0 in axes
    if over_samples and x._lead == (None,) and not of_batches.get():
        given = "axis=None goes" if axis is None else "axis 0 goes"
        raise ValueError(
            f"ops.{name}: {given} over the samples, too, which no operation on symbols does but in "
            f"a loss or metric of your own; give the axes: {tuple(range(1, x.ndim))}"
        )
    # As the core counts them, behind the samples.
    inner = [each + 1 - len(x._lead) for each in axes if each or not x._lead]
    if inner:
        x = Reduction(name, inner, keepdims, name=_naming.automatic(name))(x)
    if not over_samples:
        return x
    if x._lead == (None,):
        x = BatchReduction(name, name=_naming.automatic(name))(x)
    return x if keepdims else x._led_by(())


def _axes_of(name: str, x: KerasTensor, axis: Axes) -> list[int]:
    """Axes from 0 up."""
    if axis is None:
        return list(range(x.ndim))
    given = [axis] if isinstance(axis, int) else list(axis)
    for each in given:
        if not -x.ndim <= each < x.ndim:
            raise ValueError(f"ops.{name}: axis {each} is out of range for the shape {x.shape}")
    return [each % x.ndim for each in given]


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
    newshape = (newshape,) if isinstance(newshape, int) else tuple(newshape)
    if x._lead and (not newshape or newshape[0] not in (-1, None, *x._lead)):
        raise ValueError(
            f"ops.reshape: the shape of a symbol starts with -1, for the samples, got {newshape}"
        )
    if x._lead and len(newshape) == 1 and x.ndim > 1 and x.shape[1:] != (1,) * (x.ndim - 1):
        _flat("reshape", x)
    rest = tuple(-1 if extent is None else extent for extent in newshape[len(x._lead) :])
    return Reshape(rest, name=_naming.automatic("reshape"))(x)


def ravel(x: Any) -> Any:
    """All numbers along one axis; not of symbols, which keep that of the samples."""
    if not _is_symbolic(x):
        return np.ravel(_numbers(x))
    return x if x.ndim == 1 else _flat("ravel", x)


def _flat(name: str, x: KerasTensor) -> NoReturn:
    raise ValueError(
        f"ops.{name}: a symbol of shape {x.shape} keeps its axis of samples. Leave it out where a "
        "sum or mean over everything follows, ops.sum(x); to flatten each sample use "
        "ops.reshape(x, (-1, n))"
    )


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
    if not x._lead and place == 0:
        return x._led_by((1,))
    if x._lead:
        _behind_samples("expand_dims", axis, place, x.ndim + 1)
    return reshape(x, (*x.shape[:place], 1, *x.shape[place:]))


def squeeze(x: Any, axis: Axes = None) -> Any:
    """Without axes of extent 1: those given, or all."""
    if not _is_symbolic(x):
        return np.squeeze(_numbers(x), _as_axis(axis))
    if axis is None:
        places = [place for place in range(x.ndim) if x.shape[place] == 1]
    else:
        places = _axes_of("squeeze", x, axis)
    for place in places:
        if x.shape[place] != 1:
            raise ValueError(f"ops.squeeze: axis {place} of shape {x.shape} is not of extent 1")
    if x._lead == (1,) and 0 in places:
        return squeeze(x._led_by(()), [place - 1 for place in places if place])
    kept = [extent for place, extent in enumerate(x.shape) if place not in places]
    return reshape(x, kept) if places else x


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


def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """The parts along an axis: so many of one size, or those between the indices."""
    if not _is_symbolic(x):
        return np.split(_numbers(x), indices_or_sections, axis)
    place = axis % x.ndim
    _behind_samples("split", axis, place, x.ndim)
    extent = x.shape[place]
    if isinstance(indices_or_sections, int):
        if indices_or_sections < 1 or extent % indices_or_sections:
            raise ValueError(
                f"ops.split: axis {axis} of shape {x.shape} is not divided by {indices_or_sections}"
            )
        size = extent // indices_or_sections
        ends = list(range(size, extent, size))
    else:
        ends = list(indices_or_sections)
    before = (slice_of(None),) * place
    parts = zip([0, *ends], [*ends, extent], strict=True)
    return [part_of(x, (*before, slice_of(start, end))) for start, end in parts]


def flip(x: Any, axis: Axes = None) -> Any:
    """The numbers along axes in reverse; None for all but that of the samples."""
    if not _is_symbolic(x):
        return np.flip(_numbers(x), _as_axis(axis))
    places = range(1, x.ndim) if axis is None else _axes_of("flip", x, axis)
    for place in places:
        _behind_samples("flip", place, place, x.ndim)
    backwards, all_of_it = slice_of(None, None, -1), slice_of(None)
    taken = [backwards if place in places else all_of_it for place in range(x.ndim)]
    return part_of(x, tuple(taken))


def slice(inputs: Any, start_indices: Sequence[int], shape: Sequence[int]) -> Any:
    """The part of a shape that starts at indices.

    For symbols the first entries, 0 and -1 or None, are those of the samples.
    """
    if not _is_symbolic(inputs):
        parts = zip(start_indices, shape, strict=True)
        return _numbers(inputs)[tuple(slice_of(start, start + size) for start, size in parts)]
    if start_indices[0] != 0 or shape[0] not in (-1, None):
        raise ValueError(
            "ops.slice: start_indices and shape of a symbol begin with 0 and -1, for all samples, "
            f"got {tuple(start_indices)} and {tuple(shape)}"
        )
    inner = zip(start_indices[1:], shape[1:], strict=True)
    taken = [slice_of(start, start + (size or 0)) for start, size in inner]
    return part_of(inputs, (slice_of(None), *taken))


def part_of(x: KerasTensor, part: Any) -> KerasTensor:
    """``x[part]``: slices, whole numbers, ``...`` and None for a new axis, as NumPy takes them."""
    from .layers._operations import Slice

    given = _with_all_axes(x, part if isinstance(part, tuple) else (part,))
    if not x._lead:
        raise ValueError(f"a part of {x!r}, which is the same for all samples; take it before that")
    if not isinstance(given[0], slice_of) or given[0] != slice_of(None):
        raise IndexError(
            f"x[{part!r}]: the first axis of a symbol is that of the samples, all of which are "
            "taken: x[:, ...]"
        )
    ranges: list[tuple[int, int, int]] = []
    shape: list[int | None] = []
    extents = iter(_native.symbol_shape(x._handle))
    for each in given[1:]:
        if each is None:
            shape.append(1)
            continue
        extent = next(extents)
        start, count, step = _range(x, each, extent)
        ranges.append((start, count, step))
        if isinstance(each, slice_of):
            shape.append(None if count == -1 else count)
    whole = [(0, -1 if extent is None else extent, 1) for extent in x.shape[1:]]
    if ranges != whole:
        starts, sizes, steps = zip(*ranges, strict=True)
        x = Slice(starts, sizes, steps, name=_naming.automatic("slice"))(x)
    return x if x.shape[1:] == tuple(shape) else reshape(x, (-1, *shape))


def _with_all_axes(x: KerasTensor, parts: tuple[Any, ...]) -> list[Any]:
    """An entry for every axis: ``...`` and what is missing behind as whole axes."""
    for each in parts:
        if not (each is None or each is Ellipsis or isinstance(each, slice_of) or _is_index(each)):
            raise TypeError(
                f"a symbol takes slices, whole numbers, None and ... in x[...], got {each!r}"
                + ("; see ops.where" if isinstance(each, KerasTensor) else "")
            )
    named = [each for each in parts if each is not None and each is not Ellipsis]
    if len(named) > x.ndim:
        raise IndexError(f"{len(named)} indices for a symbol of shape {x.shape}")
    missing = [slice_of(None)] * (x.ndim - len(named))
    if Ellipsis not in parts:
        return [*parts, *missing]
    place = parts.index(Ellipsis)
    return [*parts[:place], *missing, *parts[place + 1 :]]


def _is_index(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _range(x: KerasTensor, part: Any, extent: int | None) -> tuple[int, int, int]:
    """Start, count and step of what an entry takes of an axis; a whole open one counts -1."""
    if extent is None:
        if isinstance(part, slice_of) and part == slice_of(None):
            return 0, -1, 1
        raise IndexError(
            f"x[...] of a symbol of shape {x.shape}: axes whose size Input leaves open are taken "
            f"whole, by ':', got {part}; give Input the size"
        )
    if isinstance(part, slice_of):
        taken = range(*part.indices(extent))
        if not taken:
            raise IndexError(f"x[...] of a symbol of shape {x.shape} has nothing in {part}")
        return taken.start, len(taken), taken.step if len(taken) > 1 else 1
    if not -extent <= part < extent:
        raise IndexError(f"index {part} is out of range for a symbol of shape {x.shape}")
    return int(part) % extent, 1, 1


def pad(
    x: Any,
    pad_width: int | Sequence[Any],
    mode: str = "constant",
    constant_values: float | None = None,
) -> Any:
    """More numbers before and behind along axes, as :func:`numpy.pad`; around symbols zeros.

    Parameters
    ----------
    x
        A tensor.
    pad_width
        ``(before, behind)`` for each axis; of symbols ``(0, 0)`` for that of the samples.
    mode, constant_values
        Of symbols ``"constant"`` and 0.
    """
    if not _is_symbolic(x):
        value = {} if constant_values is None else {"constant_values": constant_values}
        return np.pad(_numbers(x), pad_width, mode, **value)  # type: ignore[call-overload] # a name
    if mode != "constant" or constant_values not in (None, 0):
        not_supported(f"ops.pad: mode={mode!r}, constant_values={constant_values!r} for a symbol")
    widths = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    if widths[0] != [0, 0]:
        raise ValueError(
            f"ops.pad: pad_width of a symbol begins with (0, 0), for the samples, got {pad_width}"
        )
    if x.ndim == 4 and widths[3] == [0, 0]:
        from .layers import ZeroPadding2D

        rows, columns = map(tuple, widths[1:3])
        return ZeroPadding2D((rows, columns), name=_naming.automatic("pad"))(x)
    for axis, width in enumerate(widths):
        x = _padded(x, axis, width) if width != [0, 0] else x
    return x


def _padded(x: KerasTensor, axis: int, width: list[int]) -> KerasTensor:
    """With zeros along an axis, which for this is the width of an image."""
    from .layers import ZeroPadding2D

    if None in x.shape[1:]:
        raise ValueError(
            f"ops.pad of a symbol of shape {x.shape}: beside rows and columns of images, sizes "
            "must be known; give Input the size that it leaves open"
        )
    shape: Any = x.shape[1:]
    before, extent, behind = shape[: axis - 1], shape[axis - 1], shape[axis:]
    image = reshape(x, (-1, math.prod(before), extent, math.prod(behind)))
    padded = ZeroPadding2D(((0, 0), tuple(width)), name=_naming.automatic("pad"))(image)
    return reshape(padded, (-1, *before, extent + builtins.sum(width), *behind))


# ---- Images ----------------------------------------------------------------------------------


def max_pool(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: Any = None,
) -> Any:
    """The greatest number of every window, of images or sequences, as the layers have it."""
    return _windowed("MaxPooling", inputs, pool_size, strides, padding, data_format)


def average_pool(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: Any = None,
) -> Any:
    """The mean of every window, of images or sequences, as the layers have it."""
    return _windowed("AveragePooling", inputs, pool_size, strides, padding, data_format)


def _windowed(name: str, inputs: Any, *arguments: Any) -> Any:
    return _of_images(name, inputs)(*arguments, name=_naming.automatic(name.lower()))(inputs)


def _of_images(name: str, inputs: Any) -> Any:
    """The class of layers for images or sequences."""
    from . import layers

    axes = ndim(inputs) - 2
    found = getattr(layers, f"{name}{axes}D", None)
    if found is None:
        raise ValueError(f"expected images or sequences of samples, got the shape {shape(inputs)}")
    return found


def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    """The convolution of images or sequences with a kernel that is an array and stays as it is.

    Parameters
    ----------
    inputs
        ``(samples, height, width, channels)`` or ``(samples, steps, channels)``.
    kernel
        ``(height, width, channels, filters)`` or ``(steps, channels, filters)``. One that is
        learned is that of a layer.
    strides, padding, data_format, dilation_rate
        As for :class:`martlet.layers.Conv2D`.
    """
    fixed = _fixed("conv", kernel)
    more = {"padding": padding, "data_format": data_format, "dilation_rate": dilation_rate}
    make = _of_images("Conv", inputs)
    return _by_kernel(make, inputs, fixed, fixed.shape[-1], fixed.shape[:-2], strides, **more)


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    """The convolution of each channel of images by itself, with a kernel that is an array.

    Parameters
    ----------
    inputs
        ``(samples, height, width, channels)``.
    kernel
        ``(height, width, channels, filters of each)``.
    strides, padding, data_format, dilation_rate
        As for :class:`martlet.layers.DepthwiseConv2D`.
    """
    fixed = _fixed("depthwise_conv", kernel)
    more = {"padding": padding, "data_format": data_format, "dilation_rate": dilation_rate}
    make = _of_images("DepthwiseConv", inputs)
    more["depth_multiplier"] = fixed.shape[-1]
    return _by_kernel(make, inputs, fixed, fixed.shape[:-2], strides=strides, **more)


def _fixed(name: str, kernel: Any) -> np.ndarray:
    if isinstance(kernel, KerasTensor | Variable):
        not_supported(f"ops.{name}: a kernel that is no array; use a layer, which has one,")
    return np.asarray(kernel, np.float32)


def _by_kernel(make: Any, inputs: Any, kernel: np.ndarray, *sizes: Any, **options: Any) -> Any:
    """What a layer of this kernel makes."""
    zeros = "depthwise_initializer" if "depth_multiplier" in options else "kernel_initializer"
    name = _naming.automatic("conv")
    options |= {"use_bias": False, "trainable": False, "name": name, zeros: "zeros"}
    layer = make(*sizes, **options)
    # Built by its call; what is computed of symbols sees the weights as they are then.
    if isinstance(inputs, KerasTensor):
        made = layer(inputs)
        layer.set_weights([kernel])
        return made
    layer.build((None, *np.shape(inputs)[1:]))
    layer.set_weights([kernel])
    return layer(inputs)


# ---- Crossentropies --------------------------------------------------------------------------


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """``-y * log p - (1 - y) * log(1 - p)`` of every number; of symbols within a loss or metric."""
    from .losses import BinaryCrossentropy

    loss = BinaryCrossentropy(from_logits, reduction="none")
    return loss(expand_dims(target, -1), expand_dims(output, -1))


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """``-sum(y * log p)`` for one-hot targets; of symbols within a loss or metric."""
    from .losses import CategoricalCrossentropy

    return CategoricalCrossentropy(from_logits, axis=axis, reduction="none")(target, output)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """``-log p[label]`` for class numbers; of symbols within a loss or metric."""
    from .losses import SparseCategoricalCrossentropy

    return SparseCategoricalCrossentropy(from_logits, axis=axis, reduction="none")(target, output)


# ---- Kinds of numbers ------------------------------------------------------------------------


def cast(x: Any, dtype: Any) -> Any:
    """Another type; symbols are float32 and stay so."""
    if not _is_symbolic(x):
        return _numbers(x).astype(dtype)
    if np.dtype(dtype) != np.float32:
        not_supported(
            f"ops.cast: a symbol as {dtype!r}; symbols are float32, which holds whole numbers and "
            "truth (as 1 and 0) as they are, so leave it out: this"
        )
    return x


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Any:
    """1 at the place of a class number among zeros, along a new axis."""
    if axis != -1:
        not_supported(f"ops.one_hot: axis={axis!r}")
    numbers = np.arange(num_classes)
    if not _is_symbolic(x):
        return (_numbers(x)[..., None] == numbers).astype(dtype or np.float32)
    return equal(expand_dims(x, -1), numbers)


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of a tensor."""
    return _scaled("zeros", x, 0, 0) if _is_symbolic(x) else np.zeros_like(_numbers(x), dtype)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones in the shape of a tensor."""
    return _scaled("ones", x, 0, 1) if _is_symbolic(x) else np.ones_like(_numbers(x), dtype)


def stop_gradient(variable: Any) -> Any:
    """What no gradient goes back through; not of symbols yet."""
    if _is_symbolic(variable):
        not_supported("ops.stop_gradient: of a symbol")
    return variable


def convert_to_tensor(x: Any, dtype: Any = None) -> Any:
    """An array; symbols stay what they are."""
    return x if _is_symbolic(x) else np.asarray(_numbers(x), dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """The values of an array or a weight."""
    return np.array(_numbers(x))


abs = absolute
amax, amin = max, min
true_divide = divide
