"""What :mod:`martlet.ops` makes of symbols: operations that are no layers of Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _native
from ._built_in import BuiltInLayer
from ._symbol import KerasTensor
from ._weight import Variable


class ElementFunction(BuiltInLayer):
    """A function of every element: ``"abs"``, ``"exp"``, ``"log"``, ``"reciprocal"``, ``"sqrt"``
    or ``"square"``.
    """

    def __init__(self, function: str, **kwargs: Any) -> None:
        super().__init__({"function": function}, **kwargs)


class Clip(BuiltInLayer):
    """Elements within bounds; None for no bound."""

    def __init__(
        self, minimum: float | None = None, maximum: float | None = None, **kwargs: Any
    ) -> None:
        super().__init__({"minimum": minimum, "maximum": maximum}, **kwargs)


class Reduction(BuiltInLayer):
    """``"sum"``, ``"mean"``, ``"max"`` or ``"min"`` along axes; None: all but the samples'."""

    def __init__(
        self,
        function: str,
        axis: Sequence[int] | None = None,
        keepdims: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__({"function": function, "axis": axis, "keepdims": keepdims}, **kwargs)


class BatchReduction(BuiltInLayer):
    """``"sum"``, ``"mean"``, ``"max"`` or ``"min"`` over a batch, for all samples the same."""

    _lead = (1,)

    def __init__(self, function: str, **kwargs: Any) -> None:
        super().__init__({"function": function}, **kwargs)


class LossValues(BuiltInLayer):
    """A loss of every prediction, called on targets and predictions."""

    _merges = True

    def __init__(self, loss: dict[str, Any], **kwargs: Any) -> None:
        super().__init__({"loss": loss}, **kwargs)


class CallersLoss(BuiltInLayer):
    """A loss that a function of arrays works out, called on targets and predictions."""

    _merges = True

    def __init__(
        self,
        function: _native.LossFunction,
        target: tuple[int, ...],
        prediction: tuple[int, ...],
        name: str,
    ) -> None:
        self._handle, self._kept = _native.loss_layer_create(name, function, target, prediction)
        self._arguments = {"name": name}
        self._input_shape = None
        self._forget_calls()


class Slice(BuiltInLayer):
    """A part of every sample: where it starts, its size and its steps along each axis."""

    def __init__(
        self, starts: Sequence[int], sizes: Sequence[int], steps: Sequence[int], **kwargs: Any
    ) -> None:
        super().__init__(
            {"starts": list(starts), "sizes": list(sizes), "steps": list(steps)}, **kwargs
        )


class Where(BuiltInLayer):
    """The second input where the first one is not 0, else the third."""

    _merges = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)


class Argmax(BuiltInLayer):
    """Where the greatest number along the last axis stands."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)


class Matmul(BuiltInLayer):
    """The matrix product of two tensors."""

    _merges = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)


class Weight(BuiltInLayer):
    """The weight of a layer of one's own; called on nothing.

    Attributes
    ----------
    variable : Variable
    trained : bool
        Whether training changes it, where the layer is not frozen.
    """

    _lead = ()

    def __init__(
        self,
        shape: Sequence[int],
        initializer: Any = None,
        regularizer: Any = None,
        constraint: Any = None,
        *,
        trained: bool = True,
        weight_name: str = "value",
        path: str | None = None,
        **kwargs: Any,
    ) -> None:
        if path is not None:
            kwargs["name"] = path.replace("/", "_")
        super().__init__(
            {
                "shape": list(shape),
                "value_initializer": initializer,
                "value_regularizer": regularizer,
                "value_constraint": constraint,
                "trained": trained,
                "weight_name": weight_name,
            },
            **kwargs,
        )
        self.trained = trained
        self.symbol()
        self.variable = super().weights[0]
        self.variable.path = path or self.variable.path

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Weight:
        """A new layer from what `get_config` gave."""
        return cls(**{key.removeprefix("value_"): each for key, each in config.items()})

    @property
    def weights(self) -> list[Variable]:
        self.variable.trainable = super().weights[0].trainable
        return [self.variable]

    def symbol(self) -> KerasTensor:
        """The weight as a value."""
        return KerasTensor(_native.layer_call(self._handle, [])[0], self)


class Constant(BuiltInLayer):
    """Numbers that are the same for every sample; called on nothing."""

    _lead = ()

    def __init__(self, shape: Sequence[int], values: Sequence[float], **kwargs: Any) -> None:
        super().__init__({"shape": list(shape), "values": list(values)}, **kwargs)

    @classmethod
    def symbol(cls, array: np.ndarray, name: str) -> KerasTensor:
        """An array as a value."""
        layer = cls(array.shape, [float(each) for each in array.ravel()], name=name)
        return KerasTensor(_native.layer_call(layer._handle, [])[0], layer)
