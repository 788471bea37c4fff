"""The HDF5 files of Keras 2, which Keras 3 reads and writes too where a name ends in ``.h5``.

Weights stand in groups by the names of the layers and belong, in order, to the layers that have
weights; the architecture is a JSON text in an attribute.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _model_file
from ._errors import not_supported

if TYPE_CHECKING:
    from .layers._layer import Layer
    from .models import Model

#: What HDF5 keeps of an attribute, less what it needs itself.
_LARGEST_ATTRIBUTE = 64_512


def is_legacy(file: Any) -> bool:
    """Whether an open file has this form."""
    return "layer_names" in file.attrs or "layer_names0" in file.attrs or "model_weights" in file


# ---- Writing ---------------------------------------------------------------------------------


def write(model: Model, file: Any) -> None:
    """Writes architecture, weights and compilation. The optimizer's state is left out.

    Parameters
    ----------
    model
        Built.
    file
        An open `h5py.File`.
    """
    version = {"backend": "martlet", "keras_version": _model_file.KERAS_VERSION}
    description = _model_file.describe(model)
    training = description.pop("compile_config")
    file.attrs.update({**version, "model_config": json.dumps(description)})
    if training is not None:
        training["optimizer_config"] = training.pop("optimizer")
        file.attrs["training_config"] = json.dumps(training)
    root = file.create_group("model_weights")
    root.attrs.update(version)
    _write_names(root, "layer_names", [layer.name for layer in model.layers])
    root.create_group("top_level_model_weights").attrs["weight_names"] = np.empty(0)
    for layer in model.layers:
        group = root.create_group(layer.name)
        weights = _in_order(layer)
        _write_names(group, "weight_names", [each.path for each in weights])
        for weight in weights:
            group.create_dataset(weight.path, data=weight.numpy())


def _write_names(group: Any, key: str, names: list[str]) -> None:
    """Stores a list of names in an attribute, or in several where it is too long for one."""
    encoded = [name.encode("utf-8") for name in names]
    longest = max(map(len, encoded), default=1)
    size = max(_LARGEST_ATTRIBUTE // longest, 1)
    if len(encoded) <= size:
        group.attrs[key] = np.array(encoded, f"S{longest}")
        return
    for number, first in enumerate(range(0, len(encoded), size)):
        group.attrs[f"{key}{number}"] = np.array(encoded[first : first + size], f"S{longest}")


# ---- Reading ---------------------------------------------------------------------------------


def load_model(
    file: Any, name: str, custom_objects: dict[str, Any] | None, compiles: bool
) -> Model:
    """The model of a file. The state of its optimizer is left out."""
    if "model_config" not in file.attrs:
        raise ValueError(
            f"{name!r} holds weights alone: build the model in code and use load_weights"
        )
    description = _modern(json.loads(_text(file.attrs["model_config"])))
    model = _model_file.from_description(description, custom_objects)
    if compiles and "training_config" in file.attrs:
        training = json.loads(_text(file.attrs["training_config"]))
        known = ("loss", "loss_weights", "metrics", "weighted_metrics")
        configuration = {key: training.get(key) for key in known}
        optimizer = training.get("optimizer_config") or training.get("optimizer")
        configuration["optimizer"] = _modern_optimizer(optimizer)
        _model_file.compile_as_described(model, configuration, custom_objects)
    load_weights(model, file, name, skip_mismatch=False)
    return model


def load_weights(model: Model, file: Any, name: str, skip_mismatch: bool) -> None:
    """Gives a model the weights of a file; all are checked before the first one changes.

    Raises
    ------
    ValueError
        If the file is of another model: the message names the layer and both shapes.
    """
    if skip_mismatch:
        not_supported(f"load_weights: skip_mismatch=True for {name!r}, a file of Keras 2")
    root = file.get("model_weights", file)
    stored = [(key, _arrays(root[key])) for key in _names(root, "layer_names")]
    stored = [(key, arrays) for key, arrays in stored if arrays]
    layers = [layer for layer in model.layers if layer.weights]
    if len(stored) != len(layers):
        raise ValueError(
            f"{name!r} has {len(stored)} layers with weights "
            f"({_listed(key for key, _ in stored)}), "
            f"model '{model.name}' has {len(layers)} ({_listed(each.name for each in layers)}); "
            "nothing has been loaded"
        )
    found = []
    for layer, (key, arrays) in zip(layers, stored, strict=True):
        weights = _in_order(layer)
        if [each.shape for each in weights] != [each.shape for each in arrays]:
            raise ValueError(
                f"{name!r} holds the weights of another model: layer '{layer.name}' has weights of "
                f"shapes {[each.shape for each in weights]}, the file's layer '{key}' "
                f"{[each.shape for each in arrays]}; nothing has been loaded"
            )
        values = {weight.path: array for weight, array in zip(weights, arrays, strict=True)}
        found.append((layer, [values[each.path] for each in layer.weights]))
    for layer, arrays in found:
        layer.set_weights(arrays)


def _in_order(layer: Layer) -> list[Any]:
    """The weights as these files have them: of a model within the model trainable ones first."""
    return sorted(layer.weights, key=lambda each: not each.trainable)


# ---- Configurations --------------------------------------------------------------------------


def _modern(description: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a layer or model in today's words."""
    config = dict(description["config"])
    if "layers" in config:
        config["layers"] = [_modern(each) for each in config["layers"]]
    shape = config.pop("batch_input_shape", None)
    if shape is not None:
        key = "batch_shape" if description["class_name"] == "InputLayer" else "input_shape"
        config[key] = shape if key == "batch_shape" else shape[1:]
    axis = config.get("axis")
    if description["class_name"] == "BatchNormalization" and isinstance(axis, list):
        [config["axis"]] = axis
    return {**description, "config": config}


def _modern_optimizer(description: Any) -> Any:
    if not isinstance(description, dict):
        return description
    given = description.get("config", {})
    config = {_OPTIMIZER_KEYS.get(key, key): value for key, value in given.items()}
    left_out = ("decay", "is_legacy_optimizer", "jit_compile")
    kept = {key: value for key, value in config.items() if key not in left_out}
    return {"class_name": description["class_name"], "config": kept}


_OPTIMIZER_KEYS = {"lr": "learning_rate"}

# ---- Small parts -----------------------------------------------------------------------------


def _arrays(group: Any) -> list[np.ndarray]:
    return [np.asarray(group[each]) for each in _names(group, "weight_names")]


def _names(group: Any, key: str) -> list[str]:
    """A list of names in an attribute, or in several where it was too long for one."""
    if key in group.attrs:
        return [_text(each) for each in group.attrs[key]]
    names: list[str] = []
    for number in itertools.count():
        if f"{key}{number}" not in group.attrs:
            return names
        names += [_text(each) for each in group.attrs[f"{key}{number}"]]
    raise AssertionError("not reached")


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _listed(names: Any) -> str:
    return ", ".join(names) or "none"
