"""How a layer's output size and its number of parameters come about, as text.

Here stand the formulas as a course writes them, with the numbers put in. What they come to is never
worked out here: sizes and counts are those that the core gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _native

if TYPE_CHECKING:
    from .layers._layer import Layer
    from .models import Model

#: Of one sample, None for what is left open.
Shape = Sequence[int | None]


class Explanation(str):
    """Text that a REPL and a notebook show as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Line(NamedTuple):
    """A size: its formula in words, the same in numbers, and what it comes to."""

    what: str
    words: str
    numbers: str
    #: None where it follows from a size left open.
    result: int | None

    @property
    def text(self) -> str:
        """The formula, without the numbers where they are the result or are open."""
        if self.result is None:
            return self.words
        shown = [self.words, self.numbers, f"{self.result:,}"]
        return " = ".join(shown if self.numbers != str(self.result) else [self.words, shown[2]])


def of_layer(
    layer: Layer, inputs: Sequence[Shape], output: Shape, weights: Sequence[_native.WeightInfo]
) -> Explanation:
    """One layer, called on inputs of these shapes (of one sample each)."""
    kind, config = type(layer).__name__, layer.get_config()
    shapes = ", ".join(map(_shape, inputs))
    lines = [
        *_SIZES.get(kind, _unknown)(config, inputs, output),
        _parameters(kind, config, weights),
    ]
    width = max(len(line.what) for line in lines if isinstance(line, Line))
    return Explanation(
        "\n".join(
            [
                f"{layer.name} ({kind}): {shapes} → {_shape(output)}",
                *(
                    f"  {line.what:{width}} = {line.text}"
                    if isinstance(line, Line)
                    else f"  {line}"
                    for line in lines
                ),
                *_trained(weights),
            ]
        )
    )


def of_model(model: Model) -> Explanation:
    """All layers of a model, one after the other."""
    described = _native.model_describe(model._model_handle())["layers"]
    shapes = {
        (entry["name"], call, index): shape
        for entry in described
        for call, node in enumerate(entry["nodes"])
        for index, shape in enumerate(node["output_shapes"])
    }
    layers = {layer.name: layer for layer in model.layers}
    parts = [f'Model "{model.name}"']
    for entry in described:
        node = entry["nodes"][0]
        output = node["output_shapes"][0]
        if entry["class_name"] == "InputLayer":
            parts.append(f"{entry['name']} (InputLayer): {_shape(output)}")
            continue
        inputs = [shapes[tuple(source)] for source in node["inputs"]]
        # Those of the model's own weights come from its layers: a Sequential has no input layer.
        layer = layers[entry["name"]]
        if "layers" in entry:
            parts.append(
                f"{entry['name']} ({entry['class_name']}): "
                f"{', '.join(map(_shape, inputs))} → {_shape(output)}\n"
                f"  {entry['parameters']:,} parameters; its own explain() tells more"
            )
        else:
            parts.append(of_layer(layer, inputs, output, _native.weight_infos(layer._handle)))
    return Explanation("\n\n".join([*parts, f"Parameters of all layers: {model.count_params():,}"]))


