"""Names: automatic ones of inputs and models, those of classes, and arguments by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ._errors import unknown_name

Made = TypeVar("Made")

_used: dict[str, int] = {}


def automatic(prefix: str) -> str:
    """``prefix`` at its first use, then ``prefix_1``, ``prefix_2`` and so on."""
    count = _used.get(prefix, 0)
    _used[prefix] = count + 1
    return f"{prefix}_{count}" if count else prefix


def reset() -> None:
    """Makes the names start again."""
    _used.clear()


def snake_case(class_name: str) -> str:
    """``MaxPooling2D`` as ``max_pooling2d``."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", class_name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def own_arguments(constructor: dict[str, Any]) -> dict[str, Any]:
    """The arguments that a constructor was called with, from its `locals()`."""
    return {key: value for key, value in constructor.items() if key not in ("self", "__class__")}


def class_named(
    kind: str,
    name: str,
    classes: Mapping[str, Callable[..., Made]],
    short: Mapping[str, str],
    more: tuple[str, ...] = (),
) -> Callable[..., Made]:
    """The class of a name.

    Parameters
    ----------
    kind
        What to call it in errors: ``"loss"``.
    name
        A key of `classes`, the name of one of them, or a key of `short`, in capitals, too.
    classes
        By the names of their functions.
    short
        Keys of `classes` by second names.
    more
        Further names that a misspelt one may stand for.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    """
    spellings = {spelling: full for key, full in short.items() for spelling in (key, key.upper())}
    known = {getattr(each, "__name__", ""): each for each in classes.values()} | dict(classes)
    found = known.get(spellings.get(name, name))
    if found is None:
        raise unknown_name(kind, name, [*more, *classes, *short])
    return found
