"""Fashion-MNIST: pieces of clothing of 28 by 28 pixels."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from ._files import Source, Splits, find, find_or_fetch, from_npz

_HOME = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_HASHES = {
    "train-images-idx3": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}

#: Names of the classes, by label.
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def load_data() -> Splits:
    """The Fashion-MNIST pictures.

    Looks for ``fashion_mnist.npz`` in the form of Keras's ``mnist.npz``, then for the four
    files of the original in a folder ``fashion-mnist``.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images as uint8 of shapes ``(60000, 28, 28)`` and ``(10000, 28, 28)`` with values from 0
        to 255; labels as uint8, see `CLASSES`.

    Raises
    ------
    OSError
        If a file is not here and cannot be downloaded; the message says where to put it.

    References
    ----------
    Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747 (MIT licence, Zalando SE).
    """
    archive = find(["fashion_mnist.npz"])
    if archive is not None:
        return from_npz(archive)
    arrays = [_read(find_or_fetch(_source(stem, digest))) for stem, digest in _HASHES.items()]
    return (arrays[0], arrays[1]), (arrays[2], arrays[3])


def _source(stem: str, digest: str) -> Source:
    # MNIST's own files have the same names, so these are kept in a folder.
    name = f"{stem}-ubyte.gz"
    return Source(f"fashion-mnist/{name}", _HOME + name, digest)


def _read(path: Path) -> np.ndarray:
    """An array in the IDX format: magic number with the rank, extents, bytes."""
    with gzip.open(path, "rb") as file:
        content = file.read()
    rank = content[3]
    shape = np.frombuffer(content, ">u4", rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)
