"""Operations on symbols: the values of Keras, on arrays those of NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import martlet
from martlet import Input, Model, ops

try:
    import keras as real_keras
except ImportError:  # pragma: no cover
    real_keras = None

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(6, 4, 3)).astype(np.float32)
TABLE = RANDOM.normal(size=(4, 3)).astype(np.float32)
# Of the operations of a library, a tensor, and another of the same shape.
OPERATIONS = {
    "add": lambda o, x, y: o.add(x, y),
    "number": lambda o, x, y: 2 * x + 1,
    "from a number": lambda o, x, y: 1 - x,
    "minus a number": lambda o, x, y: x - 3,
    "subtract": lambda o, x, y: x - y,
    "multiply": lambda o, x, y: x * y,
    "divide": lambda o, x, y: x / (o.abs(y) + 1),
    "divide by a number": lambda o, x, y: x / 3,
    "number divided": lambda o, x, y: 2 / (o.square(x) + 1),
    "negative": lambda o, x, y: -x,
    "power 0": lambda o, x, y: x**0,
    "power 1": lambda o, x, y: x**1,
    "power 2": lambda o, x, y: o.power(x, 2),
    "power 5": lambda o, x, y: x**5,
    "power -2": lambda o, x, y: (o.abs(x) + 1) ** -2,
    "power 0.5": lambda o, x, y: o.abs(x) ** 0.5,
    "power 1.5": lambda o, x, y: (o.abs(x) + 0.1) ** 1.5,
    "sqrt": lambda o, x, y: o.sqrt(o.square(x) + 0.1),
    "rsqrt": lambda o, x, y: o.rsqrt(o.square(x) + 0.1),
    "exp": lambda o, x, y: o.exp(x),
    "log": lambda o, x, y: o.log(o.exp(x) + 1),
    "absolute": lambda o, x, y: o.absolute(x),
    "clip": lambda o, x, y: o.clip(x, -0.5, 0.7),
    "maximum": lambda o, x, y: o.maximum(x, y),
    "maximum of a number": lambda o, x, y: o.maximum(0.2, x),
    "minimum": lambda o, x, y: o.minimum(x, 0.2),
    "array": lambda o, x, y: x * TABLE + TABLE[0],
    "array with an axis for samples": lambda o, x, y: x + TABLE[None],
    "sum": lambda o, x, y: o.sum(x, axis=1),
    "mean": lambda o, x, y: o.mean(x, axis=[1, 2]),
    "mean of the last": lambda o, x, y: o.mean(x, axis=-1, keepdims=True),
    "max": lambda o, x, y: o.max(x, axis=(1, 2), keepdims=True),
    "min": lambda o, x, y: o.amin(x, axis=2),
    "var": lambda o, x, y: o.var(x, axis=1),
    "std": lambda o, x, y: o.std(x, axis=[1, 2], keepdims=True),
    "matmul": lambda o, x, y: o.matmul(x, o.transpose(y, (0, 2, 1))),
    "matmul by @": lambda o, x, y: x @ TABLE.T,
    "reshape": lambda o, x, y: o.reshape(x, (-1, 2, 6)),
    "expand_dims": lambda o, x, y: o.expand_dims(x, 2),
    "expand_dims at the end": lambda o, x, y: o.expand_dims(x, -1),
    "squeeze": lambda o, x, y: o.squeeze(o.mean(x, axis=1, keepdims=True), 1),
    "concatenate": lambda o, x, y: o.concatenate([x, y], axis=-1),
    "stack": lambda o, x, y: o.stack([x, y], axis=1),
    "relu": lambda o, x, y: o.relu(x),
    "softmax": lambda o, x, y: o.softmax(x),
    "cast": lambda o, x, y: o.cast(x, "float32"),
}


def model(keras, operation):
    x, y = keras.Input((4, 3), name="x"), keras.Input((4, 3), name="y")
    return keras.Model([x, y], operation(keras.ops, x, y))


@pytest.mark.skipif(real_keras is None, reason="no Keras")
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_symbols_give_the_values_of_keras(operation):
    y = X[::-1].copy()
    ours, theirs = (model(keras, operation) for keras in (martlet, real_keras))
    assert ours.output_shape == theirs.output_shape
    np.testing.assert_allclose(
        ours.predict([X, y], verbose=0), theirs.predict([X, y], verbose=0), rtol=2e-5, atol=2e-6
    )


@pytest.mark.skipif(real_keras is None, reason="no Keras")
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_gradients_are_those_of_keras(operation):
    """A layer in front learns through the operation."""

    def trained(keras, weights=None):
        x = keras.Input((4, 3))
        first = keras.layers.Dense(3, activation="tanh")
        y = first(x)
        result = keras.layers.Dense(2)(keras.layers.Flatten()(operation(keras.ops, y, x)))
        network = keras.Model(x, result)
        if weights is not None:
            network.set_weights(weights)
        before = [np.array(each) for each in network.get_weights()]
        network.compile("sgd", "mse")
        network.fit(X, X[:, 0, :2], epochs=3, batch_size=3, shuffle=False, verbose=0)
        return before, [np.array(each) for each in network.get_weights()]

    before, ours = trained(martlet)
    _, theirs = trained(real_keras, before)
    for found, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_arrays_give_what_symbols_give(operation):
    y = X[::-1].copy()
    found = operation(ops, X, y)
    assert isinstance(found, np.ndarray)
    expected = model(martlet, operation).predict([X, y], verbose=0)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)


#: Operations that Keras writes as one and that are several here.
UNREAD = {"divide", "number divided", "rsqrt", "var", "std", "stack"} | {
    each for each in OPERATIONS if each.startswith("power")
}


@pytest.mark.parametrize(
    "name", [each for each in OPERATIONS if "array" not in each and "@" not in each]
)
def test_models_of_operations_are_written_and_read(name, tmp_path):
    pytest.importorskip("h5py")
    first = model(martlet, OPERATIONS[name])
    expected = first.predict([X, X[::-1]], verbose=0)
    first.save(tmp_path / "m.keras")
    again = martlet.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict([X, X[::-1]], verbose=0), expected)
    if real_keras is None or name in ("softmax", "relu", "cast"):
        return
    theirs = real_keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(
        theirs.predict([X, X[::-1]], verbose=0), expected, rtol=2e-5, atol=2e-6
    )
    if name in UNREAD:
        return
    model(real_keras, OPERATIONS[name]).save(tmp_path / "k.keras")
    read = martlet.models.load_model(tmp_path / "k.keras")
    np.testing.assert_allclose(
        read.predict([X, X[::-1]], verbose=0), expected, rtol=2e-5, atol=2e-6
    )


def test_an_array_in_front_of_a_symbol():
    x = Input((4, 3))
    found = Model(x, TABLE - x * 2).predict(X, verbose=0)
    np.testing.assert_allclose(found, TABLE - X * 2, rtol=1e-6, atol=1e-6)


def test_a_file_with_numbers_in_an_operation_is_refused(tmp_path):
    pytest.importorskip("h5py")
    with pytest.raises(NotImplementedError, match="numbers of 'constant'.*layer of your own"):
        model(martlet, OPERATIONS["array"]).save(tmp_path / "m.keras")


def test_equal_extremes_share_the_gradient():
    x = Input((2,))
    first = martlet.layers.Dense(2, use_bias=False, kernel_initializer="ones")
    network = Model(x, ops.max(first(x), axis=1, keepdims=True))
    network.compile(martlet.optimizers.SGD(1.0), "mse")
    network.fit(np.array([[1.0, 0.0]]), np.array([[0.0]]), verbose=0)
    # The slope 2 · (1 − 0), half of it for each.
    np.testing.assert_allclose(network.get_weights()[0], [[0, 0], [1, 1]])


def test_shapes_and_kinds_of_numbers():
    x = Input((4, 3))
    assert ops.shape(x) == (None, 4, 3) and ops.ndim(x) == 3
    assert ops.shape(np.ones((2, 1))) == (2, 1)
    assert ops.convert_to_tensor(x) is x
    assert ops.convert_to_tensor([1, 2], "float32").dtype == np.float32
    assert ops.convert_to_numpy([1.0]).tolist() == [1.0]
    with pytest.raises(NotImplementedError, match="ops.cast: a symbol as 'int32'"):
        ops.cast(x, "int32")


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (lambda x: ops.mean(x), r"ops.mean: axis=None goes over the samples.*\(1, 2\)"),
        (lambda x: ops.sum(x, axis=0), "axis 0 .* is the batch"),
        (lambda x: ops.max(x, axis=[1, 1]), "axis 1 is given twice"),
        (lambda x: ops.reshape(x, (6, 2)), r"starts with -1, for the samples, got \(6, 2\)"),
        (lambda x: ops.transpose(x), "0 for the samples first, got None"),
        (lambda x: ops.transpose(x, (1, 0, 2)), r"got \(1, 0, 2\)"),
        (lambda x: ops.expand_dims(x, 0), "axis 0 is not one of a sample"),
        (lambda x: ops.squeeze(x, 1), r"axis 1 of shape \(None, 4, 3\) is not of extent 1"),
        (lambda x: ops.add(x, np.ones((2, 4, 3))), r"shape \(2, 4, 3\) has an axis too many"),
        (lambda x: ops.matmul(x, np.ones((4, 2))), "matrix product expects"),
        (lambda x: ops.clip(x, 2, 1), "'maximum': expected at least minimum"),
    ],
)
def test_mistakes(operation, message):
    with pytest.raises(ValueError, match=message):
        operation(Input((4, 3)))


def test_what_is_not_there():
    x = Input((4, 3))
    with pytest.raises(NotImplementedError, match="a part of a symbol"):
        x[:, 0]
    with pytest.raises(NotImplementedError, match="an exponent that is no number"):
        x ** np.ones(3)
    with pytest.raises(TypeError, match="cannot depend on numbers by 'if'"):
        bool(x)
    with pytest.raises(TypeError, match="no values to go through"):
        list(x)
    with pytest.raises(NotImplementedError, match="weight 'dense/kernel' of "):
        layer = martlet.layers.Dense(3, name="dense")
        layer.build((None, 3))
        ops.matmul(x, layer.kernel)
