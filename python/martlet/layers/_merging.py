"""Layers that make one tensor of several."""

from __future__ import annotations

from typing import Any, ClassVar

from ._layer import Layer


class Add(Layer):
    """The sum of a list of tensors.

    Parameters
    ----------
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Add
    >>> Add()([np.ones((1, 2)), np.ones((1, 2))])
    array([[2., 2.]], dtype=float32)
    """

    _merges: ClassVar[bool] = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)


class Concatenate(Layer):
    """A list of tensors one after the other along an axis.

    Parameters
    ----------
    axis
        Counted with the samples' axis as 0; all other extents must agree.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Concatenate
    >>> Concatenate()([np.ones((1, 2)), np.zeros((1, 1))])
    array([[1., 1., 0.]], dtype=float32)
    """

    _merges: ClassVar[bool] = True

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__({"axis": axis}, **kwargs)


def add(inputs: Any, **kwargs: Any) -> Any:
    """``Add(**kwargs)(inputs)``."""
    return Add(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """``Concatenate(axis, **kwargs)(inputs)``."""
    return Concatenate(axis, **kwargs)(inputs)
