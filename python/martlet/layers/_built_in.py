"""Layers that the core has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from .. import _data, _native, _settings, activations
from .._policies import policy_of
from ._layer import Layer
from ._weight import Variable


class BuiltInLayer(Layer):
    """A layer that the core knows by the name of its class."""

    _handle: Any = None

    def __init__(
        self,
        attributes: dict[str, Any],
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        activity_regularizer: Any = None,
        input_shape: Sequence[int] | None = None,
        input_dim: int | None = None,
        **unknown: Any,
    ) -> None:
        kind = self._kind()
        if self._is_own():
            refuse_call(type(self).__name__, kind)
        if unknown:
            raise ValueError(
                f"{kind} does not know the argument{'s' * (len(unknown) > 1)} "
                + ", ".join(repr(each) for each in unknown)
            )
        self._policy = policy_of(dtype, f"{kind}: dtype")
        attributes = {**attributes, "activity_regularizer": activity_regularizer}
        given = {
            key: encoded(value, kind, key) for key, value in attributes.items() if value is not None
        }
        if "data_format" in attributes:
            given["data_format"] = _settings.image_format(
                attributes["data_format"], f"{kind}: data_format"
            )
        given["dtype"] = self._policy.name
        if name is not None:
            if not isinstance(name, str):
                raise TypeError(f"{kind}: name must be text, got {name!r}")
            given["name"] = name
        if input_dim is not None:
            input_shape = (input_dim,)
        self._input_shape = None if input_shape is None else tuple(input_shape)
        self._handle = _native.layer_create(kind, given)
        self._arguments = {**attributes, "name": name}
        self._forget_calls()
        if not trainable:
            self.trainable = False

    @classmethod
    def _kind(cls) -> str:
        """The core's name of the layer, for a class that is made of one of Martlet's, too."""
        package = __name__.rpartition(".")[0]
        return next(each.__name__ for each in cls.__mro__ if each.__module__.startswith(package))

    def add_weight(self, *args: Any, **kwargs: Any) -> Variable:
        """As :meth:`Layer.add_weight`: for models that define `call`."""
        if self._is_own():
            return super().add_weight(*args, **kwargs)
        raise TypeError(
            f"layer '{self.name}': a layer made of {self._kind()} has that one's weights and no "
            "others; for more make a class of layers.Layer that has the layer as an attribute"
        )

    @property
    def name(self) -> str:
        """The name given, or one made of the class name and a number."""
        return _native.layer_name(self._handle)

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return _native.layer_is_trainable(self._handle)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        _native.layer_set_trainable(self._handle, bool(value))

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return _native.layer_is_built(self._handle)

    def get_config(self) -> dict[str, Any]:
        """All arguments by name, defaults included; what `from_config` takes."""
        return _native.layer_config(self._handle)

    def __repr__(self) -> str:
        import inspect

        shown = []
        for key, parameter in inspect.signature(type(self).__init__).parameters.items():
            value = self._arguments.get(key, parameter.default)
            # The name comes last, whether or not it is an explicit argument.
            if key in ("self", "name") or key not in self._arguments:
                continue
            if parameter.default is inspect.Parameter.empty:
                shown.append(_shown(value))
            elif not _equal(value, parameter.default):
                shown.append(f"{key}={_shown(value)}")
        if self._arguments["name"] is not None:
            shown.append(f"name={self._arguments['name']!r}")
        if self._policy.name != "float32":
            shown.append(f"dtype={self._policy.name!r}")
        call = f"{type(self).__name__}({', '.join(shown)})"
        count = self.count_params() if self.built else 0
        return f"{call}  # {count:,} parameters" if count else call

    def _call_on_symbols(self, inputs: Any, training: bool | None = None) -> Any:
        return self._made_of(self._leaves(inputs, training))[0]

    def _compute(self, inputs: Any, training: bool) -> Any:
        parts = inputs if self._merges and isinstance(inputs, list | tuple) else [inputs]
        if not parts:
            raise ValueError(f"layer '{self.name}': expected a list of arrays, got an empty one")
        labels = [f"input of layer '{self.name}'"] * len(parts)
        arrays = [
            _data.has_samples(_data.as_array(part, label), label)
            for part, label in zip(parts, labels, strict=True)
        ]
        count = _data.same_length(input=arrays)
        model, shape = self._calculator_for(tuple(array.shape[1:] for array in arrays))
        batch_size = count if training else _data.BATCH_SIZE
        return _native.predict(model, arrays, [shape], batch_size, training=training)[0]

    def _calculator_for(
        self, shapes: tuple[tuple[int, ...], ...]
    ) -> tuple[Any, tuple[int | None, ...]]:
        """A model of this layer alone, kept for the next call on the same shapes."""
        calculator = self._calculator
        if calculator is None or calculator[0] != shapes:
            inputs, output = self._called_on(shapes)
            model = _native.model_create(inputs, [output], "Functional", "alone")
            calculator = (shapes, (model, _native.symbol_shape(output)))
            self._calculator = calculator
        return calculator[1]

    def build(self, input_shape: Any) -> None:
        """Makes the weights, for inputs of a shape whose first entry stands for the samples."""
        self.compute_output_shape(input_shape)

    def _called_on(self, shapes: Sequence[Sequence[int | None]]) -> tuple[list[Any], Any]:
        """Inputs of these shapes, and what the layer makes of them."""
        inputs = [
            _native.input_create(shape, f"input_{index}_of_{self.name}")
            for index, shape in enumerate(shapes)
        ]
        output = _native.layer_call(self._handle, inputs)[0]
        self._latest_shapes = [tuple(shape) for shape in shapes]
        return inputs, output

    def _plain_copy(self) -> Layer:
        """The same layer with weights that no random number is spent on."""
        config = self.get_config()
        plain = {key: "zeros" for key, value in config.items() if _is_initializer(key, value)}
        return type(self).from_config({**config, **plain})

    @property
    def weights(self) -> list[Variable]:
        """All weights, trainable ones first."""
        return [
            Variable(self, index, info)
            for index, info in enumerate(_native.weight_infos(self._handle))
        ]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, in the order of `weights`."""
        infos = _native.weight_infos(self._handle)
        return [
            _native.get_weight(self._handle, index, info.shape) for index, info in enumerate(infos)
        ]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets all weights, in the order of `weights`.

        Raises
        ------
        ValueError
            If there are too many or too few, or a shape is wrong; nothing has changed then.
        """
        _native.set_weights(
            self._handle,
            [_data.as_array(value, f"weights[{index}]") for index, value in enumerate(weights)],
        )

    def count_params(self) -> int:
        """Number of values in all weights."""
        if not self.built:
            raise ValueError(
                f"layer '{self.name}' is not built, so its parameters cannot be counted; "
                "call it on data or on an Input first"
            )
        return sum(int(np.prod(info.shape)) for info in _native.weight_infos(self._handle))

    def _weight(self, name: str) -> Variable | None:
        return next((each for each in self.weights if each.name == name), None)


def refuse_call(kind: str, base: str) -> NoReturn:
    """Raises for a class made of one of Martlet's that says itself what it does."""
    raise TypeError(
        f"{kind} is made of {base}, which the core computes, so its call would never be asked; "
        f"make it of layers.Layer, keep a {base} as an attribute, and call that one within call"
    )


