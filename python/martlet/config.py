"""Settings."""

from __future__ import annotations

import operator

from . import _native
from ._errors import not_supported

__all__ = [
    "backend",
    "epsilon",
    "floatx",
    "image_data_format",
    "instruction_set",
    "num_threads",
    "set_floatx",
    "set_image_data_format",
    "set_num_threads",
]


def num_threads() -> int:
    """Threads that compute, the calling one included."""
    return _native.thread_count()


def set_num_threads(count: int) -> None:
    """Sets the threads that compute; results do not depend on it.

    Parameters
    ----------
    count
        From 1 to 1024, also more than there are processors; or 0 for what the processor's affinity,
        the container's quota and the environment variable ``MARTLET_NUM_THREADS`` allow.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is out of range.
    """
    try:
        number = operator.index(count)
    except TypeError:
        raise TypeError(f"the number of threads must be an integer, got {count!r}") from None
    # What does not cross to the core is refused there all the same.
    _native.set_thread_count(max(-(2**31), min(number, 2**31 - 1)))


def instruction_set() -> str:
    """The kernels in use: ``"portable"``, ``"avx2"`` or ``"avx512"``.

    The environment variable ``MARTLET_ISA``, one of these names, lowers it at start. What cannot be
    followed gives a `RuntimeWarning` at import.
    """
    return _native.instruction_set()


def backend() -> str:
    """Always ``"martlet"``."""
    return "martlet"


def floatx() -> str:
    """Always ``"float32"``."""
    return "float32"


def set_floatx(value: str) -> None:
    """Accepts ``"float32"`` only."""
    if value != "float32":
        not_supported(f"floatx {value!r}")


def epsilon() -> float:
    """The small number that keeps logarithms finite."""
    return 1e-7


def image_data_format() -> str:
    """Always ``"channels_last"``."""
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Accepts ``"channels_last"`` only."""
    if data_format != "channels_last":
        not_supported(f"image data format {data_format!r}")
