"""Callbacks that change the learning rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._progress import say
from ._callback import Callback, Logs
from ._monitor import Monitor, value_of


class ReduceLROnPlateau(Monitor):
    """Makes the learning rate smaller when a value has not become better for some epochs.

    Adds ``learning_rate`` to the logs: the rate of the epoch that has ended.

    Parameters
    ----------
    monitor
        Key of the logs.
    factor
        What the rate is multiplied by; below 1.
    patience
        Epochs without a better value before that.
    verbose
        1 prints the new rate.
    mode
        ``"min"``, ``"max"`` or ``"auto"``; see :class:`EarlyStopping`.
    min_delta
        By how much a value must be better to count.
    cooldown
        Epochs after a change in which none is counted.
    min_lr
        The rate does not fall below it.
    **kwargs
        None is known.

    Raises
    ------
    ValueError
        If `factor` is not below 1; and before the first epoch, if the logs will not have `monitor`.

    Examples
    --------
    >>> from martlet.callbacks import ReduceLROnPlateau
    >>> ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=5, min_lr=1e-5).factor
    0.2
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise ValueError(
                f"ReduceLROnPlateau does not know the argument {next(iter(kwargs))!r}"
                + ("; say min_delta" if "epsilon" in kwargs else "")
            )
        super().__init__(monitor, mode, min_delta)
        if factor >= 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be below 1, got {factor!r}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.cooldown_counter = 0
        self.wait = 0

    def _adds(self) -> tuple[str, ...]:
        return ("learning_rate",)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets what an earlier training has shown."""
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Looks whether the value has become better."""
        assert self.model is not None
        _report_rate(self.model, logs)
        current = value_of(logs, self.monitor)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._improves(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        optimizer = _optimizer(self.model)
        # The rate is one of single precision in files; a limit of the same number is reached, too.
        if np.float32(optimizer.learning_rate) <= np.float32(self.min_lr):
            return
        optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose:
            say(
                f"Epoch {epoch + 1}: {self.monitor} has not become better for {self.patience} "
                f"epochs, the learning rate is now {optimizer.learning_rate:.6g}"
            )

    def in_cooldown(self) -> bool:
        """Whether epochs are not counted for now."""
        return self.cooldown_counter > 0


class LearningRateScheduler(Callback):
    """Sets the learning rate of each epoch by a function.

    Adds ``learning_rate`` to the logs.

    Parameters
    ----------
    schedule
        ``schedule(epoch, learning_rate)`` or ``schedule(epoch)``, which gives a float.
    verbose
        1 prints the rate.

    Raises
    ------
    TypeError
        If `schedule` is no function.
    ValueError
        During the training, if it gives something else than a float.

    Examples
    --------
    >>> from martlet.callbacks import LearningRateScheduler
    >>> halving = LearningRateScheduler(lambda epoch, rate: rate * 0.5 if epoch else rate)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule must be a function, got {schedule!r}")
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def _adds(self) -> tuple[str, ...]:
        return ("learning_rate",)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Sets the rate."""
        optimizer = _optimizer(self.model)
        given = (epoch, optimizer.learning_rate) if self._takes_rate else (epoch,)
        rate = self.schedule(*given)
        if not isinstance(rate, float | np.floating):
            raise ValueError(
                f"LearningRateScheduler: schedule must give a float, got {rate!r} in epoch "
                f"{epoch + 1}"
            )
        optimizer.learning_rate = float(rate)
        if self.verbose:
            say(f"Epoch {epoch + 1}: the learning rate is {float(rate):.6g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Adds the rate to the logs."""
        _report_rate(self.model, logs)


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether a function can be called on two values."""
    import inspect

    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # built-in functions that do not tell
        return True
    return True


def _report_rate(model: Any, logs: Logs | None) -> None:
    if logs is not None:
        logs["learning_rate"] = float(_optimizer(model).learning_rate)


def _optimizer(model: Any) -> Any:
    return model.optimizer
