"""The progress line of `fit`, `evaluate` and `predict`, in Keras's form.

Calm wherever it goes: a terminal line is repainted in place at most ten times a second, a
notebook's display is updated at most five times a second, and anything else (a log file, a pipe)
gets one plain line when the epoch is over.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ._table import terminal_columns

_WIDTH = 20
# Longer rows of numbers, such as a value for each of many classes, stay out of the line.
_SHOWN = 4
_TERMINAL_SECONDS = 0.1
_NOTEBOOK_SECONDS = 0.2
_ERASE = "\r\x1b[2K"


def verbosity(verbose: Any) -> int:
    """``verbose`` as 0, 1 or 2; ``"auto"`` is 1."""
    if verbose == "auto":
        return 1
    if isinstance(verbose, int) and verbose in (0, 1, 2):
        return int(verbose)
    raise ValueError(f"verbose must be 'auto', 0, 1 or 2, got {verbose!r}")


def say(text: str) -> None:
    """Prints a line of its own. A progress line that stands unfinished is painted again below."""
    if sys.stdout is not None:
        _print((_ERASE if sys.stdout.isatty() else "") + text + "\n")


class ProgressLine:
    """One line that grows with the steps done.

    Parameters
    ----------
    steps
        How many there will be; None if nobody knows.
    verbose
        0 for nothing, 1 for a line that moves, 2 for one line at the end.
    """

    def __init__(self, steps: int | None, verbose: int) -> None:
        self._steps = steps
        self._verbose = verbose if sys.stdout is not None else 0
        self._start = time.perf_counter()
        self._after_first = self._start
        self._painted = float("-inf")
        self._surface = _surface() if self._verbose == 1 else _Plain()

    def update(self, done: int, values: Callable[[], dict[str, Any]]) -> None:
        """Repaints the line if it is time to. Cheap to call after every batch."""
        now = time.perf_counter()
        if done == 1:
            self._after_first = now
        if now - self._painted < self._surface.seconds or self._verbose != 1:
            return
        self._painted = now
        per_step = self._per_step(done, now)
        if self._steps is None:
            clock = _clock(now - self._start)
        else:
            clock = _clock(per_step * (self._steps - done))
        self._surface.paint(self._text(done, clock, per_step, values()))

    def finish(self, values: dict[str, Any] | None = None, done: int | None = None) -> None:
        """The line as it stays: time taken in place of time left."""
        if self._verbose == 0:
            return
        done = self._steps or 0 if done is None else done
        self._steps = self._steps or done
        now = time.perf_counter()
        per_step = self._per_step(done, now)
        elapsed = f"{now - self._start:.0f}s"
        if self._verbose == 2:
            count = _count(done, self._steps)
            self._surface.end(f"{count} - {elapsed} - {_per_step(per_step)}{_values(values or {})}")
        else:
            self._surface.end(self._text(done, elapsed, per_step, values or {}))

    def abandon(self) -> None:
        """Leaves the line as it is, so that what comes next starts on a new one."""
        if self._verbose == 1:
            self._surface.leave()

    def _per_step(self, done: int, now: float) -> float:
        # The first step is left out where there are others: it also pays for what is done once.
        if done > 1:
            return (now - self._after_first) / (done - 1)
        return (now - self._start) / max(done, 1)

    def _text(self, done: int, clock: str, per_step: float, values: dict[str, Any]) -> str:
        bold, green, grey, plain = self._surface.colours
        if self._steps is None:
            count = f"{done:7d}/Unknown"
            return f"{bold}{count} {clock}{plain} {_per_step(per_step)}{_values(values)}"
        filled = _WIDTH * done // max(self._steps, 1)
        mark = self._surface.mark
        bar = f"{grey}{mark * (_WIDTH - filled)}{plain}"
        if filled:
            bar = f"{green}{mark * filled}{plain}{bar}"
        return (
            f"{bold}{_count(done, self._steps)}{plain} {bar} {bold}{clock}{plain} "
            f"{_per_step(per_step)}{_values(values)}"
        )


def _count(done: int, steps: int) -> str:
    return f"{done:{len(str(steps))}d}/{steps}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    if whole > 60:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole}s"


def _per_step(seconds: float) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/step"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/step"
    return f"{seconds * 1e6:.0f}us/step"


def _values(values: dict[str, Any]) -> str:
    return "".join(
        f" - {key}: {_value(value)}" for key, value in values.items() if np.size(value) <= _SHOWN
    )


def _value(value: Any) -> str:
    if np.ndim(value):
        return f"[{' '.join(_value(each) for each in np.ravel(value))}]"
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"


# ---- Where the line goes ---------------------------------------------------------------------


def _surface() -> _Plain:
    display = notebook_display()
    if display is not None:
        return _Notebook(display)
    if sys.stdout.isatty():
        return _Terminal()
    return _Plain()


def notebook_display() -> Callable[..., Any] | None:
    """What shows things in the notebook that we run in; None elsewhere."""
    if "ipykernel" not in sys.modules:
        return None
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    shell = get_ipython()
    return display if shell is not None and hasattr(shell, "kernel") else None


def _print(text: str) -> None:
    # Progress must not be what ends a training: standard output may have gone.
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError):
        pass


class _Plain:
    """A file, a pipe, a log: nothing until the end."""

    seconds = float("inf")
    colours = ("", "", "", "")

    @property
    def mark(self) -> str:
        try:
            "━".encode(sys.stdout.encoding or "ascii")
        except UnicodeError:
            return "-"
        return "━"

    def paint(self, text: str) -> None:
        """Shows the line as it is now."""

    def end(self, text: str) -> None:
        """Shows the line as it stays."""
        _print(text + "\n")

    def leave(self) -> None:
        """Moves on from a line that is not finished."""


class _Terminal(_Plain):
    seconds = _TERMINAL_SECONDS
    colours = ("\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m")

    def __init__(self) -> None:
        self._columns = terminal_columns()
        self._dirty = False

    def paint(self, text: str) -> None:
        # A line that wraps could not be erased.
        self._dirty = True
        _print(_ERASE + _cut(text, self._columns - 1))

    def end(self, text: str) -> None:
        self._dirty = False
        _print(_ERASE + text + "\n")

    def leave(self) -> None:
        if self._dirty:
            _print("\n")


def _cut(text: str, columns: int) -> str:
    """The first columns of a text whose colours take no place."""
    import re

    shown, kept = 0, []
    for part in re.split(r"(\x1b\[\d*m)", text):
        if part.startswith("\x1b"):
            kept.append(part)
        else:
            kept.append(part[: max(columns - shown, 0)])
            shown += len(part)
    return "".join(kept)


class _Notebook(_Plain):
    """One display that is updated; saved notebooks keep its last state only."""

    seconds = _NOTEBOOK_SECONDS

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def paint(self, text: str) -> None:
        content = {"text/plain": text}
        if self._handle is None:
            self._handle = self._display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)

    def end(self, text: str) -> None:
        self.paint(text)

    def leave(self) -> None:
        pass
