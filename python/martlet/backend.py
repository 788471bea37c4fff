"""What notebooks call by the name of Keras's backend module."""

from __future__ import annotations

from . import _naming, _native, _policies
from .config import epsilon as epsilon
from .config import floatx as floatx
from .config import image_data_format as image_data_format


def clear_session(free_memory: bool = True) -> None:
    """Makes automatic names start again, and layers compute in float32 unless told otherwise.

    There is no global state to free: a model goes when the last name for it does.

    Parameters
    ----------
    free_memory
        Without effect.
    """
    _native.reset_names()
    _naming.reset()
    _policies.reset()
