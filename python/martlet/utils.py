"""Small helpers."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _data, _native
from ._batches import PyDataset as PyDataset
from ._batches import Sequence as Sequence
from ._dataset import Dataset as Dataset
from ._dataset import image_dataset_from_directory as image_dataset_from_directory
from ._images import array_to_img as array_to_img
from ._images import img_to_array as img_to_array
from ._images import load_img as load_img
from ._images import save_img as save_img


def set_random_seed(seed: int) -> None:
    """Starts all randomness afresh: Python's, NumPy's, and that of weights, shuffling and dropout.

    After the same seed the same program computes the same numbers, bit by bit, whatever the
    number of threads.

    Parameters
    ----------
    seed
        From 0 to 2**32 - 1.

    Raises
    ------
    ValueError
        If the seed is out of range.
    """
    import random

    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer from 0 to 2**32 - 1, got {seed!r}")
    random.seed(int(seed))
    np.random.seed(int(seed))  # the generator that users' own code shuffles with
    _native.set_random_seed(int(seed))


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers as one-hot rows.

    Parameters
    ----------
    x
        Class numbers from 0 up, of any shape; a last axis of 1 is dropped.
    num_classes
        Length of a row; None for the largest number + 1.

    Returns
    -------
    numpy.ndarray
        float64, with the classes as a new last axis.

    Raises
    ------
    ValueError
        If a number is negative or not below `num_classes`.

    Examples
    --------
    >>> from martlet.utils import to_categorical
    >>> to_categorical([0, 2], num_classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = _data.as_array(x, "x").astype(np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        if labels.size == 0:
            raise ValueError("to_categorical: x is empty, so num_classes must be given")
        num_classes = int(labels.max()) + 1
    wrong = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if wrong.size:
        index = np.unravel_index(wrong[0], labels.shape)
        where = ", ".join(str(axis) for axis in index)
        raise ValueError(
            f"to_categorical: x[{where}] is {labels[index]}, expected 0 to {num_classes - 1}"
        )
    one_hot = np.zeros((*labels.shape, num_classes))
    np.put_along_axis(one_hot, labels[..., None], 1.0, axis=-1)
    return one_hot
