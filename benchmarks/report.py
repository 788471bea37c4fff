"""What was measured, in tables. Works on the results alone, as `compare` stores them in JSON.

The keys of the results:

- ``machine``: ``processor``, ``threads``, ``date``, ``peaks`` (GFLOP/s by name), ``others`` (how
  many processors other processes kept busy)
- ``options``: ``networks``, ``modes``, ``precisions``, ``turns``, ``seconds``
- ``versions``: of the packages of each library
- ``turns``: one entry per turn: ``network``, ``mode``, ``library``, ``precision``, ``turn``,
  ``samples``, ``seconds``
- ``remarks``: who was left out and why: ``network`` (null for all), ``library``, ``precision``,
  ``kind``, ``message``
- ``imports``: ``library``, ``seconds``, ``bytes``; ``sizes``: bytes by library
- ``starts``: ``network``, ``library``, ``first_seconds``, ``import_bytes``, ``peak_bytes``,
  ``data_bytes``
- ``scaling``: ``network``, ``threads``, ``turn``, ``samples``, ``seconds``
- ``growth``: ``network``, ``rounds``, ``before_bytes``, ``after_bytes``
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from libraries import LIBRARIES, OURS, PEERS, PRECISIONS
from networks import NETWORKS, flops

Results = dict[str, Any]

MODES = {
    "fit": "Training",
    "predict": "Prediction, batch by batch",
    "one": "Prediction, one sample per call",
}
PRECISION_LABELS = {
    "float32": "float32",
    "high": 'float32, products "high"',
    "bfloat16": "bfloat16",
}
PEAK_LABELS = {
    "fma": "multiply-add peak",
    "bf16_dot": "bfloat16 dot product peak",
    "bf16_tiles": "tile peak",
}
# What computes in float32 alone has nothing to do with the others.
PEAKS_OF = {"float32": ("fma",), "high": tuple(PEAK_LABELS), "bfloat16": tuple(PEAK_LABELS)}
REMARK_WORDS = {
    "absent": "not installed",
    "unsupported": "not supported",
    "failed": "failed",
    "disagrees": "disagrees",
}
MEGABYTE = 2**20

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


class Spread(NamedTuple):
    """A figure as it came out over the turns."""

    median: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread:
    """Median, least and largest of some values, of which there must be one."""
    known = list(values)
    return Spread(statistics.median(known), min(known), max(known))


class Row(NamedTuple):
    """One comparison: a network, what was done with it, and Martlet's precision.

    Attributes
    ----------
    ours
        Samples per second of Martlet; None if it was left out.
    theirs
        Samples per second of the peers that took part, by library.
    best
        The peer with the highest median.
    ratio
        Martlet's rate to that of `best`, turn by turn.
    gflops
        Of Martlet, by the count of `networks.flops`.
    shares
        `gflops` as a share of each peak of the machine.
    """

    network: str
    mode: str
    precision: str
    ours: Spread | None
    theirs: dict[str, Spread]
    best: str | None
    ratio: Spread | None
    gflops: float | None
    shares: dict[str, float]


def row(results: Results, network: str, mode: str, precision: str) -> Row:
    """Compares Martlet in a precision with the peers in theirs."""
    ours = _rates(results, network, mode, OURS, precision)
    peers = {
        library: found
        for library in PEERS
        if (found := _rates(results, network, mode, library, PRECISIONS[precision]))
    }
    theirs = {library: spread(found.values()) for library, found in peers.items()}
    best = max(theirs, key=lambda library: theirs[library].median, default=None)
    ratios = by_turn(ours, peers[best]) if best else []
    our_spread = spread(ours.values()) if ours else None
    gflops = 1e-9 * flops(NETWORKS[network], mode) * our_spread.median if our_spread else None
    peaks = results["machine"]["peaks"].items() if gflops else ()
    return Row(
        network,
        mode,
        precision,
        our_spread,
        theirs,
        best,
        spread(ratios) if ratios else None,
        gflops,
        {name: gflops / peak for name, peak in peaks if name in PEAKS_OF[precision]},
    )


def by_turn(ours: dict[int, float], theirs: dict[int, float]) -> list[float]:
    """The ratios of two rates in the turns that both have: neighbours in time."""
    return [ours[turn] / theirs[turn] for turn in sorted(ours.keys() & theirs.keys())]


def rows(results: Results, mode: str, precision: str) -> list[Row]:
    """All networks of the run under a mode and a precision."""
    return [row(results, network, mode, precision) for network in results["options"]["networks"]]


def timed_modes(results: Results) -> list[str]:
    """The modes of the run that time samples."""
    return [mode for mode in MODES if mode in results["options"]["modes"]]


def _rates(
    results: Results, network: str, mode: str, library: str, precision: str
) -> dict[int, float]:
    """Samples per second by turn."""
    wanted = (network, mode, library, precision)
    return {
        each["turn"]: each["samples"] / each["seconds"]
        for each in results["turns"]
        if (each["network"], each["mode"], each["library"], each["precision"]) == wanted
    }


# ---- Words and cells ----------------------------------------------------------------------------


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns but the first are aligned to the right."""
    rule = ["---"] + ["---:"] * (len(heads) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, rule, *lines))


