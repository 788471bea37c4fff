"""Files as Keras 1 and 2 wrote them, made by hand: spellings, weights, trainings."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

import martlet
from martlet import Input, Sequential, layers
from martlet.models import load_model

RANDOM = np.random.default_rng(2)


def numbers(*shape):
    return RANDOM.uniform(0.1, 1, shape).astype(np.float32)


def write(path, config, weights, training=None, optimizer=None, **attributes):
    """A file of a whole model; arrays by layer and by the names of weights."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
        root = file.create_group("model_weights")
        root.attrs.update(attributes)
        root.attrs["layer_names"] = [name.encode() for name in weights]
        for name, arrays in weights.items():
            fill(root.create_group(name), arrays)
        if optimizer is not None:
            fill(file.create_group("optimizer_weights"), optimizer)


def fill(group, arrays):
    group.attrs["weight_names"] = [name.encode() for name in arrays]
    for name, array in arrays.items():
        group.create_dataset(name, data=array)


def entry(class_name, name, *calls, **config):
    """A layer of a graph; each call is a list of the names of its inputs."""
    nodes = [
        [[*each, {}] if isinstance(each, tuple) else [each, 0, 0, {}] for each in call]
        for call in calls
    ]
    return {
        "class_name": class_name,
        "config": {"name": name, **config},
        "name": name,
        "inbound_nodes": nodes,
    }


def layer(class_name, **config):
    return {"class_name": class_name, "config": config}


