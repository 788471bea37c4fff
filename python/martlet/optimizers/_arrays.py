"""NumPy arrays in the place of a model's weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _native


class TrainedArrays:
    """A model that nobody sees, whose weights follow arrays of the user's.

    The core keeps the state of an optimizer with a model; so arrays get one, with a layer for each.

    Parameters
    ----------
    arrays
        float32 arrays that can be written to.
    optimizer
        As the core takes it.

    Raises
    ------
    TypeError
        If a variable is not a float32 array.
    ValueError
        If an array is empty or cannot be written to.
    """

    def __init__(self, arrays: Sequence[np.ndarray], optimizer: dict[str, Any]) -> None:
        for index, array in enumerate(arrays):
            _check(array, index)
        self._arrays = list(arrays)
        names = ["variable" + (f"_{index}" if index else "") for index in range(len(arrays))]
        source = _native.input_create((1,), "point")
        outputs = []
        for name, array in zip(names, arrays, strict=True):
            attributes = {"name": name, "units": array.size, "use_bias": False}
            layer = _native.layer_create("Dense", {**attributes, "kernel_initializer": "zeros"})
            outputs += _native.layer_call(layer, [source])
        self.handle = _native.model_create([source], outputs, "Functional", "arrays")
        self._layer = _native.model_as_layer(self.handle)
        # The model has its layers in an order of its own.
        self._order = [names.index(each.layer) for each in _native.weight_infos(self._layer)]
        self._shapes = {name: array.shape for name, array in zip(names, arrays, strict=True)}
        losses = ["mse"] * len(arrays)
        _native.model_compile(self.handle, {"optimizer": optimizer, "losses": losses})

    def are(self, arrays: Sequence[Any]) -> bool:
        """Whether these are the arrays, one by one."""
        return len(arrays) == len(self._arrays) and all(
            a is b for a, b in zip(arrays, self._arrays, strict=True)
        )

    def apply(self, gradients: Sequence[np.ndarray]) -> None:
        """One step; gradients in the order of the arrays."""
        if len(gradients) != len(self._arrays):
            raise ValueError(
                f"apply: got {len(gradients)} gradients for {len(self._arrays)} variables"
            )
        for index, (gradient, array) in enumerate(zip(gradients, self._arrays, strict=True)):
            if gradient.shape != array.shape:
                raise ValueError(
                    f"apply: grads[{index}] has shape {gradient.shape}, its variable {array.shape}"
                )
        _native.set_weights(self._layer, self._ordered(self._arrays))
        _native.apply_gradients(self.handle, self._ordered(gradients))
        self.fetch()

    def fetch(self) -> None:
        """Writes the model's weights into the arrays."""
        for place, index in enumerate(self._order):
            array = self._arrays[index]
            weight = _native.get_weight(self._layer, place, (1, array.size))
            array[...] = weight.reshape(array.shape)

    def _ordered(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [arrays[index].reshape(1, -1) for index in self._order]

    def renamed(self, infos: Sequence[_native.WeightInfo]) -> list[_native.WeightInfo]:
        """The parts of the state with the shapes of the arrays, named after them."""
        return [
            info._replace(
                name=info.name.replace(f"{info.layer}_kernel_", f"{info.layer}_"),
                shape=self._shapes[info.layer],
            )
            if info.layer
            else info
            for info in infos
        ]


def _check(array: Any, index: int) -> None:
    what = f"trainable_variables[{index}]"
    if not isinstance(array, np.ndarray) or array.dtype != np.float32:
        given = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(
            f"{what} must be a float32 array, got {given}; make one with "
            "np.asarray(value, np.float32)"
        )
    if array.size == 0 or not array.flags.writeable:
        raise ValueError(f"{what} {'cannot be written to' if array.size else 'is empty'}")
