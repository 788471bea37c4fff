"""Products, convolutions and pooling in ONNX."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ._activations import activated
from ._call import Call, form, in_order
from ._graph import Value

# ---- Products --------------------------------------------------------------------------------


@form("Dense")
def _dense(call: Call) -> Value:
    source = call.graph.plain(call.input)
    kernel = call.constant(call.weights["kernel"], "kernel")
    bias = call.weights.get("bias")
    if bias is not None and call.input.rank == 1:
        name = call.op("Gemm", source, kernel, call.constant(bias, "bias"))
    else:
        name = call.op("MatMul", source, kernel)
        if bias is not None:
            name = call.op("Add", name, call.constant(bias, "bias"))
    value = Value(call.shape, plain=name, has_batch=call.input.has_batch)
    return activated(call, value, call.config["activation"])


@form("Matmul")
def _matmul(call: Call) -> Value:
    first, second = call.inputs
    name = call.op("MatMul", call.graph.plain(first), call.graph.plain(second))
    return Value(call.shape, plain=name, has_batch=first.has_batch or second.has_batch)


class _Window(NamedTuple):
    """How a window moves over an image or a sequence."""

    size: list[int]
    strides: list[int]
    dilation: list[int]
    #: Before all axes, then behind them.
    pads: list[int]


def _window(call: Call, size: Sequence[int], sizes: Sequence[int]) -> _Window:
    """Of a convolution or pooling over an input of these extents."""
    strides = list(call.config["strides"])
    dilation = list(call.config.get("dilation_rate", [1] * len(size)))
    padding = call.config["padding"]
    before, behind = [], []
    for points, kernel, stride, step in zip(sizes, size, strides, dilation, strict=True):
        reach = (kernel - 1) * step
        total = 0
        if padding == "same":
            total = max((math.ceil(points / stride) - 1) * stride + reach + 1 - points, 0)
        before.append(reach if padding == "causal" else total // 2)
        behind.append(total - total // 2)
    return _Window(list(size), strides, dilation, before + behind)


def _convolved(
    call: Call, x: str, kernel: np.ndarray, window: _Window, groups: int, what: str, bias: bool
) -> str:
    """A convolution with a kernel in ONNX's order: filters, channels, points."""
    inputs = [x, call.constant(kernel, what)]
    if bias and "bias" in call.weights:
        inputs.append(call.constant(call.weights["bias"], "bias"))
    return call.op(
        "Conv",
        *inputs,
        kernel_shape=window.size,
        strides=window.strides,
        dilations=window.dilation,
        pads=window.pads,
        group=groups,
    )


@form("Conv1D", "Conv2D")
def _convolution(call: Call) -> Value:
    kernel = call.weights["kernel"]
    *size, _, _ = kernel.shape
    window = _window(call, size, call.spatial(call.input.shape))
    filters_first = np.moveaxis(kernel, (-1, -2), (0, 1))
    groups = call.config["groups"]
    name = _convolved(call, call.image(), filters_first, window, groups, "kernel", bias=True)
    return activated(call, call.of_image(name), call.config["activation"])


def _by_channel(call: Call, kernel: np.ndarray, bias: bool) -> str:
    """A convolution of each channel by itself."""
    height, width, channels, _ = kernel.shape
    window = _window(call, [height, width], call.spatial(call.input.shape))
    filters_first = kernel.transpose(2, 3, 0, 1).reshape(-1, 1, height, width)
    return _convolved(call, call.image(), filters_first, window, channels, "depthwise_kernel", bias)


@form("DepthwiseConv2D")
def _depthwise(call: Call) -> Value:
    kernel = call.weights.get("kernel", call.weights.get("depthwise_kernel"))
    assert kernel is not None
    value = call.of_image(_by_channel(call, kernel, bias=True))
    return activated(call, value, call.config["activation"])


@form("SeparableConv2D")
def _separable(call: Call) -> Value:
    between = _by_channel(call, call.weights["depthwise_kernel"], bias=False)
    kernel = call.weights["pointwise_kernel"].transpose(3, 2, 0, 1)
    point = _Window([1, 1], [1, 1], [1, 1], [0, 0, 0, 0])
    name = _convolved(call, between, kernel, point, 1, "pointwise_kernel", bias=True)
    return activated(call, call.of_image(name), call.config["activation"])


@form("Conv2DTranspose")
def _transposed_convolution(call: Call) -> Value:
    kernel = call.weights["kernel"]
    strides, dilation = call.config["strides"], call.config["dilation_rate"]
    before, behind, added = [], [], []
    for points, wanted, size, stride, step in zip(
        call.spatial(call.input.shape),
        call.spatial(call.shape),
        kernel.shape[:2],
        strides,
        dilation,
        strict=True,
    ):
        surplus = (points - 1) * stride + (size - 1) * step + 1 - wanted
        before.append(max(surplus, 0) // 2)
        behind.append(max(surplus, 0) - before[-1])
        added.append(max(-surplus, 0))
    inputs = [call.image(), call.constant(kernel.transpose(3, 2, 0, 1), "kernel")]
    if "bias" in call.weights:
        inputs.append(call.constant(call.weights["bias"], "bias"))
    name = call.op(
        "ConvTranspose",
        *inputs,
        kernel_shape=kernel.shape[:2],
        strides=strides,
        dilations=dilation,
        pads=before + behind,
        output_padding=added,
    )
    return activated(call, call.of_image(name), call.config["activation"])


# ---- Pooling ---------------------------------------------------------------------------------


def _pooling_by(operator: str) -> Callable[[Call], Value]:
    def made(call: Call) -> Value:
        window = _window(call, call.config["pool_size"], call.spatial(call.input.shape))
        name = call.op(
            operator,
            call.image(),
            kernel_shape=window.size,
            strides=window.strides,
            pads=window.pads,
        )
        return call.of_image(name)

    return made


def _global_pooling_by(operator: str) -> Callable[[Call], Value]:
    def made(call: Call) -> Value:
        keeps = call.config["keepdims"]
        axes = list(range(2, call.input.rank + 1))
        name = call.op(operator, call.image(), axes=axes, keepdims=int(keeps))
        if keeps:
            return call.of_image(name)
        return Value(call.shape, plain=name, has_batch=call.input.has_batch)

    return made


for _axes in ("1D", "2D"):
    form(f"MaxPooling{_axes}")(_pooling_by("MaxPool"))
    form(f"AveragePooling{_axes}")(_pooling_by("AveragePool"))
    form(f"GlobalMaxPooling{_axes}")(_global_pooling_by("ReduceMax"))
    form(f"GlobalAveragePooling{_axes}")(_global_pooling_by("ReduceMean"))


@form("Reduction")
def _reduction(call: Call) -> Value:
    axes = call.config["axis"]
    axes = list(range(1, call.input.rank + 1)) if axes is None else axes
    turned = call.input.is_turned and bool(call.config["keepdims"])
    source = call.graph.tensor(call.input, turned)
    where, keeps = call.axes(axes, turned), int(call.config["keepdims"])
    function = call.config["function"]
    operator = f"Reduce{function.capitalize()}"
    if function == "sum":
        name = call.op(operator, source, call.graph.integers(where, "axes"), keepdims=keeps)
    else:
        name = call.op(operator, source, axes=where, keepdims=keeps)
    return in_order(call.shape, name, turned, call.input.has_batch)
