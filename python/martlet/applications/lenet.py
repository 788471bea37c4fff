"""LeNet-5, the network that read cheques. Not in Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..layers import AveragePooling2D, Conv2D, Dense, Flatten, Input
from ..models import Model


def LeNet5(
    input_shape: Sequence[int] = (28, 28, 1),
    classes: int = 10,
    activation: Any = "tanh",
    classifier_activation: Any = "softmax",
    name: str = "lenet5",
) -> Model:
    """Two convolutions and three dense layers, named as in the paper.

    As in today's lessons: the dense layers see everything, and the last one tells probabilities.
    The paper's images of 28 × 28 stand in a frame of 32 × 32; here the first convolution does that.

    Parameters
    ----------
    input_shape
        Of one image: at least 12 × 12.
    classes
        How many to tell apart.
    activation
        Of all layers but the last, such as ``"relu"``.
    classifier_activation
        Of the last layer: None for logits.
    name
        Of the model.

    Raises
    ------
    ValueError
        If the images are too small, by the name of the layer that cannot go on.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner 1998, doi:10.1109/5.726791.

    Examples
    --------
    >>> from martlet.applications import LeNet5
    >>> LeNet5().count_params()
    61706
    """
    inputs = Input(input_shape)
    x = Conv2D(6, 5, padding="same", activation=activation, name="c1")(inputs)
    x = AveragePooling2D(2, name="s2")(x)
    x = Conv2D(16, 5, activation=activation, name="c3")(x)
    x = AveragePooling2D(2, name="s4")(x)
    x = Flatten(name="flatten")(x)
    x = Dense(120, activation=activation, name="c5")(x)
    x = Dense(84, activation=activation, name="f6")(x)
    outputs = Dense(classes, activation=classifier_activation, name="predictions")(x)
    return Model(inputs, outputs, name=name)
