"""Gradients with respect to the inputs, side by side with Keras's by JAX."""

from __future__ import annotations

import numpy as np
import pytest

import martlet
from martlet import _native

keras = pytest.importorskip("keras")
jax = pytest.importorskip("jax")


def network(k):
    """Every kind of layer that passes a gradient on, with a way around some of them."""
    layers = k.layers
    source = k.Input((9, 8, 3))
    x = layers.Rescaling(0.5, offset=0.1)(source)
    x = layers.Conv2D(6, 3, padding="same", strides=2, activation="tanh")(x)
    x = layers.BatchNormalization()(x)
    y = layers.Conv2D(6, 3, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    y = layers.LeakyReLU(0.1)(y)
    x = layers.Activation("relu")(layers.Add()([x, y]))
    x = layers.Dropout(0.5)(x)
    x = layers.Concatenate()(
        [
            layers.MaxPooling2D(2, strides=1, padding="same")(x),
            layers.AveragePooling2D(2, strides=1, padding="same")(x),
        ]
    )
    flat = layers.Flatten()(layers.Conv2D(4, 1, groups=2)(x))
    mean = layers.GlobalAveragePooling2D()(x)
    x = layers.Concatenate()([layers.Dense(5, activation="sigmoid")(flat), mean])
    return k.Model(source, layers.Dense(4, activation="softmax")(x))


@pytest.mark.parametrize("batch_size", [3, 32])
def test_probabilities_have_the_gradient_that_jax_finds(batch_size):
    ours, theirs = network(martlet), network(keras)
    random = np.random.default_rng(0)
    weights = [
        each + (random.uniform(0, 0.3, each.shape) if each.ndim == 1 else 0)
        for each in ours.get_weights()
    ]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    x = random.normal(size=(7, 9, 8, 3)).astype(np.float32)
    factors = random.normal(size=(7, 4)).astype(np.float32)
    (found,) = _native.input_gradients(ours._model_handle(), [x], [factors], False, batch_size)
    expected = np.asarray(jax.grad(lambda x: (theirs(x, training=False) * factors).sum())(x))
    # Sums of some hundred terms in float32, at the scale of the largest gradient.
    assert np.abs(found - expected).max() < 2e-5 * np.abs(expected).max()
    assert all(map(np.array_equal, ours.get_weights(), map(np.float32, weights)))


def test_data_of_every_type_is_taken():
    model = martlet.Sequential([martlet.Input((3,)), martlet.layers.Dense(2)])
    kernel = model.get_weights()[0]
    for kind in (np.uint8, np.float64, np.int32):
        (found,) = _native.input_gradients(
            model._model_handle(), [np.ones((2, 3), kind)], [np.eye(2, dtype=kind)], True, 32
        )
        assert np.array_equal(found, kernel.T)


def test_mistakes_are_named():
    model = martlet.Sequential([martlet.Input((3,)), martlet.layers.Dense(2, name="out")])
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError) as caught:
        _native.input_gradients(model._model_handle(), [x], [x], True, 32)
    assert str(caught.value) == (
        "factors[0] has shape (2, 3), but output 'out' of 2 samples has (2, 2)"
    )
