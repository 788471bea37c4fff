"""Callbacks that save the model."""

from __future__ import annotations

import json
import os
import string
from collections.abc import Collection
from typing import Any

from .. import _files
from .._progress import say
from ._callback import Callback, Logs
from ._monitor import Monitor, require_names, value_of


class _EveryFewBatches:
    """Counts batches until the next file."""

    def __init__(self, owner: str, save_freq: str | int) -> None:
        is_count = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
        if save_freq != "epoch" and not is_count:
            raise ValueError(
                f"{owner}: save_freq must be 'epoch' or a number of batches, got {save_freq!r}"
            )
        self.period = None if save_freq == "epoch" else int(save_freq)
        self.count = 0

    def is_due(self) -> bool:
        if self.period is None:
            return False
        self.count += 1
        if self.count < self.period:
            return False
        self.count = 0
        return True


class ModelCheckpoint(Monitor):
    """Saves the model, or its weights, after each epoch or when a value has become better.

    Parameters
    ----------
    filepath
        Ends in ``.keras``, or in ``.weights.h5`` for weights alone. May hold places for
        ``{epoch}``, from 1 up, ``{batch}``, and the keys of the logs, as in
        ``"{epoch:02d}-{val_loss:.2f}.keras"``. Folders are made where they are missing.
    monitor
        Key of the logs.
    verbose
        1 prints what it saves, and why not.
    save_best_only
        Whether it only saves when `monitor` has become better than ever before, in earlier
        trainings with this object, too.
    save_weights_only
        Whether the file holds weights (and state of the training) alone.
    mode
        ``"min"``, ``"max"`` or ``"auto"``; see :class:`EarlyStopping`.
    save_freq
        ``"epoch"``, or a number of batches.
    initial_value_threshold
        A value that must be better from the start.

    Raises
    ------
    ValueError
        If the ending of `filepath` is another one; and before the first epoch, if the logs will not
        have `monitor` or a name in `filepath`.

    Examples
    --------
    >>> from martlet.callbacks import ModelCheckpoint
    >>> best = ModelCheckpoint("best.keras", monitor="val_accuracy", save_best_only=True)
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = initial_value_threshold
        self._batches = _EveryFewBatches("ModelCheckpoint", save_freq)
        self._epoch = 0
        is_of_weights = self.filepath.endswith(".weights.h5")
        if is_of_weights != save_weights_only or not self.filepath.endswith((".keras", ".h5")):
            expected = ".weights.h5" if save_weights_only else ".keras"
            alone = "" if save_weights_only else "; for weights alone say save_weights_only=True"
            raise ValueError(
                f"ModelCheckpoint: filepath must end in {expected}, got {self.filepath!r}{alone}"
            )
        self._fields = _fields(self.filepath)

    def _check(self, names: Collection[str], is_complete: bool) -> None:
        # Only the best of something needs a direction.
        if self.save_best_only:
            super()._check(self._names(names), is_complete)
        if is_complete:
            places = ["epoch", *(["batch"] if self._batches.period else [])]
            require_names("ModelCheckpoint: a name in filepath", self._fields, [*names, *places])

    def _names(self, names: Collection[str]) -> Collection[str]:
        """What the logs will have when it saves: no validation after single batches."""
        if self._batches.period is None:
            return names
        return [name for name in names if not name.startswith("val_")]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remembers which it is."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves, if it is time to."""
        if self._batches.is_due():
            self._save(logs, batch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves, if it is time to."""
        self._epoch = epoch
        if self._batches.period is None:
            self._save(logs)

    def _save(self, logs: Logs | None, batch: int | None = None) -> None:
        path = self._path(logs or {}, batch)
        reason = self._reason(logs)
        if reason is None:
            return
        assert self.model is not None
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path)
        if self.verbose:
            say(f"Epoch {self._epoch + 1}: {reason}saved to {path}")

    def _reason(self, logs: Logs | None) -> str | None:
        """Why to save, for the message; None for not to."""
        current = value_of(logs, self.monitor)
        # An epoch without validation has no value: it is saved, since it may be the best.
        if not self.save_best_only or current is None:
            return ""
        before = "" if self.best is None else f" from {self.best:.5f}"
        if self._improves(current, self.best):
            self.best = current
            return f"{self.monitor} improved{before} to {current:.5f}, "
        if self.verbose:
            say(f"Epoch {self._epoch + 1}: {self.monitor} has not improved{before}, nothing saved")
        return None

    def _path(self, logs: Logs, batch: int | None) -> str:
        values: dict[str, Any] = {"epoch": self._epoch + 1, **logs}
        if batch is not None:
            values.setdefault("batch", batch + 1)
        try:
            return self.filepath.format(**values)
        except KeyError as error:
            raise ValueError(
                f"ModelCheckpoint: filepath={self.filepath!r} has a place for {error}, but the "
                f"logs of epoch {self._epoch + 1} have only {sorted(values)}"
            ) from None


def _fields(path: str) -> list[str]:
    """The names in braces."""
    try:
        found = [field for _, field, _, _ in string.Formatter().parse(path) if field is not None]
    except ValueError as error:
        raise ValueError(f"ModelCheckpoint: filepath={path!r}: {error}") from None
    return [field.split("[")[0].split(".")[0] for field in found]


class BackupAndRestore(Callback):
    """Lets a program that was interrupted go on where it was when it is started again.

    After each epoch it saves weights, optimizer and random numbers. If `fit` finds such a backup,
    it begins after the epoch of the backup, and gives bit by bit what it would have given without
    the interruption. When the training is over the backup is removed. What other callbacks
    remember, such as how long :class:`EarlyStopping` has waited, starts afresh.

    Parameters
    ----------
    backup_dir
        A folder for this training alone; made where it is missing.
    save_freq
        ``"epoch"``, or a number of batches: the epoch of such a backup is begun again, with the
        weights as they were within it.
    double_checkpoint
        Accepted: a backup takes the place of the one before when it is complete, so there is always
        a whole one.
    delete_checkpoint
        Whether the backup is removed when the training is over.

    Raises
    ------
    ValueError
        If `backup_dir` is empty, or the backup in it is of another model.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        self.backup_dir = os.fspath(backup_dir)
        if not self.backup_dir:
            raise ValueError("BackupAndRestore: backup_dir is empty; it must name a folder")
        self.save_freq = save_freq
        self.delete_checkpoint = delete_checkpoint
        self._batches = _EveryFewBatches("BackupAndRestore", save_freq)
        self._epoch = 0
        self._finished = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Restores the backup, if there is one."""
        backup = self._latest()
        if backup is None:
            return
        assert self.model is not None
        self.model.load_weights(self._weights(backup["epoch"], backup["batch"]))
        self.model._initial_epoch = self._finished = backup["epoch"]
        if self.params.get("verbose"):
            say(f"The training goes on after epoch {backup['epoch']}, from {self.backup_dir}")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remembers which it is."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves, if it is time to."""
        if self._batches.is_due():
            self._save(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves, if it is time to."""
        self._finished = epoch + 1
        if self._batches.period is None:
            self._save(epoch + 1, 0)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Removes the backup, unless the training was interrupted."""
        assert self.model is not None
        is_over = self.model.stop_training or self._finished >= self.params.get("epochs", 0)
        if self.delete_checkpoint and is_over:
            self._remove_all_but()

    def _save(self, epoch: int, batch: int) -> None:
        """Weights first, under a name of their own; then the text that says which are valid."""
        assert self.model is not None
        os.makedirs(self.backup_dir, exist_ok=True)
        weights = self._weights(epoch, batch)
        self.model.save_weights(weights)
        _files.write_text(self._index, json.dumps({"epoch": epoch, "batch": batch}))
        self._remove_all_but(self._index, weights)

    @property
    def _index(self) -> str:
        return os.path.join(self.backup_dir, "training_metadata.json")

    def _weights(self, epoch: int, batch: int) -> str:
        return os.path.join(self.backup_dir, f"epoch-{epoch}-batch-{batch}.weights.h5")

    def _latest(self) -> dict[str, int] | None:
        if not os.path.exists(self._index):
            return None
        try:
            with open(self._index, encoding="utf-8") as file:
                found = json.load(file)
            return {"epoch": int(found["epoch"]), "batch": int(found["batch"])}
        except (ValueError, KeyError, TypeError):
            raise OSError(
                f"BackupAndRestore: {self._index!r} is damaged; remove the folder to begin anew"
            ) from None

    def _remove_all_but(self, *kept: str) -> None:
        """Removes backups; other files in the folder are not its own."""
        if not os.path.isdir(self.backup_dir):
            return
        for name in os.listdir(self.backup_dir):
            path = os.path.join(self.backup_dir, name)
            is_own = name.startswith("epoch-") and name.endswith(".weights.h5")
            if path not in kept and (is_own or path == self._index):
                os.unlink(path)
        if not os.listdir(self.backup_dir):
            os.rmdir(self.backup_dir)
