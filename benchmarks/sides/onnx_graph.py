"""The reference networks as ONNX models, for the sides that read such."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from layouts import Weights, channels_first
from networks import (
    Convolution,
    Dense,
    Depthwise,
    Dropout,
    Flattening,
    GlobalPooling,
    Layer,
    Network,
    Normalization,
    Pooling,
    Relu,
    Residual,
    Shape,
    inside,
    named,
    padding,
    trace,
)

# What all engines of the last years read.
OPSET = 17
FORMAT = 9


def model_bytes(network: Network, weights: Weights) -> bytes:
    """The network as a file's content, with channels first and any number of samples.

    Its input is ``[samples, channels, rows, columns]``, its output the probabilities.
    """
    graph = _Graph(network, channels_first(network, weights))
    result = graph.chain(named(network.layers), "images")
    rows, columns, channels = network.shape
    classes = list(trace(network.layers, network.shape))[-1].output[0]
    made = helper.make_graph(
        graph.nodes,
        network.name,
        [_tensor("images", ["samples", channels, rows, columns])],
        [_tensor(result, ["samples", classes])],
        [numpy_helper.from_array(values, name) for name, values in graph.weights.items()],
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT
    )
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _tensor(name: str, shape: list[Any]) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


class _Graph:
    """The nodes of a graph, as they are appended."""

    def __init__(self, network: Network, weights: Weights) -> None:
        self.weights = weights
        self.inputs: dict[str, Shape] = {
            step.name: step.input for step in trace(network.layers, network.shape)
        }
        self.nodes: list[Any] = []

    def add(self, kind: str, name: str, inputs: list[str], **attributes: Any) -> str:
        """Appends a node and returns the name of its output, which is its own."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def chain(self, layers: list[tuple[str, Layer]], value: str) -> str:
        """Appends layers one after the other and returns the name of what they make."""
        for name, layer in layers:
            value = self.layer(name, layer, value)
        return value

    def layer(self, name: str, layer: Layer, value: str) -> str:
        match layer:
            case Convolution():
                value = self.convolution(name, layer, value)
                return self.activated(name, layer.activation, value)
            case Depthwise():
                return self.convolution(name, layer, value, group=self.inputs[name][2])
            case Normalization():
                weights = self.weights_of(name, "gamma", "beta", "moving_mean", "moving_variance")
                return self.add("BatchNormalization", name, [value, *weights], epsilon=1e-3)
            case Relu():
                if layer.most is None:
                    return self.add("Relu", name, [value])
                bounds = {f"{name}/{end}": end for end in (0.0, layer.most)}
                self.weights |= {key: np.array(end, np.float32) for key, end in bounds.items()}
                return self.add("Clip", name, [value, *bounds])
            case Pooling():
                return self.add(
                    "MaxPool",
                    name,
                    [value],
                    kernel_shape=[layer.size] * 2,
                    strides=[layer.stride] * 2,
                    pads=self.pads(name, layer),
                )
            case GlobalPooling():
                return self.add(
                    "Flatten", name, [self.add("GlobalAveragePool", f"{name}_mean", [value])]
                )
            case Flattening():
                return self.add("Flatten", name, [value])
            case Dense():
                weights = self.weights_of(name, "kernel", "bias")
                return self.activated(
                    name, layer.activation, self.add("Gemm", name, [value, *weights], transB=1)
                )
            case Dropout():
                return value
            case Residual():
                branches = [
                    self.chain(named(branch, inside(name, which)), value)
                    for which, branch in (("body", layer.body), ("shortcut", layer.shortcut))
                ]
                total = self.add("Add", f"{name}_sum", branches)
                return self.activated(name, layer.activation, total)

    def convolution(
        self, name: str, layer: Convolution | Depthwise, value: str, group: int = 1
    ) -> str:
        """Appends a convolution, without its activation."""
        return self.add(
            "Conv",
            name,
            [value, *self.weights_of(name, "kernel", "bias")],
            strides=[layer.stride] * 2,
            pads=self.pads(name, layer),
            group=group,
        )

    def pads(self, name: str, layer: Convolution | Depthwise | Pooling) -> list[int]:
        """Zeros around an image: top, left, bottom, right."""
        (top, bottom), (left, right) = (padding(layer, extent) for extent in self.inputs[name][:2])
        return [top, left, bottom, right]

    def activated(self, name: str, activation: str | None, value: str) -> str:
        """Appends the activation of a layer."""
        if activation is None:
            return value
        kind = {"relu": "Relu", "softmax": "Softmax"}[activation]
        return self.add(kind, f"{name}_{activation}", [value])

    def weights_of(self, name: str, *weights: str) -> list[str]:
        """The names of a layer's weights, as far as it has them."""
        return [key for each in weights if (key := f"{name}/{each}") in self.weights]
