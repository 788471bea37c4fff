"""Callbacks that end the training."""

from __future__ import annotations

import math
from typing import Any

from .._progress import say
from ._callback import Callback, Logs
from ._monitor import Monitor, value_of


class EarlyStopping(Monitor):
    """Ends the training when a value has not become better for some epochs.

    Parameters
    ----------
    monitor
        Key of the logs.
    min_delta
        By how much a value must be better to count.
    patience
        Epochs without a better value before the training ends. 0 ends it after the first one, but
        not after the first epoch of all.
    verbose
        1 prints when it stops and which weights it restores.
    mode
        ``"min"`` if smaller is better, ``"max"`` if larger is; ``"auto"`` knows for losses and the
        metrics of :mod:`martlet.metrics`.
    baseline
        A value that must be beaten too, for the patience to start again.
    restore_best_weights
        Whether the model has the weights of the best epoch afterwards, also if all epochs ran.
    start_from_epoch
        Index of the first epoch that counts.

    Raises
    ------
    ValueError
        Before the first epoch, if the logs will not have `monitor`.

    Examples
    --------
    >>> from martlet.callbacks import EarlyStopping
    >>> EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True).patience
    3
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._start_over()

    def _start_over(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets what an earlier training has shown."""
        self._start_over()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Looks whether the value has become better."""
        current = value_of(logs, self.monitor)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self._improves(current, self.best):
            self.best = current
            self._keep(epoch)
            if self.baseline is None or self._improves(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            assert self.model is not None
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            assert self.model is not None
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restores the best weights, if asked for."""
        if self.stopped_epoch > 0 and self.verbose:
            say(
                f"Epoch {self.stopped_epoch + 1}: stopped early, {self.monitor} was best in epoch "
                f"{self.best_epoch + 1}"
            )
        if self.best_weights is None:
            return
        if self.verbose:
            say(f"Weights are restored to those of the best epoch, {self.best_epoch + 1}")
        assert self.model is not None
        self.model.set_weights(self.best_weights)


class TerminateOnNaN(Callback):
    """Ends the training when the loss becomes NaN or infinite.

    `fit` does that by itself unless its argument `on_nan` is ``"ignore"``, before the batch changes
    a weight; this callback is for programs that have it already.

    Parameters
    ----------
    raise_error
        Whether to raise instead of stopping.

    Raises
    ------
    RuntimeError
        During the training, if `raise_error` is set.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Looks at the loss."""
        loss = value_of(logs, "loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"the loss became {loss} in batch {batch}; the training ends")
        say(f"Batch {batch}: the loss became {loss}; the training ends")
        assert self.model is not None
        self.model.stop_training = True
