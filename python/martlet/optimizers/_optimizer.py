"""What all optimizers have in common."""

from __future__ import annotations

import math
import warnings
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _data, _native
from .._errors import not_supported, refuse
from .._naming import own_arguments
from ..layers._weight import Variable
from ._arrays import TrainedArrays
from ._variable import OptimizerVariable, Rate
from .schedules import LearningRateSchedule, _Described, deserialize, serialize

if TYPE_CHECKING:
    from .._training import Trainer

# What Keras's configurations begin with, in this order.
_COMMON = (
    "name",
    "learning_rate",
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


class Optimizer:
    """What all optimizers have in common.

    Every optimizer takes these arguments besides its own:

    Parameters
    ----------
    learning_rate
        The size of a step: a number from 0 up, a schedule of
        :mod:`martlet.optimizers.schedules`, or a function without arguments, which is asked before
        each step.
    weight_decay
        Part of each weight, times the learning rate, that a step takes off before its update.
    clipnorm
        The gradient of a weight is scaled down to this length where it is longer.
    clipvalue
        Elements of gradients are kept within plus and minus this.
    global_clipnorm
        All gradients are scaled down together where their common length is beyond this. Only one of
        the three may be given.
    use_ema
        Whether running averages of the weights are kept; they replace the weights when `fit` ends.
    ema_momentum
        Share of an average, from 0 to 1, that stays in each step.
    ema_overwrite_frequency
        After how many steps, each time, the averages replace the weights as well; None for never.
    loss_scale_factor, gradient_accumulation_steps
        Not supported yet.
    name
        For configurations and the paths of `variables`.

    Attributes
    ----------
    learning_rate : float
        The rate of the next step, with `numpy` and `assign` as Keras's variable has them. A number
        may be set at any time, and so may a schedule; a schedule gives way to another schedule
        only.
    iterations : int
        Steps taken since `compile`.
    """

    def __init__(self, arguments: dict[str, Any] | None = None, **own: Any) -> None:
        kind = type(self).__name__
        if arguments is None:
            not_supported(f"{kind}: an update rule of your own")
        given = own_arguments(arguments)
        _refuse_unknown(kind, given.pop("kwargs"))
        refuse(
            kind,
            loss_scale_factor=given["loss_scale_factor"],
            gradient_accumulation_steps=given["gradient_accumulation_steps"],
        )
        name = given.pop("name")
        self.name: str = name if name is not None else kind.lower()
        self._rate = _rate(kind, given.pop("learning_rate"))
        self._arguments = given
        self._model: weakref.ref[Trainer] | None = None
        self._arrays: TrainedArrays | None = None
        self._asked: list[Any] = []
        _native.check_optimizer(self._encoded())

    def __getattr__(self, name: str) -> Any:
        # Arguments are attributes, as in Keras.
        arguments = vars(self).get("_arguments", {})
        if name in arguments:
            return arguments[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # ---- The model --------------------------------------------------------------------------

    def _attach(self, model: Trainer) -> None:
        self._model = weakref.ref(model)
        self._arrays = None

    def _compiled(self, handle: _native.Handle) -> None:
        """Called when the core has made this optimizer's state for a model."""
        if self._is_own(self._rate):
            self._ask(handle)

    def _compiled_handle(self) -> _native.Handle | None:
        if self._arrays is not None:
            return self._arrays.handle
        model = self._model() if self._model else None
        return model._compiled_handle() if model else None

    # ---- Learning rate ----------------------------------------------------------------------

    @property
    def learning_rate(self) -> Rate:
        """The rate of the next step."""
        handle = self._compiled_handle()
        if callable(self._rate):
            rate = _told(self, self.iterations)
        elif handle is not None:
            rate = _native.optimizer_value(handle, "learning_rate")
        else:
            rate = self._rate
        return Rate(rate, self)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        kind = type(self).__name__
        rate = _rate(kind, value)
        if not callable(rate) and callable(self._rate):
            raise TypeError(
                f"{kind}: learning_rate follows {self._rate!r}, so it cannot be set to a number; "
                "set it to another schedule, or compile with a number"
            )
        self._rate = rate
        handle = self._compiled_handle()
        if handle is None:
            return
        if self._is_own(rate):
            self._ask(handle)
        elif isinstance(rate, _Described):
            _native.set_learning_rate_schedule(handle, rate._description())
        else:
            _native.set_optimizer_value(handle, "learning_rate", rate)

    @staticmethod
    def _is_own(rate: Any) -> bool:
        """Whether Python has to be asked for each step's rate."""
        return callable(rate) and type(rate).__call__ is not _Described.__call__

    def _ask(self, handle: _native.Handle) -> None:
        itself = weakref.ref(self)
        # The core holds no more than an address, and an earlier model may go on using it.
        self._asked.append(
            _native.set_learning_rate_function(handle, lambda steps: _told(itself(), steps))
        )

    # ---- State ------------------------------------------------------------------------------

    @property
    def iterations(self) -> int:
        """Steps taken since the model was compiled."""
        handle = self._compiled_handle()
        return int(_native.optimizer_value(handle, "iterations")) if handle is not None else 0

    @property
    def variables(self) -> list[OptimizerVariable]:
        """The state in Keras's order, from `compile` on: steps, rate, what is kept of each weight.

        Empty before that. Without the rate where it follows a schedule.
        """
        handle = self._compiled_handle()
        if handle is None:
            return []
        infos = _native.optimizer_weight_infos(handle)
        shown = infos if self._arrays is None else self._arrays.renamed(infos)
        return [
            OptimizerVariable(handle, index, infos[index], shown[index], self.name)
            for index in self._keras_order(infos)
        ]

    def _keras_order(self, infos: list[_native.WeightInfo]) -> list[int]:
        """Places of the parts of the state in Keras's order, that of the weights in Python:
        with layers of one's own the core has another one.
        """
        model: Any = self._model() if self._model and self._arrays is None else None
        in_core = list(range(len(infos)))
        if model is None or not model._has_own_layers():
            return in_core
        prefixes = [
            f"{_native.layer_name(each._owner._handle)}_{each.name}_"
            for each in model.trainable_weights
        ]
        # By the weight and what is kept of it.
        parts: dict[tuple[str, str], int] = {}
        for index, info in enumerate(infos):
            prefix = next((each for each in prefixes if info.name.startswith(each)), None)
            if info.layer and prefix is not None:
                parts[prefix, info.name[len(prefix) :]] = index
        weights = list(dict.fromkeys(prefix for prefix, _ in parts))
        if sorted(weights) != sorted(prefixes):
            return in_core  # names that do not tell the weights apart
        placed = dict(zip(weights, prefixes, strict=True))
        moved = {index: parts[placed[prefix], part] for (prefix, part), index in parts.items()}
        return [moved.get(index, index) for index in in_core]

    def build(self, variables: Sequence[np.ndarray]) -> None:
        """Makes the state for arrays that `apply` will train; models make theirs when compiled.

        Parameters
        ----------
        variables
            float32 arrays.
        """
        if self._arrays is None and not all(isinstance(each, Variable) for each in variables):
            arrays = TrainedArrays(variables, self._encoded())
            self._arrays = arrays
            self._compiled(arrays.handle)

    def finalize_variable_values(self, var_list: Any = None) -> None:
        """Puts the running averages in the place of the weights, if there are any.

        `fit` does so when it ends.

        Parameters
        ----------
        var_list
            Accepted as in Keras; it is always all trained weights.
        """
        handle = self._compiled_handle()
        if handle is not None and self.use_ema:
            _native.finalize_weights(handle)
            if self._arrays is not None:
                self._arrays.fetch()

    # ---- Steps ------------------------------------------------------------------------------

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Any] | None = None) -> None:
        """One step with gradients that you have worked out.

        Parameters
        ----------
        grads
            One array for each variable, of its shape.
        trainable_variables
            float32 arrays, which are changed in place: the same ones each time, as the optimizer
            remembers the steps of each. Or all the trainable weights of the model that was compiled
            with this optimizer. None for those of the last call.

        Raises
        ------
        ValueError
            If gradients and variables do not fit each other, or are not those of the last call.
            Nothing has changed then.
        TypeError
            If a variable is not a float32 array.

        Examples
        --------
        >>> import numpy as np
        >>> from martlet.optimizers import SGD
        >>> point = np.array([1.0, -2.0], np.float32)
        >>> optimizer = SGD(0.25)
        >>> for _ in range(2):
        ...     optimizer.apply([2 * point], [point])  # down the slope of x² + y²
        >>> point
        array([ 0.25, -0.5 ], dtype=float32)
        """
        kind = type(self).__name__
        gradients = [_data.as_array(each, f"grads[{i}]") for i, each in enumerate(grads)]
        if not gradients:
            return
        if trainable_variables is not None:
            variables = list(trainable_variables)
            if len(gradients) != len(variables):
                raise ValueError(
                    f"{kind}.apply: got {len(gradients)} gradients for {len(variables)} variables"
                )
            self._check_known(variables)
        handle = self._compiled_handle()
        if handle is None:
            raise ValueError(
                f"{kind}.apply needs variables: give float32 arrays as trainable_variables, or "
                "compile a model with this optimizer"
            )
        if self._arrays is not None:
            self._arrays.apply(gradients)
        else:
            _native.apply_gradients(handle, gradients)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> int:
        """The same for pairs of a gradient and a variable.

        Parameters
        ----------
        grads_and_vars
            Such as ``zip(grads, variables)``.

        Returns
        -------
        int
            `iterations`.
        """
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self.iterations

    def _check_known(self, variables: list[Any]) -> None:
        """Makes the state for arrays at their first step, and recognizes them later."""
        kind = type(self).__name__
        if all(isinstance(each, Variable) for each in variables):
            model: Any = self._model() if self._model else None
            if model is None or self._arrays is not None:
                raise ValueError(
                    f"{kind}.apply: these are weights of a model; compile it with this optimizer"
                )
            trained = [each.path for each in model.trainable_weights]
            given = [each.path for each in variables]
            if given != trained:
                raise ValueError(
                    f"{kind}.apply takes all trainable weights of model '{model.name}', "
                    f"{trained}, in this order, got {given}"
                )
            return
        self.build(variables)
        assert self._arrays is not None
        if not self._arrays.are(variables):
            raise ValueError(
                f"{kind}.apply: these are not the arrays of the first step; each set of variables "
                "needs an optimizer of its own"
            )

    # ---- Configuration ----------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments by name, with the learning rate as the float32 number that Keras has."""
        rate: Any = self._rate
        if isinstance(rate, LearningRateSchedule):
            rate = serialize(rate)
        else:
            rate = float(np.float32(self.learning_rate))
        config = {"name": self.name, "learning_rate": rate, **self._arguments}
        return {**{key: config[key] for key in _COMMON}, **config}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Optimizer:
        """A new optimizer from what `get_config` gave.

        Parameters
        ----------
        config
            Arguments by name; `learning_rate` may be a serialized schedule.
        custom_objects
            Schedules of your own by name.
        """
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": deserialize(rate, custom_objects)}
        return cls(**config)

    def _encoded(self) -> dict[str, Any]:
        """What the core needs to know."""
        rate = self._rate
        if isinstance(rate, _Described) and not self._is_own(rate):
            rate = rate._description()
        elif callable(rate):
            rate = 0.0  # until it is asked
        # A subclass is the optimizer it was made from.
        kind = next(each for each in type(self).__mro__ if each.__module__.endswith("._rules"))
        return {
            "class_name": kind.__name__,
            "config": {**self._arguments, "learning_rate": rate},
        }

    def __repr__(self) -> str:
        import inspect

        defaults = inspect.signature(type(self).__init__).parameters
        rate = self._rate if callable(self._rate) else self.learning_rate
        shown = ", ".join(
            f"{key}={value!r}"
            for key, value in {"learning_rate": rate, **self._arguments}.items()
            if key not in defaults or value != defaults[key].default
        )
        return f"{type(self).__name__}({shown})"


