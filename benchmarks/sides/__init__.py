"""The sides of the comparison: one module for each way of using a library."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from layouts import Weights
from networks import Network


class NotSupported(Exception):
    """The library that is installed lacks what was asked of it."""


class Side(ABC):
    """One library, as its users would write it, holding one network at a time.

    Parameters
    ----------
    threads
        That compute; the side tells its library so by the library's own calls.
    precision
        A key of `libraries.PRECISIONS`.

    Raises
    ------
    ImportError
        If the library is not installed.
    NotSupported
        If it lacks the precision.
    """

    #: Whether another precision than float32 shows in the results. A library that says no computes
    #: in float32 where that is faster on this processor.
    rounds = True

    @abstractmethod
    def __init__(self, threads: int, precision: str) -> None: ...

    @abstractmethod
    def build(self, network: Network, weights: Weights, dropout: bool = True) -> None:
        """Makes the network, ready to train (Adam) where the library trains.

        Parameters
        ----------
        weights
            As `layouts` describes them.
        dropout
            Without it dropout has the rate 0, so that all sides compute the same.
        """

    @abstractmethod
    def data(self, x: np.ndarray, y: np.ndarray) -> Any:
        """The data of `Network.data` as the library likes it best; not part of any timing."""

    def fit(self, data: Any, batch: int, epochs: int) -> float:
        """Trains with shuffling, loss and accuracy; returns the mean loss of the last epoch."""
        raise NotSupported("does not train")

    @abstractmethod
    def predict(self, data: Any, batch: int) -> np.ndarray:
        """Probabilities of all samples, ``[samples, classes]``, worked out batch by batch."""

    @abstractmethod
    def one(self, data: Any, index: int) -> np.ndarray:
        """Probabilities of one sample, ``[1, classes]``."""


def load(side: str) -> type[Side]:
    """The class of a side, from ``"module:class"``; imports its module, not yet its library."""
    module, _, name = side.partition(":")
    return getattr(importlib.import_module(f"sides.{module}"), name)
