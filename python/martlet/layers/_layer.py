"""What all layers have in common, and layers of one's own."""

from __future__ import annotations

import inspect
import math
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .. import _data, _naming, _native, _nest
from .._errors import not_supported, refuse
from .._explain import Explanation, of_layer
from .._policies import DTypePolicy, policy_of
from ._symbol import KerasTensor, tracing
from ._weight import Variable

if TYPE_CHECKING:
    from ._operations import Weight


class Layer:
    """A step of a network: configuration, and weights from its first call on.

    Called on symbols (:func:`martlet.Input`) it gives symbols, to make a model of. Called on an
    array it computes at once and gives an array.

    A layer of your own is a class made of this one. `call` says what it does, with other layers and
    :mod:`martlet.ops`; it is run once for each shape of input, on symbols, and what it says is
    computed by the core from then on, in training, too. Layers that are attributes, alone or in
    lists and dicts, are part of it.

    Dropout and batch normalization within it train in `fit` whether or not `call` has the argument
    ``training`` and hands it on. (Keras 3 leaves them as in prediction where `call` has none.)

    Parameters
    ----------
    name
        Automatic when None.
    trainable
        Whether training changes the weights.
    dtype
        See :class:`martlet.DTypePolicy`.
    autocast
        Accepted.
    activity_regularizer
        Not supported for layers of your own.
    **kwargs
        ``input_shape``, in the first layer of a `Sequential`.

    Attributes
    ----------
    name : str
    trainable : bool
        Whether training changes the weights. Takes effect with the next ``compile``.
    built : bool
        Whether the weights exist.
    weights : list of Variable
        Trainable ones first.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet import layers, ops
    >>> class Scale(layers.Layer):
    ...     def build(self, input_shape):
    ...         self.gamma = self.add_weight((input_shape[-1],), "ones", name="gamma")
    ...     def call(self, x):
    ...         return x * self.gamma + ops.mean(x, axis=-1, keepdims=True)
    >>> layer = Scale()
    >>> layer(np.array([[1.0, 3.0]]))
    array([[3., 5.]], dtype=float32)
    >>> layer.weights
    [<Variable path=scale/gamma, shape=(2,)>]
    """

    #: What its class was called with.
    _given: tuple[tuple[Any, ...], dict[str, Any]]
    #: Whether a call takes a list of tensors as one argument.
    _merges: ClassVar[bool] = False
    #: What stands in the place of the samples in the shape of its output; None: as in its input.
    _lead: ClassVar[tuple[int | None, ...] | None] = None
    #: Whether the layer gets data ready, the same way in training and outside.
    _prepares: ClassVar[bool] = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        # For the configuration of classes that do not define one.
        made._given = (args, kwargs)
        return made

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        kind = type(self).__name__
        refuse(kind, activity_regularizer=activity_regularizer)
        input_shape = kwargs.pop("input_shape", None)
        if kwargs:
            raise ValueError(
                f"{kind} does not know the argument{'s' * (len(kwargs) > 1)} "
                + ", ".join(repr(each) for each in kwargs)
            )
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{kind}: name must be text, got {name!r}")
        self._policy = policy_of(dtype, f"{kind}: dtype")
        self._name = name or _naming.automatic(_naming.snake_case(kind))
        self._trainable = bool(trainable)
        self._input_shape = None if input_shape is None else tuple(input_shape)
        self._own_weights: list[Weight] = []
        self._is_built = False
        self._traces: dict[Any, _Trace] = {}
        self._forget_calls()

    def _forget_calls(self) -> None:
        # Weak, see KerasTensor.
        self._output: weakref.ref[KerasTensor] | None = None
        self._calculator: tuple[Any, Any] | None = None
        self._latest_shapes: list[tuple[int | None, ...]] | None = None

    # ---- What it is --------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name given, or one made of the class name and a number."""
        return self._name

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        inner: list[Layer] = [*self._own_weights, *self._parts()]
        for layer in inner:
            layer.trainable = bool(value)

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return self._is_built

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
        """All arguments by name; what `from_config` takes.

        A class of your own adds its arguments. One that does not is described by those it was
        called with, as long as they are numbers, text, and lists and dicts of them.

        Raises
        ------
        NotImplementedError
            If they are something else.

        Examples
        --------
        >>> from martlet.layers import MaxPooling2D
        >>> MaxPooling2D(2).get_config()["padding"]
        'valid'
        """
        common = {"name": self.name, "trainable": self.trainable, "dtype": self._policy.name}
        return self._with_given_arguments(common)

    def _with_given_arguments(self, common: dict[str, Any]) -> dict[str, Any]:
        """A configuration with what a class that defines no `get_config` was called with, and
        without what its constructor does not take.
        """
        kind = type(self)
        if not _is_of_package(kind.get_config) or _is_of_package(kind.__init__):
            return common
        signature = inspect.signature(kind.__init__)
        args, kwargs = self._given
        _, *given = signature.bind(self, *args, **kwargs).arguments.items()
        config: dict[str, Any] = {}
        for name, value in given:
            is_rest = signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD
            config.update(value if is_rest else {name: value})
        for name, value in config.items():
            if not _is_plain(value):
                raise NotImplementedError(
                    f"{kind.__name__}: the argument {name}={value!r} cannot be part of a "
                    "configuration; define get_config, and from_config if need be"
                )
        names = signature.parameters
        takes_all = any(each.kind is each.VAR_KEYWORD for each in names.values())
        taken = {key: each for key, each in common.items() if takes_all or key in names}
        return {**config, **taken}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """A new layer from what `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        count = f"  # {self.count_params():,} parameters" if self.built else ""
        return f"<{type(self).__name__} name={self.name}>{count}"

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

    # ---- What it does ------------------------------------------------------------------------

    def call(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the layer makes of its input: for classes of your own to say.

        Parameters
        ----------
        *inputs
            A symbol, or a list or dict of them.
        **kwargs
            ``training`` where the method asks for it: to hand on to other layers, which know
            themselves whether they train. It cannot be tested, because `call` is run once for both.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what it does: define call")

    @classmethod
    def _is_own(cls) -> bool:
        """Whether its class says what it does in Python."""
        return cls.call is not Layer.call

    def build(self, input_shape: Any) -> None:
        """Makes the weights, for inputs of a shape whose first entry stands for the samples."""

    def add_weight(
        self,
        shape: Sequence[int] | int | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        name: str | None = None,
    ) -> Variable:
        """A new weight, to be kept as an attribute and used in `call`.

        Parameters
        ----------
        shape
            Without an axis for the samples; () for a single number.
        initializer
            Name or object of :mod:`martlet.initializers`; None for ``"glorot_uniform"``.
        dtype, autocast, aggregation
            Accepted; weights are float32.
        trainable
            Whether training changes it.
        regularizer, constraint
            Names or objects of :mod:`martlet.regularizers` and :mod:`martlet.constraints`.
        name
            ``"weight"`` and a number when None.
        """
        from ._operations import Weight

        shape = (shape,) if isinstance(shape, int) else tuple(shape or ())
        name = name or f"weight_{len(self._own_weights)}"
        tensor = Weight(
            shape,
            initializer,
            regularizer,
            constraint,
            trained=trainable,
            weight_name=name,
            path=f"{self.name}/{name}",
        )
        tensor.trainable = self._trainable
        self._own_weights.append(tensor)
        return tensor.variable

    @property
    def _handle(self) -> _native.Handle:
        """The core's layer, of the latest trace."""
        if not self._traces:
            raise ValueError(
                f"layer '{self.name}' is not built; call it on data or on an Input first"
            )
        return next(reversed(self._traces.values())).handle

    def _layers_by_attribute(self) -> dict[str, Any]:
        """Attributes that are layers, or lists and dicts of them, in the order they were set."""
        found = {}
        for key, value in vars(self).items():
            leaves = [] if key in _KEPT else _nest.flatten(value)
            if leaves and all(isinstance(leaf, Layer) and leaf is not self for leaf in leaves):
                found[key] = value
        return found

    def _parts(self) -> list[Layer]:
        """The layers among the attributes, each once."""
        leaves = _nest.flatten(list(self._layers_by_attribute().values()))
        return list({id(leaf): leaf for leaf in leaves}.values())

    def _variables_of_its_own(self) -> list[Variable]:
        """What `add_weight` gave, trainable ones first."""
        tensors = sorted(self._own_weights, key=lambda each: not each.trained)
        return [tensor.weights[0] for tensor in tensors]

    def _build_for(self, inputs: Any) -> None:
        """Calls `build`, once."""
        if self._is_built:
            return
        shapes = _nest.packed_like(inputs, [each.shape for each in _nest.flatten(inputs)])
        self.build(shapes)
        self._is_built = True

    def _traced(self, inputs: Any) -> _Trace:
        """What `call` makes of inputs of these shapes."""
        leaves = _nest.flatten(inputs)
        key = (
            repr(_nest.packed_like(inputs, [None] * len(leaves))),
            *(each.shape for each in leaves),
        )
        if key not in self._traces:
            self._build_for(inputs)
            self._traces[key] = _Trace(self, inputs)
            if not self._trainable:
                self.trainable = False
        return self._traces[key]

    def _leaves(self, inputs: Any, training: Any) -> list[KerasTensor]:
        """The symbols of a call on nothing else."""
        leaves = _nest.flatten(inputs)
        for leaf in leaves:
            if not isinstance(leaf, KerasTensor):
                raise TypeError(
                    f"layer '{self.name}': called on symbols and on {type(leaf).__name__} at once"
                )
        if training is not AS_THE_MODEL and training:
            not_supported(f"layer '{self.name}': training=True in a call on symbols")
        return leaves

    def _call_on_symbols(self, inputs: Any, training: bool | None = None) -> Any:
        leaves = self._leaves(inputs, training)
        trace = self._traced(inputs)
        # The latest trace is the one that the core is asked about.
        self._traces = {
            **{key: each for key, each in self._traces.items() if each is not trace},
            **{key: each for key, each in self._traces.items() if each is trace},
        }
        return _nest.packed_like(trace.outputs, self._made_of(leaves))

    def _made_of(self, inputs: list[KerasTensor]) -> list[KerasTensor]:
        handles = _native.layer_call(self._handle, [each._handle for each in inputs])
        outputs = [
            KerasTensor(handle, self, tuple(inputs), index) for index, handle in enumerate(handles)
        ]
        self._output = weakref.ref(outputs[0])
        self._latest_shapes = [_native.symbol_shape(each._handle) for each in inputs]
        return outputs

    def _compute(self, inputs: Any, training: bool) -> Any:
        leaves = _nest.flatten(inputs)
        label = f"input of layer '{self.name}'"
        arrays = [_data.has_samples(_data.as_array(leaf, label), label) for leaf in leaves]
        count = _data.same_length(input=arrays)
        trace = self._traced(
            _nest.packed_like(inputs, [placeholder(array.shape[1:]) for array in arrays])
        )
        batch_size = count if training else _data.BATCH_SIZE
        made = _native.predict(
            trace.model, arrays, trace.output_shapes, batch_size, training=training
        )
        return _nest.packed_like(trace.outputs, made)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Shape of the output for inputs of a shape; builds the layer if it is not built yet."""
        shapes = input_shape if is_nested(input_shape) else [input_shape]
        _, output = self._called_on([self._as_shape(shape)[1:] for shape in shapes])
        return (None, *_native.symbol_shape(output))

    def _called_on(self, shapes: Sequence[Sequence[int | None]]) -> tuple[list[Any], Any]:
        """Inputs of these shapes, and what the layer makes of them."""
        symbols = [placeholder(shape) for shape in shapes]
        made = self._call_on_symbols(symbols if len(symbols) > 1 else symbols[0])
        return [each._handle for each in symbols], _nest.flatten(made)[0]._handle

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
            given = input_shape if is_nested(input_shape) else [input_shape]
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
        """The same layer, to try a shape on."""
        return type(self).from_config(self.get_config())

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
        """All weights, trainable ones first; those of layers within behind its own."""
        own = self._variables_of_its_own()
        found = {(id(each._owner), each._index): each for each in own}
        for layer in self._parts():
            for weight in layer.weights:
                found.setdefault((id(weight._owner), weight._index), weight)
        return list(found.values())

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
        return [each.numpy() for each in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets all weights, in the order of `weights`.

        Raises
        ------
        ValueError
            If there are too many or too few, or a shape is wrong; nothing has changed then.
        """
        own = self.weights
        if len(weights) != len(own):
            raise ValueError(
                f"layer '{self.name}': expected {len(own)} weight arrays, received {len(weights)}"
            )
        arrays = [_data.as_array(value, f"weights[{index}]") for index, value in enumerate(weights)]
        for weight, array in zip(own, arrays, strict=True):
            if array.shape != weight.shape:
                raise ValueError(
                    f"layer '{self.name}': expected shape {weight.shape} for {weight.path}, "
                    f"received {array.shape}"
                )
        for weight, array in zip(own, arrays, strict=True):
            weight.assign(array)

    def count_params(self) -> int:
        """Number of values in all weights."""
        if not self.built:
            raise ValueError(
                f"layer '{self.name}' is not built, so its parameters cannot be counted; "
                "call it on data or on an Input first"
            )
        return sum(math.prod(each.shape) for each in self.weights)


