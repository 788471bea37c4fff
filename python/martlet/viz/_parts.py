"""Parts of models, for a look at what happens between inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _data, _native
from .._errors import unknown_name

if TYPE_CHECKING:
    from ..layers._layer import Layer
    from ..layers._symbol import KerasTensor
    from ..models import Model


def symbols_of(model: Model) -> list[KerasTensor]:
    """All that is computed between inputs and outputs, in the order of the layers.

    Of a layer that is called several times the call nearest to the outputs comes first.
    """
    if not model.built:
        raise ValueError(f"model '{model.name}' is not built: call it on data first")
    found: dict[int, KerasTensor] = {}
    waiting = list(model.outputs)
    first = {id(each) for each in model.inputs}
    while waiting:
        symbol = waiting.pop()
        if id(symbol) not in found and id(symbol) not in first:
            found[id(symbol)] = symbol
            waiting += symbol._inputs
    order = {id(layer): index for index, layer in enumerate(model.layers)}
    return sorted(found.values(), key=lambda each: order.get(id(each._layer), 0))


def image_symbols(model: Model) -> list[KerasTensor]:
    return [each for each in symbols_of(model) if each.ndim == 4]


def symbol_of(model: Model, layer: Layer | str | int) -> KerasTensor:
    """What a layer of the model gives, at its last call there."""
    if isinstance(layer, int):
        layer = model.get_layer(index=layer)
    name = layer if isinstance(layer, str) else layer.name
    found = [each for each in symbols_of(model) if each.name == name]
    if not found:
        raise unknown_name(f"layer of model '{model.name}'", name, _all_names(model))
    return found[0]


def _all_names(model: Model) -> list[str]:
    return [each.name for each in symbols_of(model)]


def names_of(symbols: list[KerasTensor]) -> str:
    return ", ".join(dict.fromkeys(each.name for each in symbols)) or "none"


def last_convolution(model: Model) -> KerasTensor:
    from ..layers import Conv2D

    found = [each for each in symbols_of(model) if isinstance(each._layer, Conv2D)]
    if not found:
        raise ValueError(
            f"viz.grad_cam: model '{model.name}' has no convolution of its own; give a layer that "
            f"gives images: {names_of(image_symbols(model))}"
        )
    return symbol_of(model, found[-1]._layer)


def part_between(inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]) -> _native.Handle:
    """The part of a model between symbols, for one computation; it shares all weights."""
    start, end = ([each._handle for each in side] for side in (inputs, outputs))
    return _native.model_create(start, end, "Functional", "part")


def values_of(model: Model, symbols: Sequence[KerasTensor], sample: np.ndarray) -> list[np.ndarray]:
    part = part_between(model.inputs, symbols)
    shapes = [symbol.shape[1:] for symbol in symbols]
    return _native.predict(part, [sample], shapes, 1)


def as_sample(model: Model, image: Any) -> np.ndarray:
    """One image as a batch of one."""
    array = _data.as_array(image, "image")
    if not model.built or len(model.inputs) != 1:
        raise ValueError(
            f"viz: model '{model.name}' must be built, with one input, to look into it"
        )
    shape = model.inputs[0].shape[1:]
    for batch in (array, array[None]):
        is_grey = shape[-1] == 1 and _fits(batch.shape[1:], shape[:-1])
        if len(batch) == 1 and (is_grey or _fits(batch.shape[1:], shape)):
            return batch
    raise ValueError(
        f"image has shape {array.shape}, but model '{model.name}' takes one image of shape {shape}"
    )


def _fits(found: tuple[int, ...], shape: tuple[int | None, ...]) -> bool:
    """Whether these extents are those of a shape, where it does not leave them open."""
    return len(found) == len(shape) and all(
        wanted in (None, extent) for extent, wanted in zip(found, shape, strict=True)
    )
