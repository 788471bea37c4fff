"""The process of one side: takes tasks as lines of JSON and answers each with one line.

Started by `processes.Worker`, which describes itself in the first argument. What the library
prints goes to the error stream; the answers have the output stream to themselves.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

# Loaded before the import of a library is timed: all of them need it.
import numpy as np

import installed
from layouts import unlike
from libraries import LIBRARIES
from networks import NETWORKS, Network
from sides import NotSupported, Side, load

CHECKED_STEPS = 3
# Rounds that are dropped before memory is looked at: the first ones fill caches.
SETTLING = 20


def memory(field: str) -> int:
    """A figure of this process in bytes: ``"VmHWM"``, the most it had, or ``"VmRSS"``, now."""
    with open("/proc/self/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


class Tasks:
    """What a worker does; every public method is a task and returns what is answered.

    Networks are given by their names, weights by the path of a file of `layouts.Weights`.
    """

    def __init__(self, side: Side, packages: tuple[str, ...]) -> None:
        self.side, self.packages = side, packages

    def weights(self, network: str, path: str) -> dict[str, Any]:
        """Makes the initial weights that all sides will get. For Martlet only."""
        side: Any = self.side
        side.build(NETWORKS[network], None)
        arrays: Any = unlike(side.weights())
        np.savez(path, **arrays)
        return {}

    def check(self, network: str, weights: str, trains: bool) -> dict[str, Any]:
        """What the side computes: probabilities, and the losses of a few steps on one batch.

        Without dropout, whose masks differ. The last two rows of the probabilities are samples 0
        and 1 asked for one at a time.
        """
        known = NETWORKS[network]
        self._load(known, weights, dropout=False)
        batch = self.side.data(*known.data(known.batch))
        rows = [self.side.predict(batch, known.batch)]
        rows += [self.side.one(batch, index) for index in range(2)]
        steps = CHECKED_STEPS if trains else 0
        losses = [float(self.side.fit(batch, known.batch, 1)) for _ in range(steps)]
        probabilities = np.concatenate([np.asarray(part, np.float64) for part in rows])
        return {
            "probabilities": probabilities.tolist(),
            "losses": losses,
            "rounds": self.side.rounds,
        }

    def build(self, network: str, weights: str) -> dict[str, Any]:
        """Makes the network that is timed, and its data."""
        self.network = NETWORKS[network]
        self._load(self.network, weights)
        self.data = self.side.data(*self.network.data())
        self.rates: dict[str, float] = {}
        return {}

    def warm(self, mode: str) -> dict[str, Any]:
        """Does everything once that is only done once, and finds out how long a round takes."""
        rounds, _ = self._rounds(mode)
        rounds(1)
        count = 20 if mode == "one" else 1
        self.rates[mode] = count / _seconds(rounds, count)
        return {}

    def run(self, mode: str, seconds: float) -> dict[str, Any]:
        """Works for about so long, in whole rounds."""
        rounds, samples = self._rounds(mode)
        count = max(1, round(self.rates[mode] * seconds))
        elapsed = _seconds(rounds, count)
        self.rates[mode] = count / elapsed
        return {"samples": count * samples, "seconds": elapsed}

    def first(self, network: str, weights: str) -> dict[str, Any]:
        """Builds a network and trains it on one batch, as at the start of a program."""
        self.network = NETWORKS[network]
        self._load(self.network, weights)
        batch = self.side.data(*self.network.data(self.network.batch))
        self.side.fit(batch, self.network.batch, 1)
        return {}

    def peak(self) -> dict[str, Any]:
        """Trains the network for an epoch and tells the most memory the process has had."""
        x, y = self.network.data()
        self.side.fit(self.side.data(x, y), self.network.batch, 1)
        return {"peak_bytes": memory("VmHWM"), "data_bytes": x.nbytes + y.nbytes}

    def growth(self, network: str, weights: str, rounds: int) -> dict[str, Any]:
        """Builds, trains and drops a network again and again; memory before and after."""
        known = NETWORKS[network]
        batch = self.side.data(*known.data(known.batch))
        for index in range(SETTLING + rounds):
            if index == SETTLING:
                before = memory("VmRSS")
            self._load(known, weights)
            self.side.fit(batch, known.batch, 1)
        gc.collect()
        return {"before_bytes": before, "after_bytes": memory("VmRSS")}

    def size(self) -> dict[str, Any]:
        """How much room the library takes on disk."""
        return {"installed_bytes": installed.size(self.packages)}

    def _load(self, network: Network, path: str, dropout: bool = True) -> None:
        with np.load(path) as weights:
            self.side.build(network, dict(weights), dropout)

    def _rounds(self, mode: str) -> tuple[Callable[[int], Any], int]:
        """What does so many rounds of a mode, and how many samples a round has."""
        side, network, data = self.side, self.network, self.data
        batch = network.predicted or network.batch
        match mode:
            case "fit":
                return lambda count: side.fit(data, network.batch, count), network.samples
            case "predict":
                return (
                    lambda count: [side.predict(data, batch) for _ in range(count)],
                    network.samples,
                )
            case "one":
                return _one_by_one(side, data, network.samples), 1
            case _:
                raise ValueError(f"mode must be 'fit', 'predict' or 'one', got {mode!r}")


def _one_by_one(side: Side, data: Any, samples: int) -> Callable[[int], None]:
    def rounds(count: int) -> None:
        for index in range(count):
            side.one(data, index % samples)

    return rounds


def _seconds(work: Callable[[int], Any], count: int) -> float:
    start = time.perf_counter()
    work(count)
    return time.perf_counter() - start


def answer(stream: Any, values: dict[str, Any]) -> None:
    stream.write(json.dumps(values) + "\n")
    stream.flush()


def failure(error: Exception) -> dict[str, str]:
    """The answer that tells what went wrong."""
    kinds = {ModuleNotFoundError: "absent", NotSupported: "unsupported"}
    kind = kinds.get(type(error), "failed")
    if kind != "failed":
        return {"error": kind, "message": str(error)}
    traceback.print_exc()
    return {"error": kind, "message": f"{type(error).__name__}: {error}"}


def die_with_parent() -> None:
    """Asks Linux to end this process when the one that started it ends, however it does."""
    set_death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def main() -> None:
    setup = json.loads(sys.argv[1])
    die_with_parent()
    os.sched_setaffinity(0, setup["cpus"])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    library = LIBRARIES[setup["library"]]
    try:
        start = time.perf_counter()
        tasks = Tasks(load(library.side)(setup["threads"], setup["precision"]), library.packages)
        report = {
            "import_seconds": time.perf_counter() - start,
            "import_bytes": memory("VmHWM"),
            "versions": installed.versions(library.packages),
        }
    except Exception as error:  # an installation may be broken in many ways
        answer(answers, failure(error))
        return
    answer(answers, report)
    for line in sys.stdin:
        task = json.loads(line)
        try:
            answer(answers, getattr(tasks, task.pop("do"))(**task))
        except Exception as error:
            answer(answers, failure(error))


if __name__ == "__main__":
    main()