#: Attributes that hold layers which are no part of this one.
_KEPT = ("_own_weights", "_layers", "_chain", "_given")


def traced(layer: Layer, inputs: Any) -> Any:
    """The symbols that the `call` of a layer, or model, of one's own makes of others.

    Raises
    ------
    TypeError
        If it gives something else.
    """
    options = {"training": AS_THE_MODEL} if _takes_training(layer) else {}
    token = tracing.set(True)
    try:
        made = layer.call(inputs, **options)
    finally:
        tracing.reset(token)
    for leaf in _nest.flatten(made):
        if not isinstance(leaf, KerasTensor):
            raise TypeError(f"layer '{layer.name}': call {returned(leaf)}")
    return made


def returned(made: Any) -> str:
    """What is wrong with what a call returned that is no symbol."""
    if made is None:
        return "returned None: does it lack a 'return'?"
    return (
        f"returned {type(made).__name__}, expected symbols: it is run once to see what it does, so "
        "use layers, operators and martlet.ops in place of NumPy and Python numbers"
    )


class _Trace:
    """What the call of a layer of one's own says for inputs of certain shapes, as a model."""

    def __init__(self, layer: Layer, inputs: Any) -> None:
        symbols = [placeholder(each.shape[1:]) for each in _nest.flatten(inputs)]
        made = traced(layer, _nest.packed_like(inputs, symbols))
        leaves = _nest.flatten(made)
        self.model = _native.model_create(
            [each._handle for each in symbols],
            [each._handle for each in leaves],
            "Functional",
            layer.name,
        )
        self.handle = _native.model_as_layer(self.model)
        self.output_shapes = [each.shape[1:] for each in leaves]
        #: For its form.
        self.outputs = _nest.packed_like(made, [None] * len(leaves))
        # Layers that were made within `call` live as long as what they say.
        self.symbols = leaves


#: Where the classes are that are not one's own.
_PACKAGE = __name__.partition(".")[0] + "."


def _is_of_package(function: Any) -> bool:
    return str(function.__module__).startswith(_PACKAGE)


def _is_plain(value: Any) -> bool:
    """Whether JSON has it."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


class _AsTheModel:
    """Whether a layer trains, for a call that is run once for both."""

    def __bool__(self) -> bool:
        raise TypeError(
            "a layer of your own cannot test 'training': its call is run once, for training and "
            "for prediction. Give 'training' to layers such as Dropout, which know themselves"
        )

    def __repr__(self) -> str:
        return "<training, as the model says>"


AS_THE_MODEL = _AsTheModel()


def _takes_training(layer: Layer) -> bool:
    return "training" in inspect.signature(layer.call).parameters


def placeholder(shape: Sequence[int | None]) -> KerasTensor:
    """A symbol to see on what a call does."""
    from ._input import InputLayer

    return InputLayer(tuple(shape))._symbol()


def is_nested(shape: Any) -> bool:
    """Whether it is several shapes."""
    return isinstance(shape, list | tuple) and any(isinstance(each, list | tuple) for each in shape)


def _is_extent(value: Any) -> bool:
    return value is None or hasattr(value, "__index__")
