"""Optimizers: how gradients change weights.

An optimizer here is configuration. Its state lives with the model that was compiled with it;
`learning_rate`, `iterations` and `variables` read and write that model's. Without a model
:meth:`Optimizer.apply` takes steps on NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from .._errors import unknown_name
from . import schedules as schedules
from ._optimizer import Optimizer as Optimizer
from ._rules import SGD as SGD
from ._rules import Adadelta as Adadelta
from ._rules import Adagrad as Adagrad
from ._rules import Adam as Adam
from ._rules import Adamax as Adamax
from ._rules import AdamW as AdamW
from ._rules import Ftrl as Ftrl
from ._rules import Lion as Lion
from ._rules import Nadam as Nadam
from ._rules import RMSprop as RMSprop

_CLASSES: dict[str, Callable[[], Optimizer]] = {
    each.__name__.lower(): each
    for each in (SGD, RMSprop, Adam, AdamW, Adamax, Nadam, Adagrad, Adadelta, Lion, Ftrl)
}


def get(identifier: str | Optimizer | Callable[[], Optimizer] | dict[str, Any]) -> Optimizer:
    """The optimizer of a name or a configuration; objects are handed back.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    TypeError
        If it is neither a name nor an optimizer.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return cast(Callable[[], Optimizer], identifier)()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if not isinstance(identifier, str):
        raise TypeError(
            f"optimizer must be a name or an optimizer, got {type(identifier).__name__}"
        )
    return deserialize({"class_name": identifier})


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer as Keras's files have it: class name and configuration.

    Examples
    --------
    >>> from martlet import optimizers
    >>> optimizers.serialize(optimizers.Lion())["class_name"]
    'Lion'
    """
    return {
        "module": "keras.optimizers",
        "class_name": type(optimizer).__name__,
        "config": optimizer.get_config(),
        "registered_name": None,
    }


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
    """A new optimizer from what `serialize` gave.

    Parameters
    ----------
    config
        ``{"class_name": ..., "config": {...}}``; letter case does not matter.
    custom_objects
        Classes of your own by name: optimizers, and schedules within the configuration.

    Raises
    ------
    ValueError
        If the class is unknown; the message suggests the nearest one.
    """
    name = config["class_name"]
    known = {**_CLASSES, **(custom_objects or {})}
    chosen = known.get(name) or known.get(name.lower())
    if chosen is None:
        raise unknown_name("optimizer", name, known)
    kind = cast(type[Optimizer], chosen)
    return kind.from_config(config.get("config") or {}, custom_objects)
