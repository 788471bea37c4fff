"""Models: graphs of layers that train and predict."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from . import _data, _naming, _native, _nest
from ._compiling import Compilation
from ._errors import not_supported, refuse, unknown_name
from ._explain import Explanation, of_model
from ._policies import dtype_policy
from ._randomness import Position
from ._training import Trainer
from .callbacks import History
from .layers._built_in import BuiltInLayer, refuse_call
from .layers._input import InputLayer
from .layers._layer import Layer, is_nested, traced
from .layers._symbol import KerasTensor
from .layers._weight import Variable

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]


#: The ending of the files that the core writes.
_FROZEN = ".safetensors"


class Model(Trainer, BuiltInLayer):
    """A model made of the symbols that lead from its inputs to its outputs.

    Parameters
    ----------
    inputs
        Symbols of :func:`martlet.Input`: one, a list or a dict.
    outputs
        Symbols that layer calls gave: one, a list or a dict.
    name
        Automatic when None.
    trainable
        Whether training changes the weights of its layers.

    Raises
    ------
    ValueError
        If an output does not come from the inputs, or two layers have one name.

    Examples
    --------
    >>> from martlet import Input, Model
    >>> from martlet.layers import Add, Conv2D, Dense, GlobalAveragePooling2D
    >>> image = Input((28, 28, 1))
    >>> x = Conv2D(8, 3, padding="same", activation="relu")(image)
    >>> x = Add()([x, Conv2D(8, 3, padding="same")(x)])
    >>> model = Model(image, Dense(10, activation="softmax")(GlobalAveragePooling2D()(x)))
    >>> model.output_shape
    (None, 10)
    """

    _class_name = "Functional"
    _is_sequential = False

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        if inputs is None or outputs is None:
            if not self._is_own():
                raise TypeError("Model takes inputs and outputs: Model(inputs, outputs)")
            self._start(name or _naming.automatic(_naming.snake_case(type(self).__name__)))
        else:
            if self._is_own():
                raise TypeError(
                    f"{type(self).__name__} defines call and is given inputs and outputs, too; "
                    "which of them says what it does? Leave one out"
                )
            self._start(name)
            self._connect(inputs, outputs)
        if not trainable:
            self.trainable = False

    def _start(self, name: str | None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: name must be text, got {name!r}")
        self._given_name = name
        self._name = name if name is not None else _naming.automatic(self._class_name.lower())
        self._trainable = True
        self._policy = dtype_policy()
        self._compilation: Compilation | None = None
        self._continues_at: Position | None = None
        self.history: History | None = None
        self.stop_training = False
        self._handles: tuple[_native.Handle, _native.Handle] | None = None
        self._input_names: list[str] = []
        self._input_shapes: list[tuple[int, ...]] = []
        self._output_shapes: list[tuple[int | None, ...]] = []
        self._inputs_structure: Any = None
        self._outputs_structure: Any = None
        self._layers: list[Layer] = []
        self._own_weights = []
        self._input_shape = None
        self._forget_calls()

    def _connect(self, inputs: Any, outputs: Any) -> None:
        """Makes the model of its symbols."""
        symbols = {"inputs": _nest.flatten(inputs), "outputs": _nest.flatten(outputs)}
        for what, leaves in symbols.items():
            for leaf in leaves:
                if not isinstance(leaf, KerasTensor):
                    raise TypeError(
                        f"Model: {what} must be symbols of Input and layer calls, got "
                        f"{type(leaf).__name__}"
                    )
        model = _native.model_create(
            [each._handle for each in symbols["inputs"]],
            [each._handle for each in symbols["outputs"]],
            self._class_name,
            self._name,
        )
        self._handles = (model, _native.model_as_layer(model))
        # A list of one is the one, in what predict returns too.
        self._inputs_structure, self._outputs_structure = map(_unwrapped, (inputs, outputs))
        description = _native.model_describe(model)
        self._layers = _as_described(description, symbols)
        # By the layers: a symbol from the middle of another model has the name of its own layer.
        self._input_names = [name for name, _, _ in description["inputs"]]
        if isinstance(self._inputs_structure, dict):
            self._input_names = sorted(self._inputs_structure)
        self._input_shapes = [each.shape[1:] for each in symbols["inputs"]]
        self._output_shapes = [each.shape[1:] for each in symbols["outputs"]]
        if self._compilation is not None and self._compilation.losses is not None:
            self._compilation.compile(model, self.output_names)

    # ---- What it is --------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name given, or an automatic one."""
        return self._name

    @property
    def built(self) -> bool:
        """Whether the shape of the input is known, so that weights exist."""
        return self._handles is not None

    def _model_handle(self) -> _native.Handle:
        return (self._handles or self._not_built())[0]

    @property
    def _handle(self) -> _native.Handle:
        return (self._handles or self._not_built())[1]

    def _described_layers(self) -> list[dict[str, Any]]:
        """The layers as the core describes them, those of one's own by their classes."""
        layers = _native.model_describe(self._model_handle())["layers"]
        own = {each.name: type(each).__name__ for each in self._layers if each._is_own()}
        return [
            {**each, "class_name": own.get(each["name"], each["class_name"])} for each in layers
        ]

    def _not_built(self) -> NoReturn:
        raise ValueError(
            f"model '{self.name}' is not built: the shape of its input is not known yet; start it "
            "with an Input, or call fit, predict or build first"
        )

    @property
    def layers(self) -> list[Layer]:
        """The layers, each after those it takes its inputs from."""
        return self._parts() if self._is_own() else list(self._layers)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its place.

        Raises
        ------
        ValueError
            If there is none; the message suggests the nearest name.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer takes a name or an index")
        if index is not None:
            if not -len(self._layers) <= index < len(self._layers):
                raise ValueError(
                    f"get_layer: index {index} is out of range; model '{self.name}' has "
                    f"{len(self._layers)} layers"
                )
            return self._layers[index]
        for layer in self._layers:
            if layer.name == name:
                return layer
        raise unknown_name("layer", name, [layer.name for layer in self._layers])

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights. Setting it sets it for all layers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in [*self._layers, *(self._parts() if self._is_own() else [])]:
            layer.trainable = value

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbols it starts from."""
        return _nest.flatten(self._inputs_structure) if self.built else []

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbols it ends in."""
        return _nest.flatten(self._outputs_structure) if self.built else []

    @property
    def input(self) -> Any:
        """The symbols it starts from, as they were given."""
        return self._structure("input", self._inputs_structure)

    @property
    def output(self) -> Any:
        """The symbols it ends in, as they were given."""
        return self._structure("output", self._outputs_structure)

    def _structure(self, what: str, structure: Any) -> Any:
        if not self.built:
            raise AttributeError(
                f"model '{self.name}' is not built, so it has no {what} yet; start it with an "
                "Input, or call fit, predict or build first"
            )
        return structure

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs: keys for a dict of data."""
        return list(self._input_names)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: keys for a dict of targets, and prefixes in logs."""
        if isinstance(self._outputs_structure, dict):
            return sorted(self._outputs_structure)
        return [each.name for each in self.outputs]

    @property
    def input_shape(self) -> Any:
        """Shape of the input, with None for the samples; with several a list."""
        shapes = [each.shape for each in self.inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        """Shape of the output, with None for the samples; with several a list."""
        shapes = [each.shape for each in self.outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def weights(self) -> list[Variable]:
        """All weights: layers in order, trainable ones of a layer first."""
        if not self.built:
            return []
        if self._is_own():
            return Layer.weights.fget(self)  # type: ignore[attr-defined] # a property
        owners = {id(layer): layer for layer in _flat_layers(self._layers)}
        return [weight for layer in owners.values() for weight in layer.weights]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, in the order of `weights`."""
        if not self.built:
            return []
        return Layer.get_weights(self) if self._has_own_layers() else super().get_weights()

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets all weights, in the order of `weights`.

        Raises
        ------
        ValueError
            If there are too many or too few, or a shape is wrong; nothing has changed then.
        """
        if self._has_own_layers():
            Layer.set_weights(self, weights)
        else:
            super().set_weights(weights)

    def _has_own_layers(self) -> bool:
        """Whether Python knows of weights in another order than the core."""
        return self._is_own() or any(each._is_own() for each in _flat_layers(self._layers))

    def count_params(self) -> int:
        """Number of values in all weights."""
        if not self.built:
            self._not_built()
        return sum(math.prod(weight.shape) for weight in self.weights)

    # ---- As a configuration and as a file ----------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Layers and calls, as Keras has them; what `from_config` takes. No weights.

        Of a model that defines `call` the arguments by name, as of a layer of one's own.
        """
        if self._is_own():
            return self._with_given_arguments({"name": self.name, "trainable": self.trainable})
        from . import _model_config

        return _model_config.of_functional(self)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Model:
        """A new model from what `get_config` gave, here or in Keras, with weights of its own.

        Parameters
        ----------
        config
            The configuration.
        custom_objects
            Classes and functions of your own by the names that the configuration has for them.

        Raises
        ------
        ValueError
            If it names an unknown class, or its calls cannot be put together.

        Examples
        --------
        >>> from martlet import Input, Model
        >>> from martlet.layers import Dense
        >>> x = Input((4,))
        >>> model = Model(x, Dense(2)(x))
        >>> Model.from_config(model.get_config()).output_shape
        (None, 2)
        """
        from . import _model_config

        if cls._is_own():
            # Keras says in what it computes; here it is always float32.
            return cls(**{key: each for key, each in config.items() if key != "dtype"})
        make = _model_config.make_layer(custom_objects)
        return cls._from_entries(config, make)

    def get_build_config(self) -> dict[str, Any]:
        """The shape of the input, where a model that defines `call` has one; what files hold."""
        if not self.built:
            return {}
        shapes = [(None, *shape) for shape in self._input_shapes]
        return {"input_shape": shapes if isinstance(self._inputs_structure, list) else shapes[0]}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the model for the shape that `get_build_config` gave, here or in Keras."""
        shape = config.get("input_shape")
        if shape is not None:
            self.build(shape)

    @classmethod
    def _from_entries(cls, config: dict[str, Any], make: Callable[[dict[str, Any]], Layer]) -> Any:
        """A new model whose layers `make` makes of the entries of the configuration."""
        from . import _model_config

        inputs, outputs = _model_config.functional_ends(config, make)
        model = cls(inputs, outputs, name=config.get("name"))
        model._trainable = bool(config.get("trainable", True))
        return model

    def to_json(self, **kwargs: Any) -> str:
        """Architecture and compilation as JSON; see :func:`martlet.models.model_from_json`.

        Parameters
        ----------
        **kwargs
            For `json.dumps`, such as ``indent=2``.
        """
        from . import _model_file

        return json.dumps(_model_file.describe(self), **kwargs)

    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        zipped: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Writes the whole model: architecture, weights, compilation, state of the training.

        Keras reads the file, and :func:`martlet.models.load_model` reads Keras's. The file is
        written beside its place and then renamed: should the disk be full or the process end, the
        file that was there before stays whole. Needs the package h5py.

        Parameters
        ----------
        filepath
            Ends in ``.keras``; in ``.h5``, the form of Keras 2, which leaves the state of the
            training out; or in ``.safetensors``, Martlet's own form in a single file, which needs
            no h5py and which programs in C and Swift load, too. Layers and models written in Python
            stand in that one as what they do, so reading it needs no code of yours.
        overwrite
            Whether a file of that name may be replaced.
        zipped
            None or True; other forms are not supported yet.
        **kwargs
            Without effect.

        Raises
        ------
        ValueError
            If the name has another ending.
        FileExistsError
            If the file is there and `overwrite` is False.
        OSError
            If it cannot be written.
        TypeError
            If something the model was compiled with cannot be described, such as a lambda.
        """
        from . import _model_file

        refuse("save", zipped=False if zipped is False else None)
        name = _target(filepath, overwrite, (".keras", ".h5", _FROZEN), "save")
        if name.endswith(".weights.h5"):
            raise ValueError(f"save: {name!r} is a name for weights alone: say save_weights")
        if name.endswith(".keras"):
            _model_file.save_model(self, name)
            return
        if not self.built:
            self._not_built()
        if name.endswith(_FROZEN):
            from . import _frozen_file

            _frozen_file.save(self, name)
            return
        _model_file.save_legacy(self, name)

    def export(
        self,
        filepath: str | os.PathLike[str],
        format: str | None = None,
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Writes the model for prediction elsewhere, without what only training needs.

        Layers and models written in Python stand in the file as what they do. The file is there
        whole or not at all.

        Parameters
        ----------
        filepath
            Of the file to be.
        format
            ``"onnx"``, which runs in many programs (needs the package onnx: operator set 17, the
            number of samples open), or ``"safetensors"``, which Martlet's C and Swift interfaces
            and :func:`martlet.models.load_model` read. None for what the name ends in: ``.onnx`` or
            ``.safetensors``. Keras's other formats are not supported.
        verbose
            Accepted; nothing is printed.
        input_signature
            Not supported yet: inputs are those of the model, float32.
        **kwargs
            None is known.

        Raises
        ------
        ValueError
            If the format is unknown, or the model is not built.
        NotImplementedError
            If a layer has no form in ONNX; the message names it.
        ImportError
            If the package onnx is missing; the message says how to get it.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> import martlet
        >>> model = martlet.Sequential([martlet.Input((4,)), martlet.layers.Dense(2)])
        >>> model.export("model.onnx")  # doctest: +SKIP
        >>> model.export("model.safetensors")  # doctest: +SKIP
        """
        from . import _frozen_file

        refuse("export", input_signature=input_signature)
        if kwargs:
            raise TypeError(f"export does not know the arguments {sorted(kwargs)}")
        name = os.fspath(filepath)
        if not self.built:
            self._not_built()
        if _export_format(name, format) == "onnx":
            from . import _onnx

            _onnx.save(self, name)
        else:
            _frozen_file.save(self, name, with_training=False)

    def save_weights(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        max_shard_size: float | None = None,
    ) -> None:
        """Writes weights, and where the model is compiled the state of the training.

        As `save`, the file is there whole or not at all, and Keras reads it.

        Parameters
        ----------
        filepath
            Ends in ``.weights.h5``.
        overwrite
            Whether a file of that name may be replaced.
        max_shard_size
            Not supported yet.

        Raises
        ------
        ValueError
            If the name has another ending, or the model is not built.
        FileExistsError
            If the file is there and `overwrite` is False.
        OSError
            If it cannot be written.
        """
        from . import _model_file

        refuse("save_weights", max_shard_size=max_shard_size)
        if not self.built:
            self._not_built()
        name = _target(filepath, overwrite, (".weights.h5",), "save_weights")
        _model_file.save_weights(self, name)

    def load_weights(
        self, filepath: str | os.PathLike[str], skip_mismatch: bool = False, **kwargs: Any
    ) -> None:
        """Gives the model the weights of a file.

        If the model is compiled and the file holds the state of a training, that is loaded, too:
        what the optimizer has gathered and the random numbers to come. The next `fit` then gives,
        bit by bit, what it would have given if the training had gone on.

        Parameters
        ----------
        filepath
            A ``.weights.h5`` or ``.keras`` file of Martlet or Keras, an ``.h5`` file of Keras 1 or
            2, or a ``.safetensors`` file of Martlet, of which the weights alone are taken.
        skip_mismatch
            Whether layers that do not fit keep their weights, with a warning, instead of an error.
        **kwargs
            None is known.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        OSError
            If it is none of these formats, cut short or damaged.
        ValueError
            If it is of another model; the message names the layer and both shapes. Nothing has
            changed then.
        """
        from . import _frozen_file, _model_file

        if kwargs:
            raise TypeError(f"load_weights does not know the arguments {sorted(kwargs)}")
        if not self.built:
            self._not_built()
        is_frozen = os.fspath(filepath).endswith(_FROZEN)
        load = _frozen_file.load_weights if is_frozen else _model_file.load_weights
        load(self, filepath, skip_mismatch)

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Prints a table of the layers; a notebook shows it as one of its own.

        Parameters
        ----------
        line_length
            Width; None for what fits the terminal.
        positions
            Where the columns end, as shares of the width.
        print_fn
            Called once with the whole text instead of `print`.
        expand_nested
            Whether the layers of models within are shown.
        show_trainable
            Whether a column tells which layers are trainable.
        layer_range
            Names (or patterns) of the first and the last layer to show.
        """
        from ._progress import notebook_display
        from ._summary import summary

        table = summary(self, line_length, positions, expand_nested, show_trainable, layer_range)
        display = notebook_display() if print_fn is None else None
        if display is not None:
            display({"text/plain": table.text, "text/html": table.html}, raw=True)
        elif print_fn is not None:
            print_fn(table.text)
        else:
            print(table.text, end="", flush=True)

    def explain(self, input_shape: Any = None) -> Explanation:
        """How the sizes and the number of parameters of all layers come about, layer by layer.

        Parameters
        ----------
        input_shape
            Only for a `Sequential` whose shapes are still open, as for `build`, which it does.

        Returns
        -------
        Explanation
            Text (a `str`) that a REPL and a notebook show; see
            :meth:`martlet.layers.Layer.explain`.

        Raises
        ------
        ValueError
            If the model is not built.
        """
        if input_shape is not None:
            self.build(input_shape)
        return of_model(self)

    def __repr__(self) -> str:
        if self._is_own():
            return super().__repr__()
        name = f", name={self._given_name!r}" if self._given_name is not None else ""
        call = f"Model({_shown(self._inputs_structure)}, {_shown(self._outputs_structure)}{name})"
        return f"{call}  # {self.count_params():,} parameters"

    # ---- Calls -------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Runs `call` for an input shape whose first entry stands for the samples.

        A model of symbols is built when it is made.
        """
        if self.built:
            return
        if input_shape is None:
            self._not_built()
        nested = is_nested(input_shape)
        shapes = [self._as_shape(each) for each in (input_shape if nested else [input_shape])]
        symbols = [InputLayer(shape[1:])._symbol() for shape in shapes]
        self._trace(symbols if nested else symbols[0])

    def _build_for(self, x: Any) -> None:
        """Builds the model for data, if its input shape is still open."""
        if self.built:
            return
        leaves = _nest.flatten(x)
        if not isinstance(leaves[0], KerasTensor):
            leaves = [_data.has_samples(_data.as_array(leaf, "x"), "x") for leaf in leaves]
        symbols = [InputLayer(tuple(leaf.shape[1:]))._symbol() for leaf in leaves]
        self._trace(_nest.packed_like(x, symbols))

    def _trace(self, inputs: Any) -> None:
        """Makes the model of what the `call` of its class does."""
        self._connect(inputs, traced(self, inputs))
        if not self._trainable:
            self.trainable = False

    def _call_on_symbols(self, inputs: Any, training: bool | None = None) -> Any:
        leaves = self._leaves(inputs, training)
        self._build_for(leaves[0])
        return _nest.packed_like(self._outputs_structure, self._made_of(leaves))

    @property
    def _augments(self) -> bool:
        # A model of augmentation alone is called like one of its layers.
        return any(layer._augments for layer in self._layers) and all(
            layer._augments or layer._prepares for layer in self._layers
        )

    def _compute(self, inputs: Any, training: bool) -> Any:
        xs = self._prediction_inputs(inputs)
        # Training statistics are those of all samples.
        return self._predicted(xs, len(xs[0]) if training else _data.BATCH_SIZE, training=training)


class Sequential(Model):
    """A model that is a chain of layers.

    Parameters
    ----------
    layers
        In order. An :func:`martlet.Input` at the start, or ``input_shape=`` in the first layer,
        says what comes in; else the first data does.
    trainable
        Whether training changes the weights of its layers.
    name
        Automatic when None.

    Examples
    --------
    >>> from martlet import Input, Sequential
    >>> from martlet.layers import Conv2D, Dense, Flatten, MaxPooling2D
    >>> model = Sequential([Input((28, 28, 1)), Conv2D(8, 3, activation="relu"), MaxPooling2D()])
    >>> model.add(Flatten())
    >>> model.add(Dense(10, activation="softmax"))
    >>> model
    Sequential([
        Input((28, 28, 1)),
        Conv2D(8, 3, activation='relu'),  # 80 parameters
        MaxPooling2D(),
        Flatten(),
        Dense(10, activation='softmax'),  # 13,530 parameters
    ])  # 13,610 parameters
    """

    _class_name = "Sequential"
    _is_sequential = True

    def __init__(
        self,
        layers: Iterable[Any] | Layer | None = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        if self._is_own():
            refuse_call(type(self).__name__, "Sequential")
        self._start(name)
        # The input and what each layer made of it, as far as the shape is known.
        self._chain: list[KerasTensor] = []
        given = [] if layers is None else [layers] if isinstance(layers, Layer) else list(layers)
        for layer in given:
            self._append(layer)
        self._reconnect()
        if not trainable:
            self.trainable = False

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Appends a layer.

        Parameters
        ----------
        layer
            A layer or model, or as the first an Input.
        rebuild
            Accepted; without effect.

        Raises
        ------
        ValueError
            If the layer cannot follow what is there; it is not appended then.
        """
        self._append(layer)
        self._reconnect()

    def pop(self, rebuild: bool = True) -> Layer:
        """Takes the last layer off and returns it.

        Parameters
        ----------
        rebuild
            Accepted; without effect.
        """
        if not self._layers:
            raise ValueError(f"model '{self.name}' has no layers to pop")
        layer = self._layers.pop()
        del self._chain[len(self._layers) + 1 :]
        self._reconnect()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and isinstance(layer._layer, InputLayer):
            self._begin(layer)
            return
        if isinstance(layer, InputLayer):
            self._begin(layer._symbol())
            return
        if not isinstance(layer, Layer):
            hint = f"; say {layer.__name__}()" if isinstance(layer, type) else ""
            raise TypeError(
                f"Sequential takes layers, got {getattr(layer, '__name__', repr(layer))}{hint}"
            )
        if any(layer.name == each.name for each in self._layers):
            raise ValueError(
                f"model '{self.name}' already has a layer named '{layer.name}'; names must be "
                "unique"
            )
        if not self._layers and not self._chain:
            shape = _own_input_shape(layer)
            if shape is not None:
                self._chain = [InputLayer(shape)._symbol()]
        if self._chain:
            symbol = layer(self._chain[-1])
            if not isinstance(symbol, KerasTensor):
                raise ValueError(
                    f"model '{layer.name}' has several outputs, so it cannot stand in a Sequential"
                )
            self._chain.append(symbol)
        self._layers.append(layer)
        if not self._trainable:
            layer.trainable = False

    def _begin(self, symbol: KerasTensor) -> None:
        if self._layers or self._chain:
            raise ValueError(f"model '{self.name}': an Input can only stand first")
        self._chain = [symbol]

    def get_config(self) -> dict[str, Any]:
        """The layers in order, as Keras has them; what `from_config` takes. No weights."""
        from . import _model_config

        return _model_config.of_sequential(self)

    @classmethod
    def _from_entries(cls, config: dict[str, Any], make: Callable[[dict[str, Any]], Layer]) -> Any:
        from . import _model_config

        model = cls(name=config.get("name"))
        _model_config.fill_sequential(model, config, make)
        model._trainable = bool(config.get("trainable", True))
        return model

    def _reconnect(self) -> None:
        self._handles = None
        self._calculator = None
        if len(self._chain) > 1:
            layers = self._layers
            self._connect(self._chain[0], self._chain[-1])
            self._layers = layers

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights, for an input shape whose first entry stands for the samples."""
        if self.built:
            return
        if not self._layers:
            raise ValueError(f"model '{self.name}' has no layers")
        if input_shape is None:
            self._not_built()
        chain = [InputLayer(self._as_shape(input_shape)[1:])._symbol()]
        for layer in self._layers:
            chain.append(layer(chain[-1]))
        self._chain = chain
        self._reconnect()

    def _build_for(self, x: Any) -> None:
        if self.built:
            return
        if not isinstance(x, KerasTensor):
            x = _data.has_samples(_data.as_array(x, "x"), "x")
        self.build(x.shape)

    def __repr__(self) -> str:
        name = f", name={self._given_name!r}" if self._given_name is not None else ""
        lines = [f"    {line}" for line in map(_as_item, self._shown_layers())]
        body = "\n" + "\n".join(lines) + "\n" if lines else ""
        call = f"Sequential([{body}]{name})"
        return f"{call}  # {self.count_params():,} parameters" if self.built else call

    def _shown_layers(self) -> list[str]:
        start = [f"Input({self._chain[0].shape[1:]})"] if self._chain else []
        return start + [repr(layer) for layer in self._layers]


# ---- Functions -------------------------------------------------------------------------------


def save_model(
    model: Model,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    zipped: bool | None = None,
    **kwargs: Any,
) -> None:
    """The same as ``model.save(filepath)``; see :meth:`martlet.Model.save`."""
    model.save(filepath, overwrite, zipped, **kwargs)


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """The model of a file, ready to predict, and to train on as if it had never been stored.

    Nothing in a file is ever run: files that hold Python code are refused.

    Parameters
    ----------
    filepath
        A ``.keras`` file of Martlet or Keras, an ``.h5`` file of Keras 1 or 2, or a
        ``.safetensors`` file of Martlet.
    custom_objects
        Classes and functions of your own by the names that the file has for them.
    compile
        Whether the model is compiled as it was when it was saved.
    safe_mode
        Accepted. Martlet is always safe.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    OSError
        If it is neither of these formats, cut short or damaged.
    ValueError
        If it holds what Martlet does not know, or Python code.
    """
    from . import _frozen_file, _model_file

    if os.fspath(filepath).endswith(_FROZEN):
        return _frozen_file.load(filepath, custom_objects, compile)
    return _model_file.load_model(filepath, custom_objects, compile)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Model:
    """A new model from what `Model.to_json` gave, here or in Keras. It is not compiled.

    Parameters
    ----------
    json_string
        The text.
    custom_objects
        Classes and functions of your own by the names that the text has for them.

    Raises
    ------
    ValueError
        If it is no JSON text of a model.

    Examples
    --------
    >>> import martlet
    >>> model = martlet.Sequential([martlet.Input((4,)), martlet.layers.Dense(2)])
    >>> martlet.models.model_from_json(model.to_json()).count_params()
    10
    """
    from . import _model_file

    try:
        description = json.loads(json_string)
    except ValueError as error:
        raise ValueError(f"model_from_json: this is no JSON text: {error}") from None
    return _model_file.from_description(description, custom_objects)


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Any = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Model:
    """A new model of the same architecture with new weights, not compiled.

    Parameters
    ----------
    model
        The model.
    clone_function
        Makes the new layer of each layer but the inputs; None for one of the same configuration.
    input_tensors, call_function
        Not supported yet.
    recursive
        Whether `clone_function` is asked for the layers of models within, not for those models.
    **kwargs
        None is known.

    Examples
    --------
    >>> import martlet
    >>> model = martlet.Sequential([martlet.Input((4,)), martlet.layers.Dense(2)])
    >>> martlet.models.clone_model(model).layers[0] is model.layers[0]
    False
    """
    refuse("clone_model", input_tensors=input_tensors, call_function=call_function)
    if kwargs:
        raise TypeError(f"clone_model does not know the arguments {sorted(kwargs)}")
    if not isinstance(model, Model):
        raise TypeError(f"clone_model takes a model, got {type(model).__name__}")
    if not model.built and not model._is_sequential:
        model._not_built()
    layers = {layer.name: layer for layer in model.layers}

    def make(entry: dict[str, Any]) -> Layer:
        layer = layers.get(entry["config"]["name"])
        if layer is None or isinstance(layer, InputLayer):
            return InputLayer.from_config(entry["config"])
        if recursive and isinstance(layer, Model):
            return clone_model(layer, clone_function=clone_function, recursive=True)
        made = clone_function(layer) if clone_function else layer.from_config(layer.get_config())
        if not isinstance(made, Layer):
            raise TypeError(
                f"clone_model: clone_function gave {made!r} for layer '{layer.name}', expected a "
                "layer"
            )
        return made

    return type(model)._from_entries(model.get_config(), make)


def _export_format(name: str, given: str | None) -> str:
    """The format of a file to export, by its name if none is given."""
    known = ("onnx", "safetensors")
    if given is not None:
        if given in ("tf_saved_model", "openvino", "litert", "torch"):
            not_supported(f"export: format={given!r}")
        if given not in known:
            raise unknown_name("format", given, known)
        return given
    ending = os.path.splitext(name)[1].removeprefix(".")
    if ending not in known:
        raise ValueError(
            f"export: the name of the file must end in .onnx or .safetensors, got {name!r}; or say "
            'format="onnx"'
        )
    return ending


def _target(
    path: str | os.PathLike[str], overwrite: bool, endings: tuple[str, ...], owner: str
) -> str:
    """The path of a file to write, after a check of its ending and of what is there."""
    name = os.fspath(path)
    if not name.endswith(endings):
        expected = " or ".join(endings)
        raise ValueError(f"{owner}: the name of the file must end in {expected}, got {name!r}")
    if not overwrite and os.path.exists(name):
        raise FileExistsError(f"{owner}: {name!r} is there already, and overwrite is False")
    return name


def _as_item(text: str) -> str:
    """A constructor call with its comment as an entry of a list, a comma in between."""
    text = text.replace("\n", "\n    ")
    call, mark, comment = text.rpartition("  # ")
    return f"{call},{mark}{comment}" if mark else f"{text},"


def _own_input_shape(layer: Layer) -> tuple[int, ...] | None:
    """The shape of one sample that a layer asks for by itself."""
    if isinstance(layer, Model):
        shapes = layer._input_shapes
        return shapes[0] if len(shapes) == 1 else None
    return layer._input_shape


def _unwrapped(structure: Any) -> Any:
    is_single = isinstance(structure, list | tuple) and len(structure) == 1
    return structure[0] if is_single else structure


def _as_described(
    description: dict[str, Any], symbols: dict[str, list[KerasTensor]]
) -> list[Layer]:
    """The layers between inputs and outputs, in the order of the core's description."""
    found: dict[str, Layer] = {}
    seen: set[int] = set()
    for symbol in symbols["inputs"]:
        if isinstance(symbol._layer, InputLayer):
            found[symbol.name] = symbol._layer
        else:
            seen.add(id(symbol))
    waiting = list(symbols["outputs"])
    while waiting:
        symbol = waiting.pop()
        if id(symbol) not in seen:
            seen.add(id(symbol))
            found[symbol.name] = symbol._layer
            waiting.extend(symbol._inputs)
    # Where a model starts in the middle of another, the core has put an input of its own.
    return [
        found.get(each["name"])
        or InputLayer._described(each["name"], each["nodes"][0]["output_shapes"][0])
        for each in description["layers"]
    ]


def _flat_layers(layers: Sequence[Layer]) -> list[Layer]:
    """The layers, with those of models in place of the models."""
    return [
        inner
        for layer in layers
        for inner in (_flat_layers(layer.layers) if isinstance(layer, Model) else [layer])
    ]


def _shown(structure: Any) -> str:
    if isinstance(structure, dict):
        return "{" + ", ".join(f"{key!r}: {_shown(part)}" for key, part in structure.items()) + "}"
    if isinstance(structure, list | tuple):
        return "[" + ", ".join(map(_shown, structure)) + "]"
    return f"{structure.name}{structure.shape}"
