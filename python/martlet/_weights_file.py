"""Weights and optimizer state in HDF5 files, in the layout of Keras 3.

A layer's weights are the datasets "0", "1" and so on of ``layers/<key>/vars``, where the key is
made of the class name and a count within the model: files do not depend on the names of layers.
Models within the model have a ``layers`` group of their own. The optimizer's state is in
``optimizer/vars``.

The group ``martlet`` is this library's own, and Keras passes it by: what a training needs beside
all that to go on as if it had not been interrupted.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _files, _native, _nest, _randomness
from ._naming import snake_case

if TYPE_CHECKING:
    from .layers._layer import Layer
    from .models import Model

_OWN = "martlet"
_HINT = "nothing has been loaded; skip_mismatch=True loads the layers that fit"


# ---- Where things are ------------------------------------------------------------------------


def places(model: Model) -> Iterator[tuple[str, Layer]]:
    """The layers of a model with the paths of their groups: the model itself first, each once."""
    yield from _places(model, "", set())


def _places(layer: Layer, path: str, seen: set[int]) -> Iterator[tuple[str, Layer]]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield path, layer
    for place, inner in _inner(layer):
        yield from _places(inner, f"{path}{place}/", seen)


def _inner(layer: Layer) -> Iterator[tuple[str, Layer]]:
    """The layers within a model, or a layer of one's own, and where they stand in its group."""
    places = {"layers": layer.layers} if hasattr(layer, "layers") else {}
    if layer._is_own():
        places |= layer._layers_by_attribute()
    # Keras goes through the attributes in this order; what it has met it passes by.
    for attribute, held in sorted(places.items()):
        if not isinstance(held, list | tuple | dict):
            yield attribute, held
            continue
        used: dict[str, int] = {}
        for inner in _nest.flatten(held):
            key = snake_case(getattr(inner, "_class_name", type(inner).__name__))
            count = used.get(key, 0)
            used[key] = count + 1
            yield f"{attribute}/{key}{f'_{count}' if count else ''}", inner


def _own_weights(layer: Layer) -> list[Any]:
    """Without those of layers within."""
    if layer._is_own():
        return layer._variables_of_its_own()
    return [] if hasattr(layer, "layers") else layer.weights


# ---- Writing ---------------------------------------------------------------------------------


def write(model: Model, file: Any) -> None:
    """Writes weights, and the state of the training where the model is compiled.

    Parameters
    ----------
    model
        Built.
    file
        An open `h5py.File`.
    """
    for path, layer in places(model):
        group = file.create_group(f"{path}vars")
        group.attrs["name"] = layer.name
        for index, weight in enumerate(_own_weights(layer)):
            group.create_dataset(str(index), data=weight.numpy())
    if model._compiled_handle() is None:
        return
    optimizer = model.optimizer
    assert optimizer is not None
    group = file.create_group("optimizer/vars")
    group.attrs["name"] = optimizer.name
    for index, variable in enumerate(optimizer.variables):
        group.create_dataset(str(index), data=variable.numpy())
    _write_continuation(model, file.create_group(_OWN))


def _write_continuation(model: Model, group: Any) -> None:
    group.attrs["random_position"] = np.uint64(_native.random_position())
    # The state above has it in single precision only.
    group.attrs["learning_rate"] = float(model.optimizer.learning_rate)  # type: ignore[union-attr] # compiled
    seeds = [_seed(each) for each in random_layers(model)]
    group.create_dataset("seeds", data=np.array(seeds, "u8"))


def random_layers(model: Model) -> list[Layer]:
    """The layers that draw random numbers in training, each once."""
    return [layer for _, layer in places(model) if _seed(layer) is not None]


def _seed(layer: Layer) -> int | None:
    return _native.layer_seed(layer._handle)


# ---- Reading ---------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(source: Any, name: str) -> Iterator[Any]:
    """An HDF5 file to read.

    Parameters
    ----------
    source
        A path, or an open binary file.
    name
        How to call it in errors.

    Raises
    ------
    OSError
        If it is no HDF5 file, cut short or damaged.
    """
    try:
        with _files.h5py().File(source, "r") as file:
            yield file
    except NotImplementedError:
        raise
    except (OSError, RuntimeError) as error:
        raise OSError(f"{name!r} cannot be read, it is cut short or damaged: {error}") from error


def load(model: Model, file: Any, name: str, skip_mismatch: bool = False) -> None:
    """Gives a model the weights of a file, and its training the state there.

    All is read and checked before the first weight changes.

    Raises
    ------
    ValueError
        If the file is of another model: the message names the layer and both shapes.
    """
    found, faults, used = [], [], set()
    for path, layer in places(model):
        used.add(f"{path}vars")
        weights = _own_weights(layer)
        try:
            found.append((layer, _values(file, f"{path}vars", layer, weights)))
        except ValueError as error:
            faults.append(str(error))
    faults += [
        f"it has weights of a layer {place!r}, for which there is none in model '{model.name}'"
        for place in _places_with_weights(file, "")
        if place not in used
    ]
    if faults and not skip_mismatch:
        raise ValueError(_told(faults, name))
    state = _state(model, file, name)
    for layer, values in found:
        for variable, value in zip(_own_weights(layer), values, strict=False):
            variable.assign(value)
    if faults:
        warn(f"{name!r}: skipped what does not fit: {'; '.join(faults)}")
    if state is not None:
        _resume(model, file, state)


