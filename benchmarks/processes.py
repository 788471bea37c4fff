"""Workers as their parent sees them: processes that answer, or are ended when they do not."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from libraries import LIBRARIES

PROGRAM = Path(__file__).with_name("worker.py")

# A first step may compile for a long time; anything longer is a hang.
TIMEOUT_SECONDS = 300.0


class WorkerError(Exception):
    """A side cannot do what was asked of it.

    Attributes
    ----------
    kind
        ``"absent"`` (not installed), ``"unsupported"`` (lacks the feature) or ``"failed"``.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Worker:
    """One side in a process of its own. Used in a `with`, at whose end the process is gone.

    Parameters
    ----------
    library
        A key of `LIBRARIES`.
    python
        The interpreter that has it.
    precision
        In which it computes.
    cpus
        Processors it may use; it gets as many threads.

    Attributes
    ----------
    report
        What the process told when it was ready: ``import_seconds`` and ``import_bytes``, the most
        memory it had until then, and ``versions``.
    started
        When it was started, by `time.perf_counter`.

    Raises
    ------
    WorkerError
        If the library is not there or lacks the precision.
    """

    def __init__(self, library: str, python: str, precision: str, cpus: list[int]) -> None:
        setup = {
            "library": library,
            "precision": precision,
            "threads": len(cpus),
            "cpus": cpus,
        }
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._unread = b""
        self.started = time.perf_counter()
        try:
            self._process = subprocess.Popen(
                [python, str(PROGRAM), json.dumps(setup)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment(library, len(cpus)),
            )
        except OSError as error:
            self._errors.close()
            raise WorkerError("absent", f"{python} cannot be started: {error}") from None
        assert self._process.stdin is not None and self._process.stdout is not None
        self._tasks, self._answers = self._process.stdin, self._process.stdout
        try:
            self.report = self._answer(TIMEOUT_SECONDS)
        except BaseException:
            self.close()
            raise

    def ask(self, do: str, timeout: float = TIMEOUT_SECONDS, **arguments: Any) -> dict[str, Any]:
        """Has the worker do a task of `worker.Tasks`.

        Raises
        ------
        WorkerError
            If it answers that it cannot, ends, or takes longer than `timeout` seconds; in the
            last two cases it cannot be asked again.
        """
        try:
            self._tasks.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self._tasks.flush()
        except BrokenPipeError:
            raise WorkerError("failed", self._end()) from None
        return self._answer(timeout)

    def close(self) -> None:
        """Ends the process, whatever it does. Again, it does nothing."""
        self._process.kill()
        self._process.wait()
        for file in (self._tasks, self._answers, self._errors):
            # What was not sent to a process that is gone is not missed.
            with contextlib.suppress(BrokenPipeError):
                file.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _answer(self, timeout: float) -> dict[str, Any]:
        answer = json.loads(self._line(timeout))
        if "error" in answer:
            raise WorkerError(answer["error"], answer["message"])
        return answer

    def _line(self, timeout: float) -> bytes:
        file, end = self._answers.fileno(), time.monotonic() + timeout
        while b"\n" not in self._unread:
            ready, _, _ = select.select([file], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                self._process.kill()
                raise WorkerError("failed", f"no answer within {timeout:g} seconds")
            part = os.read(file, 1 << 16)
            if not part:
                raise WorkerError("failed", self._end())
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _end(self) -> str:
        """How the process ended, with the last words it said."""
        status = self._process.wait()
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"ended with status {status}" + (f": {words[-1]}" if words else "")


def environment(library: str, threads: int) -> dict[str, str]:
    """Variables for the process of a side: its own, and those that set the number of threads."""
    given = {
        name: value.format(threads=threads)
        for name, value in LIBRARIES[library].environment.items()
    }
    return {
        # Bytecode is on disk after any installation, and imports are timed.
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "OMP_NUM_THREADS": str(threads),
        "CUDA_VISIBLE_DEVICES": "",
        **given,
    }
