"""Layers: construction, calls on arrays and symbols, weights, representation."""

from __future__ import annotations

import numpy as np
import pytest

import martlet
from martlet import Input, KerasTensor, initializers, layers, regularizers
from martlet.constraints import MaxNorm
from martlet.layers import (
    ELU,
    Activation,
    ActivityRegularization,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Cropping1D,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GaussianNoise,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Identity,
    LayerNormalization,
    LeakyReLU,
    MaxPooling2D,
    Permute,
    Pipeline,
    PReLU,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    RMSNormalization,
    Softmax,
    SpatialDropout2D,
    UnitNormalization,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)

IMAGE = (2, 8, 8, 3)

# Layer, shape of the input, shape of the output.
SHAPES = [
    (lambda: Conv2D(4, 3), IMAGE, (2, 6, 6, 4)),
    (lambda: Conv2D(4, 3, padding="same"), IMAGE, (2, 8, 8, 4)),
    (lambda: Conv2D(4, (2, 3), strides=2, padding="same"), IMAGE, (2, 4, 4, 4)),
    (lambda: Conv2D(4, 3, dilation_rate=2), IMAGE, (2, 4, 4, 4)),
    (lambda: Conv2D(6, 3, groups=3), IMAGE, (2, 6, 6, 6)),
    (lambda: MaxPooling2D(), IMAGE, (2, 4, 4, 3)),
    (lambda: MaxPooling2D(3, strides=2, padding="same"), IMAGE, (2, 4, 4, 3)),
    (lambda: AveragePooling2D((3, 2)), IMAGE, (2, 2, 4, 3)),
    (lambda: GlobalAveragePooling2D(), IMAGE, (2, 3)),
    (lambda: GlobalAveragePooling2D(keepdims=True), IMAGE, (2, 1, 1, 3)),
    (lambda: Flatten(), IMAGE, (2, 192)),
    (lambda: Reshape((4, -1)), IMAGE, (2, 4, 48)),
    (lambda: Dense(5), (2, 7), (2, 5)),
    (lambda: Dense(5), IMAGE, (2, 8, 8, 5)),
    (lambda: Dropout(0.5), IMAGE, IMAGE),
    (lambda: Activation("tanh"), IMAGE, IMAGE),
    (lambda: ReLU(), IMAGE, IMAGE),
    (lambda: LeakyReLU(), IMAGE, IMAGE),
    (lambda: Softmax(), IMAGE, IMAGE),
    (lambda: BatchNormalization(), IMAGE, IMAGE),
    (lambda: Rescaling(2.0), IMAGE, IMAGE),
    (lambda: ELU(), IMAGE, IMAGE),
    (lambda: PReLU(shared_axes=[1, 2]), IMAGE, IMAGE),
    (lambda: GlobalMaxPooling2D(), IMAGE, (2, 3)),
    (lambda: GlobalMaxPooling2D(keepdims=True), IMAGE, (2, 1, 1, 3)),
    (lambda: ZeroPadding2D(((1, 0), (2, 3))), IMAGE, (2, 9, 13, 3)),
    (lambda: Permute((3, 1, 2)), IMAGE, (2, 3, 8, 8)),
    (lambda: LayerNormalization([1, 3]), IMAGE, IMAGE),
    (lambda: GroupNormalization(3), IMAGE, IMAGE),
    (lambda: RMSNormalization(), IMAGE, IMAGE),
    (lambda: UnitNormalization((1, 2)), IMAGE, IMAGE),
    (lambda: UpSampling2D((2, 1), interpolation="Bilinear"), IMAGE, (2, 16, 8, 3)),
    (lambda: Cropping2D(((1, 0), (2, 3))), IMAGE, (2, 7, 3, 3)),
    (lambda: ZeroPadding1D((2, 1)), (2, 8, 3), (2, 11, 3)),
    (lambda: ZeroPadding1D(2, data_format="channels_first"), (2, 3, 8), (2, 3, 12)),
    (lambda: Cropping1D(), (2, 8, 3), (2, 6, 3)),
    (lambda: UpSampling1D(3), (2, 8, 3), (2, 24, 3)),
    (lambda: RepeatVector(3), (2, 7), (2, 3, 7)),
    (lambda: Identity(), IMAGE, IMAGE),
    (lambda: SpatialDropout2D(0.5), IMAGE, IMAGE),
    (lambda: GaussianNoise(0.5), IMAGE, IMAGE),
    (lambda: Dropout(0.5, (None, 1, 1, None)), IMAGE, IMAGE),
    (lambda: ActivityRegularization(0.1), IMAGE, IMAGE),
    (lambda: Conv2D(4, 3, data_format="channels_first"), IMAGE, (2, 4, 6, 1)),
    (lambda: MaxPooling2D(2, data_format="channels_first"), IMAGE, (2, 8, 4, 1)),
    (lambda: GlobalMaxPooling2D("channels_first", keepdims=True), IMAGE, (2, 8, 1, 1)),
    (lambda: ZeroPadding2D(1, data_format="channels_first"), IMAGE, (2, 8, 10, 5)),
    (lambda: SpatialDropout2D(0.5, "channels_first"), IMAGE, IMAGE),
    (lambda: Flatten("channels_first"), IMAGE, (2, 192)),
]


