"""Peak memory of `fit` beside its data: a small convolutional network on 60,000 uint8 pictures."""

from __future__ import annotations

import resource
import sys

import numpy as np

import martlet as keras
from martlet import layers

LIMIT_MB = 100


def peak_mb() -> float:
    """Most memory that this process has had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main() -> None:
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (60_000, 28, 28, 1), dtype=np.uint8)
    y = random.integers(0, 10, 60_000, dtype=np.uint8)
    data = (x.nbytes + y.nbytes) / 2**20
    start = peak_mb() - data
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=32, verbose=0)
    first = peak_mb() - data
    model.fit(x, y, batch_size=32, verbose=0)
    second = peak_mb() - data
    print(
        f"beside {data:.0f} MB of data: {start:.0f} MB at the start, {first:.0f} MB after fit, "
        f"{second:.0f} MB after another (limit {LIMIT_MB} MB)"
    )
    if second > LIMIT_MB:
        sys.exit("too much")


if __name__ == "__main__":
    main()
