"""MNIST: handwritten digits of 28 by 28 pixels."""

from __future__ import annotations

from ._files import Source, Splits, find_or_fetch, from_npz

_SOURCE = Source(
    "mnist.npz",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)


def load_data(path: str = "mnist.npz") -> Splits:
    """The MNIST digits.

    Parameters
    ----------
    path
        Name of the file, in the folders where it is looked for.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images as uint8 of shapes ``(60000, 28, 28)`` and ``(10000, 28, 28)``, white on black with
        values from 0 to 255; labels as uint8.

    Raises
    ------
    OSError
        If the file is not here and cannot be downloaded; the message says where to put it.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner 1998, doi:10.1109/5.726791.
    """
    return from_npz(find_or_fetch(_SOURCE._replace(name=path)))
