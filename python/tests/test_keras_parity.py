"""Side by side with Keras: the same names, weights, data and steps give the same numbers."""

from __future__ import annotations

import inspect
import io
import json
from contextlib import redirect_stdout

import numpy as np
import pytest

import martlet

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore")  # the peer's own

LIBRARIES = (martlet, keras)

# Both compute in single precision and sum in different orders. Over the few steps taken here,
# differences of one rounding (6e-8) grow to a few 1e-6; a wrong formula shows in the third digit.
TOLERANCE = 1e-5


def sequential(library, make, shape):
    """The model that `make` describes, in one of the libraries."""
    return library.Sequential([library.Input(shape), *make(library.layers)])


def twins(make, shape):
    """The same model in both libraries, with the same weights away from special values."""
    ours, theirs = (sequential(library, make, shape) for library in LIBRARIES)
    random = np.random.default_rng(3)
    weights = []
    for weight, value in zip(theirs.weights, theirs.get_weights(), strict=True):
        # Moving variances stay positive.
        low = 0.5 if "variance" in weight.path else -0.5
        weights.append(random.uniform(low, low + 1, value.shape).astype(np.float32))
    for model in (ours, theirs):
        model.set_weights(weights)
    return ours, theirs


def assert_close(ours, theirs, what):
    assert len(ours) == len(theirs)
    for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        worst = np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).max()
        assert worst < TOLERANCE, f"{what}[{index}] differs by {worst:.2e}"


# ---- Layers -----------------------------------------------------------------------------------

IMAGE = (9, 8, 4)

