"""Models in single safetensors files, which programs in C and Swift load without Python.

The core writes and reads them. A model that comes out of one is made of the core's layers alone:
what layers and models written in Python do stands there as what it was traced to.
"""

from __future__ import annotations

import json
import os
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _files, _model_file, _native, _nest, _randomness, _weights_file, optimizers
from ._errors import not_supported
from ._serialization import find_class
from .layers._input import InputLayer
from .layers._layer import Layer
from .layers._symbol import KerasTensor

if TYPE_CHECKING:
    from .models import Model

#: The arguments of `compile` as this package knows them, beside what the core does.
_COMPILE_CONFIG = "keras_compile_config"

_Description = dict[str, Any]


# ---- Writing ---------------------------------------------------------------------------------


def save(model: Model, path: str | os.PathLike[str], with_training: bool = True) -> None:
    """Writes a file, whole or not at all.

    Parameters
    ----------
    model
        Built.
    path
        Of the file to be.
    with_training
        Whether a training can go on from it, where the model is compiled.
    """
    options: dict[str, Any] = {"training": False}
    if with_training and model._compiled_handle() is not None:
        config = json.dumps(model.get_compile_config(), allow_nan=False)
        options = {"training": True, "metadata": {_COMPILE_CONFIG: config}}
    _native.model_save(model._model_handle(), os.fspath(path), options)


# ---- Reading ---------------------------------------------------------------------------------


def load(
    path: str | os.PathLike[str], custom_objects: dict[str, Any] | None, compiles: bool
) -> Model:
    """The model of a file."""
    name = os.fspath(path)
    _files.signature(name, "load_model")
    with _files.reading(name):
        stored = _native.model_load(name)
        model = _Rebuilt().model(_native.model_describe(stored), "")
        _native.set_weights(model._handle, _weights(stored))
        metadata = _native.model_file_metadata(name)
        if compiles and "training" in metadata:
            _compile(model, stored, metadata, custom_objects)
    return model


def _compile(
    model: Model,
    stored: _native.Handle,
    metadata: dict[str, str],
    custom_objects: dict[str, Any] | None,
) -> None:
    """Compiles a model as the file says, and gives it the state of the training."""
    training = json.loads(metadata["training"])
    told = metadata.get(_COMPILE_CONFIG)
    config = _in_words_of_keras(training) if told is None else json.loads(told)
    if not isinstance(config, dict) or config.get("optimizer") is None:
        raise ValueError(f"its {_COMPILE_CONFIG} names no optimizer: {config!r:.60}")
    _model_file.compile_as_described(model, config, custom_objects)
    if model._compiled_handle() is not None:
        _resume(model, stored, training)


def _in_words_of_keras(training: _Description) -> dict[str, Any]:
    """The arguments of `compile`, of what a program without Python gave the core."""
    configuration = training["configuration"]
    optimizer = configuration.get("optimizer") or "RMSprop"
    if isinstance(optimizer, str):
        optimizer = {"class_name": optimizer, "config": {}}
    kind = type(optimizers.get(optimizer["class_name"])).__name__
    rate = training["learning_rate"]
    arguments = {
        key: [[_metric(each) for each in one] for one in configuration.get(key) or []] or None
        for key in ("metrics", "weighted_metrics")
    }
    return {
        "optimizer": {
            "class_name": kind,
            "config": {**(optimizer.get("config") or {}), "learning_rate": rate},
        },
        "loss": [_loss(each) for each in configuration["losses"]],
        "loss_weights": configuration.get("loss_weights"),
        **arguments,
    }


def _loss(description: Any) -> Any:
    """A loss; the one that chooses by the targets has no class of Keras's."""
    is_open = isinstance(description, dict) and description.get("class_name") == "Crossentropy"
    return "crossentropy" if is_open else description


def _metric(description: Any) -> Any:
    """A metric, by Keras's name of it."""
    if not isinstance(description, dict):
        return description
    if description["class_name"] == "Accuracy":
        return "accuracy"
    config = dict(description.get("config") or {})
    if "name" in description:
        config["name"] = description["name"]
    kind = {"ExactAccuracy": "Accuracy"}.get(description["class_name"], description["class_name"])
    return {"class_name": kind, "config": config}


def load_weights(model: Model, path: str | os.PathLike[str], skip_mismatch: bool) -> None:
    """Gives a model the weights of a file; all are checked before the first one changes.

    Raises
    ------
    ValueError
        If the file is of another model: the message names the weight and both shapes.
    """
    name = os.fspath(path)
    _files.signature(name, "load_weights")
    if skip_mismatch:
        not_supported(f"load_weights: skip_mismatch=True for {name!r}, a safetensors file")
    with _files.reading(name):
        stored = _native.model_load(name)
        theirs = _native.weight_infos(_native.model_as_layer(stored))
        ours = _native.weight_infos(model._handle)
        for own, other in zip_longest(ours, theirs):
            if own is None or other is None or own.shape != other.shape:
                raise ValueError(
                    f"{name!r} holds the weights of another model: {_told(own)} of model "
                    f"'{model.name}', {_told(other)} of the file's; nothing has been loaded"
                )
        _native.set_weights(model._handle, _weights(stored))


