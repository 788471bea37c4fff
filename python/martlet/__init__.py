"""Convolutional networks with Keras's interface, computed by a small Swift core.

>>> import martlet as keras
>>> model = keras.Sequential(
...     [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
... )
>>> model.count_params()
7850
"""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from . import _native
from . import activations as activations
from . import backend as backend
from . import callbacks as callbacks
from . import config as config
from . import constraints as constraints
from . import dtype_policies as dtype_policies
from . import initializers as initializers
from . import layers as layers
from . import losses as losses
from . import metrics as metrics
from . import mixed_precision as mixed_precision
from . import models as models
from . import ops as ops
from . import optimizers as optimizers
from . import regularizers as regularizers
from . import saving as saving
from . import utils as utils
from ._as_keras import install_as_keras as install_as_keras
from ._as_keras import uninstall_as_keras as uninstall_as_keras
from ._errors import NonFiniteError as NonFiniteError
from ._policies import DTypePolicy as DTypePolicy
from .initializers import Initializer as Initializer
from .layers import Input as Input
from .layers import Layer as Layer
from .layers._symbol import KerasTensor as KerasTensor
from .losses import Loss as Loss
from .metrics import Metric as Metric
from .models import Model as Model
from .models import Sequential as Sequential
from .optimizers import Optimizer as Optimizer
from .regularizers import Regularizer as Regularizer

if _TYPE_CHECKING:
    from . import applications as applications
    from . import datasets as datasets
    from . import preprocessing as preprocessing
    from . import viz as viz

__version__ = _native.version()


def version() -> str:
    """The version, as Keras tells its own."""
    return __version__


def _warn() -> None:
    message = _native.settings_warning()
    if message:
        import warnings

        warnings.warn(message, RuntimeWarning, stacklevel=3)


_warn()


# They bring modules that most programs never need.
_LAZY = ("applications", "datasets", "preprocessing", "viz")


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        import importlib

        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module 'martlet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