def _shape(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def _product(extents: Shape) -> str:
    return " × ".join(map(str, extents))


# ---- Sizes -----------------------------------------------------------------------------------


def _axes(config: dict[str, Any], shape: Shape) -> tuple[int, ...]:
    """Where height and width, or the steps of a sequence, and channels stand in a sample."""
    spatial = len(shape) - 1
    if config.get("data_format") == "channels_first":
        return (*range(1, spatial + 1), 0)
    return tuple(range(spatial + 1))


def _extents(shape: Shape) -> tuple[str, ...]:
    """What the axes of a sample are called, without the channels."""
    return ("height", "width") if len(shape) == 3 else ("steps",)


def _windows(
    config: dict[str, Any], name: str, size: Sequence[int], inputs: Sequence[Shape], output: Shape
) -> list[Line]:
    """Height and width of what a sliding window gives."""
    lines = []
    dilation = config.get("dilation_rate", [1, 1])
    for index, what in enumerate(_extents(inputs[0])):
        axis = _axes(config, inputs[0])[index]
        extent, stride = inputs[0][axis], config["strides"][index]
        if config["padding"] in ("same", "causal"):
            words, numbers = f"⌈{what} / stride⌉", f"⌈{extent} / {stride}⌉"
        elif dilation[index] > 1:
            words = f"⌊({what} − (({name} − 1) × dilation + 1)) / stride⌋ + 1"
            span = f"(({size[index]} − 1) × {dilation[index]} + 1)"
            numbers = f"⌊({extent} − {span}) / {stride}⌋ + 1"
        else:
            words = f"⌊({what} − {name}) / stride⌋ + 1"
            numbers = f"⌊({extent} − {size[index]}) / {stride}⌋ + 1"
        lines.append(Line(what, words, numbers, output[axis]))
    return lines


def _convolution(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    channels = output[_axes(config, output)[-1]]
    return [
        *_windows(config, "kernel", config["kernel_size"], inputs, output),
        Line("channels", "filters", str(channels), channels),
    ]


def _depthwise(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    axis = _axes(config, output)[-1]
    numbers = f"{inputs[0][axis]} × {config['depth_multiplier']}"
    return [
        *_windows(config, "kernel", config["kernel_size"], inputs, output),
        Line("channels", "input channels × multiplier", numbers, output[axis]),
    ]


def _transposed(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    lines = []
    for index, what in enumerate(_extents(output)):
        axis = _axes(config, output)[index]
        extent, stride = inputs[0][axis], config["strides"][index]
        span, dilation = config["kernel_size"][index], config["dilation_rate"][index]
        added = config["output_padding"] and config["output_padding"][index]
        reach = "kernel" if dilation == 1 else "((kernel − 1) × dilation + 1)"
        span = (span - 1) * dilation + 1
        words, numbers = f"({what} − 1) × stride + {reach}", f"({extent} − 1) × {stride} + {span}"
        if config["padding"] == "same" and added is None:
            words, numbers = f"{what} × stride", f"{extent} × {stride}"
        elif added is None and stride > span:
            words, numbers = f"{words} + (stride − {reach})", f"{numbers} + ({stride} − {span})"
        elif added is not None:
            if config["padding"] == "same":
                words = f"({what} − 1) × stride + {reach} mod 2"
                numbers = f"({extent} − 1) × {stride} + {span} mod 2"
            words, numbers = f"{words} + output padding", f"{numbers} + {added}"
        lines.append(Line(what, words, numbers, output[axis]))
    channels = output[_axes(config, output)[-1]]
    return [*lines, Line("channels", "filters", str(channels), channels)]


def _pooling(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    channels = output[_axes(config, output)[-1]]
    return [
        *_windows(config, "window", config["pool_size"], inputs, output),
        Line("channels", "as before", str(channels), channels),
    ]


def _global_pooling(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    *extents, channels = (inputs[0][axis] for axis in _axes(config, inputs[0]))
    points = "points" if len(extents) == 2 else "steps"
    if None not in extents:
        points = f"{_product(extents)} {points}"
    return [f"each of {channels} channels becomes one number, made of its {points}"]


def _dense(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    return [Line("outputs", "units", str(output[-1]), output[-1])]


def _flatten(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    words = "height × width × channels" if len(inputs[0]) == 3 else "all axes multiplied"
    if config.get("data_format") == "channels_first":
        words = "all axes multiplied"
    return [Line("values", words, _product(inputs[0]) or "1", output[0])]


def _concatenation(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    axis = config["axis"]
    axis = axis if axis < 0 else axis - 1  # of a sample, which has no axis of samples
    what = "channels" if axis in (-1, len(output) - 1) else f"axis {config['axis']}"
    numbers = " + ".join(str(shape[axis]) for shape in inputs)
    return [Line(what, "those of all inputs", numbers, output[axis])]


def _enlarged(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    *axes, channels = _axes(config, output)
    sizes = config["size"] if isinstance(config["size"], list) else [config["size"]]
    return [
        *(
            Line(what, f"size × {what}", f"{size} × {inputs[0][axis]}", output[axis])
            for what, size, axis in zip(_extents(output), sizes, axes, strict=True)
        ),
        Line("channels", "as before", str(output[channels]), output[channels]),
    ]


def _bordered(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    """Height and width, or steps, with something added on each side or left out."""
    sign, borders = ("+", config["padding"]) if "padding" in config else ("−", config["cropping"])
    *axes, channels = _axes(config, output)
    sides = [("top", "bottom"), ("left", "right")]
    if len(axes) == 1:
        borders, sides = [borders], [("before", "after")]
    lines = []
    for what, (before, after), ends, axis in zip(
        _extents(output), sides, borders, axes, strict=True
    ):
        words = f"{what} {sign} {before} {sign} {after}"
        numbers = f"{inputs[0][axis]} {sign} {ends[0]} {sign} {ends[1]}"
        lines.append(Line(what, words, numbers, output[axis]))
    return [*lines, Line("channels", "as before", str(output[channels]), output[channels])]


def _repeated(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    return [Line("rows", "n", str(output[0]), output[0])]


def _unknown(config: dict[str, Any], inputs: Sequence[Shape], output: Shape) -> list[Any]:
    return ["the shape stays as it is"] if all(shape == output for shape in inputs) else []


_SIZES = {
    "AveragePooling1D": _pooling,
    "AveragePooling2D": _pooling,
    "Concatenate": _concatenation,
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "Cropping1D": _bordered,
    "Cropping2D": _bordered,
    "Conv2DTranspose": _transposed,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
    "Flatten": _flatten,
    "GlobalAveragePooling1D": _global_pooling,
    "GlobalAveragePooling2D": _global_pooling,
    "GlobalMaxPooling1D": _global_pooling,
    "GlobalMaxPooling2D": _global_pooling,
    "MaxPooling1D": _pooling,
    "MaxPooling2D": _pooling,
    "RepeatVector": _repeated,
    "UpSampling1D": _enlarged,
    "UpSampling2D": _enlarged,
    "ZeroPadding1D": _bordered,
    "ZeroPadding2D": _bordered,
    "SeparableConv2D": _convolution,
}


# ---- Parameters ------------------------------------------------------------------------------


def _parameters(kind: str, config: dict[str, Any], weights: Sequence[_native.WeightInfo]) -> Line:
    words = {
        "Conv1D": ["kernel × input channels × filters", "filters"],
        "Conv2DTranspose": [
            "kernel height × kernel width × filters × input channels",
            "filters",
        ],
        "DepthwiseConv2D": [
            "kernel height × kernel width × input channels × multiplier",
            "channels",
        ],
        "SeparableConv2D": [
            "kernel height × kernel width × input channels × multiplier",
            "1 × 1 × (input channels × multiplier) × filters",
            "filters",
        ],
        "Conv2D": ["kernel height × kernel width × input channels × filters", "filters"],
        "Dense": ["inputs × units", "units"],
    }.get(kind, [each.name for each in weights])
    if kind == "Conv2D" and config["groups"] > 1:
        words[0] = words[0].replace("input channels", "(input channels / groups)")
    numbers = [_product(each.shape) or "1" for each in weights]
    return Line(
        "parameters",
        " + ".join(words[: len(weights)]) or "none",
        " + ".join(numbers) or "0",
        sum(math.prod(each.shape) for each in weights),
    )


def _trained(weights: Sequence[_native.WeightInfo]) -> list[str]:
    """Which weights training leaves alone, if it leaves some."""
    left = [each.name for each in weights if not each.trainable]
    return [f"  training leaves alone: {', '.join(left)}"] if left else []
