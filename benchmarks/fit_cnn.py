"""`fit` of a small convolutional network: Martlet against Keras on TensorFlow and PyTorch.

The network of many first courses: Conv2D 32 3x3, pooling, Conv2D 64 3x3, pooling, Dense 128,
Dense 10, Adam, batches of 32, pictures of 28x28. The frameworks take turns, each in a process of
its own with the same number of threads; every process first shows that its network learns, then
times epochs. The figure of a framework is the median over its turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable

import numpy as np

SAMPLES = 6400
BATCH = 32
CLASSES = 10

# Exit status of a turn whose framework cannot be imported.
NOT_THERE = 3


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Ten patterns among noise: easy to learn, and the same for everybody."""
    random = np.random.default_rng(0)
    patterns = random.random((CLASSES, 28, 28, 1), dtype=np.float32)
    labels = random.integers(0, CLASSES, SAMPLES)
    noise = random.random((SAMPLES, 28, 28, 1), dtype=np.float32)
    return 0.5 * patterns[labels] + 0.5 * noise, labels.astype(np.int32)


def with_keras(module: str, threads: int) -> Callable[[], float]:
    """An epoch of Martlet or Keras; returns its accuracy."""
    if module == "martlet":
        import martlet as keras

        keras.config.set_num_threads(threads)
    else:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        import keras
    layers = keras.layers
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = pictures()

    def epoch() -> float:
        history = model.fit(x, y, batch_size=BATCH, verbose=0)
        return history.history["accuracy"][-1]

    return epoch


def with_torch(threads: int) -> Callable[[], float]:
    """An epoch of the loop that PyTorch's tutorials show; returns its accuracy."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1600, 128),
        nn.ReLU(),
        nn.Linear(128, CLASSES),
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-7)
    entropy = nn.CrossEntropyLoss()
    x, y = pictures()
    images = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
    labels = torch.from_numpy(y.astype(np.int64))

    def epoch() -> float:
        right = 0
        order = torch.randperm(SAMPLES)
        for start in range(0, SAMPLES, BATCH):
            chosen = order[start : start + BATCH]
            logits = model(images[chosen])
            loss = entropy(logits, labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            right += int((logits.argmax(1) == labels[chosen]).sum())
        return right / SAMPLES

    return epoch


def measure(name: str, threads: int, seconds: float) -> None:
    """One turn of one framework; prints its figures as JSON."""
    try:
        epoch = with_torch(threads) if name == "torch" else with_keras(name, threads)
    except Exception as error:  # an installation may be broken in many ways
        traceback.print_exc()
        sys.exit(NOT_THERE if isinstance(error, ImportError) else 1)
    accuracy = max(epoch() for _ in range(2))  # also the warming up
    if accuracy < 0.95:
        sys.exit(f"{name} does not learn: accuracy {accuracy:.3f}")
    rates, begin = [], time.perf_counter()
    while time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        epoch()
        rates.append(SAMPLES / (time.perf_counter() - start))
    print(json.dumps({"rate": statistics.median(rates), "accuracy": accuracy}))


def turn(python: str, name: str, threads: int, seconds: float) -> float | None:
    """Runs `measure` in a process of its own; None if the framework is not there."""
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "OMP_NUM_THREADS": str(threads),
        "CUDA_VISIBLE_DEVICES": "",
    }
    command = [python, __file__, "--measure", name, "--threads", str(threads)]
    command += ["--seconds", str(seconds)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    if run.returncode == 0:
        return json.loads(run.stdout.splitlines()[-1])["rate"]
    if run.returncode == NOT_THERE:
        return None
    sys.exit(f"{name} failed:\n{run.stderr[-2000:]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras-python", default=sys.executable, help="interpreter with Keras")
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter with PyTorch")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0, help="per turn")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.threads, arguments.seconds)
        return
    interpreters = {
        "martlet": sys.executable,
        "keras": arguments.keras_python,
        "torch": arguments.torch_python,
    }
    labels = {"martlet": "Martlet", "keras": "Keras on TensorFlow", "torch": "PyTorch"}
    rates: dict[str, list[float]] = {}
    absent = set()
    for _ in range(arguments.turns):
        for name, python in interpreters.items():
            if name in absent:
                continue
            found = turn(python, name, arguments.threads, arguments.seconds)
            if found is None:
                absent.add(name)
            else:
                rates.setdefault(name, []).append(found)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"{arguments.threads} threads, batch {BATCH}, samples per second:")
    for name, rate in medians.items():
        spread = ", ".join(f"{value:,.0f}" for value in rates[name])
        print(f"  {labels[name]:20} {rate:9,.0f}   ({spread})")
    for name in sorted(absent):
        print(f"  {labels[name]:20} is not installed; README.md beside this file says how")
    for name, rate in medians.items():
        if name != "martlet":
            print(f"Martlet / {labels[name]}: {medians['martlet'] / rate:.2f}")


if __name__ == "__main__":
    main()
