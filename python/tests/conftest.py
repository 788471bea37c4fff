"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

# Before any test imports Keras.
os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np
import pytest

import martlet

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def fresh_start():
    """The same names, classes and random numbers for every test, whatever ran before."""
    martlet.backend.clear_session()
    martlet.utils.set_random_seed(1)
    martlet.utils.get_custom_objects().clear()
    yield
    martlet.config.set_num_threads(0)
    martlet.config.set_matmul_precision("highest")


@pytest.fixture
def data_folder() -> Path:
    """Folder with larger data sets beside the repository; the test is skipped without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no folder ../shared/data")
    return folder


@pytest.fixture
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """120 points around three centres, and which centre."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 120)
    centres = np.array([[2.0, 0.0], [-2.0, 1.0], [0.0, -2.0]])
    points = centres[labels] + random.normal(0, 0.4, (120, 2))
    return points.astype(np.float32), labels


@pytest.fixture
def classifier():
    """A compiled model for the blobs."""
    model = martlet.Sequential(
        [
            martlet.Input((2,), name="point"),
            martlet.layers.Dense(8, activation="relu", name="hidden"),
            martlet.layers.Dense(3, activation="softmax", name="answer"),
        ]
    )
    optimizer = martlet.optimizers.Adam(0.01)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
