"""A call of a layer on its way into ONNX, and where the forms of layers are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ._graph import Graph, Value


class Call(NamedTuple):
    """One call of a layer."""

    graph: Graph
    name: str
    config: dict[str, Any]
    inputs: list[Value]
    weights: dict[str, np.ndarray]
    #: Of one sample of the output.
    shape: tuple[int, ...]

    @property
    def input(self) -> Value:
        """The one input."""
        return self.inputs[0]

    @property
    def is_channels_first(self) -> bool:
        """Whether Martlet's own order has the channels first."""
        return self.config.get("data_format") == "channels_first"

    def image(self) -> str:
        """The input with channels first."""
        return self.graph.tensor(self.input, not self.is_channels_first)

    def of_image(self, name: str) -> Value:
        """The value of a tensor with channels first."""
        if self.is_channels_first:
            return Value(self.shape, plain=name, has_batch=self.input.has_batch)
        return Value(self.shape, turned=name, has_batch=self.input.has_batch)

    def spatial(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The extents of an image, or a sequence, without its channels."""
        return tuple(shape[1:] if self.is_channels_first else shape[:-1])

    def channels(self, shape: Sequence[int]) -> int:
        """The channels of an image."""
        return shape[0] if self.is_channels_first else shape[-1]

    def op(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """An operator that bears the layer's name."""
        return self.graph.op(operator, inputs, self.name, **attributes)

    def constant(self, value: Any, what: str) -> str:
        """Numbers that bear the layer's name."""
        return self.graph.constant(value, f"{self.name}/{what}")

    def number(self, value: float) -> str:
        """A number without axes."""
        return self.graph.constant(np.float32(value), "number")

    def like_input(self, function: Callable[[str], str]) -> Value:
        """What a function of every element makes of the input, whose order stays."""
        value, turned = self.input, self.input.is_turned
        name = function(self.graph.tensor(value, turned))
        return in_order(value.shape, name, turned, value.has_batch)

    def axes(self, axes: Sequence[int], turned: bool) -> list[int]:
        """Axes that Keras counts, with the samples', in the order that a tensor has."""
        order = self.input.order(turned)
        return sorted(order.index(axis % (self.input.rank + 1)) for axis in axes)

    def along(self, array: np.ndarray, axes: Sequence[int], turned: bool) -> np.ndarray:
        """Numbers for each position along some axes, in a shape that broadcasts to the input."""
        axes = sorted(axis % (self.input.rank + 1) for axis in axes)
        shape = [1] * (self.input.rank + 1)
        for axis, extent in zip(axes, array.shape, strict=True):
            shape[axis] = extent
        return array.reshape(shape).transpose(self.input.order(turned))


def in_order(shape: Sequence[int], name: str, turned: bool, has_batch: bool) -> Value:
    """The value of a tensor in one of the orders."""
    if turned:
        return Value(shape, turned=name, has_batch=has_batch)
    return Value(shape, plain=name, has_batch=has_batch)


#: By the names of the core's classes.
FORMS: dict[str, Callable[[Call], Value]] = {}


def form(*class_names: str) -> Callable[[Callable[[Call], Value]], Callable[[Call], Value]]:
    """Keeps what a function makes of the layers of some classes."""

    def register(function: Callable[[Call], Value]) -> Callable[[Call], Value]:
        FORMS.update(dict.fromkeys(class_names, function))
        return function

    return register
