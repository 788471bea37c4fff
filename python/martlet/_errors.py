"""Exceptions of its own that the package raises, and messages that several modules share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn


class NonFiniteError(ArithmeticError, ValueError):
    """NaN or infinity in the data, the loss or the gradients.

    The message names the array or the batch. See the argument ``on_nan`` of
    :meth:`martlet.Model.fit` for what happens to the weights.
    """


def unknown_name(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """An error for a misspelt name that suggests the nearest known one."""
    known = list(known)
    near = nearest_name(name, known)
    hint = f"did you mean {near!r}? " if near else ""
    listed = ", ".join(repr(each) for each in sorted(set(known)))
    return ValueError(f"unknown {kind} {name!r}; {hint}Known are {listed}.")


def nearest_name(name: object, known: Iterable[str]) -> str | None:
    """The known name that a misspelt one most likely stands for."""
    import difflib

    names = {each.lower(): each for each in known}
    near = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.6)
    return names[near[0]] if near else None


def refuse(owner: str, **arguments: object) -> None:
    """Raises for the first argument that is not None: Keras has it, Martlet does not yet.

    Parameters
    ----------
    owner
        What takes the arguments, such as ``"Conv2D"``.
    **arguments
        Values by name. None means not given.
    """
    for name, value in arguments.items():
        if value is not None:
            not_supported(f"{owner}: {name}={value!r}")


def not_supported(what: str) -> NoReturn:
    """Raises the error for what Keras can do and Martlet cannot yet."""
    raise NotImplementedError(f"{what} is not supported yet")
