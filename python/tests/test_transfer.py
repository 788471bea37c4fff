"""Transfer learning as lessons have it: on Martlet alone where there is no Keras, else on both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import martlet

try:
    import keras as real_keras
except ImportError:  # pragma: no cover
    real_keras = None

MODULES = [martlet] + ([real_keras] if real_keras else [])

# Single precision, summed in other orders, over a dozen steps.
TOLERANCE = 1e-4


def base(keras: Any) -> Any:
    """A small network of the kind that is reused: convolutions and batch normalizations."""
    layers = keras.layers
    image = keras.Input((12, 12, 3))
    x = image
    for number, filters in enumerate((6, 8, 10), 1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=0.8, name=f"bn{number}")(x)
        # Smooth, so that no rounding puts a value on the other side of a kink.
        x = layers.Activation("softplus", name=f"act{number}")(x)
    return keras.Model(image, layers.MaxPooling2D(2)(x), name="base")


def with_head(keras: Any, network: Any) -> Any:
    """As guides write it: the base in inference mode, and a head of one's own."""
    layers = keras.layers
    image = keras.Input((12, 12, 3))
    x = network(image, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.0)(x)
    return keras.Model(image, layers.Dense(3, name="head")(x))


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(8)
    classes = random.integers(0, 3, 48)
    x = random.normal(0, 0.5, (48, 12, 12, 3))
    x[np.arange(48), :, :, classes] += 1
    return x.astype(np.float32), classes


def started(build: Any) -> list[tuple[Any, Any]]:
    """The base and the model of each module, all with the same weights."""
    pairs = []
    for keras in MODULES:
        network = base(keras)
        pairs.append((network, build(keras, network)))
    random = np.random.default_rng(2)
    weights = [
        random.uniform(-0.3, 0.3, weight.shape) + (weight.name in ("gamma", "moving_variance"))
        for weight in pairs[0][1].weights
    ]
    for _, model in pairs:
        model.set_weights([each.astype(np.float32) for each in weights])
    return pairs


def trained(keras: Any, model: Any, pictures: Any, rate: float) -> dict[str, list[float]]:
    x, y = pictures
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), loss, metrics=["accuracy"])
    return model.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0).history


def assert_alike(histories: list[Any], models: list[Any]) -> None:
    for history, model in zip(histories[1:], models[1:], strict=True):
        for key, values in histories[0].items():
            np.testing.assert_allclose(history[key], values, atol=TOLERANCE)
        for found, expected in zip(model.get_weights(), models[0].get_weights(), strict=True):
            np.testing.assert_allclose(found, expected, atol=TOLERANCE)


def test_a_frozen_base_keeps_weights_and_statistics(pictures):
    pairs, histories = started(with_head), []
    for keras, (network, model) in zip(MODULES, pairs, strict=True):
        network.trainable = False
        before = network.get_weights()
        assert len(model.trainable_weights) == 2
        assert len(model.non_trainable_weights) == len(before) == 15
        histories.append(trained(keras, model, pictures, 0.1))
        for old, new in zip(before, network.get_weights(), strict=True):
            assert np.array_equal(old, new)
    assert histories[0]["loss"][-1] < histories[0]["loss"][0]
    assert_alike(histories, [model for _, model in pairs])


def test_fine_tuning_the_last_layers(pictures):
    pairs, histories = started(with_head), []
    for keras, (network, model) in zip(MODULES, pairs, strict=True):
        network.trainable = False
        trained(keras, model, pictures, 0.1)
        network.trainable = True
        for layer in network.layers[:-4]:
            layer.trainable = False
        frozen = network.layers[:-4]
        before = [each for layer in frozen for each in layer.get_weights()]
        mean = network.get_layer("bn3").get_weights()[2]
        assert len(before) == 10
        assert len(model.trainable_weights) == 5
        histories.append(trained(keras, model, pictures, 0.01))
        after = [each for layer in frozen for each in layer.get_weights()]
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
        # As in Keras 3: a batch normalization that may train does, whatever its call said.
        assert not np.array_equal(mean, network.get_layer("bn3").get_weights()[2])
    assert_alike(histories, [model for _, model in pairs])


def test_batch_normalizations_alone_stay_frozen(pictures):
    """The usual advice for small batches."""
    pairs, histories = started(with_head), []
    for keras, (network, model) in zip(MODULES, pairs, strict=True):
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
        before = network.get_layer("bn2").get_weights()
        kernel = network.get_layer("conv2").get_weights()[0]
        histories.append(trained(keras, model, pictures, 0.01))
        after = network.get_layer("bn2").get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
        assert not np.array_equal(kernel, network.get_layer("conv2").get_weights()[0])
    assert_alike(histories, [model for _, model in pairs])


def test_a_head_on_the_output_of_the_base(pictures):
    """The other way guides write it: one graph, no model within the model."""

    def build(keras: Any, network: Any) -> Any:
        x = keras.layers.Flatten()(network.output)
        return keras.Model(network.input, keras.layers.Dense(3)(x))

    pairs, histories = started(build), []
    for keras, (network, model) in zip(MODULES, pairs, strict=True):
        network.trainable = False
        assert len(model.trainable_weights) == 2
        histories.append(trained(keras, model, pictures, 0.01))
    assert_alike(histories, [model for _, model in pairs])


def test_features_once_and_a_head_on_them(pictures):
    """Without augmentation the base need run only once."""
    x, _ = pictures
    pairs = started(with_head)
    features = [network.predict(x, verbose=0) for network, _ in pairs]
    for other in features[1:]:
        np.testing.assert_allclose(other, features[0], atol=TOLERANCE)


def test_freezing_takes_effect_with_compile(pictures):
    network = base(martlet)
    model = with_head(martlet, network)
    trained(martlet, model, pictures, 0.01)
    network.trainable = False
    before = network.get_weights()
    trained(martlet, model, pictures, 0.01)
    for old, new in zip(before, network.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_training_in_a_call_on_symbols():
    image = martlet.Input((4,))
    dropout = martlet.layers.Dropout(0.5, name="drop")
    assert dropout(image, training=False).shape == (None, 4)
    with pytest.raises(NotImplementedError, match="layer 'drop': training=True in a call on symb"):
        dropout(image, training=True)
    model = martlet.Model(image, dropout(image), name="inner")
    with pytest.raises(NotImplementedError, match="layer 'inner': training=True in a call on symb"):
        model(image, training=True)
