"""Callbacks: what `fit` tells others while it runs."""

from __future__ import annotations

from collections.abc import Callable as _Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .models import Model


class Callback:
    """Something that listens to `fit`. Override what you need.

    Setting ``self.model.stop_training = True`` ends the training after the running epoch.

    Attributes
    ----------
    model : Model
        The model in training.
    params : dict
        ``"epochs"``, ``"steps"`` and ``"verbose"``.
    """

    def __init__(self) -> None:
        self.model: Model | None = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Model | None) -> None:
        """Called before the training starts, and with None after it."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called before the training starts."""
        self.params = params

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Called before the first epoch."""

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Called after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Called before each epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Called after each epoch and its validation, with all values in `logs`."""

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called after each batch, with the means since the epoch began in `logs`."""


class History(Callback):
    """The values of each epoch; `fit` returns one.

    Attributes
    ----------
    history : dict of list of float
        By key, such as ``"loss"`` and ``"val_accuracy"``.
    epoch : list of int
        Epochs finished, counted from 0.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keeps the values."""
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history)}>"


class LambdaCallback(Callback):
    """A callback made of functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end
        Called with the epoch and the logs.
    on_train_begin, on_train_end
        Called with the logs.
    on_train_batch_end
        Called with the batch and the logs.
    """

    def __init__(
        self,
        on_epoch_begin: _Callable[..., Any] | None = None,
        on_epoch_end: _Callable[..., Any] | None = None,
        on_train_begin: _Callable[..., Any] | None = None,
        on_train_end: _Callable[..., Any] | None = None,
        on_train_batch_begin: _Callable[..., Any] | None = None,
        on_train_batch_end: _Callable[..., Any] | None = None,
    ) -> None:
        from ._errors import refuse

        super().__init__()
        refuse("LambdaCallback", on_train_batch_begin=on_train_batch_begin)
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, function in given.items():
            if function is not None:
                setattr(self, name, function)
