"""The formulas of `explain`, worked out and held against the numbers that the core gave."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import martlet
from martlet import layers

IMAGE = (28, 21, 3)


def value(numbers: str) -> float:
    """What a formula in numbers comes to, by Python's own arithmetic."""
    code = re.sub(r"⌊(.*)⌋", r"math.floor(\1)", numbers)
    code = re.sub(r"⌈(.*)⌉", r"math.ceil(\1)", code)
    for sign, operator in {"×": "*", "−": "-", ",": "", "mod": "%"}.items():
        code = code.replace(sign, operator)
    return eval(code, {"math": math})


def formulas(text: str) -> dict[str, tuple[str, int]]:
    """The lines by what they are about: the formula in numbers, and its result."""
    found = {}
    for line in text.splitlines():
        if " = " in line:
            what, *parts = line.strip().split(" = ")
            numbers = parts[-2] if len(parts) > 2 else parts[-1]
            found[what.strip()] = (numbers, int(parts[-1].replace(",", "")))
    return found


CASES = [
    (layers.Conv2D(32, 3), IMAGE),
    (layers.Conv2D(16, (5, 2), strides=(2, 3)), IMAGE),
    (layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False), IMAGE),
    (layers.Conv2D(8, 3, dilation_rate=(2, 3)), IMAGE),
    (layers.Conv2D(6, 3, groups=3), IMAGE),
    (layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2), IMAGE),
    (layers.DepthwiseConv2D((3, 5), dilation_rate=2, use_bias=False), IMAGE),
    (layers.SeparableConv2D(8, 3, padding="same", depth_multiplier=2), IMAGE),
    (layers.Conv2DTranspose(8, 3), IMAGE),
    (layers.Conv2DTranspose(8, (2, 3), strides=(3, 2)), IMAGE),
    (layers.Conv2DTranspose(8, 3, strides=2, padding="same", use_bias=False), IMAGE),
    (layers.Conv2DTranspose(8, (3, 4), strides=2, padding="same", output_padding=(1, 0)), IMAGE),
    (layers.Conv2DTranspose(8, 3, strides=3, output_padding=2), IMAGE),
    (layers.Conv2DTranspose(8, 3, dilation_rate=(2, 1)), IMAGE),
    (layers.Conv1D(8, 5, strides=2), (50, 6)),
    (layers.Conv1D(8, 5, padding="causal", strides=3), (50, 6)),
    (layers.Conv1D(8, 5, dilation_rate=3, groups=2), (50, 6)),
    (layers.MaxPooling1D(), (50, 6)),
    (layers.AveragePooling1D(3, padding="same"), (50, 6)),
    (layers.GlobalMaxPooling1D(), (50, 6)),
    (layers.MaxPooling2D(), IMAGE),
    (layers.MaxPooling2D(3, strides=2, padding="same"), IMAGE),
    (layers.AveragePooling2D((2, 5)), IMAGE),
    (layers.GlobalAveragePooling2D(), IMAGE),
    (layers.Flatten(), IMAGE),
    (layers.Flatten(), (7,)),
    (layers.Dense(10), (784,)),
    (layers.Dense(10, use_bias=False), (5, 4)),
    (layers.BatchNormalization(), IMAGE),
    (layers.BatchNormalization(scale=False), (9,)),
    (layers.Dropout(0.5), IMAGE),
    (layers.ReLU(), IMAGE),
    (layers.Reshape((-1, 3)), IMAGE),
    (layers.UpSampling2D((2, 3)), IMAGE),
    (layers.Cropping2D(((1, 2), (0, 3))), IMAGE),
    (layers.Cropping1D((2, 3)), (50, 6)),
    (layers.ZeroPadding1D(2), (50, 6)),
    (layers.UpSampling1D(3), (50, 6)),
    (layers.ZeroPadding2D((2, 1)), IMAGE),
    (layers.RepeatVector(4), (7,)),
    (layers.LayerNormalization(axis=[1, 3]), IMAGE),
    (layers.GroupNormalization(groups=3), IMAGE),
    (layers.GroupNormalization(groups=3, center=False, scale=False), IMAGE),
    (layers.RMSNormalization(), IMAGE),
]


