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

__all__ = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]


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


def relu6(x: Any) -> Any:
    """``min(max(x, 0), 6)``."""
    return _apply("relu6", x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where positive, else ``alpha * (exp(x) - 1)``."""
    from .layers import ELU

    return ELU(alpha)(x)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where positive, else ``alpha * (exp(x / alpha) - 1)``; `alpha` must be 1."""
    if alpha != 1.0:
        not_supported(f"celu: alpha={alpha!r}")
    return _apply("celu", x)


def selu(x: Any) -> Any:
    """``1.0507 * elu(x, 1.6733)``, which keeps mean 0 and variance 1 (Klambauer et al. 2017)."""
    return _apply("selu", x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """``x`` times the share of the normal distribution below `x` (Hendrycks and Gimpel 2016).

    With `approximate` the same paper's formula by tanh; layers take that by the name
    ``"gelu_tanh"``, which Keras does not know.
    """
    return _apply("gelu_tanh" if approximate else "gelu", x)


def silu(x: Any) -> Any:
    """``x * sigmoid(x)``, also called swish."""
    return _apply("silu", x)


def hard_sigmoid(x: Any) -> Any:
    """``x / 6 + 0.5``, within 0 and 1."""
    return _apply("hard_sigmoid", x)


def hard_silu(x: Any) -> Any:
    """``x * hard_sigmoid(x)``."""
    return _apply("hard_silu", x)


def hard_tanh(x: Any) -> Any:
    """``x`` within -1 and 1."""
    return _apply("hard_tanh", x)


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``."""
    return _apply("softplus", x)


def softsign(x: Any) -> Any:
    """``x / (1 + abs(x))``."""
    return _apply("softsign", x)


def exponential(x: Any) -> Any:
    """``exp(x)``."""
    return _apply("exponential", x)


def mish(x: Any) -> Any:
    """``x * tanh(softplus(x))`` (Misra 2019)."""
    return _apply("mish", x)


def log_sigmoid(x: Any) -> Any:
    """``-softplus(-x)``."""
    return _apply("log_sigmoid", x)


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


swish = silu
hard_swish = hard_silu


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
