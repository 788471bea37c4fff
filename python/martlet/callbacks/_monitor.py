"""What callbacks have in common that watch a value of the logs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from .._errors import nearest_name
from ._callback import Callback, Logs

#: Metrics that are the better the larger they are; what is neither here nor a loss has to be told.
_RISING = frozenset(
    {
        "AUC",
        "Accuracy",
        "BinaryAccuracy",
        "BinaryIoU",
        "CategoricalAccuracy",
        "ConcordanceCorrelation",
        "CosineSimilarity",
        "F1Score",
        "FBetaScore",
        "IoU",
        "MeanIoU",
        "OneHotIoU",
        "OneHotMeanIoU",
        "PearsonCorrelation",
        "Precision",
        "PrecisionAtRecall",
        "R2Score",
        "Recall",
        "RecallAtPrecision",
        "SensitivityAtSpecificity",
        "SparseCategoricalAccuracy",
        "SparseTopKCategoricalAccuracy",
        "SpecificityAtSensitivity",
        "TopKCategoricalAccuracy",
        "TrueNegatives",
        "TruePositives",
    }
)
_FALLING = frozenset({"FalseNegatives", "FalsePositives", "LogCoshError", "RootMeanSquaredError"})


class Monitor(Callback):
    """A callback that asks whether a value of the logs has become better."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0) -> None:
        super().__init__()
        kind = type(self).__name__
        if not isinstance(monitor, str):
            raise TypeError(f"{kind}: monitor must be a key of the logs, got {monitor!r}")
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{kind}: mode must be 'auto', 'min' or 'max', got {mode!r}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(_number(kind, "min_delta", min_delta))
        self.best: float | None = None
        self._direction = 0 if mode == "auto" else _DIRECTIONS[mode]

    def _check(self, names: Collection[str], is_complete: bool) -> None:
        if is_complete:
            require_names(f"{type(self).__name__}: monitor", [self.monitor], names)
        if self.mode == "auto":
            self._direction = self._automatic()

    def _automatic(self) -> int:
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return -1
        direction = _directions(self.model).get(name)
        if direction is None:
            raise ValueError(
                f"{type(self).__name__}: whether {self.monitor!r} should become larger or smaller "
                "is not known; say mode='max' or mode='min'"
            )
        return direction

    def _improves(self, value: float, reference: float | None) -> bool:
        """Whether a value is better than another by more than `min_delta`. NaN never is."""
        if reference is None:
            return True
        return self._direction * (value - self._direction * self.min_delta) > (
            self._direction * reference
        )


_DIRECTIONS = {"min": -1, "max": 1}


def _directions(model: Any) -> dict[str, int]:
    """By the keys of the metrics that a model reports: 1 where larger is better, else -1."""
    found = {}
    for key, class_name in model._metric_classes().items():
        if class_name in _RISING:
            found[key] = 1
        elif class_name in _FALLING or _is_loss(class_name):
            found[key] = -1
    return found


def _is_loss(class_name: str) -> bool:
    from .. import losses

    return isinstance(getattr(losses, class_name, None), type)


def require_names(what: str, wanted: Iterable[str], names: Collection[str]) -> None:
    """Raises if a name is none that the logs will have.

    Raises
    ------
    ValueError
        The message lists those that they will have, and says what validation would add.
    """
    for name in wanted:
        if name in names:
            continue
        near = nearest_name(name, names)
        hint = f"did you mean {near!r}? " if near else ""
        if name.startswith("val_") and not any(each.startswith("val_") for each in names):
            hint = "there is no validation_data and no validation_split; "
        listed = ", ".join(repr(each) for each in names)
        raise ValueError(f"{what}={name!r} will not be in the logs; {hint}they will have {listed}")


def _number(kind: str, name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{kind}: {name} must be a number, got {value!r}") from None


def value_of(logs: Logs | None, name: str) -> float | None:
    """A value of the logs as a number; None where the epoch has none."""
    value = (logs or {}).get(name)
    return None if value is None else float(value)