class TestKeras1:
    def test_a_network_of_the_time(self, tmp_path):
        """The names of layers and arguments, the axes of kernels, rules with their names within."""
        config = {
            "class_name": "Sequential",
            "config": [
                layer(
                    "Convolution2D",
                    name="convolution2d_1",
                    trainable=True,
                    batch_input_shape=[None, 8, 8, 3],
                    input_dtype="float32",
                    nb_filter=4,
                    nb_row=3,
                    nb_col=2,
                    border_mode="same",
                    subsample=[2, 1],
                    dim_ordering="tf",
                    init="glorot_uniform",
                    activation="relu",
                    W_regularizer={"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01},
                    b_regularizer=None,
                    W_constraint={"name": "MaxNorm", "m": 2, "axis": 0},
                    b_constraint=None,
                    activity_regularizer=None,
                    bias=True,
                ),
                layer(
                    "BatchNormalization",
                    name="bn",
                    mode=0,
                    axis=-1,
                    epsilon=0.001,
                    momentum=0.9,
                    beta_init="zero",
                    gamma_init="one",
                    gamma_regularizer=None,
                    beta_regularizer=None,
                ),
                layer(
                    "MaxPooling2D",
                    name="p",
                    pool_size=[2, 2],
                    strides=[2, 2],
                    border_mode="valid",
                    dim_ordering="tf",
                ),
                layer("ZeroPadding2D", name="z", padding=[1, 1], dim_ordering="tf"),
                layer("SpatialDropout2D", name="s", p=0.25, dim_ordering="tf"),
                layer("GaussianNoise", name="g", sigma=0.5),
                layer("Dropout", name="drop", p=0.5),
                layer("Flatten", name="f"),
                layer(
                    "Dense",
                    name="dense_1",
                    output_dim=5,
                    init="normal",
                    activation="softmax",
                    W_regularizer=None,
                    b_regularizer=None,
                    W_constraint=None,
                    b_constraint=None,
                    activity_regularizer=None,
                    bias=False,
                    input_dim=None,
                ),
            ],
        }
        weights = {
            "convolution2d_1": {
                "convolution2d_1_W": numbers(3, 2, 3, 4),
                "convolution2d_1_b": numbers(4),
            },
            "bn": {f"bn_{name}": numbers(4) for name in ("gamma", "beta", "mean", "std")},
            "dense_1": {"dense_1_W": numbers(4 * 6 * 4, 5)},
        }
        training = {
            "optimizer_config": {
                "class_name": "SGD",
                "config": {"lr": 0.1, "momentum": 0.9, "decay": 0.01, "nesterov": True},
            },
            "loss": "categorical_crossentropy",
            "metrics": ["accuracy"],
            "sample_weight_mode": None,
            "loss_weights": None,
        }
        write(tmp_path / "m.h5", config, weights, training, keras_version=b"1.2.2")
        model = load_model(tmp_path / "m.h5")
        expected = Sequential(
            [
                Input((8, 8, 3)),
                layers.Conv2D(
                    4,
                    (3, 2),
                    (2, 1),
                    "same",
                    activation="relu",
                    kernel_regularizer=martlet.regularizers.L1L2(0.0, 0.01),
                    kernel_constraint=martlet.constraints.MaxNorm(2),
                ),
                layers.BatchNormalization(momentum=0.9),
                layers.MaxPooling2D(),
                layers.ZeroPadding2D(),
                layers.SpatialDropout2D(0.25),
                layers.GaussianNoise(0.5),
                layers.Dropout(0.5),
                layers.Flatten(),
                layers.Dense(5, "softmax", False, kernel_initializer="random_normal"),
            ]
        )
        expected.set_weights([each for part in weights.values() for each in part.values()])
        x = numbers(3, 8, 8, 3)
        assert np.array_equal(model.predict(x, verbose=0), expected.predict(x, verbose=0))
        for ours, theirs in zip(model.layers, expected.layers, strict=True):
            ours, theirs = ours.get_config(), theirs.get_config()
            assert {**ours, "name": ""} == {**theirs, "name": ""}
        # The rate falls as Keras 1's did.
        assert model.optimizer.nesterov
        model.fit(x, np.eye(5)[:3], epochs=10, verbose=0)
        assert float(model.optimizer.learning_rate) == pytest.approx(0.1 / (1 + 0.01 * 10))

    def test_channels_first_and_kernels_of_theano(self, tmp_path):
        kernel = numbers(4, 3, 2, 2)
        config = {
            "class_name": "Sequential",
            "config": [
                layer(
                    "Convolution2D",
                    name="c",
                    batch_input_shape=[None, 3, 5, 5],
                    nb_filter=4,
                    nb_row=2,
                    nb_col=2,
                    dim_ordering="th",
                    bias=False,
                ),
            ],
        }
        made = layers.Conv2D(4, 2, use_bias=False, data_format="channels_first")
        expected = Sequential([Input((3, 5, 5)), made])
        x = numbers(2, 3, 5, 5)
        for backend, turned in ((b"tensorflow", kernel), (b"theano", kernel[:, :, ::-1, ::-1])):
            write(
                tmp_path / "m.h5",
                config,
                {"c": {"c_W": kernel}},
                keras_version=b"1.2.0",
                backend=backend,
            )
            expected.set_weights([turned.transpose(2, 3, 1, 0)])
            model = load_model(tmp_path / "m.h5")
            assert np.array_equal(model.predict(x, verbose=0), expected.predict(x, verbose=0))

    def test_kernels_within_models_are_not_guessed(self, tmp_path):
        inner = [
            layer(
                "Convolution2D",
                name="c",
                batch_input_shape=[None, 3, 5, 5],
                nb_filter=3,
                nb_row=1,
                nb_col=1,
                dim_ordering="th",
                bias=False,
            ),
        ]
        config = {
            "class_name": "Sequential",
            "config": [{"class_name": "Sequential", "config": {"name": "part", "layers": inner}}],
        }
        write(
            tmp_path / "m.h5",
            config,
            {"part": {"c_W": numbers(3, 3, 1, 1)}},
            keras_version=b"1.2.0",
        )
        with pytest.raises(NotImplementedError, match="m.h5': the kernel of 'c' within 'part'"):
            load_model(tmp_path / "m.h5")

    def test_sequences_and_transposed_convolutions(self, tmp_path):
        config = {
            "class_name": "Sequential",
            "config": [
                layer(
                    "Convolution1D",
                    name="c",
                    batch_input_shape=[None, 6, 3],
                    nb_filter=4,
                    filter_length=2,
                    subsample_length=1,
                    border_mode="valid",
                ),
                layer("MaxPooling1D", name="p", pool_length=2, stride=2, border_mode="valid"),
            ],
        }
        kernel, bias = numbers(2, 1, 3, 4), numbers(4)
        write(tmp_path / "m.h5", config, {"c": {"c_W": kernel, "c_b": bias}, "p": {}})
        model = load_model(tmp_path / "m.h5")
        assert np.array_equal(model.get_weights()[0], kernel[:, 0])
        assert model.output_shape == (None, 2, 4)
        config = {
            "class_name": "Sequential",
            "config": [
                layer(
                    "Deconvolution2D",
                    name="d",
                    batch_input_shape=[None, 4, 4, 3],
                    nb_filter=2,
                    nb_row=3,
                    nb_col=3,
                    output_shape=[None, 8, 8, 2],
                    subsample=[2, 2],
                    border_mode="same",
                    dim_ordering="tf",
                ),
            ],
        }
        kernel = numbers(3, 3, 3, 2)
        write(tmp_path / "m.h5", config, {"d": {"d_W": kernel, "d_b": numbers(2)}})
        model = load_model(tmp_path / "m.h5")
        assert np.array_equal(model.get_weights()[0], kernel.transpose(0, 1, 3, 2))
        assert model.output_shape == (None, 8, 8, 2)

    @pytest.mark.parametrize(
        ("mode", "kind"),
        [
            ("sum", "Add"),
            ("mul", "Multiply"),
            ("concat", "Concatenate"),
            ("ave", "Average"),
            ("max", "Maximum"),
        ],
    )
    def test_merge(self, mode, kind, tmp_path):
        config = {
            "class_name": "Model",
            "config": {
                "name": "model_1",
                "layers": [
                    entry("InputLayer", "a", batch_input_shape=[None, 4], input_dtype="float32"),
                    entry("Dense", "d", ["a"], output_dim=4, init="uniform", bias=False),
                    entry(
                        "Merge",
                        "merge_1",
                        ["a", "d"],
                        mode=mode,
                        concat_axis=-1,
                        dot_axes=-1,
                        mode_type="raw",
                        output_shape=None,
                        output_mask_type="raw",
                        layers=[],
                    ),
                ],
                "input_layers": [["a", 0, 0]],
                "output_layers": [["merge_1", 0, 0]],
            },
        }
        write(tmp_path / "m.h5", config, {"a": {}, "d": {"d_W": numbers(4, 4)}})
        assert type(load_model(tmp_path / "m.h5").get_layer("merge_1")).__name__ == kind

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (layer("Merge", name="m", mode="cos"), "'m': Merge with mode='cos' of Keras 1"),
            (
                layer("Merge", name="m", mode="sum", layers=[{}]),
                "'m': Merge of Keras 1 with models",
            ),
            (layer("Lambda", name="l", function=["4wE=", None]), "the layer 'l' is a Lambda"),
            (layer("MaxoutDense", name="x", output_dim=2), "the class 'MaxoutDense' is not known"),
            (layer("BatchNormalization", name="b", mode=1), "does not know the argument 'mode'"),
            (
                layer("Dense", name="d", output_dim=2, W_regularizer={"name": "Eigenvalue"}),
                "layer 'd': Eigenvalue of Keras 1",
            ),
        ],
    )
    def test_what_cannot_be_honoured_is_named(self, given, message, tmp_path):
        given["config"]["batch_input_shape"] = [None, 4]
        write(tmp_path / "m.h5", {"class_name": "Sequential", "config": [given]}, {})
        with pytest.raises((ValueError, NotImplementedError), match=message) as caught:
            load_model(tmp_path / "m.h5")
        assert "m.h5" in str(caught.value)


