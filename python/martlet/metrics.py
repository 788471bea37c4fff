"""Metrics: what is reported beside the loss.

``"accuracy"`` (or ``"acc"``) chooses among the three classes here by the shapes, as Keras does:
one output is binary, class numbers are sparse, else targets are one-hot.
"""

from __future__ import annotations

from typing import Any

from ._errors import refuse, unknown_name


class Metric:
    """What all metrics have in common.

    Attributes
    ----------
    name : str
        The key of its value in logs.
    """

    def __init__(self, arguments: dict[str, Any], name: str, dtype: Any = None) -> None:
        refuse(type(self).__name__, dtype=dtype)
        self._arguments = arguments
        self.name = name

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return {"name": self.name, **self._arguments}

    def _encoded(self) -> dict[str, Any]:
        encoded: dict[str, Any] = {"class_name": type(self).__name__, "name": self.name}
        return {**encoded, "config": self._arguments} if self._arguments else encoded

    def __repr__(self) -> str:
        shown = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({shown})"


class BinaryAccuracy(Metric):
    """Share of outputs on the right side of the threshold; on it counts as 0.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    threshold
        Other values than 0.5 are not supported yet.
    """

    def __init__(
        self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        refuse("BinaryAccuracy", threshold=None if threshold == 0.5 else threshold)
        super().__init__({}, name, dtype)


class CategoricalAccuracy(Metric):
    """Share of samples whose largest output is at the largest target, for one-hot targets.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__({}, name, dtype)


class SparseCategoricalAccuracy(Metric):
    """Share of samples whose largest output is at the label, for class numbers.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__({}, name, dtype)


class _Accuracy(Metric):
    """Accuracy whose kind the core chooses by the shapes."""

    def __init__(self, name: str) -> None:
        super().__init__({}, name)

    def _encoded(self) -> dict[str, Any]:
        return {"class_name": "Accuracy", "name": self.name}


_CLASSES: dict[str, type[Metric]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
}


def get(identifier: str | Metric | type[Metric]) -> Metric:
    """The metric of a name; objects are handed back.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if not isinstance(identifier, str):
        given = getattr(identifier, "__name__", type(identifier).__name__)
        raise TypeError(f"metrics must be names or metrics of martlet.metrics, got {given}")
    if identifier.lower() in ("accuracy", "acc"):
        return _Accuracy(identifier)
    if identifier in _CLASSES:
        return _CLASSES[identifier](name=identifier)
    classes = {each.__name__: each for each in _CLASSES.values()}
    if identifier in classes:
        return classes[identifier](name=identifier)
    raise unknown_name("metric", identifier, ["accuracy", "acc", *_CLASSES])