@pytest.mark.parametrize(("make", "given", "expected"), SHAPES)
def test_shapes_of_arrays_and_symbols_agree(make, given, expected):
    array = make()(np.ones(given, np.float32))
    assert array.shape == expected
    assert array.dtype == np.float32
    symbol = make()(Input(given[1:]))
    assert isinstance(symbol, KerasTensor)
    assert symbol.shape == (None, *expected[1:])
    assert make().compute_output_shape((None, *given[1:])) == (None, *expected[1:])


@pytest.mark.parametrize(("make", "given", "expected"), SHAPES)
def test_configuration_makes_the_same_layer_again(make, given, expected):
    layer = make()
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again(np.ones(given)).shape == expected


def test_same_padding_puts_the_uneven_zero_last():
    x = 10.0 ** np.arange(6).reshape(1, 6, 1, 1)

    def convolved(length, kernel, stride):
        layer = Conv2D(1, (kernel, 1), strides=stride, padding="same", use_bias=False)
        layer.build((None, length, 1, 1))
        layer.set_weights([np.arange(1.0, kernel + 1).reshape(kernel, 1, 1, 1)])
        return layer(x[:, :length]).ravel().tolist()

    assert convolved(5, 2, 1) == [21, 210, 2100, 21000, 10000]
    assert convolved(5, 4, 1) == [432, 4321, 43210, 32100, 21000]
    assert convolved(6, 3, 2) == [321, 32100, 210000]
    assert convolved(5, 3, 2) == [32, 3210, 21000]


def test_transposed_convolution_by_hand():
    """Measured with Keras 3.15: x is 1, 10, 100 and the kernel 1, 2, … ."""
    for kernel, stride, padding, expected in [
        (3, 2, "same", [1, 2, 13, 20, 130, 200]),
        (4, 2, "same", [2, 13, 24, 130, 240, 300]),
        (3, 2, "valid", [1, 2, 13, 20, 130, 200, 300]),
        (3, 1, "same", [12, 123, 230]),
        (2, 3, "valid", [1, 2, 0, 10, 20, 0, 100, 200, 0]),
    ]:
        layer = Conv2DTranspose(
            1, (1, kernel), strides=(1, stride), padding=padding, use_bias=False
        )
        x = np.array([1, 10, 100], np.float32).reshape(1, 1, 3, 1)
        layer(x)
        layer.set_weights([np.arange(1, kernel + 1.0).reshape(1, kernel, 1, 1)])
        np.testing.assert_allclose(layer(x).ravel(), expected)


def test_depthwise_channels_stand_together():
    """Output channel ``c * multiplier + m``: here 2 channels times 2, 20 and 200."""
    layer = DepthwiseConv2D(1, depth_multiplier=3, use_bias=False)
    x = np.array([1, 5], np.float32).reshape(1, 1, 1, 2)
    layer(x)
    layer.set_weights([np.array([2, 20, 200, 3, 30, 300.0]).reshape(1, 1, 2, 3)])
    np.testing.assert_allclose(layer(x).ravel(), [2, 20, 200, 15, 150, 1500])


def test_causal_padding_sees_nothing_later():
    layer = Conv1D(1, 3, padding="causal", dilation_rate=2, use_bias=False)
    x = np.array([1, 10, 100, 1000, 10000], np.float32).reshape(1, 5, 1)
    layer(x)
    layer.set_weights([np.array([1, 2, 3.0]).reshape(3, 1, 1)])
    np.testing.assert_allclose(layer(x).ravel(), [3, 30, 302, 3020, 30201])


def test_groups_of_single_channels_are_depthwise():
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 4)).astype(np.float32)
    grouped = Conv2D(8, 3, groups=4, padding="same", activation="relu")
    depthwise = DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="relu")
    for layer in (grouped, depthwise):
        layer(x)
    kernel, bias = grouped.get_weights()
    assert kernel.shape == (3, 3, 1, 8)
    depthwise.set_weights([kernel.reshape(3, 3, 4, 2), bias])
    np.testing.assert_array_equal(grouped(x), depthwise(x))


def test_average_pooling_divides_by_the_cells_within():
    x = np.arange(1.0, 6).reshape(1, 5, 1, 1)
    assert AveragePooling2D((3, 1), 1, "same")(x).ravel().tolist() == [1.5, 2, 3, 4, 4.5]
    assert AveragePooling2D((2, 1), 2, "same")(x).ravel().tolist() == [1.5, 3.5, 5]


def test_max_pooling_padding_never_wins():
    assert MaxPooling2D(3, 1, "same")(np.full((1, 2, 2, 1), -5.0)).ravel().tolist() == [-5] * 4


