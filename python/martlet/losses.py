"""Losses: what training makes small, as objects, names and functions.

Any of them goes to ``compile``; objects and functions can be called on arrays. A function gives a
value for each prediction, an object their mean, a prediction's value times its weight first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, cast

import numpy as np

from . import _data, _native
from ._errors import not_supported, refuse
from ._naming import class_named, own_arguments

_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", None)


class Loss:
    """What all losses have in common. Called on arrays, a loss computes at once."""

    def __init_subclass__(cls) -> None:
        if cls.__module__ != __name__:
            _refuse_own(cls.__name__)

    def __init__(self, arguments: dict[str, Any]) -> None:
        kind = type(self).__name__
        given = own_arguments(arguments)
        refuse(kind, dtype=given.pop("dtype", None))
        reduction = given.pop("reduction")
        if reduction == "mean_with_sample_weight":
            not_supported(f"{kind}: reduction={reduction!r}")
        if reduction not in _REDUCTIONS:
            known = ", ".join(repr(each) for each in _REDUCTIONS)
            raise ValueError(f"{kind}: reduction must be one of {known}, got {reduction!r}")
        self.name, self.reduction = given.pop("name"), reduction
        self._arguments = given

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return {"name": self.name, "reduction": self.reduction, **self._arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss of the arguments that `get_config` gives."""
        return cls(**config)

    def _encoded(self) -> dict[str, Any]:
        config = {**self._arguments, "reduction": self.reduction or "none"}
        return {"class_name": type(self).__name__, "config": config}

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of predictions.

        Parameters
        ----------
        y_true
            Targets.
        y_pred
            Predictions; the last axis (or `axis`, for losses that have it) holds the values of one.
        sample_weight
            What each sample, or each prediction of it, counts; None for 1.

        Returns
        -------
        float or numpy.ndarray
            One number; with ``reduction="none"`` a number for each prediction, as float32.

        Raises
        ------
        ValueError
            If the shapes do not go together, or a label is none of the classes.
        """
        true = _data.as_array(y_true, "y_true")
        pred = _data.has_samples(_data.as_array(y_pred, "y_pred"), "y_pred")
        if pred.ndim == 1 and true.ndim == 2 and true.shape[1] == 1:
            pred = pred[:, None]
        true, pred = self._arranged(true, pred)
        shape = pred.shape[:-1]
        weights = None
        if sample_weight is not None:
            given = _data.as_array(sample_weight, "sample_weight")
            weights = np.atleast_1d(_weights(given, shape))
        encoded = self._encoded()
        if "axis" in encoded["config"]:
            encoded["config"]["axis"] = -1  # where it is now
        count = max(pred[..., 0].size, 0 if weights is None else weights.size)
        values = _native.loss_values(encoded, np.atleast_1d(true), pred, weights, count)
        if self.reduction in (None, "none"):
            return values.reshape(shape if len(values) == pred[..., 0].size else -1)
        return float(values[0])

    def _arranged(self, true: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The arrays with the values of a prediction on the last axis."""
        axis = self._arguments.get("axis", -1)
        if axis == -1:
            return true, pred
        axes = _axes(type(self).__name__, axis, pred.ndim)
        if true.ndim == pred.ndim and true.shape != pred.shape:
            # Class numbers that have kept the axis.
            true = true.squeeze(axes) if all(true.shape[each] == 1 for each in axes) else true
        moved = [_last(each, axes) if each.ndim == pred.ndim else each for each in (true, pred)]
        return moved[0], moved[1]

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{key}={value!r}"
            for key, value in self._arguments.items()
            if value not in (False, 0, None) and (key, value) != ("axis", -1)
        )
        return f"{type(self).__name__}({shown})"


