"""The table of `Model.summary`, as Keras draws it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _native
from ._table import as_html, drawn, terminal_columns

if TYPE_CHECKING:
    from .models import Model


class Summary(NamedTuple):
    """The table and what stands around it."""

    title: str
    header: list[str]
    rows: list[list[str]]
    widths: list[int]
    alignment: str
    totals: list[str]

    @property
    def text(self) -> str:
        """For a terminal; ended by a line feed."""
        table = drawn(self.header, self.rows, self.widths, self.alignment)
        return "\n".join([self.title, *table, *self.totals]) + "\n"

    @property
    def html(self) -> str:
        """For a notebook."""
        return as_html(self.title, self.header, self.rows, self.alignment, self.totals)


def summary(
    model: Model,
    line_length: int | None = None,
    positions: list[float] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> Summary:
    """The table and its totals."""
    layers = _described(model)
    chain = _is_chain(layers)
    if chain:
        length, positions = 88, list(positions or [0.45, 0.80, 1.0])
        header, alignment = ["Layer (type)", "Output Shape", "Param #"], "<<>"
    else:
        length, positions = 108, list(positions or [0.3, 0.56, 0.74, 1.0])
        header = ["Layer (type)", "Output Shape", "Param #", "Connected to"]
        alignment = "<<><"
    if show_trainable:
        length += 12
        positions = [position * 0.9 for position in positions] + [1.0]
        header.append("Trainable")
        alignment += "^"
    length = line_length or min(length, terminal_columns() - 4)
    widths = _column_widths(positions, length)
    if model._is_sequential:
        layers = [layer for layer in layers if layer["class_name"] != "InputLayer"]
    rows = []
    for layer in layers[_range(layers, layer_range)]:
        rows += _rows(layer, chain, show_trainable, expand_nested)
    title = f'Model: "{model.name}"'
    return Summary(title, header, rows, widths, alignment, _totals(model))


def _described(model: Model) -> list[dict[str, Any]]:
    """The layers as the core describes them, or what is known before there is an input shape."""
    if model.built:
        return model._described_layers()
    return [
        {"class_name": type(layer).__name__, "name": layer.name, "nodes": [], "unbuilt": True}
        for layer in model.layers
    ]


def _is_chain(layers: list[dict[str, Any]]) -> bool:
    previous = None
    for layer in layers:
        nodes = layer["nodes"]
        if len(nodes) > 1 or any(len(node["inputs"]) > 1 for node in nodes):
            return False
        sources = [source[0] for node in nodes for source in node["inputs"]]
        if previous is not None and nodes and sources != [previous]:
            return False
        previous = layer["name"]
    return True


def _range(layers: list[dict[str, Any]], bounds: Any) -> slice:
    if bounds is None:
        return slice(None)
    if len(bounds) != 2:
        raise ValueError(f"layer_range must hold two names, got {bounds!r}")
    first = [index for index, each in enumerate(layers) if re.match(bounds[0], each["name"])]
    last = [index for index, each in enumerate(layers) if re.match(bounds[1], each["name"])]
    if not first or not last:
        raise ValueError(f"layer_range {bounds!r} matches no layer")
    return slice(min(first), max(last) + 1)


def _rows(
    layer: dict[str, Any], chain: bool, show_trainable: bool, expand: bool, depth: int = 0
) -> list[list[str]]:
    prefix = "   " * depth + "└ " if depth else ""
    parameters = layer.get("parameters", 0)
    row = [
        f"{prefix}{layer['name']} ({layer['class_name']})",
        _shape(layer),
        "0 (unbuilt)" if layer.get("unbuilt") else f"{parameters:,}",
    ]
    if not chain:
        sources = [source for node in layer["nodes"] for source in node["inputs"]]
        row.append(", ".join(f"{name}[{call}][{output}]" for name, call, output in sources) or "-")
    if show_trainable:
        row.append(("Y" if layer.get("trainable", True) else "N") if parameters else "-")
    rows = [row]
    if expand:
        for inner in layer.get("layers", []):
            # A nested Sequential shows no input, as on the outside.
            if layer["class_name"] != "Sequential" or inner["class_name"] != "InputLayer":
                rows += _rows(inner, chain, show_trainable, expand, depth + 1)
    return rows


def _shape(layer: dict[str, Any]) -> str:
    if not layer["nodes"]:
        return "?"
    shapes = [
        f"({', '.join(['None', *map(str, shape)])}{',' if not shape else ''})"
        for shape in layer["nodes"][-1]["output_shapes"]
    ]
    return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"


def _column_widths(positions: list[float], length: int) -> list[int]:
    """Width of each column between its bars, for a table that is `length` wide."""
    ends = [int(position * length) for position in positions]
    widths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    if min(widths) < 4:
        raise ValueError(f"line_length={length} is too narrow for a summary")
    # Bars and padding come on top: every column gives up its part of them.
    widths = [width + 2 for width in widths]
    excess = sum(widths) + len(widths) + 1 - length
    for index, width in enumerate(widths):
        part = round(excess / (len(widths) - index))
        widths[index] = width - part
        excess -= part
    return widths


def _totals(model: Model) -> list[str]:
    weights = model.weights
    trainable = sum(math.prod(each.shape) for each in weights if each.trainable)
    frozen = sum(math.prod(each.shape) for each in weights if not each.trainable)
    state, state_bytes = _optimizer_size(model)
    lines = [
        f" Total params: {trainable + frozen + state:,} "
        f"({_size(4 * (trainable + frozen) + state_bytes)})",
        f" Trainable params: {trainable:,} ({_size(4 * trainable)})",
        f" Non-trainable params: {frozen:,} ({_size(4 * frozen)})",
    ]
    if state:
        lines.append(f" Optimizer params: {state:,} ({_size(state_bytes)})")
    return lines


def _optimizer_size(model: Model) -> tuple[int, int]:
    """Values and bytes of the optimizer's state, once it has taken a step.

    The number of steps and the learning rate count along, as in Keras.
    """
    handle = model._compiled_handle()
    if handle is None or _native.optimizer_value(handle, "iterations") == 0:
        return 0, 0
    count = _native.optimizer_parameter_count(handle)
    return count, 4 * count


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024:
            return f"{count:.2f} {unit}"
        count /= 1024
    return f"{count:.2f} TB"