@pytest.mark.parametrize(("layer", "shape"), CASES, ids=lambda each: repr(each))
def test_formulas_come_to_what_the_core_says(layer, shape):
    # The fixture that starts names afresh runs behind the cases: any name will do.
    text = layer.explain(shape)
    found = formulas(text)
    for numbers, result in found.values():
        assert value(numbers) == result, text
    assert not layer.built or not layer.weights
    twin = type(layer).from_config(layer.get_config())
    output = twin(np.zeros((1, *shape), np.float32)).shape[1:]
    assert str(text).splitlines()[0].endswith(f"→ {output}")
    assert found["parameters"][1] == twin.count_params()
    for what, axis in {
        "height": 0,
        "steps": 0,
        "width": 1,
        "channels": -1,
        "outputs": -1,
        "values": -1,
    }.items():
        if what in found:
            assert found[what][1] == output[axis]


def test_a_convolution_reads_like_a_course():
    assert str(layers.Conv2D(32, 3, name="edges").explain((28, 28, 1))).splitlines() == [
        "edges (Conv2D): (28, 28, 1) → (26, 26, 32)",
        "  height     = ⌊(height − kernel) / stride⌋ + 1 = ⌊(28 − 3) / 1⌋ + 1 = 26",
        "  width      = ⌊(width − kernel) / stride⌋ + 1 = ⌊(28 − 3) / 1⌋ + 1 = 26",
        "  channels   = filters = 32",
        "  parameters = kernel height × kernel width × input channels × filters + filters"
        " = 3 × 3 × 1 × 32 + 32 = 320",
    ]


def test_padding_and_dilation_have_their_own_formulas():
    same = layers.Conv2D(4, 3, strides=2, padding="same").explain((7, 7, 1))
    assert "⌈height / stride⌉ = ⌈7 / 2⌉ = 4" in same
    dilated = layers.Conv2D(4, 3, dilation_rate=2).explain((9, 9, 1))
    assert "⌊(height − ((kernel − 1) × dilation + 1)) / stride⌋ + 1" in dilated
    assert "⌊(9 − ((3 − 1) × 2 + 1)) / 1⌋ + 1 = 5" in dilated
    grouped = layers.Conv2D(6, 3, groups=3).explain((9, 9, 3))
    assert "(input channels / groups) × filters + filters = 3 × 3 × 1 × 6 + 6 = 60" in grouped


def test_borders_and_enlargement_have_their_own_formulas():
    cropped = layers.Cropping2D(((1, 2), (0, 3))).explain((28, 21, 3))
    assert "height     = height − top − bottom = 28 − 1 − 2 = 25" in cropped
    assert "width      = width − left − right = 21 − 0 − 3 = 18" in cropped
    framed = layers.ZeroPadding2D((2, 1), data_format="channels_first").explain((3, 28, 21))
    assert "height     = height + top + bottom = 28 + 2 + 2 = 32" in framed
    assert "channels   = as before = 3" in framed
    enlarged = layers.UpSampling2D((2, 3), data_format="channels_first").explain((3, 28, 21))
    assert "width      = size × width = 3 × 21 = 63" in enlarged
    longer = layers.ZeroPadding1D((1, 2)).explain((50, 6))
    assert "steps      = steps + before + after = 50 + 1 + 2 = 53" in longer
    assert "steps      = size × steps = 3 × 50 = 150" in layers.UpSampling1D(3).explain((50, 6))
    normalized = layers.LayerNormalization(axis=[1, 3]).explain((28, 21, 3))
    assert "gamma + beta = 28 × 3 + 28 × 3 = 168" in normalized


def test_transposed_and_depthwise_convolutions_have_their_own_formulas():
    transposed = layers.Conv2DTranspose(4, 3, strides=2).explain((7, 7, 5))
    assert "(height − 1) × stride + kernel = (7 − 1) × 2 + 3 = 15" in transposed
    assert "filters × input channels + filters = 3 × 3 × 4 × 5 + 4 = 184" in transposed
    same = layers.Conv2DTranspose(4, 3, strides=2, padding="same").explain((7, 7, 5))
    assert "width × stride = 7 × 2 = 14" in same
    depthwise = layers.DepthwiseConv2D(3, depth_multiplier=2).explain((7, 7, 5))
    assert "input channels × multiplier = 5 × 2 = 10" in depthwise
    sequence = layers.GlobalAveragePooling1D().explain((9, 4))
    assert "each of 4 channels becomes one number, made of its 9 steps" in sequence


def test_normalization_tells_what_is_not_trained():
    text = layers.BatchNormalization().explain((8, 8, 5))
    assert "gamma + beta + moving_mean + moving_variance = 5 + 5 + 5 + 5 = 20" in text
    assert "training leaves alone: moving_mean, moving_variance" in text
    assert "the shape stays as it is" in text
    frozen = layers.Dense(2, trainable=False).explain((3,))
    assert "training leaves alone: kernel, bias" in frozen


