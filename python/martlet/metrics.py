"""Metrics: what is reported beside the loss, as names and objects.

``"accuracy"`` (or ``"acc"``) chooses among three classes by the shapes, as Keras does: one output
is binary, class numbers are sparse, else targets are one-hot. Objects can also be fed by hand:

>>> from martlet.metrics import Precision
>>> metric = Precision()
>>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 0.5])
>>> metric.result()
0.5
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import _data, _native, losses
from ._errors import not_supported, refuse
from ._naming import class_named, own_arguments, snake_case
from .layers._symbol import Arithmetic

# Functions of the losses are metrics, too.
from .losses import KLD as KLD
from .losses import MAE as MAE
from .losses import MAPE as MAPE
from .losses import MSE as MSE
from .losses import MSLE as MSLE
from .losses import binary_crossentropy as binary_crossentropy
from .losses import binary_focal_crossentropy as binary_focal_crossentropy
from .losses import categorical_crossentropy as categorical_crossentropy
from .losses import categorical_focal_crossentropy as categorical_focal_crossentropy
from .losses import categorical_hinge as categorical_hinge
from .losses import hinge as hinge
from .losses import huber as huber
from .losses import kl_divergence as kl_divergence
from .losses import kld as kld
from .losses import log_cosh as log_cosh
from .losses import mae as mae
from .losses import mape as mape
from .losses import mean_absolute_error as mean_absolute_error
from .losses import mean_absolute_percentage_error as mean_absolute_percentage_error
from .losses import mean_squared_error as mean_squared_error
from .losses import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from .losses import mse as mse
from .losses import msle as msle
from .losses import poisson as poisson
from .losses import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from .losses import squared_hinge as squared_hinge

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._graphs import Graph, Shape


class Metric:
    """What all metrics have in common, and what a metric of one's own is made of.

    A metric of your own keeps numbers made by `add_variable`, adds to them in `update_state` and
    says in `result` what they come to. It is Python and NumPy, called after each batch with arrays,
    and so slower than those of the core. Where a mean over samples is meant, a function
    ``f(y_true, y_pred)`` of :mod:`martlet.ops` is simpler and as fast as those are.

    Parameters
    ----------
    dtype
        Not supported yet: numbers are float32.
    name
        The key of its value in logs; made of the class name when None.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet import metrics
    >>> class Share(metrics.Metric):
    ...     def __init__(self, name="share", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.hits = self.add_weight(name="hits")
    ...         self.count = self.add_weight(name="count")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.hits.assign_add(np.sum(y_pred > 0.5))
    ...         self.count.assign_add(y_pred.size)
    ...     def result(self):
    ...         return self.hits / self.count
    >>> float(Share()(np.zeros(4), np.array([0.2, 0.7, 0.1, 0.0])))
    0.25
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        kind = type(self).__name__
        refuse(kind, dtype=None if dtype == "float32" else dtype)
        self.name = name or snake_case(kind)

    # ---- For classes of one's own --------------------------------------------------------------

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str | None = None,
        name: str | None = None,
    ) -> State:
        """A number, or an array of them, that `update_state` adds to.

        Parameters
        ----------
        shape
            () for a single number.
        initializer
            ``"zeros"``, the same as None, or ``"ones"``. `reset_state` makes it zeros.
        dtype, aggregation
            Accepted; numbers are float32.
        name
            ``"variable"`` and a number when None.
        """
        if initializer not in (None, "zeros", "ones"):
            not_supported(f"{type(self).__name__}: initializer={initializer!r} of a variable")
        states = self.__dict__.setdefault("_states", [])
        fill = 1.0 if initializer == "ones" else 0.0
        state = State(name or f"variable_{len(states)}", np.full(shape, fill, np.float32))
        states.append(state)
        return state

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> State:
        """The same as `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[State]:
        """What `add_variable` gave."""
        return list(self.__dict__.get("_states", []))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts samples.

        Parameters
        ----------
        y_true
            Targets.
        y_pred
            Predictions; the first axis counts samples.
        sample_weight
            What each sample counts; None for 1.
        """
        raise NotImplementedError(f"{type(self).__name__} does not count: define update_state")

    def result(self) -> Any:
        """The value of all samples since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} has no value: define result")

    def reset_state(self) -> None:
        """Forgets all samples: makes all variables zeros."""
        for state in self.variables:
            state.assign(0.0)
        for each in vars(self).values():
            if isinstance(each, Metric):
                each.reset_state()

    def get_config(self) -> dict[str, Any]:
        """The arguments by name. A class of your own adds its own."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric of the arguments that `get_config` gives."""
        return cls(**config)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Counts samples and gives the value since the last reset."""
        self.update_state(*args, **kwargs)
        return self.result()

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{key}={value!r}" for key, value in self.get_config().items() if value is not None
        )
        return f"{type(self).__name__}({shown})"

    # ---- For the core --------------------------------------------------------------------------

    @property
    def _is_own(self) -> bool:
        """Whether Python counts."""
        return True

    def _encoded(self, graph: Graph | None = None, index: int | None = None) -> dict[str, Any]:
        return {"class_name": "Callers", "name": self.name}

    def _report(self, value: Any) -> None:
        """Takes over what a pass over the data has counted."""


class State(Arithmetic):
    """A number of a metric of one's own, or an array of them.

    Attributes
    ----------
    name : str
    value : numpy.ndarray
    """

    dtype = "float32"

    def __init__(self, name: str, value: np.ndarray) -> None:
        self.name, self.value = name, value

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.value.shape

    def numpy(self) -> np.ndarray:
        """A copy of the values."""
        return self.value.copy()

    def assign(self, value: Any) -> None:
        """Sets the values; one number for all of them, too."""
        given = np.asarray(value, np.float32)
        if given.shape not in ((), self.shape):
            raise ValueError(f"'{self.name}': expected shape {self.shape}, received {given.shape}")
        self.value = np.broadcast_to(given, self.shape).copy()

    def assign_add(self, value: Any) -> None:
        """Adds to the values."""
        self.assign(self.value + np.asarray(value, np.float32))

    def assign_sub(self, value: Any) -> None:
        """Subtracts from the values."""
        self.assign(self.value - np.asarray(value, np.float32))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.value if dtype is None else self.value.astype(dtype)

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        return f"<State {self.name}, shape={self.shape}>"


class MeanMetricWrapper(Metric):
    """The mean of what a function makes of targets and predictions.

    What `compile` makes of a function among its metrics. The function is written with operators and
    :mod:`martlet.ops`; in training it is run once for the shapes of the data, on symbols, and
    computed by the core from then on.

    Parameters
    ----------
    fn
        Of `y_true` and `y_pred`: a value for each sample, or more, or one for the batch.
    name
        The key in logs; the name of the function when None.
    dtype
        Not supported yet.
    **kwargs
        Further arguments of the function.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet import metrics, ops
    >>> def distance(y_true, y_pred):
    ...     return ops.abs(y_true - y_pred)
    >>> metrics.MeanMetricWrapper(distance)(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(dtype, name or getattr(fn, "__name__", snake_case(type(fn).__name__)))
        self._fn, self._more = fn, kwargs
        self._reported: Any = None
        self.total, self.count = self.add_variable(), self.add_variable()

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        from ._serialization import serialize_keras_object

        return {**super().get_config(), "fn": serialize_keras_object(self._fn), **self._more}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric of the arguments that `get_config` gives."""
        from ._serialization import deserialize_keras_object

        fn = deserialize_keras_object(config["fn"])
        if isinstance(fn, str):
            fn = getattr(losses, fn)
        return cls(**{**config, "fn": fn})

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts samples, as :meth:`Metric.update_state`."""
        from ._graphs import per_sample

        if self._reported is not None:
            self.reset_state()
        pred = _data.has_samples(_data.as_array(y_pred, "y_pred"), "y_pred")
        values = per_sample(
            self._fn(_data.as_array(y_true, "y_true"), pred, **self._more), len(pred)
        )
        weights = np.ones(len(values))
        if sample_weight is not None:
            weights = np.broadcast_to(
                _data.as_array(sample_weight, "sample_weight").reshape(-1), values.shape
            )
        self.total.assign_add(np.sum(values * weights))
        self.count.assign_add(np.sum(weights))

    def result(self) -> Any:
        """The mean of all samples since the last reset."""
        if self._reported is not None:
            return self._reported
        return float(self.total / self.count) if float(self.count) else 0.0

    def reset_state(self) -> None:
        """Forgets all samples."""
        self._reported = None
        super().reset_state()

    @property
    def _is_own(self) -> bool:
        return _counts_by_itself(type(self))

    def _graph(self, target: Shape, prediction: Shape) -> Graph:
        """What the function makes of targets and predictions of these shapes of a sample."""
        from ._graphs import Graph

        def function(y_true: Any, y_pred: Any) -> Any:
            return self._fn(y_true, y_pred, **self._more)

        return Graph(function, f"metric '{self.name}'", target, prediction)

    def _encoded(self, graph: Graph | None = None, index: int | None = None) -> dict[str, Any]:
        if self._is_own:
            return super()._encoded()
        config = {"graph": index, "of_batch": graph is not None and graph.of_batch}
        return {"class_name": "Graph", "name": self.name, "config": config}

    def _report(self, value: Any) -> None:
        if not self._is_own:
            self._reported = value


def _counts_by_itself(kind: type[Metric]) -> bool:
    """Whether a class made of one of those here says itself how to count."""
    return any(each.__module__ != __name__ for each in (kind.update_state, kind.result))


class BuiltInMetric(Metric):
    """A metric that the core knows by the name of its class."""

    #: What the core calls it, where that is not its name here.
    _core_name = ""

    def __init__(self, arguments: dict[str, Any]) -> None:
        kind = type(self).__name__
        given = {name: _listed(each) for name, each in own_arguments(arguments).items()}
        refuse(kind, dtype=given.pop("dtype", None))
        super().__init__(name=given.pop("name"))
        self._arguments = given
        self._handle: _native.Handle | None = None
        self._reported: Any = None

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return {"name": self.name, **self._arguments}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts samples.

        Parameters
        ----------
        y_true
            Targets.
        y_pred
            Predictions; the first axis counts samples.
        sample_weight
            What each sample counts; None for 1.

        Raises
        ------
        ValueError
            If the shapes do not go together.
        """
        self._update(_data.as_array(y_true, "y_true"), y_pred, sample_weight)

    def _update(self, true: np.ndarray | None, y_pred: Any, sample_weight: Any) -> None:
        pred = _data.has_samples(np.atleast_1d(_data.as_array(y_pred, "y_pred")), "y_pred")
        weights = None
        if sample_weight is not None:
            weights = _data.as_array(sample_weight, "sample_weight")
            if weights.ndim == 0:
                weights = np.broadcast_to(weights, (len(pred),))
        true = None if true is None else np.atleast_1d(true)
        if self._reported is not None:
            self.reset_state()
        _native.metric_update(self._counts(), true, pred, weights)

    def result(self) -> Any:
        """The value of all samples since the last reset.

        After ``fit`` or ``evaluate`` of a model that was compiled with the metric it is the value
        of the last pass over the data.

        Returns
        -------
        float or numpy.ndarray
            An array for metrics with a value per class or threshold.
        """
        if self._reported is not None:
            return self._reported
        return _native.metric_result(self._counts())

    def reset_state(self) -> None:
        """Forgets all samples."""
        self._reported = None
        if self._handle is not None:
            _native.metric_reset(self._handle)

    def _counts(self) -> _native.Handle:
        if self._handle is None:
            self._handle = _native.metric_create(self._described())
        return self._handle

    def _encoded(self, graph: Graph | None = None, index: int | None = None) -> dict[str, Any]:
        return super()._encoded() if self._is_own else self._described()

    def _described(self) -> dict[str, Any]:
        encoded: dict[str, Any] = {"class_name": self._core_name or self._kind(), "name": self.name}
        return {**encoded, "config": self._arguments} if self._arguments else encoded

    @property
    def _is_own(self) -> bool:
        return _counts_by_itself(type(self))

    @classmethod
    def _kind(cls) -> str:
        """The core's name of the metric, for a class that is made of one of Martlet's, too."""
        return next(each.__name__ for each in cls.__mro__ if each.__module__ == __name__)

    def _report(self, value: Any) -> None:
        """Takes over what a pass over the data has counted."""
        if not self._is_own:
            self._reported = value


def _listed(value: Any) -> Any:
    """A tuple or array as a list."""
    return list(value) if isinstance(value, list | tuple | np.ndarray) else value


class Accuracy(BuiltInMetric):
    """Share of values equal to the target. The name ``"accuracy"`` means other classes.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    _core_name = "ExactAccuracy"

    def __init__(
        self,
        name: str | None = "accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class BinaryAccuracy(BuiltInMetric):
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
        self,
        name: str | None = "binary_accuracy",
        dtype: Any = None,
        threshold: float = 0.5,
    ) -> None:
        super().__init__(locals())


class CategoricalAccuracy(BuiltInMetric):
    """Share of samples whose largest output is at the largest target, for one-hot targets.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class SparseCategoricalAccuracy(BuiltInMetric):
    """Share of samples whose largest output is at the label, for class numbers.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class TopKCategoricalAccuracy(BuiltInMetric):
    """Share of samples whose class is among the k largest outputs, for one-hot targets.

    Parameters
    ----------
    k
        How many of the largest outputs count.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "top_k_categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class SparseTopKCategoricalAccuracy(BuiltInMetric):
    """Share of samples whose class is among the k largest outputs, for class numbers.

    Parameters
    ----------
    k
        How many of the largest outputs count.
    name
        The key in logs.
    dtype
        Not supported yet.
    from_sorted_ids
        Other values than False are not supported yet.
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        refuse(type(self).__name__, from_sorted_ids=from_sorted_ids or None)
        super().__init__({"k": k, "name": name, "dtype": dtype})


class TruePositives(BuiltInMetric):
    """Number of ones found. A target other than 0 is a one.

    Parameters
    ----------
    thresholds
        What a prediction must exceed to be positive, a number or several; None for 0.5.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = "true_positives",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class FalsePositives(BuiltInMetric):
    """Number of zeros taken for ones.

    Parameters
    ----------
    thresholds
        What a prediction must exceed to be positive, a number or several; None for 0.5.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = "false_positives",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class TrueNegatives(BuiltInMetric):
    """Number of zeros found.

    Parameters
    ----------
    thresholds
        What a prediction must exceed to be positive, a number or several; None for 0.5.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = "true_negatives",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class FalseNegatives(BuiltInMetric):
    """Number of ones taken for zeros.

    Parameters
    ----------
    thresholds
        What a prediction must exceed to be positive, a number or several; None for 0.5.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = "false_negatives",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class Precision(BuiltInMetric):
    """Share of what was taken for ones that are ones: ``tp / (tp + fp)``, 0 where there are none.

    Parameters
    ----------
    thresholds
        What a prediction must exceed to be positive, a number or several; None for 0.5.
    top_k
        How many of the greatest values of a row can be positive; None for all.
    class_id
        The only column of predictions that counts; None for all.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = "precision",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class Recall(BuiltInMetric):
    """Share of the ones that were found: ``tp / (tp + fn)``, 0 where there are none.

    Parameters
    ----------
    thresholds
        What a prediction must exceed to be positive, a number or several; None for 0.5.
    top_k
        How many of the greatest values of a row can be positive; None for all.
    class_id
        The only column of predictions that counts; None for all.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = "recall",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class PrecisionAtRecall(BuiltInMetric):
    """The best precision at a threshold whose recall is at least so much.

    Parameters
    ----------
    recall
        How much, from 0 to 1.
    num_thresholds
        Between how many thresholds to choose, evenly spread.
    class_id
        The only column of predictions that counts; None for all.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = "precision_at_recall",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class RecallAtPrecision(BuiltInMetric):
    """The best recall at a threshold whose precision is at least so much.

    Parameters
    ----------
    precision
        How much, from 0 to 1.
    num_thresholds
        Between how many thresholds to choose, evenly spread.
    class_id
        The only column of predictions that counts; None for all.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = "recall_at_precision",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class SensitivityAtSpecificity(BuiltInMetric):
    """The best share of ones found where at least so many of the zeros are found.

    Parameters
    ----------
    specificity
        How many, from 0 to 1.
    num_thresholds
        Between how many thresholds to choose, evenly spread.
    class_id
        The only column of predictions that counts; None for all.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = "sensitivity_at_specificity",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class SpecificityAtSensitivity(BuiltInMetric):
    """The best share of zeros found where at least so many of the ones are found.

    Parameters
    ----------
    sensitivity
        How many, from 0 to 1.
    num_thresholds
        Between how many thresholds to choose, evenly spread.
    class_id
        The only column of predictions that counts; None for all.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = "specificity_at_sensitivity",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class AUC(BuiltInMetric):
    """The area under the curve that moving the threshold draws.

    Parameters
    ----------
    num_thresholds
        How many thresholds, evenly spread from just below 0 to just above 1.
    curve
        ``"ROC"``: recall over false positive rate, ``"PR"``: precision over recall, or
        ``"PRGAIN"``.
    summation_method
        ``"interpolation"``, ``"minoring"`` or ``"majoring"``: how heights between thresholds are
        taken.
    name
        The key in logs.
    dtype
        Not supported yet.
    thresholds
        Thresholds between 0 and 1 in place of evenly spread ones.
    multi_label
        Whether each column has an area of its own, and the result is their mean.
    num_labels
        Accepted; predictions tell.
    label_weights
        What each column counts.
    from_logits
        Whether predictions are what would go into a sigmoid.

    Examples
    --------
    >>> from martlet.metrics import AUC
    >>> AUC()([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = "auc",
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(locals())


class FBetaScore(BuiltInMetric):
    """The harmonic mean of precision and recall, the latter counted `beta` squared times.

    Parameters
    ----------
    average
        None for a value per class, or ``"micro"``, ``"macro"`` or ``"weighted"``.
    beta
        What recall counts compared with precision.
    threshold
        What is positive; None for the largest output of each sample.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class F1Score(BuiltInMetric):
    """The harmonic mean of precision and recall.

    Parameters
    ----------
    average
        None for a value per class, or ``"micro"``, ``"macro"`` or ``"weighted"``.
    threshold
        What is positive; None for the largest output of each sample.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class IoU(BuiltInMetric):
    """Intersection by union of the samples of some classes; the mean over them.

    Parameters
    ----------
    num_classes
        How many classes there are.
    target_class_ids
        The classes whose mean it is.
    name
        The key in logs.
    dtype
        Not supported yet.
    ignore_class
        A label that counts nowhere.
    sparse_y_true
        Whether targets are class numbers; else one-hot.
    sparse_y_pred
        Whether predictions are class numbers; else values for each class.
    axis
        Where the classes are; other values than -1 are not supported yet.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = "io_u",
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(locals())


class MeanIoU(BuiltInMetric):
    """Intersection by union of the samples of each class; the mean over the classes.

    A class that is neither in targets nor in predictions does not count. Weights are cut to whole
    numbers, as in Keras. For a model with a value for each class say ``sparse_y_pred=False``.

    Parameters
    ----------
    num_classes
        How many classes there are.
    name
        The key in logs.
    dtype
        Not supported yet.
    ignore_class
        A label that counts nowhere.
    sparse_y_true
        Whether targets are class numbers; else one-hot.
    sparse_y_pred
        Whether predictions are class numbers; else values for each class.
    axis
        Where the classes are; other values than -1 are not supported yet.

    Examples
    --------
    >>> from martlet.metrics import MeanIoU
    >>> round(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1]), 4)
    0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = "mean_io_u",
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(locals())


class OneHotIoU(BuiltInMetric):
    """As `IoU`, for one-hot targets.

    Parameters
    ----------
    num_classes
        How many classes there are.
    target_class_ids
        The classes whose mean it is.
    name
        The key in logs.
    dtype
        Not supported yet.
    ignore_class
        A label that counts nowhere.
    sparse_y_pred
        Whether predictions are class numbers; else values for each class.
    axis
        Where the classes are; other values than -1 are not supported yet.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = "one_hot_io_u",
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(locals())


class OneHotMeanIoU(BuiltInMetric):
    """As `MeanIoU`, for one-hot targets.

    Parameters
    ----------
    num_classes
        How many classes there are.
    name
        The key in logs.
    dtype
        Not supported yet.
    ignore_class
        A label that counts nowhere.
    sparse_y_pred
        Whether predictions are class numbers; else values for each class.
    axis
        Where the classes are; other values than -1 are not supported yet.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = "one_hot_mean_io_u",
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(locals())


class BinaryIoU(BuiltInMetric):
    """Intersection by union of zeros and ones; the mean over the two.

    Parameters
    ----------
    target_class_ids
        The classes whose mean it is.
    threshold
        From where on a prediction is a one.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = "binary_io_u",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class RootMeanSquaredError(BuiltInMetric):
    """``sqrt(mean((y - p) ** 2))`` over all samples.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "root_mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class R2Score(BuiltInMetric):
    """The share of the targets' variance that predictions explain.

    Parameters
    ----------
    class_aggregation
        ``"uniform_average"`` or ``"variance_weighted_average"`` over the columns; None for a value
        each.
    num_regressors
        Independent variables, for the adjusted score; 0 for the plain one.
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class MeanSquaredError(BuiltInMetric):
    """``mean((y - p) ** 2)``.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class MeanAbsoluteError(BuiltInMetric):
    """``mean(abs(y - p))``.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class MeanAbsolutePercentageError(BuiltInMetric):
    """``100 * mean(abs((y - p) / y))``, y taken as 1e-7 at least.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class MeanSquaredLogarithmicError(BuiltInMetric):
    """``mean((log(1 + y) - log(1 + p)) ** 2)``.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class LogCoshError(BuiltInMetric):
    """``mean(log(cosh(y - p)))``.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "logcosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class CosineSimilarity(BuiltInMetric):
    """The cosine of the angle between ``y`` and ``p``: 1 where they point the same way.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    axis
        Where the classes are; other values than -1 are not supported yet.
    """

    def __init__(
        self,
        name: str | None = "cosine_similarity",
        dtype: Any = None,
        axis: int = -1,
    ) -> None:
        super().__init__(locals())


class KLDivergence(BuiltInMetric):
    """``sum(y * log(y / p))``, for distributions.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class Poisson(BuiltInMetric):
    """``mean(p - y * log(p))``.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class Hinge(BuiltInMetric):
    """``mean(max(0, 1 - y * p))``, for targets of -1 and 1; 0 stands for -1.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class SquaredHinge(BuiltInMetric):
    """``mean(max(0, 1 - y * p) ** 2)``, for targets of -1 and 1; 0 stands for -1.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class CategoricalHinge(BuiltInMetric):
    """``max(0, 1 - sum(y * p) + max((1 - y) * p))``, for one-hot targets.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(
        self,
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(locals())


class BinaryCrossentropy(BuiltInMetric):
    """The loss of the same name, as a metric of probabilities as they are.

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
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(locals())


class CategoricalCrossentropy(BuiltInMetric):
    """The loss of the same name, as a metric of probabilities as they are.

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
        Where the classes are; other values than -1 are not supported yet.
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(locals())


class SparseCategoricalCrossentropy(BuiltInMetric):
    """The loss of the same name, as a metric of probabilities as they are.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    from_logits
        Whether predictions are what would go into a softmax.
    ignore_class
        A label that counts nowhere.
    axis
        Where the classes are; other values than -1 are not supported yet.
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(locals())


# ---- Values without targets ------------------------------------------------------------------


class Mean(BuiltInMetric):
    """The mean of values, by hand.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.

    Examples
    --------
    >>> from martlet.metrics import Mean
    >>> Mean()([1, 2, 6])
    3.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(locals())

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Counts values, those of a sample as one.

        Parameters
        ----------
        values
            The first axis counts samples.
        sample_weight
            What each sample counts; None for 1.
        """
        self._update(None, values, sample_weight)


class Sum(Mean):
    """The sum of values, by hand.

    Parameters
    ----------
    name
        The key in logs.
    dtype
        Not supported yet.
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)


# ---- The confusion matrix --------------------------------------------------------------------


class ConfusionMatrix(BuiltInMetric):
    """How often each class, a row, was taken for each other one, a column.

    Targets are class numbers or one-hot, as the loss has them; predictions are values for each
    class, a single value (above one half is class 1), or class numbers. ``print`` shows the matrix
    as a table. Keras has no such metric.

    Parameters
    ----------
    num_classes
        How many classes there are; None for as many as predictions have values.
    class_names
        What to call the classes in text and picture; None for their numbers.
    name
        The key in logs.
    dtype
        Not supported yet.

    Examples
    --------
    >>> from martlet.metrics import ConfusionMatrix
    >>> matrix = ConfusionMatrix(3, class_names=["cat", "dog", "owl"])
    >>> matrix.update_state([0, 1, 1, 2, 2], [0, 1, 0, 2, 2])
    >>> print(matrix)
         predicted
    true   cat dog owl
     cat     1   0   0
     dog     1   1   0
     owl     0   0   2
    """

    def __init__(
        self,
        num_classes: int | None = None,
        class_names: Sequence[str] | None = None,
        name: str | None = "confusion_matrix",
        dtype: Any = None,
    ) -> None:
        if class_names is not None:
            class_names = [str(each) for each in class_names]
            if num_classes is not None and len(class_names) != num_classes:
                raise ValueError(
                    f"ConfusionMatrix: {len(class_names)} class_names for num_classes={num_classes}"
                )
            num_classes = len(class_names)
        super().__init__({"num_classes": num_classes, "name": name, "dtype": dtype})
        self.class_names = class_names

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return {**super().get_config(), "class_names": self.class_names}

    def result(self) -> np.ndarray:
        """The matrix: whole numbers, or float64 where samples have weights that are not whole."""
        counts = np.asarray(super().result())
        whole = counts.astype(np.int64)
        return whole if (whole == counts).all() else counts

    def plot(self, ax: Axes | None = None, cmap: str = "Blues") -> Axes:
        """Draws the matrix, as :func:`martlet.viz.confusion_matrix` does.

        Parameters
        ----------
        ax
            Where to draw; None for a new figure.
        cmap
            Colours, by matplotlib's names.

        Returns
        -------
        matplotlib.axes.Axes
            What was drawn on.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If nothing has been counted.
        """
        from .viz._data import confusion_panel, draw_confusion

        counts, names = self.result(), self._names()
        if ax is None:
            _, ax = confusion_panel(len(names))
        draw_confusion(ax, counts, names, cmap)
        return ax

    def _names(self) -> list[str]:
        return self.class_names or [str(each) for each in range(len(self.result()))]

    def __str__(self) -> str:
        names = self._names()
        cells = [[_count(each) for each in row] for row in self.result()]
        left = max(len(each) for each in ["true", *names])
        width = max(len(each) for row in [names, *cells] for each in row)
        lines = [f"{'':{left}} predicted", f"{'true':<{left}} " + _cells(names, width)]
        lines += [
            f"{name:>{left}} " + _cells(row, width) for name, row in zip(names, cells, strict=True)
        ]
        return "\n".join(line.rstrip() for line in lines)


def _cells(texts: list[str], width: int) -> str:
    return " " + "".join(f" {each:>{width}}" for each in texts)


def _count(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


# ---- By name ---------------------------------------------------------------------------------


class _Accuracy(BuiltInMetric):
    """Accuracy whose kind the core chooses by the shapes."""

    _core_name = "Accuracy"

    def __init__(self, name: str) -> None:
        super().__init__(locals())


class _MeanOf(BuiltInMetric):
    """The mean of a function of the losses that has no class here."""

    def __init__(self, function: str) -> None:
        super().__init__({"name": function})
        self._core_name = function


_CLASSES: dict[str, Callable[..., Metric]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "true_positives": TruePositives,
    "false_positives": FalsePositives,
    "true_negatives": TrueNegatives,
    "false_negatives": FalseNegatives,
    "precision": Precision,
    "recall": Recall,
    "precision_at_recall": PrecisionAtRecall,
    "recall_at_precision": RecallAtPrecision,
    "sensitivity_at_specificity": SensitivityAtSpecificity,
    "specificity_at_sensitivity": SpecificityAtSensitivity,
    "auc": AUC,
    "fbeta_score": FBetaScore,
    "f1_score": F1Score,
    "io_u": IoU,
    "mean_io_u": MeanIoU,
    "one_hot_io_u": OneHotIoU,
    "one_hot_mean_io_u": OneHotMeanIoU,
    "binary_io_u": BinaryIoU,
    "root_mean_squared_error": RootMeanSquaredError,
    "r2_score": R2Score,
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "log_cosh_error": LogCoshError,
    "cosine_similarity": CosineSimilarity,
    "kl_divergence": KLDivergence,
    "poisson": Poisson,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "categorical_hinge": CategoricalHinge,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "mean": Mean,
    "sum": Sum,
    "confusion_matrix": ConfusionMatrix,
}
_SHORT = {
    "f_beta_score": "fbeta_score",
    "bce": "binary_crossentropy",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}


def get(identifier: str | dict[str, Any] | Metric | Callable[..., Any]) -> Metric:
    """The metric of a name, function or description; objects are handed back.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    TypeError
        If it is none of all that.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return cast(Callable[[], Metric], identifier)()
    if isinstance(identifier, dict) and isinstance(identifier.get("class_name"), str):
        return _class(identifier["class_name"])(**(identifier.get("config") or {}))
    if isinstance(identifier, str):
        if identifier.lower() in ("accuracy", "acc"):
            return _Accuracy(identifier)
        make = _class(identifier)
        try:
            return make(name=identifier)
        except TypeError as error:
            raise ValueError(
                f"metric {identifier!r} needs arguments: give an object, such as "
                f"{getattr(make, '__name__', identifier)}(...): {error}"
            ) from None
    if callable(identifier):
        name = losses.function_name(identifier)
        if name == "cosine_similarity":
            raise ValueError(
                "metrics: losses.cosine_similarity is the negative of the cosine; for the cosine "
                "itself say metrics.CosineSimilarity() or 'cosine_similarity'"
            )
        if name is not None:
            return _CLASSES[name](name=name) if name in _CLASSES else _MeanOf(name)
        return MeanMetricWrapper(identifier)
    raise TypeError(
        "metrics must be names, metrics of martlet.metrics or functions of y_true and y_pred, got "
        f"{type(identifier).__name__}"
    )


def _class(name: str) -> Callable[..., Metric]:
    if name == "Accuracy":
        return Accuracy
    return class_named("metric", name, _CLASSES, _SHORT, ("accuracy", "acc"))
