"""CIFAR-10: small colour photographs of 32 by 32 pixels."""

from __future__ import annotations

import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from ._files import Source, Splits, fetch, find, from_npz

_SOURCE = Source(
    "cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)
_FOLDER = "cifar-10-batches-py"
_BATCHES = [*(f"data_batch_{index}" for index in range(1, 6)), "test_batch"]

#: Names of the classes, by label.
CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


def load_data() -> Splits:
    """The CIFAR-10 photographs.

    Looks for ``cifar10.npz`` in the form of Keras's ``mnist.npz``, then for the original:
    ``cifar-10-python.tar.gz``, also under the names that Keras gives it, or the folder
    ``cifar-10-batches-py`` that it contains.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images as uint8 of shapes ``(50000, 32, 32, 3)`` and ``(10000, 32, 32, 3)``, red, green,
        blue, with values from 0 to 255; labels as uint8 of shape ``(samples, 1)``, see `CLASSES`.

    Raises
    ------
    OSError
        If the file is not here and cannot be downloaded; the message says where to put it.

    References
    ----------
    Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images.
    """
    archive = find(["cifar10.npz"])
    if archive is not None:
        return from_npz(archive)
    found = find(
        [
            f"cifar-10-batches-py-target/{_FOLDER}",
            _FOLDER,
            _SOURCE.name,
            "cifar-10-batches-py.tar.gz",
            "cifar-10-batches-py-target_archive",
        ]
    )
    found = found or fetch(_SOURCE)
    if found.is_dir():
        return _assembled(lambda name: (found / name).open("rb"))
    with tarfile.open(found) as tar:
        return _assembled(lambda name: _member(tar, found, name))


def _member(tar: tarfile.TarFile, path: Path, name: str) -> IO[bytes]:
    try:
        file = tar.extractfile(f"{_FOLDER}/{name}")
    except KeyError:
        file = None
    if file is None:
        raise ValueError(f"{path} lacks {_FOLDER}/{name}")
    return file


def _assembled(opened: Callable[[str], IO[bytes]]) -> Splits:
    images, labels = [], []
    for name in _BATCHES:
        with opened(name) as file:
            batch = _Unpickler(file, encoding="bytes").load()
        planes = batch[b"data"].reshape(-1, 3, 32, 32)
        images.append(planes.transpose(0, 2, 3, 1))
        labels.append(np.array(batch[b"labels"], np.uint8)[:, None])
    train = np.concatenate(images[:-1]), np.concatenate(labels[:-1])
    return train, (np.ascontiguousarray(images[-1]), labels[-1])


class _Unpickler(pickle.Unpickler):
    """Reads arrays, lists and text, and refuses everything that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.zeros(0).__reduce__()[0]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in this data set")
