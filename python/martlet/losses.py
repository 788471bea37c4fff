"""Losses: what training makes small.

Each is the mean over all values of the batch, a sample's value times its weight first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from . import _data, _native
from ._errors import refuse, unknown_name


class Loss:
    """What all losses have in common. Called on arrays, a loss computes at once."""

    def __init__(
        self, arguments: dict[str, Any], reduction: str, name: str, dtype: Any = None
    ) -> None:
        kind = type(self).__name__
        refuse(
            kind, reduction=None if reduction == "sum_over_batch_size" else reduction, dtype=dtype
        )
        self._arguments = arguments
        self.name = name
        self.reduction = reduction

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return {"name": self.name, "reduction": self.reduction, **self._arguments}

    def _encoded(self) -> dict[str, Any]:
        return {"class_name": type(self).__name__, "config": self._arguments}

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """The loss of predictions.

        Parameters
        ----------
        y_true
            Targets.
        y_pred
            Predictions, one row per sample.
        sample_weight
            What each sample counts; None for 1.
        """
        pred = _data.has_samples(_data.as_array(y_pred, "y_pred"), "y_pred")
        true = _data.has_samples(_data.as_array(y_true, "y_true"), "y_true")
        weights = [] if sample_weight is None else [_data.as_array(sample_weight, "sample_weight")]
        _data.same_length(y_true=[true], y_pred=[pred])
        shape = pred.shape[1:]
        source = _native.input_create(shape, "predictions")
        passed_on = _native.layer_create("Activation", {"activation": "linear", "name": "output"})
        model = _native.model_create(
            [source], _native.layer_call(passed_on, [source]), "Functional", "loss"
        )
        configuration = {
            "optimizer": {"class_name": "SGD", "config": {}},
            "losses": [self._encoded()],
            "metrics": [[]],
        }
        _native.model_compile(model, configuration)
        data = _native.Data([pred], [true], weights)
        _native.model_check(model, data)
        results = _native.evaluate(model, data, batch_size=min(len(pred), 1024))
        return results[0]

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{key}={value!r}" for key, value in self._arguments.items() if value not in (False, 0)
        )
        return f"{type(self).__name__}({shown})"


class SparseCategoricalCrossentropy(Loss):
    """``-log p[label]``, for labels that are class numbers.

    Behind a softmax the loss is computed from what went into it, which stays exact where the
    softmax itself has become 0 or 1.

    Parameters
    ----------
    from_logits
        Whether predictions are what would go into a softmax.
    ignore_class, axis, reduction, dtype
        Other values than the defaults are not supported yet.
    name
        For logs.

    Examples
    --------
    >>> from martlet.losses import SparseCategoricalCrossentropy
    >>> round(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        refuse(type(self).__name__, ignore_class=ignore_class, axis=None if axis == -1 else axis)
        super().__init__({"from_logits": from_logits}, reduction, name, dtype)


class CategoricalCrossentropy(Loss):
    """``-sum(y * log p)``, for one-hot targets.

    Behind a softmax the loss is computed from what went into it.

    Parameters
    ----------
    from_logits
        Whether predictions are what would go into a softmax.
    label_smoothing
        Share of each target that is spread over all classes.
    axis, reduction, dtype
        Other values than the defaults are not supported yet.
    name
        For logs.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        refuse(type(self).__name__, axis=None if axis == -1 else axis)
        super().__init__(
            {"from_logits": from_logits, "label_smoothing": label_smoothing}, reduction, name, dtype
        )


class BinaryCrossentropy(Loss):
    """``-y * log p - (1 - y) * log(1 - p)``, the mean over the outputs.

    Behind a sigmoid the loss is computed from what went into it.

    Parameters
    ----------
    from_logits
        Whether predictions are what would go into a sigmoid.
    label_smoothing
        Share of each target that is replaced by one half.
    axis, reduction, dtype
        Other values than the defaults are not supported yet.
    name
        For logs.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        refuse(type(self).__name__, axis=None if axis == -1 else axis)
        super().__init__(
            {"from_logits": from_logits, "label_smoothing": label_smoothing}, reduction, name, dtype
        )


class MeanSquaredError(Loss):
    """``mean((y - p) ** 2)``.

    Parameters
    ----------
    reduction, dtype
        Other values than the defaults are not supported yet.
    name
        For logs.
    """

    def __init__(
        self,
        reduction: str = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__({}, reduction, name, dtype)


_CLASSES: dict[str, Callable[[], Loss]] = {
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "mean_squared_error": MeanSquaredError,
}
_SHORT: dict[str, Callable[[], Loss]] = {
    "bce": BinaryCrossentropy,
    "BCE": BinaryCrossentropy,
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
}


def get(identifier: str | Loss | Callable[[], Loss]) -> Loss:
    """The loss of a name; objects are handed back.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    """
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return cast(Callable[[], Loss], identifier)()
    if not isinstance(identifier, str):
        given = getattr(identifier, "__name__", type(identifier).__name__)
        raise TypeError(f"loss must be a name or a loss of martlet.losses, got {given}")
    classes = {type(each()).__name__: each for each in _CLASSES.values()}
    for known in (_CLASSES, _SHORT, classes):
        if identifier in known:
            return known[identifier]()
    raise unknown_name("loss", identifier, [*_CLASSES, "bce", "mse"])
