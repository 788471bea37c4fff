"""Losses: what training makes small, as objects, names and functions.

Any of them goes to ``compile``; objects and functions can be called on arrays. A function gives a
value for each prediction, an object their mean, a prediction's value times its weight first. Losses
of one's own are functions, classes made of :class:`Loss`, or :class:`NumpyLoss`; within them those
of this module are called on symbols.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy as np

from . import _data, _native
from ._errors import not_supported, refuse
from ._naming import class_named, own_arguments, snake_case
from .layers._symbol import KerasTensor, of_batches

if TYPE_CHECKING:
    from ._graphs import Graph, Shape

_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", None)


class Loss:
    """What all losses have in common, and what a loss of one's own is made of.

    A loss of your own defines `call`, with operators and :mod:`martlet.ops` on `y_true` and
    `y_pred`: a value for each sample, or more, or a single one for the batch. In training it is run
    once for the shapes of the data, on symbols, and computed by the core from then on, gradient
    included. A function ``f(y_true, y_pred)`` is a loss, too. Called on arrays, a loss computes at
    once.

    Parameters
    ----------
    name
        For messages; made of the class name when None.
    reduction
        What becomes of the values, each times the weight of its sample: their mean for
        ``"sum_over_batch_size"`` or ``"mean"``, ``"sum"``, or ``"none"`` where the loss is called
        and not compiled.
    dtype
        Not supported yet: targets, integers as well, and predictions are float32.

    Notes
    -----
    Gradients go to `y_pred` only. Layers within a loss, such as those of a network whose features
    are compared, must have ``trainable = False``, unless they are the model's own.

    Examples
    --------
    >>> import numpy as np, martlet
    >>> from martlet import losses, ops
    >>> class Quantile(losses.Loss):
    ...     def __init__(self, share=0.5, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.share = share
    ...     def call(self, y_true, y_pred):
    ...         error = y_true - y_pred
    ...         return ops.mean(ops.maximum(self.share * error, (self.share - 1) * error), axis=-1)
    ...     def get_config(self):
    ...         return {**super().get_config(), "share": self.share}
    >>> round(Quantile(0.9)(np.array([[1.0], [2.0]]), np.array([[0.0], [3.0]])), 4)
    0.5
    >>> model = martlet.Sequential([martlet.Input((3,)), martlet.layers.Dense(1)])
    >>> model.compile("sgd", Quantile(0.9))
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        kind = type(self).__name__
        refuse(kind, dtype=dtype)
        if reduction == "mean_with_sample_weight":
            not_supported(f"{kind}: reduction={reduction!r}")
        if reduction not in _REDUCTIONS:
            known = ", ".join(repr(each) for each in _REDUCTIONS)
            raise ValueError(f"{kind}: reduction must be one of {known}, got {reduction!r}")
        self.name, self.reduction = name or snake_case(kind), reduction

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The values of the loss, before they are weighted and reduced.

        Parameters
        ----------
        y_true, y_pred
            Symbols, or float32 arrays.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what it is: define call")

    def get_config(self) -> dict[str, Any]:
        """The arguments by name. A class of your own adds its own."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss of the arguments that `get_config` gives."""
        return cls(**config)

    @property
    def _is_own(self) -> bool:
        """Whether Python says what it is."""
        return True

    def _encoded(self, graph: int | None = None) -> dict[str, Any]:
        """What the core is told; of a loss of one's own where its graph stands, if there is one."""
        config = {"graph": graph, "reduction": self.reduction or "none"}
        return {"class_name": "Graph", "name": self.name, "config": config}

    def _graph(self, target: Shape, prediction: Shape) -> Graph:
        """What `call` makes of targets and predictions of these shapes of a sample."""
        from ._graphs import Graph

        graph = Graph(self.call, f"loss '{self.name}': call", target, prediction)
        if graph.of_batch and self.reduction == "sum":
            raise ValueError(
                f"loss '{self.name}' gives one value for the whole batch, so there is nothing to "
                "sum: leave reduction at 'sum_over_batch_size'"
            )
        return graph

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
        float, numpy.ndarray or KerasTensor
            One number; with ``reduction="none"`` a number for each prediction, as float32. Of
            symbols a symbol, for losses that are made of others.

        Raises
        ------
        ValueError
            If the shapes do not go together, or a label is none of the classes.
        """
        if isinstance(y_true, KerasTensor) or isinstance(y_pred, KerasTensor):
            refuse(f"loss '{self.name}' on symbols", sample_weight=sample_weight)
            return self._reduced(self.call(y_true, y_pred))
        return self._of_arrays(y_true, y_pred, sample_weight)

    def _reduced(self, values: Any) -> Any:
        from . import ops

        if self.reduction in (None, "none"):
            return values
        return ops.sum(values) if self.reduction == "sum" else ops.mean(values)

    def _of_arrays(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
        true = _data.as_array(y_true, "y_true").astype(np.float32)
        pred = _data.as_array(y_pred, "y_pred").astype(np.float32)
        values = np.asarray(self.call(true, pred), np.float32)
        if sample_weight is not None:
            weights = _data.as_array(sample_weight, "sample_weight")
            values = values * _weights(weights, values.shape).astype(np.float32)
        made = self._reduced(values)
        return made if self.reduction in (None, "none") else float(made)

    def __repr__(self) -> str:
        config = self.get_config().items()
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in config)})"


class _FunctionLoss(Loss):
    """A function of targets and predictions as a loss."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(getattr(function, "__name__", snake_case(type(function).__name__)))
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        from ._graphs import same_rank

        return self.function(*same_rank(y_true, y_pred))


class NumpyLoss(Loss):
    """A loss written with NumPy, which brings its gradient along. Keras has no such class.

    For what :mod:`martlet.ops` cannot say. Python is called for every batch, so it is slower than
    a loss of operations.

    Parameters
    ----------
    function
        Of `y_true` and `y_pred`, float32 arrays of a batch. Gives the values, one for each sample,
        and their derivatives with respect to the predictions of the same sample, in the shape of
        `y_pred`.
    name
        For messages; the name of the function when None.
    reduction
        As for :class:`Loss`.

    Examples
    --------
    >>> import numpy as np, martlet
    >>> def quartic(y_true, y_pred):
    ...     error = y_pred - y_true
    ...     return np.sum(error**4, axis=1), 4 * error**3
    >>> martlet.losses.NumpyLoss(quartic)(np.zeros((1, 2)), np.array([[1.0, 2.0]]))
    17.0
    >>> model = martlet.Sequential([martlet.Input((3,)), martlet.layers.Dense(2)])
    >>> model.compile("sgd", martlet.losses.NumpyLoss(quartic))
    """

    def __init__(
        self,
        function: _native.LossFunction,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
    ) -> None:
        if not callable(function):
            raise TypeError(f"NumpyLoss: expected a function, got {function!r}")
        super().__init__(name or getattr(function, "__name__", None), reduction)
        self.function = function

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        from ._serialization import serialize_keras_object

        return {**super().get_config(), "function": serialize_keras_object(self.function)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss of the arguments that `get_config` gives."""
        from ._serialization import deserialize_keras_object

        return cls(**{**config, "function": deserialize_keras_object(config["function"])})

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The values of the loss."""
        from . import _naming
        from .layers._operations import CallersLoss

        if not isinstance(y_pred, KerasTensor):
            return self._checked(y_true, y_pred)[0]
        target, prediction = (tuple(each.shape[1:]) for each in (y_true, y_pred))
        name = _naming.automatic(self.name)
        return CallersLoss(self._checked, target, prediction, name)([y_true, y_pred])

    def _checked(self, y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
        """What the function gives, if that can be."""
        made = self.function(y_true, y_pred)
        if not isinstance(made, tuple) or len(made) != 2:
            raise TypeError(
                f"loss '{self.name}' returned {type(made).__name__}, expected a tuple of the "
                "values and their gradients"
            )
        values, gradients = np.asarray(made[0]), np.asarray(made[1])
        for what, array, shape in (
            ("a value for each sample", values, y_pred.shape[:1]),
            ("gradients in the shape of y_pred", gradients, y_pred.shape),
        ):
            if array.shape != shape:
                raise ValueError(
                    f"loss '{self.name}': expected {what}, {shape}, got an array of shape "
                    f"{array.shape}"
                )
        return values, gradients


class BuiltInLoss(Loss):
    """A loss that the core knows by the name of its class."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        given = own_arguments(arguments)
        super().__init__(given.pop("name"), given.pop("reduction"), given.pop("dtype", None))
        self._arguments = given

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return {**super().get_config(), **self._arguments}

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each prediction."""
        if isinstance(y_true, KerasTensor) or isinstance(y_pred, KerasTensor):
            return self._of_symbols(y_true, y_pred)
        return self._computed(y_true, y_pred, None, "none")

    @property
    def _is_own(self) -> bool:
        return type(self).call.__module__ != __name__

    @classmethod
    def _kind(cls) -> str:
        """The core's name of the loss, for a class that is made of one of Martlet's, too."""
        return next(each.__name__ for each in cls.__mro__ if each.__module__ == __name__)

    def _encoded(self, graph: int | None = None) -> dict[str, Any]:
        return super()._encoded(graph) if self._is_own else self._described(self.reduction)

    def _described(self, reduction: str | None) -> dict[str, Any]:
        config = {**self._arguments, "reduction": reduction or "none"}
        return {"class_name": self._kind(), "config": config}

    def _of_symbols(self, y_true: Any, y_pred: Any) -> Any:
        from . import _naming
        from ._graphs import same_rank
        from .layers._operations import LossValues

        if not of_batches.get():
            raise TypeError(
                f"loss '{self.name}': symbols are compared within a loss or metric of your own, "
                "which is given to compile"
            )
        if not isinstance(y_pred, KerasTensor):
            raise TypeError(f"loss '{self.name}': y_pred must be a symbol beside y_true")
        if self._arguments.get("axis", -1) not in (-1, y_pred.ndim - 1):
            not_supported(f"{self._kind()}: axis={self._arguments['axis']!r} on symbols")
        if not isinstance(y_true, KerasTensor):
            y_true = y_pred * 0 + y_true
        if self._kind() != "SparseCategoricalCrossentropy":
            y_true, y_pred = same_rank(y_true, y_pred)
        if y_pred.ndim == 1:
            # A value for each sample is a prediction of one.
            y_true, y_pred = y_true[:, None], y_pred[:, None]
        description = self._described("none")
        description["config"].pop("axis", None)
        layer = LossValues(description, name=_naming.automatic(self.name))
        return layer([y_true, y_pred])

    def _of_arrays(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
        if self._is_own:
            return super()._of_arrays(y_true, y_pred, sample_weight)
        return self._computed(y_true, y_pred, sample_weight, self.reduction)

    def _computed(self, y_true: Any, y_pred: Any, sample_weight: Any, reduction: str | None) -> Any:
        """By the core, at once."""
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
        encoded = self._described(reduction)
        if "axis" in encoded["config"]:
            encoded["config"]["axis"] = -1  # where it is now
        count = max(pred[..., 0].size, 0 if weights is None else weights.size)
        values = _native.loss_values(encoded, np.atleast_1d(true), pred, weights, count)
        if reduction in (None, "none"):
            return values.reshape(shape if len(values) == pred[..., 0].size else -1)
        return float(values[0])

    def _arranged(self, true: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The arrays with the values of a prediction on the last axis."""
        axis = self._arguments.get("axis", -1)
        if axis == -1:
            return true, pred
        axes = _axes(self._kind(), axis, pred.ndim)
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


class SparseCategoricalCrossentropy(BuiltInLoss):
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


class CategoricalCrossentropy(BuiltInLoss):
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


class BinaryCrossentropy(BuiltInLoss):
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


class CategoricalFocalCrossentropy(BuiltInLoss):
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


class BinaryFocalCrossentropy(BuiltInLoss):
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


class Dice(BuiltInLoss):
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

    def _of_symbols(self, y_true: Any, y_pred: Any) -> Any:
        return _overlap(y_true, y_pred, self._arguments["axis"], 2, 0, 1, 1)


class Tversky(BuiltInLoss):
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

    def _of_symbols(self, y_true: Any, y_pred: Any) -> Any:
        alpha, beta = self._arguments["alpha"], self._arguments["beta"]
        return _overlap(y_true, y_pred, self._arguments["axis"], 1, 1 - alpha - beta, alpha, beta)


def _overlap(
    y_true: Any, y_pred: Any, axis: Any, scale: float, shared: float, true: float, pred: float
) -> Any:
    """1 less the share of two regions that is common, of symbols."""
    from . import ops

    common = ops.sum(y_true * y_pred, axis=axis)
    whole = true * ops.sum(y_true, axis=axis) + pred * ops.sum(y_pred, axis=axis)
    return 1 - scale * common / (shared * common + whole + 1e-7)


class MeanSquaredError(BuiltInLoss):
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


class MeanAbsoluteError(BuiltInLoss):
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


class MeanAbsolutePercentageError(BuiltInLoss):
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


class MeanSquaredLogarithmicError(BuiltInLoss):
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


class Huber(BuiltInLoss):
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


class LogCosh(BuiltInLoss):
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


class Poisson(BuiltInLoss):
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


class KLDivergence(BuiltInLoss):
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


class CosineSimilarity(BuiltInLoss):
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


class Hinge(BuiltInLoss):
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


class SquaredHinge(BuiltInLoss):
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


class CategoricalHinge(BuiltInLoss):
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


class _Crossentropy(BuiltInLoss):
    """Crossentropy whose kind the core chooses by the shapes of the first data."""

    def __init__(self) -> None:
        super().__init__({"reduction": "sum_over_batch_size", "name": "crossentropy"})

    def _encoded(self, graph: int | None = None) -> dict[str, Any]:
        return {**super()._encoded(graph), "class_name": "Crossentropy"}

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
    TypeError
        If it is none of all that.
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
        return _CLASSES[name]() if name is not None else _FunctionLoss(identifier)
    raise TypeError(
        "loss must be a name, a loss of martlet.losses or a function of y_true and y_pred, got "
        f"{type(identifier).__name__}"
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
