"""Trains a small convolutional network on handwritten digits and draws what it learned.

Run by `make demo`. The digits come with the package: 1,797 pictures of 8 by 8 points, of which 359
are kept for testing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import martlet as keras
from martlet import layers

OUTPUT = Path("demo")


def build() -> keras.Sequential:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 16),
            layers.Conv2D(32, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(64, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ],
        name="digits",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def print_confusion(labels: np.ndarray, predicted: np.ndarray) -> None:
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (labels, predicted), 1)
    print("Confusion matrix: a row per digit, a column per answer")
    print("     " + " ".join(f"{digit:3d}" for digit in range(10)))
    for digit, row in enumerate(counts):
        print(f"  {digit}: " + " ".join(f"{count:3d}" if count else "  ." for count in row))


def draw(history: dict[str, list[float]], images: np.ndarray, labels: np.ndarray, probabilities):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    OUTPUT.mkdir(exist_ok=True)
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, key in zip(axes, ["loss", "accuracy"], strict=True):
        axis.plot(history[key], label="training")
        axis.plot(history[f"val_{key}"], label="test")
        axis.set(xlabel="epoch", title=key)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(OUTPUT / "learning_curves.png", dpi=120)

    # The answers the network is least sure of tell most.
    chosen = np.argsort(probabilities.max(axis=1))[:20]
    figure, axes = pyplot.subplots(4, 5, figsize=(7, 6.4), layout="constrained")
    for axis, index in zip(axes.flat, chosen, strict=True):
        answer = probabilities[index].argmax()
        axis.imshow(images[index], cmap="gray_r")
        axis.set_title(
            f"{answer} ({probabilities[index].max():.0%})",
            color="black" if answer == labels[index] else "crimson",
            fontsize=10,
        )
        axis.axis("off")
    figure.suptitle("The 20 answers it is least sure of; wrong ones in red")
    figure.savefig(OUTPUT / "predictions.png", dpi=120)


def main() -> None:
    keras.utils.set_random_seed(7)
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    model = build()
    model.summary()
    history = model.fit(
        x_train, y_train, batch_size=32, epochs=15, validation_data=(x_test, y_test)
    )
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    probabilities = model.predict(x_test, verbose=0)
    print(f"\nTest accuracy: {accuracy:.4f}\n")
    print_confusion(y_test, probabilities.argmax(axis=1))
    draw(history.history, x_test, y_test, probabilities)
    print(f"\nSee {OUTPUT}/learning_curves.png and {OUTPUT}/predictions.png")


if __name__ == "__main__":
    main()
