"""The machine that measures: its name, its processors, and the most they can do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

PEAK_SOURCE = Path(__file__).with_name("peak.c")


def processor_name(cpuinfo: str) -> str:
    """The model as ``/proc/cpuinfo`` has it, and whether it is a virtual one."""
    fields = dict(line.split(":", 1) for line in cpuinfo.splitlines() if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    name = " ".join(fields.get("model name", "unknown processor").split())
    return f"{name}, virtual" if "hypervisor" in fields.get("flags", "").split() else name


def processor() -> str:
    """`processor_name` of this machine."""
    return processor_name(Path("/proc/cpuinfo").read_text(encoding="utf-8"))


def one_per_core(allowed: list[int], siblings: dict[int, frozenset[int]]) -> list[int]:
    """The processors in an order in which those that share a core with an earlier one come last."""
    first = {min(siblings[cpu].intersection(allowed)) for cpu in allowed}
    return sorted(allowed, key=lambda cpu: (cpu not in first, cpu))


def processors(count: int) -> list[int]:
    """So many processors of this machine, on as many cores as there are.

    Raises
    ------
    ValueError
        If the process may use fewer.
    """
    allowed = sorted(os.sched_getaffinity(0))
    if count > len(allowed):
        raise ValueError(
            f"--threads {count}: this process may use {len(allowed)} processors; ask for fewer"
        )
    return one_per_core(allowed, {cpu: _siblings(cpu) for cpu in allowed})[:count]


def _siblings(cpu: int) -> frozenset[int]:
    path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    try:
        return numbers(path.read_text(encoding="ascii"))
    except OSError:
        return frozenset({cpu})


def numbers(listed: str) -> frozenset[int]:
    """The numbers in a list as the kernel writes it, such as ``"0-2,8"``."""
    found: set[int] = set()
    for part in listed.strip().split(","):
        low, _, high = part.partition("-")
        found.update(range(int(low), int(high or low) + 1))
    return frozenset(found)


def busy_seconds(stat: str) -> float:
    """Time that all processors together have worked since the start, from ``/proc/stat``.

    What the host of a virtual machine gave to others counts as work.
    """
    user, nice, system, _idle, _waiting, irq, softirq, stolen, *_ = map(
        int, stat.splitlines()[0].split()[1:]
    )
    return (user + nice + system + irq + softirq + stolen) / os.sysconf("SC_CLK_TCK")


def busy_while_asleep(seconds: float) -> float:
    """Sleeps so long; returns how many processors others kept busy meanwhile."""
    path = Path("/proc/stat")
    before, start = busy_seconds(path.read_text(encoding="ascii")), time.perf_counter()
    time.sleep(seconds)
    after = busy_seconds(path.read_text(encoding="ascii"))
    return (after - before) / (time.perf_counter() - start)


def peaks(cpus: list[int], folder: Path) -> dict[str, float]:
    """GFLOP/s that ``peak.c`` reaches on some processors; without what they do not have.

    Raises
    ------
    RuntimeError
        If there is no C compiler, or it fails.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise RuntimeError("there is no C compiler (cc, gcc or clang) to build peak.c with")
    program = folder / "peak"
    build = [compiler, "-O3", "-march=native", "-pthread", str(PEAK_SOURCE), "-o", str(program)]
    commands = [build, [str(program), str(len(cpus))]]
    for command in commands:
        # A child inherits the processors of the thread that starts it.
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cpus)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        finally:
            os.sched_setaffinity(0, before)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
    return {name: value for name, value in json.loads(done.stdout).items() if value is not None}
