"""The same seed gives the same bits, whatever the number of threads."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from conftest import ROOT

import martlet
from martlet import layers

sys.path.insert(0, str(ROOT / "benchmarks"))

from networks import NETWORKS
from sides.keras_like import Martlet


def trained(threads: int, seed: int = 5) -> tuple[list[np.ndarray], list[float]]:
    """Weights and losses of a network that uses everything with random numbers or sums.

    It is large enough for every part of a step to be worth sharing.
    """
    martlet.config.set_num_threads(threads)
    martlet.utils.set_random_seed(seed)
    model = martlet.Sequential(
        [
            martlet.Input((24, 24, 1)),
            layers.Rescaling(1 / 16),
            layers.GaussianNoise(0.1),
            layers.Conv2D(24, 3, padding="same", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="tanh", activity_regularizer="l2"),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.SeparableConv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2DTranspose(32, 2, activation="tanh"),
            layers.SpatialDropout2D(0.1),
            layers.Permute((3, 1, 2)),
            layers.Conv2D(16, 3, activation="silu", data_format="channels_first"),
            layers.PReLU(shared_axes=[2, 3], alpha_regularizer="l1"),
            layers.GroupNormalization(groups=4, axis=1),
            layers.UpSampling2D(interpolation="bilinear"),
            layers.LayerNormalization(axis=[1, 3]),
            layers.Cropping2D(3),
            layers.RMSNormalization(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(50, activation="relu", kernel_constraint="max_norm"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    (x, y), _ = martlet.datasets.digits.load_data()
    x = x[:200].repeat(3, axis=1).repeat(3, axis=2)
    history = model.fit(x, y[:200], epochs=2, batch_size=37, verbose=0)
    predictions = model.predict(x[:100], verbose=0)
    return [*model.get_weights(), predictions], history.history["loss"]


def test_any_number_of_threads_gives_the_same_bits():
    expected, losses = trained(1)
    for threads in (2, 3, 7):
        found, found_losses = trained(threads)
        assert found_losses == losses
        for a, b in zip(found, expected, strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_reference_networks_give_the_same_bits_on_any_number_of_threads(name):
    network = NETWORKS[name]
    # The last batch is not full.
    x, y = network.data(network.batch * 3 // 2)

    def trained(threads: int) -> list[bytes]:
        side = Martlet(threads, "float32")
        side.build(network, None)
        side.fit((x, y), network.batch, 1)
        arrays = [*side.model.get_weights(), side.predict((x[:40], y), 32)]
        return [array.tobytes() for array in arrays]

    expected = trained(1)
    for threads in (2, 3, 5):
        assert trained(threads) == expected, f"{threads} threads"


def test_again_gives_the_same_bits():
    (first, _), (second, _) = trained(2), trained(2)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


def test_another_seed_gives_other_numbers():
    assert trained(2, seed=5)[1] != trained(2, seed=6)[1]


def test_the_seed_also_starts_python_and_numpy():
    import random

    def draw():
        martlet.utils.set_random_seed(11)
        return random.random(), np.random.rand()

    assert draw() == draw()


@pytest.mark.parametrize("seed", [0, 2**32 - 1, np.int64(7)])
def test_seeds_of_every_size(seed):
    martlet.utils.set_random_seed(seed)
