"""`utils.Progbar`: the progress line of `fit` for loops of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._progress import ProgressLine, verbosity


class Progbar:
    """A progress line for loops of your own, as `fit` shows it.

    Parameters
    ----------
    target
        Steps in all.
    width, interval
        Accepted; the line is as wide, and repainted as often, as that of `fit`.
    verbose
        0 for silence, 1 for a line that moves, 2 for one line at the end.
    stateful_metrics, stateless_metrics
        Names of values that are shown as they come, or of those whose mean is shown; one of the
        two, the others are of the other kind. None for means throughout.
    unit_name
        Accepted; steps are called steps.

    Raises
    ------
    ValueError
        If `target` is no whole number from 1 up, or both kinds of names are given.

    Examples
    --------
    >>> from martlet.utils import Progbar
    >>> bar = Progbar(3, verbose=0)
    >>> bar.update(1, [("loss", 1.0)])
    >>> bar.update(2, [("loss", 0.5)])
    >>> bar.values
    {'loss': 0.75}
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if not isinstance(target, int) or isinstance(target, bool) or target < 1:
            raise ValueError(
                f"Progbar: target must be a whole number from 1 up, got {target!r}; a bar without "
                "an end is not supported yet"
            )
        self.target = target
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar takes stateful_metrics or stateless_metrics, not both")
        self._stateful = frozenset(stateful_metrics or ())
        self._stateless = None if stateless_metrics is None else frozenset(stateless_metrics)
        self._line = ProgressLine(target, verbosity(verbose))
        self._seen = 0
        # Sum and count of each value.
        self._sums: dict[str, tuple[float, int]] = {}

    @property
    def values(self) -> dict[str, float]:
        """What is shown, by name."""
        return {name: total / count for name, (total, count) in self._sums.items()}

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Says how many steps are done.

        Parameters
        ----------
        current
            Steps done.
        values
            Pairs of name and value; a value counts as often as there were steps since the last.
        finalize
            Whether the line is complete; None for as soon as all steps are done. The last values
            are then shown as they are, not as means.
        """
        done = current >= self.target if finalize is None else finalize
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            if done or not self._takes_mean_of(name):
                self._sums[name] = (float(value), 1)
            else:
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + float(value) * steps, count + steps)
        self._seen = current
        if done:
            self._line.finish(self.values, current)
        else:
            self._line.update(current, lambda: self.values)

    def _takes_mean_of(self, name: str) -> bool:
        return name not in self._stateful if self._stateless is None else name in self._stateless

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Says that `n` more steps are done."""
        self.update(self._seen + n, values)
