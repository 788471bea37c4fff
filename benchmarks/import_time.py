"""What `import martlet` adds to `import numpy`: wall time of fresh processes, taking turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

TURNS = 21
LIMIT = 0.050

# Only the import is timed, not the start of the interpreter.
TIMED = """
import time
import numpy
start = time.perf_counter()
{}
print(time.perf_counter() - start)
"""


def seconds(statement: str) -> float:
    command = [sys.executable, "-c", TIMED.format(statement)]
    # With bytecode on disk, as after any installation.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(result.stdout)


def main() -> None:
    seconds("import martlet")  # writes the bytecode
    times = [seconds("import martlet") for _ in range(TURNS)]
    median = statistics.median(times)
    print(
        f"import martlet after numpy: {median * 1e3:.1f} ms "
        f"(fastest {min(times) * 1e3:.1f} ms, limit {LIMIT * 1e3:.0f} ms)"
    )
    if median > LIMIT:
        sys.exit("too slow")


if __name__ == "__main__":
    main()
