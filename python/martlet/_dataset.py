"""Data sets that are made on the way: files to batches, and what may happen to them in between."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from . import _native
from ._batches import ahead, as_numpy
from ._errors import not_supported, unknown_name
from ._images import COLOR_MODES, _channels_first, _mode, _size, opened

#: Endings of the files that count as images.
IMAGE_FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_INTERPOLATIONS = ("nearest", "bilinear")


class Dataset:
    """Elements one after the other, made anew each time it is gone through.

    An element is an array or a tuple of arrays, such as a batch ``(images, labels)``. The methods
    give new data sets and leave this one as it is.

    Attributes
    ----------
    class_names : list of str or None
        Names of the classes by label.
    file_paths : list of str or None
        The files it was made of.
    batch_size : int or None
        Samples of an element, if the elements are batches made by `batch`; the last one may be
        smaller.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.utils import Dataset
    >>> data = Dataset(lambda: iter([np.ones(2), np.zeros(2)]), length=2)
    >>> for x in data.map(lambda x: x * 10).take(1):
    ...     print(x)
    [10. 10.]
    """

    def __init__(
        self,
        make: Callable[[], Iterator[Any]],
        length: int | None = None,
        class_names: list[str] | None = None,
        file_paths: list[str] | None = None,
    ) -> None:
        self._make, self._count = make, length
        self.class_names, self.file_paths = class_names, file_paths
        self.batch_size: int | None = None

    def __iter__(self) -> Iterator[Any]:
        return self._make()

    def __len__(self) -> int:
        if self._count is None:
            raise TypeError("the length of this data set shows only when it has been gone through")
        return self._count

    def __repr__(self) -> str:
        count = "?" if self._count is None else f"{self._count}"
        return f"<Dataset of {count} elements>"

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements; they are arrays of NumPy anyway."""
        return iter(self)

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: Any = None,
    ) -> Dataset:
        """A function of each element; of a tuple it gets the parts as arguments.

        Parameters
        ----------
        map_func
            Such as ``lambda x, y: (augment(x, training=True), y)``.
        num_parallel_calls, deterministic
            Accepted: elements are made ahead of their use, always in the same order.
        """

        def mapped(element: Any) -> Any:
            return as_numpy_parts(
                map_func(*element) if isinstance(element, tuple) else map_func(element)
            )

        return self._of(lambda: map(mapped, self), self._count)

    def take(self, count: int) -> Dataset:
        """The first elements; all of them for -1."""
        if count == -1:
            return self
        length = None if self._count is None else min(count, self._count)
        return self._of(lambda: itertools.islice(self, count), length)

    def skip(self, count: int) -> Dataset:
        """All but the first elements."""
        length = None if self._count is None else max(self._count - count, 0)
        return self._of(lambda: itertools.islice(self, count, None), length)

    def batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset:
        """Elements put together under a new first axis; the last batch may be smaller.

        Parameters
        ----------
        batch_size
            Elements of a batch.
        drop_remainder
            Whether a smaller last batch is left out.
        """

        def batches() -> Iterator[Any]:
            elements = iter(self)
            while part := list(itertools.islice(elements, batch_size)):
                if len(part) == batch_size or not drop_remainder:
                    yield _stacked(part)

        length = None
        if self._count is not None:
            length = self._count // batch_size
            if not drop_remainder and self._count % batch_size:
                length += 1
        made = self._of(batches, length)
        made.batch_size = batch_size
        return made

    def unbatch(self) -> Dataset:
        """The samples of batches one by one."""

        def samples() -> Iterator[Any]:
            for batch in self:
                if isinstance(batch, tuple):
                    yield from zip(*batch, strict=True)
                else:
                    yield from batch

        made = self._of(samples, None)
        made.batch_size = None
        return made

    def shuffle(self, buffer_size: int, seed: int | None = None, **_other: Any) -> Dataset:
        """The elements in a new order each time.

        Parameters
        ----------
        buffer_size
            From how many that wait the next one is drawn. No less than there are elements, every
            order has the same chance.
        seed
            Fixes the orders; None for those of :func:`martlet.utils.set_random_seed`.
        """
        passes = itertools.count()

        def shuffled() -> Iterator[Any]:
            start = _native.next_random_seed() if seed is None else [seed, next(passes)]
            random = np.random.default_rng(start)
            waiting: list[Any] = []
            for element in self:
                waiting.append(element)
                if len(waiting) >= buffer_size:
                    yield _drawn(waiting, random)
            while waiting:
                yield _drawn(waiting, random)

        return self._of(shuffled, self._count)

    def repeat(self, count: int | None = None) -> Dataset:
        """The elements again and again; without an end for None and -1."""
        if count in (None, -1):

            def endless() -> Iterator[Any]:
                while True:
                    yield from self

            return self._of(endless, None)
        times = int(count or 0)
        length = None if self._count is None else self._count * times
        return self._of(lambda: itertools.chain.from_iterable(self for _ in range(times)), length)

    def cache(self, filename: str = "") -> Dataset:
        """Keeps the elements in memory once it has been gone through to the end.

        Parameters
        ----------
        filename
            Must be empty: files are not written.
        """
        if filename:
            not_supported(f"Dataset.cache: filename={filename!r}")
        kept: list[Any] = []
        whole = threading.Event()

        def elements() -> Iterator[Any]:
            if whole.is_set():
                yield from kept
                return
            seen = []
            for element in self:
                seen.append(element)
                yield element
            kept[:] = seen
            whole.set()

        return self._of(elements, self._count)

    def prefetch(self, buffer_size: int = -1) -> Dataset:
        """The data set itself: `fit` makes the next batch while one trains in any case."""
        return self

    def _of(self, make: Callable[[], Iterator[Any]], length: int | None) -> Dataset:
        made = Dataset(make, length, self.class_names)
        made.batch_size = self.batch_size
        return made


