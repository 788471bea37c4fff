"""Callbacks that write values to files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .._errors import refuse
from ._callback import Callback, Logs


class CSVLogger(Callback):
    """Writes the values of each epoch as a row of a CSV file.

    The columns are the epoch, from 0, and the keys of the logs in order. Each row is in the file
    when its epoch is over.

    Parameters
    ----------
    filename
        The file. Its folder must exist.
    separator
        What stands between two values.
    append
        Whether rows of earlier trainings stay.

    Raises
    ------
    OSError
        When the training begins, if the file cannot be written.

    Examples
    --------
    >>> from martlet.callbacks import CSVLogger
    >>> logger = CSVLogger("training.csv", append=True)
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(f"CSVLogger: separator must be one character, got {separator!r}")
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.keys: list[str] | None = None
        self._needs_header = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Makes the file, or looks what is in it."""
        self.keys = None
        # The file is open only while it is written to: nothing is lost, whatever comes.
        with open(self.filename, "a" if self.append else "w", encoding="utf-8") as file:
            self._needs_header = file.tell() == 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes a row."""
        import csv

        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                # Validation may begin in a later epoch.
                self.keys += [f"val_{key}" for key in self.keys]
        with open(self.filename, "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=self.separator)
            if self._needs_header:
                writer.writerow(["epoch", *self.keys])
                self._needs_header = False
            writer.writerow([epoch, *(logs.get(key, "NA") for key in self.keys)])


class TensorBoard(Callback):
    """Writes the values of each epoch for TensorBoard.

    In ``log_dir/train`` and ``log_dir/validation``, under the names that Keras gives them. Needs
    the package tensorboardX.

    Parameters
    ----------
    log_dir
        The folder; made where it is missing.
    update_freq
        ``"epoch"``; ``"batch"`` or a number of batches to write the loss and metrics more often.
    histogram_freq, write_images, embeddings_freq, embeddings_metadata, profile_batch, \
write_steps_per_second
        Not supported yet.
    write_graph
        Accepted; without effect.

    Raises
    ------
    ImportError
        If tensorboardX is missing; the message says how to get it.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int | Sequence[int] = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        refuse(
            "TensorBoard",
            histogram_freq=histogram_freq or None,
            write_images=write_images or None,
            write_steps_per_second=write_steps_per_second or None,
            profile_batch=profile_batch or None,
            embeddings_freq=embeddings_freq or None,
            embeddings_metadata=embeddings_metadata,
        )
        period = 1 if update_freq == "batch" else update_freq
        if period != "epoch" and (not isinstance(period, int) or period < 1):
            raise ValueError(
                "TensorBoard: update_freq must be 'epoch', 'batch' or a number of batches, got "
                f"{update_freq!r}"
            )
        _writer_class()
        self.log_dir = os.fspath(log_dir)
        self.update_freq = update_freq
        self._period = period if isinstance(period, int) else None
        self._batches = 0
        self._writers: dict[str, Any] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begins to count batches."""
        self._batches = 0

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes values, if asked for as often as that."""
        self._batches += 1
        if self._period is not None and self._batches % self._period == 0:
            for key, value in (logs or {}).items():
                self._write("train", f"batch_{key}", value, self._batches)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes values."""
        for key, value in (logs or {}).items():
            run = "validation" if key.startswith("val_") else "train"
            self._write(run, f"epoch_{key.removeprefix('val_')}", value, epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _write(self, run: str, name: str, value: float, step: int) -> None:
        if run not in self._writers:
            self._writers[run] = _writer_class()(os.path.join(self.log_dir, run))
        self._writers[run].add_scalar(name, value, step)


def _writer_class() -> Any:
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise ImportError(
            'TensorBoard needs the package tensorboardX: pip install "martlet[tensorboard]"'
        ) from None
    return SummaryWriter
