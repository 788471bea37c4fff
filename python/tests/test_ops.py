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
KERNEL = RANDOM.normal(size=(2, 3, 5)).astype(np.float32)
IMAGE_KERNEL = RANDOM.normal(size=(2, 3, 1, 4)).astype(np.float32)
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
    "index": lambda o, x, y: x[:, 1] + y[:, -1],
    "part": lambda o, x, y: x[:, 1:3, ::2],
    "in steps": lambda o, x, y: x[:, 1::2, ::-1],
    "new axes": lambda o, x, y: x[:, None, ..., 1:, None],
    "dots": lambda o, x, y: x[..., 0],
    "all": lambda o, x, y: x[:, :] + x[:, ...],
    "where of symbols": lambda o, x, y: o.where(o.sign(x), x, y),
    "split": lambda o, x, y: o.split(x, 2, axis=1)[1],
    "split at places": lambda o, x, y: o.split(x, [1, 3], axis=1)[1],
    "flip": lambda o, x, y: o.flip(x, axis=-1) + o.flip(y, axis=(1, 2)),
    "normalize": lambda o, x, y: o.normalize(x, axis=1),
    "pad": lambda o, x, y: o.pad(x, ((0, 0), (1, 2), (0, 3))),
    "max_pool": lambda o, x, y: o.max_pool(x, 2, strides=1),
    "average_pool": lambda o, x, y: o.average_pool(x, (2,), (1,)),
    "log1p": lambda o, x, y: o.log1p(o.abs(x)),
    "expm1": lambda o, x, y: o.expm1(x),
    "sign": lambda o, x, y: o.sign(x) * y,
    "logsumexp": lambda o, x, y: o.logsumexp(x, axis=-1),
    "logsumexp of two": lambda o, x, y: o.logsumexp(x, axis=(1, 2), keepdims=True),
    "where": lambda o, x, y: o.where(x > 0.1, x, 2 * y),
    "where of numbers": lambda o, x, y: o.where(o.less(x, y[:, :1]), x, -1.0),
    "comparisons": lambda o, x, y: (
        x * o.cast(o.logical_or(x >= y, o.logical_and(y <= 0.5, x < 0.1)), "float32")
    ),
    "equality": lambda o, x, y: o.where(o.equal(x, o.max(x, axis=1, keepdims=True)), x, y),
    "inequality": lambda o, x, y: o.where(o.not_equal(x, y), x, y),
    "not": lambda o, x, y: o.where(o.logical_not(x > 0), x, y),
    "argmax": lambda o, x, y: x[:, 0] + o.cast(o.argmax(x, axis=1), "float32"),
    "argmax of the last": lambda o, x, y: x * o.cast(o.argmax(y, -1, keepdims=True), "float32"),
    "one_hot, by an array": lambda o, x, y: x * o.one_hot(o.argmax(y, axis=-1), 3),
    "zeros and ones": lambda o, x, y: x * o.ones_like(y) + o.zeros_like(y),
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
UNREAD = {
    "normalize",
    *("divide", "number divided", "rsqrt", "var", "std", "stack", "index", "new axes", "dots"),
    *(
        "pad",
        "max_pool",
        "average_pool",
        "all",
        "slice",
        "split",
        "split at places",
        "log1p",
        "expm1",
        "logsumexp",
    ),
    *("logsumexp of two", "where", "where of numbers", "comparisons", "equality", "inequality"),
    *("not", "argmax", "argmax of the last", "zeros and ones"),
} | {each for each in OPERATIONS if each.startswith("power")}


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


CONVOLUTIONS = {
    "conv": lambda o, x, y: o.conv(x, KERNEL, padding="same"),
    "conv of images": lambda o, x, y: o.conv(o.expand_dims(x, -1), IMAGE_KERNEL, strides=(2, 1)),
    "depthwise_conv": lambda o, x, y: o.depthwise_conv(
        o.expand_dims(x, -1), IMAGE_KERNEL, padding="same"
    ),
}


