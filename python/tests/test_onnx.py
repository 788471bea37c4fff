"""ONNX files: every layer, run by onnxruntime, gives what `predict` gives."""

from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from network_cases import IMAGE, LAYERS, MODELS, alone, shuffled
from test_frozen_file import inputs_of

import martlet
from martlet import Input, Model, Sequential, activations, applications, layers, ops
from martlet._onnx._call import FORMS
from martlet.layers._built_in import BuiltInLayer

RANDOM = np.random.default_rng(3)


def outputs_of(path, model, data):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    data = data if isinstance(data, list) else [data]
    names = [each.name for each in session.get_inputs()]
    return session.run(None, dict(zip(names, data, strict=True)))


def check(model, tmp_path, count=3, tolerance=1e-4, data=None):
    """Exports a model and compares what a runtime makes of data. Returns the file's operators."""
    path = tmp_path / "model.onnx"
    model.export(path)
    if data is None:
        data = [
            RANDOM.normal(size=(count, *shape)).astype(np.float32) for shape in model._input_shapes
        ]
    expected = model.predict(data if len(data) > 1 else data[0], verbose=0)
    expected = expected if isinstance(expected, list) else [expected]
    for theirs, ours in zip(outputs_of(path, model, data), expected, strict=True):
        assert theirs.shape == ours.shape
        np.testing.assert_allclose(theirs, ours, rtol=tolerance, atol=tolerance)
    return [node.op_type for node in onnx.load(path).graph.node]


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: type(case[0]).__name__)
def test_every_layer(case, tmp_path):
    layer, *shapes = case
    made = type(layer).from_config(layer.get_config())
    check(alone(made, *shapes), tmp_path)


def test_no_layer_is_forgotten():
    public = {
        name
        for name in dir(layers)
        if isinstance(getattr(layers, name), type)
        and getattr(layers, name).__name__ == name
        and issubclass(getattr(layers, name), BuiltInLayer)
        and name != "InputLayer"
    }
    tried = {type(case[0]).__name__ for case in LAYERS} | {"Activation"}
    assert public <= set(FORMS)
    assert public <= tried


_ACTIVATIONS = [
    name
    for name, each in vars(activations).items()
    if getattr(each, "__module__", "") == activations.__name__ and name != "get" and name[0] != "_"
]


@pytest.mark.parametrize("name", [*_ACTIVATIONS, "gelu_tanh"])
def test_every_activation(name, tmp_path):
    check(alone(layers.Activation(name), (5, 4)), tmp_path)