LAYERS = {
    "Conv2D": lambda L: [L.Conv2D(5, 3)],
    "Conv2D same": lambda L: [L.Conv2D(5, 3, padding="same", activation="relu")],
    "Conv2D even kernel": lambda L: [L.Conv2D(3, (2, 4), padding="same")],
    "Conv2D strides": lambda L: [L.Conv2D(3, 3, strides=(2, 3), padding="same")],
    "Conv2D strides valid": lambda L: [L.Conv2D(3, (3, 2), strides=2)],
    "Conv2D dilation": lambda L: [L.Conv2D(3, 3, dilation_rate=(2, 1), padding="same")],
    "Conv2D groups": lambda L: [L.Conv2D(6, 3, groups=2, activation="tanh")],
    "Conv2D depthwise by groups": lambda L: [L.Conv2D(8, 3, groups=4, padding="same")],
    "Conv2D 1x1 without bias": lambda L: [L.Conv2D(7, 1, use_bias=False)],
    "DepthwiseConv2D": lambda L: [L.DepthwiseConv2D(3)],
    "DepthwiseConv2D multiplier": lambda L: [
        L.DepthwiseConv2D((3, 2), depth_multiplier=3, padding="same", activation="relu6")
    ],
    "DepthwiseConv2D strides": lambda L: [
        L.DepthwiseConv2D(5, strides=2, padding="same", use_bias=False)
    ],
    "DepthwiseConv2D dilation": lambda L: [
        L.DepthwiseConv2D(2, dilation_rate=(2, 3), activation="tanh")
    ],
    "DepthwiseConv2D strides and dilation": lambda L: [
        L.DepthwiseConv2D(3, strides=(2, 2), dilation_rate=(2, 2), padding="same")
    ],
    "DepthwiseConv2D regularized": lambda L: [
        L.DepthwiseConv2D(3, depthwise_regularizer="l2", depthwise_constraint="max_norm")
    ],
    "DepthwiseConv2D channels_first": lambda L: [
        L.DepthwiseConv2D(3, padding="same", depth_multiplier=2, data_format="channels_first")
    ],
    "depthwise block": lambda L: [
        L.DepthwiseConv2D(3, padding="same", use_bias=False),
        L.BatchNormalization(),
        L.ReLU(6.0),
    ],
    "SeparableConv2D": lambda L: [L.SeparableConv2D(5, 3)],
    "SeparableConv2D multiplier": lambda L: [
        L.SeparableConv2D(3, 3, strides=2, padding="same", depth_multiplier=2, activation="relu")
    ],
    "SeparableConv2D regularized": lambda L: [
        L.SeparableConv2D(
            3, (2, 3), use_bias=False, depthwise_regularizer="l1", pointwise_regularizer="l2"
        )
    ],
    "SeparableConv2D channels_first": lambda L: [
        L.SeparableConv2D(6, 3, data_format="channels_first", dilation_rate=2, padding="same")
    ],
    "Conv2DTranspose": lambda L: [L.Conv2DTranspose(5, 3)],
    "Conv2DTranspose strides": lambda L: [
        L.Conv2DTranspose(3, (3, 4), strides=2, padding="same", activation="relu")
    ],
    "Conv2DTranspose strides valid": lambda L: [L.Conv2DTranspose(3, 2, strides=(2, 3))],
    "Conv2DTranspose output padding": lambda L: [
        L.Conv2DTranspose(1, (3, 4), strides=(3, 2), padding="same", output_padding=(2, 0))
    ],
    "Conv2DTranspose output padding valid": lambda L: [
        L.Conv2DTranspose(3, 3, strides=2, output_padding=1, use_bias=False)
    ],
    "Conv2DTranspose dilation": lambda L: [
        L.Conv2DTranspose(3, 3, dilation_rate=(2, 1), padding="same")
    ],
    "Conv2DTranspose channels_first": lambda L: [
        L.Conv2DTranspose(6, 3, strides=2, data_format="channels_first")
    ],
    "Conv2DTranspose constrained": lambda L: [
        L.Conv2DTranspose(5, 3, kernel_constraint="unit_norm", kernel_regularizer="l2")
    ],
    "Conv1D": lambda L: [L.Reshape((24, 12)), L.Conv1D(5, 3)],
    "Conv1D causal": lambda L: [
        L.Reshape((24, 12)),
        L.Conv1D(5, 3, padding="causal", dilation_rate=2, activation="relu"),
    ],
    "Conv1D causal strides": lambda L: [
        L.Reshape((24, 12)),
        L.Conv1D(5, 4, padding="causal", strides=3),
    ],
    "Conv1D same": lambda L: [
        L.Reshape((24, 12)),
        L.Conv1D(4, 5, strides=2, padding="same", groups=2, kernel_regularizer="l2"),
    ],
    "Conv1D channels_first": lambda L: [
        L.Reshape((24, 12)),
        L.Conv1D(6, 3, padding="same", data_format="channels_first"),
    ],
    "MaxPooling1D": lambda L: [L.Reshape((24, 12)), L.MaxPooling1D()],
    "MaxPooling1D same": lambda L: [
        L.Reshape((24, 12)),
        L.MaxPooling1D(5, strides=3, padding="same"),
    ],
    "ZeroPadding1D": lambda L: [L.Reshape((24, 12)), L.ZeroPadding1D((2, 1))],
    "ZeroPadding1D channels_first": lambda L: [
        L.Reshape((24, 12)),
        L.ZeroPadding1D(2, data_format="channels_first"),
    ],
    "Cropping1D": lambda L: [L.Reshape((24, 12)), L.Cropping1D((0, 3))],
    "UpSampling1D": lambda L: [L.Reshape((24, 12)), L.UpSampling1D(3)],
    "MaxPooling1D channels_first": lambda L: [
        L.Reshape((24, 12)),
        L.MaxPooling1D(3, data_format="channels_first"),
    ],
    "AveragePooling1D": lambda L: [L.Reshape((24, 12)), L.AveragePooling1D(5)],
    "AveragePooling1D same": lambda L: [
        L.Reshape((24, 12)),
        L.AveragePooling1D(5, strides=3, padding="same"),
    ],
    "GlobalAveragePooling1D": lambda L: [L.Reshape((24, 12)), L.GlobalAveragePooling1D()],
    "GlobalMaxPooling1D": lambda L: [L.Reshape((24, 12)), L.GlobalMaxPooling1D(keepdims=True)],
    "GlobalMaxPooling1D channels_first": lambda L: [
        L.Reshape((24, 12)),
        L.GlobalMaxPooling1D(keepdims=True, data_format="channels_first"),
    ],
    "chain of sequences": lambda L: [
        L.Reshape((24, 12)),
        L.Conv1D(8, 3, padding="same"),
        L.BatchNormalization(),
        L.Activation("relu"),
        L.MaxPooling1D(2),
        L.Conv1D(6, 3, activation="relu"),
        L.GlobalAveragePooling1D(),
    ],
    "MaxPooling2D": lambda L: [L.MaxPooling2D()],
    "MaxPooling2D overlapping": lambda L: [L.MaxPooling2D(3, strides=2, padding="same")],
    "AveragePooling2D": lambda L: [L.AveragePooling2D(2)],
    "AveragePooling2D same": lambda L: [L.AveragePooling2D((3, 2), strides=2, padding="same")],
    "GlobalAveragePooling2D": lambda L: [L.GlobalAveragePooling2D()],
    "Flatten": lambda L: [L.Flatten()],
    "Reshape": lambda L: [L.Reshape((12, -1))],
    "Dense": lambda L: [L.Dense(5, activation="sigmoid")],
    "Dropout of nothing": lambda L: [L.Dropout(0.0)],
    "BatchNormalization": lambda L: [L.BatchNormalization()],
    "BatchNormalization bare": lambda L: [
        L.BatchNormalization(momentum=0.8, epsilon=1e-2, center=False, scale=False)
    ],
    "Activation": lambda L: [L.Activation("elu")],
    "Activation leaky_relu": lambda L: [L.Activation("leaky_relu")],
    "ReLU": lambda L: [L.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.1)],
    "LeakyReLU": lambda L: [L.LeakyReLU()],
    "Softmax": lambda L: [L.Softmax()],
    "Softmax axis": lambda L: [L.Softmax(axis=1)],
    "Rescaling": lambda L: [L.Rescaling(0.3, offset=-0.2)],
    "Rescaling per channel": lambda L: [L.Rescaling([0.3, -1, 2, 0], offset=[0.5, 0, -1, 1])],
    "ELU": lambda L: [L.ELU(0.7)],
    "PReLU": lambda L: [L.PReLU()],
    "PReLU shared": lambda L: [L.PReLU(alpha_initializer="ones", shared_axes=[1, 2])],
    "PReLU shared columns": lambda L: [L.PReLU(shared_axes=2)],
    "ReLU to six": lambda L: [L.ReLU(max_value=6)],
    "GlobalMaxPooling2D": lambda L: [L.GlobalMaxPooling2D()],
    "GlobalMaxPooling2D of ties": lambda L: [
        L.ReLU(),
        L.Rescaling(0.0),
        L.GlobalMaxPooling2D(keepdims=True),
    ],
    "GlobalAveragePooling2D keepdims": lambda L: [L.GlobalAveragePooling2D(keepdims=True)],
    "ZeroPadding2D": lambda L: [L.ZeroPadding2D(2)],
    "ZeroPadding2D pair": lambda L: [L.ZeroPadding2D((1, 2))],
    "ZeroPadding2D four": lambda L: [L.ZeroPadding2D(((1, 0), (2, 3)))],
    "Permute": lambda L: [L.Permute((3, 1, 2))],
    "SpatialDropout2D of nothing": lambda L: [L.SpatialDropout2D(0.0)],
    "GaussianNoise of nothing": lambda L: [L.GaussianNoise(0.0)],
    "Dense regularized": lambda L: [
        L.Dense(
            5,
            kernel_regularizer="l2",
            bias_regularizer="l1",
            activity_regularizer="l2",
        )
    ],
    "Conv2D regularized": lambda L: [
        L.Conv2D(5, 3, activation="relu", kernel_regularizer="l1", activity_regularizer="l1")
    ],
    "BatchNormalization regularized": lambda L: [
        L.BatchNormalization(beta_regularizer="l1", gamma_regularizer="l2")
    ],
    "PReLU regularized": lambda L: [L.PReLU(alpha_regularizer="l2")],
    "ActivityRegularization": lambda L: [L.ActivityRegularization(l1=0.01, l2=0.02)],
    "Dense constrained": lambda L: [
        L.Dense(5, kernel_constraint="max_norm", bias_constraint="non_neg")
    ],
    "Conv2D constrained": lambda L: [
        L.Conv2D(5, 3, kernel_constraint="unit_norm", bias_constraint="min_max_norm")
    ],
    "Conv2D channels_first": lambda L: [
        L.Conv2D(5, 3, strides=2, padding="same", data_format="channels_first", activation="relu")
    ],
    "MaxPooling2D channels_first": lambda L: [
        L.MaxPooling2D(3, strides=1, padding="same", data_format="channels_first")
    ],
    "AveragePooling2D channels_first": lambda L: [
        L.AveragePooling2D(2, padding="same", data_format="channels_first")
    ],
    "GlobalAveragePooling2D channels_first": lambda L: [
        L.GlobalAveragePooling2D(data_format="channels_first")
    ],
    "GlobalMaxPooling2D channels_first": lambda L: [
        L.GlobalMaxPooling2D(data_format="channels_first", keepdims=True)
    ],
    "Flatten channels_first": lambda L: [L.Flatten(data_format="channels_first")],
    "ZeroPadding2D channels_first": lambda L: [
        L.ZeroPadding2D((1, 2), data_format="channels_first")
    ],
    "BatchNormalization channels_first": lambda L: [L.BatchNormalization(axis=1)],
    "LayerNormalization": lambda L: [L.LayerNormalization()],
    "LayerNormalization of images": lambda L: [
        L.LayerNormalization(axis=[1, 2, 3], epsilon=1e-2, gamma_regularizer="l2")
    ],
    "LayerNormalization of rows": lambda L: [L.LayerNormalization(axis=[3, 2], center=False)],
    "LayerNormalization of points": lambda L: [L.LayerNormalization(axis=[1, 2], scale=False)],
    "LayerNormalization channels_first": lambda L: [
        L.LayerNormalization(axis=1, beta_constraint="non_neg", gamma_constraint="max_norm")
    ],
    "GroupNormalization": lambda L: [L.GroupNormalization(groups=2)],
    "GroupNormalization instance": lambda L: [
        L.GroupNormalization(groups=-1, epsilon=1e-2, beta_regularizer="l1")
    ],
    "GroupNormalization of all": lambda L: [L.GroupNormalization(1, center=False, scale=False)],
    "GroupNormalization channels_first": lambda L: [L.GroupNormalization(groups=3, axis=1)],
    "RMSNormalization": lambda L: [L.RMSNormalization()],
    "RMSNormalization of images": lambda L: [L.RMSNormalization(axis=[1, 2, 3], epsilon=1e-2)],
    "UnitNormalization": lambda L: [L.UnitNormalization()],
    "UnitNormalization of points": lambda L: [L.UnitNormalization(axis=[1, 2])],
    "UpSampling2D": lambda L: [L.UpSampling2D()],
    "UpSampling2D uneven": lambda L: [L.UpSampling2D((1, 3))],
    "UpSampling2D bilinear": lambda L: [L.UpSampling2D((2, 1), interpolation="bilinear")],
    "UpSampling2D channels_first": lambda L: [
        L.UpSampling2D(2, data_format="channels_first", interpolation="bilinear")
    ],
    "Cropping2D": lambda L: [L.Cropping2D(2)],
    "Cropping2D pair": lambda L: [L.Cropping2D((1, 2))],
    "Cropping2D four": lambda L: [L.Cropping2D(((1, 0), (2, 3)))],
    "Cropping2D channels_first": lambda L: [
        L.Cropping2D(((0, 2), (1, 0)), data_format="channels_first")
    ],
    "RepeatVector": lambda L: [L.Flatten(), L.RepeatVector(3)],
    "Identity": lambda L: [L.Identity()],
    "chain of channels_first": lambda L: [
        L.Conv2D(6, 3, padding="same", data_format="channels_first"),
        L.BatchNormalization(axis=1),
        L.Activation("relu"),
        L.MaxPooling2D(2, padding="same", data_format="channels_first"),
        L.ZeroPadding2D(1, data_format="channels_first"),
        L.Conv2D(4, 3, data_format="channels_first", activation="selu"),
        L.Flatten(data_format="channels_first"),
    ],
}


