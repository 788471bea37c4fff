"""Handwritten digits in Python: trains a network on pictures, stores it, loads it, and asks it
about pictures that it has not seen.

    python digits.py FOLDER digits.safetensors

FOLDER holds MNIST's four files, or smaller ones that examples/make_digits.py writes. A model's file
that is there already is only loaded: it may come from the same program in another language. After
the same seed all of them find the same losses, which stand here in hexadecimal, too, for nothing to
be rounded away.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np

import martlet as keras
from martlet import layers

EPOCHS, BATCH_SIZE = 8, 32


def read_idx(path: Path) -> np.ndarray:
    """Two zero bytes, the type (8: bytes), the number of axes; extents, big-endian; the values."""
    content = path.read_bytes()
    kind, axes = struct.unpack_from(">2x2B", content)
    if kind != 8:
        raise ValueError(f"{path} holds no bytes")
    shape = struct.unpack_from(f">{axes}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def read_pictures(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    images = read_idx(folder / f"{part}-images.idx3-ubyte")
    # Images are channels last.
    return images[..., None], read_idx(folder / f"{part}-labels.idx1-ubyte")


def make_model(picture_shape: tuple[int, ...]) -> keras.Model:
    picture = keras.Input(picture_shape, name="picture")
    x = layers.Rescaling(1 / 255)(picture)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(10, activation="softmax")(x)
    model = keras.Model(picture, x, name="digits")
    model.compile(
        keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


class ShowProgress(keras.callbacks.Callback):
    """Draws over the line of the batch before."""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        line = f"epoch {self.epoch}/{EPOCHS}: batch {batch + 1} of {self.params['steps']}"
        print(f"\r{line}, loss {logs['loss']:.4f}", end="", flush=True)

    def on_epoch_end(self, epoch, logs=None):
        loss, accuracy = logs["loss"], logs["accuracy"]
        line = f"epoch {self.epoch}/{EPOCHS}: loss {loss:.4f} ({loss.hex()})"
        print(f"\r{line}, accuracy {accuracy:.4f}")


def test(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> None:
    probabilities = model.predict(images, verbose=0)
    right = int((probabilities.argmax(axis=1) == labels).sum())
    sure = 0.0
    # One by one, as the other programs do: a sum in another order has other last bits.
    for given, label in zip(probabilities, labels, strict=True):
        sure += float(given[label])
    mean = sure / len(labels)
    print(
        f"{right} of {len(labels)} test pictures are told right: "
        f"accuracy {right / len(labels):.4f}, mean probability {mean:.4f} ({mean.hex()})"
    )


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: digits.py FOLDER MODEL.safetensors")
    folder, path = map(Path, sys.argv[1:])
    if path.exists():
        print(f"{path} is there already and not trained again")
    else:
        images, labels = read_pictures(folder, "train")
        keras.utils.set_random_seed(7)
        model = make_model(images.shape[1:])
        model.fit(
            images,
            labels,
            batch_size=BATCH_SIZE,
            epochs=EPOCHS,
            verbose=0,
            callbacks=[ShowProgress()],
        )
        model.save(path)
    test(keras.models.load_model(path), *read_pictures(folder, "test"))


if __name__ == "__main__":
    main()
