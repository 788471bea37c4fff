"""What is measured, and in which order: sides that take turns within one run."""

from __future__ import annotations

import argparse
import datetime
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import machine
import report
from libraries import LIBRARIES, OURS, PRECISIONS, contestants
from networks import NETWORKS
from processes import TIMEOUT_SECONDS, Worker, WorkerError
from verification import disagreement

# Beside the modes that time samples.
OTHER_MODES = ("costs", "scaling", "growth")
# Between turns: threads that spin for more work find none, and sleep.
PAUSE_SECONDS = 0.1

Side = tuple[str, str]  # a library and its precision


class Comparison:
    """One run; fills `results`, whose keys `report` describes.

    Parameters
    ----------
    options
        As `compare` reads them.
    folder
        For files that only the run needs.
    """

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.cpus = machine.processors(options.threads)
        # Sides that were found missing, so that nobody waits for them again.
        self.missing: set[Side] = set()
        self.references: dict[str, dict[str, Any]] = {}
        self.others: list[float] = []
        self.results: report.Results = {
            "machine": {
                "processor": machine.processor(),
                "threads": options.threads,
                "date": datetime.date.today().isoformat(),
                "peaks": self.peaks(),
                "others": 0.0,
            },
            "options": {
                name: getattr(options, name)
                for name in ("networks", "modes", "precisions", "peers", "turns", "seconds")
            },
            "versions": {},
            "turns": [],
            "remarks": [],
            "imports": [],
            "sizes": {},
            "starts": [],
            "scaling": [],
            "growth": [],
        }

    def peaks(self) -> dict[str, float]:
        """What the processors can do; empty, with a line that says why, if nobody can tell."""
        try:
            return machine.peaks(self.cpus, self.folder)
        except RuntimeError as error:
            print(f"No peaks: {error}")
            return {}

    def stages(self) -> Iterator[str]:
        """Does the work piece by piece; a name after each piece."""
        modes = self.options.modes
        for network in self.options.networks:
            for base in dict.fromkeys(PRECISIONS[each] for each in self.options.precisions):
                if any(mode in report.MODES for mode in modes):
                    self.race(network, base)
                    yield f"{network} {base}"
        if "costs" in modes:
            self.imports()
            yield "imports"
            for network in self.options.networks:
                self.starts(network)
                yield f"{network} costs"
        if "scaling" in modes and self.options.threads > 1:
            for network in self.options.networks:
                self.scaling(network)
                yield f"{network} scaling"
            print(f"threads\n{report.scaling_table(self.results)}", flush=True)
        if "growth" in modes:
            for network in self.options.networks:
                if not NETWORKS[network].large:
                    self.growth(network)
                    yield f"{network} growth"
            print(f"memory over many models\n{report.growth_table(self.results)}", flush=True)

    def pause(self) -> None:
        """Lets the last side come to rest, and sees what others do meanwhile."""
        self.others.append(machine.busy_while_asleep(PAUSE_SECONDS))
        self.results["machine"]["others"] = statistics.fmean(self.others)

    # ---- Sides -------------------------------------------------------------------------------

    def start(self, library: str, precision: str = "float32", threads: int | None = None) -> Worker:
        """A worker; on all threads unless told otherwise."""
        cpus = self.cpus[:threads]
        worker = Worker(library, self.options.python[library], precision, cpus)
        self.results["versions"][library] = worker.report["versions"]
        return worker

    def leave_out(self, side: Side, error: WorkerError, network: str | None) -> None:
        """Says and notes why a side is left out, of one network or altogether."""
        library, precision = side
        message = str(error)
        if error.kind == "absent":
            network = None
            message = f"{message}. Install with: {self.options.python[library]} -m pip install "
            message += " ".join(LIBRARIES[library].packages)
            self.missing.update((library, each) for each in PRECISIONS)
        elif error.kind == "unsupported":
            network = None
            self.missing.add(side)
        entry = {
            "network": network,
            "library": library,
            "precision": None if error.kind == "absent" else precision,
            "kind": error.kind,
            "message": message,
        }
        self.results["remarks"].append(entry)
        words = report.REMARK_WORDS[error.kind]
        print(f"  {name_of(side)}: {words}: {message}", flush=True)

    def reference(self, network: str) -> dict[str, Any]:
        """Weights that all sides get, and what Martlet computes from them in float32."""
        if network not in self.references:
            path = str(self.folder / f"{network}.npz")
            with self.start(OURS) as worker:
                worker.ask("weights", network=network, path=path)
                answer = worker.ask("check", network=network, weights=path, trains=True)
            self.references[network] = {"weights": path, **answer}
        return self.references[network]

    # ---- What is measured --------------------------------------------------------------------

    def race(self, network: str, base: str) -> None:
        """All sides that are compared in a precision of the peers, on one network."""
        print(f"{network}, {base}", flush=True)
        reference = self.reference(network)
        asked = contestants(base, self.options.precisions, self.options.peers)
        with ExitStack() as stack:
            workers: dict[Side, Worker] = {}
            for side in asked:
                if side in self.missing:
                    continue
                try:
                    workers[side] = self.verified(stack, side, network, reference)
                except WorkerError as error:
                    self.leave_out(side, error, network)
            for mode in report.timed_modes(self.results):
                self.take_turns(workers, network, mode)

    def verified(
        self, stack: ExitStack, side: Side, network: str, reference: dict[str, Any]
    ) -> Worker:
        """A worker that computes what it should, with the network built."""
        library, precision = side
        worker = stack.enter_context(self.start(library, precision))
        given = {"network": network, "weights": reference["weights"]}
        answer = worker.ask("check", **given, trains=LIBRARIES[library].trains)
        wrong = disagreement(precision, answer, reference)
        if wrong is not None:
            worker.close()
            raise WorkerError("disagrees", wrong)
        worker.ask("build", **given)
        return worker

    def take_turns(self, workers: dict[Side, Worker], network: str, mode: str) -> None:
        """Times a mode; a side that fails is left out from then on."""
        sides = [side for side in workers if mode != "fit" or LIBRARIES[side[0]].trains]

        def ask(side: Side, do: str, **arguments: Any) -> dict[str, Any] | None:
            self.pause()
            try:
                return workers[side].ask(do, mode=mode, **arguments)
            except WorkerError as error:
                self.leave_out(side, error, network)
                workers.pop(side).close()
                sides.remove(side)
                return None

        for side in list(sides):
            ask(side, "warm")
        seconds = self.options.seconds
        for turn in range(self.options.turns):
            for side in rotated(sides, turn):
                found = ask(side, "run", seconds=seconds, timeout=TIMEOUT_SECONDS + 10 * seconds)
                if found is not None:
                    library, precision = side
                    where = {"network": network, "mode": mode, "turn": turn}
                    who = {"library": library, "precision": precision}
                    self.results["turns"].append({**where, **who, **found})
        self.tell(network, mode, sides)

    def tell(self, network: str, mode: str, sides: Sequence[Side]) -> None:
        """Prints how the turns of a mode went."""
        for side in sides:
            library, precision = side
            found = report.row(self.results, network, mode, precision)
            rate = found.ours if library == OURS else found.theirs.get(library)
            line = f"  {mode:8} {name_of(side):34} {report.rate_cell(rate):>36} samples/s"
            if library == OURS and found.ratio is not None and found.best is not None:
                line += f"   {found.ratio.median:.2f} x {LIBRARIES[found.best].label}"
            print(line, flush=True)

    def everybody(self, turns: int) -> Iterator[tuple[int, str]]:
        """Libraries in turns, each as often as asked, without those that are missing."""
        names = [OURS, *self.options.peers]
        for turn in range(turns):
            for library in rotated(names, turn):
                if (library, "float32") not in self.missing:
                    yield turn, library

    def imports(self) -> None:
        """Import time of all libraries, and their size on disk."""
        print("imports", flush=True)
        for turn, library in self.everybody(self.options.turns):
            try:
                with self.start(library) as worker:
                    entry = {"library": library, "turn": turn}
                    entry["seconds"] = worker.report["import_seconds"]
                    entry["bytes"] = worker.report["import_bytes"]
                    self.results["imports"].append(entry)
                    if library not in self.results["sizes"]:
                        self.results["sizes"][library] = worker.ask("size")["installed_bytes"]
            except WorkerError as error:
                self.leave_out((library, "float32"), error, None)
                self.missing.add((library, "float32"))

    def starts(self, network: str) -> None:
        """Time to the first batch, and memory of `fit`, each in a process of its own."""
        weights = self.reference(network)["weights"]
        for turn, library in self.everybody(self.options.turns):
            if not LIBRARIES[library].trains:
                continue
            try:
                with self.start(library) as worker:
                    worker.ask("first", network=network, weights=weights)
                    first = time.perf_counter() - worker.started
                    entry = {"network": network, "library": library, "turn": turn}
                    entry |= {"first_seconds": first, **worker.ask("peak")}
                    entry["import_bytes"] = worker.report["import_bytes"]
                    self.results["starts"].append(entry)
            except WorkerError as error:
                self.leave_out((library, "float32"), error, network)
        print(f"{network}, costs\n{report.cost_table(self.results, network)}", flush=True)

    def scaling(self, network: str) -> None:
        """Martlet's training on one thread and on all, in turns."""
        weights = self.reference(network)["weights"]
        with ExitStack() as stack:
            counts = (1, self.options.threads)
            workers = {}
            for count in counts:
                workers[count] = stack.enter_context(self.start(OURS, threads=count))
                workers[count].ask("build", network=network, weights=weights)
                workers[count].ask("warm", mode="fit")
            for turn in range(self.options.turns):
                for count in rotated(counts, turn):
                    self.pause()
                    found = workers[count].ask("run", mode="fit", seconds=self.options.seconds)
                    entry = {"network": network, "threads": count, "turn": turn, **found}
                    self.results["scaling"].append(entry)

    def growth(self, network: str) -> None:
        """Martlet's memory while models come and go."""
        given = {"network": network, "weights": self.reference(network)["weights"]}
        rounds = self.options.growth_rounds
        with self.start(OURS) as worker:
            found = worker.ask("growth", **given, rounds=rounds, timeout=10 * TIMEOUT_SECONDS)
        self.results["growth"].append({"network": network, "rounds": rounds, **found})


def name_of(side: Side) -> str:
    """A side in words."""
    library, precision = side
    return f"{LIBRARIES[library].label} ({report.PRECISION_LABELS[precision]})"


def rotated(items: Sequence[Any], turn: int) -> list[Any]:
    """The items, beginning with another one each turn: nobody always follows the same one."""
    start = turn % len(items) if items else 0
    return [*items[start:], *items[:start]]
