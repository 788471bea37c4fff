"""Settings."""

from __future__ import annotations

import operator

from . import _native, _settings
from ._errors import not_supported
from ._policies import dtype_policy as dtype_policy
from ._policies import set_dtype_policy as set_dtype_policy

__all__ = [
    "backend",
    "dtype_policy",
    "epsilon",
    "floatx",
    "image_data_format",
    "instruction_set",
    "matmul_precision",
    "num_threads",
    "set_dtype_policy",
    "set_floatx",
    "set_image_data_format",
    "set_matmul_precision",
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
    """The kernels in use, ``"portable"``, ``"avx2"``, ``"avx512"``, ``"avx512_bf16"`` or ``"amx"``.

    The last two are AVX-512 with products of bfloat16 numbers: two at a time in each lane of a
    vector, and many in tile registers.

    The environment variable ``MARTLET_ISA``, one of these names, lowers it at start. What cannot be
    followed gives a `RuntimeWarning` at import.
    """
    return _native.instruction_set()


def matmul_precision() -> str:
    """How exactly convolutions and matrix products are worked out: ``"highest"`` or ``"high"``.

    ``"highest"`` unless the environment variable ``MARTLET_MATMUL_PRECISION`` or
    :func:`set_matmul_precision` says otherwise.
    """
    return _native.matmul_precision()


def set_matmul_precision(value: str) -> None:
    """Sets how exactly convolutions and matrix products are worked out, in all models.

    Takes effect with the next computation. Layers whose policy is ``"mixed_bfloat16"`` follow that.

    Parameters
    ----------
    value
        ``"highest"`` for float32. ``"high"`` takes each factor as the sum of two bfloat16 numbers,
        about 16 good bits of float32's 24, and sums in float32; where the processor has no tile
        registers (:func:`instruction_set` is not ``"amx"``) float32 is faster than that, and stays.

    Raises
    ------
    ValueError
        For another name.
    TypeError
        If it is not text.

    Examples
    --------
    >>> import martlet
    >>> martlet.config.set_matmul_precision("high")
    >>> martlet.config.matmul_precision()
    'high'
    >>> martlet.config.set_matmul_precision("highest")
    """
    if not isinstance(value, str):
        raise TypeError(
            f"the precision of matrix products must be 'highest' or 'high', got {value!r}"
        )
    _native.set_matmul_precision(value)


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
    """Where layers expect channels unless they are told: ``"channels_last"`` at first."""
    return _settings.image_data_format()


def set_image_data_format(data_format: str) -> None:
    """Sets where layers that are made from now on expect channels unless they are told.

    Parameters
    ----------
    data_format
        ``"channels_last"`` for images of shape ``(height, width, channels)``, or
        ``"channels_first"``.

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> import martlet
    >>> martlet.config.set_image_data_format("channels_first")
    >>> martlet.layers.MaxPooling2D().compute_output_shape((None, 3, 8, 8))
    (None, 3, 4, 4)
    >>> martlet.config.set_image_data_format("channels_last")
    """
    _settings.set_image_data_format(data_format)