def test_a_chain_is_turned_at_its_ends_only(tmp_path):
    model = Sequential(
        [
            Input((16, 16, 3)),
            layers.Rescaling(0.5),
            layers.Conv2D(4, 3, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.MaxPooling2D(),
            layers.ZeroPadding2D(),
            layers.SeparableConv2D(4, 3),
            layers.GroupNormalization(2),
            layers.UpSampling2D(),
        ]
    )
    operators = check(shuffled(model), tmp_path)
    assert operators.count("Transpose") == 2
    x = Input((16, 16, 3))
    y = layers.Conv2D(4, 3, padding="same")(x)
    z = layers.Add()([layers.Conv2D(4, 3, padding="same")(y), y])
    z = layers.Concatenate()([z, layers.MaxPooling2D(3, 1, padding="same")(y)])
    model = Model(x, layers.Dense(3)(layers.GlobalAveragePooling2D()(z)))
    assert check(model, tmp_path).count("Transpose") == 1


@pytest.mark.parametrize("name", MODELS)
def test_models_within_models_and_own_classes(name, tmp_path):
    model = shuffled(MODELS[name]())
    data = inputs_of(model)
    check(model, tmp_path, data=data if isinstance(data, list) else [data])


def test_operations(tmp_path):
    class Mixture(layers.Layer):
        def build(self, shape):
            self.token = self.add_weight((1, 4), "ones", name="token")
            self.matrix = self.add_weight((4, 3), "ones", name="matrix")

        def call(self, x):
            x = ops.concatenate([x, self.token * 2], axis=1)
            y = ops.matmul(x, self.matrix)
            z = ops.clip(ops.abs(y), 0.25, 2.0)
            return ops.max(ops.sqrt(z), axis=2, keepdims=True) + ops.mean(
                y, axis=[1, 2], keepdims=True
            ) / (1 + ops.exp(z))

    x = Input((5, 4))
    model = Model(x, [Mixture()(x), ops.min(x, axis=[1, 2])])
    check(shuffled(model), tmp_path)


def test_parts_and_choices(tmp_path):
    x = Input((6, 5, 4))
    y = layers.Conv2D(4, 3, padding="same")(x)
    parts = [
        y[..., ::-1],
        y[:, 4:0:-2, 1:3],
        x[:, 2],
        ops.where(y > 0, x, -y),
        ops.argmax(x, axis=-1),
        ops.sign(y),
    ]
    check(shuffled(Model(x, parts)), tmp_path)


def test_open_sizes_are_named(tmp_path):
    x = Input((None, None, 3), name="picture")
    model = Model(x, layers.Conv2D(4, 3)(x))
    with pytest.raises(ValueError) as error:
        model.export(tmp_path / "m.onnx")
    assert str(error.value) == (
        "export: input 'picture' of shape (None, None, None, 3) leaves sizes open, which an ONNX "
        "file must know; build the model on an Input of one size, with the same weights"
    )
    assert not list(tmp_path.iterdir())


def test_an_output_that_is_an_input_and_one_twice(tmp_path):
    x = Input((3,), name="x")
    y = layers.Dense(2, name="y")(x)
    model = Model(x, [y, x, y])
    check(model, tmp_path)
    assert onnx.load(tmp_path / "model.onnx").graph.output[0].name == "y"


def test_the_number_of_samples_is_open(tmp_path):
    model = alone(layers.Conv2D(2, 3), IMAGE)
    for count in (1, 6):
        check(model, tmp_path, count=count)
    graph = onnx.load(tmp_path / "model.onnx").graph
    shape = graph.input[0].type.tensor_type.shape.dim
    assert shape[0].dim_param == "batch"
    assert [each.dim_value for each in shape][1:] == list(IMAGE)


#: Each with a small input, since only the layers matter.
NETWORKS = [
    ("LeNet5", {}),
    ("VGG16", {"input_shape": (32, 32, 3), "include_top": False}),
    ("ResNet50", {"input_shape": (64, 64, 3), "classes": 7}),
    ("ResNet50V2", {"input_shape": (64, 64, 3), "classes": 7}),
    ("MobileNet", {"input_shape": (64, 64, 3), "classes": 7}),
    ("MobileNetV2", {"input_shape": (64, 64, 3), "classes": 7}),
    ("DenseNet121", {"input_shape": (64, 64, 3), "classes": 7}),
    ("EfficientNetB0", {"input_shape": (64, 64, 3), "classes": 7}),
    ("InceptionV3", {"input_shape": (80, 80, 3), "classes": 7}),
    ("Xception", {"input_shape": (80, 80, 3), "classes": 7}),
    ("UNet", {}),
]
_QUICK = ("LeNet5", "MobileNetV2", "EfficientNetB0", "UNet")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param(*each, marks=() if each[0] in _QUICK else pytest.mark.nightly)
        for each in NETWORKS
    ],
    ids=[each[0] for each in NETWORKS],
)
def test_applications(name, options, tmp_path):
    function = getattr(applications, name)
    if "weights" in inspect.signature(function).parameters:
        options = {**options, "weights": None}
    check(function(**options), tmp_path, count=2)


def test_a_layer_without_a_form_is_named(monkeypatch, tmp_path):
    monkeypatch.delitem(FORMS, "Permute")
    with pytest.raises(NotImplementedError, match=r"layer 'turn' \(Permute\) has no form in ONNX"):
        alone(layers.Permute((2, 1), name="turn"), (2, 3)).export(tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_package_is_named_where_it_is_missing():
    code = (
        "import sys; sys.modules['onnx'] = None\n"
        "import martlet\n"
        "model = martlet.Sequential([martlet.Input((2,)), martlet.layers.Dense(1)])\n"
        "try: model.export('m.onnx')\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'needs the package onnx: pip install "martlet[onnx]"' in done.stdout


def test_too_many_weights_for_one_file(monkeypatch):
    model = alone(layers.Dense(2), (3,))
    monkeypatch.setattr(martlet._onnx, "_LARGEST", 10)
    with pytest.raises(NotImplementedError, match="more than 2 GB"):
        model.export("m.onnx")