ACTIVATIONS = [
    *("linear", "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "swish"),
    *("hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "sigmoid", "log_sigmoid"),
    *("softplus", "softsign", "tanh", "exponential", "mish", "softmax"),
]

LAYERS |= {
    f"Dense {name}": lambda L, name=name: [L.Dense(6, activation=name)] for name in ACTIVATIONS
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    """Forward, gradients and updates: a layer between two others with weights, over some steps."""

    def make(layers):
        # The convolution before it makes gradients flow into the layer's input.
        return [
            layers.Conv2D(4, 1, name="before"),
            *LAYERS[name](layers),
            layers.Flatten(),
            layers.Dense(2, name="after"),
        ]

    ours, theirs = twins(make, IMAGE)
    random = np.random.default_rng(5)
    x = random.normal(size=(11, *IMAGE)).astype(np.float32)
    y = random.normal(size=(11, 2)).astype(np.float32)
    assert_close([ours.predict(x, verbose=0)], [theirs.predict(x, verbose=0)], "prediction")
    losses = []
    for library, model in zip(LIBRARIES, (ours, theirs), strict=True):
        # Small steps keep the comparison to gradients, not to how chaos grows.
        model.compile(library.optimizers.SGD(1e-3), "mse")
        losses.append([float(model.train_on_batch(x, y)) for _ in range(4)])
    relative = np.abs(np.subtract(*losses)) / np.abs(losses[1])
    assert relative.max() < TOLERANCE, f"losses differ by {relative.max():.2e} of their value"
    assert_close(ours.get_weights(), theirs.get_weights(), "weight")


def test_data_that_are_normalized_twice():
    """A layer of which nothing is trained, before one whose output is worked out again."""

    def make(layers):
        return [
            layers.LayerNormalization(center=False, scale=False),
            layers.BatchNormalization(),
            layers.Dense(5),
        ]

    ours, theirs = twins(make, (6, 4))
    random = np.random.default_rng(5)
    x, y = (random.normal(size=(7, 6, width)).astype(np.float32) for width in (4, 5))
    for library, model in zip(LIBRARIES, (ours, theirs), strict=True):
        model.compile(library.optimizers.SGD(0.1), "mse")
        for _ in range(2):
            model.train_on_batch(x, y)
    assert_close(ours.get_weights(), theirs.get_weights(), "weight")


@pytest.mark.parametrize("name", LAYERS)
def test_configurations(name):
    """What Keras says of itself makes our layer, and ours says the same."""
    theirs, ours = LAYERS[name](keras.layers)[-1], LAYERS[name](martlet.layers)[-1]
    again = type(ours).from_config(theirs.get_config())
    assert again.get_config().keys() == ours.get_config().keys()

    def comparable(config):
        return {
            key: value["class_name"] if isinstance(value, dict) else value
            for key, value in config.items()
            if not isinstance(value, dict) or "class_name" in value
        }

    mine, other = comparable(ours.get_config()), comparable(theirs.get_config())
    if name.startswith("SpatialDropout2D"):
        del other["dtype"]  # a name there and an object in all other layers
    for key in mine.keys() & other.keys() - {"name"}:
        # As JSON: tuples are lists there.
        assert mine[key] == json.loads(json.dumps(other[key])), key


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_functions(name):
    x = np.random.default_rng(2).normal(0, 3, (4, 33)).astype(np.float32)
    ours, theirs = (getattr(library.activations, name)(x) for library in LIBRARIES)
    assert_close([ours], [theirs], name)


def test_activation_functions_with_arguments():
    x = np.random.default_rng(2).normal(0, 3, (4, 33)).astype(np.float32)
    for name, arguments in [
        ("gelu", {"approximate": True}),
        ("elu", {"alpha": 0.3}),
        ("leaky_relu", {"negative_slope": 0.3}),
        ("relu", {"max_value": 2.0, "negative_slope": 0.1, "threshold": 0.5}),
        ("relu", {"max_value": 6.0}),
    ]:
        ours, theirs = (getattr(each.activations, name)(x, **arguments) for each in LIBRARIES)
        assert_close([ours], [theirs], name)


@pytest.mark.parametrize("batch_size", [4, 11])
def test_losses_with_regularizers(batch_size):
    """What fit reports, and evaluate: with a last batch that is smaller, and a shared layer."""

    def functional(library):
        layers, regularizers = library.layers, library.regularizers
        source = library.Input((6,))
        shared = layers.Dense(
            6, activation="tanh", kernel_regularizer=regularizers.L1L2(0.01, 0.02)
        )
        # Called once: of several calls Keras's trainer counts the last one only, its `losses` all.
        active = layers.Dense(5, activity_regularizer=regularizers.L2(0.03))
        frozen = layers.Dense(4, kernel_regularizer=regularizers.L2(0.5), trainable=False)
        return library.Model(source, frozen(active(shared(shared(source)))))

    random = np.random.default_rng(4)
    x = random.normal(size=(11, 6)).astype(np.float32)
    y = random.normal(size=(11, 4)).astype(np.float32)
    ours, theirs = (functional(library) for library in LIBRARIES)
    ours.set_weights(theirs.get_weights())
    reports = []
    for library, model in zip(LIBRARIES, (ours, theirs), strict=True):
        model.compile(library.optimizers.Adam(0.01), "mse", metrics=["mse"])
        history = model.fit(x, y, batch_size=batch_size, epochs=3, shuffle=False, verbose=0)
        reports.append([*history.history["loss"], *model.evaluate(x, y, verbose=0)])
    assert_close(*reports, "loss")
    assert_close(ours.get_weights(), theirs.get_weights(), "weight")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("MaxNorm", {"max_value": 0.5}),
        ("MaxNorm", {"max_value": 0.3, "axis": 1}),
        ("MaxNorm", {"max_value": 0.7, "axis": [0, 1, 2]}),
        ("UnitNorm", {"axis": [0, 2]}),
        ("UnitNorm", {"axis": -1}),
        ("NonNeg", {}),
        ("MinMaxNorm", {"min_value": 0.2, "max_value": 0.4, "rate": 0.6, "axis": (0, 1, 2)}),
    ],
)
def test_constraints(name, arguments):
    def make(library):
        constraint = getattr(library.constraints, name)(**arguments)
        return lambda layers: [layers.Conv2D(5, 3, kernel_constraint=constraint), layers.Flatten()]

    models = [sequential(library, make(library), (5, 5, 3)) for library in LIBRARIES]
    random = np.random.default_rng(8)
    x = random.normal(size=(4, 5, 5, 3)).astype(np.float32)
    y = random.normal(size=(4, 45)).astype(np.float32)
    models[0].set_weights(models[1].get_weights())
    for library, model in zip(LIBRARIES, models, strict=True):
        model.compile(library.optimizers.SGD(0.05), "mse")
        for _ in range(2):
            model.train_on_batch(x, y)
    assert_close(models[0].get_weights(), models[1].get_weights(), "weight")


def test_objects_of_arguments_survive_both_ways():
    """A layer's regularizers, constraints and initializers, from Keras's configuration and back."""
    theirs = keras.layers.Dense(
        3,
        kernel_initializer=keras.initializers.VarianceScaling(2.0, "fan_avg", "uniform", seed=3),
        kernel_regularizer=keras.regularizers.L1L2(0.25, 0.5),
        activity_regularizer=keras.regularizers.L1(0.125),
        bias_constraint=keras.constraints.MaxNorm(1.5, axis=[0]),
    )
    ours = martlet.layers.Dense.from_config(theirs.get_config())
    again = keras.layers.Dense.from_config(ours.get_config())
    for key in ("kernel_regularizer", "activity_regularizer", "bias_constraint"):
        assert again.get_config()[key] == theirs.get_config()[key]
    assert again.kernel_initializer.get_config()["mode"] == "fan_avg"


@pytest.mark.parametrize("name", ["Subtract", "Multiply", "Average", "Maximum", "Minimum"])
def test_merging_by_functions(name):
    def functional(library):
        layers = library.layers
        image = library.Input((4, 4, 3))
        a = layers.Conv2D(4, 3, padding="same")(image)
        b = layers.Dense(4)(layers.GlobalAveragePooling2D(keepdims=True)(image))
        both = [a, b] if name == "Subtract" else [a, b, layers.Conv2D(1, 1)(image)]
        merged = getattr(layers, name)()(both)
        return library.Model(image, layers.Dense(2)(layers.Flatten()(merged)))

    random = np.random.default_rng(9)
    x = random.normal(size=(6, 4, 4, 3)).astype(np.float32)
    y = random.normal(size=(6, 2)).astype(np.float32)
    ours, theirs = (functional(library) for library in LIBRARIES)
    weights = [random.uniform(-0.5, 0.5, each.shape) for each in theirs.get_weights()]
    losses = []
    for library, model in zip(LIBRARIES, (ours, theirs), strict=True):
        model.set_weights(weights)
        model.compile(library.optimizers.SGD(1e-2), "mse")
        losses.append([float(model.train_on_batch(x, y)) for _ in range(3)])
    assert_close(*losses, "loss")
    assert_close(ours.get_weights(), theirs.get_weights(), "weight")


def test_merging_layers():
    def functional(library):
        layers = library.layers
        image = library.Input((6, 6, 3))
        a = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
        b = layers.Conv2D(4, 1)(image)
        total = layers.Add()([a, b, a])
        both = layers.Concatenate()([total, image, b])
        wide = layers.Concatenate(axis=1)([both, both])
        end = layers.GlobalAveragePooling2D()(wide)
        shared = layers.Dense(3)
        out = layers.Add()([shared(end), shared(layers.Dense(11)(end))])
        return library.Model(image, [out, layers.Dense(2, name="side")(end)])

    compare_functional(functional, (6, 6, 3), [3, 2])


def compare_functional(make, shape, widths):
    ours, theirs = (make(library) for library in LIBRARIES)
    random = np.random.default_rng(1)
    weights = [random.normal(0, 0.3, each.shape) for each in theirs.get_weights()]
    for model in (ours, theirs):
        model.set_weights(weights)
    x = random.normal(size=(13, *shape)).astype(np.float32)
    y = [random.normal(size=(13, width)).astype(np.float32) for width in widths]
    assert_close(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), "prediction")
    for library, model in zip(LIBRARIES, (ours, theirs), strict=True):
        model.compile(library.optimizers.SGD(0.01), ["mse"] * len(widths), loss_weights=[1.0, 0.3])
        model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    assert_close(ours.get_weights(), theirs.get_weights(), "weight")
    values = [model.evaluate(x, y, verbose=0) for model in (ours, theirs)]
    assert values[0] == pytest.approx(values[1], abs=TOLERANCE)