def as_numpy_parts(element: Any) -> Any:
    """An element with tensors of other libraries as arrays."""
    if isinstance(element, tuple | list):
        return tuple(as_numpy(part) for part in element)
    return as_numpy(element)


def _stacked(elements: list[Any]) -> Any:
    if isinstance(elements[0], tuple):
        return tuple(np.stack(parts) for parts in zip(*elements, strict=True))
    return np.stack(elements)


def _drawn(waiting: list[Any], random: np.random.Generator) -> Any:
    index = int(random.integers(len(waiting)))
    waiting[index], waiting[-1] = waiting[-1], waiting[index]
    return waiting.pop()


# ---- Folders of images -----------------------------------------------------------------------


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """A data set of the images in a folder, with a subfolder for each class.

    Files are decoded by threads ahead of their use, each time the data set is gone through. What
    `fit` takes in each epoch comes in a new order, if `shuffle` is set.

    Parameters
    ----------
    directory
        The folder. Files ending in bmp, gif, jpeg, jpg and png count; names that begin with a dot
        do not.
    labels
        ``"inferred"``: the subfolders in alphabetical order. None: no labels. Or a list of class
        numbers, one for each file in the order of their paths.
    label_mode
        ``"int"``: int32 of shape ``(batch,)``; ``"categorical"``: one-hot float32;
        ``"binary"``: float32 of shape ``(batch, 1)``, for two classes; None: no labels.
    class_names
        The subfolders to use, in the order of their labels; None for all.
    color_mode
        ``"grayscale"``, ``"rgb"`` or ``"rgba"``.
    batch_size
        Images of a batch; None for images one by one.
    image_size
        ``(height, width)`` that all images are brought to.
    shuffle
        Whether files are mixed, once for the whole and again for each pass.
    seed
        Fixes the orders, and with them which files are for validation.
    validation_split
        Share of the files that is kept for validation: the last ones after mixing.
    subset
        ``"training"``, ``"validation"``, or ``"both"`` for a list of the two.
    interpolation
        ``"bilinear"`` or ``"nearest"``.
    follow_links
        Whether links to folders are followed.
    crop_to_aspect_ratio
        Whether the middle of an image is cut to the ratio of `image_size` first.
    pad_to_aspect_ratio
        Whether black is added at two sides to reach that ratio.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    format
        Accepted; the data set is Martlet's own.
    verbose
        Whether to print how many files were found.

    Returns
    -------
    Dataset or list of Dataset
        Batches ``(images, labels)``, or images alone; images are float32 of shape
        ``(batch, height, width, channels)`` with values from 0 to 255.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    FileNotFoundError, ValueError
        If there is no such folder, or no image in it. A file that cannot be read as an image is an
        error when its turn comes; the message names it.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib
    >>> from martlet import utils
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("cats", "dogs"):
    ...     (folder / name).mkdir()
    ...     utils.save_img(folder / name / "1.png", np.random.rand(8, 8, 3))
    >>> data = utils.image_dataset_from_directory(folder, image_size=(4, 4))
    Found 2 files belonging to 2 classes.
    >>> images, labels = next(iter(data))
    >>> images.shape, sorted(labels.tolist()), data.class_names
    ((2, 4, 4, 3), [0, 1], ['cats', 'dogs'])
    """
    _mode(color_mode)
    if label_mode not in ("int", "categorical", "binary", None):
        raise unknown_name("label_mode", label_mode, ["int", "categorical", "binary"])
    if interpolation not in _INTERPOLATIONS:
        raise unknown_name("interpolation", interpolation, _INTERPOLATIONS)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other")
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise ValueError(f"batch_size must be an integer from 1 up or None, got {batch_size!r}")
    _check_split(validation_split, subset, shuffle, seed)
    if labels is None or label_mode is None:
        labels = label_mode = None
    if seed is None:
        seed = int(np.random.randint(10**6))
    paths, numbers, names = _found(os.fspath(directory), labels, class_names, follow_links)
    if label_mode == "binary" and len(names or []) != 2:
        raise ValueError(f"label_mode='binary' needs two classes, got {len(names or [])}: {names}")
    if verbose:
        classes = f" belonging to {len(names)} classes" if names is not None else ""
        print(f"Found {len(paths)} files{classes}.")
    if shuffle:
        order = list(range(len(paths)))
        np.random.RandomState(seed).shuffle(order)
        paths = [paths[index] for index in order]
        numbers = None if numbers is None else numbers[order]
    reader = _Reader(
        _size(image_size, "image_size"),
        color_mode,
        interpolation,
        crop_to_aspect_ratio,
        pad_to_aspect_ratio,
        _channels_first(data_format),
    )

    def made(part: slice, mixed: bool) -> Dataset:
        targets = None if numbers is None else _targets(numbers[part], label_mode, len(names or []))
        return _files(paths[part], targets, reader, batch_size, seed if mixed else None, names)

    if subset is None:
        return made(slice(None), shuffle)
    held_out = int((validation_split or 0) * len(paths))
    if held_out in (0, len(paths)):
        raise ValueError(
            f"validation_split={validation_split} of {len(paths)} files leaves {held_out} for "
            f"validation and {len(paths) - held_out} for training; both need at least one"
        )
    parts = {"training": slice(-held_out), "validation": slice(-held_out, None)}
    wanted = list(parts) if subset == "both" else [subset]
    if verbose:
        for each in wanted:
            print(f"Using {len(paths[parts[each]])} files for {each}.")
    # Whoever asks for the validation part alone may want to mix it; beside the other one it is not.
    made_parts = [
        made(parts[each], shuffle and (subset != "both" or each == "training")) for each in wanted
    ]
    return made_parts if subset == "both" else made_parts[0]