def test_relu_with_all_its_arguments():
    x = np.array([[-2.0, 0.5, 1.5, 9.0]])
    assert ReLU(6, 0.1, 1.0)(x).ravel() == pytest.approx([-0.3, -0.05, 1.5, 6.0])


def test_activations_by_name():
    x = np.array([[-1.5]])
    values = {"leaky_relu": -0.3, "elu": -0.7768698, "relu": 0.0, "linear": -1.5}
    values |= {"sigmoid": 0.1824255, "tanh": -0.9051483, "selu": -1.3658143}
    values |= {"gelu": -0.1002108, "hard_sigmoid": 0.25, "hard_silu": -0.375}
    values |= {"silu": -0.2736383, "mish": -0.2980998, "softplus": 0.2014133}
    values |= {"softsign": -0.6, "swish": -0.2736383, "hard_swish": -0.375, "relu6": 0.0}
    for name, expected in values.items():
        assert Activation(name)(x).item() == pytest.approx(expected, abs=1e-6), name


def test_softmax_along_another_axis():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    assert Softmax(axis=1)(x).sum(axis=1) == pytest.approx(np.ones((2, 4)), abs=1e-6)


def test_dropout_scales_what_it_keeps():
    layer = Dropout(0.25, seed=3)
    x = np.ones((4, 1000))
    assert layer(x).tolist() == x.tolist()
    dropped = layer(x, training=True)
    assert set(dropped.ravel().tolist()) == {0.0, np.float32(1 / 0.75)}
    assert 0.2 < (dropped == 0).mean() < 0.3


def test_spatial_dropout_drops_channels():
    for data_format, axes in [("channels_last", (1, 2)), ("channels_first", (2, 3))]:
        layer = SpatialDropout2D(0.25, data_format, seed=3)
        x = np.ones((40, 50, 50, 50))
        assert layer(x[:2]).tolist() == x[:2].tolist()
        dropped = layer(x, training=True)
        assert set(dropped.ravel().tolist()) == {0.0, np.float32(1 / 0.75)}
        assert (dropped.min(axes) == dropped.max(axes)).all()
        assert 0.2 < (dropped == 0).mean() < 0.3


def test_dropout_with_a_noise_shape():
    dropped = Dropout(0.5, (1, None, 1), seed=3)(np.ones((5, 100, 6)), training=True)
    assert (dropped == dropped[:1, :, :1]).all()
    assert 0.3 < (dropped == 0).mean() < 0.7


def test_gaussian_noise_is_added_in_training():
    layer = GaussianNoise(0.25, seed=3)
    x = np.full((40, 1000), 2.0)
    assert layer(x).tolist() == x.tolist()
    noisy = layer(x, training=True)
    assert noisy.mean() == pytest.approx(2, abs=0.01)
    assert noisy.std() == pytest.approx(0.25, abs=0.01)
    assert (noisy[0] != noisy[1]).all()


def test_zero_padding_in_its_three_forms():
    x = np.ones((1, 1, 1, 1))
    assert ZeroPadding2D(1)(x).shape == (1, 3, 3, 1)
    assert ZeroPadding2D((1, 2))(x).shape == (1, 3, 5, 1)
    padded = ZeroPadding2D(((1, 0), (0, 2)))(x)
    assert padded[0, :, :, 0].tolist() == [[0, 0, 0], [1, 0, 0]]


def test_channels_first_gives_what_channels_last_gives():
    def make(data_format):
        return [
            ZeroPadding2D(1, data_format=data_format),
            Conv2D(6, 3, activation="relu", data_format=data_format),
            MaxPooling2D(2, data_format=data_format),
            Conv2D(4, 2, padding="same", data_format=data_format),
            Flatten(data_format),
            Dense(3),
        ]

    last = martlet.Sequential([Input((8, 8, 3)), *make("channels_last")])
    first = martlet.Sequential([Input((3, 8, 8)), *make("channels_first")])
    first.set_weights(last.get_weights())
    x = np.random.default_rng(0).normal(size=(5, 8, 8, 3)).astype(np.float32)
    assert (last.predict(x) == first.predict(x.transpose(0, 3, 1, 2))).all()


def test_the_image_data_format_is_a_setting():
    assert martlet.config.image_data_format() == "channels_last"
    try:
        martlet.config.set_image_data_format("channels_first")
        assert martlet.backend.image_data_format() == "channels_first"
        layer = Conv2D(4, 3)
        assert layer.get_config()["data_format"] == "channels_first"
        assert layer(np.ones((1, 2, 5, 6))).shape == (1, 4, 3, 4)
        assert repr(layer).startswith("Conv2D(4, 3)")
    finally:
        martlet.config.set_image_data_format("channels_last")
    assert layer.get_config()["data_format"] == "channels_first"
    assert GlobalMaxPooling2D().get_config()["data_format"] == "channels_last"
    with pytest.raises(ValueError, match="image data format.*'first'"):
        martlet.config.set_image_data_format("first")


