"""One data set made two, such as one to train on and one to validate with."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from . import _data, _native
from ._batches import is_indexed
from ._dataset import Dataset, as_numpy_parts


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Dataset, Dataset]:
    """The first samples of a data set and the last ones.

    A :class:`martlet.utils.Dataset` is read whole and kept in memory, so that the two parts never
    share a sample, even if each pass brings a new order.

    Parameters
    ----------
    dataset
        An array, a list or tuple of arrays of the same length, a :class:`martlet.utils.Dataset` of
        samples or of batches, or a data set of PyTorch.
    left_size, right_size
        The share of the samples in the part, between 0 and 1, or their number as an integer; None
        in one of them for all the others.
    shuffle
        Whether the samples are mixed first.
    seed
        Fixes their order, which is then that of Keras; None for one of
        :func:`martlet.utils.set_random_seed`.
    preferred_backend
        Accepted; the parts are data sets of Martlet's own.

    Returns
    -------
    tuple of two Dataset
        Of samples: of a list or tuple of arrays, tuples with one of each. Batches become batches of
        the same size.

    Raises
    ------
    TypeError
        If `dataset` is something else, or a size no number.
    ValueError
        If no size is given, a part would be empty, both are larger than the whole, or arrays are
        not equally long.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.utils import split_dataset
    >>> left, right = split_dataset([np.arange(5), np.arange(5) * 10], left_size=0.6)
    >>> len(left), [(int(x), int(y)) for x, y in right]
    (3, [(3, 30), (4, 40)])
    >>> [x.shape for x, y in left.batch(2)]
    [(2,), (1,)]
    """
    if left_size is None and right_size is None:
        raise ValueError("split_dataset: left_size or right_size must be given")
    count, sample = _samples(dataset)
    left, right = _sizes(left_size, right_size, count)
    order = list(range(count))
    if shuffle:
        random.Random(_native.next_random_seed() if seed is None else seed).shuffle(order)

    def part(chosen: list[int]) -> Dataset:
        made = Dataset(lambda: map(sample, chosen), len(chosen))
        if isinstance(dataset, Dataset):
            made.class_names = dataset.class_names
            if dataset.batch_size is not None:
                return made.batch(dataset.batch_size)
        return made

    return part(order[:left]), part(order[count - right :])


def _samples(dataset: Any) -> tuple[int, Callable[[int], Any]]:
    """How many samples there are, and what gives one of them."""
    if isinstance(dataset, Dataset):
        kept = list(dataset if dataset.batch_size is None else dataset.unbatch())
        return len(kept), kept.__getitem__
    if isinstance(dataset, np.ndarray):
        array = _data.has_samples(_data.as_array(dataset, "dataset"), "dataset")
        return len(array), array.__getitem__
    if isinstance(dataset, list | tuple):
        arrays = [
            _data.has_samples(_data.as_array(each, what), what)
            for index, each in enumerate(dataset)
            for what in [f"dataset[{index}]"]
        ]
        if not arrays:
            raise ValueError("split_dataset: dataset is an empty list; give arrays of samples")
        return _data.same_length(dataset=arrays), lambda at: tuple(each[at] for each in arrays)
    if hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__") and not is_indexed(dataset):
        return len(dataset), lambda at: as_numpy_parts(dataset[at])
    raise TypeError(
        "split_dataset: dataset must be an array, a list or tuple of arrays, a "
        f"martlet.utils.Dataset or a data set of PyTorch, got {type(dataset).__name__}"
    )


def _sizes(left: Any, right: Any, count: int) -> tuple[int, int]:
    """Both sizes in samples."""
    wanted = {
        name: _size(size, name, count)
        for name, size in {"left_size": left, "right_size": right}.items()
        if size is not None
    }
    if isinstance(left, float) and isinstance(right, float) and left + right > 1:
        raise ValueError(
            f"split_dataset: left_size={left} and right_size={right} are more than the whole"
        )
    first = wanted.get("left_size", count - wanted.get("right_size", 0))
    last = wanted.get("right_size", count - first)
    if first + last > count:
        raise ValueError(
            f"split_dataset: left_size={left} and right_size={right} take {first + last} samples, "
            f"but there are {count}"
        )
    if not first or not last:
        raise ValueError(
            f"split_dataset: of {count} samples {first} would be left and {last} right; both parts "
            "need at least one"
        )
    return first, last


def _size(size: Any, name: str, count: int) -> int:
    if isinstance(size, bool) or not isinstance(size, int | float | np.integer | np.floating):
        raise TypeError(f"split_dataset: {name} must be a number, got {size!r}")
    is_share = isinstance(size, float | np.floating)
    if not 0 < size < (1 if is_share else count):
        raise ValueError(
            f"split_dataset: {name} must be a share between 0 and 1 or a number of samples from 1 "
            f"to {count - 1}, got {size!r}"
        )
    return round(float(size) * count) if is_share else int(size)
