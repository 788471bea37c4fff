"""Small helpers."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _data, _randomness
from ._batches import PyDataset as PyDataset
from ._batches import Sequence as Sequence
from ._dataset import Dataset as Dataset
from ._dataset import image_dataset_from_directory as image_dataset_from_directory
from ._download import get_file as get_file
from ._images import array_to_img as array_to_img
from ._images import img_to_array as img_to_array
from ._images import load_img as load_img
from ._images import save_img as save_img
from ._plot_model import plot_model as plot_model
from ._progbar import Progbar as Progbar
from ._serialization import custom_object_scope as custom_object_scope
from ._serialization import deserialize_keras_object as deserialize_keras_object
from ._serialization import get_custom_objects as get_custom_objects
from ._serialization import get_registered_name as get_registered_name
from ._serialization import get_registered_object as get_registered_object
from ._serialization import register_keras_serializable as register_keras_serializable
from ._serialization import serialize_keras_object as serialize_keras_object
from ._splitting import split_dataset as split_dataset
from .backend import clear_session as clear_session

CustomObjectScope = custom_object_scope


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
    _randomness.restart(int(seed))


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


def normalize(x: Any, axis: int = -1, order: float = 2) -> np.ndarray:
    """Vectors along an axis, divided by their length.

    Parameters
    ----------
    x
        An array.
    axis
        The axis that the vectors lie along.
    order
        Of the norm that is the length: 2 for Euclid's, 1 for the sum of magnitudes.

    Returns
    -------
    numpy.ndarray
        Of the same shape; vectors of length 0 stay.

    Examples
    --------
    >>> from martlet.utils import normalize
    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    array = _data.as_array(x, "x")
    length = np.linalg.norm(array, order, axis, keepdims=True)
    return array / np.where(length == 0, 1, length)