def _told(faults: list[str], name: str) -> str:
    more = f" (and {len(faults) - 1} more like this)" if len(faults) > 1 else ""
    return f"{name!r} holds the weights of another model: {faults[0]}{more}; {_HINT}"


def _values(file: Any, path: str, layer: Layer, weights: list[Any]) -> list[np.ndarray]:
    """The arrays of a group, when they are those of the layer."""
    if not weights:
        return []
    what = f"layer '{layer.name}' ({type(layer).__name__})"
    group = group_at(file, path)
    if group is None:
        raise ValueError(f"{what} is not in it: there is no group {path!r}")
    if len(group) != len(weights):
        names = ", ".join(each.name for each in weights)
        raise ValueError(
            f"{what} has {len(weights)} weights ({names}), the file has {len(group)} at {path!r}"
        )
    return [
        _array(group, index, weight.shape, f"{what}: {weight.name}")
        for index, weight in enumerate(weights)
    ]


def _array(group: Any, index: int, shape: tuple[int, ...], what: str) -> np.ndarray:
    """A dataset of a known shape: nothing larger is ever read."""
    dataset = member(group, str(index))
    if dataset is None or not hasattr(dataset, "shape"):
        raise ValueError(f"{what} is missing: there is no {index!r} in {group.name!r}")
    checked(dataset, what)
    if dataset.shape != tuple(shape):
        raise ValueError(f"{what} has shape {tuple(shape)}, in the file {dataset.shape}")
    return dataset[()]


def checked(dataset: Any, what: str) -> Any:
    """A dataset of numbers in the file itself."""
    if dataset is None or not hasattr(dataset, "shape"):
        raise ValueError(f"{what} is missing")
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"{what} stands in another file, which is not followed")
    if dataset.dtype.kind not in "fiu":
        raise ValueError(f"{what} holds {dataset.dtype} values, expected numbers")
    return dataset


def group_at(file: Any, path: str) -> Any:
    """The group at a path; None where there is none. Links to elsewhere are not followed."""
    for part in path.split("/"):
        file = member(file, part)
        if file is None or not hasattr(file, "keys"):
            return None
    return file


def member(group: Any, key: str) -> Any:
    """What a group holds itself; None for nothing, and for what is linked from elsewhere."""
    link = group.get(key, getlink=True)
    return group[key] if isinstance(link, _files.h5py().HardLink) else None


#: More than the names of any model's layers take.
_LARGEST_ATTRIBUTE = 1 << 26


def attribute(group: Any, key: str) -> Any:
    """A text, a number or an array of them that a group has as an attribute; None for nothing.

    Raises
    ------
    ValueError
        If it is something else. Of a type that damage has made of text, HDF5 itself would follow
        references that lead nowhere.
    """
    if key not in group.attrs:
        return None
    types = _files.h5py().h5t
    held = group.attrs.get_id(key)
    kind = held.get_type()
    is_plain = isinstance(kind, types.TypeStringID | types.TypeIntegerID | types.TypeFloatID)
    if not is_plain or math.prod(held.shape) * kind.get_size() > _LARGEST_ATTRIBUTE:
        raise ValueError(f"its attribute {key!r} is neither text nor numbers")
    return group.attrs[key]


def _places_with_weights(file: Any, path: str) -> Iterator[str]:
    layers = group_at(file, f"{path}layers")
    for key in layers or []:
        inner = f"{path}layers/{key}/"
        group = group_at(file, f"{inner}vars")
        if group is not None and len(group):
            yield f"{inner}vars"
        yield from _places_with_weights(file, inner)


# ---- Going on --------------------------------------------------------------------------------


def _state(model: Model, file: Any, name: str) -> list[tuple[Any, np.ndarray]] | None:
    """The optimizer's variables and their values; None where there is no training to go on with."""
    group = group_at(file, "optimizer/vars")
    if group is None or model._compiled_handle() is None:
        return None
    assert model.optimizer is not None
    variables = model.optimizer.variables
    try:
        if len(group) != len(variables):
            if int(_array(group, 0, (), "iteration")) == 0:
                # Keras has nothing but numbers to store before the first step.
                return None
            raise ValueError(f"it has {len(variables)} variables, the file {len(group)}")
        return [
            (variable, _array(group, index, tuple(variable.shape), variable.path))
            for index, variable in enumerate(variables)
        ]
    except ValueError as error:
        warn(f"{name!r}: optimizer '{model.optimizer.name}' starts afresh, since {error}")
        return None


def _resume(model: Model, file: Any, state: list[tuple[Any, np.ndarray]]) -> None:
    assert model.optimizer is not None
    for variable, value in state:
        variable.assign(value)
    group = group_at(file, _OWN)
    if group is None:
        return
    if any(variable.name == "learning_rate" for variable, _ in state):
        rate = attribute(group, "learning_rate")
        if rate is not None and np.float32(rate) == np.float32(model.optimizer.learning_rate):
            model.optimizer.learning_rate = float(rate)
    if model.optimizer.iterations == 0:
        # There is no training to go on with: its random numbers are those of the program.
        return
    random = random_layers(model)
    seeds = member(group, "seeds")
    if seeds is not None and seeds.shape == (len(random),):
        for layer, seed in zip(random, seeds[()].tolist(), strict=True):
            _native.layer_set_seed(layer._handle, seed)
    position = attribute(group, "random_position")
    if position is not None:
        model._continues_at = _randomness.Position(int(position) % 2**64)


def warn(message: str) -> None:
    """Tells the caller of `load_weights` or `load_model`."""
    import warnings

    warnings.warn(message, UserWarning, stacklevel=5)