def _refuse_unknown(kind: str, unknown: dict[str, Any]) -> None:
    if unknown.pop("decay", None) is not None:
        warnings.warn(
            f"{kind}: the argument 'decay' is ignored, as in Keras; use a schedule of "
            "martlet.optimizers.schedules",
            stacklevel=4,
        )
    if unknown:
        raise ValueError(
            f"{kind} does not know the argument{'s' * (len(unknown) > 1)} "
            + ", ".join(repr(each) for each in unknown)
            + ("; say learning_rate" if "lr" in unknown else "")
        )


def _rate(kind: str, value: Any) -> Any:
    """The rate, if it can be one."""
    if isinstance(value, type) and issubclass(value, LearningRateSchedule):
        raise TypeError(
            f"{kind}: learning_rate is the class {value.__name__}; make a schedule of it"
        )
    if callable(value):
        return value
    try:
        rate = float(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"{kind}: learning_rate must be a number or a schedule, got {value!r}"
        ) from None
    if not math.isfinite(rate):
        raise ValueError(f"{kind}: learning_rate must be finite, got {value!r}")
    return rate


def _told(optimizer: Optimizer | None, steps: int) -> float:
    """What a schedule or a function of the user's says of a step."""
    assert optimizer is not None  # the model in training holds it
    rate: Callable[..., Any] = optimizer._rate
    told = rate(steps) if isinstance(rate, LearningRateSchedule) else rate()
    try:
        return float(told)
    except (TypeError, ValueError):
        raise TypeError(
            f"{type(optimizer).__name__}: learning_rate {rate!r} gave {told!r} at step {steps}, "
            "expected a number"
        ) from None
