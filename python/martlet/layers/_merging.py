"""Layers that make one tensor of several."""

from __future__ import annotations

from typing import Any, ClassVar

from ._built_in import BuiltInLayer


class Add(BuiltInLayer):
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


class Subtract(BuiltInLayer):
    """The first of two tensors minus the second.

    Parameters
    ----------
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Subtract
    >>> Subtract()([np.array([[2.0, 3.0]]), np.array([[4.0, 1.0]])])
    array([[-2.,  2.]], dtype=float32)
    """

    _merges: ClassVar[bool] = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)


class Multiply(BuiltInLayer):
    """The product of a list of tensors; extents of 1 are repeated.

    Parameters
    ----------
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Multiply
    >>> Multiply()([np.array([[2.0, 3.0]]), np.array([[4.0, 1.0]])])
    array([[8., 3.]], dtype=float32)
    """

    _merges: ClassVar[bool] = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)


class Average(BuiltInLayer):
    """The mean of a list of tensors.

    Parameters
    ----------
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Average
    >>> Average()([np.array([[2.0, 3.0]]), np.array([[4.0, 1.0]])])
    array([[3., 2.]], dtype=float32)
    """

    _merges: ClassVar[bool] = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)


class Maximum(BuiltInLayer):
    """The largest of a list of tensors, value by value.

    Parameters
    ----------
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Maximum
    >>> Maximum()([np.array([[2.0, 3.0]]), np.array([[4.0, 1.0]])])
    array([[4., 3.]], dtype=float32)
    """

    _merges: ClassVar[bool] = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)


class Minimum(BuiltInLayer):
    """The smallest of a list of tensors, value by value.

    Parameters
    ----------
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Minimum
    >>> Minimum()([np.array([[2.0, 3.0]]), np.array([[4.0, 1.0]])])
    array([[2., 1.]], dtype=float32)
    """

    _merges: ClassVar[bool] = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)


class Concatenate(BuiltInLayer):
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


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """``Subtract(**kwargs)(inputs)``."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """``Multiply(**kwargs)(inputs)``."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """``Average(**kwargs)(inputs)``."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """``Maximum(**kwargs)(inputs)``."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """``Minimum(**kwargs)(inputs)``."""
    return Minimum(**kwargs)(inputs)
