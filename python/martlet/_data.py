"""What users hand over, as arrays that the core reads in place.

Numeric arrays of every shape, stride and element type pass as they are, without a copy; the core
converts them batch by batch. What only looks like an array is converted once: lists, pandas
frames, tensors of other libraries, foreign byte orders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _native

#: Samples per step where nobody says how many, as in Keras.
BATCH_SIZE = 32

_MAX_RANK = 8


def as_array(value: Any, what: str) -> np.ndarray:
    """`value` as an array that can cross to the core.

    Parameters
    ----------
    value
        An array, or anything that NumPy makes one of.
    what
        How to call it in errors: ``"x"``, ``"y[1]"``, ``"weights[0]"``.

    Raises
    ------
    TypeError
        If the elements are not numbers: object arrays, text, complex numbers, ragged lists.
    """
    array = value if type(value) is np.ndarray else _converted(value, what)
    if array.dtype in _native.DTYPES and array.dtype.isnative:
        if array.ndim > _MAX_RANK:
            raise ValueError(f"{what}: arrays have at most {_MAX_RANK} axes, got {array.ndim}")
        return array if array.flags.aligned else array.copy()
    kind = array.dtype.kind
    if kind == "O":
        raise TypeError(f"{what} is an object array{_culprit(array)}; convert it to numbers first")
    if kind in "fiu":
        # A foreign byte order, or a long double.
        native = array.dtype.newbyteorder("=")
        return array.astype(native if native in _native.DTYPES else np.float64)
    raise TypeError(f"{what} holds {array.dtype} values, expected numbers")


def _converted(value: Any, what: str) -> np.ndarray:
    if value is None:
        raise ValueError(f"{what} is missing")
    try:
        array = np.asarray(value)
    except ValueError as error:
        if "inhomogeneous" in str(error):
            raise TypeError(f"{what} is ragged: its parts have different lengths") from None
        raise
    if array.ndim == 0 and array.dtype.kind == "O":
        raise TypeError(f"{what}: expected an array, got {type(value).__name__}")
    return array


def _culprit(array: np.ndarray) -> str:
    """Which element is no number; the array has already been refused."""
    for index, element in np.ndenumerate(array):
        if not isinstance(element, int | float | np.number):
            where = ", ".join(map(str, index))
            return f", element [{where}] is of type {type(element).__name__}"
    return ""


def has_samples(array: np.ndarray, what: str) -> np.ndarray:
    """The array itself, if its first axis counts at least one sample and samples hold values."""
    if array.ndim == 0:
        raise ValueError(f"{what}: expected an array of samples, got the single value {array}")
    if array.size == 0:
        raise ValueError(f"{what} is empty: its shape is {array.shape}")
    return array


def per_name(
    value: Any, names: Sequence[str], what: str, unwraps: Callable[[np.ndarray], bool]
) -> list[np.ndarray]:
    """One array per input or output of a model.

    Parameters
    ----------
    value
        An array, a list of them, or a dict by name.
    names
        Of the inputs or outputs.
    what
        ``"x"``, ``"y"`` or ``"sample_weight"``.
    unwraps
        Whether a list of one array is a list of inputs, not a list of samples.
    """
    if type(value) is np.ndarray and len(names) == 1:
        # What most calls give, and what a steady loop gives every time.
        return [has_samples(as_array(value, what), what)]
    if isinstance(value, dict):
        if set(value) != set(names):
            raise ValueError(f"{what} has keys {sorted(value)}, expected {sorted(names)}")
        parts = [value[name] for name in names]
    elif len(names) > 1:
        given = len(value) if isinstance(value, list | tuple) else f"a {type(value).__name__}"
        if given != len(names):
            raise ValueError(
                f"{what}: expected a list of {len(names)} arrays for {list(names)}, got {given}"
            )
        parts = list(value)
    elif isinstance(value, list | tuple) and len(value) == 1 and _unwraps(value[0], unwraps):
        parts = [value[0]]
    else:
        parts = [value]
    labels = [what] if len(parts) == 1 else [f"{what}[{name!r}]" for name in names]
    return [
        has_samples(as_array(part, label), label) for part, label in zip(parts, labels, strict=True)
    ]


def _unwraps(part: Any, test: Callable[[np.ndarray], bool]) -> bool:
    return isinstance(part, np.ndarray) and part.ndim > 0 and test(part)


def same_length(**groups: Sequence[np.ndarray]) -> int:
    """The number of samples that all arrays have; raises if they differ."""
    lengths = {
        what if len(group) == 1 else f"{what}[{index}]": len(array)
        for what, group in groups.items()
        for index, array in enumerate(group)
    }
    first = next(iter(lengths))
    for what, length in lengths.items():
        if length != lengths[first]:
            raise ValueError(
                f"{first} has {lengths[first]} samples but {what} has {length}; "
                "they must be equally many"
            )
    return lengths[first]
