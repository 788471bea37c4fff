"""Models and weights in files, and objects as the descriptions that files hold.

Files need the package h5py: ``pip install "martlet[files]"``; those that end in ``.safetensors`` do
not.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._serialization import custom_object_scope as custom_object_scope
from ._serialization import deserialize_keras_object as deserialize_keras_object
from ._serialization import get_custom_objects as get_custom_objects
from ._serialization import get_registered_name as get_registered_name
from ._serialization import get_registered_object as get_registered_object
from ._serialization import register_keras_serializable as register_keras_serializable
from ._serialization import serialize_keras_object as serialize_keras_object
from .models import load_model as load_model
from .models import save_model as save_model

if TYPE_CHECKING:
    from .models import Model

CustomObjectScope = custom_object_scope


def save_weights(
    model: Model,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    max_shard_size: float | None = None,
    **kwargs: Any,
) -> None:
    """The same as ``model.save_weights(filepath)``; see :meth:`martlet.Model.save_weights`."""
    model.save_weights(filepath, overwrite, max_shard_size, **kwargs)


def load_weights(
    model: Model, filepath: str | os.PathLike[str], skip_mismatch: bool = False, **kwargs: Any
) -> None:
    """The same as ``model.load_weights(filepath)``; see :meth:`martlet.Model.load_weights`."""
    model.load_weights(filepath, skip_mismatch, **kwargs)
