"""Optimizers: how gradients change weights.

An optimizer here is configuration. Its state lives with the model that was compiled with it;
`learning_rate` and `iterations` read and write that model's.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import _data, _native
from ._errors import not_supported, refuse, unknown_name

if TYPE_CHECKING:
    from ._training import Trainer


class OptimizerVariable:
    """One part of an optimizer's state: a view that reads and writes the model's own numbers.

    Attributes
    ----------
    name : str
        ``"iteration"``, ``"learning_rate"``, or a weight and what is remembered of it, such as
        ``"dense_kernel_momentum"``.
    path : str
        ``"adam/dense_kernel_momentum"``.
    shape : tuple of int
    dtype : str
        ``"int64"`` for the count of steps, else ``"float32"``.
    trainable : bool
        False.
    """

    trainable = False

    def __init__(
        self, model: _native.Handle, index: int, info: _native.WeightInfo, owner: str
    ) -> None:
        self._model = model
        self._index = index
        self.name = info.name
        self.path = f"{owner}/{info.name}"
        self.shape = info.shape
        self.dtype = "int64" if info.name == "iteration" else "float32"

    def numpy(self) -> np.ndarray:
        """A copy of the values."""
        if self.name == "iteration":
            # Beyond 2**24 steps a float would not do.
            return np.array(_native.optimizer_value(self._model, "iterations"), np.int64)
        return _native.optimizer_weight(self._model, self._index, self.shape)

    def assign(self, value: Any) -> None:
        """Sets the values.

        Parameters
        ----------
        value
            Anything NumPy makes a numeric array of the variable's shape from.

        Raises
        ------
        ValueError
            If the shape is another one, or the number cannot be a count or a rate.
        """
        array = _data.as_array(value, self.path)
        if array.shape != self.shape:
            raise ValueError(f"{self.path} has shape {self.shape}, got {array.shape}")
        _native.set_optimizer_weight(self._model, self._index, array.reshape(self.shape or (1,)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self.numpy()
        return values if dtype is None else values.astype(dtype)

    def __repr__(self) -> str:
        return f"<OptimizerVariable path={self.path}, shape={self.shape}, dtype={self.dtype}>"


class Optimizer:
    """What all optimizers have in common.

    Attributes
    ----------
    learning_rate : float
        May be set at any time.
    iterations : int
        Steps taken since `compile`.
    """

    def __init__(
        self,
        arguments: dict[str, Any],
        *,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        kind = type(self).__name__
        if unknown:
            raise ValueError(
                f"{kind} does not know the argument{'s' * (len(unknown) > 1)} "
                + ", ".join(repr(each) for each in unknown)
                + ("; say learning_rate" if "lr" in unknown else "")
            )
        refuse(
            kind,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema or None,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
        )
        rate = arguments["learning_rate"]
        if callable(rate) or isinstance(rate, dict):
            not_supported(f"{kind}: a schedule as learning_rate")
        self.name = name if name is not None else kind.lower()
        self._arguments = dict(arguments)
        self._arguments["learning_rate"] = _rate(kind, rate)
        self._model: weakref.ref[Trainer] | None = None

    def _attach(self, model: Trainer) -> None:
        self._model = weakref.ref(model)

    def _compiled_handle(self) -> _native.Handle | None:
        model = self._model() if self._model else None
        return model._compiled_handle() if model else None

    @property
    def learning_rate(self) -> float:
        """The size of a step."""
        handle = self._compiled_handle()
        if handle is not None:
            return _native.optimizer_value(handle, "learning_rate")
        return self._arguments["learning_rate"]

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        rate = _rate(type(self).__name__, value)
        self._arguments["learning_rate"] = rate
        handle = self._compiled_handle()
        if handle is not None:
            _native.set_optimizer_value(handle, "learning_rate", rate)

    @property
    def iterations(self) -> int:
        """Steps taken since the model was compiled."""
        handle = self._compiled_handle()
        return int(_native.optimizer_value(handle, "iterations")) if handle is not None else 0

    @property
    def variables(self) -> list[OptimizerVariable]:
        """The state in Keras's order, from `compile` on: steps, rate, what is kept of each weight.

        Empty before that.
        """
        handle = self._compiled_handle()
        if handle is None:
            return []
        infos = _native.optimizer_weight_infos(handle)
        return [
            OptimizerVariable(handle, index, info, self.name) for index, info in enumerate(infos)
        ]

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return {"name": self.name, **self._arguments, "learning_rate": self.learning_rate}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Optimizer:
        """A new optimizer from what `get_config` gave."""
        return cls(**config)

    def _encoded(self) -> dict[str, Any]:
        return {"class_name": type(self).__name__, "config": self._arguments}

    def __repr__(self) -> str:
        import inspect

        defaults = inspect.signature(type(self).__init__).parameters
        shown = ", ".join(
            f"{key}={value!r}"
            for key, value in {**self._arguments, "learning_rate": self.learning_rate}.items()
            if value != defaults[key].default
        )
        return f"{type(self).__name__}({shown})"


class SGD(Optimizer):
    """Gradient descent, with momentum where asked.

    Without momentum ``w -= learning_rate * g``. With it::

        m = momentum * m - learning_rate * g
        w += m                                      # nesterov: momentum * m - learning_rate * g

    Parameters
    ----------
    learning_rate
        The size of a step.
    momentum
        Share of the last step that the next one keeps.
    nesterov
        Whether the gradient counts as if the momentum's step had been made.
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, \
ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps
        Not supported yet.
    name
        For configurations.

    Examples
    --------
    >>> from martlet.optimizers import SGD
    >>> SGD(0.1, momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9)
    """

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not 0 <= momentum <= 1:
            raise ValueError(f"SGD: momentum must be from 0 to 1, got {momentum!r}")
        super().__init__(
            {"learning_rate": learning_rate, "momentum": momentum, "nesterov": nesterov},
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
            **kwargs,
        )


class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and of its square.

    ::

        m += (g - m) * (1 - beta_1)
        v += (g * g - v) * (1 - beta_2)
        w -= learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)

    Parameters
    ----------
    learning_rate
        The size of a step.
    beta_1, beta_2
        How slowly the two means forget.
    epsilon
        Added to the root as it stands, before the correction for the first steps ("epsilon hat").
    amsgrad, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, \
ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps
        Not supported yet.
    name
        For configurations.

    References
    ----------
    Kingma and Ba 2014, arXiv:1412.6980.

    Examples
    --------
    >>> from martlet.optimizers import Adam
    >>> Adam(1e-4).learning_rate
    0.0001
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        refuse("Adam", amsgrad=amsgrad or None)
        super().__init__(
            {
                "learning_rate": learning_rate,
                "beta_1": beta_1,
                "beta_2": beta_2,
                "epsilon": epsilon,
            },
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
            **kwargs,
        )


class RMSprop(Optimizer):
    """RMSprop: steps divided by the root of a running mean of the squared gradient.

    ::

        v = rho * v + (1 - rho) * g * g
        push = learning_rate * g / sqrt(v + epsilon)       # centered: v - mean**2 in the root
        w -= push                                          # momentum: push += momentum * last push

    Parameters
    ----------
    learning_rate
        The size of a step.
    rho
        How slowly the means forget.
    momentum
        Share of the last step that the next one keeps.
    epsilon
        Added inside the root.
    centered
        Whether the square of the gradient's running mean is taken off: the variance divides then.
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, \
ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps
        Not supported yet.
    name
        For configurations.

    References
    ----------
    Hinton 2012, "Neural networks for machine learning", lecture 6e.

    Examples
    --------
    >>> from martlet.optimizers import RMSprop
    >>> RMSprop(0.01, rho=0.95)
    RMSprop(learning_rate=0.01, rho=0.95)
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {
                "learning_rate": learning_rate,
                "rho": rho,
                "momentum": momentum,
                "epsilon": epsilon,
                "centered": centered,
            },
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
            **kwargs,
        )


_CLASSES: dict[str, Callable[[], Optimizer]] = {"sgd": SGD, "adam": Adam, "rmsprop": RMSprop}


def _rate(kind: str, value: Any) -> float:
    try:
        rate = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{kind}: learning_rate must be a number, got {value!r}") from None
    if not math.isfinite(rate):
        raise ValueError(f"{kind}: learning_rate must be finite, got {value!r}")
    return rate


def get(identifier: str | Optimizer | Callable[[], Optimizer] | dict[str, Any]) -> Optimizer:
    """The optimizer of a name; objects are handed back.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return cast(Callable[[], Optimizer], identifier)()
    if isinstance(identifier, dict):
        return type(get(identifier["class_name"])).from_config(identifier.get("config", {}))
    if not isinstance(identifier, str):
        raise TypeError(
            f"optimizer must be a name or an optimizer, got {type(identifier).__name__}"
        )
    if identifier.lower() not in _CLASSES:
        raise unknown_name("optimizer", identifier, _CLASSES)
    return _CLASSES[identifier.lower()]()