def remark(results: Results, network: str, library: str, precision: str) -> str:
    """Why a cell is empty: a word, or a dash if nothing was asked of the library."""
    for each in results["remarks"]:
        fits = each["network"] in (None, network) and each["precision"] in (None, precision)
        if fits and each["library"] == library:
            return REMARK_WORDS[each["kind"]]
    return "-"


def rate_cell(found: Spread | None) -> str:
    return "" if found is None else f"{found.median:,.0f} ({found.low:,.0f} to {found.high:,.0f})"


def megabytes(count: float) -> str:
    return f"{count / MEGABYTE:,.0f}"


def machine_words(results: Results) -> str:
    """One paragraph: what was measured on, with what, when."""
    machine, options = results["machine"], results["options"]
    packages = sorted(
        {
            f"{name} {version}"
            for each in results["versions"].values()
            for name, version in each.items()
        }
    )
    peaks = ", ".join(
        f"{PEAK_LABELS[name]} {value:,.0f} GFLOP/s" for name, value in machine["peaks"].items()
    )
    turns = f"{options['turns']} turns of {options['seconds']:g} s"
    return (
        f"Measured on {machine['date']}: {machine['processor']}, {machine['threads']} threads"
        + (f" ({peaks})" if peaks else "")
        + f", while other processes kept {machine['others']:.1f} processors busy; medians of "
        f"{turns} in which all sides alternate. {', '.join(packages)}."
    )


# ---- Tables -------------------------------------------------------------------------------------


def summary_table(results: Results) -> str:
    """Martlet's ratio to the best peer: a line per mode and precision, a column per network."""

    def cell(found: Row) -> str:
        if found.ratio is not None:
            return f"{found.ratio.median:.2f}"
        return remark(results, found.network, OURS, found.precision)

    lines = [
        [f"{MODES[mode]}, {PRECISION_LABELS[precision]}"]
        + [cell(found) for found in rows(results, mode, precision)]
        for mode in timed_modes(results)
        for precision in results["options"]["precisions"]
    ]
    return table(["", *results["options"]["networks"]], lines)


def rate_table(results: Results, mode: str, precision: str) -> str:
    """Samples per second of all sides, for one mode and precision."""
    peaks = [name for name in PEAKS_OF[precision] if name in results["machine"]["peaks"]]
    base = PRECISIONS[precision]
    peers = [
        name
        for name in results["options"]["peers"]
        if base in LIBRARIES[name].precisions and (mode != "fit" or LIBRARIES[name].trains)
    ]
    heads = [
        "",
        LIBRARIES[OURS].label,
        *(LIBRARIES[name].label for name in peers),
        "Martlet / best",
        "GFLOP/s",
        *(f"of {PEAK_LABELS[name]}" for name in peaks),
    ]
    lines = []
    for each in rows(results, mode, precision):
        theirs = (
            _marked(rate_cell(each.theirs.get(name)), name == each.best)
            or remark(results, each.network, name, base)
            for name in peers
        )
        ratio = each.ratio
        lines.append(
            [
                each.network,
                rate_cell(each.ours) or remark(results, each.network, OURS, precision),
                *theirs,
                f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})" if ratio else "-",
                "-" if each.gflops is None else f"{each.gflops:,.0f}",
                *(f"{each.shares[name]:.0%}" if name in each.shares else "-" for name in peaks),
            ]
        )
    return table(heads, lines)


def _marked(cell: str, best: bool) -> str:
    return f"**{cell}**" if best else cell


def cost_table(results: Results, network: str) -> str:
    """Disk, time and memory that a library takes before and beside the work, for one network.

    In float32. Installed is what `installed.size` counts; the import comes after NumPy's; memory
    is that of the whole process.
    """
    heads = [
        "",
        "installed, MB",
        "import, s",
        "start to first batch trained, s",
        "memory after import, MB",
        "most memory in `fit`, MB",
    ]
    lines = []
    for library, size in results["sizes"].items():
        imports = _of(results["imports"], "seconds", library=library)
        starts = {
            key: _of(results["starts"], key, library=library, network=network)
            for key in ("first_seconds", "import_bytes", "peak_bytes")
        }
        after_import = starts["import_bytes"] or _of(results["imports"], "bytes", library=library)
        lines.append(
            [
                LIBRARIES[library].label,
                megabytes(size),
                _median_cell(imports, "{:.3f}".format),
                _median_cell(starts["first_seconds"], "{:.2f}".format),
                _median_cell(after_import, megabytes),
                _median_cell(starts["peak_bytes"], megabytes),
            ]
        )
    return table(heads, lines)


