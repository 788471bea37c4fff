"""Models as configurations in Keras's form, and models from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _file_operations, _native, _nest
from ._errors import not_supported
from ._serialization import (
    deserialize_keras_object,
    refuse_code,
    serialize_keras_object,
)
from .layers._input import InputLayer
from .layers._layer import Layer
from .layers._symbol import KerasTensor

if TYPE_CHECKING:
    from .models import Model, Sequential

#: Makes the layer of an entry of a configuration.
LayerMaker = Callable[[dict[str, Any]], Layer]


# ---- Writing ---------------------------------------------------------------------------------


def of_sequential(model: Sequential) -> dict[str, Any]:
    """What `Sequential.get_config` gives: the layers in order, the input first if it is known."""
    layers: list[Layer] = list(model._layers)
    config: dict[str, Any] = {
        "name": model.name,
        "trainable": model.trainable,
        "dtype": {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": model.dtype_policy.get_config(),
            "registered_name": None,
        },
    }
    if model._chain:
        layers.insert(0, model._chain[0]._layer)
        config["build_input_shape"] = list(model._chain[0].shape)
    config["layers"] = [_entry(layer) for layer in layers]
    return config


def of_functional(model: Model) -> dict[str, Any]:
    """What `Model.get_config` gives: the layers with their calls, and where they begin and end."""
    description = _native.model_describe(model._model_handle())
    shapes = {
        (layer["name"], call, index): shape
        for layer in description["layers"]
        for call, node in enumerate(layer["nodes"])
        for index, shape in enumerate(node["output_shapes"])
    }
    first_calls = {layer.name: _first_call(layer) for layer in model._layers}

    def end(tensor: list[Any]) -> list[Any]:
        name, call, index = tensor
        return [name, call + first_calls[name], index]

    def symbol(tensor: list[Any]) -> dict[str, Any]:
        return {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": [None, *shapes[tuple(tensor)]],
                "dtype": "float32",
                "keras_history": tensor,
            },
        }

    entries = []
    for layer, described in zip(model._layers, description["layers"], strict=True):
        calls = [[symbol(each) for each in node["inputs"]] for node in described["nodes"]]
        entries.append(
            {
                **_entry(layer),
                "name": layer.name,
                "inbound_nodes": [
                    {"args": _arguments(layer, inputs), "kwargs": {}} for inputs in calls if inputs
                ],
            }
        )
    ends = {
        key: _nest.packed_like(structure, [end(each) for each in description[which]])
        for key, which, structure in (
            ("input_layers", "inputs", model._inputs_structure),
            ("output_layers", "outputs", model._outputs_structure),
        )
    }
    return {"name": model.name, "trainable": model.trainable, "layers": entries, **ends}


def _entry(layer: Layer) -> dict[str, Any]:
    return _file_operations.written(layer) or serialize_keras_object(layer)


def _first_call(layer: Layer) -> int:
    """The number that Keras gives the first call of a layer where it says how a model ends.

    A functional model counts the call that made it there, but not in what its calls are made on.
    """
    return 1 if getattr(layer, "_class_name", "") == "Functional" else 0


def _arguments(layer: Layer, inputs: list[Any]) -> list[Any]:
    if _file_operations.written(layer):
        return _file_operations.written_arguments(layer, inputs)
    return [_argument(layer, inputs)]


def _argument(layer: Layer, inputs: list[Any]) -> Any:
    structure = getattr(layer, "_inputs_structure", None)
    if structure is not None:
        return _nest.packed_like(structure, inputs)
    return inputs if layer._merges else inputs[0]


# ---- Reading ---------------------------------------------------------------------------------


def make_layer(custom_objects: dict[str, Any] | None = None) -> LayerMaker:
    """What makes new layers of entries."""

    def make(entry: dict[str, Any]) -> Layer:
        refuse_code(entry)
        made = deserialize_keras_object(_file_operations.read(entry), custom_objects)
        if not isinstance(made, Layer):
            raise ValueError(f"the configuration has a {type(made).__name__} among its layers")
        return made

    return make


def fill_sequential(model: Sequential, config: dict[str, Any], make: LayerMaker) -> None:
    """Appends the layers of a configuration to a new model."""
    for entry in config["layers"]:
        model.add(make(entry))
    shape = config.get("build_input_shape")
    if not model.built and model._layers and shape:
        model.build(tuple(shape))


def functional_ends(config: dict[str, Any], make: LayerMaker) -> tuple[Any, Any]:
    """Inputs and outputs of the model that a configuration describes.

    Raises
    ------
    ValueError
        If a call names a layer that is not there, or calls wait for each other.
    """
    graph = _Graph(config, make)
    graph.call_all()
    return graph.ends(config["input_layers"]), graph.ends(config["output_layers"])


class _Graph:
    """Layers of a configuration, and what their calls gave so far."""

    def __init__(self, config: dict[str, Any], make: LayerMaker) -> None:
        self.layers: dict[str, Layer] = {}
        #: By layer and number of the call: its outputs.
        self.outputs: dict[tuple[str, int], list[KerasTensor]] = {}
        self.waiting: list[tuple[str, int, Any]] = []
        #: The least number of a call that the lists of Keras 2 refer to, by layer.
        self.numbers: dict[str, int] = {}
        for entry in config["layers"]:
            layer = make(entry)
            name = entry.get("name") or layer.name
            self.layers[name] = layer
            if isinstance(layer, InputLayer):
                self.outputs[name, 0] = [layer._symbol()]
                continue
            for number, node in enumerate(entry.get("inbound_nodes", [])):
                self.waiting.append((name, number, node))
        nodes = [node for _, _, node in self.waiting if isinstance(node, list)]
        if nodes:
            ends = [_references(config[key]) for key in ("input_layers", "output_layers")]
            for source, call, *_ in (each for node in [*nodes, *ends] for each in node):
                self.numbers[source] = min(call, self.numbers.get(source, call))

    def call_all(self) -> None:
        """Makes the calls, each when its inputs are there and those before it of its layer."""
        while self.waiting:
            left: list[tuple[str, int, Any]] = []
            for name, number, node in self.waiting:
                if any(name == other for other, _, _ in left) or not self.is_ready(node):
                    left.append((name, number, node))
                    continue
                made = self.layers[name](self.argument(name, node))
                self.outputs[name, number] = _nest.flatten(made)
            if len(left) == len(self.waiting):
                names = ", ".join(sorted({name for name, _, _ in left}))
                raise ValueError(
                    f"the configuration cannot be put together: the calls of {names} wait for "
                    "layers that are not there, or for each other"
                )
            self.waiting = left

    def is_ready(self, node: Any) -> bool:
        return all(key[:2] in self.outputs for key in self.references(node))

    def argument(self, name: str, node: Any) -> Any:
        """What a layer is called on."""
        if isinstance(node, list):
            # The form of Keras 2: a list of [name, call, output, options].
            for *_, options in (each for each in node if len(each) == 4):
                self.check_options(name, options)
            symbols = [self.symbol(each) for each in self.references(node)]
            return symbols if len(symbols) > 1 else symbols[0]
        self.check_options(name, node.get("kwargs") or {})
        in_layer = (_file_operations.is_number, _file_operations.is_part)
        given = [each for each in node["args"] if not any(test(each) for test in in_layer)]
        arguments = [self.revived(name, each) for each in given]
        if len(arguments) > 1:
            # An operation on several symbols.
            return arguments
        return arguments[0]

    def check_options(self, name: str, options: dict[str, Any]) -> None:
        for key, value in options.items():
            # Keras notes `training` as it was at the call, True for augmentation; `fit` and
            # `predict` decide all the same. A mask stands for each input of a model within.
            if key != "training" and _nest.any_leaf(value, lambda leaf: leaf is not None):
                not_supported(f"layer '{name}': {key}={value!r} in a call on symbols")

    def revived(self, name: str, argument: Any) -> Any:
        if isinstance(argument, list | tuple):
            return [self.revived(name, each) for each in argument]
        if not isinstance(argument, dict):
            not_supported(f"layer '{name}': a call on {argument!r}")
        if argument.get("class_name") == "__keras_tensor__":
            return self.symbol(tuple(argument["config"]["keras_history"]))
        return {key: self.revived(name, each) for key, each in argument.items()}

    def counted(self, reference: list[Any]) -> tuple[str, int, int]:
        """A reference whose call is counted as in `_first_call`."""
        name, call, index = reference[:3]
        return name, int(call) - self.first_call(name), int(index)

    def first_call(self, name: str) -> int:
        """The number of the first call of a layer in the references that `counted` is given."""
        layer = self.layers.get(name)
        if layer is None:
            return 0
        if name not in self.numbers:
            return _first_call(layer)
        # Keras 2 counted the calls of a model from 0 or from 1, by its release.
        return min(self.numbers[name], 1) if hasattr(layer, "layers") else 0

    def references(self, node: Any) -> list[tuple[str, int, int]]:
        """The tensors that a call takes."""
        return [self.counted(each) for each in node] if isinstance(node, list) else _tensors(node)

    def symbol(self, reference: tuple[str, int, int]) -> KerasTensor:
        name, call, index = reference
        return self.outputs[name, call][index]

    def ends(self, structure: Any) -> Any:
        if isinstance(structure, dict):
            return {key: self.ends(each) for key, each in structure.items()}
        if _is_reference(structure):
            reference = self.counted(structure)
            if reference[:2] not in self.outputs:
                raise ValueError(f"the configuration has no layer {structure[0]!r} to end in")
            return self.symbol(reference)
        return [self.ends(each) for each in structure]


def _is_reference(structure: Any) -> bool:
    return len(structure) == 3 and isinstance(structure[0], str)


def _references(structure: Any) -> list[list[Any]]:
    """The references within a structure of them."""
    if isinstance(structure, dict):
        structure = list(structure.values())
    if _is_reference(structure):
        return [structure]
    return [each for part in structure for each in _references(part)]


def _tensors(node: dict[str, Any]) -> list[tuple[str, int, int]]:
    """The references within a call."""
    found: list[tuple[str, int, int]] = []

    def collect(part: Any) -> None:
        # A configuration of Keras that has not been in a file has tuples.
        if isinstance(part, list | tuple):
            for each in part:
                collect(each)
        elif isinstance(part, dict):
            if part.get("class_name") == "__keras_tensor__":
                found.append(tuple(part["config"]["keras_history"]))
            else:
                for each in part.values():
                    collect(each)

    collect(node["args"])
    return found
