"""Data that comes batch by batch: generators, `PyDataset`, loaders of other libraries.

The next batch is made in a thread while the one before is in use.
"""

from __future__ import annotations

import itertools
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np

from . import _native

Made = TypeVar("Made")
#: Samples, targets and sample weights; None for what a batch does not have.
Batch = tuple[Any, Any, Any]


class PyDataset:
    """Batches by number, for data that does not fit into memory or is made on the way.

    Override ``__len__``, the number of batches, and ``__getitem__``, which gives one as ``(x, y)``
    or ``(x, y, sample_weight)``. `fit` takes them in a new order in every epoch, unless its
    argument `shuffle` is False.

    Parameters
    ----------
    workers
        Threads that make batches ahead of their use. ``__getitem__`` must bear being called by so
        many at once.
    use_multiprocessing
        Accepted; batches are made in threads always.
    max_queue_size
        Most batches that wait to be used.

    Examples
    --------
    >>> import numpy as np, martlet
    >>> class Squares(martlet.utils.PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...
    ...     def __getitem__(self, index):
    ...         x = np.full((2, 1), float(index))
    ...         return x, x**2
    >>> model = martlet.Sequential([martlet.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> len(model.fit(Squares(), epochs=2, verbose=0).epoch)
    2
    """

    # Of the class as well, for subclasses whose constructor does not call this one's.
    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    @property
    def num_batches(self) -> int | None:
        """Number of batches; None for no end, and then `fit` needs `steps_per_epoch`."""
        raise NotImplementedError(f"{type(self).__name__} must define __len__")

    def __len__(self) -> int:
        count = self.num_batches
        if count is None:
            raise TypeError(f"{type(self).__name__} has no end")
        return count

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__")

    def on_epoch_begin(self) -> None:
        """Called by `fit` before each epoch."""

    def on_epoch_end(self) -> None:
        """Called by `fit` after each epoch, before the first batch of the next one is made."""


#: Keras's older name.
Sequence = PyDataset


def is_batches(x: Any, *, may_be_list: bool = False) -> bool:
    """Whether `x` gives batches, and is not itself an array or a structure of arrays.

    Parameters
    ----------
    x
        What `fit` was given.
    may_be_list
        Whether a list of tuples counts: where targets would be missing otherwise.
    """
    if isinstance(x, np.ndarray | dict | str | bytes) or hasattr(x, "__array__"):
        return False
    if isinstance(x, list | tuple):
        return may_be_list and bool(x) and all(isinstance(each, tuple) for each in x)
    return hasattr(x, "__iter__") or is_indexed(x)


def is_indexed(x: Any) -> bool:
    """Whether it is a `PyDataset`, or Keras's own."""
    return isinstance(x, PyDataset) or (
        hasattr(x, "__getitem__") and hasattr(x, "on_epoch_end") and not hasattr(x, "__next__")
    )


class Batches:
    """A source of batches with what `fit` and its relatives need to know about it.

    Parameters
    ----------
    source
        See `is_batches`.
    what
        How to call it in errors: ``"x"`` or ``"validation_data"``.
    steps
        Batches of an epoch, None for all there are. What can begin again does so where it ends
        within an epoch, and goes on in the next epoch where the last one stopped.
    asked
        Name of the argument that `steps` came from.
    epochs
        How often `epoch` will be called.
    shuffle
        Whether batches that have numbers come in a new order each time.
    afresh
        Whether every epoch starts with the first batch, where that is possible.

    Raises
    ------
    ValueError
        If a source that can be gone through once only is meant for several epochs, or one that has
        no end comes without steps.
    """

    def __init__(
        self,
        source: Any,
        what: str = "x",
        *,
        steps: int | None = None,
        asked: str = "steps",
        epochs: int = 1,
        shuffle: bool = False,
        afresh: bool = False,
    ) -> None:
        if steps is not None and (not isinstance(steps, int | np.integer) or steps < 1):
            raise ValueError(f"{asked} must be an integer from 1 up, got {steps!r}")
        self.source, self._what, self._asked = source, what, asked
        self._limit = None if steps is None else int(steps)
        self._epochs, self._epoch = epochs, 0
        self._once = hasattr(source, "__next__")
        self._indexed = is_indexed(source)
        self._shuffle, self._afresh = shuffle, afresh
        self._length = None if self._once else _length(source)
        self._running: Iterator[Any] | None = None
        self._numbers = self._endless_numbers()
        if self._limit is None:
            self._refuse_endless()
        #: Batches of an epoch, None if only going through them will tell.
        self.steps = self._length if self._limit is None else self._limit

    def _refuse_endless(self) -> None:
        kind = type(self.source).__name__
        if _has_no_end(self.source) or (self._indexed and self._length is None):
            raise ValueError(
                f"{self._what} is a {kind} without an end: {self._asked} must say how many batches "
                "to take"
            )
        if self._once and self._epochs > 1:
            raise ValueError(
                f"{self._what} is a {kind}, which can be gone through only once, but is wanted "
                f"{self._epochs} times: give {self._asked}, so that each time takes so many "
                "batches of it, or use a PyDataset or a list of batches"
            )

    @property
    def prefix(self) -> str:
        """What stands in front of errors, where it is not the only data of a call."""
        return "" if self._what == "x" else f"{self._what}: "

    def first(self) -> Batch:
        """The first batch, which the first epoch will still get."""
        if self._indexed:
            return _unpacked(self.source[0], f"{self._what}: batch 1")
        if self._running is None:
            self._running = iter(self.source)
        batch = next(self._running, _END)
        if batch is _END:
            raise self._empty()
        self._running = itertools.chain([batch], self._running)
        return _unpacked(batch, f"{self._what}: batch 1")

    def epoch(self) -> Iterator[Batch]:
        """The batches of an epoch.

        Raises
        ------
        ValueError
            If there are fewer than were asked for, or a batch is no tuple of up to three parts.
        """
        self._epoch += 1
        if self._afresh and not self._once:
            self._running, self._numbers = None, self._endless_numbers()
        workers = max(1, int(getattr(self.source, "workers", 1))) if self._indexed else 1
        depth = min(workers, max(1, int(getattr(self.source, "max_queue_size", 1))))
        done = 0
        for batch in ahead(self._tasks(), workers, depth):
            if batch is _END:
                break
            done += 1
            yield _unpacked(batch, f"{self._what}: batch {done}")
        if done == 0 and self._limit is None:
            raise self._empty()
        if self._limit is not None and done < self._limit:
            raise self._too_short(done)
        self.steps = done

    def _tasks(self) -> Iterator[Callable[[], Any]]:
        """What makes each batch of an epoch."""
        if self._indexed:
            count = self._length if self._limit is None else self._limit
            return (
                partial(self.source.__getitem__, i) for i in itertools.islice(self._numbers, count)
            )
        stream = self._stream()
        return (partial(next, stream, _END) for _ in itertools.repeat(None))

    def _endless_numbers(self) -> Iterator[int]:
        count = self._length
        if count is None:
            yield from itertools.count()
            return
        while True:
            order = np.arange(count)
            if self._shuffle:
                np.random.default_rng(_native.next_random_seed()).shuffle(order)
            yield from map(int, order)

    def _stream(self) -> Iterator[Any]:
        """The batches of an epoch from what is iterated over."""
        # A generator may fill the same arrays again and again.
        kept = _copied if isinstance(self.source, types.GeneratorType) else _as_it_is
        if self._limit is None:
            running = iter(self.source) if self._running is None else self._running
            self._running = None
            yield from map(kept, running)
            return
        for _ in range(self._limit):
            if self._running is None:
                self._running = iter(self.source)
            batch = next(self._running, _END)
            if batch is _END and not self._once:
                self._running = iter(self.source)
                batch = next(self._running, _END)
            if batch is _END:
                return
            yield kept(batch)

    def _empty(self) -> ValueError:
        again = "; it may have been used up before" if self._once else ""
        return ValueError(f"{self._what} ({type(self.source).__name__}) gave no batches{again}")

    def _too_short(self, done: int) -> ValueError:
        total = (self._epoch - 1) * (self._limit or 0) + done
        wanted = (self._limit or 0) * self._epochs
        return ValueError(
            f"{self._what} ended after {total} batches, but {self._asked}={self._limit}"
            + (f" in each of {self._epochs} epochs takes {wanted}" if self._epochs > 1 else "")
            + f"; let it go on for as long as it is asked, or lower {self._asked}"
        )


