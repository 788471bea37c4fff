"""What all callbacks have in common, and those that only listen."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from .._errors import unknown_name

if TYPE_CHECKING:
    from ..models import Model

Logs = dict[str, float]


class Callback:
    """Something that listens to `fit`, `evaluate` and `predict`. Override what you need.

    Setting ``self.model.stop_training = True`` in any of these ends the training: after the running
    batch, and after the validation that follows it. `logs` of batches are the means since the epoch
    began.

    Attributes
    ----------
    model : Model
        The model in training.
    params : dict
        ``"epochs"``, ``"steps"`` and ``"verbose"``.

    Examples
    --------
    >>> import numpy as np, martlet
    >>> class Loud(martlet.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    >>> model = martlet.Sequential([martlet.Input((2,)), martlet.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> _ = model.fit(np.ones((8, 2)), np.ones(8), epochs=2, verbose=0, callbacks=[Loud()])
    0 ['loss']
    1 ['loss']
    """

    def __init__(self) -> None:
        self.model: Model | None = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Model | None) -> None:
        """Called before everything else, and with None after it."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called before everything else."""
        self.params = params

    def _check(self, names: Collection[str], is_complete: bool) -> None:
        """Called before the first epoch with the keys that its logs will have.

        Parameters
        ----------
        names
            The keys.
        is_complete
            Whether nobody else may add more.

        Raises
        ------
        ValueError
            If the callback waits for another one.
        """

    def _adds(self) -> tuple[str, ...]:
        """The keys that it adds to the logs of epochs."""
        return ()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called after the last epoch, with the logs of that."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before each epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after each epoch and its validation, with all values in `logs`.

        What it adds there, callbacks behind it and the history will find.
        """

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The same as `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The same as `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of an epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of an epoch."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called before an evaluation, that of the validation data in `fit` included."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called after an evaluation, with its values."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called after a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of a prediction."""


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
        # Validation need not follow every epoch.
        self._epochs: dict[str, list[int]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Keeps the values."""
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
            self._epochs.setdefault(key, []).append(epoch)

    def plot(self) -> Any:
        """Draws the curves, training and validation together; see :func:`martlet.viz.history`.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            If matplotlib is not installed: ``pip install "martlet[viz]"``.
        """
        from .. import viz

        return viz.history(self)

    def _repr_html_(self) -> str:
        from .._table import as_html

        columns = [dict(self._points(key)) for key in self.history]
        rows = [
            [str(epoch + 1), *(f"{each[epoch]:.4g}" if epoch in each else "" for each in columns)]
            for epoch in self.epoch
        ]
        return as_html("", ["epoch", *self.history], rows, ">" * (1 + len(columns)))

    def _points(self, key: str) -> list[tuple[int, float]]:
        """The values of a key with their epochs."""
        values = self.history[key]
        # What was put into the dict by hand has an epoch each.
        return list(zip(self._epochs.get(key, self.epoch), values, strict=False))

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
    on_train_batch_begin, on_train_batch_end
        Called with the batch and the logs.
    **kwargs
        Functions for the other hooks of :class:`Callback`, by name.

    Raises
    ------
    ValueError
        If there is no hook of a name.
    TypeError
        If something is no function.

    Examples
    --------
    >>> from martlet.callbacks import LambdaCallback
    >>> LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch)).on_epoch_end(3, {})
    3
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any] | None,
    ) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in given.items():
            if name not in HOOKS:
                raise unknown_name("hook of a callback", name, HOOKS)
            if function is None:
                continue
            if not callable(function):
                raise TypeError(f"LambdaCallback: {name} must be a function, got {function!r}")
            setattr(self, name, function)


#: The names of all hooks.
HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