# ---- Losses -----------------------------------------------------------------------------------


def one_hot(labels):
    return martlet.utils.to_categorical(labels, 4)


LOSSES = {
    "sparse from softmax": ("softmax", lambda m: m.SparseCategoricalCrossentropy(), lambda y: y),
    "sparse from logits": (
        None,
        lambda m: m.SparseCategoricalCrossentropy(from_logits=True),
        lambda y: y[:, None].astype(np.float32),
    ),
    "categorical from softmax": ("softmax", lambda m: m.CategoricalCrossentropy(), one_hot),
    "categorical from logits, smoothed": (
        None,
        lambda m: m.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
        one_hot,
    ),
    "categorical from probabilities": ("relu+", lambda m: m.CategoricalCrossentropy(), one_hot),
    # Below 1: what Keras does with larger ones depends on its backend.
    "sparse from probabilities": (
        "sigmoid+",
        lambda m: m.SparseCategoricalCrossentropy(),
        lambda y: y,
    ),
    "binary from sigmoid": ("sigmoid", lambda m: m.BinaryCrossentropy(), one_hot),
    "binary from logits, smoothed": (
        None,
        lambda m: m.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
        one_hot,
    ),
    "binary from probabilities": ("sigmoid+", lambda m: m.BinaryCrossentropy(), one_hot),
    "mean squared error": ("tanh", lambda m: m.MeanSquaredError(), one_hot),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_losses(name, weighted):
    activation, loss, targets = LOSSES[name]

    def make(layers):
        # "+": probabilities that do not come from a softmax or sigmoid directly.
        plain = activation.rstrip("+") if activation else None
        tail = [layers.Rescaling(0.9, 0.05)] if activation and activation.endswith("+") else []
        return [layers.Dense(4, activation=plain), *tail]

    ours, theirs = twins(make, (6,))
    random = np.random.default_rng(2)
    x = random.normal(size=(21, 6)).astype(np.float32)
    y = targets(random.integers(0, 4, 21))
    weight = random.uniform(0, 2, 21).astype(np.float32) if weighted else None
    values = []
    for library, model in zip(LIBRARIES, (ours, theirs), strict=True):
        model.compile(library.optimizers.SGD(0.05), loss(library.losses), metrics=["accuracy"])
        history = model.fit(
            x, y, batch_size=8, epochs=3, shuffle=False, sample_weight=weight, verbose=0
        )
        values.append(
            [
                *history.history["loss"],
                *history.history["accuracy"],
                *model.evaluate(x, y, verbose=0),
            ]
        )
    assert values[0] == pytest.approx(values[1], abs=TOLERANCE)
    assert_close(ours.get_weights(), theirs.get_weights(), "weight")


def test_metrics_of_the_same_names():
    def make(layers):
        return [layers.Dense(4, activation="softmax")]

    ours, theirs = twins(make, (6,))
    random = np.random.default_rng(2)
    x, y = random.normal(size=(21, 6)), one_hot(random.integers(0, 4, 21))
    names = ["accuracy", "acc", "categorical_accuracy", "binary_accuracy", "mse"]
    values = []
    for model in (ours, theirs):
        model.compile("sgd", "categorical_crossentropy", metrics=names)
        values.append(model.evaluate(x.astype(np.float32), y, verbose=0, return_dict=True))
    assert values[0].keys() == values[1].keys()
    assert values[0] == pytest.approx(values[1], abs=TOLERANCE)


# ---- Optimizers -------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": lambda o: o.SGD(0.05),
    "SGD momentum": lambda o: o.SGD(0.02, momentum=0.9),
    "SGD nesterov": lambda o: o.SGD(0.02, momentum=0.9, nesterov=True),
    "Adam": lambda o: o.Adam(0.005),
    "RMSprop": lambda o: o.RMSprop(0.002),
    "RMSprop with arguments": lambda o: o.RMSprop(
        0.001, rho=0.8, momentum=0.5, epsilon=1e-3, centered=True
    ),
    "Adam with arguments": lambda o: o.Adam(0.005, beta_1=0.8, beta_2=0.99, epsilon=1e-3),
    # A rule that divides by roots of what has hardly begun to grow magnifies roundings: larger
    # epsilons than the usual ones keep the comparison to the formulas.
    "Adam amsgrad": lambda o: o.Adam(0.005, amsgrad=True, epsilon=1e-3),
    "AdamW": lambda o: o.AdamW(0.005, weight_decay=0.1),
    "Adamax": lambda o: o.Adamax(0.005),
    "Nadam": lambda o: o.Nadam(0.005),
    "Adagrad": lambda o: o.Adagrad(0.02),
    "Adadelta": lambda o: o.Adadelta(1.0, rho=0.9, epsilon=1e-4),
    "Lion": lambda o: o.Lion(0.001, beta_1=0.8, beta_2=0.9),
    "Ftrl": lambda o: o.Ftrl(0.02),
    "Ftrl with arguments": lambda o: o.Ftrl(
        0.02,
        learning_rate_power=-0.3,
        initial_accumulator_value=0.5,
        l1_regularization_strength=0.01,
        l2_regularization_strength=0.02,
        l2_shrinkage_regularization_strength=0.03,
        beta=0.1,
    ),
    "weight_decay": lambda o: o.SGD(0.05, momentum=0.9, weight_decay=0.1),
    "clipnorm": lambda o: o.SGD(0.05, clipnorm=0.1),
    "clipvalue": lambda o: o.SGD(0.05, clipvalue=0.02),
    "global_clipnorm": lambda o: o.Adam(0.005, global_clipnorm=0.1, epsilon=1e-3),
    "use_ema": lambda o: o.SGD(0.05, use_ema=True, ema_momentum=0.8),
    "ema_overwrite_frequency": lambda o: o.RMSprop(
        0.002, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=3
    ),
}

