"""What all layers have in common."""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from .. import _data, _native, _nest, _settings, activations
from .._errors import not_supported
from .._explain import Explanation, of_layer
from .._policies import DTypePolicy, policy_of
from ._symbol import KerasTensor
from ._weight import Variable


class Layer:
    """A step of a network: configuration, and weights from its first call on.

    Called on symbols (:func:`martlet.Input`) it gives symbols, to make a model of. Called on an
    array it computes at once and gives an array.

    Attributes
    ----------
    name : str
    trainable : bool
        Whether training changes the weights. Takes effect with the next ``compile``.
    built : bool
        Whether the weights exist.
    weights : list of Variable
        Trainable ones first.
    """

    #: Whether a call takes a list of tensors as one argument.
    _merges: ClassVar[bool] = False
    #: Whether the layer gets data ready, the same way in training and outside.
    _prepares: ClassVar[bool] = False

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
        kind = type(self).__name__
        if unknown:
            raise ValueError(
                f"{kind} does not know the argument{'s' * (len(unknown) > 1)} "
                + ", ".join(repr(each) for each in unknown)
            )
        self._policy = policy_of(dtype, f"{kind}: dtype")
        attributes = {**attributes, "activity_regularizer": activity_regularizer}
        given = {
            key: _encoded(value, kind, key)
            for key, value in attributes.items()
            if value is not None
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

    def _forget_calls(self) -> None:
        # Weak, see KerasTensor.
        self._output: weakref.ref[KerasTensor] | None = None
        self._calculator: tuple[Any, Any] | None = None
        self._latest_shapes: list[tuple[int, ...]] | None = None

    # ---- What it is --------------------------------------------------------------------------

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

    @property
    def dtype_policy(self) -> DTypePolicy:
        """In what type of number the layer computes: its argument ``dtype``."""
        return self._policy

    @property
    def compute_dtype(self) -> str:
        """Type of the factors of its products: ``"float32"`` or ``"bfloat16"``."""
        return self._policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """Type of the weights: always ``"float32"``."""
        return self._policy.variable_dtype

    @property
    def dtype(self) -> str:
        """The same as `variable_dtype`."""
        return self.variable_dtype

    def get_config(self) -> dict[str, Any]:
        """All arguments by name, defaults included; what `from_config` takes.

        Examples
        --------
        >>> from martlet.layers import MaxPooling2D
        >>> MaxPooling2D(2).get_config()["padding"]
        'valid'
        """
        return _native.layer_config(self._handle)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """A new layer from what `get_config` gave."""
        return cls(**config)

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

    # ---- Calls -------------------------------------------------------------------------------

    @property
    def _augments(self) -> bool:
        """Whether a call on arrays that does not say works as in training."""
        return False

    def __call__(self, inputs: Any, training: bool | None = None) -> Any:
        """Calls the layer on symbols or on arrays.

        Parameters
        ----------
        inputs
            A symbol, an array, or for layers that merge a list of them.
        training
            For arrays: whether dropout and batch normalization work as in training. None for no,
            but for yes where nothing but augmentation is called. For symbols None or False, which
            are the same, as in Keras 3: there `fit` decides. What keeps the averages of a batch
            normalization from moving is ``trainable = False``.

        Returns
        -------
        KerasTensor or numpy.ndarray
            As the input is.
        """
        if _nest.any_leaf(inputs, lambda leaf: isinstance(leaf, KerasTensor)):
            return self._call_on_symbols(inputs, training)
        return self._compute(inputs, self._augments if training is None else bool(training))

    def _call_on_symbols(self, inputs: Any, training: bool | None = None) -> Any:
        leaves = _nest.flatten(inputs)
        for leaf in leaves:
            if not isinstance(leaf, KerasTensor):
                raise TypeError(
                    f"layer '{self.name}': called on symbols and on {type(leaf).__name__} at once"
                )
        if training:
            not_supported(f"layer '{self.name}': training=True in a call on symbols")
        return self._made_of(leaves)[0]

    def _made_of(self, inputs: list[KerasTensor]) -> list[KerasTensor]:
        handles = _native.layer_call(self._handle, [each._handle for each in inputs])
        outputs = [
            KerasTensor(handle, self, tuple(inputs), index) for index, handle in enumerate(handles)
        ]
        self._output = weakref.ref(outputs[0])
        self._latest_shapes = [_native.symbol_shape(each._handle) for each in inputs]
        return outputs

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

    def _calculator_for(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[Any, tuple[int, ...]]:
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

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Shape of the output for inputs of a shape; builds the layer if it is not built yet."""
        shapes = input_shape if _is_nested(input_shape) else [input_shape]
        _, output = self._called_on([self._as_shape(shape)[1:] for shape in shapes])
        return (None, *_native.symbol_shape(output))

    def _called_on(self, shapes: Sequence[Sequence[int]]) -> tuple[list[Any], Any]:
        """Inputs of these shapes, and what the layer makes of them."""
        for shape in shapes:
            if None in shape:
                not_supported(
                    f"layer '{self.name}': a shape of samples with an extent left open, "
                    f"{tuple(shape)},"
                )
        inputs = [
            _native.input_create(shape, f"input_{index}_of_{self.name}")
            for index, shape in enumerate(shapes)
        ]
        output = _native.layer_call(self._handle, inputs)[0]
        self._latest_shapes = [tuple(shape) for shape in shapes]
        return inputs, output

    def _as_shape(self, shape: Any) -> tuple[Any, ...]:
        """The shape of an input, if it is one."""
        if not isinstance(shape, list | tuple) or not all(map(_is_extent, shape)):
            raise TypeError(
                f"layer '{self.name}': input_shape must be a tuple of whole numbers, such as "
                f"(None, 28, 28, 1), got {shape!r}"
            )
        return tuple(shape)

    def explain(self, input_shape: Any = None) -> Explanation:
        """How the size of the output and the number of parameters come about.

        Parameters
        ----------
        input_shape
            Of one sample, with or without a leading None for the samples; for layers that merge a
            list of shapes. Not needed for a layer that has been called: then the latest one. The
            layer is not built by this.

        Returns
        -------
        Explanation
            Text (a `str`) that a REPL and a notebook show: a line for every size, as a formula,
            with the numbers put in, and with what it comes to. Keras has no such method.

        Raises
        ------
        ValueError
            If the shape does not suit the layer, or none is known.

        Examples
        --------
        >>> from martlet.layers import Conv2D
        >>> Conv2D(32, 3, strides=2, name="edges").explain((28, 28, 1))
        edges (Conv2D): (28, 28, 1) → (13, 13, 32)
          height     = ⌊(height − kernel) / stride⌋ + 1 = ⌊(28 − 3) / 2⌋ + 1 = 13
          width      = ⌊(width − kernel) / stride⌋ + 1 = ⌊(28 − 3) / 2⌋ + 1 = 13
          channels   = filters = 32
          parameters = kernel height × kernel width × input channels × filters + filters
                     = 3 × 3 × 1 × 32 + 32 = 320
        """
        shapes = self._latest_shapes
        if input_shape is not None:
            given = input_shape if _is_nested(input_shape) else [input_shape]
            shapes = [self._as_shape(each) for each in given]
            shapes = [each[1:] if each[:1] == (None,) else each for each in shapes]
        if shapes is None:
            raise ValueError(
                f"layer '{self.name}' has not been called, so its input has no shape yet; give "
                "one: explain((28, 28, 1))"
            )
        layer = self if self.built else self._plain_copy()
        latest = self._latest_shapes
        _, output = layer._called_on(shapes)
        self._latest_shapes = latest
        return of_layer(
            self, shapes, _native.symbol_shape(output), _native.weight_infos(layer._handle)
        )

    def _plain_copy(self) -> Layer:
        """The same layer with weights that no random number is spent on."""
        config = self.get_config()
        plain = {key: "zeros" for key, value in config.items() if _is_initializer(key, value)}
        return type(self).from_config({**config, **plain})

    @property
    def output(self) -> KerasTensor:
        """What the latest call on symbols gave, for a model that ends there."""
        symbol = self._output() if self._output else None
        if symbol is None:
            raise AttributeError(f"layer '{self.name}' has not been called, so it has no output")
        return symbol

    @property
    def input(self) -> KerasTensor | list[KerasTensor]:
        """What the latest call on symbols took."""
        inputs = list(self.output._inputs)
        return inputs[0] if len(inputs) == 1 else inputs

    # ---- Weights -----------------------------------------------------------------------------

    @property
    def weights(self) -> list[Variable]:
        """All weights, trainable ones first."""
        return [
            Variable(self, index, info)
            for index, info in enumerate(_native.weight_infos(self._handle))
        ]

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that training changes."""
        return [each for each in self.weights if each.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that training leaves alone, and moving averages."""
        return [each for each in self.weights if not each.trainable]

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


#: Where the objects are that an argument takes besides names, by the end of its own name.
_MODULES = ("initializer", "regularizer", "constraint")


def _encoded(value: Any, kind: str, key: str) -> Any:
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


def _is_nested(shape: Any) -> bool:
    return isinstance(shape, list | tuple) and any(isinstance(each, list | tuple) for each in shape)


def _is_extent(value: Any) -> bool:
    return value is None or hasattr(value, "__index__")


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

    def __get__(self, layer: Layer | None, _kind: type) -> Any:
        return self if layer is None else layer._weight(self.name)
