"""Memory and processes: nothing grows, nothing hangs."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import martlet
from martlet import layers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def resident_mb() -> float:
    """Memory that the process has now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def use_a_model(x: np.ndarray, y: np.ndarray) -> None:
    """Builds, trains, asks and drops a model."""
    model = martlet.Sequential(
        [
            martlet.Input((12, 12, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, verbose=0)
    model.predict(x, verbose=0)
    model(x)
    model.layers[0](x)


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """64 pictures of noise."""
    return np.random.default_rng(0).random((64, 12, 12, 1), np.float32), np.arange(64) % 5


def test_memory_does_not_grow_with_models(pictures):
    for _ in range(10):
        use_a_model(*pictures)
    before = resident_mb()
    for _ in range(200):
        use_a_model(*pictures)
    assert resident_mb() - before < 5


def test_bytes_are_not_copied_whole():
    x = np.zeros((200_000, 28, 28), np.uint8)  # 150 MB, of which a copy as floats would be 600
    x[:] = 1
    y = np.zeros(len(x), np.uint8)
    model = martlet.Sequential(
        [martlet.Input((28, 28, 1)), layers.Flatten(), layers.Dense(2, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = resident_mb()
    model.fit(x, y, batch_size=1000, validation_split=0.1, verbose=0)
    assert resident_mb() - before < 40


FORK = """
import os
import numpy as np
import martlet

# Large enough for threads to share the work.
model = martlet.Sequential([martlet.Input((2000,)), martlet.layers.Dense(500)])
model.compile(martlet.optimizers.SGD(1e-4), "mse")
x, y = np.ones((64, 2000), np.float32), np.ones((64, 500), np.float32)
model.fit(x, y, verbose=0)
child = os.fork()
model.fit(x, y, verbose=0)
assert np.isfinite(model.predict(x, verbose=0)).all()
if child == 0:
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("both")
"""


def test_a_forked_process_computes_on():
    # In a process of its own: the peer in this one dislikes forks.
    command = [sys.executable, "-W", "ignore", "-c", FORK]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.stdout == "both\n", result.stderr
