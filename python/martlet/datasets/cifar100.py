"""CIFAR-100: small colour photographs of 32 by 32 pixels in a hundred classes."""

from __future__ import annotations

import numpy as np

from .._errors import unknown_name
from ._cifar import Archive, images, labels
from ._files import Source, Splits

_ARCHIVE = Archive(
    Source(
        "cifar-100-python.tar.gz",
        "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    ),
    "cifar-100-python",
    "cifar-100-python-target",
)


def load_data(label_mode: str = "fine") -> Splits:
    """The CIFAR-100 photographs.

    Looks for ``cifar-100-python.tar.gz``, also under the names that Keras gives it, or the folder
    ``cifar-100-python`` that it contains.

    Parameters
    ----------
    label_mode
        ``"fine"`` for a hundred classes, ``"coarse"`` for the twenty that they belong to.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images as uint8 of shapes ``(50000, 32, 32, 3)`` and ``(10000, 32, 32, 3)``, red, green,
        blue, with values from 0 to 255; labels as uint8 of shape ``(samples, 1)``.

    Raises
    ------
    ValueError
        If `label_mode` is unknown.
    OSError
        If the file is not here and cannot be downloaded; the message says where to put it.

    References
    ----------
    Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images.
    """
    if label_mode not in ("fine", "coarse"):
        raise unknown_name("label_mode", label_mode, ["fine", "coarse"])
    key = f"{label_mode}_labels".encode()
    train, test = (
        (np.ascontiguousarray(images(batch)), labels(batch, key))
        for batch in _ARCHIVE.batches(["train", "test"])
    )
    return train, test
