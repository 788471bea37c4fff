"""Martlet and its peers on the same work, taking turns within one run: the command line.

README.md beside this file tells what is compared, and how.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chart
import report
from comparison import OTHER_MODES, Comparison
from libraries import LIBRARIES, OURS, PEERS, PRECISIONS
from networks import NETWORKS
from processes import WorkerError

ROOT = Path(__file__).resolve().parents[1]
PEER_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
GROWTH_ROUNDS = 200


def chosen(known: Sequence[str]) -> Any:
    """A reader of lists such as ``mlp,vgg_small``, in the order of the names known."""

    def read(text: str) -> list[str]:
        names = text.split(",") if text else []
        wrong = [name for name in names if name not in known]
        if wrong:
            raise argparse.ArgumentTypeError(
                f"{', '.join(wrong)}: expected some of {', '.join(known)}, separated by commas"
            )
        return [name for name in known if name in names]

    return read


def interpreters(given: Sequence[str]) -> dict[str, str]:
    """The interpreter for each library, from texts such as ``torch=/path/to/python``.

    Raises
    ------
    ValueError
        If a text is not of this form or names no library.
    """
    peers = str(PEER_PYTHON) if PEER_PYTHON.exists() else sys.executable
    found = dict.fromkeys(PEERS, peers) | {OURS: sys.executable}
    for text in given:
        name, separator, path = text.partition("=")
        if not separator or not path or name not in LIBRARIES:
            raise ValueError(
                f"--python {text}: expected LIBRARY=PATH with one of {', '.join(LIBRARIES)}"
            )
        found[name] = path
    return found


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options; ends the program with a message if they make no sense."""
    parser = argparse.ArgumentParser(description="Martlet and its peers on the same work.")
    add = parser.add_argument
    for name, known in (
        ("networks", tuple(NETWORKS)),
        ("modes", (*report.MODES, *OTHER_MODES)),
        ("precisions", tuple(PRECISIONS)),
        ("peers", PEERS),
    ):
        help_text = f"some of {','.join(known)}"
        add(f"--{name}", type=chosen(known), default=list(known), help=help_text, metavar="A,B")
    add("--turns", type=int, default=5, help="of each side (5)")
    add("--seconds", type=float, default=3.0, help="of each turn (3)")
    add("--threads", type=int, default=2, help="of each side (2)")
    add("--python", action="append", default=[], metavar="LIBRARY=PATH", help="whose interpreter")
    add(
        "--output",
        type=Path,
        default=ROOT / "build" / "benchmarks",
        help="folder for what is found",
    )
    add("--quick", action="store_true", help="whether it runs: two turns of 0.3 s, 20 models")
    add("--update-readme", action="store_true", help="write into README.md and docs/, too")
    add("--results", type=Path, help="measure nothing, report what is in this results.json")
    options = parser.parse_args(arguments)
    if options.quick and options.update_readme:
        parser.error("--update-readme wants figures of a full run; leave out --quick")
    if options.update_readme and not importlib.util.find_spec("matplotlib"):
        parser.error(f"--update-readme needs the chart: {sys.executable} -m pip install matplotlib")
    if options.turns < 1 or options.threads < 1 or options.seconds <= 0:
        parser.error("--turns and --threads must be from 1 up, --seconds above 0")
    try:
        options.python = interpreters(options.python)
    except ValueError as error:
        parser.error(str(error))
    options.growth_rounds = GROWTH_ROUNDS
    if options.quick:
        options.turns, options.seconds, options.growth_rounds = 2, 0.3, 20
    return options


def measured(options: argparse.Namespace) -> report.Results:
    """The results of a run, which are also in ``results.json`` as far as they have come."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            comparison = Comparison(options, Path(folder))
        except ValueError as error:
            sys.exit(str(error))
        try:
            for _ in comparison.stages():
                text = json.dumps(comparison.results, indent=1) + "\n"
                (options.output / "results.json").write_text(text, encoding="utf-8")
        except WorkerError as error:
            # Peers are left out; without Martlet there is nothing to compare.
            sys.exit(f"Martlet failed: {error}")
    return comparison.results


def write(results: report.Results, folder: Path) -> None:
    """Writes the page with the tables and, if matplotlib is there, the chart."""
    drawing = folder / "benchmarks.svg"
    try:
        drawn = drawing.name if chart.draw(results, drawing) else None
    except ImportError:
        print(f"No chart: matplotlib is not installed ({sys.executable} -m pip install matplotlib)")
        drawn = None
    page = report.full_text(results, drawn)
    (folder / "benchmarks.md").write_text(page, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    options = parsed(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    if options.results:
        results = json.loads(options.results.read_text(encoding="utf-8"))
    else:
        results = measured(options)
    write(results, options.output)
    short = report.readme_text(results)
    print(f"\n{short}\n\nEverything is in {options.output}.")
    if results["machine"]["others"] > 0.1:
        print("Others used the machine, too; who waits for threads loses most. Measure again.")
    if options.update_readme:
        write(results, ROOT / "docs")
        readme = ROOT / "README.md"
        text = report.between_markers(readme.read_text(encoding="utf-8"), short)
        readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