class TestKeras2:
    @pytest.mark.parametrize("first", [0, 1])
    def test_a_model_within_a_model(self, first, tmp_path):
        """Its calls are counted from 0 or from 1, by the release."""
        inner = entry(
            "InputLayer",
            "x",
            batch_input_shape=[None, 3],
            dtype="float32",
            sparse=False,
            ragged=False,
        )
        inner = {
            "name": "inner",
            "layers": [inner, entry("Dense", "d", ["x"], units=3, use_bias=False)],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["d", 0, 0]],
        }
        config = {
            "class_name": "Functional",
            "config": {
                "name": "outer",
                "layers": [
                    entry("InputLayer", "a", batch_input_shape=[None, 3]),
                    {**entry("Functional", "inner", ["a"], [("inner", first, 0)]), "config": inner},
                    entry("Add", "sum", [("inner", first, 0), ("inner", first + 1, 0)]),
                ],
                "input_layers": [["a", 0, 0]],
                "output_layers": [["sum", 0, 0]],
            },
        }
        kernel = numbers(3, 3)
        weights = {"a": {}, "inner": {"d/kernel:0": kernel}, "sum": {}}
        write(tmp_path / "m.h5", config, weights, keras_version=b"2.4.0", backend=b"tensorflow")
        x = numbers(2, 3)
        made = load_model(tmp_path / "m.h5").predict(x, verbose=0)
        np.testing.assert_allclose(made, x @ kernel + x @ kernel @ kernel, rtol=1e-5)

    def chain(self):
        policy = {"class_name": "Policy", "config": {"name": "float32"}}
        uniform = {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}}
        return {
            "class_name": "Sequential",
            "config": {
                "name": "sequential",
                "layers": [
                    layer(
                        "InputLayer",
                        name="in",
                        batch_input_shape=[None, 4],
                        dtype="float32",
                        sparse=False,
                        ragged=False,
                    ),
                    layer("Dense", name="d", units=3, dtype=policy, kernel_initializer=uniform),
                    layer(
                        "BatchNormalization",
                        name="b",
                        axis=[1],
                        fused=None,
                        virtual_batch_size=None,
                    ),
                ],
            },
        }

    def weights(self):
        return {
            "d": {"d/kernel:0": numbers(4, 3), "d/bias:0": numbers(3)},
            "b": {f"b/{name}:0": numbers(3) for name in ("gamma", "beta", "mean", "variance")},
        }

    def test_arguments_that_layers_had_too_many(self, tmp_path):
        initializer = {
            "class_name": "VarianceScaling",
            "config": {
                "scale": 1.0,
                "mode": "fan_avg",
                "distribution": "uniform",
                "seed": None,
                "dtype": "float32",
            },
        }
        convolution = {
            "groups": 1,
            "kernel_initializer": initializer,
            "kernel_regularizer": None,
            "kernel_constraint": None,
            "padding": "same",
            "use_bias": False,
        }
        config = {
            "class_name": "Sequential",
            "config": [
                layer(
                    "DepthwiseConv2D",
                    name="a",
                    batch_input_shape=[None, 5, 5, 2],
                    kernel_size=3,
                    depthwise_initializer=initializer,
                    **convolution,
                ),
                layer(
                    "ReLU",
                    name="b",
                    max_value={"type": "ndarray", "value": 6.0},
                    negative_slope={"type": "ndarray", "value": 0.0},
                    threshold=0.0,
                ),
                layer("SeparableConv2D", name="c", filters=3, kernel_size=[3, 3], **convolution),
                layer(
                    "Conv2DTranspose",
                    name="d",
                    filters=2,
                    kernel_size=[2, 2],
                    groups=1,
                    output_padding=None,
                    use_bias=False,
                ),
                layer("RandomFlip", name="e", mode="horizontal", seed=None),
            ],
        }
        shapes = {
            "a": [(3, 3, 2, 1)],
            "b": [],
            "c": [(3, 3, 2, 1), (1, 1, 2, 3)],
            "d": [(2, 2, 2, 3)],
        }
        weights = {
            name: {f"{name}/{index}:0": numbers(*each) for index, each in enumerate(parts)}
            for name, parts in shapes.items()
        }
        write(tmp_path / "m.h5", config, weights, keras_version=b"2.2.4")
        model = load_model(tmp_path / "m.h5")
        assert model.output_shape == (None, 6, 6, 2)
        assert model.get_layer("b").get_config()["max_value"] == 6
        assert model.get_layer("e").get_config()["mode"] == "horizontal"

    def test_the_training_goes_on(self, tmp_path):
        """Adam of Keras 2: all first moments, then all second ones, no rate."""
        shapes = {"d/kernel": (4, 3), "d/bias": (3,), "b/gamma": (3,), "b/beta": (3,)}
        optimizer = {"Adam/iterations:0": np.int64(7)}
        for slot in ("m", "v"):
            optimizer.update(
                {f"Adam/{name}/{slot}:0": numbers(*shape) for name, shape in shapes.items()}
            )
        training = {
            "loss": {
                "class_name": "SparseCategoricalCrossentropy",
                "config": {"reduction": "auto", "name": "s", "from_logits": True},
            },
            "metrics": [
                [
                    {
                        "class_name": "MeanMetricWrapper",
                        "config": {
                            "name": "accuracy",
                            "dtype": "float32",
                            "fn": "sparse_categorical_accuracy",
                        },
                    }
                ]
            ],
            "weighted_metrics": None,
            "loss_weights": None,
            "optimizer_config": {
                "class_name": "Custom>Adam",
                "config": {
                    "name": "Adam",
                    "learning_rate": 0.25,
                    "decay": 0.0,
                    "beta_1": 0.9,
                    "beta_2": 0.999,
                    "epsilon": 1e-07,
                    "amsgrad": False,
                },
            },
        }
        write(
            tmp_path / "m.h5",
            self.chain(),
            self.weights(),
            training,
            optimizer,
            keras_version=b"2.11.0",
        )
        model = load_model(tmp_path / "m.h5")
        assert model.optimizer.iterations == 7
        assert model.optimizer.learning_rate == 0.25
        state = {each.name: each.numpy() for each in model.optimizer.variables}
        assert np.array_equal(state["d_kernel_velocity"], optimizer["Adam/d/kernel/v:0"])
        assert np.array_equal(state["b_beta_momentum"], optimizer["Adam/b/beta/m:0"])
        model.fit(numbers(3, 4), np.arange(3), verbose=0)
        assert list(model.history.history) == ["accuracy", "loss"]

    def test_state_that_does_not_fit_is_told(self, tmp_path):
        training = {"loss": "mse", "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.1}}}
        write(
            tmp_path / "m.h5",
            self.chain(),
            self.weights(),
            training,
            {"a": np.int64(1), "b": numbers(2)},
        )
        with pytest.warns(UserWarning, match="m.h5': optimizer 'sgd' starts afresh"):
            load_model(tmp_path / "m.h5")

    def test_state_of_keras_3(self, tmp_path):
        keras = pytest.importorskip("keras")
        theirs = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
        theirs.compile("adam", "mse")
        x, y = numbers(8, 4), numbers(8, 2)
        theirs.fit(x, y, epochs=2, verbose=0)
        theirs.save(tmp_path / "m.h5")
        model = load_model(tmp_path / "m.h5")
        assert model.optimizer.iterations == 2
        expected = theirs.fit(x, y, shuffle=False, verbose=0).history["loss"]
        assert model.fit(x, y, shuffle=False, verbose=0).history["loss"] == pytest.approx(expected)

    def test_arrays_of_other_shapes_are_not_read(self, tmp_path):
        weights = self.weights()
        write(tmp_path / "m.h5", self.chain(), weights)
        with h5py.File(tmp_path / "m.h5", "a") as file:
            del file["model_weights/d/d/kernel:0"]
            file["model_weights/d"].create_dataset(
                "d/kernel:0", (2**20, 2**20), "f4", chunks=(64, 64)
            )
        with pytest.raises(ValueError, match=r"file's layer 'd' \[\(1048576, 1048576\), \(3,\)\]"):
            load_model(tmp_path / "m.h5")
        with h5py.File(tmp_path / "m.h5", "a") as file:
            del file["model_weights/d/d/kernel:0"]
            file["model_weights/d/d/kernel:0"] = h5py.ExternalLink("other.h5", "/x")
        with pytest.raises(ValueError, match="m.h5': layer 'd': weight 'd/kernel:0' is missing"):
            load_model(tmp_path / "m.h5")