@pytest.mark.skipif(real_keras is None, reason="no Keras")
@pytest.mark.parametrize("operation", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_convolutions_with_arrays_are_kerass(operation):
    ours, theirs = (model(keras, operation) for keras in (martlet, real_keras))
    expected = theirs.predict([X, X], verbose=0)
    assert ours.output_shape == theirs.output_shape
    np.testing.assert_allclose(ours.predict([X, X], verbose=0), expected, rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(operation(ops, X, X), expected, rtol=2e-5, atol=2e-6)
    assert ours.trainable_weights == []


def test_lengths_of_vectors():
    """Beside NumPy: Keras's own fails on symbols with JAX."""
    x = Input((4, 3))
    for axis in (-1, (1, 2)):
        found = Model(x, ops.norm(x, axis=axis, keepdims=True)).predict(X, verbose=0)
        np.testing.assert_allclose(found, np.linalg.norm(X, axis=axis, keepdims=True), rtol=1e-6)
    with pytest.raises(NotImplementedError, match="ops.norm: ord=1"):
        ops.norm(x, 1)


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
        (lambda x: ops.sum(x, axis=0), "axis 0 goes over the samples, too"),
        (lambda x: ops.max(x, axis=[1, 1]), "axis 1 is given twice"),
        (lambda x: ops.reshape(x, (6, 2)), r"starts with -1, for the samples, got \(6, 2\)"),
        (lambda x: ops.transpose(x), "0 for the samples first, got None"),
        (lambda x: ops.transpose(x, (1, 0, 2)), r"got \(1, 0, 2\)"),
        (lambda x: ops.expand_dims(x, 0), "axis 0 is not one of a sample"),
        (lambda x: ops.squeeze(x, 1), r"axis 1 of shape \(None, 4, 3\) is not of extent 1"),
        (lambda x: ops.add(x, np.ones((2, 4, 3))), r"shape \(2, 4, 3\) has an axis too many"),
        (lambda x: ops.matmul(x, np.ones((4, 2))), "matrix product expects"),
        (lambda x: ops.clip(x, 2, 1), "'maximum': expected at least minimum"),
        (lambda x: ops.sum(x, axis=3), r"axis 3 is out of range for the shape \(None, 4, 3\)"),
        (
            lambda x: ops.reshape(x, (-1,)),
            r"keeps its axis of samples.*ops.reshape\(x, \(-1, n\)\)",
        ),
        (lambda x: ops.pad(x, 1), r"begins with \(0, 0\), for the samples, got 1"),
        (lambda x: ops.max_pool(x[:, 0], 2), r"expected images or sequences .* \(None, 3\)"),
        (lambda x: ops.argmax(x), "of a symbol along one axis, such as -1"),
        (lambda x: ops.argmax(x, 0), "axis 0 is not one of a sample"),
        (lambda x: ops.split(x, 3, 1), r"axis 1 of shape \(None, 4, 3\) is not divided by 3"),
        (lambda x: ops.split(x, 2), "axis 0 is not one of a sample"),
        (lambda x: ops.flip(x, 0), "axis 0 is not one of a sample"),
        (lambda x: ops.slice(x, (1, 0, 0), (1, 2, 2)), "begin with 0 and -1, for all samples"),
    ],
)
def test_mistakes(operation, message):
    with pytest.raises(ValueError, match=message):
        operation(Input((4, 3)))


@pytest.mark.parametrize(
    ("part", "error", "message"),
    [
        (0, IndexError, r"x\[0\]: the first axis of a symbol is that of the samples"),
        (np.s_[1:], IndexError, "all of which are taken"),
        (np.s_[:, 4], IndexError, r"index 4 is out of range for a symbol of shape \(None, 4, 3\)"),
        (np.s_[:, 2:2], IndexError, "has nothing in slice"),
        (np.s_[:, 0, 0, 0], IndexError, "4 indices for a symbol of shape"),
        (np.s_[:, [0, 1]], TypeError, r"takes slices, whole numbers, None and \.\.\."),
        (np.s_[:, True], TypeError, "got True"),
    ],
)
def test_mistakes_in_parts(part, error, message):
    with pytest.raises(error, match=message):
        Input((4, 3))[part]


def test_parts_of_arrays_are_numpys():
    assert ops.slice(X, (1, 0, 0), (2, 4, 1)).shape == (2, 4, 1)
    assert [each.shape for each in ops.split(X, [1], axis=2)] == [(6, 4, 1), (6, 4, 2)]
    np.testing.assert_array_equal(ops.flip(X, 0), X[::-1])
    np.testing.assert_array_equal(ops.where(X > 0, X, 0.0), np.maximum(X, 0))
    np.testing.assert_array_equal(ops.argmax(X, axis=-1), X.argmax(-1))
    np.testing.assert_array_equal(ops.one_hot([1, 0], 2), [[0, 1], [1, 0]])
    np.testing.assert_allclose(ops.logsumexp(X, axis=(0, 1)), np.log(np.exp(X).sum((0, 1))), 1e-5)
    np.testing.assert_allclose(ops.logsumexp(X), np.log(np.exp(X).sum()), 1e-5)
    assert ops.greater(2, 1) and not ops.equal(2, 1) and ops.logical_and(1, 1)


def test_what_is_not_there():
    x = Input((4, 3))
    with pytest.raises(NotImplementedError, match="ops.conv: a kernel that is no array"):
        ops.conv(x, Input((2, 3)))
    with pytest.raises(NotImplementedError, match="ops.pad: mode='reflect'"):
        ops.pad(x, ((0, 0), (1, 1), (0, 0)), "reflect")
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
