"""Where data enters a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import _native
from .._errors import refuse
from ._built_in import BuiltInLayer
from ._symbol import KerasTensor


class InputLayer(BuiltInLayer):
    """The layer behind :func:`Input`, for use at the start of a `Sequential`.

    Parameters
    ----------
    shape
        Of one sample, without the samples' axis; None for an extent left open.
    batch_size
        Accepted; any number of samples may come.
    dtype, sparse, ragged, batch_shape, input_tensor, optional
        As in Keras; only `batch_shape`, `shape` with a leading None, has an effect.
    name
        Automatic when None.

    Examples
    --------
    >>> from martlet import Sequential
    >>> from martlet.layers import Dense, InputLayer
    >>> Sequential([InputLayer((4,)), Dense(2)]).output_shape
    (None, 2)
    """

    _prepares = True

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise ValueError(f"Input does not know the arguments {sorted(unknown)}")
        refuse(
            "Input",
            sparse=sparse or None,
            ragged=ragged or None,
            input_tensor=input_tensor,
            optional=optional or None,
        )
        if batch_shape is not None:
            if shape is not None:
                raise ValueError("Input takes shape or batch_shape, not both")
            shape = batch_shape[1:]
        if shape is None:
            raise ValueError("Input needs a shape, such as Input((28, 28, 1))")
        if isinstance(shape, int):
            raise ValueError(f"Input: shape must be a tuple, such as ({shape},); got {shape}")
        if dtype is not None:
            # Data of every type is converted on its way in; the model computes in float32.
            _is_known_dtype(dtype)
        super().__init__({"shape": tuple(shape)}, name=name, dtype="float32")
        self._is_called = False

    def _symbol(self) -> KerasTensor:
        """A symbol for a new model; see KerasTensor on who holds whom."""
        if self._is_called:
            # The core's input is called once only: this becomes another of the same name.
            attributes = {"shape": self._arguments["shape"], "name": self.name}
            self._handle = _native.layer_create("InputLayer", attributes)
        self._is_called = True
        return self._made_of([])[0]

    @classmethod
    def _described(cls, name: str, shape: Sequence[int | None]) -> InputLayer:
        """Stands for an input that the core has made."""
        layer = cls(shape, name=name)
        layer._is_called = True
        return layer

    @property
    def batch_shape(self) -> tuple[int | None, ...]:
        """Shape with None in place of the number of samples."""
        return (None, *self._arguments["shape"])

    def build(self, input_shape: Any = None) -> None:
        """Nothing to do."""

    def __call__(self, *_arguments: Any, **_options: Any) -> Any:
        raise TypeError("an InputLayer is not called; use Input(shape) to get its symbol")


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> KerasTensor:
    """The symbol that data of a shape enters a model by.

    Parameters
    ----------
    shape
        Of one sample, without the samples' axis: ``(28, 28, 1)``. None stands for an extent left
        open, in which the data may have any size: ``(None, None, 3)``. Networks of convolutions,
        poolings and a global pooling work that way; a layer whose weights need the size says so.
    batch_size
        Accepted; any number of samples may come.
    dtype
        Accepted; data of every numeric type is converted on its way in.
    sparse, ragged, tensor, optional
        Not supported yet.
    batch_shape
        Instead of `shape`: the same with the samples' axis in front.
    name
        Automatic when None.

    Examples
    --------
    >>> from martlet import Input, Model
    >>> from martlet.layers import Dense
    >>> inputs = Input((3,))
    >>> Model(inputs, Dense(2)(inputs)).output_shape
    (None, 2)
    >>> from martlet.layers import Conv2D, GlobalAveragePooling2D
    >>> image = Input((None, None, 3))
    >>> features = Conv2D(8, 3, strides=2)(image)
    >>> features.shape
    (None, None, None, 8)
    >>> Model(image, GlobalAveragePooling2D()(features)).output_shape
    (None, 8)
    """
    layer = InputLayer(
        shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name
    )
    return layer._symbol()


def _is_known_dtype(dtype: Any) -> None:
    import numpy as np

    try:
        known = np.dtype(getattr(dtype, "name", dtype)) in _native.DTYPES
    except TypeError:
        known = False
    if not known:
        raise ValueError(f"Input: dtype={dtype!r} is no numeric type")