def test_regularizers_add_to_the_loss():
    def loss(x, **arguments):
        layer = Dense(1, **arguments)
        model = martlet.Sequential([Input((2,)), layer])
        layer.set_weights([[[3.0], [-4.0]], [2.0]])
        model.compile("sgd", "mse")
        return model.evaluate(x, model.predict(x))

    x = np.zeros((4, 2))
    assert loss(x, kernel_regularizer=regularizers.L2(0.01)) == pytest.approx(0.25)
    assert loss(x, kernel_regularizer=regularizers.L1(0.01)) == pytest.approx(0.07)
    both = regularizers.L1L2(l1=0.01, l2=0.01)
    assert loss(x, kernel_regularizer=both, bias_regularizer="l2") == pytest.approx(0.36)
    # Outputs of 2: the mean over the samples.
    assert loss(x, activity_regularizer="l2") == pytest.approx(0.04)
    assert loss(x, kernel_regularizer="l2", trainable=False) == 0


def test_regularizers_are_read_and_shown():
    assert repr(regularizers.l2(1e-4)) == "L2(l2=0.0001)"
    assert regularizers.get("l1").get_config() == {"l1": 0.01}
    assert regularizers.get({"class_name": "L1L2", "config": {"l1": 1}}).get_config() == {
        "l1": 1.0,
        "l2": 0.0,
    }
    assert regularizers.get(None) is None
    given = regularizers.L2(0.5)
    assert regularizers.get(given) is given
    assert regularizers.deserialize(regularizers.serialize(given)).l2 == 0.5
    with pytest.raises(ValueError, match="'l1_l2'; did you mean 'l1l2'"):
        regularizers.get("l1_l2")
    with pytest.raises(ValueError, match="l2 must be.*-1"):
        regularizers.L2(-1)
    with pytest.raises(TypeError, match="l1 must be a number, got 'a'"):
        regularizers.L1("a")


def test_constraints_hold_after_each_step():
    def trained(**arguments):
        layer = Dense(1, **arguments)
        model = martlet.Sequential([Input((2,)), layer])
        layer.set_weights([[[3.0], [4.0]], [-1.0]])
        # No gradient: only the constraint moves weights.
        model.compile(martlet.optimizers.SGD(0.0), "mse")
        model.train_on_batch(np.ones((1, 2)), np.ones((1, 1)))
        return layer.kernel.numpy().ravel().tolist(), layer.bias.numpy().tolist()

    kernel, bias = trained(kernel_constraint=MaxNorm(2), bias_constraint="non_neg")
    assert kernel == pytest.approx([1.2, 1.6])
    assert bias == [0]
    assert trained(kernel_constraint="unit_norm")[0] == pytest.approx([0.6, 0.8])
    assert trained(kernel_constraint="min_max_norm", trainable=False)[0] == [3, 4]


def test_constraints_are_read_and_shown():
    constraints = martlet.constraints
    assert repr(constraints.max_norm(3)) == "MaxNorm(max_value=3, axis=0)"
    assert constraints.get("unit_norm").get_config() == {"axis": 0}
    given = constraints.MinMaxNorm(axis=[0, 1])
    assert constraints.get(given) is given
    assert constraints.get(constraints.serialize(given)).axis == [0, 1]
    assert constraints.get(None) is None
    with pytest.raises(ValueError, match="'max_nrm'; did you mean 'max_norm'"):
        constraints.get("max_nrm")


def test_batch_normalization_by_the_batch_and_by_the_averages():
    layer = BatchNormalization()
    x = np.array([1.0, 2.0, 3.0, 6.0]).reshape(4, 1)
    assert layer(x).ravel() == pytest.approx(x.ravel() / np.sqrt(1.001), abs=1e-6)
    expected = (x.ravel() - 3) / np.sqrt(3.5 + 1e-3)
    assert layer(x, training=True).ravel() == pytest.approx(expected, abs=1e-6)


def test_normalizations_of_single_samples():
    # Mean 3 and population variance 3.5; the squares have the mean 12.5.
    x = np.array([[1.0, 2.0, 3.0, 6.0]])
    for training in (False, True):
        assert LayerNormalization()(x, training=training).ravel() == pytest.approx(
            (x.ravel() - 3) / np.sqrt(3.5 + 1e-3), abs=1e-6
        )
    assert RMSNormalization()(x).ravel() == pytest.approx(x.ravel() / np.sqrt(12.5), abs=1e-6)
    # Two groups of two channels, over two points.
    points = np.array([[[1.0, 3.0, 10.0, 20.0], [3.0, 1.0, 20.0, 10.0]]])
    expected = [-1, 1, -1, 1, 1, -1, 1, -1]
    assert GroupNormalization(2, epsilon=0)(points).ravel() == pytest.approx(expected, abs=1e-6)
    # A sample's numbers do not depend on its batch.
    batch = np.random.default_rng(0).normal(size=(5, 6, 6, 8))
    for layer in (LayerNormalization([2, 3]), GroupNormalization(4), GroupNormalization(-1)):
        assert layer(batch)[3:4].tobytes() == layer(batch[3:4]).tobytes()


