"""Models as ONNX files: the layers as the core describes them, in operators of set 17.

`_graph` holds what is written and how values lie in memory, `_call` how a layer is asked for its
form; the other modules have the forms, by kinds of layers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _files, _native
from .._errors import not_supported
from . import _activations, _normalization, _products, _shapes  # noqa: F401 # they fill FORMS
from ._call import FORMS, Call
from ._graph import Graph, Value

if TYPE_CHECKING:
    from ..models import Model

_Description = dict[str, Any]
#: What a file in this format can hold; larger ones would need more files.
_LARGEST = 2**31 - 2**20


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Writes an ONNX file, whole or not at all.

    Raises
    ------
    NotImplementedError
        If a layer has no form in ONNX.
    ValueError
        If the size of an input is left open.
    ImportError
        If the package onnx is missing.
    """
    content = encoded(model)
    with _files.replacing(path) as beside, open(beside, "wb") as file:
        file.write(content)


def encoded(model: Model) -> bytes:
    """What the file holds."""
    size = 4 * model.count_params()
    if size > _LARGEST:
        not_supported(
            f"export: an ONNX file of more than 2 GB, model '{model.name}' has weights of "
            f"{size:,} bytes; a .safetensors file holds it"
        )
    for name, shape in zip(model._input_names, model._input_shapes, strict=True):
        if None in shape:
            raise ValueError(
                f"export: input '{name}' of shape {(None, *shape)} leaves sizes open, which an "
                "ONNX file must know; build the model on an Input of one size, with the same "
                "weights"
            )
    graph = Graph()
    handle = model._model_handle()
    description = _native.model_describe(handle)
    walk = _Walk(graph, _native.model_as_layer(handle), description)
    inputs = [
        graph.input(name, shape)
        for name, shape in zip(model._input_names, model._input_shapes, strict=True)
    ]
    names = [graph.name(each) for each in model.output_names]
    for name, value in zip(names, walk.model(description, inputs, ""), strict=True):
        graph.output(value, name)
    return graph.encoded(model.name)


class _Walk:
    """Through a model and those within it, call by call."""

    def __init__(self, graph: Graph, handle: _native.Handle, description: _Description) -> None:
        self.graph = graph
        self.weights = _weights(handle, description)

    def model(self, description: _Description, inputs: list[Value], path: str) -> list[Value]:
        entries = {each["name"]: each for each in description["layers"]}
        made = {
            (name, 0): [value]
            for (name, _, _), value in zip(description["inputs"], inputs, strict=True)
        }
        # With a stack of its own: models may be deeper than Python's.
        waiting = [(name, call) for name, call, _ in reversed(description["outputs"])]
        while waiting:
            name, number = waiting[-1]
            node = entries[name]["nodes"][number]
            missing = [
                (each[0], each[1]) for each in node["inputs"] if (each[0], each[1]) not in made
            ]
            if (name, number) in made or missing:
                waiting = waiting[:-1] if (name, number) in made else waiting + missing
                continue
            given = [made[source, call][index] for source, call, index in node["inputs"]]
            made[name, number] = self.call(entries[name], given, node, path + name)
        return [made[name, call][index] for name, call, index in description["outputs"]]

    def call(
        self, entry: _Description, inputs: list[Value], node: _Description, path: str
    ) -> list[Value]:
        if "layers" in entry:
            shapes = [tuple(_shape_of_input(entry, each[0])) for each in entry["inputs"]]
            given = [
                self.graph.reshaped(value, shape)
                for value, shape in zip(inputs, shapes, strict=True)
            ]
            return self.model(entry, given, f"{path}/")
        form = FORMS.get(entry["class_name"])
        if form is None:
            not_supported(
                f"export: layer '{entry['name']}' ({entry['class_name']}) has no form in ONNX that "
                "Martlet knows; it"
            )
        weights = self.weights[entry.get("shared_with", path)]
        shape = tuple(node["output_shapes"][0])
        return [form(Call(self.graph, entry["name"], entry["config"], inputs, weights, shape))]


def _shape_of_input(description: _Description, name: str) -> list[int]:
    entry = next(each for each in description["layers"] if each["name"] == name)
    return entry["nodes"][0]["output_shapes"][0]


def _weights(handle: _native.Handle, description: _Description) -> dict[str, dict[str, np.ndarray]]:
    """Weights by layers, which are named with the models around them, and by their own names."""
    infos = iter(list(enumerate(_native.weight_infos(handle))))
    found: dict[str, dict[str, np.ndarray]] = {}

    def collect(entries: list[_Description], path: str) -> None:
        for entry in entries:
            place = path + entry["name"]
            if "shared_with" in entry:
                continue
            if "layers" in entry:
                collect(entry["layers"], f"{place}/")
                continue
            # All layers in the order of the core: its weights come in this one, too.
            found[place] = {
                name: _native.get_weight(handle, *_placed(next(infos))) for name in entry["weights"]
            }

    collect(description["layers"], "")
    return found


def _placed(numbered: tuple[int, _native.WeightInfo]) -> tuple[int, tuple[int, ...]]:
    index, info = numbered
    return index, info.shape
