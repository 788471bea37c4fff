"""What large weights and outputs add to the loss.

Layers take a regularizer by name (``"l2"``) or as an object of one of these classes, for their
weights (``kernel_regularizer``), once for each batch, or for their outputs
(``activity_regularizer``), the mean over the samples. The loss that `fit` reports and `evaluate`
returns has all of them in it, but for those of weights that are not trained.

Examples
--------
>>> from martlet import layers, regularizers
>>> layers.Dense(10, kernel_regularizer=regularizers.L2(1e-4))
Dense(10, kernel_regularizer=L2(l2=0.0001))
"""

from __future__ import annotations

import math
from typing import Any

from ._errors import unknown_name


class Regularizer:
    """What all regularizers have in common."""

    def __init__(self, **factors: float | None) -> None:
        self._factors = {name: _checked(name, value) for name, value in factors.items()}
        for name, value in self._factors.items():
            setattr(self, name, value)

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return dict(self._factors)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """A regularizer from what `get_config` gave."""
        return cls(**config)

    def _encoded(self) -> dict[str, Any]:
        return {"class_name": type(self).__name__, "config": self.get_config()}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._factors.items())
        return f"{type(self).__name__}({shown})"


def _checked(name: str, value: Any) -> float:
    number = 0.0 if value is None else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{name} must be a number of at least 0, got {value!r}")
    return float(number)


class L1(Regularizer):
    """``l1 * sum(abs(x))``.

    Parameters
    ----------
    l1
        Factor, from 0 up.

    Raises
    ------
    ValueError
        If it is negative or not finite.
    """

    l1: float

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(Regularizer):
    """``l2 * sum(x ** 2)``, without a half.

    Parameters
    ----------
    l2
        Factor, from 0 up.

    Raises
    ------
    ValueError
        If it is negative or not finite.
    """

    l2: float

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


class L1L2(Regularizer):
    """``l1 * sum(abs(x)) + l2 * sum(x ** 2)``.

    Parameters
    ----------
    l1, l2
        Factors, from 0 up.

    Raises
    ------
    ValueError
        If one is negative or not finite.
    """

    l1: float
    l2: float

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        super().__init__(l1=l1, l2=l2)


l1 = L1
l2 = L2
l1_l2 = L1L2

_CLASSES = {each.__name__.lower(): each for each in (L1, L2, L1L2)}


def get(identifier: Any) -> Regularizer | None:
    """The regularizer of a name or configuration; objects and None are handed back.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    """
    if identifier is None or isinstance(identifier, Regularizer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Regularizer):
        return identifier()
    config: dict[str, Any] = {}
    name = identifier
    if isinstance(identifier, dict):
        name, config = identifier.get("class_name"), identifier.get("config") or {}
    for key, each in _CLASSES.items():
        if name in (key, each.__name__):
            return each(**config)
    raise unknown_name("regularizer", name, _CLASSES)


def serialize(regularizer: Regularizer) -> dict[str, Any]:
    """The configuration that `get` makes the regularizer of again, in Keras's form."""
    return {
        "module": "keras.regularizers",
        **regularizer._encoded(),
        "registered_name": None,
    }


def deserialize(config: dict[str, Any]) -> Regularizer | None:
    """The regularizer of a configuration."""
    return get(config)
