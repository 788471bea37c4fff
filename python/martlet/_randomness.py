"""The stream of random numbers that layers and shuffling draw their seeds from."""

from __future__ import annotations

from . import _native

_restarts = 0


def restart(seed: int) -> None:
    """Starts the stream afresh, as the user asks for."""
    global _restarts
    _restarts += 1
    _native.set_random_seed(seed)


class Position:
    """Where the stream stood when a training was stored.

    Going on from there draws what the training would have drawn. A seed that the user sets after
    this object was made is stronger.
    """

    def __init__(self, state: int) -> None:
        self._state = state
        self._restarts = _restarts

    def resume(self) -> None:
        """Makes the stream go on from here."""
        if self._restarts == _restarts:
            _native.set_random_seed(self._state)