def _of(entries: list[dict[str, Any]], key: str, **wanted: str) -> list[float]:
    """The values of a key in the entries that have the wanted values."""
    return [
        each[key] for each in entries if all(each[name] == value for name, value in wanted.items())
    ]


def _median_cell(values: list[float], written: Callable[[float], str]) -> str:
    return written(statistics.median(values)) if values else "-"


def _data_words(results: Results, network: str) -> str:
    known = _of(results["starts"], "data_bytes", network=network)
    return f", {megabytes(known[0])} MB of data" if known else ""


def scaling_table(results: Results) -> str:
    """How much faster Martlet trains on all threads than on one, turn by turn."""
    threads = results["machine"]["threads"]
    lines = []
    for network in results["options"]["networks"]:
        rates: dict[int, dict[int, float]] = {1: {}, threads: {}}
        for each in results["scaling"]:
            if each["network"] == network:
                rates[each["threads"]][each["turn"]] = each["samples"] / each["seconds"]
        if ratios := by_turn(rates[threads], rates[1]):
            ratio = spread(ratios)
            lines.append([network, f"{ratio.median:.2f}", f"{ratio.low:.2f} to {ratio.high:.2f}"])
    return table(["", f"{threads} threads / 1", "turns"], lines)


def growth_table(results: Results) -> str:
    """Memory that stays after many models have come and gone."""
    return table(
        ["", "rounds", "before, MB", "after, MB"],
        (
            [
                each["network"],
                str(each["rounds"]),
                f"{each['before_bytes'] / MEGABYTE:.1f}",
                f"{each['after_bytes'] / MEGABYTE:.1f}",
            ]
            for each in results["growth"]
        ),
    )


def remark_lines(results: Results) -> str:
    """Who was left out of what, in full sentences."""
    lines = []
    for each in results["remarks"]:
        where = [part for part in (each["network"], each["precision"]) if part]
        words = [LIBRARIES[each["library"]].label, REMARK_WORDS[each["kind"]]]
        place = f" ({', '.join(where)})" if where else ""
        lines.append(f"- {words[0]}{place} {words[1]}: {each['message']}")
    return "\n".join(lines)


# ---- Texts --------------------------------------------------------------------------------------


def full_text(results: Results, chart: str | None) -> str:
    """Everything that was measured, as a Markdown page.

    Parameters
    ----------
    chart
        Where the chart is, seen from the page; None for none.
    """
    parts = [
        "# Benchmarks",
        "Made by `make bench`; what is compared and how is told in `benchmarks/README.md`.",
        machine_words(results),
        "## Martlet's ratio to the best peer",
        summary_table(results),
    ]
    if chart is not None:
        parts.append(f"![Martlet's ratio to the best peer]({chart})")
    parts.append(
        "Below, samples per second: median (least to most). The best peer is **bold**; its ratio "
        "is the median of the ratios turn by turn. GFLOP/s count a multiply-add as two and a "
        "convolution as its direct sum, so an algorithm that saves multiplications may come out "
        "above a peak."
    )
    for mode in timed_modes(results):
        for precision in results["options"]["precisions"]:
            parts += [
                f"## {MODES[mode]}, {PRECISION_LABELS[precision]}",
                rate_table(results, mode, precision),
            ]
    if results["sizes"]:
        parts.append("## What a library takes")
        parts.append(
            "In float32. Installed: with all it requires but NumPy and Python. The import comes "
            "after NumPy's. Memory is that of the whole process, with the data."
        )
        for network in results["options"]["networks"]:
            parts += [f"### {network}{_data_words(results, network)}", cost_table(results, network)]
    if results["scaling"]:
        parts += ["## Threads", "Martlet's `fit` in float32.", scaling_table(results)]
    if results["growth"]:
        parts += [
            "## Memory over many models",
            "Resident memory before and after so many rounds of building a network, training it on "
            "one batch and dropping it.",
            growth_table(results),
        ]
    if results["remarks"]:
        parts += ["## Left out", remark_lines(results)]
    return "\n\n".join(parts) + "\n"


def readme_text(results: Results) -> str:
    """The short form, for the README: the ratios, and what the libraries take."""
    parts = [
        "Samples per second, Martlet's divided by those of the fastest peer:",
        summary_table(results),
        "![Martlet's ratio to the best peer](docs/benchmarks.svg)",
        machine_words(results) + " [Everything measured](docs/benchmarks.md).",
    ]
    if results["sizes"]:
        network = results["options"]["networks"][0]
        parts += [
            f"What a library takes, training `{network}`{_data_words(results, network)}:",
            cost_table(results, network),
        ]
    return "\n\n".join(parts)


def between_markers(text: str, new: str) -> str:
    """The text with what stands between the two markers replaced.

    Raises
    ------
    ValueError
        If the markers do not stand there once each, in their order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"expected one {BEGIN} and one {END} after it in the text")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{new}\n{END}{tail}"
