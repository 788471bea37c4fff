"""Layers one after the other, as a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._layer import Layer


class Pipeline(Layer):
    """Applies layers one after the other: a list of augmentations, for instance.

    A plain layer, not a model: it needs no input shape and is not compiled. As in Keras a call on
    arrays works as in training unless it says ``training=False``.

    Parameters
    ----------
    layers
        In order.
    name
        Automatic when None.

    Raises
    ------
    TypeError
        If something among `layers` is no layer.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet import layers
    >>> prepare = layers.Pipeline([layers.Rescaling(1 / 255), layers.CenterCrop(2, 2)])
    >>> prepare(np.full((1, 4, 4, 3), 255.0)).shape
    (1, 2, 2, 3)
    >>> prepare(np.full((1, 4, 4, 3), 255.0)).max()
    np.float32(1.0)
    """

    def __init__(self, layers: Sequence[Layer], name: str | None = None) -> None:
        super().__init__(name=name)
        for index, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise TypeError(
                    f"Pipeline: layers[{index}] must be a layer, got {type(layer).__name__}"
                )
        # Keras's name, which files have.
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers in order."""
        return list(self._pipeline_layers)

    @property
    def _augments(self) -> bool:
        return True

    def call(self, inputs: Any) -> Any:
        """What the last layer makes of what those before it make of the input."""
        for layer in self._pipeline_layers:
            inputs = layer(inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The layers' descriptions, and the name; what `from_config` takes."""
        from .._serialization import serialize_keras_object

        return {"layers": serialize_keras_object(self._pipeline_layers), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Pipeline:
        """A new pipeline from what `get_config` gave, here or in Keras."""
        from .._serialization import deserialize_keras_object

        layers = [deserialize_keras_object(each) for each in config["layers"]]
        return cls(**{**config, "layers": layers})
