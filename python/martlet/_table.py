"""Tables: in a frame of characters, as Keras draws them, and for notebooks."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence


def terminal_columns() -> int:
    """The width of the terminal in characters, 80 where there is none."""
    import shutil  # a quarter of the time of `import martlet`

    return shutil.get_terminal_size().columns


def drawn(
    header: list[str],
    rows: list[list[str]],
    widths: list[int],
    alignment: str,
    ruled: Callable[[int], bool] = lambda index: True,
) -> list[str]:
    """The lines of the table.

    Parameters
    ----------
    header, rows
        Texts, as many in each row as there are columns.
    widths
        Of the columns, with a space on either side; what is longer is wrapped.
    alignment
        ``<``, ``^`` or ``>`` for each column.
    ruled
        Whether a line stands above the row of an index.
    """

    def rule(left: str, line: str, middle: str, right: str) -> str:
        return left + middle.join(line * width for width in widths) + right

    def cells(row: list[str], bar: str) -> list[str]:
        columns = [_wrapped(cell, width - 2) for cell, width in zip(row, widths, strict=True)]
        height = max(map(len, columns))
        if row is header:
            columns = [[""] * (height - len(column)) + column for column in columns]
        return [
            bar
            + bar.join(
                f" {column[line] if line < len(column) else '':{side}{width - 2}} "
                for column, width, side in zip(columns, widths, alignment, strict=True)
            )
            + bar
            for line in range(height)
        ]

    lines = [rule("┏", "━", "┳", "┓"), *cells(header, "┃"), rule("┡", "━", "╇", "┩")]
    for index, row in enumerate(rows):
        if index and ruled(index):
            lines.append(rule("├", "─", "┼", "┤"))
        lines += cells(row, "│")
    return [*lines, rule("└", "─", "┴", "┘")]


def as_html(
    caption: str,
    header: list[str],
    rows: list[list[str]],
    alignment: str,
    footer: Sequence[str] = (),
) -> str:
    """The same table for a notebook, which gives it its looks.

    Parameters
    ----------
    caption
        What stands above it; empty for nothing.
    header, rows, alignment
        As for :func:`drawn`.
    footer
        Lines below it.
    """
    import html

    sides = {"<": "left", "^": "center", ">": "right"}

    def line(tag: str, texts: list[str]) -> str:
        cells = (
            f'<{tag} style="text-align: {sides[side]}">{html.escape(text)}</{tag}>'
            for text, side in zip(texts, alignment, strict=True)
        )
        return f"<tr>{''.join(cells)}</tr>"

    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    body = "".join(line("td", row) for row in rows)
    table = f"<table>{title}<thead>{line('th', header)}</thead><tbody>{body}</tbody></table>"
    return f"{table}<p>{'<br>'.join(map(html.escape, footer))}</p>" if footer else table


def _wrapped(text: str, width: int) -> list[str]:
    indent = text[: len(text) - len(text.lstrip())]
    lines = textwrap.wrap(
        text,
        width,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
        initial_indent="",
        replace_whitespace=False,
    )
    if lines and not lines[0].startswith(indent):
        lines[0] = indent + lines[0].lstrip()
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines] or [""]