def test_rows_without_length_keep_training_alive():
    model = martlet.Sequential([Input((3,)), Dense(4, "relu"), UnitNormalization(), Dense(1)])
    model.set_weights([np.zeros((3, 4)), np.full(4, -1.0), np.ones((4, 1)), np.zeros(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0)
    assert model.get_weights()[0].tolist() == np.zeros((3, 4)).tolist()
    assert model.get_weights()[3].tolist() == pytest.approx([0.02])


def test_upsampling_repeats_or_goes_between_centres():
    x = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    assert UpSampling2D()(x)[0, 1, :, 0].tolist() == [1, 1, 2, 2]
    between = UpSampling2D(interpolation="bilinear")(x)[0, :, :, 0]
    assert between[0].tolist() == [1, 1.25, 1.75, 2]
    assert between[:, 0].tolist() == [1, 1.5, 2.5, 3]
    first = UpSampling2D((1, 2), data_format="channels_first")(x.reshape(1, 1, 2, 2))
    assert first.tolist() == [[[[1, 1, 2, 2], [3, 3, 4, 4]]]]


def test_cropping_in_its_three_forms():
    x = np.arange(30.0).reshape(1, 5, 6, 1)
    assert Cropping2D(1)(x)[0, :, :, 0].tolist() == x[0, 1:4, 1:5, 0].tolist()
    assert Cropping2D((2, 1))(x)[0, :, :, 0].tolist() == x[0, 2:3, 1:5, 0].tolist()
    assert Cropping2D(((0, 1), (2, 0)))(x)[0, :, :, 0].tolist() == x[0, :4, 2:, 0].tolist()
    assert Cropping2D()(x).tolist() == x.tolist()


def test_repetition_and_identity():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert RepeatVector(2)(x).tolist() == [[[1, 2], [1, 2]], [[3, 4], [3, 4]]]
    assert Identity()(x).tolist() == x.tolist()
    source = Input((2,))
    model = martlet.Model(source, Identity()(source))
    assert model.predict(x, verbose=0).tolist() == x.tolist()


def test_merging_lists_of_arrays():
    a, b = np.ones((2, 3)), np.full((2, 3), 2.0)
    assert Add()([a, b]).tolist() == (a + b).tolist()
    assert Concatenate()([a, b]).shape == (2, 6)
    assert layers.add([a, b]).tolist() == (a + b).tolist()
    assert layers.concatenate([a, b]).shape == (2, 6)


def test_merging_by_other_functions():
    a, b = np.array([[1.0, -2.0]]), np.array([[3.0, -4.0]])
    for function, expected in [
        (layers.subtract, a - b),
        (layers.multiply, a * b),
        (layers.average, (a + b) / 2),
        (layers.maximum, np.maximum(a, b)),
        (layers.minimum, np.minimum(a, b)),
    ]:
        assert function([a, b]).tolist() == expected.tolist()
    assert layers.Multiply()([np.ones((2, 3, 3, 4)), np.ones((2, 1, 1, 4))]).shape == (2, 3, 3, 4)
    with pytest.raises(ValueError, match="layer 'd'.*exactly 2 inputs, received 3"):
        layers.Subtract(name="d")([a, b, a])


def test_symbols_can_be_added():
    a = Input((3,))
    total = a + Dense(3)(a)
    assert total.shape == (None, 3)
    assert total.name == "add"


def test_rescaling_takes_bytes():
    assert Rescaling(1 / 255, offset=1)(np.array([[0, 255]], np.uint8)).tolist() == [[1, 2]]


def test_automatic_names_count_per_class():
    names = [Conv2D(1, 1).name, Conv2D(1, 1).name, MaxPooling2D().name, ReLU().name]
    assert names == ["conv2d", "conv2d_1", "max_pooling2d", "re_lu"]
    assert Dense(1, name="mine").name == "mine"


def test_representation_reads_like_the_call():
    assert repr(Conv2D(32, 3, activation="relu")) == "Conv2D(32, 3, activation='relu')"
    assert repr(Conv2D(32, (3, 3), (1, 1))) == "Conv2D(32, (3, 3))"
    assert repr(MaxPooling2D(name="pool")) == "MaxPooling2D(name='pool')"
    assert repr(Dropout(0.5)) == "Dropout(0.5)"
    layer = Dense(2, kernel_initializer=initializers.HeNormal(seed=1), use_bias=False)
    assert repr(layer) == "Dense(2, use_bias=False, kernel_initializer=HeNormal(seed=1))"
    layer.build((None, 600))
    assert repr(layer).endswith("  # 1,200 parameters")


def test_weights_in_keras_order():
    layer = BatchNormalization()
    assert not layer.built
    assert layer.weights == []
    layer.build((None, 3))
    assert layer.built
    assert [each.name for each in layer.weights] == [
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
    ]
    assert [each.name for each in layer.trainable_weights] == ["gamma", "beta"]
    assert [each.name for each in layer.non_trainable_weights] == ["moving_mean", "moving_variance"]
    assert layer.gamma.path == "batch_normalization/gamma"


def test_weights_of_every_type_can_be_set():
    layer = Dense(2)
    layer.build((None, 3))
    kernel = np.arange(6).reshape(2, 3).T  # not contiguous
    for dtype in (np.float32, np.float64, np.int16, np.float16):
        layer.set_weights([kernel.astype(dtype), [1, 2]])
        assert layer.get_weights()[0].tolist() == kernel.tolist()
        assert layer.get_weights()[1].tolist() == [1, 2]
        assert layer.get_weights()[0].dtype == np.float32


def test_one_weight_can_be_assigned():
    layer = Dense(2)
    layer.build((None, 3))
    before = layer.kernel.numpy()
    layer.bias.assign([3.0, 4.0])
    assert np.asarray(layer.bias).tolist() == [3, 4]
    assert layer.kernel.numpy().tolist() == before.tolist()
    assert Dense(2, use_bias=False).bias is None


def test_initializers_start_weights():
    def kernel(initializer, shape=(200, 300)):
        layer = Dense(shape[1], kernel_initializer=initializer)
        layer.build((None, shape[0]))
        return layer.kernel.numpy()

    limit = np.sqrt(6 / 500)
    assert limit * 0.99 < np.abs(kernel("glorot_uniform")).max() <= limit
    assert kernel("he_normal").std() == pytest.approx(np.sqrt(2 / 200), rel=0.02)
    assert kernel(initializers.RandomNormal(1.0, 0.5)).mean() == pytest.approx(1, abs=0.02)
    assert np.abs(kernel("random_uniform")).max() <= 0.05
    assert set(kernel("ones").ravel()) == {1}
    assert set(kernel(initializers.Constant(0.25)).ravel()) == {0.25}


def test_an_initializer_object_draws_the_same_each_time():
    def kernel(initializer):
        layer = Dense(4, kernel_initializer=initializer)
        layer.build((None, 4))
        return layer.kernel.numpy().tolist()

    unseeded = initializers.GlorotUniform()
    assert kernel(unseeded) == kernel(unseeded)
    assert kernel(initializers.GlorotUniform(seed=1)) == kernel(initializers.GlorotUniform(seed=1))
    assert kernel("glorot_uniform") != kernel("glorot_uniform")


def test_count_params():
    layer = Conv2D(32, 3)
    with pytest.raises(ValueError, match="layer 'conv2d' is not built"):
        layer.count_params()
    layer.build((None, 28, 28, 1))
    assert layer.count_params() == 320


def test_layers_know_their_latest_symbols():
    source = Input((4,))
    layer = Dense(3)
    with pytest.raises(AttributeError, match="has not been called"):
        _ = layer.output
    symbol = layer(source)
    assert layer.output is symbol
    assert layer.input is source


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: Conv2D(0, 3), ValueError, "filters.*0"),
        (lambda: Conv2D(4, 0), ValueError, "kernel_size.*0"),
        (lambda: Conv2D(4, (1, 2, 3)), TypeError, "kernel_size"),
        (lambda: Conv2D(4, 3, padding="full"), ValueError, "padding.*full"),
        (lambda: Conv2D(4, 3, strides=2, dilation_rate=2), ValueError, "dilation_rate"),
        (lambda: Conv2D(4, 3, groups=3), ValueError, "groups"),
        (lambda: Conv2D("four", 3), TypeError, "filters"),
        (lambda: Dense(-1), ValueError, "units.*-1"),
        (lambda: Dense(4, activation="rulu"), ValueError, "'rulu'.*'relu'"),
        (lambda: Dense(4, activation=len), TypeError, "activation"),
        (lambda: Dense(4, kernel_initializer="he_norml"), ValueError, "he_norml.*he_normal"),
        (lambda: Dropout(1.5), ValueError, "rate.*1.5"),
        (lambda: Dense(4, unit=3), ValueError, "Dense does not know the argument 'unit'"),
        (lambda: Dense(4, batch_input_shape=(None, 3)), ValueError, "batch_input_shape"),
        (lambda: Dense(4, name=3), TypeError, "name must be text"),
        (lambda: Dense(4, kernel_regularizer="l3"), ValueError, "regularizer.*'l3'.*'l1'"),
        (lambda: Dense(4, kernel_regularizer=len), TypeError, "object of martlet.regularizers"),
        (lambda: Dense(4, bias_constraint="max_nrm"), ValueError, "'max_nrm'.*'max_norm'"),
        (lambda: Dense(4, bias_constraint=len), TypeError, "object of martlet.constraints"),
        (lambda: Dense(4, kernel_initializer=len), TypeError, "object of martlet.initializers"),
        (lambda: Dense(4, activity_regularizer="l4"), ValueError, "activity_regularizer.*'l4'"),
        (lambda: Dense(4, dtype="float64"), NotImplementedError, "Dense: dtype='float64'"),
        (lambda: Conv2D(4, 3, data_format="first"), ValueError, "Conv2D: data_format.*'first'"),
        (lambda: Dropout(0.5, noise_shape=(0, 2)), ValueError, "noise_shape.*0"),
        (lambda: Dropout(0.5, noise_shape=3), TypeError, "noise_shape.*3"),
        (lambda: SpatialDropout2D(2), ValueError, "rate.*2"),
        (lambda: GaussianNoise(1.5), ValueError, "stddev.*1.5"),
        (lambda: GaussianNoise(-1), ValueError, "stddev.*-1"),
        (lambda: ZeroPadding2D(-1), ValueError, "padding.*-1"),
        (lambda: ZeroPadding2D((1, 2, 3)), TypeError, "padding.*2 pairs"),
        (lambda: Cropping2D((0, -1)), ValueError, "cropping.*-1"),
        (lambda: Cropping1D((0, -1)), ValueError, "cropping.*-1"),
        (lambda: ZeroPadding1D((1, 2, 3)), TypeError, "padding.*2 integers"),
        (lambda: UpSampling1D((2, 2)), TypeError, "size.*1 integer"),
        (
            lambda: Pipeline([Rescaling(0.5), abs]),
            TypeError,
            "Pipeline: layers.1. must be a layer, got builtin_function_or_method",
        ),
        (lambda: Cropping2D((1, 2, 3)), TypeError, "cropping.*2 pairs"),
        (lambda: UpSampling2D(0), ValueError, "size.*1 to.*0"),
        (
            lambda: UpSampling2D(interpolation="linear"),
            ValueError,
            "'nearest' or 'bilinear'.*linear",
        ),
        (
            lambda: UpSampling2D(interpolation="bicubic"),
            NotImplementedError,
            "interpolation='bicubic'.*'nearest' and 'bilinear'.*not supported yet",
        ),
        (lambda: LayerNormalization("last"), TypeError, "axis.*last"),
        (
            lambda: LayerNormalization(rms_scaling=True),
            NotImplementedError,
            "LayerNormalization: rms_scaling=True",
        ),
        (lambda: GroupNormalization(-2), ValueError, "groups.*-1 for one group per channel.*-2"),
        (lambda: RepeatVector(0), ValueError, "n.*at least 1.*0"),
        (lambda: Permute((1, 3)), ValueError, r"dims.*1 to 2 once.*\[1, 3\]"),
        (lambda: PReLU(shared_axes="all"), TypeError, "shared_axes"),
        (lambda: AveragePooling2D(), TypeError, "pool_size"),
    ],
)
def test_wrong_arguments(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (lambda: Conv2D(4, 3, name="c"), (28, 28), "layer 'c'.*28, 28"),
        (lambda: Conv2D(4, 9, name="c"), (8, 8, 1), r"layer 'c'.*9.*8, 8"),
        (lambda: MaxPooling2D(4, name="p"), (3, 3, 1), "layer 'p'"),
        (lambda: Conv2D(4, 3, groups=2, name="c"), (8, 8, 3), "layer 'c'.*groups"),
        (lambda: Reshape((5, 5), name="r"), (24,), "layer 'r'"),
        (lambda: Permute((2, 1), name="p"), (4, 5, 6), r"layer 'p'.*\(2, 1\).*2 axes"),
        (lambda: PReLU(shared_axes=[3], name="p"), (4, 5), "layer 'p'.*shared_axes.*1 to 2.*3"),
        (lambda: Dropout(0.5, (None, 3), name="d"), (4,), r"layer 'd'.*\(None, 3\)"),
        (lambda: ZeroPadding2D(name="z"), (4, 5), "layer 'z'.*4 axes"),
        (
            lambda: Cropping2D((2, 1), name="c"),
            (4, 5, 1),
            r"layer 'c'.*\(2, 2\).*height 4.*width 5",
        ),
        (lambda: UpSampling2D(name="u"), (4, 5), "layer 'u'.*4 axes"),
        (lambda: GroupNormalization(name="g"), (4, 6), "layer 'g'.*groups=32.*1, 2, 3, 6, and -1"),
        (lambda: LayerNormalization(2, name="n"), (4,), "layer 'n'.*axis 2.*out of range"),
        (lambda: RMSNormalization(0, name="n"), (4,), "layer 'n'.*axis 0.*batch"),
        (lambda: RepeatVector(2, name="r"), (4, 5), r"layer 'r'.*\(batch, features\)"),
        (
            lambda: Dense(2, kernel_constraint=MaxNorm(axis=2), name="d"),
            (4,),
            "layer 'd'.*weight 'kernel': MaxNorm: axis 2",
        ),
        (
            lambda: MaxPooling2D(data_format="channels_first", name="p"),
            (4, 5),
            r"layer 'p'.*\(batch, channels, height, width\).*Reshape\(\(1, 4, 5\)\)",
        ),
    ],
)
def test_wrong_inputs_name_the_layer(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer()(Input(shape))
    with pytest.raises(ValueError, match=message):
        layer()(np.ones((2, *shape)))


def test_merging_unlike_shapes():
    image = Input((8, 8, 1))
    branches = [
        Conv2D(4, 3, name="small")(image),
        Conv2D(4, 3, padding="same", name="large")(image),
    ]
    for merge in (layers.add, layers.multiply, layers.maximum, layers.subtract, layers.concatenate):
        with pytest.raises(
            ValueError,
            match=r"layer 'm'.*\(None, 6, 6, 4\).*\(None, 8, 8, 4\).*from 'small', 'large'",
        ):
            merge(branches, name="m")
    with pytest.raises(ValueError, match="layer 'joined'"):
        Concatenate(name="joined")([Input((4, 4, 1)), Input((5, 4, 1))])
    with pytest.raises(ValueError, match="layer 'sum'"):
        Add(name="sum")([np.ones((2, 3)), np.ones((2, 4))])


def test_a_layer_keeps_to_its_first_shape():
    layer = Dense(4, name="d")
    layer.build((None, 3))
    with pytest.raises(ValueError, match="layer 'd'.*3"):
        layer(np.ones((2, 5)))


def test_symbols_and_arrays_do_not_mix():
    with pytest.raises(TypeError, match="layer 'add'"):
        Add()([Input((3,)), np.ones((2, 3))])
    with pytest.raises(TypeError, match="no values"):
        np.asarray(Input((3,)))
    with pytest.raises(TypeError, match="no values"):
        bool(Input((3,)))


def test_inputs():
    assert Input((28, 28, 1)).shape == (None, 28, 28, 1)
    assert Input(batch_shape=(None, 3), name="given").name == "given"
    assert repr(Input((3,))) == "<KerasTensor shape=(None, 3), dtype=float32, name=input_layer_1>"
    with pytest.raises(ValueError, match="Input needs a shape"):
        Input()
    with pytest.raises(ValueError, match="must be a tuple"):
        Input(3)
    with pytest.raises(ValueError, match="0"):
        Input((0, 3))


def test_relu_at_its_threshold_is_kerass():
    layer = layers.ReLU(max_value=0.75, negative_slope=0.5, threshold=0.25)
    x = np.array([[-0.75, 0.0, 0.25, 0.5, 0.75, 1.0]], np.float32)
    assert layer(x)[0].tolist() == [-0.5, -0.125, 0.0, 0.5, 0.75, 0.75]


class TestPipeline:
    def test_applies_its_layers_in_order(self):
        pipeline = Pipeline([Rescaling(2.0), Rescaling(1.0, offset=1.0)], name="prepare")
        x = np.ones(IMAGE, np.float32)
        assert np.array_equal(pipeline(x), 3 * x)
        assert [type(each) for each in pipeline.layers] == [Rescaling, Rescaling]
        # In a model, for images of any size.
        image = Input((None, None, 3))
        model = martlet.Model(image, pipeline(image))
        assert np.array_equal(model.predict(x, verbose=0), 3 * x)

    def test_augments_on_arrays_and_in_training_alone(self):
        pipeline = Pipeline([layers.RandomFlip("horizontal", seed=1), Rescaling(1.0)])
        x = np.arange(2 * 8 * 8 * 3, dtype=np.float32).reshape(IMAGE)
        found = [pipeline(x) for _ in range(8)]
        assert any(not np.array_equal(each, x) for each in found)
        assert np.array_equal(pipeline(x, training=False), x)
        model = martlet.Sequential([Input((8, 8, 3)), pipeline])
        assert np.array_equal(model.predict(x, verbose=0), x)

    def test_configurations(self):
        pipeline = Pipeline([Rescaling(0.5), layers.CenterCrop(4, 4)], name="prepare")
        again = Pipeline.from_config(pipeline.get_config())
        assert again.name == "prepare"
        assert again.get_config() == pipeline.get_config()
        x = np.ones(IMAGE, np.float32)
        assert np.array_equal(again(x), pipeline(x))
        model = martlet.Sequential([Input((8, 8, 3)), pipeline])
        copy = martlet.Sequential.from_config(model.get_config())
        assert np.array_equal(copy.predict(x, verbose=0), model.predict(x, verbose=0))

    @pytest.mark.filterwarnings("ignore")  # the peer's own
    def test_files_of_keras(self, tmp_path):
        keras = pytest.importorskip("keras")
        make = lambda library: library.Sequential(  # noqa: E731
            [
                library.Input((8, 8, 3)),
                library.layers.Pipeline([library.layers.Rescaling(0.5)]),
                library.layers.Conv2D(2, 3),
            ]
        )
        x = np.random.default_rng(0).normal(size=IMAGE).astype(np.float32)
        for here, there in ((martlet, keras), (keras, martlet)):
            model = make(here)
            model.save(tmp_path / "m.keras")
            again = there.models.load_model(tmp_path / "m.keras")
            np.testing.assert_allclose(
                again.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6
            )
