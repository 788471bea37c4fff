"""Random small networks in Martlet and in Keras.

The same weights, data and steps give the same numbers, and configurations go both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

import martlet
from martlet.models import Model

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore")  # the peer's own

SAMPLES = 3

# What both libraries may differ by, as a share of the largest number compared. Single precision has
# a rounding of 6e-8; sums of some hundred products in another order, through eight layers, come to
# a few 1e-6. A wrong formula shows in the second digit.
PREDICTION_TOLERANCE = 2e-5
# Of the change that two steps make of a weight. It is what is left of two numbers that are larger
# by some hundred or thousand times, so it keeps that many digits fewer.
CHANGE_TOLERANCE = 2e-3
WEIGHT_ROUNDING = 3e-7

# Some networks carry roundings far: variances of two nearly equal numbers, a unit vector of almost
# nothing, a maximum of two numbers that differ in the last bit. By as much as Keras's own results
# change when what goes in changes by a few roundings, ours may differ; times the number of layers
# that round, with some room.
INPUT_ROUNDING = 3e-7
ROUNDING_ROOM = 20
LARGEST_SENSITIVITY = 1e-2


# ---- Recipes ------------------------------------------------------------------------------------


@dataclass
class Step:
    """A call of a layer on earlier tensors."""

    kind: str
    arguments: dict[str, Any]
    sources: list[int]
    #: A step whose layer this one calls again.
    shares: int | None = None
    #: Of a model within.
    inner: Recipe | None = None


@dataclass
class Recipe:
    """What to build, as text for reports and as calls for both libraries."""

    inputs: list[tuple[int, ...]]
    steps: list[Step] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def build(self, library: Any, prefix: str = "") -> Any:
        tensors = [
            library.Input(shape, name=f"{prefix}input_{index}")
            for index, shape in enumerate(self.inputs)
        ]
        sources, layers = list(tensors), []
        for index, step in enumerate(self.steps):
            layers.append(
                layer_of(library, step, f"{prefix}step_{index}")
                if step.shares is None
                else layers[step.shares]
            )
            tensors.append(called(layers[-1], [tensors[source] for source in step.sources]))
        outputs = [tensors[output] for output in self.outputs]
        return library.Model(alone(sources), alone(outputs), name=f"{prefix}graph")


def layer_of(library: Any, step: Step, name: str) -> Any:
    if step.inner is not None:
        return step.inner.build(library, prefix=f"{name}_")
    return getattr(library.layers, step.kind)(**step.arguments, name=name)


def called(layer: Any, tensors: list[Any]) -> Any:
    return layer(alone(tensors))


def alone(tensors: list[Any]) -> Any:
    """The only one of a list; Keras's models give lists where they were made of lists."""
    return tensors if len(tensors) > 1 else tensors[0]


# ---- Drawing ------------------------------------------------------------------------------------

ACTIVATIONS = (
    *("relu", "relu", "elu", "selu", "gelu", "silu", "sigmoid", "tanh", "softplus", "softsign"),
    *("leaky_relu", "relu6", "hard_sigmoid", "mish", "celu", "log_sigmoid", "linear", "softmax"),
)

LARGEST_SAMPLE = 900
LARGEST_CHANNELS = 12


