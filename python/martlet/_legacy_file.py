"""The HDF5 files of Keras 1 and 2, which Keras 3 reads and writes where a name ends in ``.h5``.

Weights stand in groups by the names of the layers and belong, in order, to the layers that have
weights; the architecture is a JSON text in an attribute.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _legacy_config, _model_file
from ._errors import not_supported
from ._weights_file import attribute, checked, group_at, member, warn

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
    """The model of a file."""
    if "model_config" not in file.attrs:
        raise ValueError(
            f"{name!r} holds weights alone: build the model in code and use load_weights"
        )
    description = _legacy_config.modern(_object(file, "model_config", name))
    model = _model_file.from_description(description, custom_objects)
    if compiles and "training_config" in file.attrs:
        training = _legacy_config.modern_training(_object(file, "training_config", name))
        _model_file.compile_as_described(model, training, custom_objects)
    load_weights(model, file, name, skip_mismatch=False)
    if compiles:
        _resume(model, file, name)
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
    root = group_at(file, "model_weights") or file
    keys = _names(root, "layer_names")
    stored = [(key, _datasets(group_at(root, key), f"{name!r}: layer {key!r}")) for key in keys]
    stored = [(key, datasets) for key, datasets in stored if datasets]
    layers = [layer for layer in model.layers if layer.weights]
    if len(stored) != len(layers):
        raise ValueError(
            f"{name!r} has {len(stored)} layers with weights "
            f"({_listed(key for key, _ in stored)}), "
            f"model '{model.name}' has {len(layers)} ({_listed(each.name for each in layers)}); "
            "nothing has been loaded"
        )
    origin = _Origin.of(file, root)
    found = []
    for layer, (key, datasets) in zip(layers, stored, strict=True):
        origin.check(layer, name)
        weights = _in_order(layer)
        shapes = [origin.shape(layer, index, each.shape) for index, each in enumerate(datasets)]
        if [tuple(each.shape) for each in weights] != shapes:
            raise ValueError(
                f"{name!r} holds the weights of another model: layer '{layer.name}' has weights of "
                f"shapes {[each.shape for each in weights]}, the file's layer '{key}' "
                f"{[each.shape for each in datasets]}; nothing has been loaded"
            )
        # Read only now: no more than the layer has.
        values = {
            weight.path: origin.array(layer, index, dataset)
            for index, (weight, dataset) in enumerate(zip(weights, datasets, strict=True))
        }
        found.append((layer, [values[each.path] for each in layer.weights]))
    for layer, arrays in found:
        layer.set_weights(arrays)


class _Origin(NamedTuple):
    """What wrote a file, which tells how the axes of kernels stand in it."""

    version: str
    backend: str

    @classmethod
    def of(cls, file: Any, root: Any) -> _Origin:
        def told(key: str, default: str) -> str:
            found = (attribute(place, key) for place in (root, file))
            return next((_text(each) for each in found if each is not None), default)

        # Before there was the attribute, it was Keras 1.
        return cls(told("keras_version", "1"), told("backend", ""))

    def check(self, layer: Layer, name: str) -> None:
        """Refuses a model within the model, of whose kernels it is not known where they stand."""
        for inner in getattr(layer, "layers", []):
            self.check(inner, name)
            if "Conv" in type(inner).__name__ and self.turns(inner, (1, 1, 1, 1)):
                not_supported(
                    f"{name!r}: the kernel of '{inner.name}' within '{layer.name}', with the axes "
                    f"that Keras {self.version} gave it,"
                )

    def turns(self, layer: Layer, shape: tuple[int, ...]) -> bool:
        """Whether the first weight of a layer stands in another order."""
        order = _legacy_config.order_of_axes(layer, shape, self.version)
        return order is not None or self.backend == "theano"

    def shape(self, layer: Layer, index: int, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that a weight of the file has in today's order of axes."""
        if index:
            return tuple(shape)
        order = _legacy_config.order_of_axes(layer, shape, self.version)
        turned = [shape[axis] for axis in order] if order else list(shape)
        if type(layer).__name__ == "Conv1D" and len(turned) == 4 and turned[1] == 1:
            # A sequence was an image of one column.
            del turned[1]
        return tuple(turned)

    def array(self, layer: Layer, index: int, dataset: Any) -> np.ndarray:
        """The values of a weight."""
        array = np.asarray(dataset[()])
        if index:
            return array
        order = _legacy_config.order_of_axes(layer, array.shape, self.version)
        if order:
            array = array.transpose(order)
        if self.backend == "theano" and "Conv" in type(layer).__name__:
            # Theano's convolutions turned the kernel around.
            array = array[::-1, ::-1] if array.ndim == 4 else array[::-1]
        return array.reshape(self.shape(layer, index, dataset.shape))


