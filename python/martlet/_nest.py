"""Lists, tuples and dicts of things, as models take and give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def flatten(structure: Any) -> list[Any]:
    """The leaves in order; dicts by sorted key."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in flatten(structure[key])]
    if isinstance(structure, list | tuple):
        return [leaf for part in structure for leaf in flatten(part)]
    return [structure]


def packed_like(structure: Any, leaves: list[Any]) -> Any:
    """A structure of the same form with other leaves."""
    return _pack(structure, iter(leaves))


def _pack(structure: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(structure, dict):
        packed = {key: _pack(structure[key], leaves) for key in sorted(structure)}
        return {key: packed[key] for key in structure}
    if isinstance(structure, list | tuple):
        return type(structure)([_pack(part, leaves) for part in structure])
    return next(leaves)


def any_leaf(structure: Any, test: Callable[[Any], bool]) -> bool:
    """Whether a leaf passes the test. Arrays and other values are leaves."""
    if isinstance(structure, dict):
        return any(any_leaf(part, test) for part in structure.values())
    if isinstance(structure, list | tuple):
        return any(any_leaf(part, test) for part in structure)
    return test(structure)
