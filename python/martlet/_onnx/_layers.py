"""What each layer becomes in ONNX. Outside training: what only training does is left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._errors import not_supported
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
        return _in_order(value.shape, name, turned, value.has_batch)

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


def _in_order(shape: Sequence[int], name: str, turned: bool, has_batch: bool) -> Value:
    if turned:
        return Value(shape, turned=name, has_batch=has_batch)
    return Value(shape, plain=name, has_batch=has_batch)


#: By the names of the core's classes.
FORMS: dict[str, Callable[[Call], Value]] = {}


def _form(*class_names: str) -> Callable[[Callable[[Call], Value]], Callable[[Call], Value]]:
    def register(function: Callable[[Call], Value]) -> Callable[[Call], Value]:
        FORMS.update(dict.fromkeys(class_names, function))
        return function

    return register


# ---- Nothing to do ---------------------------------------------------------------------------


@_form(
    *("Identity", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout"),
    *("ActivityRegularization", "RandomFlip", "RandomRotation", "RandomZoom"),
    *("RandomTranslation", "RandomContrast", "RandomBrightness"),
)
def _unchanged(call: Call) -> Value:
    return call.input


# ---- Activations -----------------------------------------------------------------------------


def _activated(call: Call, value: Value, activation: str) -> Value:
    """What an activation by its name makes of a value."""
    if activation == "linear":
        return value
    turned = value.is_turned
    if activation == "softmax":
        axis = value.order(turned).index(value.rank)
        name = call.op("Softmax", call.graph.tensor(value, turned), axis=axis)
    else:
        name = _function(call, call.graph.tensor(value, turned), activation)
    return _in_order(value.shape, name, turned, value.has_batch)


#: ONNX's operator and its attributes, by Keras's names.
_OPERATORS: dict[str, tuple[str, dict[str, float]]] = {
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "elu": ("Elu", {}),
    "celu": ("Elu", {}),
    "selu": ("Selu", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "hard_silu": ("HardSwish", {}),
    "sigmoid": ("Sigmoid", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "tanh": ("Tanh", {}),
    "exponential": ("Exp", {}),
}
_BOUNDS = {"relu6": (0.0, 6.0), "hard_tanh": (-1.0, 1.0)}


def _function(call: Call, x: str, activation: str) -> str:
    """An activation of every element."""
    op, number = call.op, call.number
    if activation in _OPERATORS:
        operator, attributes = _OPERATORS[activation]
        return op(operator, x, **attributes)
    if activation in _BOUNDS:
        return op("Clip", x, *map(number, _BOUNDS[activation]))
    match activation:
        case "silu":
            return op("Mul", x, op("Sigmoid", x))
        case "mish":
            return op("Mul", x, op("Tanh", op("Softplus", x)))
        case "log_sigmoid":
            return op("Neg", op("Softplus", op("Neg", x)))
        case "gelu":
            error = op("Erf", op("Mul", x, number(math.sqrt(0.5))))
        case "gelu_tanh":
            cube = op("Mul", op("Mul", op("Mul", x, x), x), number(0.044715))
            inner = op("Mul", op("Add", x, cube), number(math.sqrt(2 / math.pi)))
            error = op("Tanh", inner)
        case _:
            not_supported(f"export: layer '{call.name}': activation '{activation}' in ONNX")
    return op("Mul", op("Mul", x, number(0.5)), op("Add", error, number(1)))


@_form("Activation")
def _activation(call: Call) -> Value:
    return _activated(call, call.input, call.config["activation"])


@_form("ReLU")
def _relu(call: Call) -> Value:
    largest, slope = call.config["max_value"], call.config["negative_slope"]
    threshold = call.config["threshold"]

    def made(x: str) -> str:
        y = call.op("LeakyRelu", x, alpha=slope) if slope else call.op("Relu", x)
        if threshold:
            bound = call.number(threshold)
            below = call.op("Mul", call.op("Sub", x, bound), call.number(slope))
            y = call.op("Where", call.op("GreaterOrEqual", x, bound), x, below)
        return y if largest is None else call.op("Min", y, call.number(largest))

    return call.like_input(made)


@_form("LeakyReLU")
def _leaky_relu(call: Call) -> Value:
    return call.like_input(lambda x: call.op("LeakyRelu", x, alpha=call.config["negative_slope"]))


@_form("ELU")
def _elu(call: Call) -> Value:
    return call.like_input(lambda x: call.op("Elu", x, alpha=call.config["alpha"]))


@_form("PReLU")
def _prelu(call: Call) -> Value:
    order = call.input.order(call.input.is_turned)
    slopes = call.constant(call.weights["alpha"][None].transpose(order), "alpha")
    return call.like_input(lambda x: call.op("PRelu", x, slopes))


@_form("Softmax")
def _softmax(call: Call) -> Value:
    [axis] = call.axes([call.config["axis"]], call.input.is_turned)
    return call.like_input(lambda x: call.op("Softmax", x, axis=axis))


@_form("Clip")
def _clip(call: Call) -> Value:
    bounds = [call.number(call.config[each]) for each in ("minimum", "maximum")]
    return call.like_input(lambda x: call.op("Clip", x, *bounds))


@_form("ElementFunction")
def _element_function(call: Call) -> Value:
    function = call.config["function"]
    if function == "square":
        return call.like_input(lambda x: call.op("Mul", x, x))
    operators = {"abs": "Abs", "exp": "Exp", "log": "Log", "reciprocal": "Reciprocal"}
    operator = {**operators, "sqrt": "Sqrt"}.get(function)
    if operator is None:
        not_supported(f"export: layer '{call.name}': the function '{function}' in ONNX")
    return call.like_input(lambda x: call.op(operator, x))


# ---- Products --------------------------------------------------------------------------------


@_form("Dense")
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
    return _activated(call, value, call.config["activation"])


@_form("Matmul")
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


@_form("Conv1D", "Conv2D")
def _convolution(call: Call) -> Value:
    kernel = call.weights["kernel"]
    *size, _, _ = kernel.shape
    window = _window(call, size, call.spatial(call.input.shape))
    filters_first = np.moveaxis(kernel, (-1, -2), (0, 1))
    groups = call.config["groups"]
    name = _convolved(call, call.image(), filters_first, window, groups, "kernel", bias=True)
    return _activated(call, call.of_image(name), call.config["activation"])


def _by_channel(call: Call, kernel: np.ndarray, bias: bool) -> str:
    """A convolution of each channel by itself."""
    height, width, channels, _ = kernel.shape
    window = _window(call, [height, width], call.spatial(call.input.shape))
    filters_first = kernel.transpose(2, 3, 0, 1).reshape(-1, 1, height, width)
    return _convolved(call, call.image(), filters_first, window, channels, "depthwise_kernel", bias)


@_form("DepthwiseConv2D")
def _depthwise(call: Call) -> Value:
    kernel = call.weights.get("kernel", call.weights.get("depthwise_kernel"))
    assert kernel is not None
    value = call.of_image(_by_channel(call, kernel, bias=True))
    return _activated(call, value, call.config["activation"])


@_form("SeparableConv2D")
def _separable(call: Call) -> Value:
    between = _by_channel(call, call.weights["depthwise_kernel"], bias=False)
    kernel = call.weights["pointwise_kernel"].transpose(3, 2, 0, 1)
    point = _Window([1, 1], [1, 1], [1, 1], [0, 0, 0, 0])
    name = _convolved(call, between, kernel, point, 1, "pointwise_kernel", bias=True)
    return _activated(call, call.of_image(name), call.config["activation"])


@_form("Conv2DTranspose")
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
    return _activated(call, call.of_image(name), call.config["activation"])


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
    _form(f"MaxPooling{_axes}")(_pooling_by("MaxPool"))
    _form(f"AveragePooling{_axes}")(_pooling_by("AveragePool"))
    _form(f"GlobalMaxPooling{_axes}")(_global_pooling_by("ReduceMax"))
    _form(f"GlobalAveragePooling{_axes}")(_global_pooling_by("ReduceMean"))


@_form("Reduction")
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
    return _in_order(call.shape, name, turned, call.input.has_batch)


# ---- Normalization ---------------------------------------------------------------------------


@_form("BatchNormalization")
def _batch_normalization(call: Call) -> Value:
    mean, variance = call.weights["moving_mean"], call.weights["moving_variance"]
    scale = call.weights.get("gamma", np.ones_like(mean))
    offset = call.weights.get("beta", np.zeros_like(mean))
    axis, epsilon = call.config["axis"] % (call.input.rank + 1), call.config["epsilon"]
    turned = axis == call.input.rank and (call.input.rank > 1)
    if not turned and axis != 1:
        factor = scale / np.sqrt(variance + epsilon)
        shift = call.along(offset - mean * factor, [axis], call.input.is_turned)
        factor = call.along(factor, [axis], call.input.is_turned)
        return call.like_input(
            lambda x: call.op(
                "Add", call.op("Mul", x, call.constant(factor, "scale")), call.constant(shift, "B")
            )
        )
    parts = {"gamma": scale, "beta": offset, "moving_mean": mean, "moving_variance": variance}
    names = [call.constant(each, what) for what, each in parts.items()]
    source = call.graph.tensor(call.input, turned)
    name = call.op("BatchNormalization", source, *names, epsilon=epsilon)
    return _in_order(call.shape, name, turned, call.input.has_batch)


def _mean(call: Call, x: str, axes: list[int]) -> str:
    return call.op("ReduceMean", x, axes=axes, keepdims=1)


def _deviation(call: Call, x: str, axes: list[int]) -> str:
    """What is left of a tensor without its mean, in units of the standard deviation."""
    centred = call.op("Sub", x, _mean(call, x, axes))
    return _per_root_mean_square(call, centred, axes)


def _per_root_mean_square(call: Call, x: str, axes: list[int]) -> str:
    square = _mean(call, call.op("Mul", x, x), axes)
    root = call.op("Sqrt", call.op("Add", square, call.number(call.config["epsilon"])))
    return call.op("Div", x, root)


def _scaled(call: Call, x: str, axes: Sequence[int], turned: bool, *names: str) -> str:
    """Multiplied by the first of some weights, shifted by the second, where they are there."""
    for operator, weight in zip(("Mul", "Add"), names, strict=False):
        if weight in call.weights:
            array = call.along(call.weights[weight], axes, turned)
            x = call.op(operator, x, call.constant(array, weight))
    return x


def _feature_axes(call: Call) -> list[int]:
    axis = call.config["axis"]
    return list(axis) if isinstance(axis, list) else [axis]


@_form("LayerNormalization")
def _layer_normalization(call: Call) -> Value:
    axes, turned = _feature_axes(call), call.input.is_turned

    def made(x: str) -> str:
        x = _deviation(call, x, call.axes(axes, turned))
        return _scaled(call, x, axes, turned, "gamma", "beta")

    return call.like_input(made)


@_form("RMSNormalization")
def _rms_normalization(call: Call) -> Value:
    axes, turned = _feature_axes(call), call.input.is_turned

    def made(x: str) -> str:
        x = _per_root_mean_square(call, x, call.axes(axes, turned))
        return _scaled(call, x, axes, turned, "scale")

    return call.like_input(made)


@_form("UnitNormalization")
def _unit_normalization(call: Call) -> Value:
    axes = call.axes(_feature_axes(call), call.input.is_turned)

    def made(x: str) -> str:
        where = call.graph.integers(axes, "axes")
        square = call.op("ReduceSum", call.op("Mul", x, x), where, keepdims=1)
        return call.op("Div", x, call.op("Sqrt", call.op("Max", square, call.number(1e-24))))

    return call.like_input(made)


@_form("GroupNormalization")
def _group_normalization(call: Call) -> Value:
    axis = call.config["axis"] % (call.input.rank + 1)
    turned = axis == call.input.rank and call.input.rank > 1
    if not turned and axis != 1:
        not_supported(f"export: layer '{call.name}': groups along axis {axis} in ONNX")
    channels = call.input.shape[axis - 1]
    groups = call.config["groups"] if call.config["groups"] > 0 else channels
    source = call.graph.tensor(call.input, turned)
    parted = call.op("Reshape", source, call.graph.integers([0, groups, -1], "shape"))
    even = _deviation(call, parted, [2])
    extents = [call.input.shape[each - 1] for each in call.input.order(turned)[1:]]
    whole = call.op("Reshape", even, call.graph.integers([-1, *extents], "shape"))
    name = _scaled(call, whole, [axis], turned, "gamma", "beta")
    return _in_order(call.shape, name, turned, call.input.has_batch)


@_form("Rescaling")
def _rescaling(call: Call) -> Value:
    turned = call.input.is_turned

    def numbers(what: str) -> str:
        array = np.asarray(call.config[what], np.float32)
        spread = call.along(array, [-1], turned) if array.ndim else array
        return call.constant(spread, what)

    return call.like_input(
        lambda x: call.op("Add", call.op("Mul", x, numbers("scale")), numbers("offset"))
    )


@_form("Normalization")
def _normalization(call: Call) -> Value:
    axes, turned = call.config["axis"], call.input.is_turned
    kept = sorted(axis % (call.input.rank + 1) for axis in axes)
    extents = [call.input.shape[axis - 1] for axis in kept]
    numbers = {
        what: call.weights.get(what, np.asarray(call.config[what], np.float32))
        for what in ("mean", "variance")
    }
    spread = {
        what: call.along(np.broadcast_to(_as(array, extents), extents), axes, turned)
        for what, array in numbers.items()
    }
    mean = call.constant(spread["mean"], "mean")
    deviation = call.constant(np.maximum(np.sqrt(spread["variance"]), 1e-7), "deviation")
    if call.config["invert"]:
        return call.like_input(lambda x: call.op("Add", call.op("Mul", x, deviation), mean))
    return call.like_input(lambda x: call.op("Div", call.op("Sub", x, mean), deviation))


def _as(array: np.ndarray, extents: list[int]) -> np.ndarray:
    return array.reshape(extents) if array.size == math.prod(extents) else array.reshape(())


# ---- Shapes ----------------------------------------------------------------------------------


@_form("Flatten")
def _flatten(call: Call) -> Value:
    value = call.input
    if call.is_channels_first and value.rank > 1:
        # Keras brings the channels to the end before it flattens.
        order = [0, *range(2, value.rank + 1), 1]
        name = call.op("Transpose", call.graph.plain(value), perm=order)
        value = Value((*value.shape[1:], value.shape[0]), plain=name, has_batch=value.has_batch)
    return call.graph.reshaped(value, call.shape)


@_form("Reshape")
def _reshape(call: Call) -> Value:
    return call.graph.reshaped(call.input, call.shape)


@_form("Permute")
def _permute(call: Call) -> Value:
    order = [0, *call.config["dims"]]
    name = call.op("Transpose", call.graph.plain(call.input), perm=order)
    return Value(call.shape, plain=name, has_batch=call.input.has_batch)


@_form("RepeatVector")
def _repeat_vector(call: Call) -> Value:
    row = call.graph.reshaped(call.input, (1, *call.input.shape))
    times = call.graph.integers([1, call.shape[0], 1], "repeats")
    name = call.op("Tile", call.graph.plain(row), times)
    return Value(call.shape, plain=name, has_batch=call.input.has_batch)


def _padded(call: Call, x: str, sides: Sequence[Sequence[int]], fill: float = 0) -> str:
    """An image with more points before and behind each of its axes."""
    if not any(map(any, sides)):
        return x
    before, behind = zip(*sides, strict=True)
    pads = call.graph.integers([0, 0, *before, 0, 0, *behind], "pads")
    return call.op("Pad", x, pads, call.number(fill))


def _part(call: Call, x: str, start: Sequence[int], size: Sequence[int]) -> str:
    """A part of an image."""
    if tuple(size) == call.spatial(call.input.shape):
        return x
    ends = [first + count for first, count in zip(start, size, strict=True)]
    parts = [call.graph.integers(each, "part") for each in (start, ends, [2, 3])]
    return call.op("Slice", x, *parts)


@_form("ZeroPadding2D")
def _zero_padding(call: Call) -> Value:
    return call.of_image(_padded(call, call.image(), call.config["padding"]))


@_form("Cropping2D")
def _cropping(call: Call) -> Value:
    start = [first for first, _ in call.config["cropping"]]
    return call.of_image(_part(call, call.image(), start, call.spatial(call.shape)))


# ---- Sizes of images -------------------------------------------------------------------------


def _resized(call: Call, x: str, interpolation: str) -> Value:
    """An image brought to the size of the output."""
    if interpolation not in ("nearest", "bilinear"):
        not_supported(f"export: layer '{call.name}': interpolation='{interpolation}' in ONNX")
    size = call.graph.integers(list(call.spatial(call.shape)), "size")
    sizes = call.op("Concat", call.op("Shape", x, start=0, end=2), size, axis=0)
    is_nearest = interpolation == "nearest"
    name = call.op(
        "Resize",
        *(x, "", "", sizes),
        mode="nearest" if is_nearest else "linear",
        coordinate_transformation_mode="half_pixel",
        nearest_mode="round_prefer_ceil" if is_nearest else None,
    )
    return call.of_image(name)


@_form("UpSampling2D")
def _up_sampling(call: Call) -> Value:
    return _resized(call, call.image(), call.config["interpolation"])


@_form("Resizing")
def _resizing(call: Call) -> Value:
    x = call.image()
    height, width = call.spatial(call.input.shape)
    high, wide = call.config["height"], call.config["width"]
    if call.config["crop_to_aspect_ratio"]:
        x = _middle(call, x, high, wide)
    elif call.config["pad_to_aspect_ratio"]:
        above = max(width * high // wide - height, 0) // 2
        beside = max(height * wide // high - width, 0) // 2
        x = _padded(call, x, [(above, above), (beside, beside)], call.config["fill_value"])
    return _resized(call, x, call.config["interpolation"])


def _middle(call: Call, x: str, high: int, wide: int) -> str:
    """The largest part in the middle of the input that has the ratio of a size."""
    height, width = call.spatial(call.input.shape)
    size = [max(min(height, width * high // wide), 1), max(min(width, height * wide // high), 1)]
    start = [(height - size[0]) // 2, (width - size[1]) // 2]
    return _part(call, x, start, size)


@_form("CenterCrop")
def _center_crop(call: Call) -> Value:
    height, width = call.spatial(call.input.shape)
    high, wide = call.config["height"], call.config["width"]
    if height >= high and width >= wide:
        start = [(height - high) // 2, (width - wide) // 2]
        return call.of_image(_part(call, call.image(), start, [high, wide]))
    return _resized(call, _middle(call, call.image(), high, wide), "bilinear")


@_form("RandomCrop")
def _random_crop(call: Call) -> Value:
    part = _middle(call, call.image(), call.config["height"], call.config["width"])
    return _resized(call, part, "bilinear")


# ---- Several inputs --------------------------------------------------------------------------


def _together(call: Call) -> tuple[list[str], bool]:
    """The inputs in one order of axes, with equally many of them."""
    rank = max(value.rank for value in call.inputs)
    turned = all(value.rank == rank for value in call.inputs) and any(
        value.is_turned for value in call.inputs
    )
    even = [
        call.graph.reshaped(value, (1,) * (rank - value.rank) + value.shape)
        for value in call.inputs
    ]
    return [call.graph.tensor(value, turned) for value in even], turned


def _has_batch(call: Call) -> bool:
    return any(value.has_batch for value in call.inputs)


def _merging_by(operator: str) -> Callable[[Call], Value]:
    def made(call: Call) -> Value:
        names, turned = _together(call)
        name = names[0]
        for other in names[1:]:
            name = call.op(operator, name, other)
        return _in_order(call.shape, name, turned, _has_batch(call))

    return made


for _class, _operator in {
    "Add": "Add",
    "Subtract": "Sub",
    "Multiply": "Mul",
    "Maximum": "Max",
    "Minimum": "Min",
}.items():
    _form(_class)(_merging_by(_operator))


@_form("Average")
def _average(call: Call) -> Value:
    names, turned = _together(call)
    return _in_order(call.shape, call.op("Mean", *names), turned, _has_batch(call))


@_form("Concatenate")
def _concatenate(call: Call) -> Value:
    inputs = call.inputs
    if _has_batch(call):
        inputs = [call.graph.for_each_sample(value) for value in inputs]
    names, turned = _together(call._replace(inputs=inputs))
    [axis] = call.axes([call.config["axis"]], turned)
    name = call.op("Concat", *names, axis=axis)
    return _in_order(call.shape, name, turned, _has_batch(call))


# ---- Values that no input gives --------------------------------------------------------------


@_form("Weight")
def _weight(call: Call) -> Value:
    [array] = call.weights.values()
    return Value(call.shape, plain=call.constant(array[None], "value"), has_batch=False)


@_form("Constant")
def _constant(call: Call) -> Value:
    array = np.asarray(call.config["values"], np.float32).reshape(1, *call.shape)
    return Value(call.shape, plain=call.constant(array, "values"), has_batch=False)
