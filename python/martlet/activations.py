"""Activation functions, by name in layers and as functions on arrays and symbols.

Examples
--------
>>> import numpy as np
>>> from martlet import activations
>>> activations.relu(np.array([[-1.0, 2.0]]))
array([[0., 2.]], dtype=float32)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._errors import not_supported, unknown_name

__all__ = ["elu", "get", "leaky_relu", "linear", "relu", "sigmoid", "softmax", "tanh"]


def _apply(name: str, x: Any) -> Any:
    from .layers import Activation

    return Activation(name)(x)


def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """``max(x, 0)``; see :class:`martlet.layers.ReLU` for the other arguments."""
    from .layers import ReLU

    return ReLU(max_value, negative_slope, threshold)(x)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """``x`` where positive, else ``negative_slope * x``."""
    from .layers import LeakyReLU

    return LeakyReLU(negative_slope)(x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where positive, else ``exp(x) - 1``."""
    if alpha != 1.0:
        not_supported(f"elu: alpha={alpha!r}")
    return _apply("elu", x)


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``."""
    return _apply("sigmoid", x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    return _apply("tanh", x)


def softmax(x: Any, axis: int = -1) -> Any:
    """``exp(x) / sum(exp(x))`` along an axis."""
    from .layers import Softmax

    return Softmax(axis)(x)


def linear(x: Any) -> Any:
    """``x``."""
    return _apply("linear", x)


def get(identifier: str | Callable[..., Any] | None) -> Callable[..., Any]:
    """The function of a name; functions are handed back, None is `linear`.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    if identifier not in __all__ or identifier == "get":
        raise unknown_name("activation", identifier, (each for each in __all__ if each != "get"))
    return globals()[identifier]