class Choice:
    """Decisions that hypothesis can replay and make smaller."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self._draw = draw

    def among(self, *options: Any) -> Any:
        return self._draw(st.sampled_from(options))

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, max(low, high)))

    def flag(self) -> bool:
        return self._draw(st.booleans())

    def format(self) -> str:
        return self.among("channels_last", "channels_last", "channels_first")

    def activation(self) -> dict[str, Any]:
        return {"activation": self.among(*ACTIVATIONS)} if self.flag() else {}


def extents_of(shape: tuple[int, ...], data_format: str) -> tuple[list[int], int]:
    """Sizes along the axes that a window moves along, and channels."""
    if data_format == "channels_last":
        return list(shape[:-1]), shape[-1]
    return list(shape[1:]), shape[0]


def windows(
    choose: Choice, sizes: list[int], largest: int = 3, dilates: bool = True, equal: bool = False
) -> dict[str, Any]:
    """Kernel, strides, padding and dilation that fit an image of these sizes.

    Keras takes strides or dilation, not both.
    """
    padding = choose.among("valid", "same")
    limits = [size if padding == "valid" else largest for size in sizes]
    kernel = [choose.number(1, min(largest, limit)) for limit in limits]
    result: dict[str, Any] = {"kernel_size": tuple(kernel), "padding": padding}
    what = choose.among("plain", "strides", "dilation")
    if what == "strides":
        strides = [choose.number(1, 3) for _ in sizes]
        result["strides"] = (strides[0],) * len(sizes) if equal else tuple(strides)
    elif what == "dilation" and dilates:
        fits = all(2 * (each - 1) < limit for each, limit in zip(kernel, sizes, strict=True))
        if fits or padding == "same":
            result["dilation_rate"] = (2,) * len(sizes)
    return result


def pooling(choose: Choice, sizes: list[int]) -> dict[str, Any]:
    result = windows(choose, sizes, dilates=False)
    result["pool_size"] = result.pop("kernel_size")
    if "strides" not in result:
        result["strides"] = None if choose.flag() else (1,) * len(sizes)
    return result


def groups(choose: Choice, channels: int) -> int:
    return choose.among(*(each for each in (1, 1, 2, 3, 4) if channels % each == 0))


def convolution(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    data_format = choose.format()
    sizes, channels = extents_of(shape, data_format)
    arguments = {
        "data_format": data_format,
        "use_bias": choose.flag(),
        **windows(choose, sizes, equal=kind in ("DepthwiseConv2D", "SeparableConv2D")),
        **choose.activation(),
    }
    if kind in ("DepthwiseConv2D", "SeparableConv2D"):
        arguments["depth_multiplier"] = choose.number(1, 2)
    if kind == "DepthwiseConv2D":
        return arguments
    arguments["filters"] = choose.number(1, 6)
    if kind in ("Conv2D", "Conv1D"):
        arguments["groups"] = groups(choose, channels)
        arguments["filters"] *= arguments["groups"]
    if kind == "Conv1D" and data_format == "channels_last" and choose.flag():
        arguments["padding"] = "causal"
    return arguments


def pool(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    data_format = choose.format()
    return {"data_format": data_format, **pooling(choose, extents_of(shape, data_format)[0])}


def global_pool(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"data_format": choose.format(), "keepdims": choose.flag()}


def normalization(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    axis = choose.number(1, len(shape))
    # Keras multiplies by the scale as if its axis were the last.
    is_last = kind == "RMSNormalization" or choose.flag()
    arguments: dict[str, Any] = {"axis": -1 if is_last else axis}
    if kind in ("BatchNormalization", "LayerNormalization", "GroupNormalization"):
        arguments |= {"center": choose.flag(), "scale": choose.flag(), "epsilon": 1e-2}
    if kind == "BatchNormalization":
        arguments["momentum"] = 0.8
    if kind == "GroupNormalization":
        arguments["groups"] = groups(choose, shape[arguments["axis"] - (arguments["axis"] > 0)])
    if kind == "RMSNormalization":
        arguments["epsilon"] = 1e-2
    if kind == "LayerNormalization" and len(shape) > 1 and choose.flag():
        arguments["axis"] = sorted({axis, len(shape)})
    return arguments


def borders(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    is_cropping = kind.startswith("Cropping")
    data_format = "channels_last" if kind == "Cropping1D" else choose.format()
    sides = []
    for size in extents_of(shape, data_format)[0]:
        before = choose.number(0, min(2, size - 1))
        sides.append((before, choose.number(0, min(2, size - 1 - before))))
    border = tuple(sides) if len(sides) > 1 else sides[0]
    arguments: dict[str, Any] = {"cropping" if is_cropping else "padding": border}
    return arguments if kind == "Cropping1D" else {**arguments, "data_format": data_format}


def up_sampling(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    if kind == "UpSampling1D":
        return {"size": choose.number(1, 3)}
    return {
        "size": (choose.number(1, 2), choose.number(1, 3)),
        "data_format": choose.format(),
        "interpolation": choose.among("nearest", "bilinear"),
    }


def resizing(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    data_format = choose.format()
    sizes, _ = extents_of(shape, data_format)
    if kind == "Resizing":
        return {
            "height": choose.number(1, 9),
            "width": choose.number(1, 9),
            "interpolation": choose.among("nearest", "bilinear"),
            "data_format": data_format,
        }
    height, width = (choose.number(1, size) for size in sizes)
    return {"height": height, "width": width, "data_format": data_format}


def reshape(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    count = int(np.prod(shape))
    first = choose.among(*(each for each in range(1, 13) if count % each == 0))
    rest = count // first
    second = choose.among(*(each for each in range(1, 13) if rest % each == 0))
    return {"target_shape": choose.among((count,), (first, -1), (-1, second, first))}


def permute(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    axes = list(range(1, len(shape) + 1))
    order = []
    while axes:
        order.append(axes.pop(choose.number(0, len(axes) - 1)))
    return {"dims": tuple(order)}


def activation_layer(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    if kind == "Activation":
        return {"activation": choose.among(*ACTIVATIONS)}
    if kind == "ReLU":
        return choose.among({}, {"max_value": 0.7, "negative_slope": 0.1, "threshold": 0.2})
    if kind == "Softmax":
        return {"axis": choose.number(1, len(shape))}
    if kind == "PReLU" and len(shape) > 1 and choose.flag():
        return {"shared_axes": [choose.number(1, len(shape))]}
    return {}


def plain(choose: Choice, kind: str, shape: tuple[int, ...]) -> dict[str, Any]:
    if kind == "Dense":
        return {"units": choose.number(1, 9), "use_bias": choose.flag(), **choose.activation()}
    if kind == "Flatten":
        return {"data_format": choose.format()}
    if kind == "RepeatVector":
        return {"n": choose.number(1, 4)}
    if kind == "Rescaling":
        return {"scale": 0.7, "offset": -0.1}
    if kind == "Normalization":
        return {"axis": None, "mean": 0.2, "variance": 1.7}
    if kind == "ActivityRegularization":
        return {"l1": 0.003, "l2": 0.02}
    return {}


#: Axes that a sample may have, what makes the arguments, and the layers.
FAMILIES: list[tuple[tuple[int, ...], Callable[..., Any], str]] = [
    ((3,), convolution, "Conv2D DepthwiseConv2D SeparableConv2D Conv2DTranspose"),
    ((2,), convolution, "Conv1D"),
    ((3,), pool, "MaxPooling2D AveragePooling2D"),
    ((2,), pool, "MaxPooling1D AveragePooling1D"),
    ((3,), global_pool, "GlobalAveragePooling2D GlobalMaxPooling2D"),
    ((2,), global_pool, "GlobalAveragePooling1D GlobalMaxPooling1D"),
    ((1, 2, 3), normalization, "BatchNormalization LayerNormalization GroupNormalization"),
    ((1, 2, 3), normalization, "RMSNormalization UnitNormalization"),
    ((3,), borders, "ZeroPadding2D Cropping2D"),
    ((2,), borders, "ZeroPadding1D Cropping1D"),
    ((3,), up_sampling, "UpSampling2D"),
    ((2,), up_sampling, "UpSampling1D"),
    ((3,), resizing, "Resizing CenterCrop"),
    ((1, 2, 3), reshape, "Reshape"),
    ((2, 3), permute, "Permute"),
    ((1, 2, 3), activation_layer, "Activation ReLU LeakyReLU ELU PReLU Softmax"),
    ((1, 2, 3), plain, "Dense Flatten Rescaling Normalization Identity ActivityRegularization"),
    ((1,), plain, "RepeatVector"),
]
LAYERS = {name: (ranks, make) for ranks, make, names in FAMILIES for name in names.split()}

#: Layers that real networks are made of come oftener.
FREQUENT = ("Conv2D", "Conv2D", "BatchNormalization", "MaxPooling2D", "Dense")
MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")


class Drawing:
    """A recipe in the making, with the symbols that tell its shapes."""

    def __init__(self, choose: Choice, inputs: list[tuple[int, ...]]) -> None:
        self.choose = choose
        self.recipe = Recipe(inputs)
        self.symbols = [martlet.Input(shape) for shape in inputs]
        self._layers: list[Any] = []

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(self.symbols[tensor].shape[1:])

    def add(self, step: Step) -> None:
        layer = (
            layer_of(martlet, step, f"step_{len(self._layers)}")
            if step.shares is None
            else self._layers[step.shares]
        )
        symbol = called(layer, [self.symbols[source] for source in step.sources])
        if np.prod(symbol.shape[1:]) > LARGEST_SAMPLE or symbol.shape[-1] > 8 * LARGEST_CHANNELS:
            return
        self._layers.append(layer)
        self.symbols.append(symbol)
        self.recipe.steps.append(step)

    def source(self) -> int:
        """Mostly the newest tensor, so that graphs get deep."""
        newest = len(self.symbols) - 1
        return newest if self.choose.number(0, 3) else self.choose.number(0, newest)

    def extend(self, nests: bool) -> None:
        """One more step."""
        what = self.choose.among(*("layer",) * 6, "merge", "merge", "shared", "model")
        source = self.source()
        if what == "merge":
            self._merge(source)
        elif what == "shared":
            self._share(source)
        elif what == "model" and nests:
            inner = drawn(self.choose, [self.shape(source)], steps=2, nests=False, outputs=1)
            self.add(Step("Model", {}, [source], inner=inner))
        else:
            self._layer(source)

    def _layer(self, source: int) -> None:
        shape = self.shape(source)
        suited = [name for name, (ranks, _) in LAYERS.items() if len(shape) in ranks]
        kind = self.choose.among(*suited, *(name for name in FREQUENT if name in suited))
        arguments = LAYERS[kind][1](self.choose, kind, shape)
        self.add(Step(kind, arguments, [source]))

    def _merge(self, source: int) -> None:
        shape = self.shape(source)
        kind = self.choose.among(*MERGES)
        others = [each for each in range(len(self.symbols)) if self.shape(each) == shape]
        arguments = {}
        if kind == "Concatenate":
            axis = self.choose.number(1, len(shape))
            arguments = {"axis": axis}
            others = [
                each
                for each in range(len(self.symbols))
                if len(self.shape(each)) == len(shape)
                and all(
                    a == b
                    for position, (a, b) in enumerate(
                        zip(shape, self.shape(each), strict=True), start=1
                    )
                    if position != axis
                )
            ]
        count = 1 if kind == "Subtract" else self.choose.number(1, 2)
        chosen = [self.choose.among(*others) for _ in range(count)]
        self.add(Step(kind, arguments, [source, *chosen]))

    def _share(self, source: int) -> None:
        """Calls an earlier layer again, on an input like its first."""
        steps = self.recipe.steps
        candidates = [
            index
            for index, step in enumerate(steps)
            if len(step.sources) == 1
            and step.shares is None
            # Of several calls Keras's trainer counts the penalty of the last one only.
            and step.kind != "ActivityRegularization"
            and self.shape(step.sources[0]) == self.shape(source)
        ]
        if candidates:
            index = self.choose.among(*candidates)
            step = steps[index]
            self.add(Step(step.kind, step.arguments, [source], shares=index))


def drawn(
    choose: Choice, inputs: list[tuple[int, ...]], steps: int, nests: bool, outputs: int
) -> Recipe:
    drawing = Drawing(choose, inputs)
    for _ in range(steps):
        drawing.extend(nests)
    recipe = drawing.recipe
    used = {source for step in recipe.steps for source in step.sources}
    last = len(drawing.symbols) - 1
    loose = [index for index in range(len(inputs), last) if index not in used]
    # What nothing else reads is an output, too, as far as there may be several.
    recipe.outputs = [last, *loose[: outputs - 1]]
    return recipe


@st.composite
def recipes(draw: Callable[[Any], Any]) -> Recipe:
    choose = Choice(draw)
    image = (choose.number(3, 9), choose.number(3, 9), choose.number(1, 5))
    inputs = [choose.among(image, image, image, image[1:])]
    if choose.number(0, 4) == 0:
        inputs.append(inputs[0])
    return drawn(choose, inputs, choose.number(2, 8), nests=True, outputs=choose.among(1, 1, 2, 3))


# ---- Running ------------------------------------------------------------------------------------


@dataclass
class Run:
    """What a network gave."""

    predictions: list[np.ndarray]
    losses: list[float]
    changes: list[np.ndarray]


def weights_for(model: Any, random: np.random.Generator) -> list[np.ndarray]:
    """Values away from special ones, that keep what goes through the layers of one size."""
    weights = []
    for weight in model.weights:
        shape = tuple(weight.shape)
        if "variance" in weight.path:
            value = random.uniform(0.5, 1.5, shape)
        else:
            size = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0.5
            value = random.uniform(-size, size, shape)
        weights.append(value.astype(np.float32))
    return weights


def run(
    library: Any, model: Any, weights: list[Any], x: list[Any], y: list[Any], rate: float
) -> Run:
    model.set_weights(weights)
    predictions = [np.asarray(each) for each in as_list(model.predict_on_batch(x))]
    model.compile(library.optimizers.SGD(rate), ["mse"] * len(y))
    losses = [first(model.train_on_batch(x, y)) for _ in range(2)]
    changes = [
        np.asarray(after, np.float64) - before
        for after, before in zip(model.get_weights(), weights, strict=True)
    ]
    return Run(predictions, losses, changes)


def as_list(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def first(values: Any) -> float:
    return float(as_list(values)[0])


def differences(one: Run, other: Run, weights: list[Any]) -> dict[str, float]:
    """The largest difference of each kind, as a share of what tolerances are shares of."""
    result = {"predictions": 0.0, "losses": 0.0, "changes": 0.0}
    for a, b in zip(one.predictions, other.predictions, strict=True):
        result["predictions"] = max(
            result["predictions"], np.abs(a - b).max() / max(np.abs(b).max(), 1e-3)
        )
    for a, b in zip(one.losses, other.losses, strict=True):
        result["losses"] = max(result["losses"], abs(a - b) / max(abs(b), 1e-3))
    largest = max((np.abs(each).max() for each in other.changes), default=0.0)
    for a, b, weight in zip(one.changes, other.changes, weights, strict=True):
        rounding = WEIGHT_ROUNDING * np.abs(weight).max()
        # A weight that nothing depends on, the bias before a normalization, moves by roundings.
        scale = max(np.abs(b).max(), 1e-2 * largest, 1e-9)
        result["changes"] = max(result["changes"], max(np.abs(a - b).max() - rounding, 0.0) / scale)
    return result


TOLERANCES = {
    "predictions": PREDICTION_TOLERANCE,
    "losses": PREDICTION_TOLERANCE,
    "changes": CHANGE_TOLERANCE,
}


def check(recipe: Recipe) -> None:
    martlet.backend.clear_session()
    keras.backend.clear_session()
    ours, theirs = recipe.build(martlet), recipe.build(keras)
    assert [each.shape for each in ours.outputs] == [tuple(each.shape) for each in theirs.outputs]
    assert [each.path for each in ours.weights] == [each.path for each in theirs.weights]
    assert [each.name for each in ours.layers] == [each.name for each in theirs.layers]

    random = np.random.default_rng(1)
    weights = weights_for(theirs, random)
    x = [random.normal(size=(SAMPLES, *shape)).astype(np.float32) for shape in recipe.inputs]
    y = [
        random.normal(size=(SAMPLES, *each.shape[1:])).astype(np.float32) for each in theirs.outputs
    ]
    rate = 0.01
    expected = run(keras, theirs, weights, x, y, rate)
    everything = [*expected.predictions, expected.losses, *expected.changes]
    assume(all(np.isfinite(each).all() and np.abs(each).max() < 1e3 for each in everything))
    found = differences(run(martlet, ours, weights, x, y, rate), expected, weights)
    if any(found[what] > TOLERANCES[what] for what in found):
        event("compared with Keras's own sensitivity")
        allowed = sensitivity(theirs, weights, x, y, rate, expected, random)
        assume(all(each < LARGEST_SENSITIVITY for each in allowed.values()))
        for what, difference in found.items():
            limit = max(TOLERANCES[what], ROUNDING_ROOM * allowed[what])
            assert difference <= limit, f"{what} differ by {difference:.1e}, allowed {limit:.1e}"

    configurations_go_both_ways(ours, theirs, weights, x)


def sensitivity(
    theirs: Any, weights: Any, x: Any, y: Any, rate: float, expected: Run, random: Any
) -> dict[str, float]:
    """By how much Keras's results change with roundings of what goes in."""
    largest = dict.fromkeys(TOLERANCES, 0.0)
    for _ in range(3):

        def rounded(value: np.ndarray) -> np.ndarray:
            return value * (1 + INPUT_ROUNDING * random.uniform(-1, 1, value.shape)).astype("f4")

        near = run(
            keras,
            theirs,
            [rounded(each) for each in weights],
            [rounded(each) for each in x],
            y,
            rate,
        )
        for what, difference in differences(near, expected, weights).items():
            largest[what] = max(largest[what], difference)
    return largest


def configurations_go_both_ways(ours: Any, theirs: Any, weights: Any, x: Any) -> None:
    """Martlet reads its own configuration and Keras's, Keras reads Martlet's."""
    ours.set_weights(weights)
    predictions = as_list(ours.predict_on_batch(x))
    for source in (ours, theirs):
        again = Model.from_config(source.get_config())
        again.set_weights(weights)
        for one, other in zip(as_list(again.predict_on_batch(x)), predictions, strict=True):
            assert np.array_equal(one, other), "the network of a configuration is another"
    read = keras.Model.from_config(ours.get_config())
    assert [tuple(each.shape) for each in read.weights] == [each.shape for each in weights]
    assert [tuple(each.shape) for each in read.outputs] == [each.shape for each in ours.outputs]


SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


# The peer compiles every network anew, which takes nearly all of the time.
@settings(max_examples=16, deadline=None, derandomize=True, suppress_health_check=SLOW)
@given(recipes())
def test_random_graphs(recipe):
    check(recipe)


@pytest.mark.nightly
@settings(max_examples=500, deadline=None, suppress_health_check=SLOW)
@given(recipes())
def test_many_random_graphs(recipe):
    check(recipe)
