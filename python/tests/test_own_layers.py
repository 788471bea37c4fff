"""Layers and models of one's own: run once in Python, computed by the core."""

from __future__ import annotations

import numpy as np
import pytest

import martlet
from martlet import Input, Model, layers, ops

try:
    import keras as real_keras
except ImportError:  # pragma: no cover
    real_keras = None

RANDOM = np.random.default_rng(3)
IMAGES = RANDOM.normal(size=(12, 5, 5, 3)).astype(np.float32)
TARGETS = RANDOM.normal(size=(12, 4)).astype(np.float32)


def classes(keras):
    """An own layer of weights, one of layers, and a model, in a library that speaks Keras."""

    class Affine(keras.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
            self.shift = self.add_weight(
                shape=(self.units,), initializer="zeros", regularizer="l2", name="shift"
            )
            self.calls = self.add_weight(
                shape=(1,), initializer="ones", trainable=False, name="calls"
            )
            self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

        def call(self, x):
            return (
                keras.ops.relu(keras.ops.matmul(x, self.kernel) + self.shift)
                * self.calls
                * self.factor
            )

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    class Gate(keras.layers.Layer):
        """Squeeze and excitation around a convolution."""

        def __init__(self, filters, **kwargs):
            super().__init__(**kwargs)
            self.filters = filters
            self.convolution = keras.layers.Conv2D(filters, 3, padding="same")
            self.rest = [keras.layers.BatchNormalization(), keras.layers.Dropout(0.0)]
            self.gate = Affine(filters)

        def build(self, input_shape):
            self.gamma = self.add_weight((1, 1, 1, input_shape[-1]), "ones", name="gamma")

        def call(self, x, training=None):
            y = self.rest[0](self.convolution(x), training=training)
            y = self.rest[1](y, training=training)
            gate = self.gate(keras.ops.mean(x, axis=[1, 2]))
            y = y * keras.ops.expand_dims(keras.ops.expand_dims(gate, 1), 1)
            return y + keras.ops.sqrt(keras.ops.square(x * self.gamma) + 1.0) / 2

        def get_config(self):
            return {**super().get_config(), "filters": self.filters}

    class Network(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = Gate(3)
            self.flatten = keras.layers.Flatten()
            self.last = keras.layers.Dense(4)

        def call(self, x, training=None):
            return self.last(self.flatten(self.first(x, training=training)))

    return Affine, Gate, Network


def functional(keras):
    _, Gate, _ = classes(keras)
    x = keras.Input((5, 5, 3))
    return keras.Model(x, keras.layers.Dense(4)(keras.layers.Flatten()(Gate(3)(x))))


def subclassed(keras):
    return classes(keras)[2]()


def chain(keras):
    Affine, Gate, _ = classes(keras)
    return keras.Sequential([Gate(3), keras.layers.Flatten(), Affine(6), keras.layers.Dense(4)])


@pytest.mark.skipif(real_keras is None, reason="no Keras")
@pytest.mark.parametrize("make", [functional, subclassed, chain])
def test_trained_beside_keras(make):
    ours, theirs = make(martlet), make(real_keras)
    for model in (ours, theirs):
        model.compile("sgd", "mse")
        model.predict(IMAGES, verbose=0)
    shapes = [tuple(each.shape) for each in ours.weights]
    assert shapes == [tuple(each.shape) for each in theirs.weights]
    assert [each.name for each in ours.weights] == [each.name for each in theirs.weights]
    theirs.set_weights(ours.get_weights())
    close(ours.predict(IMAGES, verbose=0), theirs.predict(IMAGES, verbose=0))
    arguments = {"epochs": 3, "batch_size": 4, "shuffle": False, "verbose": 0}
    histories = [model.fit(IMAGES, TARGETS, **arguments).history for model in (ours, theirs)]
    close(histories[0]["loss"], histories[1]["loss"])
    for found, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        close(found, expected)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [functional, subclassed, chain])
def test_an_own_layer_is_the_same_for_every_number_of_threads(make):
    def trained(threads):
        martlet.config.set_num_threads(threads)
        martlet.utils.set_random_seed(1)
        model = make(martlet)
        model.compile("adam", "mse")
        model.fit(IMAGES, TARGETS, epochs=2, batch_size=5, verbose=0)
        return model.get_weights()

    first = trained(1)
    for threads in (2, 3):
        for found, expected in zip(trained(threads), first, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_on_arrays():
    Affine, Gate, _ = classes(martlet)
    layer = Affine(2, name="affine")
    assert not layer.built
    assert layer(np.ones((3, 4))).shape == (3, 2)
    assert layer.built and layer.count_params() == 12
    assert [each.path for each in layer.weights] == [
        "affine/kernel",
        "affine/shift",
        "affine/factor",
        "affine/calls",
    ]
    assert [each.name for each in layer.trainable_weights] == ["kernel", "shift", "factor"]
    layer.kernel.assign(np.ones((4, 2)))
    assert layer(np.ones((1, 4))).tolist() == [[4, 4]]
    assert layer.compute_output_shape((None, 7, 4)) == (None, 7, 2)
    assert Gate(3)(IMAGES).shape == IMAGES.shape
    assert repr(layer) == "<Affine name=affine>  # 12 parameters"


def test_several_inputs_and_outputs():
    class Both(layers.Layer):
        def call(self, inputs):
            a, b = inputs
            return {"sum": a + b, "product": a * b}

    x, y = Input((2,)), Input((2,))
    made = Both()([x, y])
    assert {key: each.shape for key, each in made.items()} == {
        "sum": (None, 2),
        "product": (None, 2),
    }
    a, b = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
    found = Both()([a, b])
    assert found["sum"].tolist() == [[4, 6]] and found["product"].tolist() == [[3, 8]]
    assert Model([x, y], made).predict([a, b], verbose=0)["sum"].tolist() == [[4, 6]]


def test_a_layer_used_twice_shares_its_weights():
    Affine, _, _ = classes(martlet)
    shared = Affine(3)
    x = Input((3,))
    model = Model(x, shared(shared(x)))
    assert len(model.weights) == 4
    twice = shared(shared(TARGETS[:, :3]))
    close(model.predict(TARGETS[:, :3], verbose=0), twice)


def test_frozen():
    _, Gate, _ = classes(martlet)
    layer = Gate(3)
    layer.trainable = False
    x = Input((5, 5, 3))
    model = Model(x, layers.Dense(4)(layers.Flatten()(layer(x))))
    assert [each.path for each in model.trainable_weights] == ["dense/kernel", "dense/bias"]
    before = layer.get_weights()
    model.compile("sgd", "mse")
    model.fit(IMAGES, TARGETS, verbose=0)
    for found, expected in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("make", [functional, subclassed, chain])
def test_weights_in_files(make, tmp_path):
    pytest.importorskip("h5py")
    path = tmp_path / "m.weights.h5"
    first, second = make(martlet), make(martlet)
    for model in (first, second):
        model.predict(IMAGES, verbose=0)
    first.save_weights(path)
    second.load_weights(path)
    np.testing.assert_array_equal(
        first.predict(IMAGES, verbose=0), second.predict(IMAGES, verbose=0)
    )
    if real_keras is not None:
        theirs = make(real_keras)
        theirs.predict(IMAGES, verbose=0)
        theirs.load_weights(path)
        close(theirs.predict(IMAGES, verbose=0), first.predict(IMAGES, verbose=0))
        theirs.save_weights(path)
        second.load_weights(path)
        close(second.predict(IMAGES, verbose=0), first.predict(IMAGES, verbose=0))


def test_whole_files(tmp_path):
    pytest.importorskip("h5py")
    Affine, Gate, _ = classes(martlet)
    model = functional(martlet)
    model.save(tmp_path / "m.keras")
    custom = {"Affine": Affine, "Gate": Gate}
    again = martlet.models.load_model(tmp_path / "m.keras", custom_objects=custom)
    np.testing.assert_array_equal(
        again.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0)
    )
    with pytest.raises(ValueError, match=r"class 'Gate'.*custom_objects=\{'Gate': ...\}"):
        martlet.models.load_model(tmp_path / "m.keras")


def test_whole_files_of_models_that_define_call(tmp_path):
    pytest.importorskip("h5py")
    path = tmp_path / "n.keras"
    names = ("Affine", "Gate", "Network")
    own = subclassed(martlet)
    own.compile("adam", "mse", metrics=["mae"])
    own.fit(IMAGES, TARGETS, verbose=0)
    own.save(path)
    expected = own.predict(IMAGES, verbose=0)
    custom = dict(zip(names, classes(martlet), strict=True))
    again = martlet.models.load_model(path, custom_objects=custom)
    assert again.built and again.name == own.name
    for model in (own, again):
        model.fit(IMAGES, TARGETS, shuffle=False, verbose=0)
    for mine, other in zip(own.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    with pytest.raises(ValueError, match=r"class 'Network'.*custom_objects=\{'Network': ...\}"):
        martlet.models.load_model(path)
    if real_keras is None:
        return
    theirs = real_keras.models.load_model(
        path,
        custom_objects=dict(zip(names, classes(real_keras), strict=True)),
    )
    close(theirs.predict(IMAGES, verbose=0), expected)
    theirs.save(path)
    again = martlet.models.load_model(path, custom_objects=custom)
    close(again.predict(IMAGES, verbose=0), expected)
    # The state of the optimizer is that of the same weights.
    for model in (theirs, again):
        model.fit(IMAGES, TARGETS, epochs=2, shuffle=False, verbose=0)
    close(again.predict(IMAGES, verbose=0), theirs.predict(IMAGES, verbose=0))


class Described(layers.Layer):
    def __init__(self, units, scale=1.0, *, names=("a", "b"), **kwargs):
        super().__init__(**kwargs)
        self.units, self.scale, self.names = units, scale, names

    def call(self, x):
        return x * self.scale


class Short(layers.Layer):
    def __init__(self, units):
        super().__init__()


def test_configurations_by_what_a_class_was_called_with():
    layer = Described(3, scale=2.0, name="mine")
    assert layer.get_config() == {
        "units": 3,
        "scale": 2.0,
        "name": "mine",
        "trainable": True,
        "dtype": "float32",
    }
    assert Described.from_config(layer.get_config()).get_config() == layer.get_config()
    assert Short(4).get_config() == {"units": 4}
    with pytest.raises(
        NotImplementedError, match=r"the argument units=Dense\(3\) cannot be .*; define get"
    ):
        Described(layers.Dense(3)).get_config()
    x = Input((2,))
    model = Model(x, Described(3, 2.0)(x))
    custom = {"Described": Described}
    again = Model.from_config(model.get_config(), custom_objects=custom)
    assert again.layers[-1].scale == 2.0


def test_a_weight_that_is_a_single_number():
    martlet.backend.clear_session()
    affine = classes(martlet)[0](2)
    affine.build((None, 3))
    assert affine.factor.shape == () and affine.factor.numpy().shape == ()
    affine.factor.assign(3.0)
    assert float(affine.factor.numpy()) == 3.0
    affine.set_weights(affine.get_weights())


def test_classes_of_built_in_ones_that_define_call():
    class Mine(layers.Conv2D):
        def call(self, x):
            return super().call(x) * 2

    class Chain(martlet.Sequential):
        def call(self, x):
            return x

    class Both(Model):
        def call(self, x):
            return x

    class More(layers.Dense):
        def __init__(self):
            super().__init__(3, name="more")
            self.extra = self.add_weight((3,))

    with pytest.raises(TypeError, match=r"Mine is made of Conv2D, .*keep a Conv2D as an attribute"):
        Mine(2, 3)
    with pytest.raises(TypeError, match="Chain is made of Sequential, which the core computes"):
        Chain([layers.Dense(2)])
    x = Input((3,))
    with pytest.raises(TypeError, match="Both defines call and is given inputs and outputs, too"):
        Both(x, layers.Dense(2)(x))
    with pytest.raises(TypeError, match="layer 'more': a layer made of Dense has that one's weig"):
        More()


def test_shown():
    model = functional(martlet)
    lines = []
    model.summary(print_fn=lines.append)
    assert " (Gate)" in "\n".join(lines)
    assert "Gate" in martlet.utils.plot_model(model, to_file=None, show_layer_names=True).svg


def test_a_built_in_class_with_fixed_arguments():
    class Small(layers.Conv2D):
        def __init__(self, **kwargs):
            super().__init__(2, 3, **kwargs)

    layer = Small(name="small")
    assert layer(IMAGES).shape == (12, 3, 3, 2)


class Returning(layers.Layer):
    def call(self, x):
        return np.ones(3)


class Forgetting(layers.Layer):
    def call(self, x):
        2 * x


class Branching(layers.Layer):
    def call(self, x):
        return x if x else -x


class AskingWhetherItTrains(layers.Layer):
    def call(self, x, training=None):
        return 2 * x if training else x


class Reading(layers.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(input_shape[1:], "ones", name="w")

    def call(self, x):
        return x * np.asarray(self.w)


class Silent(layers.Layer):
    pass


class Tied(layers.Layer):
    def build(self, input_shape):
        self.w = self.add_weight((2, 2), name="w")

    def call(self, x):
        return ops.matmul(x, self.w) + ops.square(self.w)


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (Returning, TypeError, "'returning': call returned ndarray, expected symbols"),
        (Forgetting, TypeError, "'forgetting': call returned None: does it lack a 'return'?"),
        (Branching, TypeError, "cannot depend on numbers by 'if'"),
        (AskingWhetherItTrains, TypeError, "cannot test 'training'"),
        (Reading, TypeError, "weight 'reading/w' has no values while"),
        (Silent, NotImplementedError, "Silent does not say what it does: define call"),
        (Tied, ValueError, "weight 'w' stands in a matrix product and elsewhere too"),
    ],
)
def test_mistakes(layer, error, message):
    martlet.backend.clear_session()
    with pytest.raises(error, match=message):
        layer()(np.ones((1, 2, 2)))


def test_mistakes_with_arguments():
    with pytest.raises(ValueError, match="Silent does not know the argument 'units'"):
        Silent(units=3)
    with pytest.raises(TypeError, match="Silent: name must be text, got 3"):
        Silent(name=3)
    with pytest.raises(ValueError, match="did you mean 'zeros'"):
        Silent().add_weight((2,), "zeross")
    with pytest.raises(ValueError, match="expected 4 weight arrays, received 1"):
        layer = classes(martlet)[0](2)
        layer.build((None, 3))
        layer.set_weights([np.ones((3, 2))])