def _check_split(split: Any, subset: Any, shuffle: bool, seed: Any) -> None:
    if split and not 0 < split < 1:
        raise ValueError(f"validation_split must be between 0 and 1, got {split!r}")
    if subset not in ("training", "validation", "both", None):
        raise unknown_name("subset", subset, ["training", "validation", "both"])
    if bool(split) != bool(subset):
        raise ValueError(
            "validation_split and subset must be given together, got "
            f"validation_split={split!r} and subset={subset!r}"
        )
    if split and shuffle and seed is None:
        raise ValueError(
            "validation_split with shuffle=True needs a seed: without one the files for training "
            "and those for validation would be drawn differently and overlap"
        )


def _found(
    folder: str, labels: Any, class_names: Sequence[str] | None, follow_links: bool
) -> tuple[list[str], np.ndarray | None, list[str] | None]:
    """Files, their class numbers, and the names of the classes."""
    expected = "expected one with a subfolder of images for each class"
    if not os.path.isdir(folder):
        kind = "a file" if os.path.exists(folder) else "no folder"
        raise FileNotFoundError(f"{folder} is {kind}; {expected}")
    if isinstance(labels, str) and labels == "inferred":
        subfolders = sorted(
            each.name for each in os.scandir(folder) if each.is_dir() and each.name[0] != "."
        )
        if class_names is not None:
            missing = [name for name in class_names if name not in subfolders]
            if missing:
                raise ValueError(f"class_names: {folder} has {subfolders}, but no {missing}")
            subfolders = list(class_names)
        if not subfolders:
            raise ValueError(
                f"{folder} has no subfolders; {expected}, or labels=None for images without classes"
            )
        per_class = [_image_files(os.path.join(folder, name), follow_links) for name in subfolders]
        numbers = np.repeat(np.arange(len(subfolders)), [len(files) for files in per_class])
        paths = [path for files in per_class for path in files]
        if not paths:
            raise ValueError(f"the subfolders {subfolders} of {folder} hold {_NO_IMAGES}")
        return paths, numbers.astype(np.int32), subfolders
    if class_names is not None:
        raise ValueError(f"class_names go with labels='inferred' only, got labels={labels!r}")
    paths = _image_files(folder, follow_links)
    if not paths:
        raise ValueError(f"{folder} holds {_NO_IMAGES}")
    if labels is None:
        return paths, None, None
    if not isinstance(labels, list | tuple | np.ndarray):
        raise TypeError(f"labels must be 'inferred', None or a list of numbers, got {labels!r}")
    if len(labels) != len(paths):
        raise ValueError(
            f"labels: got {len(labels)} for the {len(paths)} images in {folder}; "
            "every file needs one"
        )
    return paths, np.asarray(labels, np.int32), [str(each) for each in sorted(set(labels))]


