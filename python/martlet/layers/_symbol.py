"""Tensors to be: what layers are called on when a model is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _native

if TYPE_CHECKING:
    from ._layer import Layer


class KerasTensor:
    """The output of a layer call, or an input, before there is data.

    Attributes
    ----------
    shape : tuple
        With None in place of the number of samples.
    dtype : str
        Always ``"float32"``, in which everything is computed.
    name : str
        Name of the layer that makes it.
    """

    # A symbol holds the layer and the symbols it is made of, never the other way round, so a model
    # and its graph go as soon as the last name for them does.
    def __init__(
        self,
        handle: _native.Handle,
        layer: Layer,
        inputs: tuple[KerasTensor, ...] = (),
        index: int = 0,
    ) -> None:
        self._handle = handle
        self._layer = layer
        self._inputs = inputs
        self._index = index
        self.shape: tuple[int | None, ...] = (None, *_native.symbol_shape(handle))
        self.dtype = "float32"

    @property
    def name(self) -> str:
        """Name of the layer that makes it."""
        return self._layer.name

    @property
    def ndim(self) -> int:
        """Number of axes, that of the samples included."""
        return len(self.shape)

    def __add__(self, other: Any) -> KerasTensor:
        if not isinstance(other, KerasTensor):
            return NotImplemented
        from ._merging import Add

        return Add()([self, other])

    def __array__(self, *_arguments: Any, **_options: Any) -> Any:
        raise TypeError(
            f"{self!r} has no values: it stands for the output of a layer. Make a Model of it and "
            "call that on data."
        )

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no values, so it cannot be tested")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"
