"""Metrics: what is reported beside the loss.

``"accuracy"`` (or ``"acc"``) chooses among three classes by the shapes, as Keras does: one output
is binary, class numbers are sparse, else targets are one-hot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

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
        What an output must exceed to count as 1.
    """

    def __init__(
        self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__({"threshold": threshold}, name, dtype)


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


class MeanSquaredError(Metric):
    """``mean((y - p) ** 2)``.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__({}, name, dtype)


class BinaryCrossentropy(Metric):
    """The loss of the same name, as a metric: not weighted, and of probabilities as they are.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    from_logits
        Whether predictions are what would go into a sigmoid.
    label_smoothing
        Share of each target that is replaced by one half.
    """

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(
            {"from_logits": from_logits, "label_smoothing": label_smoothing}, name, dtype
        )


class CategoricalCrossentropy(Metric):
    """The loss of the same name, as a metric: not weighted, and of probabilities as they are.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    from_logits
        Whether predictions are what would go into a softmax.
    label_smoothing
        Share of each target that is spread over all classes.
    axis
        Other values than -1 are not supported yet.
    """

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        refuse(type(self).__name__, axis=None if axis == -1 else axis)
        super().__init__(
            {"from_logits": from_logits, "label_smoothing": label_smoothing}, name, dtype
        )


class SparseCategoricalCrossentropy(Metric):
    """The loss of the same name, as a metric: not weighted, and of probabilities as they are.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    from_logits
        Whether predictions are what would go into a softmax.
    ignore_class, axis
        Other values than the defaults are not supported yet.
    """

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        refuse(type(self).__name__, ignore_class=ignore_class, axis=None if axis == -1 else axis)
        super().__init__({"from_logits": from_logits}, name, dtype)


class _Accuracy(Metric):
    """Accuracy whose kind the core chooses by the shapes."""

    def __init__(self, name: str) -> None:
        super().__init__({}, name)

    def _encoded(self) -> dict[str, Any]:
        return {"class_name": "Accuracy", "name": self.name}


_CLASSES: dict[str, Callable[..., Metric]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "binary_crossentropy": BinaryCrossentropy,
    "bce": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}


def get(identifier: str | Metric | Callable[[], Metric]) -> Metric:
    """The metric of a name; objects are handed back.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return cast(Callable[[], Metric], identifier)()
    if not isinstance(identifier, str):
        given = getattr(identifier, "__name__", type(identifier).__name__)
        raise TypeError(f"metrics must be names or metrics of martlet.metrics, got {given}")
    if identifier.lower() in ("accuracy", "acc"):
        return _Accuracy(identifier)
    if identifier in _CLASSES:
        return _CLASSES[identifier](name=identifier)
    classes = {type(each()).__name__: each for each in _CLASSES.values()}
    if identifier in classes:
        return classes[identifier](name=identifier)
    raise unknown_name("metric", identifier, ["accuracy", "acc", *_CLASSES])
