"""Losses and metrics of one's own: what a function makes of targets and predictions, as a graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _native, ops
from .layers._layer import placeholder, returned
from .layers._symbol import KerasTensor, of_batches, tracing

Function = Callable[[Any, Any], Any]
#: Of one sample; None for extents left open.
Shape = tuple[int | None, ...]


class Graph:
    """A function of targets and predictions for shapes of one sample.

    Attributes
    ----------
    model
        Its two inputs are those, its output the values of the function.
    of_batch : bool
        Whether the values are of the whole batch, the same for all samples.

    Raises
    ------
    TypeError
        If the function gives something else than a symbol.
    """

    def __init__(self, function: Function, what: str, target: Shape, prediction: Shape) -> None:
        y_true, y_pred = placeholder(target), placeholder(prediction)
        tokens = tracing.set(True), of_batches.set(True)
        try:
            made = function(y_true, y_pred)
        finally:
            tracing.reset(tokens[0])
            of_batches.reset(tokens[1])
        if not isinstance(made, KerasTensor):
            raise TypeError(f"{what} {returned(made)}")
        self.model = _native.model_create(
            [y_true._handle, y_pred._handle], [made._handle], "Functional", "values"
        )
        self.of_batch = made._lead != (None,)
        # Layers that were made within the function live as long as what they say.
        self.symbols = made


def same_rank(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both with or without a last axis of 1, as Keras has it for losses that are functions."""
    for place in (0, 1):
        longer, shorter = (y_true, y_pred)[place], (y_pred, y_true)[place]
        if ops.ndim(longer) != ops.ndim(shorter) + 1 or ops.shape(longer)[-1] != 1:
            continue
        if ops.ndim(shorter) == 1:
            shorter = ops.expand_dims(shorter, -1)
        else:
            longer = ops.squeeze(longer, -1)
        return (longer, shorter) if place == 0 else (shorter, longer)
    return y_true, y_pred


def fits(shape: Shape, other: Shape) -> bool:
    """Whether arrays of these shapes are the same but for a last axis of 1."""
    short, long = sorted((tuple(shape), tuple(other)), key=len)
    return short == long or (*short, 1) == long


def per_sample(values: Any, count: int) -> np.ndarray:
    """The mean of what a function gave for each sample, or its one value for all of them."""
    array = np.asarray(values, np.float64)
    if array.ndim == 0 or len(array) != count:
        return array.reshape(-1) if array.ndim == 0 else array.reshape(len(array), -1).mean(1)
    return array.reshape(count, math.prod(array.shape[1:])).mean(1)