def _in_order(layer: Layer) -> list[Any]:
    """The weights as these files have them: of a model within the model trainable ones first."""
    return sorted(layer.weights, key=lambda each: not each.trainable)


# ---- Going on --------------------------------------------------------------------------------


def _resume(model: Model, file: Any, name: str) -> None:
    """Gives the optimizer the state of a file, where it can be told what is what."""
    group = group_at(file, "optimizer_weights")
    if group is None or model._compiled_handle() is None or not _names(group, "weight_names"):
        return
    assert model.optimizer is not None
    datasets = _datasets(group, f"{name!r}: the optimizer")
    variables = model.optimizer.variables
    if not any("learning_rate" in each for each in _names(group, "weight_names")):
        variables = _slot_by_slot(model.optimizer)
    if [tuple(each.shape) for each in variables] != [tuple(each.shape) for each in datasets]:
        warn(
            f"{name!r}: optimizer '{model.optimizer.name}' starts afresh, since the file has "
            f"{len(datasets)} weights of one, or other shapes, and this one has {len(variables)}"
        )
        return
    for variable, dataset in zip(variables, datasets, strict=True):
        variable.assign(dataset[()])


#: What is remembered of each weight, in the order of Keras 2, by optimizers.
_SLOTS = {"RMSprop": ("velocity", "momentum", "average_gradient")}
_USUAL_SLOTS = ("momentum", "velocity", "velocity_hat")


def _slot_by_slot(optimizer: Any) -> list[Any]:
    """The state in the order of Keras 2: without the rate, and one slot of all weights together."""
    order = ("iteration", *_SLOTS.get(type(optimizer).__name__, _USUAL_SLOTS))

    def place(variable: Any) -> int:
        suffixes = [each for each in order if variable.name.endswith(each)]
        return order.index(max(suffixes, key=len)) if suffixes else len(order)

    return sorted((each for each in optimizer.variables if each.name != "learning_rate"), key=place)


# ---- Small parts -----------------------------------------------------------------------------


def _datasets(group: Any, what: str) -> list[Any]:
    """The datasets of a layer, or an optimizer, in order; none is read."""
    if group is None:
        raise ValueError(f"{what} is missing")
    found = []
    for path in _names(group, "weight_names"):
        folder, _, key = path.rpartition("/")
        place = group_at(group, folder) if folder else group
        dataset = None if place is None else member(place, key)
        found.append(checked(dataset, f"{what}: weight {path!r}"))
    return found


def _object(file: Any, key: str, name: str) -> dict[str, Any]:
    """An object that stands in an attribute as a JSON text."""
    try:
        value = json.loads(_text(attribute(file, key)))
    except ValueError as error:
        raise OSError(f"{name!r} is damaged: its {key} is no JSON text ({error})") from None
    if not isinstance(value, dict):
        raise OSError(f"{name!r} is damaged: its {key} is no object")
    return value


def _names(group: Any, key: str) -> list[str]:
    """A list of names in an attribute, or in several where it was too long for one."""
    held = attribute(group, key)
    if held is not None:
        return [_text(each) for each in held]
    names: list[str] = []
    for number in itertools.count():
        held = attribute(group, f"{key}{number}")
        if held is None:
            return names
        names += [_text(each) for each in held]
    raise AssertionError("not reached")


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _listed(names: Any) -> str:
    return ", ".join(names) or "none"
