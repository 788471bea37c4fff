"""Data in every form a user has it in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import martlet
from martlet import Input, Sequential, _data
from martlet.layers import Dense, Flatten

NUMERIC = [
    np.float32,
    np.float64,
    np.float16,
    np.int8,
    np.uint8,
    np.int16,
    np.uint16,
    np.int32,
    np.uint32,
    np.int64,
    np.uint64,
    np.bool_,
]


@pytest.fixture
def model():
    """Flattens (4, 3) and multiplies."""
    model = Sequential([Input((4, 3)), Flatten(), Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.fixture
def x():
    """Small integers that every type holds."""
    return np.random.default_rng(0).integers(0, 2, (10, 4, 3)).astype(np.float32)


class Wrapped:
    """An array of some other library."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return self._array if dtype is None else self._array.astype(dtype)


def strided(array):
    """The same values, every second row and element of a larger array."""
    large = np.zeros((array.shape[0] * 2, array.shape[1], array.shape[2] * 2), array.dtype)
    large[::2, :, ::2] = array
    return large[::2, :, ::2]


FORMS = {
    **{dtype.__name__: lambda x, dtype=dtype: x.astype(dtype) for dtype in NUMERIC},
    "list": lambda x: x.tolist(),
    "list of arrays": list,
    "big-endian": lambda x: x.astype(">f4"),
    "big-endian integers": lambda x: x.astype(">i2"),
    "long double": lambda x: x.astype(np.longdouble),
    "Fortran order": np.asfortranarray,
    "transposed": lambda x: np.ascontiguousarray(x.transpose(2, 0, 1)).transpose(1, 2, 0),
    "strided": strided,
    "strided bytes": lambda x: strided(x.astype(np.uint8)),
    "reversed": lambda x: x[::-1].copy()[::-1],
    "reversed rows": lambda x: x[:, ::-1].copy()[:, ::-1],
    "broadcast": lambda x: np.broadcast_to(x, x.shape),
    "read-only": lambda x: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),
    "unaligned": lambda x: (
        np.frombuffer(b"." + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape)
    ),
    "subclass": lambda x: x.view(np.ma.MaskedArray),
    "__array__": Wrapped,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_x_predicts_the_same(form, model, x):
    expected = model.predict(x, verbose=0)
    assert model.predict(FORMS[form](x), verbose=0).tolist() == expected.tolist()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_x_trains_the_same(form, model, x):
    start = model.get_weights()
    y = np.arange(10) % 2
    model.fit(x, y, verbose=0, shuffle=False)
    expected = model.get_weights()
    model.set_weights(start)
    model.fit(FORMS[form](x), y, verbose=0, shuffle=False)
    for found, known in zip(model.get_weights(), expected, strict=True):
        assert found.tolist() == known.tolist()


@pytest.mark.parametrize("dtype", NUMERIC)
@pytest.mark.parametrize("shape", [(10,), (10, 1)])
def test_every_form_of_labels(dtype, shape, model, x):
    y = (np.arange(10) % 2).reshape(shape)
    expected = model.evaluate(x, y, verbose=0)
    assert model.evaluate(x, y.astype(dtype), verbose=0) == expected
    assert model.evaluate(x, y.tolist(), verbose=0) == expected
    assert model.evaluate(x, y[::-1].copy()[::-1], verbose=0) == expected


def test_numeric_arrays_are_not_copied(x):
    for dtype in NUMERIC:
        for array in (x.astype(dtype), x.astype(dtype)[::-2, :, ::2]):
            assert np.shares_memory(_data.as_array(array, "x"), array)


def test_a_list_of_one_array_is_a_list_of_inputs(model, x):
    expected = model.predict(x, verbose=0)
    assert model.predict([x], verbose=0).tolist() == expected.tolist()
    assert model.predict([x[0]], verbose=0).tolist() == expected[:1].tolist()
    y = np.arange(10) % 2
    assert model.evaluate([x], [y], verbose=0) == model.evaluate(x, y, verbose=0)


@pytest.mark.filterwarnings("ignore")  # the peer's own
def test_arrays_of_another_library(model, x):
    numpy = pytest.importorskip("jax.numpy")
    expected = model.predict(x, verbose=0)
    assert model.predict(numpy.asarray(x), verbose=0).tolist() == expected.tolist()


@settings(max_examples=60, deadline=None)
@given(
    dtype=st.sampled_from([np.float32, np.float64, np.uint8, np.int64]),
    steps=st.tuples(*[st.sampled_from([-2, -1, 1, 2])] * 3),
    axes=st.permutations([0, 1, 2]),
)
def test_any_strides_give_the_values_numpy_sees(dtype, steps, axes):
    whole = np.arange(6 * 6 * 6).reshape(6, 6, 6).astype(dtype)
    view = whole[tuple(slice(None, None, step) for step in steps)].transpose(axes)
    expected = view.astype(np.float32).reshape(len(view), -1)
    assert Flatten()(view).tolist() == expected.tolist()


def test_the_callers_arrays_stay_as_they_are(model, x):
    before = x.copy()
    x.flags.writeable = False
    y = np.arange(10) % 2
    y.flags.writeable = False
    model.fit(x, y, verbose=0)
    assert x.tolist() == before.tolist()


def test_predictions_are_the_callers(model, x):
    first = model.predict(x, verbose=0)
    kept = first.copy()
    model.predict(x * 2, verbose=0)
    assert first.tolist() == kept.tolist()
    assert first.flags.owndata
    assert first.flags.writeable


def test_float64_beyond_single_precision_is_found(model, x):
    large = x.astype(np.float64)
    large[3, 0, 0] = 1e300
    with pytest.raises(martlet.NonFiniteError, match="sample 3"):
        model.fit(large, np.arange(10) % 2, verbose=0)