def _axes(kind: str, axis: Any, rank: int) -> tuple[int, ...]:
    """Axes from 0 up; all of them for None."""
    if axis is None:
        return tuple(range(rank))
    given = (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    if any(not -rank <= each < rank for each in given):
        raise ValueError(f"{kind}: axis={axis!r} is none of predictions of {rank} axes")
    return tuple(each % rank for each in given)


def _last(array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The array with these axes as one, behind all others."""
    moved = np.moveaxis(array, axes, range(-len(axes), 0))
    return moved.reshape(*moved.shape[: moved.ndim - len(axes)], -1)


def _weights(given: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A weight for each loss. One per sample holds for all its losses."""
    if given.ndim == len(shape) + 1 and given.shape[-1] == 1:
        given = given[..., 0]
    if not shape:
        return given
    if given.ndim and given.ndim <= len(shape) and given.shape == shape[: given.ndim]:
        given = given.reshape(given.shape + (1,) * (len(shape) - given.ndim))
    try:
        return np.broadcast_to(given, shape)
    except ValueError:
        raise ValueError(
            f"sample_weight: expected shape {shape[:1]}, or {shape} for a weight per loss, "
            f"got {given.shape}"
        ) from None


def _refuse_own(what: str) -> NoReturn:
    not_supported(f"{what}: a loss of your own")


class SparseCategoricalCrossentropy(Loss):
    """``-log p[label]``, for labels that are class numbers.

    Behind a softmax the loss is computed from what went into it, which stays exact where the
    softmax itself has become 0 or 1.

    Parameters
    ----------
    from_logits
        Whether predictions are what would go into a softmax.
    ignore_class
        A label, within the classes or not, that counts nowhere.
    axis
        Where the classes are. In training the last one.
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.

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
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class CategoricalCrossentropy(Loss):
    """``-sum(y * log p)``, for one-hot targets.

    Behind a softmax the loss is computed from what went into it.

    Parameters
    ----------
    from_logits
        Whether predictions are what would go into a softmax.
    label_smoothing
        Share of each target that is spread over all classes.
    axis
        Where the classes are. In training the last one.
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class BinaryCrossentropy(Loss):
    """``-y * log p - (1 - y) * log(1 - p)``, the mean over the outputs.

    Behind a sigmoid the loss is computed from what went into it.

    Parameters
    ----------
    from_logits
        Whether predictions are what would go into a sigmoid.
    label_smoothing
        Share of each target that is replaced by one half.
    axis
        Where the classes are. In training the last one.
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class CategoricalFocalCrossentropy(Loss):
    """``-sum(alpha * (1 - p) ** gamma * y * log p)``, for one-hot targets.

    The factor turns training from what is easy to what is hard.

    Parameters
    ----------
    alpha
        Factor on all.
    gamma
        How much less what is easy counts; 0 for a plain crossentropy.
    from_logits
        Whether predictions are what would go into a softmax.
    label_smoothing
        Share of each target that is spread over all classes.
    axis
        Where the classes are. In training the last one.
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.

    References
    ----------
    Lin et al. 2017, Focal loss for dense object detection, arXiv:1708.02002.
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class BinaryFocalCrossentropy(Loss):
    """The binary crossentropy times ``(1 - p) ** gamma``, with p the probability of the target.

    The factor turns training from what is easy to what is hard.

    Parameters
    ----------
    apply_class_balancing
        Whether targets of 1 count `alpha` and those of 0 ``1 - alpha``.
    alpha
        What targets of 1 count.
    gamma
        How much less what is easy counts; 0 for a plain crossentropy.
    from_logits
        Whether predictions are what would go into a sigmoid.
    label_smoothing
        Share of each target that is replaced by one half.
    axis
        Where the classes are. In training the last one.
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.

    References
    ----------
    Lin et al. 2017, Focal loss for dense object detection, arXiv:1708.02002.
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class Dice(Loss):
    """``1 - 2 * sum(y * p) / (sum(y) + sum(p))``: how little two regions have in common.

    Parameters
    ----------
    axis
        Over which axes the regions lie; None for the whole batch, which then has one loss. In
        training None or all axes but the first.
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.

    Examples
    --------
    >>> from martlet.losses import Dice
    >>> round(Dice()([[1, 0]], [[0.9, 0.1]]), 4)
    0.1
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class Tversky(Loss):
    """``1 - sum(y * p) / (sum(y * p) + alpha * sum(y * (1 - p)) + beta * sum((1 - y) * p))``.

    With one half for both factors it is the Dice loss.

    Parameters
    ----------
    alpha
        What targets without their prediction count.
    beta
        What predictions without their target count.
    axis
        Over which axes the regions lie; None for the whole batch, which then has one loss. In
        training None or all axes but the first.
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class MeanSquaredError(Loss):
    """``mean((y - p) ** 2)``.

    Parameters
    ----------
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class MeanAbsoluteError(Loss):
    """``mean(abs(y - p))``.

    Parameters
    ----------
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class MeanAbsolutePercentageError(Loss):
    """``100 * mean(abs((y - p) / y))``, y taken as 1e-7 at least.

    Parameters
    ----------
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class MeanSquaredLogarithmicError(Loss):
    """``mean((log(1 + y) - log(1 + p)) ** 2)``, for values from 0 up.

    Parameters
    ----------
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class Huber(Loss):
    """``(y - p) ** 2 / 2`` up to a distance of `delta`, a line from there on; the mean.

    Parameters
    ----------
    delta
        The distance.
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.

    Examples
    --------
    >>> from martlet.losses import Huber
    >>> Huber()([0, 0], [0.5, 3])
    1.3125
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class LogCosh(Loss):
    """``mean(log(cosh(y - p)))``: the squared error near 0, the absolute one far away.

    Parameters
    ----------
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class Poisson(Loss):
    """``mean(p - y * log(p))``, for counts.

    Parameters
    ----------
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class KLDivergence(Loss):
    """``sum(y * log(y / p))``, for distributions.

    Parameters
    ----------
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class CosineSimilarity(Loss):
    """The negative cosine of the angle between ``y`` and ``p``: -1 where they point the same way.

    Parameters
    ----------
    axis
        Where the vectors lie. In training the last one.
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class Hinge(Loss):
    """``mean(max(0, 1 - y * p))``, for targets of -1 and 1; 0 stands for -1.

    Parameters
    ----------
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class SquaredHinge(Loss):
    """``mean(max(0, 1 - y * p) ** 2)``, for targets of -1 and 1; 0 stands for -1.

    Parameters
    ----------
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class CategoricalHinge(Loss):
    """``max(0, 1 - sum(y * p) + max((1 - y) * p))``, for one-hot targets.

    Parameters
    ----------
    reduction
        ``"sum_over_batch_size"`` or ``"mean"`` for the mean over all predictions, ``"sum"``, or
        ``"none"`` for a value each, where the loss is called and not compiled.
    name
        For logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


# ---- As functions ----------------------------------------------------------------------------


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """The values of :class:`SparseCategoricalCrossentropy`, one for each prediction."""
    return SparseCategoricalCrossentropy(
        from_logits=from_logits, ignore_class=ignore_class, axis=axis, reduction="none"
    )(y_true, y_pred)


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """The values of :class:`CategoricalCrossentropy`, one for each prediction."""
    return CategoricalCrossentropy(
        from_logits=from_logits, label_smoothing=label_smoothing, axis=axis, reduction="none"
    )(y_true, y_pred)


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """The values of :class:`BinaryCrossentropy`, one for each prediction."""
    return BinaryCrossentropy(
        from_logits=from_logits, label_smoothing=label_smoothing, axis=axis, reduction="none"
    )(y_true, y_pred)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """The values of :class:`CategoricalFocalCrossentropy`, one for each prediction."""
    return CategoricalFocalCrossentropy(
        alpha=alpha,
        gamma=gamma,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
        reduction="none",
    )(y_true, y_pred)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """The values of :class:`BinaryFocalCrossentropy`, one for each prediction."""
    return BinaryFocalCrossentropy(
        apply_class_balancing=apply_class_balancing,
        alpha=alpha,
        gamma=gamma,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
        reduction="none",
    )(y_true, y_pred)


def dice(
    y_true: Any,
    y_pred: Any,
    axis: Any = None,
) -> Any:
    """The values of :class:`Dice`, one for each prediction."""
    return Dice(axis=axis, reduction="none")(y_true, y_pred)


def tversky(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.5,
    beta: float = 0.5,
    axis: Any = None,
) -> Any:
    """The values of :class:`Tversky`, one for each prediction."""
    return Tversky(alpha=alpha, beta=beta, axis=axis, reduction="none")(y_true, y_pred)


def mean_squared_error(
    y_true: Any,
    y_pred: Any,
) -> Any:
    """The values of :class:`MeanSquaredError`, one for each prediction."""
    return MeanSquaredError(reduction="none")(y_true, y_pred)


def mean_absolute_error(
    y_true: Any,
    y_pred: Any,
) -> Any:
    """The values of :class:`MeanAbsoluteError`, one for each prediction."""
    return MeanAbsoluteError(reduction="none")(y_true, y_pred)


def mean_absolute_percentage_error(
    y_true: Any,
    y_pred: Any,
) -> Any:
    """The values of :class:`MeanAbsolutePercentageError`, one for each prediction."""
    return MeanAbsolutePercentageError(reduction="none")(y_true, y_pred)


def mean_squared_logarithmic_error(
    y_true: Any,
    y_pred: Any,
) -> Any:
    """The values of :class:`MeanSquaredLogarithmicError`, one for each prediction."""
    return MeanSquaredLogarithmicError(reduction="none")(y_true, y_pred)


def huber(
    y_true: Any,
    y_pred: Any,
    delta: float = 1.0,
) -> Any:
    """The values of :class:`Huber`, one for each prediction."""
    return Huber(delta=delta, reduction="none")(y_true, y_pred)


def log_cosh(
    y_true: Any,
    y_pred: Any,
) -> Any:
    """The values of :class:`LogCosh`, one for each prediction."""
    return LogCosh(reduction="none")(y_true, y_pred)


def poisson(
    y_true: Any,
    y_pred: Any,
) -> Any:
    """The values of :class:`Poisson`, one for each prediction."""
    return Poisson(reduction="none")(y_true, y_pred)


def kl_divergence(
    y_true: Any,
    y_pred: Any,
) -> Any:
    """The values of :class:`KLDivergence`, one for each prediction."""
    return KLDivergence(reduction="none")(y_true, y_pred)


def cosine_similarity(
    y_true: Any,
    y_pred: Any,
    axis: int = -1,
) -> Any:
    """The values of :class:`CosineSimilarity`, one for each prediction."""
    return CosineSimilarity(axis=axis, reduction="none")(y_true, y_pred)


def hinge(
    y_true: Any,
    y_pred: Any,
) -> Any:
    """The values of :class:`Hinge`, one for each prediction."""
    return Hinge(reduction="none")(y_true, y_pred)


def squared_hinge(
    y_true: Any,
    y_pred: Any,
) -> Any:
    """The values of :class:`SquaredHinge`, one for each prediction."""
    return SquaredHinge(reduction="none")(y_true, y_pred)


def categorical_hinge(
    y_true: Any,
    y_pred: Any,
) -> Any:
    """The values of :class:`CategoricalHinge`, one for each prediction."""
    return CategoricalHinge(reduction="none")(y_true, y_pred)


# The second names that they have in TensorFlow's Keras.
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
mse = MSE = mean_squared_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kl_divergence


class _Crossentropy(Loss):
    """Crossentropy whose kind the core chooses by the shapes of the first data."""

    def __init__(self) -> None:
        super().__init__({"reduction": "sum_over_batch_size", "name": "crossentropy"})

    def _encoded(self) -> dict[str, Any]:
        return {**super()._encoded(), "class_name": "Crossentropy"}

    def _arranged(self, true: np.ndarray, pred: np.ndarray) -> NoReturn:
        raise TypeError(
            "loss 'crossentropy' is chosen for a model in training; called on arrays say which: "
            "CategoricalCrossentropy, SparseCategoricalCrossentropy or BinaryCrossentropy"
        )


# ---- By name ---------------------------------------------------------------------------------

_CLASSES: dict[str, Callable[..., Loss]] = {
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_focal_crossentropy": CategoricalFocalCrossentropy,
    "binary_focal_crossentropy": BinaryFocalCrossentropy,
    "dice": Dice,
    "tversky": Tversky,
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "poisson": Poisson,
    "kl_divergence": KLDivergence,
    "cosine_similarity": CosineSimilarity,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "categorical_hinge": CategoricalHinge,
}
_SHORT = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}


def get(identifier: str | dict[str, Any] | Loss | Callable[..., Any]) -> Loss:
    """The loss of a name, function or description; objects are handed back.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    NotImplementedError
        If it is a function of your own.
    """
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return cast(Callable[[], Loss], identifier)()
    if isinstance(identifier, dict) and isinstance(identifier.get("class_name"), str):
        return _class(identifier["class_name"])(**(identifier.get("config") or {}))
    if isinstance(identifier, str):
        return _class(identifier)()
    if callable(identifier):
        name = function_name(identifier)
        if name is not None:
            return _CLASSES[name]()
        _refuse_own(getattr(identifier, "__name__", type(identifier).__name__))
    raise TypeError(
        f"loss must be a name or a loss of martlet.losses, got {type(identifier).__name__}"
    )


def get_for_compile(identifier: Any) -> Loss:
    """The same for `compile`, which chooses the kind of ``"crossentropy"`` and ``"ce"``."""
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        return _Crossentropy()
    return get(identifier)


def function_name(function: Callable[..., Any]) -> str | None:
    """The name of a loss function of this module; None for any other."""
    name = getattr(function, "__name__", "")
    return name if name in _CLASSES and globals()[name] is function else None


def _class(name: str) -> Callable[..., Loss]:
    return class_named("loss", name, _CLASSES, _SHORT)