_NO_IMAGES = f"no images; files ending in {', '.join(IMAGE_FORMATS)} count"


def _image_files(folder: str, follow_links: bool) -> list[str]:
    per_folder = []
    for root, folders, files in os.walk(folder, followlinks=follow_links):
        folders[:] = [each for each in folders if not each.startswith(".")]
        images = [each for each in files if each.lower().endswith(IMAGE_FORMATS)]
        per_folder.append((root, sorted(each for each in images if not each.startswith("."))))
    return [os.path.join(root, name) for root, names in sorted(per_folder) for name in names]


def _targets(numbers: np.ndarray, label_mode: str | None, classes: int) -> np.ndarray:
    if label_mode == "binary":
        return numbers.astype(np.float32)[:, None]
    if label_mode == "categorical":
        return np.eye(classes, dtype=np.float32)[numbers]
    return numbers


class _Reader:
    """From a file to an array of the wanted size."""

    def __init__(
        self,
        size: tuple[int, int],
        color_mode: str,
        interpolation: str,
        crops: bool,
        pads: bool,
        channels_first: bool,
    ) -> None:
        self._size, self._mode = size, COLOR_MODES[color_mode]
        self._how: dict[str, Any] = {
            "interpolation": interpolation,
            "crop_to_aspect_ratio": crops,
            "pad_to_aspect_ratio": pads,
        }
        self._channels_first = channels_first
        # A layer for each thread, so that none waits for another.
        self._own = threading.local()

    def __call__(self, path: str) -> np.ndarray:
        image = opened(path)
        if image.mode != self._mode:
            image = image.convert(self._mode)
        array = np.asarray(image)
        if array.ndim == 2:
            array = array[..., None]
        array = self._resized(array)
        return np.moveaxis(array, -1, 0) if self._channels_first else array

    def _resized(self, array: np.ndarray) -> np.ndarray:
        if array.shape[:2] == self._size:
            return array.astype(np.float32)
        if not hasattr(self._own, "layer"):
            from .layers import Resizing

            self._own.layer = Resizing(
                *self._size, **self._how, data_format="channels_last", name="resizing_of_files"
            )
        return self._own.layer(array[None])[0]


def _files(
    paths: list[str],
    targets: np.ndarray | None,
    reader: Callable[[str], np.ndarray],
    batch_size: int | None,
    seed: int | None,
    class_names: list[str] | None,
) -> Dataset:
    """The data set of these files; with a seed in a new order for each pass."""
    passes = itertools.count()

    def samples() -> Iterator[Any]:
        order = np.arange(len(paths))
        if seed is not None:
            order = np.random.default_rng([seed, next(passes)]).permutation(len(paths))
        workers = _native.thread_count()
        tasks = (partial(reader, paths[index]) for index in order)
        images = ahead(tasks, workers, 2 * max(batch_size or 1, workers))
        if targets is None:
            yield from images
        else:
            yield from zip(images, targets[order], strict=True)

    data = Dataset(samples, len(paths), class_names)
    if batch_size is not None:
        data = data.batch(batch_size)
    data.file_paths = paths
    return data
