"""What shifts and scales, in ONNX, as it is outside training."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .._errors import not_supported
from ._call import Call, form, in_order
from ._graph import Value


@form("BatchNormalization")
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
    return in_order(call.shape, name, turned, call.input.has_batch)


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


@form("LayerNormalization")
def _layer_normalization(call: Call) -> Value:
    axes, turned = _feature_axes(call), call.input.is_turned

    def made(x: str) -> str:
        x = _deviation(call, x, call.axes(axes, turned))
        return _scaled(call, x, axes, turned, "gamma", "beta")

    return call.like_input(made)


@form("RMSNormalization")
def _rms_normalization(call: Call) -> Value:
    axes, turned = _feature_axes(call), call.input.is_turned

    def made(x: str) -> str:
        x = _per_root_mean_square(call, x, call.axes(axes, turned))
        return _scaled(call, x, axes, turned, "scale")

    return call.like_input(made)


@form("UnitNormalization")
def _unit_normalization(call: Call) -> Value:
    axes = call.axes(_feature_axes(call), call.input.is_turned)

    def made(x: str) -> str:
        where = call.graph.integers(axes, "axes")
        square = call.op("ReduceSum", call.op("Mul", x, x), where, keepdims=1)
        return call.op("Div", x, call.op("Sqrt", call.op("Max", square, call.number(1e-24))))

    return call.like_input(made)


@form("GroupNormalization")
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
    return in_order(call.shape, name, turned, call.input.has_batch)


@form("Rescaling")
def _rescaling(call: Call) -> Value:
    turned = call.input.is_turned

    def numbers(what: str) -> str:
        array = np.asarray(call.config[what], np.float32)
        spread = call.along(array, [-1], turned) if array.ndim else array
        return call.constant(spread, what)

    return call.like_input(
        lambda x: call.op("Add", call.op("Mul", x, numbers("scale")), numbers("offset"))
    )


@form("Normalization")
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