SCHEDULES = {
    "ExponentialDecay": lambda s: s.ExponentialDecay(0.1, 5, 0.5),
    "ExponentialDecay staircase": lambda s: s.ExponentialDecay(0.1, 5, 0.5, staircase=True),
    "CosineDecay": lambda s: s.CosineDecay(0.1, 12, alpha=0.1),
    "CosineDecay warmup": lambda s: s.CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=5),
    "PiecewiseConstantDecay": lambda s: s.PiecewiseConstantDecay([3, 9], [0.1, 0.05, 0.01]),
    "InverseTimeDecay": lambda s: s.InverseTimeDecay(0.1, 5, 0.5),
    "InverseTimeDecay staircase": lambda s: s.InverseTimeDecay(0.1, 5, 0.5, staircase=True),
    "PolynomialDecay": lambda s: s.PolynomialDecay(0.1, 12, power=2.0),
    "PolynomialDecay cycle": lambda s: s.PolynomialDecay(0.1, 4, cycle=True),
    "CosineDecayRestarts": lambda s: s.CosineDecayRestarts(0.1, 4, m_mul=0.5, alpha=0.1),
    "CosineDecayRestarts even": lambda s: s.CosineDecayRestarts(0.1, 5, t_mul=1.0),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    def make(layers):
        return [
            layers.Dense(8, activation="tanh", name="one"),
            layers.Dense(3, activation="softmax", name="two"),
        ]

    ours, theirs = twins(make, (5,))
    random = np.random.default_rng(4)
    x = random.normal(size=(32, 5)).astype(np.float32)
    y = random.integers(0, 3, 32)
    for library, model in zip(LIBRARIES, (ours, theirs), strict=True):
        optimizer = OPTIMIZERS[name](library.optimizers)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0)
        if "ema" in name:
            continue  # a second fit after averaging makes Keras fail on its JAX backend
        optimizer.learning_rate = 0.001
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert_close(ours.get_weights(), theirs.get_weights(), "weight")
    mine, other = ours.optimizer, theirs.optimizer
    assert [each.shape for each in mine.variables] == [each.shape for each in other.variables]
    state = [[each.numpy() for each in optimizer.variables] for optimizer in (mine, other)]
    assert_close(*state, "state")
    for a, b in zip(mine.variables, other.variables, strict=True):
        # Keras puts the name of a Sequential before those of its weights, and has none for this.
        assert b.name.endswith(a.name) or a.name == "u_product"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_configurations_of_optimizers(name):
    ours, theirs = (OPTIMIZERS[name](library.optimizers) for library in LIBRARIES)
    mine, other = ours.get_config(), theirs.get_config()
    assert list(mine)[:11] == list(other)[:11]
    assert {**mine, "name": ""} == {**other, "name": ""}
    again = martlet.optimizers.deserialize(keras.optimizers.serialize(theirs))
    assert {**again.get_config(), "name": ""} == {**mine, "name": ""}
    back = keras.optimizers.deserialize(martlet.optimizers.serialize(ours))
    assert back.get_config() == mine


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    ours, theirs = (SCHEDULES[name](library.optimizers.schedules) for library in LIBRARIES)
    steps = range(30)
    assert_close([ours(steps)], [[float(theirs(step)) for step in steps]], "rates")
    assert ours.get_config() == theirs.get_config()
    described = keras.optimizers.schedules.serialize(theirs)
    assert martlet.optimizers.schedules.serialize(ours) == described
    again = martlet.optimizers.schedules.deserialize(described)
    assert again.get_config() == ours.get_config()


