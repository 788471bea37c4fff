"""Automatic names for inputs and models; the core names all other layers."""

from __future__ import annotations

_used: dict[str, int] = {}


def automatic(prefix: str) -> str:
    """``prefix`` at its first use, then ``prefix_1``, ``prefix_2`` and so on."""
    count = _used.get(prefix, 0)
    _used[prefix] = count + 1
    return f"{prefix}_{count}" if count else prefix


def reset() -> None:
    """Makes the names start again."""
    _used.clear()
