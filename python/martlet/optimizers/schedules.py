"""Schedules: learning rates that change with the steps.

A schedule takes the place of a number as `learning_rate` of any optimizer. Called with a number of
steps it tells the rate of the next one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _native
from .._errors import unknown_name
from .._naming import own_arguments


class LearningRateSchedule:
    """What all schedules have in common, and the base of your own.

    A schedule of your own overrides `__call__`, which is asked before every step for its rate.

    Examples
    --------
    >>> from martlet.optimizers import SGD, schedules
    >>> class Halving(schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** (step + 1)
    >>> SGD(Halving()).learning_rate
    0.5
    """

    def __call__(self, step: Any) -> Any:
        """The rate of the step that `step` others came before."""
        raise NotImplementedError(
            f"the schedule {type(self).__name__} must override __call__(self, step)"
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments by name, for saving."""
        raise NotImplementedError(
            f"the schedule {type(self).__name__} must override get_config(self) to be saved"
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """A new schedule from what `get_config` gave."""
        return cls(**config)


class _Described(LearningRateSchedule):
    """A schedule that the core knows, and works out."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        given = own_arguments(arguments)
        vars(self).update(given)
        self._names = list(given)
        _native.learning_rates(self._description(), np.empty(0))

    def __call__(self, step: Any) -> Any:
        """The rate of the step that `step` others came before.

        Parameters
        ----------
        step
            A number, or an array of them.

        Returns
        -------
        float or numpy.ndarray
            float32 for an array.
        """
        steps = np.asarray(step, np.float64)
        rates = _native.learning_rates(self._description(), steps)
        return rates.item() if steps.ndim == 0 else rates.astype(np.float32)

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return {name: getattr(self, name) for name in self._names}

    def _description(self) -> dict[str, Any]:
        # A subclass is the schedule it was made from.
        kind = next(each for each in type(self).__mro__ if each in _CLASSES.values())
        return {"class_name": kind.__name__, "config": _Described.get_config(self)}

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={getattr(self, name)!r}" for name in self._names if name != "name"
        )
        return f"{type(self).__name__}({shown})"


class ExponentialDecay(_Described):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate
        The rate of the first step.
    decay_steps
        Steps, above 0, after which the rate is `decay_rate` times what it was.
    decay_rate
        Factor.
    staircase
        Whether the rate changes only after whole `decay_steps`.
    name
        For configurations.

    Raises
    ------
    ValueError
        If `decay_steps` is not above 0.

    Examples
    --------
    >>> from martlet.optimizers.schedules import ExponentialDecay
    >>> round(ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(5), 7)
    0.0707107
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        super().__init__(locals())


class PiecewiseConstantDecay(_Described):
    """``values[i]`` while the step is not above ``boundaries[i]``, then the last value.

    Parameters
    ----------
    boundaries
        Steps, rising.
    values
        Rates, one more than boundaries.
    name
        For configurations.

    Raises
    ------
    ValueError
        If the lengths do not fit each other.

    Examples
    --------
    >>> from martlet.optimizers.schedules import PiecewiseConstantDecay
    >>> PiecewiseConstantDecay([2, 4], [1.0, 0.5, 0.1])([2, 3, 5]).tolist()
    [1.0, 0.5, 0.10000000149011612]
    """

    def __init__(
        self, boundaries: list[float], values: list[float], name: str = "PiecewiseConstant"
    ) -> None:
        super().__init__(locals())


class PolynomialDecay(_Described):
    """Down to `end_learning_rate` along ``(1 - step / decay_steps) ** power``.

    Parameters
    ----------
    initial_learning_rate
        The rate of the first step.
    decay_steps
        Steps, above 0, after which the end is reached.
    end_learning_rate
        The rate from then on.
    power
        1 for a straight line.
    cycle
        Whether the end moves on to the next multiple of `decay_steps` instead of staying.
    name
        For configurations.

    Raises
    ------
    ValueError
        If `decay_steps` is not above 0.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        super().__init__(locals())


class InverseTimeDecay(_Described):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate
        The rate of the first step.
    decay_steps
        Steps, above 0, that count as one unit of time.
    decay_rate
        How fast the rate falls.
    staircase
        Whether the rate changes only after whole `decay_steps`.
    name
        For configurations.

    Raises
    ------
    ValueError
        If `decay_steps` is not above 0.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(locals())


class CosineDecay(_Described):
    """Half a cosine wave down, after a straight line up where a warmup is asked for.

    Parameters
    ----------
    initial_learning_rate
        The rate of the first step.
    decay_steps
        Steps of the way down, above 0.
    alpha
        Part of the greatest rate that is left at the end.
    name
        For configurations.
    warmup_target
        The rate that the warmup leads to; None for no warmup.
    warmup_steps
        Steps of the warmup.

    Raises
    ------
    ValueError
        If `decay_steps` is not above 0.

    References
    ----------
    Loshchilov and Hutter 2016, arXiv:1608.03983.

    Examples
    --------
    >>> from martlet.optimizers.schedules import CosineDecay
    >>> schedule = CosineDecay(0.0, decay_steps=10, warmup_target=0.1, warmup_steps=4)
    >>> [round(schedule(step), 4) for step in (0, 2, 4, 9, 14)]
    [0.0, 0.05, 0.1, 0.05, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        super().__init__(locals())


class CosineDecayRestarts(_Described):
    """Half cosine waves down, one after the other.

    Parameters
    ----------
    initial_learning_rate
        The rate of the first step.
    first_decay_steps
        Steps of the first wave, above 0.
    t_mul
        How much longer each wave is than the one before, from 1 up. Keras takes less than 1, too,
        and then gives NaN in the end.
    m_mul
        How much higher each wave is than the one before.
    alpha
        Part of the greatest rate that is left at the end of a wave.
    name
        For configurations.

    Raises
    ------
    ValueError
        If `first_decay_steps` is not above 0, or `t_mul` below 1.

    References
    ----------
    Loshchilov and Hutter 2016, arXiv:1608.03983.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        super().__init__(locals())


_CLASSES: dict[str, type[LearningRateSchedule]] = {
    each.__name__: each
    for each in (
        ExponentialDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
        InverseTimeDecay,
        CosineDecay,
        CosineDecayRestarts,
    )
}


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """A schedule as Keras's files have it: class name and configuration."""
    kind = type(learning_rate_schedule)
    own = kind not in _CLASSES.values()
    return {
        "module": kind.__module__ if own else "keras.optimizers.schedules",
        "class_name": kind.__name__,
        "config": learning_rate_schedule.get_config(),
        "registered_name": kind.__name__ if own else None,
    }


def deserialize(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> LearningRateSchedule:
    """A new schedule from what `serialize` gave.

    Parameters
    ----------
    config
        ``{"class_name": ..., "config": {...}}``.
    custom_objects
        Schedules of your own by name.

    Raises
    ------
    ValueError
        If the class is unknown; the message suggests the nearest one.

    Examples
    --------
    >>> from martlet.optimizers import schedules
    >>> schedules.deserialize(schedules.serialize(schedules.CosineDecay(0.1, 100)))(50)
    0.05
    """
    known = {**_CLASSES, **(custom_objects or {})}
    name = config["class_name"]
    if name not in known:
        raise unknown_name("learning-rate schedule", name, known)
    return known[name].from_config(config.get("config") or {})
