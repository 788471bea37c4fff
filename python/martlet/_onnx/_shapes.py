"""Layers that move numbers about, in ONNX, those that do so in training only left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .._errors import not_supported
from ._call import Call, form, in_order
from ._graph import Value

# ---- Nothing to do ---------------------------------------------------------------------------


@form(
    *("Identity", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout"),
    *("ActivityRegularization", "RandomFlip", "RandomRotation", "RandomZoom"),
    *("RandomTranslation", "RandomContrast", "RandomBrightness"),
)
def _unchanged(call: Call) -> Value:
    return call.input


# ---- Shapes ----------------------------------------------------------------------------------


@form("Flatten")
def _flatten(call: Call) -> Value:
    value = call.input
    if call.is_channels_first and value.rank > 1:
        # Keras brings the channels to the end before it flattens.
        order = [0, *range(2, value.rank + 1), 1]
        name = call.op("Transpose", call.graph.plain(value), perm=order)
        value = Value((*value.shape[1:], value.shape[0]), plain=name, has_batch=value.has_batch)
    return call.graph.reshaped(value, call.shape)


@form("Reshape")
def _reshape(call: Call) -> Value:
    return call.graph.reshaped(call.input, call.shape)


@form("Permute")
def _permute(call: Call) -> Value:
    order = [0, *call.config["dims"]]
    name = call.op("Transpose", call.graph.plain(call.input), perm=order)
    return Value(call.shape, plain=name, has_batch=call.input.has_batch)


@form("RepeatVector")
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
    axes = range(2, 2 + len(ends))
    parts = [call.graph.integers(list(each), "part") for each in (start, ends, axes)]
    return call.op("Slice", x, *parts)


@form("Slice")
def _slice(call: Call) -> Value:
    turned = call.input.is_turned
    order = call.input.order(turned)
    parts: list[tuple[int, int, int, int]] = []
    names = ("starts", "sizes", "steps")
    for axis, (start, size, step) in enumerate(zip(*map(call.config.get, names), strict=True)):
        if size != -1:
            end = start + size * step
            # Backwards to the first number: -1 would be the last one.
            parts.append((start, end if end >= 0 else -(2**31), order.index(axis + 1), step))
    if not parts:
        return call.input
    given = [call.graph.integers(list(each), "part") for each in zip(*parts, strict=True)]
    name = call.op("Slice", call.graph.tensor(call.input, turned), *given)
    return in_order(call.shape, name, turned, call.input.has_batch)


@form("ZeroPadding2D")
def _zero_padding(call: Call) -> Value:
    return call.of_image(_padded(call, call.image(), call.config["padding"]))


@form("ZeroPadding1D")
def _zero_padding_of_sequences(call: Call) -> Value:
    return call.of_image(_padded(call, call.image(), [call.config["padding"]]))


@form("Cropping1D")
def _cropping_of_sequences(call: Call) -> Value:
    start = call.config["cropping"][:1]
    return call.of_image(_part(call, call.image(), start, call.spatial(call.shape)))


@form("Cropping2D")
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


@form("UpSampling1D", "UpSampling2D")
def _up_sampling(call: Call) -> Value:
    return _resized(call, call.image(), call.config.get("interpolation", "nearest"))


@form("Resizing")
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


@form("CenterCrop")
def _center_crop(call: Call) -> Value:
    height, width = call.spatial(call.input.shape)
    high, wide = call.config["height"], call.config["width"]
    if height >= high and width >= wide:
        start = [(height - high) // 2, (width - wide) // 2]
        return call.of_image(_part(call, call.image(), start, [high, wide]))
    return _resized(call, _middle(call, call.image(), high, wide), "bilinear")


@form("RandomCrop")
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
        return in_order(call.shape, name, turned, _has_batch(call))

    return made


for _class, _operator in {
    "Add": "Add",
    "Subtract": "Sub",
    "Multiply": "Mul",
    "Maximum": "Max",
    "Minimum": "Min",
}.items():
    form(_class)(_merging_by(_operator))


@form("Average")
def _average(call: Call) -> Value:
    names, turned = _together(call)
    return in_order(call.shape, call.op("Mean", *names), turned, _has_batch(call))


@form("Concatenate")
def _concatenate(call: Call) -> Value:
    inputs = call.inputs
    if _has_batch(call):
        inputs = [call.graph.for_each_sample(value) for value in inputs]
    names, turned = _together(call._replace(inputs=inputs))
    [axis] = call.axes([call.config["axis"]], turned)
    name = call.op("Concat", *names, axis=axis)
    return in_order(call.shape, name, turned, _has_batch(call))


# ---- Values that no input gives --------------------------------------------------------------


@form("Weight")
def _weight(call: Call) -> Value:
    [array] = call.weights.values()
    return Value(call.shape, plain=call.constant(array[None], "value"), has_batch=False)


@form("Constant")
def _constant(call: Call) -> Value:
    array = np.asarray(call.config["values"], np.float32).reshape(1, *call.shape)
    return Value(call.shape, plain=call.constant(array, "values"), has_batch=False)
