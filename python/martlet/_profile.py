"""What `Model.profile` returns."""

from __future__ import annotations

from typing import Any

from ._table import as_html, drawn, terminal_columns

_COLUMNS = ("Layer", "Operation", "Pass", "ms", "Share", "GFLOP/s", "GB/s")
_ALIGNMENT = "<<<>>>>"
_NARROWEST_OPERATION = 22


class Profile:
    """What the time of a model's batches went into, operation by operation and pass by pass.

    Prints as a table, in a notebook too. Times are of one batch, medians over the batches timed;
    those of the rows are of all threads together.

    Attributes
    ----------
    rows
        A dict for each operation in each pass, in the order of execution: ``layer``,
        ``operation``, ``pass`` (``"prepare"``, ``"forward"``, ``"loss"``, ``"backward"`` or
        ``"update"``), ``milliseconds``, ``share`` of all rows' time (0 to 1), ``gflops`` (10⁹
        operations per second of one thread, two for each multiplication of the direct algorithm;
        None where memory sets the pace) and ``gigabytes_per_second`` (each tensor that is read or
        written counted once). Operations carried out as one stand in the row of the first one's
        layer; ``layer`` is empty for what belongs to none.
    training
        Whether training steps were timed.
    batch_size, batches
        Samples in a batch, and batches timed.
    threads, instruction_set
        What they were computed with.
    milliseconds
        From the beginning to the end of a batch.
    busy_milliseconds
        The sum of the rows; with several threads up to so many times `milliseconds`.
    """

    rows: list[dict[str, Any]]
    training: bool
    batch_size: int
    batches: int
    threads: int
    instruction_set: str
    milliseconds: float
    busy_milliseconds: float

    def __init__(self, name: str, measured: dict[str, Any]) -> None:
        self.name = name
        vars(self).update(measured)

    def _title(self) -> str:
        return f'Profile of "{self.name}": {"training" if self.training else "prediction"}'

    def _totals(self) -> list[str]:
        return [
            f"{self.milliseconds:.3f} ms per batch of {self.batch_size:,}, "
            f"{1e3 * self.batch_size / self.milliseconds:,.0f} samples per second",
            f"{self.busy_milliseconds:.3f} ms of work on {self.threads} "
            f"thread{'' if self.threads == 1 else 's'} ({self.instruction_set}), "
            f"medians of {self.batches:,} batches",
        ]

    def _cells(self) -> list[list[str]]:
        return [
            [
                row["layer"] or "-",
                row["operation"],
                row["pass"],
                f"{row['milliseconds']:.4f}",
                f"{row['share']:.1%}",
                "-" if row["gflops"] is None else f"{row['gflops']:.1f}",
                f"{row['gigabytes_per_second']:.1f}",
            ]
            for row in self.rows
        ]

    def __str__(self) -> str:
        cells = self._cells()
        widths = [2 + max(map(len, column)) for column in zip(_COLUMNS, *cells, strict=True)]
        # The operations wrap where the terminal is narrow.
        excess = sum(widths) + len(widths) + 1 - terminal_columns()
        widths[1] = max(widths[1] - max(excess, 0), min(widths[1], _NARROWEST_OPERATION))
        passes = [row["pass"] for row in self.rows]
        table = drawn(
            list(_COLUMNS),
            cells,
            widths,
            _ALIGNMENT,
            ruled=lambda index: passes[index] != passes[index - 1],
        )
        return "\n".join([self._title(), *table, *(f" {line}" for line in self._totals())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self._title(), list(_COLUMNS), self._cells(), _ALIGNMENT, self._totals())
