"""CIFAR-10: small colour photographs of 32 by 32 pixels."""

from __future__ import annotations

import numpy as np

from ._cifar import Archive, images, labels
from ._files import Source, Splits, find, from_npz

_ARCHIVE = Archive(
    Source(
        "cifar-10-python.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    "cifar-10-batches-py",
    "cifar-10-batches-py-target",
)
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
    batches = _ARCHIVE.batches(_BATCHES)
    x, y = [images(each) for each in batches], [labels(each, b"labels") for each in batches]
    train = np.concatenate(x[:-1]), np.concatenate(y[:-1])
    return train, (np.ascontiguousarray(x[-1]), y[-1])