def test_shapes_may_count_samples_or_not():
    layer = layers.Conv2D(4, 3, name="c")
    assert layer.explain((None, 8, 8, 1)) == layer.explain((8, 8, 1)) == layer.explain([8, 8, 1])
    merged = layers.Concatenate(name="m").explain([(4, 4, 3), (None, 4, 4, 5)])
    assert "m (Concatenate): (4, 4, 3), (4, 4, 5) → (4, 4, 8)" in merged
    assert "channels   = those of all inputs = 3 + 5 = 8" in merged


def test_called_layers_know_their_shapes():
    layer = layers.Conv2D(4, 3)
    layer(np.zeros((2, 9, 9, 1)))
    assert "(9, 9, 1) → (7, 7, 4)" in layer.explain()
    source = martlet.Input((6, 6, 1))
    layer(source)
    assert "(6, 6, 1) → (4, 4, 4)" in layer.explain()
    # Another shape for once, which is not kept.
    assert "(5, 5, 1) → (3, 3, 4)" in layer.explain((5, 5, 1))
    assert "(6, 6, 1) → (4, 4, 4)" in layer.explain()


@pytest.mark.parametrize("make", [lambda: layers.Dense(3), lambda: layers.Dropout(0.5)])
def test_explaining_builds_nothing_and_draws_no_random_number(make):
    def values(explains: bool) -> np.ndarray:
        martlet.utils.set_random_seed(5)
        layer = make()
        if explains:
            layer.explain((4,))
            assert not layer.weights
        layers.Dense(3)
        return layers.Dense(3)(layer(np.ones((1, 4)), training=True))

    assert np.array_equal(values(True), values(False))
    # Nor is a name taken.
    martlet.backend.clear_session()
    make().explain((4,))
    assert make().name.endswith("_1")


def test_a_repl_shows_the_text():
    text = layers.Flatten(name="f").explain((2, 2, 3))
    assert repr(text) == str(text)
    assert text == (
        "f (Flatten): (2, 2, 3) → (12,)\n"
        "  values     = height × width × channels = 2 × 2 × 3 = 12\n"
        "  parameters = none = 0"
    )


def test_mistakes_are_named():
    layer = layers.Conv2D(4, 3, name="c")
    with pytest.raises(ValueError) as caught:
        layer.explain()
    assert str(caught.value) == (
        "layer 'c' has not been called, so its input has no shape yet; give one: "
        "explain((28, 28, 1))"
    )
    with pytest.raises(ValueError, match=r"a kernel of \(3, 3\) does not fit"):
        layer.explain((2, 2, 1))
    layer(np.zeros((1, 8, 8, 3)))
    with pytest.raises(ValueError, match="'c'"):
        layer.explain((8, 8, 1))


def test_a_model_is_explained_layer_by_layer():
    inner = martlet.Sequential([martlet.Input((6,)), layers.Dense(5)], name="inner")
    source = martlet.Input((2, 3), name="start")
    x = layers.Flatten(name="flat")(source)
    shared = layers.Dense(6, name="shared")
    x = layers.Add(name="sum")([shared(x), x])
    model = martlet.Model(source, inner(x), name="whole")
    text = model.explain()
    parts = text.split("\n\n")
    assert parts[0] == 'Model "whole"'
    assert parts[1] == "start (InputLayer): (2, 3)"
    assert parts[2].startswith("flat (Flatten): (2, 3) → (6,)")
    assert "sum (Add): (6,), (6,) → (6,)\n  the shape stays as it is" in text
    assert "inner (Sequential): (6,) → (5,)\n  35 parameters; its own explain() tells more" in text
    assert parts[-1] == f"Parameters of all layers: {model.count_params():,}"
    counts = [int(each.replace(",", "")) for each in re.findall(r"parameters = .*= ([\d,]+)", text)]
    assert sum(counts) + 35 == model.count_params()
    assert "inner" not in inner.explain() or "dense (Dense): (6,) → (5,)" in inner.explain()


def test_a_model_must_be_built_or_given_a_shape():
    model = martlet.Sequential([layers.Dense(2)], name="open")
    with pytest.raises(ValueError, match="model 'open' is not built"):
        model.explain()
    assert "(3,) → (2,)" in model.explain((None, 3))