def ahead(tasks: Iterable[Callable[[], Made]], workers: int = 1, depth: int = 1) -> Iterator[Made]:
    """What the tasks give, in their order, made by threads before it is asked for.

    Parameters
    ----------
    tasks
        Taken one by one. What a task raises is raised in its place.
    workers
        Threads.
    depth
        Most results that wait.
    """
    from concurrent.futures import ThreadPoolExecutor  # which brings a lot

    waiting: deque[Any] = deque()
    pool = ThreadPoolExecutor(workers, "martlet-data")
    try:
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # What runs now is waited for: a generator must not be left running on another thread.
        pool.shutdown(cancel_futures=True)


_END: Any = object()


def _has_no_end(source: Any) -> bool:
    """Whether a source can be seen never to end: endless iterators, generators without a way out.

    A generator function whose loop has no end is compiled to code that never returns.
    """
    if isinstance(source, itertools.cycle | itertools.count):
        return True
    if not isinstance(source, types.GeneratorType):
        return False
    import dis

    return not any(
        each.opname in ("RETURN_VALUE", "RETURN_CONST")
        for each in dis.get_instructions(source.gi_code)
    )


def _length(source: Any) -> int | None:
    try:
        return len(source)
    except TypeError:
        return None


def _unpacked(batch: Any, what: str) -> Batch:
    if not isinstance(batch, list | tuple):
        return as_numpy(batch), None, None
    if not 1 <= len(batch) <= 3:
        raise ValueError(
            f"{what}: expected (x, y) or (x, y, sample_weight), got a "
            f"{type(batch).__name__} of {len(batch)}"
        )
    x, y, weight = (*map(as_numpy, batch), None, None)[:3]
    return x, y, weight


def as_numpy(value: Any) -> Any:
    """Tensors of other libraries as arrays, within lists and dicts; all else as it is."""
    if isinstance(value, dict):
        return {key: as_numpy(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_numpy(part) for part in value]
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if hasattr(value, "numpy") and not isinstance(value, np.ndarray):
        return value.numpy()
    return value


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(part) for part in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def _as_it_is(value: Any) -> Any:
    return value


class ArrayBatches:
    """Arrays cut into batches, for epochs that are shorter or longer than they are.

    Parameters
    ----------
    groups
        Lists of arrays: inputs, targets, sample weights.
    batch_size
        Samples per batch.
    shuffle
        Whether every pass takes the samples in a new order.
    """

    def __init__(self, groups: Any, batch_size: int, shuffle: bool) -> None:
        self._groups, self._batch_size, self._shuffle = groups, batch_size, shuffle
        self._count = len(groups[0][0])

    def __len__(self) -> int:
        return -(-self._count // self._batch_size)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        order = None
        if self._shuffle:
            order = np.random.default_rng(_native.next_random_seed()).permutation(self._count)
        for start in range(0, self._count, self._batch_size):
            part = slice(start, start + self._batch_size)
            taken = part if order is None else order[part]
            yield tuple([array[taken] for array in group] or None for group in self._groups)