#: Where the objects are that an argument takes besides names, by the end of its own name.
_MODULES = ("initializer", "regularizer", "constraint")


def encoded(value: Any, kind: str, key: str) -> Any:
    """An argument as the core takes it: plain values, names, configurations."""
    what = f"{kind}: {key}"
    if isinstance(value, type) and hasattr(value, "_encoded"):
        value = value()
    if hasattr(value, "_encoded"):
        return value._encoded()
    if isinstance(value, float | np.floating) and not math.isfinite(value):
        raise ValueError(f"{what} must be a finite number, got {value}")
    if not callable(value):
        return value
    for module in _MODULES:
        if key.endswith(module):
            raise TypeError(
                f"{what}={value!r}: expected a name or an object of martlet.{module}s; "
                "functions and classes of your own are not supported"
            )
    name = getattr(value, "__name__", "")
    if getattr(activations, name, None) is value:
        return name
    raise TypeError(
        f"{what}={value!r}: expected a name or a function of martlet.activations; "
        "give a layer or a function of your own its own place in the model"
    )


def _is_initializer(key: str, value: Any) -> bool:
    return key.endswith("_initializer") and value is not None


def _shown(value: Any) -> str:
    return repr(getattr(value, "__name__", value) if callable(value) else value)


def _equal(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


class WeightNamed:
    """A weight of a layer by its name: ``layer.kernel``, None where the layer has none."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.__doc__ = f"The weight '{name}', or None."

    def __get__(self, layer: BuiltInLayer | None, _kind: type) -> Any:
        return self if layer is None else layer._weight(self.name)
