"""What weights are brought back to after each step of training.

Layers take a constraint by name (``"max_norm"``) or as an object of one of these classes:
``kernel_constraint``, ``bias_constraint`` and so on. Norms are roots of sums of squares along
`axis`: 0 for the inputs of each unit of a `Dense`, ``[0, 1, 2]`` for each filter of a `Conv2D`.

Examples
--------
>>> from martlet import constraints, layers
>>> layers.Dense(10, kernel_constraint=constraints.MaxNorm(3))
Dense(10, kernel_constraint=MaxNorm(max_value=3, axis=0))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._errors import unknown_name


class Constraint:
    """What all constraints have in common."""

    def __init__(self, **arguments: Any) -> None:
        self._arguments = arguments
        for name, value in arguments.items():
            setattr(self, name, value)

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """A constraint from what `get_config` gave."""
        return cls(**config)

    def _encoded(self) -> dict[str, Any]:
        return {"class_name": type(self).__name__, "config": self.get_config()}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._arguments.items())
        return f"{type(self).__name__}({shown})"


class MaxNorm(Constraint):
    """Norms of at most `max_value`.

    Parameters
    ----------
    max_value
        From 0 up.
    axis
        One axis or several.

    References
    ----------
    Srivastava et al. 2014, Journal of Machine Learning Research 15.
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        super().__init__(max_value=max_value, axis=axis)


class NonNeg(Constraint):
    """No negative values: they become 0."""


class UnitNorm(Constraint):
    """Norms of 1.

    Parameters
    ----------
    axis
        One axis or several.
    """

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        super().__init__(axis=axis)


class MinMaxNorm(Constraint):
    """Norms from `min_value` to `max_value`.

    Parameters
    ----------
    min_value, max_value
        Bounds, from 0 up.
    rate
        Share of the way to them that each step goes, from 0 to 1.
    axis
        One axis or several.
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] = 0,
    ) -> None:
        super().__init__(min_value=min_value, max_value=max_value, rate=rate, axis=axis)


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm

_CLASSES: dict[str, type[Constraint]] = {
    "max_norm": MaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
    "min_max_norm": MinMaxNorm,
}


def get(identifier: Any) -> Constraint | None:
    """The constraint of a name or configuration; objects and None are handed back.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    """
    if identifier is None or isinstance(identifier, Constraint):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Constraint):
        return identifier()
    config: dict[str, Any] = {}
    name = identifier
    if isinstance(identifier, dict):
        name, config = identifier.get("class_name"), identifier.get("config") or {}
    for key, each in _CLASSES.items():
        if name in (key, each.__name__):
            return each(**config)
    raise unknown_name("constraint", name, _CLASSES)


def serialize(constraint: Constraint) -> dict[str, Any]:
    """The configuration that `get` makes the constraint of again, in Keras's form."""
    return {
        "module": "keras.constraints",
        **constraint._encoded(),
        "registered_name": None,
    }


def deserialize(config: dict[str, Any]) -> Constraint | None:
    """The constraint of a configuration."""
    return get(config)