def _told(info: _native.WeightInfo | None) -> str:
    return f"'{info.layer}/{info.name}' of shape {info.shape}" if info else "no weight"


def _weights(stored: _native.Handle) -> list[np.ndarray]:
    layer = _native.model_as_layer(stored)
    return [
        _native.get_weight(layer, index, info.shape)
        for index, info in enumerate(_native.weight_infos(layer))
    ]


def _resume(model: Model, stored: _native.Handle, training: dict[str, Any]) -> None:
    """Gives the training of a model the state that the core has read."""
    assert model.optimizer is not None
    target = model._model_handle()
    infos = _native.optimizer_weight_infos(stored)
    if [each[2:] for each in infos] != [
        each[2:] for each in _native.optimizer_weight_infos(target)
    ]:
        return
    for index, info in enumerate(infos):
        value = _native.optimizer_weight(stored, index, info.shape)
        _native.set_optimizer_weight(target, index, np.atleast_1d(value))
    # The state above has these in single precision only.
    for name in ("iterations", "learning_rate"):
        if name == "iterations" or any(info.name == name for info in infos):
            _native.set_optimizer_value(target, name, _native.optimizer_value(stored, name))
    if model.optimizer.iterations > 0:
        for layer, seed in zip(_weights_file.random_layers(model), training["seeds"], strict=True):
            _native.layer_set_seed(layer._handle, int(seed))
        model._continues_at = _randomness.Position(int(training["random_position"]))


class _Rebuilt:
    """Layers of Python for those that the core has read."""

    def __init__(self) -> None:
        #: By the names of the models around them and their own.
        self.layers: dict[str, Layer] = {}

    def model(self, description: _Description, path: str) -> Model:
        """The model of a description that the core has given, so that all of it is right."""
        from .models import Model, Sequential

        entries = description["layers"]
        made = {each["name"]: self.layer(each, path + each["name"]) for each in entries}
        name = description["name"]
        if description["class_name"] == "Sequential" and _is_chain(description):
            model: Model = Sequential(made.values(), name=name)
        else:
            symbols = _called(entries, made)
            inputs, outputs = (
                [symbols[layer, call][index] for layer, call, index in description[which]]
                for which in ("inputs", "outputs")
            )
            model = Model(inputs, outputs, name=name)
        _settle_trainability(model, description)
        return model

    def layer(self, entry: _Description, place: str) -> Layer:
        shared = entry.get("shared_with")
        if shared is not None:
            return self.layers[shared]
        if "layers" in entry:
            made: Layer = self.model(entry, f"{place}/")
        else:
            made = _layer(entry)
        self.layers[place] = made
        return made


def _layer(entry: _Description) -> Layer:
    class_name = entry["class_name"]
    kind = find_class("keras.layers", class_name)
    if kind is None:
        kind = find_class("keras.layers._operations", class_name)
    return kind.from_config(entry["config"])


def _is_chain(description: _Description) -> bool:
    entries = description["layers"]
    chain = [[each["name"], 0, 0] for each in entries]
    inputs = [[node["inputs"] for node in each["nodes"]] for each in entries]
    return (
        len(entries) > 1
        and inputs == [[[]], *([[each]] for each in chain[:-1])]
        and description["inputs"] == chain[:1]
        and description["outputs"] == chain[-1:]
    )


def _called(
    entries: list[_Description], layers: dict[str, Layer]
) -> dict[tuple[str, int], list[KerasTensor]]:
    """What the calls give, by layer and number of the call."""
    symbols: dict[tuple[str, int], list[KerasTensor]] = {}
    waiting = [
        (each["name"], number, node["inputs"])
        for each in entries
        for number, node in enumerate(each["nodes"])
    ]
    while waiting:
        left = []
        for name, number, inputs in waiting:
            is_next = number == 0 or (name, number - 1) in symbols
            if is_next and all((source, call) in symbols for source, call, _ in inputs):
                given = [symbols[source, call][index] for source, call, index in inputs]
                symbols[name, number] = _call(layers[name], given)
            else:
                left.append((name, number, inputs))
        waiting = left
    return symbols


def _call(layer: Layer, inputs: list[KerasTensor]) -> list[KerasTensor]:
    if isinstance(layer, InputLayer):
        return [layer._symbol()]
    if not inputs:
        return [KerasTensor(_native.layer_call(layer._handle, [])[0], layer)]
    return _nest.flatten(layer(inputs if len(inputs) > 1 or layer._merges else inputs[0]))


def _settle_trainability(model: Model, description: _Description) -> None:
    """From the outside in: setting it for a model sets it for all within."""
    from .models import Model

    model.trainable = description["trainable"]
    layers = {layer.name: layer for layer in model._layers}
    for entry in description["layers"]:
        layer = layers.get(entry["name"])
        if isinstance(layer, Model):
            _settle_trainability(layer, entry)
        elif layer is not None:
            layer.trainable = entry["trainable"]
