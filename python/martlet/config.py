"""Settings."""

from __future__ import annotations

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
        From 1 up, or 0 for what the processor, the container and ``MARTLET_NUM_THREADS`` allow.
    """
    _native.set_thread_count(count)


def instruction_set() -> str:
    """The kernels in use: ``"portable"``, ``"avx2"`` or ``"avx512"``.

    The environment variable ``MARTLET_ISA`` lowers it at start.
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