@pytest.mark.parametrize("name", SCHEDULES)
def test_training_by_schedules(name):
    ours, theirs = twins(lambda layers: [layers.Dense(3, activation="softmax")], (5,))
    random = np.random.default_rng(4)
    x = random.normal(size=(32, 5)).astype(np.float32)
    y = random.integers(0, 3, 32)
    for library, model in zip(LIBRARIES, (ours, theirs), strict=True):
        schedule = SCHEDULES[name](library.optimizers.schedules)
        optimizer = library.optimizers.SGD(schedule, momentum=0.9, weight_decay=0.1)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0)
        assert float(optimizer.learning_rate) == pytest.approx(float(schedule(16)))
        with pytest.raises(TypeError):
            optimizer.learning_rate = 0.1
    assert_close(ours.get_weights(), theirs.get_weights(), "weight")


# ---- A whole network --------------------------------------------------------------------------


def test_a_small_network_on_digits():
    """Twelve steps of a network of the usual kind on real pictures."""

    def make(layers):
        return [
            layers.Rescaling(1 / 16),
            layers.Conv2D(8, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]

    theirs = sequential(keras, make, (8, 8, 1))
    ours = sequential(martlet, make, (8, 8, 1))
    theirs.set_weights(ours.get_weights())
    (x, y), _ = martlet.datasets.digits.load_data()
    x, y = x[:192, :, :, None], y[:192].astype(np.int32)
    histories = []
    for library, model in zip(LIBRARIES, (ours, theirs), strict=True):
        model.compile(
            library.optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        histories.append(
            model.fit(
                x, y, epochs=3, batch_size=48, shuffle=False, validation_split=0.2, verbose=0
            ).history
        )
    assert list(histories[0]) == list(histories[1])
    for key in histories[0]:
        assert histories[0][key] == pytest.approx(histories[1][key], abs=TOLERANCE), key
    assert_close(ours.get_weights(), theirs.get_weights(), "weight")


# ---- Names, arguments and texts ---------------------------------------------------------------

LAYER_CLASSES = [
    "Activation",
    "Add",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "GroupNormalization",
    "Identity",
    "InputLayer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling2D",
    "Pipeline",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Softmax",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "ZeroPadding1D",
]


def arguments(function):
    """Names in order, with defaults."""
    return {
        key: parameter.default
        for key, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.KEYWORD_ONLY)
    }


def same_arguments(ours, theirs):
    expected = arguments(theirs)
    found = arguments(ours)
    # Later versions of Keras have appended some.
    assert list(found)[: len(expected)] == list(expected)[: len(found)]
    assert {key: found[key] for key in expected if key in found} == {
        key: value for key, value in expected.items() if key in found
    }
    assert len(found) >= len(expected)


@pytest.mark.parametrize("name", LAYER_CLASSES)
def test_arguments_of_layers(name):
    same_arguments(getattr(martlet.layers, name), getattr(keras.layers, name))


@pytest.mark.parametrize(
    "path",
    [
        "optimizers.SGD",
        "optimizers.Adam",
        "optimizers.AdamW",
        "optimizers.RMSprop",
        "optimizers.Adamax",
        "optimizers.Nadam",
        "optimizers.Adagrad",
        "optimizers.Adadelta",
        "optimizers.Lion",
        "optimizers.Ftrl",
        "optimizers.schedules.ExponentialDecay",
        "optimizers.schedules.CosineDecay",
        "optimizers.schedules.PiecewiseConstantDecay",
        "optimizers.schedules.InverseTimeDecay",
        "optimizers.schedules.PolynomialDecay",
        "optimizers.schedules.CosineDecayRestarts",
        "losses.SparseCategoricalCrossentropy",
        "losses.CategoricalCrossentropy",
        "losses.BinaryCrossentropy",
        "losses.MeanSquaredError",
        "metrics.BinaryAccuracy",
        "metrics.CategoricalAccuracy",
        "metrics.SparseCategoricalAccuracy",
        "metrics.MeanSquaredError",
        "metrics.BinaryCrossentropy",
        "metrics.CategoricalCrossentropy",
        "metrics.SparseCategoricalCrossentropy",
        "initializers.GlorotUniform",
        "initializers.HeNormal",
        "initializers.RandomNormal",
        "initializers.RandomUniform",
        "initializers.Constant",
        "activations.relu",
        "activations.leaky_relu",
        "activations.elu",
        "activations.softmax",
        "Input",
        "Sequential.__init__",
        "Sequential.add",
        "Model.compile",
        "Model.fit",
        "Model.predict",
        "Model.train_on_batch",
        "Model.test_on_batch",
        "Model.summary",
        "Model.get_layer",
        "utils.to_categorical",
        "utils.set_random_seed",
        "utils.get_file",
        "utils.normalize",
        "utils.plot_model",
        "utils.Progbar",
        "utils.clear_session",
        "backend.clear_session",
    ],
)
def test_arguments_elsewhere(path):
    def found(library):
        value = library
        for part in path.split("."):
            value = getattr(value, part)
        return value

    same_arguments(found(martlet), found(keras))


def test_to_categorical():
    for labels, classes in (([0, 2, 1], None), ([[1], [0]], 3), ([[0, 1], [2, 2]], None)):
        ours = martlet.utils.to_categorical(labels, classes)
        theirs = keras.utils.to_categorical(labels, classes)
        assert ours.dtype == theirs.dtype
        assert ours.tolist() == theirs.tolist()
    with pytest.raises(ValueError, match=r"x\[1\] is 3, expected 0 to 2"):
        martlet.utils.to_categorical([0, 3], 3)


SUMMARIES = {
    "chain": lambda k: k.Sequential(
        [
            k.Input((28, 28, 1)),
            k.layers.Conv2D(32, 3),
            k.layers.BatchNormalization(),
            k.layers.Flatten(),
            k.layers.Dense(1000, name="a_name_that_is_longer_than_its_column_has_room_for"),
        ]
    ),
    "without a shape": lambda k: k.Sequential([k.layers.Dense(3)]),
    "branches": lambda k: branches(k),
    "models inside": lambda k: k.Sequential(
        [
            k.Input((4,)),
            k.Sequential([k.Input((4,)), k.layers.Dense(3), k.layers.Dense(2)], name="inner"),
            k.layers.Dense(1),
        ]
    ),
    "functional chain": lambda k: k.Model(
        inputs := k.Input((4,)), k.layers.Dense(2)(inputs), name="named"
    ),
}


def branches(k):
    image = k.Input((8, 8, 3))
    a = k.layers.Conv2D(4, 3, padding="same")(image)
    a.shape  # noqa: B018 - looks at it as a user would
    b = k.layers.Conv2D(4, 1)(image)
    flat = k.layers.Flatten()(k.layers.Concatenate()([a, k.layers.Add()([a, b])]))
    return k.Model(image, [k.layers.Dense(2, name="a")(flat), k.layers.Dense(3, name="b")(flat)])


@pytest.mark.parametrize("name", SUMMARIES)
@pytest.mark.parametrize("options", [{}, {"show_trainable": True}, {"expand_nested": True}])
@pytest.mark.parametrize("line_length", [None, 60, 120])
def test_summaries(name, options, line_length, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80" if line_length is None else "160")
    texts = []
    for library in LIBRARIES:
        library.backend.clear_session()
        model = SUMMARIES[name](library)
        lines = []
        model.summary(line_length=line_length, print_fn=lines.append, **options)
        assert len(lines) == 1
        texts.append(lines[0])
    assert texts[0] == texts[1]


def test_summary_after_training(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    texts = []
    for library in LIBRARIES:
        library.backend.clear_session()
        model = library.Sequential([library.Input((3,)), library.layers.Dense(5)])
        model.compile("adam", "mse")
        model.fit(np.zeros((4, 3)), np.zeros((4, 5)), verbose=0)
        model.summary(print_fn=texts.append)
    assert texts[0] == texts[1]
    assert "Optimizer params: 42" in texts[0]


def test_evaluate_prints_the_same_line():
    lines = []
    for library in LIBRARIES:
        model = library.Sequential([library.Input((3,)), library.layers.Dense(5)])
        model.set_weights([np.zeros((3, 5)), np.zeros(5)])
        model.compile("adam", "mse")
        with redirect_stdout(io.StringIO()) as out:
            model.evaluate(np.zeros((40, 3)), np.ones((40, 5)), verbose=2)
        lines.append(out.getvalue())
    # The times differ.
    parts = [[line.split(" - ")[0], line.split(" - ")[-1]] for line in lines]
    assert parts[0] == parts[1] == ["2/2", "loss: 1.0000\n"]


# ---- Policies ---------------------------------------------------------------------------------


@pytest.fixture
def global_policy():
    """Sets the global policy of both libraries, until the test is over."""

    def set_policy(name):
        for library in LIBRARIES:
            library.config.set_dtype_policy(name)

    yield set_policy
    set_policy("float32")


@pytest.mark.parametrize("everywhere", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("own", [None, "float32", "mixed_bfloat16"])
def test_policies_of_layers(own, everywhere, global_policy):
    global_policy(everywhere)

    def described(library):
        L = library.layers
        made = [
            L.Dense(2, dtype=own),
            L.Conv2D(2, 3, dtype=own and library.DTypePolicy(own)),
            L.BatchNormalization(dtype=own and library.dtype_policies.get(own)),
            L.Flatten(dtype=own),
        ]
        made += [type(layer).from_config(layer.get_config()) for layer in made]
        model = library.Sequential([library.Input((8, 8, 1)), made[1]])
        return [
            (
                str(layer.dtype_policy),
                layer.dtype_policy.name,
                layer.compute_dtype,
                layer.variable_dtype,
                layer.dtype,
            )
            for layer in [*made, model]
        ] + [layer.get_config()["dtype"] for layer in made]

    assert described(martlet) == described(keras)


def test_global_policies(global_policy):
    def described(library):
        config, mixed = library.config, library.mixed_precision
        seen = [config.dtype_policy()]
        for setter in (config.set_dtype_policy, mixed.set_global_policy, mixed.set_dtype_policy):
            setter("mixed_bfloat16")
            seen += [config.dtype_policy(), mixed.global_policy(), mixed.dtype_policy()]
            seen += [library.DTypePolicy(), library.dtype_policies.get(None)]
            setter(mixed.Policy("float32"))
            seen.append(config.dtype_policy())
        config.set_dtype_policy("mixed_bfloat16")
        library.backend.clear_session()
        return [str(each) for each in [*seen, config.dtype_policy()]]

    assert described(martlet) == described(keras)


def test_policies_as_objects():
    def described(library):
        policy = library.DTypePolicy("mixed_bfloat16")
        again = type(policy).from_config(policy.get_config())
        serialized = library.dtype_policies.serialize(policy)
        return (
            repr(policy),
            policy.get_config(),
            serialized,
            str(library.dtype_policies.deserialize(serialized)),
            str(library.dtype_policies.get(serialized)),
            policy == again,
            policy == library.DTypePolicy("float32"),
            policy == "mixed_bfloat16",
        )

    assert described(martlet) == described(keras)


@pytest.mark.parametrize("wrong", ["bflot16", 3, {"a": 1}])
def test_values_that_are_no_policies(wrong):
    for library in LIBRARIES:
        with pytest.raises(ValueError):
            library.layers.Dense(2, dtype=wrong)
        with pytest.raises(ValueError):
            library.config.set_dtype_policy(wrong)
        assert library.config.dtype_policy().name == "float32"
